//! String literals of a frame's data, found without a parser: what is around them need not be JSON.
//!
//! A cut keeps the source of every character that stays, escapes and all, so nothing is spelt anew.

use std::ops::Range;

use memchr::memchr2;

/// One string in double quotes that is no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Its bytes between the quotes.
    pub range: Range<usize>,
    /// The bytes of the key before it, empty in a list.
    pub key: Range<usize>,
}

/// Every string of `data` that is no key, in order.
pub fn literals(data: &[u8]) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut key = 0..0;
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'"', &data[at..]).map(|offset| at + offset) {
        let Some(end) = end_of(data, open + 1) else { break };
        let range = open + 1..end;
        at = end + 1;
        let follows = data[at..].iter().find(|byte| !byte.is_ascii_whitespace());
        if follows == Some(&b':') {
            key = range;
        } else {
            // The next one has the same key if it stands in the same list.
            found.push(Literal { range, key: key.clone() });
        }
    }
    found
}

/// The closing quote of the string whose first byte is at `start`.
pub(super) fn end_of(data: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let found = at + memchr2(b'"', b'\\', data.get(at..)?)?;
        if data[found] == b'"' {
            return Some(found);
        }
        at = found + 2;
    }
}

/// Characters of a string's source, each with the bytes that it stands for; halves of pairs that are alone stand for U+FFFD.
fn characters(source: &[u8]) -> impl Iterator<Item = (Range<usize>, Piece)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        let first = *source.get(at)?;
        if first != b'\\' {
            at += 1;
            return Some((start..at, Piece::byte(first)));
        }
        let escaped = source.get(at + 1).copied().unwrap_or(b'\\');
        at = (at + 2).min(source.len());
        let simple = match escaped {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let Some(unit) = hex(source, at) else { return Some((start..at, Piece::byte(b'u'))) };
                at += 4;
                let low = (source.get(at..at + 2) == Some(b"\\u")).then(|| hex(source, at + 2)).flatten();
                let char = match (unit, low) {
                    (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                        at += 6;
                        char::from_u32(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
                    }
                    _ => char::from_u32(unit),
                };
                return Some((start..at, Piece::char(char.unwrap_or(char::REPLACEMENT_CHARACTER))));
            }
            other => other,
        };
        Some((start..at, Piece::byte(simple)))
    })
}

fn hex(source: &[u8], at: usize) -> Option<u32> {
    let digits = source.get(at..at + 4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

/// What one character of the source stands for.
struct Piece {
    bytes: [u8; 4],
    len: usize,
}

impl Piece {
    fn byte(byte: u8) -> Piece {
        Piece { bytes: [byte, 0, 0, 0], len: 1 }
    }

    fn char(char: char) -> Piece {
        let mut bytes = [0; 4];
        let len = char.encode_utf8(&mut bytes).len();
        Piece { bytes, len }
    }
}

/// What the source of a string stands for.
pub fn decode(source: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(source.len());
    for (_, piece) in characters(source) {
        text.extend_from_slice(&piece.bytes[..piece.len]);
    }
    text
}

/// The source without the characters that lie in `gone`: ranges of what it stands for, ascending.
pub fn without(source: &[u8], gone: &[Range<usize>]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(source.len());
    let mut at = 0;
    let mut gone = gone.iter().peekable();
    for (range, piece) in characters(source) {
        while gone.next_if(|cut| cut.end <= at).is_some() {}
        if gone.peek().is_none_or(|cut| at < cut.start) {
            kept.extend_from_slice(&source[range]);
        }
        at += piece.len;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(data: &str) -> Vec<(&str, String)> {
        let text = |literal: &Literal| String::from_utf8_lossy(&decode(&data.as_bytes()[literal.range.clone()])).into_owned();
        literals(data.as_bytes()).iter().map(|literal| (&data[literal.key.clone()], text(literal))).collect()
    }

    #[test]
    fn strings_are_told_from_keys() {
        let expected = [("a", "x\"y"), ("b", "1"), ("b", "2"), ("c", "\n😀é/")];
        let expected: Vec<_> = expected.iter().map(|(key, text)| (*key, (*text).to_owned())).collect();
        assert_eq!(values(r#"{"a" : "x\"y", "b":["1","2"],"n":1, "c":"\n\ud83d\ude00\u00e9\/"}"#), expected);
        assert_eq!(values(r#"{"a":"open"#), []);
        assert_eq!(values(r#"{"a":"\"#), []);
    }

    #[test]
    fn a_cut_keeps_the_spelling_of_what_stays() {
        let check = |source: &str, gone: &[(usize, usize)], expected: &str| {
            let gone: Vec<Range<usize>> = gone.iter().map(|(start, end)| *start..*end).collect();
            assert_eq!(String::from_utf8(without(source.as_bytes(), &gone)).unwrap_or_default(), expected, "{source}");
        };
        check(r"ab\u0063\n\ud83d\ude00d", &[(0, 2)], r"\u0063\n\ud83d\ude00d");
        check(r"ab\u0063\n\ud83d\ude00d", &[(2, 4)], r"ab\ud83d\ude00d");
        check(r"ab\u0063\n\ud83d\ude00d", &[(1, 2), (4, 8)], r"a\u0063\nd");
        check("größe", &[(0, 4)], "ße");
        check("abc", &[(0, 3)], "");
        check("abc", &[], "abc");
    }
}
