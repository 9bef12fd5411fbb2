//! A body alone, or what `curl -i` wrote.

use super::{body::Chunks, start};
use crate::{
    core::{
        input::{End, Head, Input, Origin, What},
        time::Micros,
    },
    session::head,
};

/// The inputs of a capture without times: Start, the head if there is one, one chunk a frame, end of file.
#[derive(Debug)]
pub struct Capture {
    chunks: Chunks,
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

impl Capture {
    /// A capture of these bytes: a body, behind response heads if it begins with `HTTP/`.
    pub fn new(bytes: Vec<u8>) -> Capture {
        let (mut heads, at) = head::parse_all(&bytes);
        if let Some(head) = heads.last_mut() {
            head::forget_undone_encoding(head, &bytes[at..]);
        }
        Capture { chunks: Chunks::new(bytes, at), stage: Stage::Start, heads: heads.into_iter() }
    }

    /// Cuts the body into reads of these lengths, if they add up to it.
    pub fn cut_into(&mut self, reads: Vec<usize>) {
        self.chunks.cut_into(reads);
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
            Stage::Body => match self.chunks.next() {
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
