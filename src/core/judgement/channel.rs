//! State of one channel: its text under the additive reading, what is undecided, and its detectors.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::{
    detect::{cumulative::Cumulative, double::Double},
    judgement::{FindingId, content::Content},
    reading::{ChannelKey, DeltaId, FrameId},
    time::Micros,
};

/// State of one (choice, block, channel).
#[derive(Debug, Default)]
pub(super) struct ChannelState {
    /// Text passed on or restated so far; what is held is not in it.
    pub accepted: String,
    /// Deltas not decided yet, in order.
    pub held: Vec<DeltaId>,
    /// Characters in them.
    pub held_chars: u64,
    /// The first frame held, and when the hold began.
    since: Option<(FrameId, Micros)>,
    /// The channel's latest delta.
    pub last: Option<DeltaId>,
    /// Number of deltas.
    pub count: u32,
    /// How many deltas differed from the one before, plus one.
    pub distinct: u32,
    pub cumulative: Cumulative,
    pub double: Double,
    /// What is followed in the text beside its framing.
    pub content: Content,
    /// The finding that further evidence of the same fault extends, by class.
    pub open: Vec<FindingId>,
}

/// All channels of a session, and which of them hold text.
#[derive(Debug, Default)]
pub(super) struct Channels {
    index: BTreeMap<ChannelKey, usize>,
    states: Vec<(ChannelKey, ChannelState)>,
    /// Where the latest look-up led: deltas of one channel mostly come in a row.
    latest: usize,
    /// What is held, by the first frame held; times ascend with frames.
    holds: BTreeSet<(FrameId, Micros, ChannelKey)>,
}

impl Channels {
    /// The state of channel `key`, fresh if there was none.
    pub fn entry(&mut self, key: ChannelKey) -> &mut ChannelState {
        if self.states.get(self.latest).is_none_or(|(latest, _)| *latest != key) {
            self.latest = *self.index.entry(key).or_insert_with(|| {
                self.states.push((key, ChannelState::default()));
                self.states.len() - 1
            });
        }
        &mut self.states[self.latest].1
    }

    /// The state of channel `key`, if it has one.
    pub fn get(&self, key: ChannelKey) -> Option<&ChannelState> {
        self.index.get(&key).map(|index| &self.states[*index].1)
    }

    /// The earliest hold: its first frame, when it began, and whose it is.
    pub fn earliest_hold(&self) -> Option<(FrameId, Micros, ChannelKey)> {
        self.holds.first().copied()
    }

    /// Every channel, in ascending order.
    pub fn keys(&self) -> Vec<ChannelKey> {
        self.index.keys().copied().collect()
    }

    /// Every channel that holds text, in the order in which the holds began.
    pub fn holding(&self) -> Vec<ChannelKey> {
        self.holds.iter().map(|(_, _, key)| *key).collect()
    }

    /// Holds one more delta of channel `key`.
    pub fn hold(&mut self, key: ChannelKey, delta: DeltaId, frame: FrameId, at: Micros) {
        let state = self.entry(key);
        state.held.push(delta);
        if state.since.is_none() {
            state.since = Some((frame, at));
            self.holds.insert((frame, at, key));
        }
    }

    /// Nothing is undecided in channel `key` any more; returns what was.
    pub fn decide(&mut self, key: ChannelKey) -> Vec<DeltaId> {
        let state = self.entry(key);
        let held = std::mem::take(&mut state.held);
        state.held_chars = 0;
        if let Some((frame, at)) = state.since.take() {
            self.holds.remove(&(frame, at, key));
        }
        held
    }

    /// A new turn: the next deltas say anew how they are framed, and the text of the turn before stays out of comparisons.
    pub fn new_turn(&mut self) {
        *self = Channels::default();
    }
}
