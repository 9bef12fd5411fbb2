//! growth: as soon as a delta begins with the whole text so far, the channel is taken to be cumulative and only what a delta
//! adds is passed on, until a delta neither extends nor repeats the text.
//!
//! Lengths count UTF-16 code units, as the system it comes from counts them. It passes a short exact repetition (so not the
//! original fault, a doubled `**`) and it corrupts an incremental stream in which one delta happens to begin with all text
//! so far (`B`, `Bonus`): content alone cannot decide.

use std::ops::Range;

use super::Loss;

/// Exact repetitions of at least this length mean a cumulative stream; shorter ones are ordinary text.
pub const MIN_REPEAT: usize = 64;

/// Text remembered of a channel that is not cumulative.
pub const WINDOW: usize = 1_024;

/// The state of one channel. `Default` is the beginning of a stream.
#[derive(Debug, Default)]
pub struct Growth {
    /// What deltas are compared with; at most its last append over [`WINDOW`], unless the channel is cumulative.
    baseline: String,
    /// Length of `baseline` in UTF-16 code units.
    known: usize,
    /// Length of all text so far in UTF-16 code units.
    total: usize,
    cumulative: bool,
}

impl Growth {
    /// Which bytes of `delta` are taken out, and why; always from its start.
    pub fn step(&mut self, delta: &str) -> Option<(Range<usize>, Loss)> {
        if delta.is_empty() {
            return None;
        }
        if self.baseline.is_empty() {
            self.restart(delta);
            return None;
        }
        if self.cumulative { self.follow(delta) } else { self.watch(delta) }
    }

    /// True while the channel is taken to be cumulative.
    pub fn cumulative(&self) -> bool {
        self.cumulative
    }

    /// Length of all text so far in UTF-16 code units.
    pub fn total(&self) -> usize {
        self.total
    }

    fn follow(&mut self, delta: &str) -> Option<(Range<usize>, Loss)> {
        if delta.starts_with(&self.baseline) {
            let known = self.baseline.len();
            let loss = if known == delta.len() { Loss::Repeated } else { Loss::Grown };
            self.extend(delta, known);
            return Some((0..known, loss));
        }
        if self.baseline.starts_with(delta) {
            return Some((0..delta.len(), Loss::Rewound));
        }
        self.cumulative = false;
        self.restart(delta);
        None
    }

    fn watch(&mut self, delta: &str) -> Option<(Range<usize>, Loss)> {
        if delta == self.baseline {
            if self.known >= MIN_REPEAT {
                self.cumulative = true;
                return Some((0..delta.len(), Loss::Repeated));
            }
            self.total += self.known;
            return None;
        }
        if delta.starts_with(&self.baseline) {
            let frozen = self.known >= WINDOW && self.total > self.known;
            let cut = if frozen { byte_at(delta, self.total) } else { Some(self.baseline.len()) };
            if let Some(cut) = cut {
                self.cumulative = true;
                self.extend(delta, self.baseline.len());
                return Some((0..cut, Loss::Grown));
            }
        }
        let len = utf16_len(delta);
        self.total += len;
        if self.known < WINDOW {
            self.baseline.push_str(delta);
            self.known += len;
        }
        None
    }

    fn restart(&mut self, delta: &str) {
        self.baseline.clear();
        self.known = 0;
        self.extend(delta, 0);
    }

    /// Makes `delta`, of which the baseline is the first `from` bytes, the baseline.
    fn extend(&mut self, delta: &str, from: usize) {
        self.baseline.push_str(&delta[from..]);
        self.known += utf16_len(&delta[from..]);
        self.total = self.known;
    }
}

fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The byte offset after `units` UTF-16 code units of `text`, or `None` if it is not longer than that.
fn byte_at(text: &str, units: usize) -> Option<usize> {
    let mut seen = 0;
    for (offset, character) in text.char_indices() {
        if seen >= units {
            return Some(offset);
        }
        seen += character.len_utf16();
    }
    None
}
