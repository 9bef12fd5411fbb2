//! The tokens of JSON that a [`Follower`](super::Follower) has already found to be right, whole or cut off.

use std::ops::Range;

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// `{` or `[`.
    Open(u8),
    /// `}` or `]`.
    Close,
    Comma,
    Colon,
    /// A string with its quotes.
    String,
    /// A number or a word.
    Plain,
}

/// The tokens of `json`, with the bytes of each.
pub(super) fn tokens(json: &str) -> impl Iterator<Item = (Token, Range<usize>)> + '_ {
    let bytes = json.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        at += bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let from = at;
        let token = match *bytes.get(at)? {
            bracket @ (b'{' | b'[') => Token::Open(bracket),
            b'}' | b']' => Token::Close,
            b',' => Token::Comma,
            b':' => Token::Colon,
            b'"' => Token::String,
            _ => Token::Plain,
        };
        at = match token {
            Token::String => string_end(bytes, at + 1),
            Token::Plain => {
                let part =
                    |byte: &&u8| !matches!(byte, b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"') && !byte.is_ascii_whitespace();
                at + bytes[at..].iter().take_while(part).count()
            }
            Token::Open(_) | Token::Close | Token::Comma | Token::Colon => at + 1,
        };
        Some((token, from..at))
    })
}

/// One past the closing quote, or the end.
fn string_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found + 1;
        if bytes[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    bytes.len()
}
