//! A block's bytes read again, for detectors, inspectors and the frames whose ranges do not say it all.

use std::borrow::Cow;

use memchr::{memchr2, memrchr2};

use crate::core::dialect::FrameView;

/// One line of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name; empty for a comment.
    pub name: &'a [u8],
    /// Its value, without the colon and one space; a comment keeps the space.
    pub value: &'a [u8],
}

/// The lines of a block that are not blank, in order.
pub fn fields(block: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = block;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let line = &rest[..end];
            rest = &rest[(end + 1).min(rest.len())..];
            if !line.is_empty() {
                return Some(field(line));
            }
        }
    })
}

fn field(line: &[u8]) -> Field<'_> {
    match memchr::memchr(b':', line) {
        None => Field { name: line, value: b"" },
        Some(0) => Field { name: b"", value: &line[1..] },
        Some(colon) => {
            let value = &line[colon + 1..];
            Field { name: &line[..colon], value: value.strip_prefix(b" ").unwrap_or(value) }
        }
    }
}

/// Where byte `offset` of a block's data, its lines joined, stands in the block.
pub fn place_of(block: &[u8], offset: usize) -> usize {
    let (mut left, mut end) = (offset, 0);
    for Field { value, .. } in fields(block).filter(|field| field.name == b"data") {
        // The value is a part of the block, or an empty string where the line has no colon.
        let start = (value.as_ptr() as usize).wrapping_sub(block.as_ptr() as usize);
        let start = if start <= block.len() { start } else { end };
        if left <= value.len() {
            return start + left;
        }
        left -= value.len() + 1;
        end = start + value.len();
    }
    end
}

/// The meaning of a block's fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block<'a> {
    /// Event name, empty if none.
    pub event: &'a [u8],
    /// Id, or `None` if the block sets none (an id with a NUL sets none).
    pub id: Option<&'a [u8]>,
    /// Data lines joined by LF, or `None` if there is none and the block is not dispatched.
    pub data: Option<Cow<'a, [u8]>>,
    /// Reconnection time in milliseconds, if the block sets a valid one.
    pub retry: Option<u64>,
}

impl<'a> Block<'a> {
    /// Reads a block's bytes.
    pub fn read(bytes: &'a [u8]) -> Block<'a> {
        let mut block = Block::default();
        for Field { name, value } in fields(bytes) {
            match name {
                b"event" => block.event = value,
                b"id" if !value.contains(&0) => block.id = Some(value),
                b"retry" => block.retry = number(value).or(block.retry),
                b"data" => {
                    block.data = Some(match block.data.take() {
                        None => Cow::Borrowed(value),
                        Some(mut data) => {
                            let joined = data.to_mut();
                            joined.push(b'\n');
                            joined.extend_from_slice(value);
                            data
                        }
                    });
                }
                _ => {}
            }
        }
        block
    }

    /// The block as a dialect sees it.
    pub fn view(&self) -> FrameView<'_> {
        FrameView { event: self.event, id: self.id.unwrap_or_default(), data: self.data.as_deref().unwrap_or_default() }
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// What a browser keeps over the blocks of a stream: the id of the last event and the reconnection time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dispatch {
    /// The last event id; blocks without an id inherit it.
    pub last_event_id: Vec<u8>,
    /// The last valid reconnection time in milliseconds.
    pub retry: Option<u64>,
}

impl Dispatch {
    /// Takes in a block. The id counts once the block is complete, a reconnection time as soon as its line is.
    pub fn take(&mut self, bytes: &[u8], unterminated: bool) {
        let lines = if unterminated { memrchr2(b'\n', b'\r', bytes).map_or(0, |end| end + 1) } else { bytes.len() };
        let block = Block::read(&bytes[..lines]);
        self.retry = block.retry.or(self.retry);
        if let Some(id) = block.id.filter(|_| !unterminated) {
            self.last_event_id.clear();
            self.last_event_id.extend_from_slice(id);
        }
    }
}
