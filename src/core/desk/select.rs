//! Which provider answers: the first of a list that admits the attempt.

use crate::core::desk::{BreakerSnapshot, BreakerState, Desk, EndpointKey, GateDecision, GateRecord, breaker::Answer};

/// How an endpoint is doing, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// No failure in the window.
    Good,
    /// Some failures, or slow, or asked to wait.
    Poor,
    /// On probation.
    Trial,
    /// Refused at present.
    Down,
}

impl Health {
    /// What a breaker's snapshot says.
    pub fn of(snapshot: &BreakerSnapshot) -> Health {
        match snapshot.state {
            BreakerState::Open | BreakerState::ForcedOpen => Health::Down,
            BreakerState::HalfOpen => Health::Trial,
            BreakerState::Closed | BreakerState::ForcedClosed => {
                let troubled = snapshot.consecutive > 0 || snapshot.failure_rate > 0 || snapshot.slow_rate > 0;
                if troubled || snapshot.throttled_for_us > 0 { Health::Poor } else { Health::Good }
            }
        }
    }

    /// The word shown in lists.
    pub fn word(self) -> &'static str {
        match self {
            Health::Good => "good",
            Health::Poor => "poor",
            Health::Trial => "on trial",
            Health::Down => "down",
        }
    }
}

/// What came of asking a list of endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Index of the endpoint that admitted the attempt; `None` if all refused.
    pub chosen: Option<usize>,
    /// What each endpoint that was asked said, in the order of asking: index and answer. Each is recorded.
    pub asked: Vec<(usize, GateRecord)>,
}

impl Choice {
    /// The chosen endpoint and its answer.
    pub fn admitted(&self) -> Option<(usize, &GateRecord)> {
        let chosen = self.chosen?;
        self.asked.iter().rev().find(|(index, _)| *index == chosen).map(|(index, record)| (*index, record))
    }

    /// Microseconds until the first of the refusing endpoints may admit.
    pub fn wait_us(&self) -> Option<u64> {
        self.asked.iter().filter_map(|(_, record)| record.wait_us()).min()
    }
}

impl Desk {
    /// Asks `candidates` in their order of preference and stops at the first that admits. A refusal costs no retry.
    ///
    /// If there are several, all refuse, and the configuration allows it, the one that is open and would be tried next gets one
    /// probe before its time, so that a person is never left without any provider.
    pub fn choose(&mut self, now_us: u64, candidates: &[EndpointKey]) -> Choice {
        let mut asked = Vec::new();
        for (index, key) in candidates.iter().enumerate() {
            let record = self.ask(now_us, key);
            let admitted = record.permit().is_some();
            asked.push((index, record));
            if admitted {
                return Choice { chosen: Some(index), asked };
            }
        }
        let chosen = self.last_resort(now_us, candidates, &mut asked);
        Choice { chosen, asked }
    }

    fn last_resort(&mut self, now_us: u64, candidates: &[EndpointKey], asked: &mut Vec<(usize, GateRecord)>) -> Option<usize> {
        // One probe at a time, over all of them.
        let on_trial = asked.iter().any(|(_, record)| record.breaker.state == BreakerState::HalfOpen);
        if !self.config().last_resort || candidates.len() < 2 || on_trial {
            return None;
        }
        let refused = asked.iter().filter(|(_, record)| {
            matches!(record.decision, GateDecision::Refused { .. }) && record.breaker.state == BreakerState::Open
        });
        let index = refused.min_by_key(|(_, record)| record.breaker.open_for_us).map(|(index, _)| *index)?;
        let breaker = self.breaker(&candidates[index]);
        let answer = breaker.ask_last_resort(now_us);
        let record = GateRecord { decision: answer.into(), breaker: breaker.snapshot(now_us) };
        asked.push((index, record));
        matches!(answer, Answer::Admitted { .. }).then_some(index)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::core::desk::{DeskConfig, Outcome};

    const S: u64 = 1_000_000;

    fn desk(last_resort: bool) -> Desk {
        Desk::new(DeskConfig { last_resort, ..DeskConfig::default() })
    }

    fn keys(names: &[&str]) -> Vec<EndpointKey> {
        names.iter().map(|name| EndpointKey::new(*name, "m")).collect()
    }

    fn trip(desk: &mut Desk, now_us: u64, key: &EndpointKey) {
        for _ in 0..3 {
            let permit = desk.ask(now_us, key).permit().unwrap();
            desk.report(now_us, key, permit, Outcome::Failure);
        }
    }

    #[test]
    fn the_first_that_admits() {
        let keys = keys(&["a", "b", "c"]);
        for (down, expected) in [(vec![], Some(0)), (vec![0], Some(1)), (vec![0, 1], Some(2)), (vec![0, 1, 2], None)] {
            let mut desk = desk(false);
            for index in &down {
                trip(&mut desk, 0, &keys[*index]);
            }
            let choice = desk.choose(S, &keys);
            assert_eq!(choice.chosen, expected, "{down:?}");
            assert_eq!(choice.admitted().map(|(index, _)| index), expected);
            assert_eq!(choice.wait_us(), (!down.is_empty()).then_some(4 * S));
        }
    }

    #[test]
    fn the_last_resort_is_the_nearest_one_and_only_one() {
        let keys = keys(&["a", "b"]);
        let mut desk = desk(true);
        trip(&mut desk, S, &keys[0]);
        trip(&mut desk, 0, &keys[1]);
        let choice = desk.choose(2 * S, &keys);
        assert_eq!(choice.chosen, Some(1));
        assert!(matches!(choice.admitted().unwrap().1.decision, GateDecision::Admitted { probe: true, .. }));
        assert_eq!(desk.choose(2 * S, &keys).chosen, None);
    }

    #[test]
    fn a_single_endpoint_has_no_last_resort() {
        let keys = keys(&["a"]);
        let mut desk = desk(true);
        trip(&mut desk, 0, &keys[0]);
        assert_eq!(desk.choose(S, &keys).chosen, None);
    }

    #[test]
    fn health() {
        let key = EndpointKey::new("a", "m");
        let mut desk = desk(false);
        let mut health = |outcome: Option<Outcome>, now_us| {
            if let (Some(outcome), Some(permit)) = (outcome, desk.ask(now_us, &key).permit()) {
                desk.report(now_us, &key, permit, outcome);
            }
            Health::of(&desk.snapshot(&key, now_us))
        };
        for (outcome, at, expected) in [
            (Some(Outcome::Success), 0, Health::Good),
            (Some(Outcome::Failure), 1, Health::Poor),
            (Some(Outcome::Failure), 1, Health::Poor),
            (Some(Outcome::Failure), 1, Health::Down),
            (Some(Outcome::Ignored), 7 * S, Health::Trial),
        ] {
            assert_eq!(health(outcome, at), expected, "at {at}");
        }
    }
}
