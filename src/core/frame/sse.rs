//! Server-sent events, incrementally, with the byte range of every block.
//!
//! The rules are the WHATWG text's, and three more that a debugger needs: a comment at the start of a block is a frame of its
//! own (a keep-alive that must reach the clocks at once), a block without data is a frame though it is not dispatched, and so is
//! the block that the end of the body cut off.

use memchr::memchr2;

use super::{Payload, RawFrame, RawKind, Span};

mod block;

pub use block::{Block, Dispatch, Field, fields, place_of};

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Cuts a growing body into blocks.
#[derive(Debug, Clone)]
pub struct SseFramer {
    /// Where the body begins.
    origin: usize,
    /// First byte of the block being read; of the next line while there is none.
    block: usize,
    /// First byte of the line being read.
    line: usize,
    /// Everything before this was looked at.
    scanned: usize,
    /// A CR ended the last line: an LF here belongs to it.
    after_cr: bool,
    /// Whether a byte order mark may still come.
    at_start: bool,
    seen: Seen,
    limit: u64,
}

/// What the block being read has shown so far.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    fields: bool,
    data: Option<Span>,
    event: Span,
    id: Span,
    /// More than one data line: the ranges do not say it all.
    again: bool,
}

impl SseFramer {
    /// A framer for a body that begins at offset `start` of the arena; data of blocks over `limit` bytes is not read.
    pub fn new(start: usize, limit: u64) -> SseFramer {
        SseFramer {
            origin: start,
            block: start,
            line: start,
            scanned: start,
            after_cr: false,
            at_start: true,
            seen: Seen::default(),
            limit,
        }
    }

    /// The next complete block of `body`, or `None` until there are more bytes.
    pub fn next(&mut self, body: &[u8]) -> Option<RawFrame> {
        if self.at_start && !self.skip_bom(body, false) {
            return None;
        }
        loop {
            if self.after_cr && self.scanned < body.len() {
                self.after_cr = false;
                if body[self.scanned] == b'\n' {
                    self.scanned += 1;
                    self.line = self.scanned;
                    if !self.seen.fields {
                        self.block = self.line;
                    }
                }
            }
            // Every second line or so is the blank one that ends a block: one look is cheaper than a search.
            let end = match body.get(self.scanned) {
                Some(b'\n') => self.scanned,
                _ => match line_end(&body[self.scanned..]) {
                    Some(offset) => self.scanned + offset,
                    None => {
                        self.scanned = body.len();
                        return None;
                    }
                },
            };
            self.after_cr = body[end] == b'\r';
            let line = Span { start: self.line, end };
            self.line = end + 1;
            self.scanned = end + 1;
            if let Some(frame) = self.end_of_line(body, line, end + 1) {
                return Some(frame);
            }
        }
    }

    /// The block that the end of the body cut off, if it has a line at all.
    pub fn finish(&mut self, body: &[u8]) -> Option<RawFrame> {
        if self.at_start {
            self.skip_bom(body, true);
        }
        if self.line < body.len() && !(self.after_cr && &body[self.line..] == b"\n") {
            let line = Span { start: self.line, end: body.len() };
            self.line = body.len();
            if let Some(comment) = self.end_of_line(body, line, body.len()) {
                return Some(RawFrame { unterminated: true, ..comment });
            }
        }
        self.seen.fields.then(|| RawFrame { unterminated: true, ..self.frame(body.len()) })
    }

    /// Passes the byte order mark; false while the bytes so far could still become one.
    fn skip_bom(&mut self, body: &[u8], ended: bool) -> bool {
        let head = &body[self.origin..];
        let head = &head[..head.len().min(BOM.len())];
        if head.len() < BOM.len() && BOM.starts_with(head) && !ended {
            return false;
        }
        if head == BOM {
            let start = self.origin + BOM.len();
            (self.block, self.line, self.scanned) = (start, start, start);
        }
        self.at_start = false;
        true
    }

    /// Takes in one line without its end; `end` is one past the byte that ended it.
    #[inline]
    fn end_of_line(&mut self, body: &[u8], line: Span, end: usize) -> Option<RawFrame> {
        let bytes = line.of(body);
        match bytes.first() {
            None if self.seen.fields => return Some(self.frame(end)),
            None => self.block = end,
            Some(b':') if self.seen.fields => {}
            Some(b':') => {
                let frame = RawFrame { kind: RawKind::Comment, ..self.frame(end) };
                return Some(self.capped(frame));
            }
            Some(b'd') => {
                self.seen.fields = true;
                if let Some(value) = value_of(bytes, b"data") {
                    self.seen.again |= self.seen.data.is_some();
                    self.seen.data = Some(Span { start: line.end - value.len(), end: line.end });
                }
            }
            Some(b'e') => {
                self.seen.fields = true;
                if let Some(value) = value_of(bytes, b"event") {
                    self.seen.event = Span { start: line.end - value.len(), end: line.end };
                }
            }
            Some(b'i') => {
                self.seen.fields = true;
                // An id with a NUL sets none.
                if let Some(value) = value_of(bytes, b"id").filter(|value| !value.contains(&0)) {
                    self.seen.id = Span { start: line.end - value.len(), end: line.end };
                }
            }
            Some(_) => self.seen.fields = true,
        }
        None
    }

    /// Closes the block at `end`.
    fn frame(&mut self, end: usize) -> RawFrame {
        let seen = std::mem::take(&mut self.seen);
        let start = std::mem::replace(&mut self.block, end);
        let (kind, payload) = match seen.data {
            Some(_) if seen.again => (RawKind::Data, Payload::Block),
            Some(data) => (RawKind::Data, Payload::Plain { event: seen.event, id: seen.id, data }),
            None => (RawKind::Empty, Payload::None),
        };
        let frame = RawFrame { start: start as u64, end: end as u64, kind, unterminated: false, payload };
        self.capped(frame)
    }

    fn capped(&self, frame: RawFrame) -> RawFrame {
        if frame.end - frame.start > self.limit {
            RawFrame { kind: RawKind::TooLarge, payload: Payload::None, ..frame }
        } else {
            frame
        }
    }
}

/// Where the first line of `bytes` ends. Lines of other fields than `data` are short, and for them two words are quicker than a
/// search.
fn line_end(bytes: &[u8]) -> Option<usize> {
    const ONES: u128 = u128::from_le_bytes([1; WORD]);
    const WORD: usize = 16;
    let mut start = 0;
    while let Some(word) = bytes[start..].first_chunk::<WORD>().filter(|_| start < 2 * WORD) {
        let word = u128::from_le_bytes(*word);
        // The lowest high bit marks the first byte that equals `byte`; those above it may lie.
        let marks = |byte: u8| {
            let differs = word ^ (ONES * u128::from(byte));
            differs.wrapping_sub(ONES) & !differs & (ONES << 7)
        };
        match marks(b'\n') | marks(b'\r') {
            0 => start += WORD,
            found => return Some(start + found.trailing_zeros() as usize / 8),
        }
    }
    let rest = &bytes[start..];
    let end =
        if start < 2 * WORD { rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) } else { memchr2(b'\n', b'\r', rest) };
    end.map(|offset| start + offset)
}

/// The value of a line if its field is `name`: what follows the colon and one space, or nothing for the name alone.
#[inline]
fn value_of<'a, const N: usize>(line: &'a [u8], name: &[u8; N]) -> Option<&'a [u8]> {
    let (start, rest) = line.split_first_chunk::<N>()?;
    match rest {
        _ if start != name => None,
        [] => Some(rest),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_end_is_found_wherever_it_stands() {
        for at in 0..40 {
            for end in [b'\n', b'\r'] {
                // The neighbours of both bytes, and bytes with their high bit set.
                for other in [b'a', 0x09, 0x0B, 0x0C, 0x0E, 0x8A, 0x8D, 0x00, 0xFF] {
                    let mut bytes = vec![other; 44];
                    assert_eq!(line_end(&bytes), None);
                    bytes[at] = end;
                    bytes[at + 1] = b'\n';
                    bytes[43] = b'\r';
                    assert_eq!(line_end(&bytes), Some(at), "{bytes:?}");
                }
            }
        }
    }
}
