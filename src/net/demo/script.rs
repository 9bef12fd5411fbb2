//! Scripts: what the demo provider says, as data.
//!
//! A [`Scenario`] is a row of a table; its [`Play`]s are answered in turn, so that the n-th request of a scenario is always
//! the same. [`beats`] unrolls a play into single steps, still without any dialect.

use crate::core::{
    class::Class,
    dialect::WriterStep,
    reading::{Channel, ChannelKey, Usage},
};

/// A row of [`SCENARIOS`](super::scenarios::SCENARIOS).
#[derive(Debug)]
pub struct Scenario {
    /// Name; the model is `demo/NAME`.
    pub name: &'static str,
    /// What happens, in one line.
    pub title: &'static str,
    /// The class of fault that it shows, if it shows one.
    pub class: Option<Class>,
    /// What is answered: request n (from 0) gets play n modulo their number.
    pub plays: &'static [Play],
}

/// One answer.
#[derive(Debug)]
pub enum Play {
    /// Status 200 and a stream.
    Stream {
        /// The steps, in order.
        steps: &'static [Step],
        /// How the body ends.
        close: Close,
    },
    /// An error status with the dialect's usual error body.
    Refuse {
        /// HTTP status.
        status: u16,
        /// Value of Retry-After in seconds, if sent.
        retry_after: Option<u32>,
        /// The error's type.
        kind: &'static str,
        /// The error's message.
        message: &'static str,
    },
}

/// How a body ends. All but the first are broken HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// As HTTP says.
    Whole,
    /// The connection is closed before the last chunk (FIN).
    Early,
    /// The connection is reset (RST).
    Reset,
    /// A chunk size that is no number, then the connection is closed.
    BadChunk,
}

/// A step of a play, which may unroll into many.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Silence before each write, in milliseconds.
    pub gap_ms: u32,
    /// What is said.
    pub act: Act,
    /// How many times the whole step is done.
    pub times: u32,
    /// How many deltas go out in one write.
    pub per_write: u32,
}

/// What a step does. In texts, `|` separates deltas, and a character from U+E800 to U+EFFF stands for the surrogate half
/// that lies 0x1000 below it, sent as a JSON escape.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// What comes before the first text.
    Begin,
    /// Increments of the answer.
    Text(&'static str),
    /// Increments of the answer in frames of the opening serializer.
    Preamble(&'static str),
    /// Deltas that each give all text so far, with one piece more.
    Cumulative(&'static str),
    /// One delta that gives all text so far again.
    Replay,
    /// Increments of the reasoning.
    Reasoning(&'static str),
    /// A tool call begins.
    Tool(&'static str),
    /// Increments of its arguments.
    Arguments(&'static str),
    /// The bytes of the last so many frames again, stamps and all.
    Again(usize),
    /// One delta with the stamp of the third frame before it.
    Stale(&'static str),
    /// One delta in a frame whose JSON is torn off.
    Torn(&'static str),
    /// One delta whose frame is written in two parts, cut inside its first character of more than one byte.
    Halved(&'static str),
    /// A keep-alive.
    KeepAlive,
    /// The finish, with the provider's word (empty for the usual one).
    Finish(&'static str),
    /// The finish, with the whole answer again in its frame.
    FinishEcho,
    /// Token counts; one piece of text counts as one token.
    Usage,
    /// An in-stream error.
    Error(&'static str, &'static str),
    /// The terminator.
    End,
}

impl Step {
    const fn new(gap_ms: u32, act: Act) -> Step {
        Step { gap_ms, act, times: 1, per_write: 1 }
    }

    /// The same step so many times.
    pub const fn times(self, times: u32) -> Step {
        Step { times, ..self }
    }

    /// The same step with so many deltas in one write.
    pub const fn packed(self, per_write: u32) -> Step {
        Step { per_write, ..self }
    }
}

/// What comes before the first text.
pub const BEGIN: Step = Step::new(180, Act::Begin);
/// The usual finish.
pub const FINISH: Step = Step::new(20, Act::Finish(""));
/// Token counts.
pub const USAGE: Step = Step::new(2, Act::Usage);
/// The terminator.
pub const END: Step = Step::new(2, Act::End);

/// Increments of the answer, each after a gap of about `gap_ms`.
pub const fn text(gap_ms: u32, pieces: &'static str) -> Step {
    Step::new(gap_ms, Act::Text(pieces))
}

/// Increments of the reasoning.
pub const fn reasoning(gap_ms: u32, pieces: &'static str) -> Step {
    Step::new(gap_ms, Act::Reasoning(pieces))
}

/// Deltas that each give all text so far.
pub const fn cumulative(gap_ms: u32, pieces: &'static str) -> Step {
    Step::new(gap_ms, Act::Cumulative(pieces))
}

/// Any other act after a gap.
pub const fn after(gap_ms: u32, act: Act) -> Step {
    Step::new(gap_ms, act)
}

/// A step unrolled: one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Beat {
    /// Silence before it in microseconds; zero sends it in the same write as the beat before.
    pub gap_us: u64,
    /// What is written.
    pub emit: Emit,
}

/// What a beat writes.
#[derive(Debug, Clone, PartialEq)]
pub enum Emit {
    /// A step in the dialect's own form.
    Step(WriterStep),
    /// Nothing: the writer is told the whole answer.
    Whole(String),
    /// The same with its JSON torn off.
    Torn(WriterStep),
    /// The same in two writes.
    Halved(WriterStep),
    /// The last so many frames again.
    Again(usize),
    /// A step with the stamp of the third frame before it.
    Stale(WriterStep),
}

/// Gaps vary around their nominal length by these per cents, in turn: even gaps are nothing that a provider has.
const RHYTHM: [u64; 7] = [100, 85, 120, 95, 140, 70, 110];

const ANSWER: ChannelKey = ChannelKey { choice: 0, block: 0, channel: Channel::Text };

/// Unrolls the steps of a play.
pub fn beats(steps: &[Step]) -> Vec<Beat> {
    let mut unroll = Unroll::default();
    for step in steps {
        for _ in 0..step.times {
            unroll.step(step);
        }
    }
    unroll.beats
}

#[derive(Default)]
struct Unroll {
    beats: Vec<Beat>,
    /// All text of the answer so far.
    said: String,
    pieces: u64,
    in_write: u32,
    written: usize,
    tools: u16,
}

impl Unroll {
    fn step(&mut self, step: &Step) {
        self.in_write = 0;
        match step.act {
            Act::Begin => self.write(step, WriterStep::Begin),
            Act::Text(pieces) => self.say(step, pieces, false),
            Act::Preamble(pieces) => self.say(step, pieces, true),
            Act::Cumulative(pieces) => {
                for piece in pieces.split('|') {
                    self.said.push_str(piece);
                    let all = self.said.clone();
                    self.delta(step, ANSWER, &all, false);
                }
            }
            Act::Replay => {
                let all = self.said.clone();
                self.delta(step, ANSWER, &all, false);
            }
            Act::Reasoning(pieces) => {
                for piece in pieces.split('|') {
                    self.delta(step, ChannelKey { channel: Channel::Reasoning, ..ANSWER }, piece, false);
                }
            }
            Act::Tool(name) => {
                self.tools += 1;
                let block = self.tool_block();
                self.write(step, WriterStep::Tool { block, id: format!("call_demo_{}", self.tools), name: name.into() });
            }
            Act::Arguments(pieces) => {
                let key = ChannelKey { block: self.tool_block(), channel: Channel::ToolArguments, ..ANSWER };
                for piece in pieces.split('|') {
                    self.delta(step, key, piece, false);
                }
            }
            Act::Again(frames) => self.push(step, Emit::Again(frames)),
            Act::Stale(text) => {
                self.said.push_str(text);
                self.push(step, Emit::Stale(text_step(ANSWER, text)));
            }
            Act::Torn(text) => self.push(step, Emit::Torn(text_step(ANSWER, text))),
            Act::Halved(text) => {
                self.said.push_str(text);
                self.push(step, Emit::Halved(text_step(ANSWER, text)));
            }
            Act::KeepAlive => self.write(step, WriterStep::KeepAlive),
            Act::Finish(reason) => {
                self.tell_whole();
                self.write(step, WriterStep::Finish { reason: reason.into(), text: String::new() });
            }
            Act::FinishEcho => {
                self.tell_whole();
                let text = self.said.clone();
                self.write(step, WriterStep::Finish { reason: String::new(), text });
            }
            Act::Usage => {
                let usage = Usage { input: Some(24), output: Some(self.pieces), total: Some(24 + self.pieces) };
                self.write(step, WriterStep::Usage(usage));
            }
            Act::Error(kind, message) => {
                self.write(step, WriterStep::Error { kind: kind.into(), message: message.into() });
            }
            Act::End => self.write(step, WriterStep::End),
        }
    }

    fn say(&mut self, step: &Step, pieces: &str, preamble: bool) {
        for piece in pieces.split('|') {
            self.said.push_str(piece);
            self.delta(step, ANSWER, piece, preamble);
        }
    }

    fn delta(&mut self, step: &Step, key: ChannelKey, text: &str, preamble: bool) {
        self.pieces += 1;
        self.write(step, WriterStep::Text { key, text: text.into(), preamble });
    }

    /// A wire that repeats the answer whole has it as the model gave it, however often its deltas said it.
    fn tell_whole(&mut self) {
        self.beats.push(Beat { gap_us: 0, emit: Emit::Whole(self.said.clone()) });
    }

    fn write(&mut self, step: &Step, what: WriterStep) {
        self.push(step, Emit::Step(what));
    }

    fn push(&mut self, step: &Step, emit: Emit) {
        let first = self.in_write.is_multiple_of(step.per_write);
        self.in_write += 1;
        let percent = RHYTHM[self.written % RHYTHM.len()];
        self.written += 1;
        // A long gap is what a scenario is about, so it is kept to the millisecond.
        let gap = if step.gap_ms < 200 { u64::from(step.gap_ms) * percent * 10 } else { u64::from(step.gap_ms) * 1_000 };
        self.beats.push(Beat { gap_us: if first { gap } else { 0 }, emit });
    }

    fn tool_block(&self) -> u16 {
        self.tools.saturating_sub(1)
    }
}

fn text_step(key: ChannelKey, text: &str) -> WriterStep {
    WriterStep::Text { key, text: text.into(), preamble: false }
}
