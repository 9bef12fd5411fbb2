//! State that belongs to the session and not to one channel.

use std::collections::{BTreeMap, BTreeSet};

use super::{findings::Tally, said::Answers};
use crate::core::{
    class::{Action, Class},
    detect::{
        identity::Identities,
        prompt::Prompt,
        timing::{Burst, Progress},
    },
    judgement::FindingId,
    reading::FrameId,
};

/// What is known of the session beside its channels.
#[derive(Debug, Default)]
pub(super) struct SessionState {
    pub progress: Progress,
    pub burst: Burst,
    pub identities: Identities,
    /// How many findings of each kind there are.
    pub tallies: BTreeMap<(Class, Action), Tally>,
    /// The burst finding that goes on.
    pub burst_open: Option<FindingId>,
    /// The attempt in progress.
    pub attempt: u32,
    /// HTTP status of the attempt in progress.
    pub status: Option<u16>,
    /// The choices that finished in this attempt.
    pub finished: BTreeSet<u16>,
    /// The dialect's terminator came in this attempt.
    pub terminated: bool,
    /// Nothing more is said of text after its end in this attempt: it was said, or another completion began.
    pub late: bool,
    /// An error was reported inside this attempt's body.
    pub failed: bool,
    /// The attempt's end will be followed by another attempt.
    pub will_retry: bool,
    /// Frames judged before this attempt.
    pub first_frame: u32,
    /// The frame that a whole strategy holds.
    pub strategy_hold: Option<FrameId>,
    /// Some delta came.
    pub flowed: bool,
    /// Frame of the first delta.
    pub first_delta_frame: u32,
    pub answers: Answers,
    /// What the request says, once somebody asked.
    pub prompt: Option<Prompt>,
    /// Why the state will change, if it does.
    pub cause: Option<String>,
}
