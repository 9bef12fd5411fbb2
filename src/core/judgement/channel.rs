//! State of one channel: its text under the additive reading, what is undecided, and its detectors.

use crate::core::{
    detect::{
        content::{Fences, Json},
        cumulative::Cumulative,
        double::Double,
        repeat::Repeat,
    },
    judgement::FindingId,
    reading::{DeltaId, FrameId},
    time::Micros,
};

/// State of one (choice, block, channel).
#[derive(Debug, Default)]
pub(super) struct ChannelState {
    /// Text passed on or restated so far; what is held is not in it.
    pub accepted: String,
    /// Deltas not decided yet, in order.
    pub held: Vec<DeltaId>,
    hold: Option<(FrameId, Micros)>,
    /// The channel's latest delta.
    pub last: Option<DeltaId>,
    /// Number of deltas.
    pub count: u32,
    /// How many deltas differed from the one before, plus one.
    pub distinct: u32,
    pub cumulative: Cumulative,
    pub double: Double,
    pub json: Json,
    pub fences: Fences,
    pub repeat: Repeat,
    /// Whitespace characters in a row at the end of the accepted text, cut ones included.
    pub blanks: u64,
    /// The finding that further evidence of the same fault extends, by class.
    pub open: Vec<FindingId>,
}

impl ChannelState {
    /// When the undecided text began to be held.
    pub fn held_since(&self) -> Option<Micros> {
        self.hold.map(|(_, since)| since)
    }

    /// The frame of the first undecided delta.
    pub fn held_from(&self) -> Option<FrameId> {
        self.hold.map(|(frame, _)| frame)
    }

    /// Holds one more delta.
    pub fn hold(&mut self, delta: DeltaId, frame: FrameId, at: Micros) {
        self.held.push(delta);
        self.hold.get_or_insert((frame, at));
    }

    /// Nothing is undecided any more; returns what was.
    pub fn decide(&mut self) -> Vec<DeltaId> {
        self.hold = None;
        std::mem::take(&mut self.held)
    }

    /// A new turn: the next deltas say anew how they are framed. The text of the turn before stays out of comparisons.
    pub fn new_turn(&mut self) {
        *self = ChannelState::default();
    }
}
