//! One thought under two kinds of event, as some gateways send it: the text itself, and the same as its summary.

/// The latest piece of a thought.
#[derive(Default)]
pub(super) struct Thought {
    output: u64,
    summary: bool,
    /// Its text, empty where it was answered by the other kind already.
    piece: Vec<u8>,
    /// The two kinds of this item's thought have differed: they are two texts, and equal pieces in them are chance.
    apart: bool,
}

impl Thought {
    /// A piece comes in an event of either kind; true if it repeats the piece that the other kind has just brought.
    pub fn is_mirrored(&mut self, output: u64, summary: bool, piece: &[u8]) -> bool {
        if output != self.output {
            *self = Thought { output, ..Thought::default() };
        }
        if !self.piece.is_empty() && summary != self.summary {
            self.apart |= self.piece != piece;
            if !self.apart {
                self.piece.clear();
                return true;
            }
        }
        self.summary = summary;
        self.goes_on(piece);
        false
    }

    /// The next piece of the same kind.
    pub fn goes_on(&mut self, piece: &[u8]) {
        self.piece.clear();
        self.piece.extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[(u64, bool, &str)], expected: &[bool]) {
        let mut thought = Thought::default();
        let found: Vec<bool> =
            pieces.iter().map(|(output, summary, piece)| thought.is_mirrored(*output, *summary, piece.as_bytes())).collect();
        assert_eq!(found, expected, "{pieces:?}");
    }

    #[test]
    fn only_equal_pieces_of_the_two_kinds_mirror() {
        check(&[(0, false, "a"), (0, true, "a"), (0, false, "b"), (0, true, "b")], &[false, true, false, true]);
        check(&[(0, true, "a"), (0, false, "a"), (0, true, "a"), (0, false, "a")], &[false, true, false, true]);
        check(&[(0, false, "a"), (0, false, "a"), (0, false, "a")], &[false; 3]);
        check(&[(0, false, "a"), (0, true, "b"), (0, false, "c"), (0, true, "c")], &[false; 4]);
        check(&[(0, false, "a"), (1, true, "a")], &[false; 2]);
        check(&[(0, false, "a"), (0, true, "a"), (0, true, "a")], &[false, true, false]);
    }
}
