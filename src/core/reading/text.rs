//! Delta bytes to valid UTF-8: halves of characters are joined across deltas, the rest is replaced as Unicode advises.

use std::collections::BTreeMap;

use super::{ChannelKey, Note};

/// A character is at most four bytes, so three of them may be waiting.
const MOST_PENDING: usize = 3;

/// First halves that still wait for their second one, by channel. Mostly empty.
#[derive(Debug, Default)]
pub(super) struct Pending {
    halves: BTreeMap<ChannelKey, Half>,
    /// How many halves there were so far, to tell their order.
    count: u64,
}

#[derive(Debug, Clone, Copy)]
struct Half {
    bytes: [u8; MOST_PENDING],
    len: u8,
    number: u64,
}

impl Half {
    fn of(bytes: &[u8], number: u64) -> Half {
        let mut half = Half { bytes: [0; MOST_PENDING], len: bytes.len() as u8, number };
        half.bytes[..bytes.len()].copy_from_slice(bytes);
        half
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl Pending {
    /// Appends one delta's bytes to `text` as valid UTF-8; `note` hears what was joined and replaced.
    pub fn append(&mut self, key: ChannelKey, snapshot: bool, bytes: &[u8], text: &mut String, note: impl FnMut(Note)) {
        if (self.halves.is_empty() || snapshot)
            && let Ok(valid) = std::str::from_utf8(bytes)
        {
            text.push_str(valid);
            return;
        }
        self.append_slowly(key, snapshot, bytes, text, note);
    }

    #[cold]
    fn append_slowly(&mut self, key: ChannelKey, snapshot: bool, bytes: &[u8], text: &mut String, mut note: impl FnMut(Note)) {
        let waiting = if snapshot { None } else { self.halves.remove(&key) };
        let mut joined = Vec::new();
        let input = match waiting {
            Some(half) => {
                joined.extend_from_slice(half.bytes());
                joined.extend_from_slice(bytes);
                joined.as_slice()
            }
            None => bytes,
        };
        let keep = if snapshot { 0 } else { unfinished_suffix(input) };
        let (input, rest) = input.split_at(input.len() - keep);
        if keep > 0 {
            self.halves.insert(key, Half::of(rest, self.count));
            self.count += 1;
        }
        if waiting.is_some_and(|half| first_char_len(input) > usize::from(half.len)) {
            note(Note::JoinedSurrogate);
        }
        let replaced = decode(input, text);
        if replaced > 0 {
            note(Note::Replaced(replaced));
        }
    }

    /// Forgets all halves, giving the channels that each lose one, in order of arrival.
    pub fn take(&mut self) -> Vec<ChannelKey> {
        let mut lost: Vec<(u64, ChannelKey)> =
            std::mem::take(&mut self.halves).into_iter().map(|(key, half)| (half.number, key)).collect();
        lost.sort_unstable();
        lost.into_iter().map(|(_, key)| key).collect()
    }
}

/// The code unit of a surrogate in WTF-8 at the start of `bytes`.
fn surrogate(bytes: &[u8]) -> Option<u32> {
    match bytes {
        [0xED, second @ 0xA0..=0xBF, third @ 0x80..=0xBF, ..] => {
            Some(0xD000 | (u32::from(*second) & 0x3F) << 6 | (u32::from(*third) & 0x3F))
        }
        _ => None,
    }
}

/// The pair of surrogates at the start of `bytes` as one character.
fn pair(bytes: &[u8]) -> Option<char> {
    let high = surrogate(bytes).filter(|unit| (0xD800..0xDC00).contains(unit))?;
    let low = surrogate(bytes.get(3..)?).filter(|unit| (0xDC00..0xE000).contains(unit))?;
    char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
}

/// Length of the character at the start of `bytes`, zero if there is no whole one.
fn first_char_len(bytes: &[u8]) -> usize {
    if pair(bytes).is_some() {
        return 6;
    }
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    valid.chars().next().map_or(0, char::len_utf8)
}

/// Appends `bytes` to `text`; returns how many replacement characters that took.
fn decode(mut bytes: &[u8], text: &mut String) -> u32 {
    let mut replaced = 0;
    loop {
        let error = match std::str::from_utf8(bytes) {
            Ok(valid) => {
                text.push_str(valid);
                return replaced;
            }
            Err(error) => error,
        };
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        text.push_str(std::str::from_utf8(valid).unwrap_or_default());
        let skip = if let Some(joined) = pair(rest) {
            text.push(joined);
            6
        } else {
            text.push(char::REPLACEMENT_CHARACTER);
            replaced += 1;
            // A lone surrogate is one escape, so it becomes one replacement, not three.
            if surrogate(rest).is_some() { 3 } else { error.error_len().unwrap_or(rest.len()) }
        };
        bytes = &rest[skip..];
    }
}

/// How many bytes at the end of `bytes` may begin a character that goes on: a high surrogate or an incomplete sequence.
fn unfinished_suffix(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    if surrogate(tail).is_some_and(|unit| unit < 0xDC00) { 3 } else { incomplete_suffix(tail) }
}

/// How many bytes at the end of `tail` (three suffice) begin a UTF-8 sequence without ending it.
pub(super) fn incomplete_suffix(tail: &[u8]) -> usize {
    (1..=tail.len().min(3))
        .find(|len| {
            let suffix = &tail[tail.len() - len..];
            matches!(std::str::from_utf8(suffix), Err(error) if error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::reading::Channel;

    const KEY: ChannelKey = ChannelKey { choice: 0, block: 0, channel: Channel::Text };

    fn check(deltas: &[&[u8]], expected: &str, notes: &[Note], waiting: usize) {
        let mut pending = Pending::default();
        let (mut text, mut heard) = (String::new(), Vec::new());
        for delta in deltas {
            pending.append(KEY, false, delta, &mut text, |note| heard.push(note));
        }
        assert_eq!((text.as_str(), heard.as_slice(), pending.take().len()), (expected, notes, waiting), "{deltas:?}");
    }

    #[test]
    fn halves_are_joined_and_the_rest_replaced() {
        const HIGH: &[u8] = b"\xED\xA0\xBD";
        const LOW: &[u8] = b"\xED\xB8\x80";
        check(&[b"a", "ü".as_bytes()], "aü", &[], 0);
        check(&[HIGH, LOW], "😀", &[Note::JoinedSurrogate], 0);
        check(&[b"a\xED\xA0\xBD", b"\xED\xB8\x80b"], "a😀b", &[Note::JoinedSurrogate], 0);
        check(&[HIGH, b"x"], "\u{fffd}x", &[Note::Replaced(1)], 0);
        check(&[HIGH], "", &[], 1);
        check(&[LOW, b"x"], "\u{fffd}x", &[Note::Replaced(1)], 0);
        check(&[HIGH, HIGH, LOW], "\u{fffd}😀", &[Note::Replaced(1), Note::JoinedSurrogate], 0);
        check(&[b"\xE4\xBD", b"\xA0!"], "你!", &[Note::JoinedSurrogate], 0);
        check(&[b"\xF0\x9F", b"\x98", b"\x80"], "😀", &[Note::JoinedSurrogate], 0);
        check(&[b"\xFFa\xC0\x80"], "\u{fffd}a\u{fffd}\u{fffd}", &[Note::Replaced(3)], 0);
    }

    #[test]
    fn incomplete_sequences_at_the_end_are_seen() {
        for (bytes, expected) in
            [(&b"abc"[..], 0), (b"\xE4", 1), (b"a\xE4\xBD", 2), (b"\xF0\x9F\x98", 3), (b"\xE4\xBD\xA0", 0), (b"\xFF", 0)]
        {
            assert_eq!(incomplete_suffix(bytes), expected, "{bytes:?}");
        }
    }
}
