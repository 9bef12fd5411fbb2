//! What kind of text a channel carries, followed byte by byte: a JSON value and whether it has closed, code fences.

use serde::de::IgnoredAny;

/// Follows a text that may be one JSON value, with whitespace around it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json {
    state: State,
    /// Where the value's last bracket ended it, or what showed that there is none.
    end: usize,
    /// Whether the value that closed is one, once it was asked.
    valid: Option<bool>,
}

/// Where a text that may be one JSON value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Only whitespace so far.
    #[default]
    NotBegun,
    /// Inside the top-level object or array.
    Open {
        /// Brackets open, at least 1.
        depth: u32,
        /// Inside a string.
        string: bool,
        /// The last character was a backslash inside a string.
        escape: bool,
    },
    /// The top-level value closed; only whitespace followed.
    Closed,
    /// It is not one JSON value; whether it began as one.
    No { begun: bool },
}

impl Json {
    /// True if the value began and has not closed.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Follows `text`, which begins at byte `from` of the whole; linear, and free once the answer is no.
    #[inline]
    pub fn feed(&mut self, text: &str, from: usize) {
        if !matches!(self.state, State::No { .. }) {
            self.follow(text, from);
        }
    }

    fn follow(&mut self, text: &str, from: usize) {
        for (at, byte) in text.bytes().enumerate() {
            self.state = match (self.state, byte) {
                (State::No { .. }, _) => return,
                (State::NotBegun | State::Closed, b' ' | b'\n' | b'\r' | b'\t') => continue,
                (State::NotBegun, b'{' | b'[') => State::Open { depth: 1, string: false, escape: false },
                (State::NotBegun, _) => State::No { begun: false },
                // The value that closed before is one all the same.
                (State::Closed, _) => State::No { begun: true },
                (State::Open { depth, string: true, escape }, byte) => match byte {
                    _ if escape => State::Open { depth, string: true, escape: false },
                    b'\\' => State::Open { depth, string: true, escape: true },
                    b'"' => State::Open { depth, string: false, escape: false },
                    _ => continue,
                },
                (State::Open { depth, .. }, byte) => match byte {
                    b'"' => State::Open { depth, string: true, escape: false },
                    b'{' | b'[' => State::Open { depth: depth.saturating_add(1), string: false, escape: false },
                    b'}' | b']' if depth == 1 => {
                        self.end = from + at + 1;
                        State::Closed
                    }
                    b'}' | b']' => State::Open { depth: depth - 1, string: false, escape: false },
                    _ => continue,
                },
            };
        }
    }

    /// True if the value has closed and only whitespace followed.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Its brackets balance, and it is no JSON for all that.
    pub fn refute(&mut self) {
        self.state = State::No { begun: false };
    }

    /// True if byte `at` of `text`, the whole, lies in the value that it begins with. Costs the value, once, if it has closed.
    pub fn holds(&mut self, text: &str, at: usize) -> bool {
        match self.state {
            State::Open { .. } => begins(text.trim_start()),
            State::Closed | State::No { begun: true } => {
                let value = text.get(..self.end).unwrap_or("");
                at < self.end && *self.valid.get_or_insert_with(|| serde_json::from_str::<IgnoredAny>(value).is_ok())
            }
            State::NotBegun | State::No { begun: false } => false,
        }
    }
}

/// True if what follows the first bracket of `text` can follow it in JSON.
fn begins(text: &str) -> bool {
    let (Some(bracket), rest) = (text.chars().next(), text.get(1..).unwrap_or("").trim_start()) else { return false };
    match rest.bytes().next() {
        None | Some(b'"') => true,
        Some(byte) if bracket == '[' => matches!(byte, b'{' | b'[' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'),
        Some(byte) => byte == b'}',
    }
}

/// Counts code fences on demand, each byte once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fences {
    counted: usize,
    fences: usize,
}

impl Fences {
    /// True if byte `at` of `text` lies inside a fence. `text` only ever grows, and so does `at`, but for the little that two runs
    /// share.
    pub fn inside(&mut self, text: &str, at: usize) -> bool {
        if at < self.counted {
            let again = memchr::memmem::find_iter(&text.as_bytes()[at..self.counted], MARK).count();
            return self.fences.wrapping_sub(again) % 2 == 1;
        }
        let bytes = &text.as_bytes()[..at];
        while let Some(found) = memchr::memmem::find(&bytes[self.counted..], MARK) {
            self.fences += 1;
            self.counted += found + MARK.len();
        }
        // A fence may be cut at the end of what was asked of: its first two ticks are looked at again.
        self.counted = self.counted.max(at.saturating_sub(MARK.len() - 1));
        self.fences % 2 == 1
    }
}

const MARK: &[u8] = b"```";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_closes_where_its_brackets_balance_outside_strings() {
        let rows = [
            ("", State::NotBegun),
            ("  \n", State::NotBegun),
            ("{\"a\": \"}\"", State::Open { depth: 1, string: false, escape: false }),
            ("{\"a\": \"\\\"}\"}", State::Closed),
            ("[{}, [1]]\n\n ", State::Closed),
            ("{} x", State::No { begun: true }),
            ("Sure: {}", State::No { begun: false }),
        ];
        for (text, expected) in rows {
            for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                let mut json = Json::default();
                json.feed(&text[..cut], 0);
                json.feed(&text[cut..], cut);
                assert_eq!(json.state, expected, "{text:?} cut at {cut}");
            }
        }
        let mut json = Json::default();
        let text = "[0, 0] and [1]";
        json.feed(text, 0);
        assert!(json.holds(text, 3) && !json.holds(text, 12));
        let mut title = Json::default();
        title.feed("[retry] refused", 0);
        assert!(!title.holds("[retry] refused", 3));
    }

    #[test]
    fn fences_are_counted_once_however_the_text_grows() {
        let text = "a ```rust\nlet x;\n``` b ``` c";
        let mut fences = Fences::default();
        let inside: Vec<bool> = (0..=text.len()).map(|end| fences.inside(text, end)).collect();
        assert!(fences.inside(text, 7) && !fences.inside(text, 20));
        assert!(!inside[4] && inside[5] && inside[16] && !inside[20] && inside[text.len()]);
    }
}
