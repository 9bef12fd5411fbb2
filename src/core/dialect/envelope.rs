//! The constant envelope of a stream's text frames, learned from one frame and skipped in those after it.
//!
//! Frames of one stream mostly differ in a few places only: the text, and perhaps a stamp, a sequence number or padding. A frame
//! that has the same bytes as the learned one everywhere else is read without parsing, because the JSON around these holes, and
//! so everything else the reader would say, is the same. Any frame that is parsed teaches the envelope anew or clears it, so a
//! reader's state cannot have changed since.

use std::ops::Range;

use memchr::memchr2;

use super::{Sink, json::Text};
use crate::core::reading::{ChannelKey, Identity};

/// After this many misses in a row, only every so many frames are learned: this stream's envelope is not constant.
const PATIENCE: u32 = 8;

/// A place in which frames may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hole {
    /// Inside of the string that is the text.
    Text,
    /// Inside of a string that says nothing.
    Padding,
    /// Inside of a string that the reader looks at itself, with [`Envelope::name`].
    Name,
    /// Inside of a string that `stamp` reads as the frame's identity.
    Stamp,
    /// A run of digits that is the frame's identity.
    Number,
    /// A run of digits that says nothing.
    Digits,
    /// Spaces between two tokens.
    Blank,
}

/// What surrounded the text of the last frame that was parsed.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    key: Option<ChannelKey>,
    /// All constant pieces in order: one before each hole, one after the last.
    fixed: Vec<u8>,
    /// The holes in order, each with the end of the piece before it in `fixed`.
    holes: Vec<(Hole, usize)>,
    misses: u32,
    /// Where the name stands in the frame read last.
    name: Option<Range<usize>>,
}

/// What stands in the holes of a frame.
struct Fit<'a> {
    /// The text with its quotes.
    text: &'a [u8],
    identity: Option<Identity>,
    name: Option<Range<usize>>,
}

impl Envelope {
    /// Reads `data` if it has this envelope; false if it must be parsed, for which the envelope makes way.
    pub fn read(&mut self, data: &[u8], sink: &mut Sink) -> bool {
        let Some(key) = self.key else { return false };
        // A frame without text is no delta but something else, and only its reader knows what.
        if let Some(Fit { text: inner, identity, name }) = self.fit(data).filter(|fit| fit.text.len() > 2) {
            let text = &inner[1..inner.len() - 1];
            if memchr::memchr(b'\\', text).is_none() {
                sink.add(key, text);
            } else if let Ok(text) = serde_json::from_slice::<Text<'_>>(inner) {
                sink.add(key, text.bytes());
            } else {
                self.key = None;
                return false;
            }
            self.misses = 0;
            self.name = name;
            sink.identity = identity;
            return true;
        }
        self.misses = self.misses.saturating_add(1);
        self.key = None;
        false
    }

    /// What stands in the frame that was read last, `data`, as its name.
    pub fn name<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        self.name.clone().and_then(|range| data.get(range)).unwrap_or_default()
    }

    /// What stands in the holes, if `data` differs there only.
    fn fit<'a>(&self, data: &'a [u8]) -> Option<Fit<'a>> {
        let (mut at, mut from) = (0, 0);
        let (mut text, mut identity, mut name) = (None, None, None);
        for (hole, end) in &self.holes {
            let piece = &self.fixed[std::mem::replace(&mut from, *end)..*end];
            let rest = data.get(at..)?.strip_prefix(piece)?;
            at += piece.len();
            let len = match hole {
                Hole::Text => {
                    let len = string(rest)?;
                    text = Some(at - 1..at + len + 1);
                    len
                }
                Hole::Padding => plain(rest)?,
                Hole::Name => {
                    let len = plain(rest)?;
                    name = Some(at..at + len);
                    len
                }
                Hole::Stamp => {
                    let len = plain(rest)?;
                    identity = super::stamp::nanos(&rest[..len]).map(Identity::time);
                    len
                }
                Hole::Number | Hole::Digits => {
                    let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    let number = number(&rest[..len])?;
                    identity = if *hole == Hole::Number { Some(Identity::sequence(number)) } else { identity };
                    len
                }
                Hole::Blank => rest.iter().take_while(|byte| **byte == b' ').count(),
            };
            at += len;
        }
        (data.get(at..)? == &self.fixed[from..]).then_some(Fit { text: &data[text?], identity, name })
    }

    /// Learns from a parsed frame whose only words were `text`, a part of `data` as it stands there, on channel `key`; `others`
    /// are the further places that may differ, each a part of `data` too.
    pub fn learn<const N: usize>(
        &mut self,
        key: ChannelKey,
        text: &Text<'_>,
        data: &[u8],
        others: [(Hole, Option<Range<usize>>); N],
    ) {
        if self.misses > PATIENCE && !self.misses.is_multiple_of(PATIENCE) {
            self.misses += 1;
            return;
        }
        let Some(text) = text.range_in(data) else { return };
        self.holes.clear();
        self.fixed.clear();
        let mut from = 0;
        // The few holes are taken in the order in which they stand.
        while let Some((hole, range)) = std::iter::once((Hole::Text, &text))
            .chain(others.iter().filter_map(|(hole, range)| Some((*hole, range.as_ref()?))))
            .filter(|(hole, range)| {
                let digits = matches!(hole, Hole::Number | Hole::Digits);
                !digits || data.get(Range::clone(range)).is_some_and(|bytes| bytes.iter().all(u8::is_ascii_digit))
            })
            .filter(|(_, range)| range.start >= from && range.end <= data.len() && range.end > from)
            .min_by_key(|(_, range)| range.start)
        {
            let quoted = data.get(range.start.wrapping_sub(1)) == Some(&b'"') && data.get(range.end) == Some(&b'"');
            if !quoted && !matches!(hole, Hole::Number | Hole::Digits | Hole::Blank) {
                return;
            }
            self.fixed.extend_from_slice(&data[from..range.start]);
            self.holes.push((hole, self.fixed.len()));
            // One past the end, so that an empty hole is not taken again; no two holes touch.
            from = range.end;
            if range.is_empty() {
                self.fixed.push(data[from]);
                from += 1;
            }
        }
        self.fixed.extend_from_slice(&data[from..]);
        if self.holes.iter().any(|(hole, _)| *hole == Hole::Text) {
            self.key = Some(key);
        }
    }
}

/// Where the spaces before the last `}` of `data` stand, the padding of some providers.
pub(super) fn blank_end(data: &[u8]) -> Option<Range<usize>> {
    let end = data.strip_suffix(b"}")?.len();
    let blank = data[..end].iter().rev().take_while(|byte| **byte == b' ').count();
    Some(end - blank..end)
}

/// Length of the inside of a JSON string that begins before `rest`.
fn string(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', rest.get(at..)?)?;
        if rest[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Length of the inside of a JSON string without escapes that begins before `rest`.
fn plain(rest: &[u8]) -> Option<usize> {
    memchr2(b'"', b'\\', rest).filter(|end| rest[*end] == b'"')
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.len() > 1 && digits[0] == b'0' {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}
