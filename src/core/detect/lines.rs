//! phrase_loop without an exact period: a text that begins the same paragraph again and again, cut at another point each time, or
//! that says the same few short things in any order.
//!
//! Likeness is not proof: lists share their beginnings, dialogues their answers. So both are notes, and ambiguous.

/// Paragraphs in a row that begin alike before it is said, and how many of them must be cut short.
const RESTARTS: u32 = 3;
const CUT: u32 = 2;
/// Bytes that a beginning has at least, and its fewest words.
const BEGINNING: usize = 16;
const WORDS: usize = 3;
/// Lines that are compared with each other, how many of them must have been said before, and how many different ones of these.
const LINES: usize = 14;
const SAID: usize = 6;
const KINDS: usize = 3;
/// Longest line that is a short one, in bytes.
const SHORT: usize = 24;

/// What lines that are alike look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alike {
    /// The paragraph began so many times in a row.
    Begun(u32),
    /// So many of the last lines had been said before.
    Said(u32),
}

/// Follows one channel's accepted text, line by line.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    seen: usize,
    start: usize,
    /// The line before, in bytes of the text.
    before: (usize, usize),
    /// Lines in a row that begin as the line before does, and those of them of which one is cut short.
    begun: u32,
    cut: u32,
    /// Prints of the latest short lines, and how many lines there were.
    prints: [u64; LINES],
    lines: usize,
}

impl Lines {
    /// Follows `text`, which only ever grows; says where a line ends that makes it one of too many.
    pub fn feed(&mut self, text: &str, mut alike: impl FnMut(usize, Alike)) {
        let bytes = text.as_bytes();
        let from = self.seen;
        for end in memchr::memchr_iter(b'\n', &bytes[from..]).map(|at| from + at) {
            let start = std::mem::replace(&mut self.start, end + 1);
            let line = bytes[start..end].trim_ascii();
            if line.is_empty() {
                continue;
            }
            let begun = self.begins_again(bytes, line);
            let said = self.said_before(line);
            self.before = (start, end);
            if let Some(alike_how) = begun.or(said) {
                alike(start, alike_how);
            }
        }
        self.seen = bytes.len();
    }

    fn begins_again(&mut self, bytes: &[u8], line: &[u8]) -> Option<Alike> {
        let before = bytes[self.before.0..self.before.1].trim_ascii();
        let same = line.iter().zip(before).take_while(|(one, two)| one == two).count();
        // The end of a sentence is no part of what was begun.
        let shorter = strip(line).len().min(strip(before).len());
        let beginning = &line[..same];
        let words = beginning.split(|byte| *byte == b' ').filter(|word| word.iter().any(u8::is_ascii_alphabetic)).count();
        let listed = line[0].is_ascii_digit() || matches!(line[0], b'-' | b'*' | b'|' | b'#' | b'>' | b'<' | b'+');
        if same < BEGINNING || words < WORDS && line.is_ascii() || listed || line.len() == before.len() && same == line.len() {
            (self.begun, self.cut) = (0, 0);
            return None;
        }
        self.begun += 1;
        self.cut += u32::from(same >= shorter);
        (self.begun >= RESTARTS && self.cut >= CUT).then_some(Alike::Begun(self.begun + 1))
    }

    fn said_before(&mut self, line: &[u8]) -> Option<Alike> {
        let spoken = line.len() <= SHORT && matches!(line[line.len() - 1], b'.' | b'!' | b'?') && line[0].is_ascii_uppercase()
            || line == b"...";
        // A long line between short ones is said too, but never again.
        let print = if spoken { super::answers::Print::of(std::str::from_utf8(line).unwrap_or("")).hash() | 1 } else { 0 };
        self.prints[self.lines % LINES] = print;
        self.lines += 1;
        if self.lines < LINES || print == 0 {
            return None;
        }
        let mut prints = self.prints;
        prints.sort_unstable();
        let prints = &prints[prints.partition_point(|print| *print == 0)..];
        let again = prints.chunk_by(|one, two| one == two).filter(|same| same.len() > 1);
        let (kinds, said) = again.fold((0, 0), |(kinds, said), same| (kinds + 1, said + same.len() - 1));
        let mostly = prints.len() * 10 >= LINES * 9;
        (mostly && kinds >= KINDS && said >= SAID).then_some(Alike::Said(said as u32))
    }
}

fn strip(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b'.' | b',' | b'!' | b'?' | b' ')).map_or(0, |at| at + 1);
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<Alike>) {
        for piece in [1, 3, 7, text.len()] {
            let (mut lines, mut found, mut end) = (Lines::default(), None, 0);
            while end < text.len() {
                end = (end + piece).min(text.len());
                lines.feed(&text[..end], |_, alike| found = found.or(Some(alike)));
            }
            assert_eq!(found, expected, "{text:?} by {piece}");
        }
    }

    #[test]
    fn what_is_begun_again_and_again_is_told_from_a_list() {
        let begun = "We should look at the parser first, since it\n\nWe should look at the\n\nWe should look at the parser first\n\nWe should look at the parser.\n\n";
        check(begun, Some(Alike::Begun(4)));
        check("The first item is red.\nThe first item is blue.\nThe first item is green.\nThe first item is grey.\n", None);
        check("- one of the things\n- one of the things is\n- one of the things is a\n- one of the things is a b\n", None);
        check("from utils import parse\nfrom utils import parse\nfrom utils import parse\nfrom utils import parse\n", None);
    }

    #[test]
    fn few_short_things_in_any_order_are_told_from_answers_and_code() {
        let said = "Done.\nBye.\nEnd.\nStop.\nDone.\nOkay.\nBye.\nStop.\nDone.\n...\n...\nEnd.\nStop.\nBye.\n";
        check(said, Some(Alike::Said(8)));
        check(&"Yes.\nNo.\n".repeat(9), None);
        check(&"}\n\n    }\n  }\n".repeat(9), None);
        check("Ann.\nBen.\nCara.\nDan.\nEve.\nFred.\nGus.\nHal.\nIda.\nJon.\nKim.\nLee.\nMia.\nNed.\nOle.\nPia.\n", None);
    }
}
