//! whole_answer_repeat: an answer, or the whole of a text, that is given twice.

/// A text as it is remembered: enough to know it again, and nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Print {
    hash: u64,
    /// Length in bytes, surrounding whitespace aside.
    len: u64,
}

impl Print {
    /// The print of `text`, surrounding whitespace aside.
    pub fn of(text: &str) -> Print {
        Print::default().and(text.trim())
    }

    /// The print of what this one is of, followed by `text`.
    pub fn and(self, text: &str) -> Print {
        let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        let hash = words.iter().fold(self.hash, |hash, word| mix(hash, u64::from_le_bytes(*word)));
        let hash = rest.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte) | 0x100));
        Print { hash, len: self.len + text.len() as u64 }
    }

    /// What is all but certain to differ between two texts.
    pub fn hash(self) -> u64 {
        self.hash
    }

    /// Bytes of the text.
    pub fn len(self) -> u64 {
        self.len
    }

    /// True if it is the print of nothing.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// Where the second half of `text` begins, if that is the first half again; whitespace may part them.
pub fn second_half(text: &str) -> Option<usize> {
    let bytes = text.trim().as_bytes();
    let lead = text.len() - text.trim_start().len();
    (0..=MOST_BETWEEN.min(bytes.len())).filter(|between| (bytes.len() - between).is_multiple_of(2)).find_map(|between| {
        let half = (bytes.len() - between) / 2;
        let blank = bytes[half..half + between].iter().all(u8::is_ascii_whitespace);
        (half > 0 && blank && bytes[..half] == bytes[half + between..]).then_some(lead + half + between)
    })
}

/// Most whitespace between two halves, in bytes.
const MOST_BETWEEN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_found_with_whitespace_between_them() {
        let rows =
            [("ab.ab.", Some(3)), ("ab.\n\nab.\n", Some(5)), (" ab ab ", Some(4)), ("ab.abc", None), ("a", None), ("", None)];
        for (text, expected) in rows {
            assert_eq!(second_half(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_print_knows_its_text_and_no_other() {
        assert_eq!(Print::of(" The build is fixed.\n"), Print::of("The build is fixed."));
        assert_ne!(Print::of("The build is fixed."), Print::of("The build is broken"));
        assert_ne!(Print::of("a"), Print::of("a\0"));
        assert!(Print::of("  ").is_empty());
    }
}
