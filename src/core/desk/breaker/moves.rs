//! How a breaker counts an outcome and changes its state; the public calls decide when.

use super::{
    Answer, Breaker, BreakerTransition, Flight, Outcome, Permit, State, TRANSITIONS_KEPT, Verdict, config::trip_reason,
    window::Window,
};

impl Breaker {
    /// Probes under way: those that neither ended nor counted by their first content.
    pub(super) fn probes(&self) -> u32 {
        if !matches!(self.state, State::HalfOpen { .. }) {
            return 0;
        }
        let out = self.flights.values().filter(|flight| flight.generation == self.generation && !flight.counted).count();
        out.try_into().unwrap_or(u32::MAX)
    }

    pub(super) fn admit(&mut self) -> Answer {
        let permit = Permit { generation: self.generation, ticket: self.next_ticket };
        self.next_ticket += 1;
        self.totals.admitted += 1;
        self.flights.insert(permit.ticket, Flight { generation: permit.generation, counted: false });
        Answer::Admitted { permit, probe: matches!(self.state, State::HalfOpen { .. }) }
    }

    pub(super) fn refuse(&mut self, retry_after_us: u64) -> Answer {
        self.totals.refused += 1;
        Answer::Refused { retry_after_us }
    }

    pub(super) fn count_closed(&mut self, flight: Flight, verdict: &Verdict) {
        if !verdict.outcome.is_recorded() || (flight.counted && verdict.outcome != Outcome::Failure) {
            return;
        }
        self.window.push(self.now_us, verdict.outcome, &self.config);
        if verdict.outcome == Outcome::Failure {
            self.consecutive += 1;
            self.healthy_since_us = self.now_us;
        } else {
            self.consecutive = 0;
        }
        if self.state == State::Closed {
            self.trip_if_due(verdict);
        }
    }

    pub(super) fn count_probe(&mut self, flight: Flight, verdict: &Verdict) {
        let State::HalfOpen { succeeded, .. } = self.state else { return };
        match verdict.outcome {
            Outcome::Failure => {
                self.reopens = self.reopens.saturating_add(1);
                let reason = with_cause("a probe failed".into(), &verdict.cause);
                self.open(self.now_us, reason, verdict.draw, self.retry_after(verdict));
            }
            // A slow probe shows that the provider answers; the new window judges how fast.
            Outcome::Success | Outcome::Slow if !flight.counted => self.probe_succeeded(succeeded + 1),
            _ => {}
        }
    }

    pub(super) fn probe_succeeded(&mut self, succeeded: u32) {
        if succeeded >= self.config.successes {
            self.forget();
            let plural = if succeeded == 1 { "a probe".into() } else { format!("{succeeded} probes") };
            self.enter(self.now_us, State::Closed, format!("{plural} succeeded"));
        } else if let State::HalfOpen { since_us, .. } = self.state {
            self.state = State::HalfOpen { since_us, succeeded };
        }
    }

    /// Opens if a limit is reached.
    pub(super) fn trip_if_due(&mut self, verdict: &Verdict) {
        let rates = self.window.rates(self.now_us, &self.config);
        if let Some(reason) = trip_reason(&self.config, self.consecutive, rates) {
            let reason = with_cause(reason, &verdict.cause);
            self.open(self.now_us, reason, verdict.draw, self.retry_after(verdict));
        }
    }

    pub(super) fn open(&mut self, at_us: u64, reason: String, draw: u64, retry_after_us: u64) {
        let open_us = self.config.open_time(self.reopens, draw).max(retry_after_us);
        self.enter(at_us, State::Open { until_us: at_us.saturating_add(open_us) }, reason);
    }

    pub(super) fn half_open(&mut self, reason: String) {
        self.enter(self.now_us, State::HalfOpen { since_us: self.now_us, succeeded: 0 }, reason);
    }

    pub(super) fn enter(&mut self, at_us: u64, state: State, reason: String) {
        let from = self.state();
        self.state = state;
        self.generation += 1;
        self.healthy_since_us = at_us;
        self.reason.clone_from(&reason);
        if self.transitions.len() == TRANSITIONS_KEPT {
            self.transitions.pop_front();
        }
        let to = self.state();
        self.transitions.push_back(BreakerTransition { at_us, from, to, generation: self.generation, reason });
    }

    pub(super) fn forget(&mut self) {
        self.window = Window::default();
        self.consecutive = 0;
    }

    pub(super) fn retry_after(&self, verdict: &Verdict) -> u64 {
        verdict.retry_after_us.unwrap_or(0).min(self.config.retry_after_max_us)
    }
}

fn with_cause(reason: String, cause: &str) -> String {
    if cause.is_empty() { reason } else { format!("{reason}; the last one: {cause}") }
}

/// Whole seconds where they are whole, else with three decimals.
pub(super) fn seconds(us: u64) -> String {
    if us.is_multiple_of(1_000_000) {
        format!("{} s", us / 1_000_000)
    } else {
        format!("{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000)
    }
}
