//! v2: the five states over parsed chunks.
//!
//! | state      | text                                            | data, no text   | done               | malformed | unknown |
//! |------------|-------------------------------------------------|-----------------|--------------------|-----------|---------|
//! | Initial    | hold → Stuttering                               | emit → NormalFlow | emit → Terminating | skip    | skip    |
//! | Stuttering | stutter: take the held one's place; else emit both → NormalFlow | emit at once | emit both → Terminating | skip | skip |
//! | NormalFlow | emit                                            | emit            | emit → Terminating | skip      | emit    |
//!
//! Recovering is never entered: every error of the stream path is answered with "skip". Faults, kept: frames without text
//! overtake the held one, unknown lines are lost before the flow begins, and the end of the stream loses what is held.

use crate::core::{machine::State, time::Micros};

use super::{Chunk, Loss, Op, prefix_related, v2_score::Detector};

/// What decides between hold and flush in the state Stuttering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The prefix relation, as it shipped.
    Prefix,
    /// The weighted score, as it was meant.
    Score,
}

/// A change of state with its reason, in the earlier system's own words.
pub type Change = (State, State, &'static str);

/// The second system's processor.
#[derive(Debug)]
pub struct V2 {
    rule: Rule,
    detector: Detector,
    state: State,
    held: Option<(u32, Vec<u8>)>,
    changes: Vec<Change>,
    chunks: u32,
    errors: u32,
}

impl V2 {
    /// The beginning of a stream.
    pub fn new(rule: Rule) -> V2 {
        let (state, changes) = (State::Initial, Vec::new());
        V2 { rule, detector: Detector::default(), state, held: None, changes, chunks: 0, errors: 0 }
    }

    /// Takes one chunk that came at `at`.
    pub fn step(&mut self, source: u32, chunk: Chunk, at: Micros, out: &mut Vec<Op>) {
        if chunk == Chunk::Empty {
            return;
        }
        if self.state == State::Terminating {
            return out.push(Op::Drop(source, Loss::AfterDone));
        }
        match chunk {
            Chunk::Malformed => return self.skip(source, Loss::Malformed, out),
            Chunk::Unknown if self.state != State::NormalFlow => return self.skip(source, Loss::Unknown, out),
            _ => {}
        }
        if self.state == State::Recovering {
            self.enter(State::NormalFlow, "recovered from error");
        }
        match (self.state, chunk) {
            (State::Initial, Chunk::Data(Some(text))) => {
                self.score(&text, b"", at);
                self.hold(source, text, out);
                self.enter(State::Stuttering, "first content chunk");
            }
            (State::Initial, Chunk::Data(None)) => {
                out.push(Op::Emit(source));
                self.enter(State::NormalFlow, "non-content data chunk");
            }
            (State::Initial, Chunk::Done) => {
                out.push(Op::Emit(source));
                self.enter(State::Terminating, "received DONE");
            }
            (State::Stuttering, Chunk::Data(Some(text))) => self.compare(source, text, at, out),
            // Passed on before the held frame, and not counted.
            (State::Stuttering, Chunk::Data(None)) => return out.push(Op::Emit(source)),
            (State::Stuttering, Chunk::Done) => {
                self.flush(out);
                out.push(Op::Emit(source));
                self.enter(State::Terminating, "received DONE during stuttering");
            }
            (_, chunk) => {
                out.push(Op::Emit(source));
                if chunk == Chunk::Done {
                    self.enter(State::Terminating, "received DONE");
                }
            }
        }
        self.chunks += 1;
    }

    /// The client went away: nothing is passed on any more, and what is held is lost.
    pub fn cancel(&mut self) {
        self.enter(State::Terminating, "client disconnected");
    }

    fn compare(&mut self, source: u32, text: Vec<u8>, at: Micros, out: &mut Vec<Op>) {
        let held = self.held.take();
        let before = held.as_ref().map_or(b"".as_slice(), |(_, text)| text);
        let (stutters, loss) = match self.rule {
            Rule::Prefix => (prefix_related(before, &text), Loss::Replaced),
            Rule::Score => {
                let score = self.detector.analyse(&text, before, at);
                (score.stuttering, Loss::Outscored(score.thousandths()))
            }
        };
        if stutters {
            out.extend(held.map(|(held, _)| Op::Drop(held, loss)));
            self.hold(source, text, out);
        } else {
            self.held = held;
            self.flush(out);
            out.push(Op::Emit(source));
            self.enter(State::NormalFlow, "stuttering resolved");
        }
    }

    fn score(&mut self, text: &[u8], before: &[u8], at: Micros) {
        if self.rule == Rule::Score {
            self.detector.analyse(text, before, at);
        }
    }

    fn hold(&mut self, source: u32, text: Vec<u8>, out: &mut Vec<Op>) {
        out.push(Op::Hold(source));
        self.held = Some((source, text));
    }

    fn flush(&mut self, out: &mut Vec<Op>) {
        out.extend(self.held.take().map(|(source, _)| Op::Emit(source)));
    }

    fn skip(&mut self, source: u32, loss: Loss, out: &mut Vec<Op>) {
        self.errors += 1;
        out.push(Op::Drop(source, loss));
    }

    fn enter(&mut self, state: State, reason: &'static str) {
        self.changes.push((self.state, state, reason));
        self.state = state;
    }

    /// The state it is in.
    pub fn state(&self) -> State {
        self.state
    }

    /// Every change of state, in order; five at most.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Chunks that a state handled to its end: errors, blank lines and what overtook a held frame do not count.
    pub fn chunk_count(&self) -> u32 {
        self.chunks
    }

    /// Malformed and unknown chunks that were skipped.
    pub fn error_count(&self) -> u32 {
        self.errors
    }

    /// The source that is held.
    pub fn held(&self) -> Option<u32> {
        self.held.as_ref().map(|(source, _)| *source)
    }

    /// True once the terminator was passed on or the client went away.
    pub fn stopped(&self) -> bool {
        self.state == State::Terminating
    }
}
