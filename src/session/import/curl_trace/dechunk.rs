//! Undoes chunked transfer coding, which older versions of curl leave in their traces.

/// Where in the coding the next byte lies.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum State {
    /// Nothing was read: the coding may have been undone already.
    #[default]
    Fresh,
    /// In the line with the size; its hexadecimal digits so far.
    Size(Vec<u8>),
    /// In a chunk, so many bytes before its end.
    Data(usize),
    /// In the line break after a chunk.
    After,
    /// In the trailer, or behind it.
    Trailer,
    /// There is no coding.
    Plain,
}

/// Undoes the coding, read by read.
#[derive(Debug, Default)]
pub struct Dechunk {
    state: State,
}

/// No chunk size has more digits.
const DIGITS: usize = 16;

impl Dechunk {
    /// Leaves of a read what lies in its chunks.
    pub fn undo(&mut self, read: &mut Vec<u8>) {
        if self.state == State::Fresh && !read.is_empty() {
            self.state = if begins(read) { State::Size(Vec::new()) } else { State::Plain };
        }
        let mut out = Vec::with_capacity(read.len());
        let mut at = 0;
        while let Some(&byte) = read.get(at) {
            match &mut self.state {
                State::Plain | State::Fresh => return,
                State::Data(left) => {
                    let len = (*left).min(read.len() - at);
                    out.extend_from_slice(&read[at..at + len]);
                    at += len;
                    *left -= len;
                    if *left == 0 {
                        self.state = State::After;
                    }
                    continue;
                }
                State::Size(digits) if byte == b'\n' => {
                    let digits = digits.strip_suffix(b";").unwrap_or(digits);
                    let size = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
                    self.state = match size {
                        None | Some(0) => State::Trailer,
                        Some(size) => State::Data(size),
                    };
                }
                State::Size(digits) => {
                    // What follows the digits is an extension, which says nothing of the size.
                    if !digits.ends_with(b";") {
                        digits.push(if byte.is_ascii_hexdigit() && digits.len() < DIGITS { byte } else { b';' });
                    }
                }
                State::After if byte == b'\n' => self.state = State::Size(Vec::new()),
                State::After | State::Trailer => {}
            }
            at += 1;
        }
        *read = out;
    }

    /// True if the body was to go on.
    pub fn is_cut(&self) -> bool {
        !matches!(self.state, State::Plain | State::Fresh | State::Trailer)
    }
}

/// True if `read` begins with a line that holds a size.
fn begins(read: &[u8]) -> bool {
    let digits = read.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    (1..=DIGITS).contains(&digits) && matches!(read.get(digits), None | Some(b'\r' | b';' | b'\n' | b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_however_reads_split_them() {
        let coded = b"4\r\ndata\r\n3;x=1\r\n: 1\r\n2\r\n\n\n\r\n0\r\n\r\n";
        for split in 0..=coded.len() {
            let mut dechunk = Dechunk::default();
            let (first, second) = coded.split_at(split);
            let mut reads = [first.to_vec(), second.to_vec()];
            reads.iter_mut().for_each(|read| dechunk.undo(read));
            assert_eq!(reads.concat(), b"data: 1\n\n", "split at {split}");
            assert!(!dechunk.is_cut());
        }
        let mut dechunk = Dechunk::default();
        let mut plain = b"data: 1\n\n".to_vec();
        dechunk.undo(&mut plain);
        assert_eq!(plain, b"data: 1\n\n");
        let mut cut = b"9\r\ndata".to_vec();
        let mut dechunk = Dechunk::default();
        dechunk.undo(&mut cut);
        assert!(cut == b"data" && dechunk.is_cut());
    }
}
