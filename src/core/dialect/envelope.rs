//! The constant envelope of a stream's text frames, learned from one frame and skipped in those after it.
//!
//! Frames of one stream mostly differ in one string only. A frame that has the same bytes before and after that string is read
//! without parsing, because the JSON around it, and so everything else the reader would say, is the same. Any frame that is
//! parsed teaches the envelope anew or clears it, so a reader's state cannot have changed since.

use memchr::memchr2;

use super::{Sink, json::Text};
use crate::core::reading::ChannelKey;

/// After this many misses in a row, only every so many frames are learned: this stream's envelope is not constant.
const PATIENCE: u32 = 8;

/// What surrounded the text of the last frame that was parsed.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    key: Option<ChannelKey>,
    /// Up to and with the opening quote.
    before: Vec<u8>,
    /// From the closing quote on.
    after: Vec<u8>,
    misses: u32,
}

impl Envelope {
    /// Reads `data` if it has this envelope; false if it must be parsed, for which the envelope makes way.
    pub fn read(&mut self, data: &[u8], sink: &mut Sink) -> bool {
        let Some(key) = self.key else { return false };
        match self.inner(data) {
            Some(inner) => {
                let text = &inner[1..inner.len() - 1];
                if memchr2(b'"', b'\\', text).is_none() {
                    self.misses = 0;
                    sink.add(key, text);
                    return true;
                }
                // Escapes are undone by the parser; a quote that ends the string early makes it refuse the rest.
                if let Ok(text) = serde_json::from_slice::<Text<'_>>(inner) {
                    self.misses = 0;
                    sink.add(key, text.bytes());
                    return true;
                }
            }
            None => self.misses = self.misses.saturating_add(1),
        }
        self.key = None;
        false
    }

    /// The string with its quotes.
    fn inner<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        let (start, end) = (self.before.len() - 1, data.len().checked_sub(self.after.len())? + 1);
        (start + 2 <= end && data.starts_with(&self.before) && data.ends_with(&self.after)).then(|| &data[start..end])
    }

    /// Learns from a parsed frame whose only words were `text`, a part of `data` as it stands there, on channel `key`.
    pub fn learn(&mut self, key: ChannelKey, text: &Text<'_>, data: &[u8]) {
        if self.misses > PATIENCE && !self.misses.is_multiple_of(PATIENCE) {
            self.misses += 1;
            return;
        }
        let Some(range) = text.range_in(data) else { return };
        if data.get(range.start.wrapping_sub(1)) != Some(&b'"') || data.get(range.end) != Some(&b'"') {
            return;
        }
        self.key = Some(key);
        self.before.clear();
        self.before.extend_from_slice(&data[..range.start]);
        self.after.clear();
        self.after.extend_from_slice(&data[range.end..]);
    }
}
