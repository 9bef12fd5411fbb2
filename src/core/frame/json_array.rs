//! One JSON array as the whole body, element by element while it grows: an element is a frame as soon as its braces balance.
//!
//! The brackets of the array and the commas between elements belong to no frame. Only strings and brackets are looked at, so an
//! element with other faults is still cut where it ends; what follows a string that never closes is one frame that the end cuts.

use memchr::memchr2;

use super::{RawFrame, ndjson};

/// Cuts a growing array into elements.
#[derive(Debug, Clone)]
pub struct JsonArrayFramer {
    scanned: usize,
    /// First byte of the element being read.
    element: Option<usize>,
    /// Open brackets of the element.
    depth: u64,
    in_string: bool,
    /// The array was opened and not closed.
    inside: bool,
    limit: u64,
}

impl JsonArrayFramer {
    /// A framer for a body that begins at offset `start` of the arena; data of elements over `limit` bytes is not read.
    pub fn new(start: usize, limit: u64) -> JsonArrayFramer {
        JsonArrayFramer { scanned: start, element: None, depth: 0, in_string: false, inside: false, limit }
    }

    /// The next complete element, or `None` until there are more bytes.
    pub fn next(&mut self, body: &[u8]) -> Option<RawFrame> {
        while self.scanned < body.len() {
            let at = self.scanned;
            if self.in_string {
                match memchr2(b'"', b'\\', &body[at..]) {
                    None => self.scanned = body.len(),
                    Some(offset) if body[at + offset] == b'\\' => {
                        if at + offset + 1 >= body.len() {
                            // What is escaped is still to come.
                            self.scanned = at + offset;
                            return None;
                        }
                        self.scanned = at + offset + 2;
                    }
                    Some(offset) => {
                        self.in_string = false;
                        self.scanned = at + offset + 1;
                    }
                }
                continue;
            }
            self.scanned = at + 1;
            match self.element {
                None => self.between(body[at], at),
                Some(start) => {
                    // What is blank to JSON's eyes alone is no frame, and more may stand behind it.
                    if let Some(end) = self.within(body[at], at)
                        && let Some(frame) = self.frame(body, start, end, false)
                    {
                        return Some(frame);
                    }
                }
            }
        }
        None
    }

    /// The element that the end of the body cut off, or what stands where no element can.
    pub fn finish(&mut self, body: &[u8]) -> Option<RawFrame> {
        let start = self.element?;
        self.frame(body, start, body.len(), true)
    }

    /// A byte between two elements.
    fn between(&mut self, byte: u8, at: usize) {
        match byte {
            b'[' if !self.inside => self.inside = true,
            b']' if self.inside => self.inside = false,
            b',' if self.inside => {}
            // The byte order mark is not white space, but as little an element.
            b' ' | b'\t' | b'\r' | b'\n' | 0xEF | 0xBB | 0xBF => {}
            _ => {
                self.element = Some(at);
                self.depth = 0;
                self.within(byte, at);
            }
        }
    }

    /// A byte of an element outside of strings; gives the element's end, if it ended.
    fn within(&mut self, byte: u8, at: usize) -> Option<usize> {
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth > 0 => {
                self.depth -= 1;
                return (self.depth == 0).then_some(at + 1);
            }
            // A number or word ends where the array goes on.
            b',' | b']' if self.depth == 0 && self.inside => {
                self.scanned = at;
                return Some(at);
            }
            _ => {}
        }
        None
    }

    fn frame(&mut self, body: &[u8], start: usize, end: usize, unterminated: bool) -> Option<RawFrame> {
        self.element = None;
        self.in_string = false;
        self.depth = 0;
        ndjson::line(body, start, end, self.limit, unterminated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &[(&str, bool)]) {
        for step in [1, 2, 3, 7, body.len()] {
            let mut framer = JsonArrayFramer::new(0, 1 << 20);
            let mut found = Vec::new();
            let mut at = 0;
            while at < body.len() {
                at = (at + step).min(body.len());
                found.extend(std::iter::from_fn(|| framer.next(&body.as_bytes()[..at])));
            }
            found.extend(framer.finish(body.as_bytes()));
            let found: Vec<(&str, bool)> =
                found.iter().map(|frame| (&body[frame.start as usize..frame.end as usize], frame.unterminated)).collect();
            assert_eq!(found, expected, "{body} in steps of {step}");
        }
    }

    #[test]
    fn elements_end_where_their_braces_balance() {
        check("[{\"a\": 1}\n,\r\n{\"b\": [2, {}]}\n]", &[("{\"a\": 1}", false), ("{\"b\": [2, {}]}", false)]);
        check("[]", &[]);
        check("[{\"a\":1},\x0c,{\"b\":2},\x0c]", &[("{\"a\":1}", false), ("{\"b\":2}", false)]);
        check(
            " [ {\"a\":\"}\\\"]\\\\\"} , 17,\"x\", null ]\n",
            &[("{\"a\":\"}\\\"]\\\\\"}", false), ("17", false), ("\"x\"", false), ("null ", false)],
        );
    }

    #[test]
    fn what_the_end_cut_off_is_a_frame() {
        check("[{\"a\":1},{\"b", &[("{\"a\":1}", false), ("{\"b", true)]);
        check("[{\"a\":1}] tail", &[("{\"a\":1}", false), ("tail", true)]);
        check("[{\"a\":\"\\", &[("{\"a\":\"\\", true)]);
    }
}
