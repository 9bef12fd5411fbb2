//! Which block a piece of a response belongs to, and which blocks have spoken.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::core::{
    dialect::Sink,
    reading::{Channel, ChannelKey},
};

/// A text inside an item: its channel, its part, itself.
pub(super) type Said = (Channel, u64, String);

/// What had been said of each channel before an event repeated it, and how many texts the event has repeated.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<Channel, (Vec<ChannelKey>, usize)>);

impl Counts {
    fn of(&mut self, channel: Channel, said: impl FnOnce() -> Vec<ChannelKey>) -> (&[ChannelKey], &mut usize) {
        let (said, count) = self.0.entry(channel).or_insert_with(|| (said(), 0));
        (said, count)
    }
}

/// Blocks of one stream.
#[derive(Default)]
pub(super) struct Blocks {
    /// The block of each (output, part) of the current turn.
    numbers: BTreeMap<(u64, u64), u16>,
    /// The latest one asked for, because deltas come in runs.
    latest: Option<((u64, u64), u16)>,
    next: u16,
    /// Channels of the current turn that have added text, with the output item they belong to; in order, as blocks are numbered so.
    spoken: BTreeMap<ChannelKey, u64>,
    /// The same by item and channel: an event that repeats one item must not look at all of them.
    by_item: BTreeMap<(u64, Channel), BTreeSet<ChannelKey>>,
    /// The latest of them.
    speaking: Option<ChannelKey>,
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
        if !text.is_empty() && self.speaking != Some(key) {
            let output = self.latest.map_or(0, |((output, _), _)| output);
            if let Entry::Vacant(first) = self.spoken.entry(key) {
                first.insert(output);
                self.by_item.entry((output, key.channel)).or_default().insert(key);
            }
            self.speaking = Some(key);
        }
        sink.add(key, text);
    }

    /// Repeats text, or says it if no delta has.
    pub fn restate(&mut self, key: ChannelKey, text: &[u8], sink: &mut Sink) {
        if self.spoken.contains_key(&key) {
            sink.snapshot(key, text);
        } else {
            self.say(key, text, sink);
        }
    }

    /// True if nothing was said in this turn.
    pub fn is_silent(&self) -> bool {
        self.spoken.is_empty()
    }

    /// Repeats the texts of item `output`, or, with `all`, of the response: servers number parts otherwise here, and leave items
    /// out, so the texts of one channel are matched with those that were said, in order.
    pub fn repeat(&mut self, output: u64, all: bool, texts: &[Said], counts: &mut Counts, sink: &mut Sink) {
        for (channel, part, text) in texts {
            let (said, count) = counts.of(*channel, || match all {
                true => self.spoken.keys().filter(|key| key.channel == *channel).copied().collect(),
                false => self.by_item.get(&(output, *channel)).into_iter().flatten().copied().collect(),
            });
            match said.get(*count) {
                Some(key) => sink.snapshot(*key, text.as_bytes()),
                None if said.is_empty() => {
                    let key = self.key(Some(output), Some(*part), *channel);
                    self.say(key, text.as_bytes(), sink);
                }
                None => {}
            }
            *count += 1;
        }
    }

    /// The next response numbers its outputs anew; its blocks follow those of this one.
    pub fn new_turn(&mut self) {
        self.numbers.clear();
        self.latest = None;
        self.spoken.clear();
        self.by_item.clear();
        self.speaking = None;
    }
}
