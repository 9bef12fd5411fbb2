//! What kind of text a channel carries, followed byte by byte: a JSON value and whether it has closed, code fences.

/// Where a text that may be one JSON value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Json {
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
    /// It is not one JSON value.
    No,
}

impl Json {
    /// Follows `text`; linear, and free once the answer is no.
    pub fn feed(&mut self, text: &str) {
        for byte in text.bytes() {
            *self = match (*self, byte) {
                (Json::No, _) => return,
                (Json::NotBegun | Json::Closed, b' ' | b'\n' | b'\r' | b'\t') => continue,
                (Json::NotBegun, b'{' | b'[') => Json::Open { depth: 1, string: false, escape: false },
                (Json::NotBegun | Json::Closed, _) => Json::No,
                (Json::Open { depth, string: true, escape }, byte) => match byte {
                    _ if escape => Json::Open { depth, string: true, escape: false },
                    b'\\' => Json::Open { depth, string: true, escape: true },
                    b'"' => Json::Open { depth, string: false, escape: false },
                    _ => continue,
                },
                (Json::Open { depth, .. }, byte) => match byte {
                    b'"' => Json::Open { depth, string: true, escape: false },
                    b'{' | b'[' => Json::Open { depth: depth.saturating_add(1), string: false, escape: false },
                    b'}' | b']' if depth == 1 => Json::Closed,
                    b'}' | b']' => Json::Open { depth: depth - 1, string: false, escape: false },
                    _ => continue,
                },
            };
        }
    }
}

/// Counts code fences on demand, each byte once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fences {
    counted: usize,
    fences: usize,
}

impl Fences {
    /// True if the end of `text` lies inside a fence. `text` only ever grows.
    pub fn inside(&mut self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut at = self.counted;
        while let Some(found) = memchr::memmem::find(&bytes[at..], b"```") {
            self.fences += 1;
            at += found + 3;
        }
        // A fence may be cut at the end of the text: its first two ticks are looked at again.
        self.counted = at.max(bytes.len().saturating_sub(2));
        self.fences % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_closes_where_its_brackets_balance_outside_strings() {
        let rows = [
            ("", Json::NotBegun),
            ("  \n", Json::NotBegun),
            ("{\"a\": \"}\"", Json::Open { depth: 1, string: false, escape: false }),
            ("{\"a\": \"\\\"}\"}", Json::Closed),
            ("[{}, [1]]\n\n ", Json::Closed),
            ("{} x", Json::No),
            ("Sure: {}", Json::No),
        ];
        for (text, expected) in rows {
            for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                let mut json = Json::default();
                json.feed(&text[..cut]);
                json.feed(&text[cut..]);
                assert_eq!(json, expected, "{text:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn fences_are_counted_once_however_the_text_grows() {
        let text = "a ```rust\nlet x;\n``` b ``` c";
        let mut fences = Fences::default();
        let inside: Vec<bool> = (0..=text.len()).map(|end| fences.inside(&text[..end])).collect();
        assert!(!inside[4] && inside[5] && inside[16] && !inside[20] && inside[text.len()]);
    }
}
