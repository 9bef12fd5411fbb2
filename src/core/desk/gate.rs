//! What the Desk says, as it is recorded: decisions, outcomes and the breaker's snapshot.

use serde::{Deserialize, Serialize};

use crate::core::desk::EndpointKey;

/// What the Desk said to a session, recorded so that a replay need not ask again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateRecord {
    /// What was asked or told, and the answer.
    pub decision: GateDecision,
    /// The breaker after it.
    pub breaker: BreakerSnapshot,
}

impl GateRecord {
    /// The permit, if the attempt was admitted. It goes back to the Desk with the outcome, or by a release.
    pub fn permit(&self) -> Option<Permit> {
        match self.decision {
            GateDecision::Admitted { generation, ticket, .. } => Some(Permit { generation, ticket }),
            _ => None,
        }
    }

    /// Microseconds to wait, if the attempt was refused for any reason.
    pub fn wait_us(&self) -> Option<u64> {
        match self.decision {
            GateDecision::Refused { retry_after_us }
            | GateDecision::Limited { retry_after_us }
            | GateDecision::Throttled { retry_after_us } => Some(retry_after_us),
            _ => None,
        }
    }
}

/// The Desk's answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum GateDecision {
    /// The attempt may start.
    Admitted {
        /// True for a half-open trial.
        probe: bool,
        /// The breaker's generation at that moment.
        #[serde(default)]
        generation: u64,
        /// Names this permit among all that the breaker gave.
        #[serde(default)]
        ticket: u64,
    },
    /// The breaker refused; nothing is sent before `retry_after_us` from now.
    Refused {
        /// Microseconds until the breaker would admit a probe; `u64::MAX` if it is held open by hand.
        retry_after_us: u64,
    },
    /// Our own rate limiter refused.
    Limited {
        /// Microseconds until a request would be admitted.
        retry_after_us: u64,
    },
    /// The provider asked to be left alone (429 with Retry-After), and that time is not over.
    Throttled {
        /// Microseconds until it is over.
        retry_after_us: u64,
    },
    /// The outcome of the attempt was counted.
    Counted(Outcome),
    /// The permit was given back without an outcome.
    Released,
    /// The session does not end with this attempt: this endpoint and model is asked next.
    FellBack(EndpointKey),
}

/// Right to one attempt. It names the breaker's generation, so that a late outcome cannot move a newer state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Permit {
    /// The breaker's generation when it was given.
    pub generation: u64,
    /// Names it among all permits of the breaker.
    pub ticket: u64,
}

/// What an attempt was, as the breaker counts it. Failures trip it, throttling does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// A complete answer.
    Success,
    /// Complete but slow to its first text.
    Slow,
    /// Connect, TLS, timeout, 5xx, truncated stream, in-stream error, bad framing.
    Failure,
    /// 429.
    Throttled,
    /// Says nothing about the provider: cancelled, 4xx, our own limiter.
    Ignored,
}

impl Outcome {
    /// True for the outcomes that the window holds and the rates are made of.
    pub fn is_recorded(self) -> bool {
        matches!(self, Outcome::Success | Outcome::Slow | Outcome::Failure)
    }

    /// The word shown in lists.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Slow => "slow",
            Outcome::Failure => "failure",
            Outcome::Throttled => "throttled",
            Outcome::Ignored => "ignored",
        }
    }
}

/// How an attempt went, with what the Desk needs beside the outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How it counts.
    pub outcome: Outcome,
    /// A few words for the breaker's reason (`HTTP 503`), may be empty.
    pub cause: String,
    /// The provider's Retry-After in microseconds.
    pub retry_after_us: Option<u64>,
    /// True if this side saw the failure (no connection, a timeout) and the provider did not report it.
    pub local: bool,
    /// A random number for the open time's jitter; the caller records it as a `Draw`.
    pub draw: u64,
}

impl From<Outcome> for Verdict {
    /// The outcome alone; the middle of the jitter's range.
    fn from(outcome: Outcome) -> Verdict {
        Verdict { outcome, cause: String::new(), retry_after_us: None, local: false, draw: crate::core::desk::NO_JITTER }
    }
}

/// The breaker's states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BreakerState {
    /// Requests pass.
    Closed,
    /// Requests are refused.
    Open,
    /// Probes pass, a few at a time.
    HalfOpen,
    /// Refuses, by hand, until told otherwise.
    ForcedOpen,
    /// Passes everything and only counts, by hand, until told otherwise.
    ForcedClosed,
}

impl BreakerState {
    /// Upper-case word, as the header shows it.
    pub fn word(self) -> &'static str {
        match self {
            BreakerState::Closed => "CLOSED",
            BreakerState::Open => "OPEN",
            BreakerState::HalfOpen => "HALF-OPEN",
            BreakerState::ForcedOpen => "FORCED OPEN",
            BreakerState::ForcedClosed => "FORCED CLOSED",
        }
    }
}

/// What the breaker shows of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakerSnapshot {
    /// The state.
    pub state: BreakerState,
    /// Counts transitions; outcomes of an older generation do not move the state.
    pub generation: u64,
    /// The outcomes in the window, oldest first.
    pub window: Vec<Outcome>,
    /// How old each of them is in microseconds, in the same order.
    #[serde(default)]
    pub ages_us: Vec<u64>,
    /// Failures in a row.
    pub consecutive: u32,
    /// Failures in a row that trip it.
    pub trip_at: u32,
    /// Failures among the window, in thousandths.
    #[serde(default)]
    pub failure_rate: u32,
    /// The rate that trips it, in thousandths.
    #[serde(default)]
    pub failure_limit: u32,
    /// Slow ones among the window, in thousandths.
    #[serde(default)]
    pub slow_rate: u32,
    /// The rate that trips it, in thousandths.
    #[serde(default)]
    pub slow_limit: u32,
    /// Outcomes that the window needs before a rate counts.
    #[serde(default)]
    pub min_calls: u32,
    /// Microseconds until a probe is admitted; zero unless open, `u64::MAX` if held open by hand.
    pub open_for_us: u64,
    /// Microseconds until it opens again if no probe finishes; zero unless half-open.
    #[serde(default)]
    pub half_open_for_us: u64,
    /// Probes that succeeded since it is half-open.
    #[serde(default)]
    pub probes_ok: u32,
    /// Microseconds of health in closed that count towards the next decay of `reopens`.
    #[serde(default)]
    pub healthy_us: u64,
    /// Microseconds until the provider's own Retry-After is over; zero if it gave none.
    #[serde(default)]
    pub throttled_for_us: u64,
    /// Probes under way.
    #[serde(default)]
    pub probes: u32,
    /// Probes allowed at a time.
    #[serde(default)]
    pub probes_at_most: u32,
    /// The open time is doubled this often.
    #[serde(default)]
    pub reopens: u32,
    /// Requests refused since the program started.
    pub refused: u64,
    /// Why it is in this state.
    pub reason: String,
}

/// One change of a breaker's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerTransition {
    /// When, in microseconds of the Desk's clock.
    pub at_us: u64,
    /// The state before.
    pub from: BreakerState,
    /// The state after.
    pub to: BreakerState,
    /// The generation that begins with it.
    pub generation: u64,
    /// Why, as a sentence.
    pub reason: String,
}
