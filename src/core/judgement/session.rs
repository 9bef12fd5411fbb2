//! State that belongs to the session and not to one channel.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    findings::Tally,
    foreign::Doubtful,
    identity::{Item, Run},
    said::Answers,
    timing::CatchUp,
};
use crate::core::{
    class::{Action, Class, Layer},
    detect::{
        burst::Burst, ending::Ends, facts::Said, foreign::Completions, identity::Identities, order::Order, prompt::Prompt,
        snapshot::Snapshots, timing::Progress,
    },
    judgement::FindingId,
    reading::FrameId,
    time::Moment,
};

/// What is known of the session beside its channels.
#[derive(Debug, Default)]
pub(super) struct SessionState {
    pub progress: Progress,
    pub burst: Burst,
    /// What arrives at the end of a stall.
    pub catch_up: Option<CatchUp>,
    /// The content-encoding of the attempt in progress.
    pub encoding: Option<String>,
    pub identities: Identities,
    /// Frames that wait for missing numbers.
    pub order: Order<Item>,
    /// Which numbering, and which generation in it, `order` follows.
    pub numbering: (u32, u32),
    /// The frames that are put in order, while some of them wait.
    pub run: Option<Run>,
    /// The finding about frames that were put in order.
    pub reordered: Option<FindingId>,
    pub completions: Completions,
    /// Frames that wait while it is in doubt whose they are.
    pub doubtful: Option<Doubtful>,
    /// Since when the text being judged has waited, if it has.
    pub since: Option<Moment>,
    /// How many findings of each kind there are.
    pub tallies: BTreeMap<(Class, Action), Tally>,
    /// What is noted once a session, by class and layer.
    pub noted: BTreeMap<(Class, Layer), FindingId>,
    /// Ends and calls of the turn in progress.
    pub ends: Ends,
    /// The first terminator of the turn in progress.
    pub terminator: Option<FrameId>,
    /// Snapshots of the turn in progress.
    pub snapshots: Snapshots,
    /// An attempt before had passed something on.
    pub carried: bool,
    /// The finding about characters that the server decoded in pieces.
    pub shattered: Option<FindingId>,
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
    /// What the frame whose deltas are judged says of them.
    pub said: Said,
    /// The frame that a whole strategy holds.
    pub strategy_hold: Option<FrameId>,
    /// Some delta came.
    pub flowed: bool,
    /// Position of the first delta's frame.
    pub first_delta_frame: u32,
    pub answers: Answers,
    /// The request asks for JSON, once somebody asked.
    pub json_asked: Option<bool>,
    /// What the request says, once somebody asked.
    pub prompt: Option<Prompt>,
    /// The last loop for which the profile asked for the end.
    pub stopping: Option<FindingId>,
    /// Why the state will change, if it does.
    pub cause: Option<String>,
}

impl SessionState {
    /// True if no frame waits for another one, but perhaps for text of its channel.
    #[inline]
    pub fn waits_for_nothing(&self) -> bool {
        self.run.is_none() && self.doubtful.is_none() && self.strategy_hold.is_none()
    }
}
