//! Newline-delimited JSON: one value a line, blank lines skipped.

use memchr::memchr;

use super::{Payload, RawFrame, RawKind, Span};

/// Cuts a growing body into lines.
#[derive(Debug, Clone)]
pub struct NdjsonFramer {
    line: usize,
    scanned: usize,
    limit: u64,
}

impl NdjsonFramer {
    /// A framer for a body that begins at offset `start` of the arena; data of lines over `limit` bytes is not read.
    pub fn new(start: usize, limit: u64) -> NdjsonFramer {
        NdjsonFramer { line: start, scanned: start, limit }
    }

    /// The next complete line that is not blank, or `None` until there are more bytes.
    pub fn next(&mut self, body: &[u8]) -> Option<RawFrame> {
        while let Some(offset) = memchr(b'\n', &body[self.scanned..]) {
            let (start, end) = (self.line, self.scanned + offset + 1);
            (self.line, self.scanned) = (end, end);
            if let Some(frame) = line(body, start, end, self.limit, false) {
                return Some(frame);
            }
        }
        self.scanned = body.len();
        None
    }

    /// The last line, if it has no newline.
    pub fn finish(&mut self, body: &[u8]) -> Option<RawFrame> {
        let start = std::mem::replace(&mut self.line, body.len());
        line(body, start, body.len(), self.limit, true)
    }
}

/// The frame of one value in `start..end`, without the white space before it; `None` if that is all there is.
pub(super) fn line(body: &[u8], start: usize, end: usize, limit: u64, unterminated: bool) -> Option<RawFrame> {
    let bytes = &body[start..end];
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let start = end - bytes.len();
    let len = bytes.trim_ascii_end().len();
    if len == 0 {
        return None;
    }
    let too_large = bytes.len() as u64 > limit;
    Some(RawFrame {
        start: start as u64,
        end: end as u64,
        kind: if too_large { RawKind::TooLarge } else { RawKind::Data },
        unterminated,
        payload: if too_large {
            Payload::None
        } else {
            Payload::Plain { event: Span::default(), id: Span::default(), data: Span { start, end: start + len } }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(body: &[u8], step: usize) -> Vec<(u64, u64, bool)> {
        let mut framer = NdjsonFramer::new(0, 1 << 20);
        let mut found = Vec::new();
        let mut at = 0;
        while at < body.len() {
            at = (at + step).min(body.len());
            while let Some(frame) = framer.next(&body[..at]) {
                found.push((frame.start, frame.end, frame.unterminated));
            }
        }
        found.extend(framer.finish(body).map(|frame| (frame.start, frame.end, frame.unterminated)));
        found
    }

    #[test]
    fn lines_have_ranges_and_blank_ones_are_skipped() {
        let body = b"\n{\"a\":1}\r\n  \n{\"b\":2}\n{\"c\"";
        for step in 1..=body.len() {
            assert_eq!(frames(body, step), [(1, 10, false), (13, 21, false), (21, 25, true)], "step {step}");
        }
    }
}
