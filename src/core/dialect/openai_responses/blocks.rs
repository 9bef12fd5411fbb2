//! Which block a piece of a response belongs to, and which blocks have spoken.

use std::collections::BTreeMap;

use crate::core::{
    dialect::Sink,
    reading::{Channel, ChannelKey},
};

/// Blocks of one stream.
#[derive(Default)]
pub(super) struct Blocks {
    /// The block of each (output, part) of the current turn.
    numbers: BTreeMap<(u64, u64), u16>,
    /// The latest one asked for, because deltas come in runs.
    latest: Option<((u64, u64), u16)>,
    next: u16,
    /// Channels of the current turn that have added text, in order of their first.
    spoken: Vec<ChannelKey>,
}

impl Blocks {
    /// The key of a part of an output item; both count from zero and are zero where the event has none.
    pub fn key(&mut self, output: Option<u64>, part: Option<u64>, channel: Channel) -> ChannelKey {
        let place = (output.unwrap_or(0), part.unwrap_or(0));
        let block = match self.latest {
            Some((latest, block)) if latest == place => block,
            _ => {
                let next = &mut self.next;
                *self.numbers.entry(place).or_insert_with(|| {
                    let block = *next;
                    *next = next.saturating_add(1);
                    block
                })
            }
        };
        self.latest = Some((place, block));
        ChannelKey { choice: 0, block, channel }
    }

    /// Adds text.
    pub fn say(&mut self, key: ChannelKey, text: &[u8], sink: &mut Sink) {
        if !text.is_empty() && self.spoken.last() != Some(&key) && !self.spoken.contains(&key) {
            self.spoken.push(key);
        }
        sink.add(key, text);
    }

    /// Repeats text, or says it if no delta has.
    pub fn restate(&mut self, key: ChannelKey, text: &[u8], sink: &mut Sink) {
        if self.spoken.contains(&key) {
            sink.snapshot(key, text);
        } else {
            self.say(key, text, sink);
        }
    }

    /// The channels that have spoken, of one kind, in order.
    pub fn spoken(&self, channel: Channel) -> Vec<ChannelKey> {
        self.spoken.iter().filter(|key| key.channel == channel).copied().collect()
    }

    /// The next response numbers its outputs anew; its blocks follow those of this one.
    pub fn new_turn(&mut self) {
        self.numbers.clear();
        self.latest = None;
        self.spoken.clear();
    }
}
