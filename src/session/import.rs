//! Captures made by others: a body alone, or what `curl -i` wrote.
//!
//! A capture has no times. Unless it is known in which reads it came, it is given one chunk a frame where frames are easy to
//! see, which changes chunk rows only.

use crate::{
    core::{
        input::{End, Head, Input, Origin, Start, What},
        time::Micros,
    },
    session::head,
};

/// The Start of a session of which only the response is known.
pub fn start(origin: Origin, clocked: bool, wall: String) -> Start {
    Start {
        wall,
        origin,
        clocked,
        provider: String::new(),
        dialect: None,
        url: String::new(),
        model: String::new(),
        headers: Vec::new(),
        body: String::new(),
    }
}

/// The inputs of a capture without times: Start, the head if there is one, one chunk a frame, end of file.
#[derive(Debug)]
pub struct Capture {
    bytes: Vec<u8>,
    at: usize,
    cut: CutBy,
    stage: Stage,
    heads: std::vec::IntoIter<Head>,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Start,
    Heads,
    Body,
    Done,
}

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

impl Capture {
    /// A capture of these bytes: a body, behind response heads if it begins with `HTTP/`.
    pub fn new(bytes: Vec<u8>) -> Capture {
        let (mut heads, at) = head::parse_all(&bytes);
        if let Some(head) = heads.last_mut() {
            head::forget_undone_encoding(head, &bytes[at..]);
        }
        let cut = cut_by(&bytes[at..]);
        Capture { bytes, at, cut, stage: Stage::Start, heads: heads.into_iter() }
    }

    /// Cuts the body into reads of these lengths, if they add up to it.
    pub fn cut_into(&mut self, mut reads: Vec<usize>) {
        let sum = reads.iter().try_fold(0_usize, |sum, len| sum.checked_add(*len));
        if sum == Some(self.bytes.len() - self.at) && !reads.contains(&0) {
            reads.reverse();
            self.cut = CutBy::Reads(reads);
        }
    }

    fn chunk(&mut self) -> Option<Vec<u8>> {
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

impl Iterator for Capture {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        let what = match self.stage {
            Stage::Start => {
                self.stage = Stage::Heads;
                What::Start(Box::new(start(Origin::Capture, false, String::new())))
            }
            Stage::Heads => match self.heads.next() {
                Some(head) => What::Head(head),
                None => {
                    self.stage = Stage::Body;
                    return self.next();
                }
            },
            Stage::Body => match self.chunk() {
                Some(bytes) => What::Bytes(bytes),
                None => {
                    self.stage = Stage::Done;
                    What::End(End::Eof)
                }
            },
            Stage::Done => return None,
        };
        Some(Input { at: Micros::ZERO, what })
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
