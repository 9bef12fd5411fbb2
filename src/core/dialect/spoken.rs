//! Which channels have added text, so that a whole text that repeats can be told from one that is said for the first time.

use std::collections::BTreeSet;

use super::Sink;
use crate::core::reading::{Channel, ChannelKey};

/// The channels of one stream that have spoken.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    keys: BTreeSet<ChannelKey>,
    latest: Option<ChannelKey>,
}

impl Spoken {
    /// Adds text.
    pub fn say(&mut self, key: ChannelKey, text: &[u8], sink: &mut Sink) {
        if !text.is_empty() && self.latest != Some(key) {
            self.keys.insert(key);
            self.latest = Some(key);
        }
        sink.add(key, text);
    }

    /// True if nothing was said.
    pub fn is_silent(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys under which a channel has spoken, in ascending order.
    pub fn of(&self, channel: Channel) -> Vec<ChannelKey> {
        self.keys.iter().filter(|key| key.channel == channel).copied().collect()
    }

    /// Repeats the whole text, or says it if the channel has not spoken.
    pub fn restate(&mut self, key: ChannelKey, text: &[u8], sink: &mut Sink) {
        if self.keys.contains(&key) {
            sink.snapshot(key, text);
        } else {
            self.say(key, text, sink);
        }
    }
}
