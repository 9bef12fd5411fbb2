//! AWS event-stream messages: a prelude of lengths, typed headers, a payload, and a checksum of each.
//!
//! ```text
//! u32 total length · u32 headers length · u32 CRC of these 8 bytes · headers · payload · u32 CRC of all before
//! header: u8 name length, name, u8 type, value (type 7: u16 length, string)
//! ```
//!
//! A message whose checksum is wrong is a damaged frame. If the prelude itself is wrong its lengths mean nothing, and the damage
//! ends where the next prelude with a right checksum begins.

use super::{Payload, RawFrame, RawKind, Span};

mod crc32;
mod write;

pub use crc32::Crc32;
pub use write::{with_payload, write};

const PRELUDE: usize = 12;
/// Lengths that are no longer credible; the format allows 16 MiB of payload and 128 KiB of headers.
const LONGEST: u32 = 32 << 20;

/// Cuts a growing body into messages.
#[derive(Debug, Clone)]
pub struct EventStreamFramer {
    /// First byte of the message being read.
    start: usize,
    /// Everything before this was tried as a prelude, while the message being read has none.
    tried: usize,
    limit: u64,
}

impl EventStreamFramer {
    /// A framer for a body that begins at offset `start` of the arena; data of messages over `limit` bytes is not read.
    pub fn new(start: usize, limit: u64) -> EventStreamFramer {
        EventStreamFramer { start, tried: start, limit }
    }

    /// The next complete message of `body`, or `None` until there are more bytes.
    pub fn next(&mut self, body: &[u8]) -> Option<RawFrame> {
        while let Some(head) = body[self.tried..].first_chunk::<PRELUDE>() {
            let Some((total, headers)) = lengths(head) else {
                self.tried += 1;
                continue;
            };
            if self.tried > self.start {
                // Bytes that are no message lie before this prelude.
                return Some(self.damaged(self.tried));
            }
            let end = self.start + total;
            if body.len() < end {
                return None;
            }
            let message = &body[self.start..end];
            let (content, sum) = message.split_at(total - 4);
            if Crc32::of(content).to_be_bytes() != sum {
                return Some(self.damaged(end));
            }
            let frame = self.message(content, headers);
            (self.start, self.tried) = (end, end);
            return Some(frame);
        }
        None
    }

    /// What is left when the body ends inside a message.
    pub fn finish(&mut self, body: &[u8]) -> Option<RawFrame> {
        (self.start < body.len()).then(|| RawFrame { unterminated: true, ..self.damaged(body.len()) })
    }

    fn damaged(&mut self, end: usize) -> RawFrame {
        let start = std::mem::replace(&mut self.start, end);
        self.tried = end;
        RawFrame { start: start as u64, end: end as u64, kind: RawKind::Damaged, unterminated: false, payload: Payload::None }
    }

    fn message(&self, content: &[u8], headers: usize) -> RawFrame {
        let at = |span: Span| Span { start: self.start + span.start, end: self.start + span.end };
        let mut data = Span { start: PRELUDE + headers, end: content.len() };
        let (mut kind, mut event) = (Span::default(), Span::default());
        for (name, value) in strings(&content[..PRELUDE + headers]) {
            match name.of(content) {
                b":message-type" => kind = at(value),
                b":event-type" | b":exception-type" | b":error-code" => event = at(value),
                // An error that no model of the service knows has no payload.
                b":error-message" if data.start == data.end => data = value,
                _ => {}
            }
        }
        let frame = RawFrame {
            start: self.start as u64,
            end: (self.start + content.len() + 4) as u64,
            kind: RawKind::Data,
            unterminated: false,
            payload: Payload::Message { kind, event, data: at(data) },
        };
        if frame.end - frame.start > self.limit {
            return RawFrame { kind: RawKind::TooLarge, payload: Payload::None, ..frame };
        }
        frame
    }
}

/// Total and header lengths of a prelude whose checksum is right.
fn lengths(head: &[u8; PRELUDE]) -> Option<(usize, usize)> {
    let [t0, t1, t2, t3, h0, h1, h2, h3, c0, c1, c2, c3] = *head;
    let (total, headers) = (u32::from_be_bytes([t0, t1, t2, t3]), u32::from_be_bytes([h0, h1, h2, h3]));
    let fits = total <= LONGEST && u64::from(headers) + PRELUDE as u64 + 4 <= u64::from(total);
    (fits && Crc32::of(&head[..8]) == u32::from_be_bytes([c0, c1, c2, c3])).then_some((total as usize, headers as usize))
}

/// Names and values of the string headers that end `head`; a header that does not fit ends them.
fn strings(head: &[u8]) -> impl Iterator<Item = (Span, Span)> + use<'_> {
    let mut at = PRELUDE;
    std::iter::from_fn(move || {
        loop {
            let name = Span { start: at + 1, end: at + 1 + usize::from(*head.get(at)?) };
            let kind = *head.get(name.end)?;
            let value = name.end + 1;
            // Lengths of the types: two booleans, byte, short, int, long, bytes, string, time, uuid.
            let (skip, len) = match kind {
                0 | 1 => (0, 0),
                2 => (0, 1),
                3 => (0, 2),
                4 => (0, 4),
                5 | 8 => (0, 8),
                6 | 7 => (2, usize::from(u16::from_be_bytes([*head.get(value)?, *head.get(value + 1)?]))),
                9 => (0, 16),
                _ => return None,
            };
            let span = Span { start: value + skip, end: value + skip + len };
            head.get(span.start..span.end)?;
            at = span.end;
            if kind == 7 {
                return Some((name, span));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = (RawKind, bool, String, String, String);

    fn check(body: &[u8], expected: &[(RawKind, bool, &str, &str, &str)]) {
        for step in [1, 5, body.len().max(1)] {
            let mut framer = EventStreamFramer::new(0, 1 << 20);
            let mut found = Vec::new();
            let mut at = 0;
            while at < body.len() {
                at = (at + step).min(body.len());
                found.extend(std::iter::from_fn(|| framer.next(&body[..at])));
            }
            found.extend(framer.finish(body));
            let word = |span: Span| String::from_utf8_lossy(span.of(body)).into_owned();
            let found: Vec<Seen> = found
                .iter()
                .map(|frame| match frame.payload {
                    Payload::Message { kind, event, data } => (frame.kind, frame.unterminated, word(kind), word(event), word(data)),
                    _ => (frame.kind, frame.unterminated, String::new(), String::new(), String::new()),
                })
                .collect();
            let expected: Vec<Seen> = expected
                .iter()
                .map(|(kind, unterminated, message, event, data)| {
                    (*kind, *unterminated, (*message).to_owned(), (*event).to_owned(), (*data).to_owned())
                })
                .collect();
            assert_eq!(found, expected, "in steps of {step}");
        }
    }

    fn two() -> Vec<u8> {
        let mut body = Vec::new();
        write("event", "chunk", b"{\"a\":1}", &mut body);
        write("exception", "throttlingException", b"{}", &mut body);
        body
    }

    const FIRST: (RawKind, bool, &str, &str, &str) = (RawKind::Data, false, "event", "chunk", "{\"a\":1}");
    const SECOND: (RawKind, bool, &str, &str, &str) = (RawKind::Data, false, "exception", "throttlingException", "{}");
    const DAMAGED: (RawKind, bool, &str, &str, &str) = (RawKind::Damaged, false, "", "", "");

    #[test]
    fn messages_are_cut_and_their_headers_read() {
        check(&two(), &[FIRST, SECOND]);
    }

    #[test]
    fn a_wrong_checksum_costs_its_message_only() {
        let mut body = two();
        body[40] ^= 1;
        check(&body, &[DAMAGED, SECOND]);
        let mut body = two();
        body[3] ^= 1;
        check(&body, &[DAMAGED, SECOND]);
        let mut body = two();
        body.splice(0..0, *b"junk");
        check(&body, &[DAMAGED, FIRST, SECOND]);
    }

    #[test]
    fn a_cut_message_is_a_frame() {
        let body = two();
        check(&body[..body.len() - 3], &[FIRST, (RawKind::Damaged, true, "", "", "")]);
        check(b"\0\0", &[(RawKind::Damaged, true, "", "", "")]);
    }
}
