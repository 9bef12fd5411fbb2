//! Text that is written as bytes or as JSON escapes.

use crate::core::dialect::json::Text;

/// The bytes that pairs of hexadecimal digits stand for; white space between them is nothing.
pub(super) fn hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = digits
        .iter()
        .filter(|digit| !digit.is_ascii_whitespace())
        .map(|digit| char::from(*digit).to_digit(16).map(|value| value as u8))
        .collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// The escapes of one stream; one that is cut waits for its rest.
#[derive(Debug, Default)]
pub(super) struct Escapes {
    cut: Vec<u8>,
}

impl Escapes {
    /// The text that `escaped`, the inside of a JSON string, stands for, with lone surrogates as three bytes; and whether it completes
    /// an escape that began before. What is no escaped text is text as it is.
    pub fn text(&mut self, escaped: &[u8]) -> (Vec<u8>, bool) {
        let joined = !self.cut.is_empty();
        let mut whole = std::mem::take(&mut self.cut);
        whole.extend_from_slice(escaped);
        self.cut = whole.split_off(whole.len() - cut_len(&whole));
        let quoted = [b"\"", whole.as_slice(), b"\""].concat();
        let text = serde_json::from_slice::<Text<'_>>(&quoted).map(|text| text.bytes().to_vec());
        (text.unwrap_or(whole), joined)
    }

    /// What was cut and has no rest, as it is.
    pub fn flush(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.cut)
    }
}

/// Length of the escape at the end of `text` that is not whole.
fn cut_len(text: &[u8]) -> usize {
    const LONGEST: usize = 5;
    let tail = &text[text.len().saturating_sub(LONGEST)..];
    let Some(place) = memchr::memrchr(b'\\', tail) else { return 0 };
    let escape = &tail[place..];
    let before = &text[..text.len() - escape.len()];
    // An even number of backslashes before it are escaped ones.
    let escaped = before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
    let cut = match escape {
        [_] => true,
        [_, b'u', digits @ ..] => digits.len() < 4 && digits.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    };
    if cut && !escaped { escape.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_joined_where_they_were_cut() {
        let check = |pieces: &[&str], expected: &[u8]| {
            let mut escapes = Escapes::default();
            let mut text: Vec<u8> = pieces.iter().flat_map(|piece| escapes.text(piece.as_bytes()).0).collect();
            text.extend(escapes.flush());
            assert_eq!(text, expected, "{pieces:?}");
        };
        check(&["\\ud83d", "\\ude0a"], b"\xED\xA0\xBD\xED\xB8\x8A");
        check(&["a\\u00", "e9b"], "aéb".as_bytes());
        check(&["a\\", "nb"], b"a\nb");
        check(&["a\\\\", "nb"], b"a\\nb");
        check(&["a\"b"], b"a\"b");
        check(&["a\\u12"], b"a\\u12");
        assert_eq!(hex(b"e5 8C"), Some(vec![0xE5, 0x8C]));
        assert_eq!((hex(b"e"), hex(b"xy")), (None, None));
    }
}
