//! The five states of a session.
//!
//! ```text
//! Initial ──▶ NormalFlow ◀──▶ Stuttering
//!    │            ▲  │            │
//!    │            │  ▼            ▼
//!    └──────▶ Recovering ──▶ Terminating (never left)
//! ```

use serde::Serialize;

use crate::core::time::Moment;

/// A session's state. A function of what is known after each frame, deadline and end; see [`evaluate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum State {
    /// Nothing was let through yet.
    Initial,
    /// A channel holds text, or the last delta lost text to a finding.
    Stuttering,
    /// Text flows as it came.
    NormalFlow,
    /// Something broke and has not healed: a malformed frame, a gap, a failed attempt.
    Recovering,
    /// The session ended.
    Terminating,
}

/// One row per state: name and meaning, for help, filters and reports.
pub const STATES: &[(State, &str, &str)] = &[
    (State::Initial, "Initial", "nothing was let through yet"),
    (State::Stuttering, "Stuttering", "text is held, or the last delta lost text to a finding"),
    (State::NormalFlow, "NormalFlow", "text flows as it came"),
    (State::Recovering, "Recovering", "something broke and has not healed yet"),
    (State::Terminating, "Terminating", "the session ended"),
];

impl State {
    /// The state's public name.
    pub fn name(self) -> &'static str {
        STATES[self as usize].1
    }
}

/// Why a session terminated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The stream said that it was complete.
    Finished,
    /// The stream ended without saying so.
    Cut,
    /// The user cancelled.
    Cancelled,
    /// One of our timeouts.
    TimedOut,
    /// The breaker, limiter or validator refused.
    Refused,
    /// A policy ended a loop.
    Loop,
    /// The provider or transport failed.
    Error,
}

impl EndReason {
    /// One word for the reason.
    pub fn word(self) -> &'static str {
        match self {
            EndReason::Finished => "finished",
            EndReason::Cut => "cut",
            EndReason::Cancelled => "cancelled",
            EndReason::TimedOut => "timed out",
            EndReason::Refused => "refused",
            EndReason::Loop => "loop",
            EndReason::Error => "error",
        }
    }
}

/// A change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The state before.
    pub from: State,
    /// The state after; never equal to `from`.
    pub to: State,
    /// Why, as a sentence.
    pub cause: String,
    /// When and where.
    pub moment: Moment,
}

/// What [`evaluate`] looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Condition {
    /// The session ended, and why.
    pub ended: bool,
    /// A malformed frame, a gap or a failed attempt has not been followed by a good delta.
    pub unhealed: bool,
    /// Some channel holds text.
    pub holding: bool,
    /// The last delta lost text to a finding.
    pub cut: bool,
    /// Some delta was let through.
    pub flowing: bool,
}

/// The state that a condition amounts to (first that holds).
#[inline]
pub fn evaluate(condition: Condition) -> State {
    match condition {
        Condition { ended: true, .. } => State::Terminating,
        Condition { unhealed: true, .. } => State::Recovering,
        Condition { holding: true, .. } | Condition { cut: true, .. } => State::Stuttering,
        Condition { flowing: true, .. } => State::NormalFlow,
        _ => State::Initial,
    }
}
