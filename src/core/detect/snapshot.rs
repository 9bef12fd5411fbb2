//! Typed snapshots against the deltas: most formats end with the whole text once more, which is a free oracle.
//!
//! A running hash and length of what came by deltas are kept for each channel, from the first snapshot of a stream on; texts are
//! compared only where those differ. So a stream without snapshots costs nothing, and one with many stays linear.

use std::collections::BTreeMap;

use crate::core::reading::{Channel, ChannelKey, DeltaId, FrameId, Reading};

/// Length and hash of a text, which do not depend on the pieces that it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest {
    len: u64,
    hash: u64,
}

impl Digest {
    /// The digest of `text`.
    pub fn of(text: &str) -> Digest {
        let mut digest = Digest::default();
        digest.add(text);
        digest
    }

    /// Adds text to the end.
    pub fn add(&mut self, text: &str) {
        self.len += text.len() as u64;
        for byte in text.bytes() {
            self.hash = self.hash.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(u64::from(byte) + 1);
        }
    }
}

/// What is known of one channel.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    /// What came by deltas so far.
    pub received: Digest,
    /// The last snapshot, and what had come by deltas when it came.
    pub snapshot: Option<(DeltaId, Digest)>,
}

/// The snapshots of one turn.
#[derive(Debug, Default)]
pub struct Snapshots {
    /// The first delta of the turn.
    begin: u32,
    /// Empty until the first snapshot.
    channels: BTreeMap<ChannelKey, Told>,
}

impl Snapshots {
    /// A turn begins with delta number `delta`.
    pub fn begin(delta: u32) -> Snapshots {
        Snapshots { begin: delta, channels: BTreeMap::new() }
    }

    /// True if no snapshot came in this turn.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    /// Follows the deltas of a frame, which `restates` something if one of them is a snapshot.
    #[inline]
    pub fn follow(&mut self, reading: &Reading, frame: FrameId, restates: bool) {
        if restates || !self.channels.is_empty() {
            self.follow_frame(reading, frame);
        }
    }

    fn follow_frame(&mut self, reading: &Reading, frame: FrameId) {
        let deltas = reading.deltas_of(frame);
        if self.channels.is_empty() {
            // The first of the turn: what came before is read now.
            self.feed(reading, self.begin..deltas.start);
        }
        self.feed(reading, deltas);
    }

    fn feed(&mut self, reading: &Reading, deltas: std::ops::Range<u32>) {
        for id in deltas.map(DeltaId) {
            let delta = reading.delta(id);
            let told = self.channels.entry(delta.key).or_default();
            if delta.snapshot {
                told.snapshot = Some((id, told.received));
            } else {
                told.received.add(delta.text);
            }
        }
    }

    /// The channels that have a snapshot, and what is known of them.
    pub fn told(&self) -> impl Iterator<Item = (ChannelKey, Told, DeltaId, Digest)> {
        self.channels.iter().filter_map(|(key, told)| told.snapshot.map(|(delta, then)| (*key, *told, delta, then)))
    }

    /// What came by deltas on each of these channels, in one pass over the turn's deltas up to number `end`.
    pub fn received(&self, reading: &Reading, keys: &[ChannelKey], end: u32) -> BTreeMap<ChannelKey, String> {
        let mut texts: BTreeMap<ChannelKey, String> = keys.iter().map(|key| (*key, String::new())).collect();
        for delta in (self.begin..end).map(|id| reading.delta(DeltaId(id))).filter(|delta| !delta.snapshot) {
            if let Some(text) = texts.get_mut(&delta.key) {
                text.push_str(delta.text);
            }
        }
        texts
    }
}

/// How a snapshot lies to what came by deltas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// They say the same, spaces at the ends apart, or the snapshot leaves something out that a snapshot may leave out.
    Agrees,
    /// Characters of the snapshot did not come: how many, and before which character of the deltas the first is missing.
    Short {
        /// How many.
        missing: usize,
        /// Where, in characters of the deltas.
        at: usize,
    },
    /// The deltas bring the snapshot's text so many times.
    Times(usize),
    /// They part at this character, and neither is part of the other.
    Parts(usize),
}

/// Compares a snapshot with what came by deltas; linear in both. Some servers give the whole text `after_prompt`, if asked to.
pub fn compare(received: &str, snapshot: &str, channel: Channel, after_prompt: bool) -> Compared {
    if after_prompt && snapshot.ends_with(received.trim()) {
        return Compared::Agrees;
    }
    if received.trim() == snapshot.trim() || same_json(received, snapshot, channel) {
        return Compared::Agrees;
    }
    let at = received.chars().zip(snapshot.chars()).take_while(|(one, two)| one == two).count();
    if let Some(missing) = missing(received, snapshot) {
        return Compared::Short { missing, at };
    }
    let times = received.len() / snapshot.len().max(1);
    if times >= 2 && (is_copies(received, snapshot) || contains_in_order(received, snapshot)) {
        return Compared::Times(times);
    }
    match contains_in_order(received, snapshot) {
        true => Compared::Agrees,
        false => Compared::Parts(at),
    }
}

/// Some write the arguments anew when they repeat them.
fn same_json(one: &str, two: &str, channel: Channel) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    channel == Channel::ToolArguments && read(one).is_some_and(|one| Some(one) == read(two))
}

/// How many characters `whole` has more than `part`, if it has all of `part` in order.
fn missing(part: &str, whole: &str) -> Option<usize> {
    contains_in_order(whole, part).then(|| whole.chars().count() - part.chars().count()).filter(|missing| *missing > 0)
}

fn contains_in_order(whole: &str, part: &str) -> bool {
    let mut rest = whole.chars();
    part.chars().all(|wanted| rest.any(|next| next == wanted))
}

fn is_copies(text: &str, unit: &str) -> bool {
    text.len().is_multiple_of(unit.len()) && text.as_bytes().chunks(unit.len()).all(|copy| copy == unit.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_do_not_depend_on_pieces() {
        let mut digest = Digest::default();
        ["He", "", "llo"].iter().for_each(|piece| digest.add(piece));
        assert_eq!(digest, Digest::of("Hello"));
        assert_ne!(digest, Digest::of("Hellp"));
        assert_ne!(Digest::of("\0"), Digest::of("\0\0"));
    }

    #[test]
    fn texts_are_compared() {
        let rows = [
            ("Hello", "Hello", Compared::Agrees),
            ("Hello\n", " Hello", Compared::Agrees),
            ("pasword", "password", Compared::Short { missing: 1, at: 3 }),
            ("Hel", "Hello", Compared::Short { missing: 2, at: 3 }),
            ("", "Hello", Compared::Short { missing: 5, at: 0 }),
            ("abab", "ab", Compared::Times(2)),
            ("HeHello", "Hello", Compared::Agrees),
            ("aabbcc", "abc", Compared::Times(2)),
            ("Hello [1] there", "Hello there", Compared::Agrees),
            ("forty-two", "forty three", Compared::Parts(5)),
        ];
        for (received, snapshot, expected) in rows {
            assert_eq!(compare(received, snapshot, Channel::Text, false), expected, "{received:?} {snapshot:?}");
        }
        assert_eq!(compare("{\"a\": 1}", "{\"a\":1}", Channel::ToolArguments, false), Compared::Agrees);
        assert_eq!(compare(" it is.", "How is it? it is.", Channel::Text, true), Compared::Agrees);
    }
}
