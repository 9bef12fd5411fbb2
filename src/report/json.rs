//! JSON that may be printed to a terminal: what a terminal would obey is escaped, which leaves the value the same.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::sanitise::is_unsafe;

/// `value` as one line of JSON, without the newline.
///
/// # Errors
/// When the value has no JSON form, such as a map with keys that are no strings.
pub fn to_json(value: &impl Serialize) -> serde_json::Result<String> {
    let mut out = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut out, Escaping))?;
    String::from_utf8(out).map_err(|error| serde_json::Error::io(io::Error::other(error)))
}

struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(place) = rest.find(is_unsafe) {
            writer.write_all(&rest.as_bytes()[..place])?;
            let mut chars = rest[place..].chars();
            if let Some(char) = chars.next() {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn escapes_change_the_spelling_and_never_the_value() {
        for text in ["plain", "\u{1b}[31m\u{9b}\u{7f}\u{202e}\u{e0041}\"\\\n", "größer 🙂 日本", ""] {
            let json = to_json(&text).unwrap();
            assert!(!json.contains(is_unsafe), "{json}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
