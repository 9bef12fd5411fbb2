//! State of one channel: its text under the additive reading, what is undecided, and its detectors.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::{
    detect::hypotheses::Hypotheses,
    judgement::{FindingId, content::Content, resume::Resume},
    reading::{Channel, ChannelKey, DeltaId},
    time::{Micros, Moment},
};

/// State of one (choice, block, channel).
#[derive(Debug, Default)]
pub(super) struct ChannelState {
    /// Text passed on or restated so far; what is held is not in it.
    pub accepted: String,
    /// Deltas not decided yet, in order.
    pub held: Vec<DeltaId>,
    /// Characters in them; of a tool call's arguments, bytes.
    pub held_size: u64,
    /// Position of the first frame held, and when the hold began.
    since: Option<(u32, Moment)>,
    /// The channel's latest delta.
    pub last: Option<DeltaId>,
    /// Number of deltas.
    pub count: u32,
    /// How many deltas differed from the one before, plus one.
    pub distinct: u32,
    /// Id of the tool call whose arguments these are, once it was said.
    pub call: Option<String>,
    /// What else its deltas might mean than that each adds its text.
    pub hypotheses: Hypotheses,
    /// What is expected of the next text.
    pub resume: Resume,
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
    /// Channels of a message that was broken off, by key, until a channel of the message after it takes over.
    broken_off: Vec<(ChannelKey, ChannelState)>,
    /// Where the latest look-up led: deltas of one channel mostly come in a row.
    latest: usize,
    /// What is held, by the position of the first frame held; times ascend with positions.
    holds: BTreeSet<(u32, Moment, ChannelKey)>,
    /// Those of them that run out.
    timed: BTreeSet<(u32, Moment, ChannelKey)>,
    /// The channels that hold text.
    holding: BTreeSet<ChannelKey>,
}

impl Channels {
    /// The state of channel `key`, fresh if there was none.
    #[inline]
    pub fn entry(&mut self, key: ChannelKey) -> &mut ChannelState {
        if self.states.get(self.latest).is_none_or(|(latest, _)| *latest != key) {
            self.latest = self.find_or_begin(key);
        }
        &mut self.states[self.latest].1
    }

    fn find_or_begin(&mut self, key: ChannelKey) -> usize {
        *self.index.entry(key).or_insert_with(|| {
            let alike = |(other, _): &(ChannelKey, ChannelState)| (other.choice, other.channel) == (key.choice, key.channel);
            let before = self.broken_off.iter().position(alike).map(|place| self.broken_off.remove(place).1);
            self.states.push((key, before.unwrap_or_default()));
            self.states.len() - 1
        })
    }

    /// The channel that was looked up last.
    pub fn latest(&self) -> Option<(ChannelKey, &ChannelState)> {
        self.states.get(self.latest).map(|(key, state)| (*key, state))
    }

    /// The state of channel `key`, if it has one.
    pub fn get(&self, key: ChannelKey) -> Option<&ChannelState> {
        self.index.get(&key).map(|index| &self.states[*index].1)
    }

    /// Every channel and its state, in the order in which they began.
    pub fn iter(&self) -> impl Iterator<Item = (&ChannelKey, &ChannelState)> {
        self.states.iter().map(|(key, state)| (key, state))
    }

    /// The earliest hold: the position of its first frame, when it began, and whose it is.
    #[inline]
    pub fn earliest_hold(&self) -> Option<(u32, Moment, ChannelKey)> {
        self.holds.first().copied()
    }

    /// The earliest hold that runs out: arguments of a tool call are held until the call ends.
    #[inline]
    pub fn earliest_timed_hold(&self) -> Option<(Micros, ChannelKey)> {
        self.timed.first().map(|(_, since, key)| (since.at, *key))
    }

    /// Every channel, in ascending order.
    pub fn keys(&self) -> Vec<ChannelKey> {
        self.index.keys().copied().collect()
    }

    /// The channels of `choice` that hold text.
    pub fn holding_in(&self, choice: u16) -> Vec<ChannelKey> {
        let first = ChannelKey { choice, block: 0, channel: Channel::Text };
        self.holding.range(first..).take_while(|key| key.choice == choice).copied().collect()
    }

    /// Every channel that holds text, in the order in which the holds began.
    pub fn holding(&self) -> Vec<ChannelKey> {
        self.holds.iter().map(|(_, _, key)| *key).collect()
    }

    /// Holds one more delta of channel `key`.
    pub fn hold(&mut self, key: ChannelKey, delta: DeltaId, position: u32, since: Moment) {
        let state = self.entry(key);
        state.held.push(delta);
        if state.since.is_none() {
            state.since = Some((position, since));
            self.holds.insert((position, since, key));
            self.holding.insert(key);
            if key.channel != Channel::ToolArguments {
                self.timed.insert((position, since, key));
            }
        }
    }

    /// Nothing is undecided in channel `key` any more; returns what was.
    pub fn decide(&mut self, key: ChannelKey) -> Vec<DeltaId> {
        let state = self.entry(key);
        let held = std::mem::take(&mut state.held);
        state.held_size = 0;
        if let Some((position, since)) = state.since.take() {
            self.holds.remove(&(position, since, key));
            self.timed.remove(&(position, since, key));
            self.holding.remove(&key);
        }
        held
    }

    /// Does `what` with every channel that has text.
    pub fn each_with_text(&mut self, mut what: impl FnMut(&mut ChannelState)) {
        for (_, state) in self.states.iter_mut().filter(|(_, state)| !state.accepted.is_empty()) {
            what(state);
        }
    }

    /// A message begins in place of one that was broken off, with blocks of its own: each of its channels takes over from the first one
    /// alike. Nothing may be held.
    pub fn begin_again(&mut self) {
        let mut states = std::mem::take(self).states;
        states.sort_by_key(|(key, _)| *key);
        self.broken_off = states;
    }

    /// True if a failure parts all text from what follows.
    pub fn is_broken_off(&self) -> bool {
        self.states.iter().any(|(_, state)| matches!(state.resume, Resume::Restart { announced: true, .. }))
    }

    /// A new turn: the next deltas say anew how they are framed, and the text of the turn before stays out of comparisons.
    pub fn new_turn(&mut self) {
        *self = Channels::default();
    }
}
