//! The circuit breaker, on a given clock.
//!
//! ```text
//!          failures in a row, failure rate or slow rate
//!   Closed ─────────────────────────────────────────────▶ Open ◀───┐
//!     ▲                                                     │      │ a probe fails, or none
//!     │ enough probes succeed              open time over,  │      │ finishes within max_wait
//!     └──────────────────── HalfOpen ◀── a request asks ────┘      │
//!                              └───────────────────────────────────┘
//! ```
//!
//! Every transition begins a generation. A permit names the generation in which it was given, and its outcome moves the
//! state only within that generation; a late one goes to the totals. Nothing here reads a clock: `now` is an argument and
//! never goes back, and a change that time alone makes is stamped with its deadline, whenever it is noticed.

use std::collections::{BTreeMap, VecDeque};

use crate::core::desk::gate::{BreakerSnapshot, BreakerState, BreakerTransition, Outcome, Permit, Verdict};

mod config;
mod moves;
mod restore;
mod window;

pub use config::{BreakerConfig, NO_JITTER, ProbeCounts};
use moves::seconds;
use window::Window;

/// How many transitions are kept for display.
const TRANSITIONS_KEPT: usize = 50;

/// Everything a breaker has counted, whatever its state was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Permits given.
    pub admitted: u64,
    /// Requests refused, by the breaker or by the provider's Retry-After.
    pub refused: u64,
    /// Permits given back without an outcome.
    pub released: u64,
    /// Outcomes by kind, indexed by `Outcome as usize`.
    pub outcomes: [u64; 5],
    /// Failures that this side saw, among all failures.
    pub local_failures: u64,
    /// Outcomes of an older generation: counted here, without effect on the state.
    pub late: u64,
}

/// What an admission says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Go ahead.
    Admitted {
        /// To be handed back with the outcome.
        permit: Permit,
        /// True for a half-open trial.
        probe: bool,
    },
    /// The breaker is open, or its probes are all under way.
    Refused {
        /// Microseconds until it may be otherwise.
        retry_after_us: u64,
    },
    /// The provider's Retry-After is not over.
    Throttled {
        /// Microseconds until it is.
        retry_after_us: u64,
    },
}

/// A permit that is out.
#[derive(Debug, Clone, Copy)]
struct Flight {
    /// The generation in which its outcome counts.
    generation: u64,
    /// True once its first content was counted as a probe's success; its final success is not counted again.
    counted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open { until_us: u64 },
    HalfOpen { since_us: u64, succeeded: u32 },
    ForcedOpen,
    ForcedClosed,
}

/// A circuit breaker for one endpoint and model. See the module's head.
#[derive(Debug, Clone)]
pub struct Breaker {
    config: BreakerConfig,
    /// The latest time that it was told; earlier ones are taken as this.
    now_us: u64,
    state: State,
    generation: u64,
    reason: String,
    window: Window,
    consecutive: u32,
    reopens: u32,
    /// Since when the exponent decays: the start of health in Closed.
    healthy_since_us: u64,
    throttled_until_us: u64,
    flights: BTreeMap<u64, Flight>,
    next_ticket: u64,
    totals: Totals,
    transitions: VecDeque<BreakerTransition>,
}

impl Breaker {
    /// A closed breaker that has seen nothing.
    pub fn new(config: BreakerConfig) -> Breaker {
        Breaker {
            config,
            now_us: 0,
            state: State::Closed,
            generation: 0,
            reason: "no failure yet".into(),
            window: Window::default(),
            consecutive: 0,
            reopens: 0,
            healthy_since_us: 0,
            throttled_until_us: 0,
            flights: BTreeMap::new(),
            next_ticket: 0,
            totals: Totals::default(),
            transitions: VecDeque::new(),
        }
    }

    /// Asks for a permit.
    pub fn ask(&mut self, now_us: u64) -> Answer {
        self.advance(now_us);
        if self.now_us < self.throttled_until_us && self.state != State::ForcedClosed {
            self.totals.refused += 1;
            return Answer::Throttled { retry_after_us: self.throttled_until_us - self.now_us };
        }
        match self.state {
            State::Open { until_us } if self.now_us >= until_us => {
                self.half_open("the open time is over; a probe passes".into());
                self.admit()
            }
            State::Open { until_us } => self.refuse(until_us - self.now_us),
            State::HalfOpen { since_us, .. } if self.probes() >= self.config.permits => {
                // The probe may end at any time; the only promise is that half-open does not outlast max_wait.
                let leaves_us = since_us.saturating_add(self.config.max_wait_us);
                self.refuse(leaves_us - self.now_us)
            }
            State::ForcedOpen => self.refuse(u64::MAX),
            State::Closed | State::HalfOpen { .. } | State::ForcedClosed => self.admit(),
        }
    }

    /// Lets one probe pass although the open time is not over, when no other endpoint is left. Refuses unless it is open.
    pub fn ask_last_resort(&mut self, now_us: u64) -> Answer {
        self.advance(now_us);
        if matches!(self.state, State::Open { .. }) && self.now_us >= self.throttled_until_us {
            self.half_open("every provider is refused; this one would be tried next".into());
        }
        self.ask(now_us)
    }

    /// Counts how an attempt ended. A permit that is not out (given back, or reported before) changes nothing.
    pub fn report(&mut self, now_us: u64, permit: Permit, verdict: &Verdict) {
        self.advance(now_us);
        let Some(flight) = self.flights.remove(&permit.ticket) else { return };
        self.totals.outcomes[verdict.outcome as usize] += 1;
        if verdict.outcome == Outcome::Failure && verdict.local {
            self.totals.local_failures += 1;
        }
        if verdict.outcome == Outcome::Throttled {
            // Also from an older generation: the provider's wish does not depend on our state.
            let until = self.now_us.saturating_add(self.retry_after(verdict));
            self.throttled_until_us = self.throttled_until_us.max(until);
        }
        if flight.generation != self.generation {
            self.totals.late += 1;
            return;
        }
        match self.state {
            State::Closed | State::ForcedClosed => self.count_closed(flight, verdict),
            State::HalfOpen { .. } => self.count_probe(flight, verdict),
            // No permit of an open generation exists.
            State::Open { .. } | State::ForcedOpen => {}
        }
    }

    /// The first content of an attempt arrived: a probe's success, if the configuration says so. True if that was counted.
    ///
    /// The rest of the stream then belongs to the new closed generation: if it breaks, that is one failure there.
    pub fn first_content(&mut self, now_us: u64, permit: Permit) -> bool {
        self.advance(now_us);
        let State::HalfOpen { succeeded, .. } = self.state else { return false };
        if self.config.probe_counts != ProbeCounts::FirstContent {
            return false;
        }
        let generation = self.generation;
        let Some(flight) = self.flights.get_mut(&permit.ticket) else { return false };
        if flight.generation != generation || flight.counted {
            return false;
        }
        flight.counted = true;
        self.probe_succeeded(succeeded + 1);
        if self.state == State::Closed
            && let Some(flight) = self.flights.get_mut(&permit.ticket)
        {
            flight.generation = self.generation;
        }
        true
    }

    /// Gives a permit back without an outcome. True if it was out.
    pub fn release(&mut self, now_us: u64, permit: Permit) -> bool {
        self.advance(now_us);
        let was_out = self.flights.remove(&permit.ticket).is_some();
        self.totals.released += u64::from(was_out);
        was_out
    }

    /// Takes new limits and judges the kept window by them at once: closed may open, but nothing closes by a changed limit.
    pub fn retune(&mut self, now_us: u64, config: BreakerConfig, draw: u64) {
        self.advance(now_us);
        self.config = config;
        if self.state == State::Closed {
            self.trip_if_due(&Verdict { draw, ..Verdict::from(Outcome::Failure) });
        }
    }

    /// Holds it open or closed by hand, or lets go (`None`): it is then closed with an empty window.
    pub fn force(&mut self, now_us: u64, open: Option<bool>) {
        self.advance(now_us);
        let (state, reason) = match open {
            Some(true) => (State::ForcedOpen, "held open by hand"),
            Some(false) => (State::ForcedClosed, "held closed by hand; it only counts"),
            None => (State::Closed, "let go by hand"),
        };
        if state == State::Closed {
            self.forget();
        }
        self.enter(self.now_us, state, reason.into());
    }

    /// Makes the changes that time alone makes, up to `now_us`. Every other call does this first.
    pub fn advance(&mut self, now_us: u64) {
        self.now_us = self.now_us.max(now_us);
        match self.state {
            State::HalfOpen { since_us, .. } => {
                let leaves_us = since_us.saturating_add(self.config.max_wait_us);
                if self.now_us >= leaves_us {
                    // Without this a lost permit would keep it half-open for good.
                    let reason = format!("no probe finished within {}", seconds(self.config.max_wait_us));
                    self.open(leaves_us, reason, NO_JITTER, 0);
                }
            }
            State::Closed => {
                let steps = (self.now_us - self.healthy_since_us).checked_div(self.config.decay_us).unwrap_or(0);
                self.healthy_since_us += steps * self.config.decay_us;
                self.reopens = self.reopens.saturating_sub(steps.try_into().unwrap_or(u32::MAX));
            }
            State::Open { .. } | State::ForcedOpen | State::ForcedClosed => {}
        }
    }

    /// When time alone changes what it shows: the end of the open time, of the half-open wait, or of a Retry-After.
    pub fn next_deadline(&self) -> Option<u64> {
        let state = match self.state {
            State::Open { until_us } => Some(until_us),
            State::HalfOpen { since_us, .. } => Some(since_us.saturating_add(self.config.max_wait_us)),
            _ => None,
        };
        let throttled = Some(self.throttled_until_us);
        [state, throttled].into_iter().flatten().filter(|deadline| *deadline > self.now_us).min()
    }

    /// What it shows of itself at `now_us`.
    pub fn snapshot(&mut self, now_us: u64) -> BreakerSnapshot {
        self.advance(now_us);
        let rates = self.window.rates(self.now_us, &self.config);
        let (window, ages_us) = self.window.young(self.now_us, &self.config).map(|(age, outcome)| (outcome, age)).unzip();
        BreakerSnapshot {
            state: self.state(),
            generation: self.generation,
            window,
            ages_us,
            consecutive: self.consecutive,
            trip_at: self.config.trip_at,
            failure_rate: rates.failure(),
            failure_limit: self.config.failure_rate,
            slow_rate: rates.slow(),
            slow_limit: self.config.slow_rate,
            min_calls: self.config.min_calls,
            open_for_us: match self.state {
                State::Open { until_us } => until_us.saturating_sub(self.now_us),
                State::ForcedOpen => u64::MAX,
                _ => 0,
            },
            half_open_for_us: match self.state {
                State::HalfOpen { since_us, .. } => since_us.saturating_add(self.config.max_wait_us).saturating_sub(self.now_us),
                _ => 0,
            },
            probes_ok: match self.state {
                State::HalfOpen { succeeded, .. } => succeeded,
                _ => 0,
            },
            healthy_us: self.now_us - self.healthy_since_us,
            throttled_for_us: self.throttled_until_us.saturating_sub(self.now_us),
            probes: self.probes(),
            probes_at_most: self.config.permits,
            reopens: self.reopens,
            refused: self.totals.refused,
            reason: self.reason.clone(),
        }
    }

    /// The state, as of the last call.
    pub fn state(&self) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen { .. } => BreakerState::HalfOpen,
            State::ForcedOpen => BreakerState::ForcedOpen,
            State::ForcedClosed => BreakerState::ForcedClosed,
        }
    }

    /// When a probe is admitted, in microseconds of this clock; `None` unless it is open.
    pub fn open_until(&self) -> Option<u64> {
        match self.state {
            State::Open { until_us } => Some(until_us),
            _ => None,
        }
    }

    /// Everything that was counted.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Permits that are out, of whatever generation.
    pub fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// The last transitions, oldest first.
    pub fn transitions(&self) -> impl DoubleEndedIterator<Item = &BreakerTransition> {
        self.transitions.iter()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
