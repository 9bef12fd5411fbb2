//! A body without times, cut into chunks: one a frame where frames are easy to see.

/// Where one chunk ends and the next begins.
#[derive(Debug, Clone, PartialEq, Eq)]
enum CutBy {
    /// As the client that captured it read it: lengths, the next one last.
    Reads(Vec<usize>),
    /// After each blank line.
    Block,
    /// After each line.
    Line,
    /// Nowhere.
    Nothing,
}

/// The chunks of a body.
#[derive(Debug)]
pub struct Chunks {
    bytes: Vec<u8>,
    at: usize,
    cut: CutBy,
}

impl Chunks {
    /// The chunks of what lies in `bytes` from `at` on.
    pub fn new(bytes: Vec<u8>, at: usize) -> Chunks {
        let cut = cut_by(&bytes[at..]);
        Chunks { bytes, at, cut }
    }

    /// Cuts into reads of these lengths, if they add up to what there is.
    pub fn cut_into(&mut self, mut reads: Vec<usize>) {
        let sum = reads.iter().try_fold(0_usize, |sum, len| sum.checked_add(*len));
        if sum == Some(self.bytes.len() - self.at) && !reads.contains(&0) {
            reads.reverse();
            self.cut = CutBy::Reads(reads);
        }
    }
}

impl Iterator for Chunks {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let rest = &self.bytes[self.at..];
        if rest.is_empty() {
            return None;
        }
        let len = match &mut self.cut {
            CutBy::Reads(reads) => reads.pop().unwrap_or(rest.len()),
            CutBy::Block => block_len(rest),
            CutBy::Line => memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1),
            CutBy::Nothing => rest.len(),
        };
        self.at += len;
        Some(rest[..len].to_vec())
    }
}

fn cut_by(body: &[u8]) -> CutBy {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
    let fields: [&[u8]; 5] = [b"data", b"event", b"id", b"retry", b":"];
    if fields.iter().any(|field| body.starts_with(field)) {
        return CutBy::Block;
    }
    let line = &body[..memchr::memchr(b'\n', body).unwrap_or(body.len())];
    let whole = body.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
    if whole { CutBy::Line } else { CutBy::Nothing }
}

/// Length of the first block of an event stream, with the blank line that ends it; all of `rest` if none does.
fn block_len(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(end) = memchr::memchr2(b'\n', b'\r', &rest[at..]).map(|end| at + end) {
        let next = if rest[end] == b'\r' && rest.get(end + 1) == Some(&b'\n') { end + 2 } else { end + 1 };
        if end == at {
            return next;
        }
        at = next;
    }
    rest.len()
}
