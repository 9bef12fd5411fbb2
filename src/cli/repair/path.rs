//! The way of the bytes through the judge, and past it when it fails.
//!
//! The path keeps every byte that was not written yet, so that whatever goes wrong inside, all of it still comes out: from the
//! first byte that was not written on, as it came.

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::core::{
    decode::Decoder,
    engine::Engine,
    input::{Input, What},
    repair::Repair,
    time::Micros,
};

/// What judges the inputs as they come. An [`Engine`] does; tests put one in that fails.
pub trait Judge {
    /// Folds one input.
    fn fold(&mut self, input: &Input);
    /// Fires every deadline up to `now`.
    fn advance(&mut self, now: Micros);
    /// What was folded so far.
    fn engine(&self) -> &Engine;
}

impl Judge for Engine {
    fn fold(&mut self, input: &Input) {
        Engine::fold(self, input);
    }

    fn advance(&mut self, now: Micros) {
        Engine::advance(self, now);
    }

    fn engine(&self) -> &Engine {
        self
    }
}

/// One body on its way.
pub struct Path<J> {
    judge: J,
    repair: Repair,
    tail: Tail,
    opened: Option<String>,
}

impl<J: Judge> Path<J> {
    /// A path through `judge`, which has folded nothing yet.
    pub fn new(judge: J) -> Path<J> {
        Path { judge, repair: Repair::default(), tail: Tail::default(), opened: None }
    }

    /// Takes one input; returns the bytes that may be written now.
    pub fn input(&mut self, input: &Input) -> Vec<u8> {
        match &input.what {
            What::Bytes(bytes) => self.tail.take(bytes),
            What::Head(head) => self.tail.decoder = head.header("content-encoding").and_then(Decoder::of_header),
            _ => {}
        }
        let mut out = self.step(|judge| judge.fold(input));
        if matches!(input.what, What::End(_)) {
            // Behind the last frame there are line ends, or the bracket that closes an array.
            self.tail.flush(&mut out);
        }
        out
    }

    /// Fires every deadline up to `now`; returns the bytes that may be written now.
    pub fn advance(&mut self, now: Micros) -> Vec<u8> {
        self.step(|judge| judge.advance(now))
    }

    fn step(&mut self, judge: impl FnOnce(&mut J)) -> Vec<u8> {
        let mut out = Vec::new();
        if self.opened.is_none() {
            self.opened = self.judged(judge, &mut out);
        }
        if self.opened.is_some() {
            self.tail.flush(&mut out);
        }
        out
    }

    /// Lets the judge do a step and writes what that released; gives the reason if the path is open from here on.
    fn judged(&mut self, judge: impl FnOnce(&mut J), out: &mut Vec<u8>) -> Option<String> {
        let Path { judge: judging, repair, tail, .. } = self;
        // After a panic neither judge nor repair is asked again, so whatever state they are left in is not seen.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            judge(judging);
            let Engine { reading, judgement } = judging.engine();
            let mut written = Vec::new();
            let outcome = repair.write(reading, judgement, &mut written);
            (outcome, written, repair.written(reading), repair.written_ahead(reading), reading.body().len())
        }));
        let Ok((outcome, mut written, byte, ahead, body)) = outcome else {
            return Some("the judge failed".into());
        };
        out.append(&mut written);
        tail.drop_before(byte);
        tail.ahead = ahead;
        match outcome {
            Err(fault) => Some(fault.to_string()),
            Ok(()) if tail.end() > body => Some("not all of the body can be read".into()),
            Ok(()) => None,
        }
    }

    /// Why the path is open, if it is.
    pub fn opened(&self) -> Option<&str> {
        self.opened.as_deref()
    }

    /// What was changed.
    pub fn repair(&self) -> &Repair {
        &self.repair
    }

    /// The next time at which something would happen without input.
    pub fn next_deadline(&self) -> Option<Micros> {
        if self.opened.is_some() { None } else { self.judge.engine().judgement.next_deadline() }
    }

    /// The judge, with all that it folded.
    pub fn into_judge(self) -> J {
        self.judge
    }
}

/// The bytes of the body that were not written yet, content-encoding undone as the reading undoes it.
#[derive(Default)]
struct Tail {
    /// Offset in the body of the first of them.
    start: usize,
    bytes: Vec<u8>,
    /// Which of them were written all the same, as ranges of the body.
    ahead: Vec<Range<usize>>,
    decoder: Option<Decoder>,
}

impl Tail {
    fn take(&mut self, bytes: &[u8]) {
        if let Some(decoder) = &mut self.decoder
            && decoder.decode(bytes, &mut self.bytes, usize::MAX).is_ok()
        {
            return;
        }
        // What is not of its encoding can only pass as it is.
        self.decoder = None;
        self.bytes.extend_from_slice(bytes);
    }

    fn end(&self) -> usize {
        self.start + self.bytes.len()
    }

    /// Moves to `out` all that was not written.
    fn flush(&mut self, out: &mut Vec<u8>) {
        for range in std::mem::take(&mut self.ahead) {
            self.move_before(range.start, out);
            self.drop_before(range.end);
        }
        self.start += self.bytes.len();
        out.append(&mut self.bytes);
    }

    fn move_before(&mut self, byte: usize, out: &mut Vec<u8>) {
        let moved = byte.saturating_sub(self.start).min(self.bytes.len());
        out.extend(self.bytes.drain(..moved));
        self.start += moved;
    }

    fn drop_before(&mut self, byte: usize) {
        let gone = byte.saturating_sub(self.start).min(self.bytes.len());
        self.bytes.drain(..gone);
        self.start += gone;
    }
}
