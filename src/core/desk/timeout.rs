//! The four timeouts of an exchange, computed from inputs: no timer is observed, each is a deadline that follows from stamps.

use serde::{Deserialize, Serialize};

use crate::core::{
    input::{OurEnd, What},
    time::Micros,
};

/// How long each part of an exchange may take; `None` is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// From the attempt's start to an open connection, TLS included.
    pub connect: Option<Micros>,
    /// From the attempt's start to the first byte of the body.
    pub first_byte: Option<Micros>,
    /// Between two reads of the body.
    pub idle: Option<Micros>,
    /// From the first attempt's start to the end of the last one, waiting between them included.
    pub total: Option<Micros>,
}

impl Default for Timeouts {
    /// 10 s, 60 s, 60 s, none.
    fn default() -> Timeouts {
        let seconds = |seconds: u64| Some(Micros::from_millis(seconds * 1_000));
        Timeouts { connect: seconds(10), first_byte: seconds(60), idle: seconds(60), total: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No exchange under way.
    Between,
    Connecting {
        since: Micros,
    },
    Waiting {
        since: Micros,
    },
    Reading {
        last: Micros,
    },
}

/// Which timeout is next. Fed with what happened, in order.
#[derive(Debug, Clone)]
pub struct Timers {
    timeouts: Timeouts,
    begun: Option<Micros>,
    phase: Phase,
}

impl Timers {
    /// Timers of a session in which nothing has happened.
    pub fn new(timeouts: Timeouts) -> Timers {
        Timers { timeouts, begun: None, phase: Phase::Between }
    }

    /// Feeds one input. `Bytes` without content and what says nothing about the wire change nothing.
    pub fn fold(&mut self, at: Micros, what: &What) {
        match what {
            What::Attempt(_) => {
                self.begun.get_or_insert(at);
                self.phase = Phase::Connecting { since: at };
            }
            What::Head(_) => self.connected(),
            What::Bytes(bytes) if !bytes.is_empty() => self.phase = Phase::Reading { last: at },
            What::End(_) => self.phase = Phase::Between,
            What::Paused { us, .. } => self.shift(Micros(*us)),
            _ => {}
        }
    }

    /// The connection stands: the connect timeout is met. Call it at once where somebody else watches over connecting.
    pub fn connected(&mut self) {
        if let Phase::Connecting { since } = self.phase {
            self.phase = Phase::Waiting { since };
        }
    }

    /// The next deadline and what it means. Among equal ones, the more particular wins.
    pub fn next_deadline(&self) -> Option<(Micros, OurEnd)> {
        let after = |since: Micros, limit: Option<Micros>, end| limit.map(|limit| (since + limit, end));
        let Timeouts { connect, first_byte, idle, total } = self.timeouts;
        let (connect, next) = match self.phase {
            Phase::Between => (None, None),
            Phase::Connecting { since } => {
                (after(since, connect, OurEnd::ConnectTimeout), after(since, first_byte, OurEnd::FirstByteTimeout))
            }
            Phase::Waiting { since } => (None, after(since, first_byte, OurEnd::FirstByteTimeout)),
            Phase::Reading { last } => (None, after(last, idle, OurEnd::IdleTimeout)),
        };
        let total = self.begun.and_then(|begun| after(begun, total, OurEnd::TotalTimeout));
        [connect, next, total].into_iter().flatten().min_by_key(|(deadline, _)| *deadline)
    }

    /// What must be ended at `now`, if anything.
    pub fn due(&self, now: Micros) -> Option<OurEnd> {
        self.next_deadline().filter(|(deadline, _)| *deadline <= now).map(|(_, end)| end)
    }

    /// Time in which we did not read is nobody's delay.
    fn shift(&mut self, by: Micros) {
        self.begun = self.begun.map(|begun| begun + by);
        match &mut self.phase {
            Phase::Between => {}
            Phase::Connecting { since } | Phase::Waiting { since } => *since = *since + by,
            Phase::Reading { last } => *last = *last + by,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::core::input::{Attempt, End, Head, PauseCause};

    fn attempt() -> What {
        What::Attempt(Attempt { number: 0, endpoint: String::new(), model: String::new() })
    }

    fn head() -> What {
        What::Head(Head { status: 200, headers: vec![] })
    }

    fn bytes() -> What {
        What::Bytes(vec![1])
    }

    #[test]
    fn deadlines() {
        let total = Timeouts { total: Some(Micros(90_000_000)), ..Timeouts::default() };
        let pause = What::Paused { us: 5_000_000, cause: PauseCause::Suspended };
        type Case = (&'static str, Timeouts, Vec<(u64, What)>, Option<(u64, OurEnd)>);
        let cases: Vec<Case> = vec![
            ("before anything", total, vec![], None),
            ("connecting", Timeouts::default(), vec![(1, attempt())], Some((11, OurEnd::ConnectTimeout))),
            ("waiting", Timeouts::default(), vec![(1, attempt()), (2, head())], Some((61, OurEnd::FirstByteTimeout))),
            ("reading", Timeouts::default(), vec![(1, attempt()), (2, head()), (50, bytes())], Some((110, OurEnd::IdleTimeout))),
            ("total", total, vec![(1, attempt()), (2, head()), (50, bytes())], Some((91, OurEnd::TotalTimeout))),
            (
                "an empty read is no sign of life",
                Timeouts::default(),
                vec![(1, attempt()), (2, head()), (50, What::Bytes(vec![]))],
                Some((61, OurEnd::FirstByteTimeout)),
            ),
            (
                "between attempts only the whole counts",
                total,
                vec![(1, attempt()), (2, What::End(End::Reset))],
                Some((91, OurEnd::TotalTimeout)),
            ),
            (
                "from the first attempt",
                total,
                vec![(1, attempt()), (2, What::End(End::Reset)), (85, attempt())],
                Some((91, OurEnd::TotalTimeout)),
            ),
            ("a pause is nobody's delay", total, vec![(1, attempt()), (8, pause)], Some((16, OurEnd::ConnectTimeout))),
            (
                "none at all",
                Timeouts { connect: None, first_byte: None, idle: None, total: None },
                vec![(1, attempt()), (2, head())],
                None,
            ),
            (
                "equal deadlines",
                Timeouts { first_byte: Some(Micros(10_000_000)), ..Timeouts::default() },
                vec![(1, attempt())],
                Some((11, OurEnd::ConnectTimeout)),
            ),
        ];
        for (name, timeouts, script, expected) in cases {
            let mut timers = Timers::new(timeouts);
            for (at, what) in script {
                timers.fold(Micros(at * 1_000_000), &what);
            }
            let expected = expected.map(|(at, end)| (Micros(at * 1_000_000), end));
            assert_eq!(timers.next_deadline(), expected, "{name}");
            if let Some((at, end)) = expected {
                assert_eq!((timers.due(Micros(at.0 - 1)), timers.due(at)), (None, Some(end)), "{name}");
            }
        }
    }
}
