//! The Desk: what spans sessions. Validate, limit, cache, choose, break, retry; each a small pure part with time as an argument.

use serde::{Deserialize, Serialize};

/// What the Desk said to a session, recorded so that a replay need not ask again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateRecord {
    /// What was asked or told, and the answer.
    pub decision: GateDecision,
    /// The breaker after it.
    pub breaker: BreakerSnapshot,
}

/// The Desk's answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum GateDecision {
    /// The attempt may start. `probe` if it is a half-open trial.
    Admitted {
        /// True for a half-open trial.
        probe: bool,
    },
    /// The breaker refused; nothing is sent before `retry_after_us` from now.
    Refused {
        /// Microseconds until the breaker would admit a probe.
        retry_after_us: u64,
    },
    /// The rate limiter refused.
    Limited {
        /// Microseconds until a request would be admitted.
        retry_after_us: u64,
    },
    /// The outcome of the attempt was counted.
    Counted(Outcome),
}

/// What an attempt was, as the breaker counts it. See resilience classes: failures trip it, throttling does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

/// The breaker's states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BreakerState {
    /// Requests pass.
    Closed,
    /// Requests are refused.
    Open,
    /// Probes pass, one at a time.
    HalfOpen,
}

impl BreakerState {
    /// Upper-case word, as the header shows it.
    pub fn word(self) -> &'static str {
        match self {
            BreakerState::Closed => "CLOSED",
            BreakerState::Open => "OPEN",
            BreakerState::HalfOpen => "HALF-OPEN",
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
    /// Failures in a row.
    pub consecutive: u32,
    /// Failures in a row that trip it.
    pub trip_at: u32,
    /// Microseconds until a probe is admitted; zero unless open.
    pub open_for_us: u64,
    /// Requests refused since the program started.
    pub refused: u64,
    /// Why it is in this state.
    pub reason: String,
}
