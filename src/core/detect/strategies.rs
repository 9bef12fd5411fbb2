//! Whole strategies of earlier systems, faults included, so that any session can be judged as they would have judged it.
//!
//! ```text
//! lines    OpenAI SSE, line by line as the earlier systems read it ─┐
//!                                                                   ├─▶ Chunk ─▶ v1 | v2 ─▶ Op ─▶ Decision per frame
//! runner   other dialects: the text of choice 0, frame by frame ────┘
//! growth   every text and reasoning channel by itself ───────────────────────────────▶ Decision per delta
//! ```
//!
//! All of it is incremental and linear in bytes. v1 and v2 hold at most one frame, without a timer, and lose it when the
//! stream ends; that, too, is as it was.

pub mod growth;
pub mod lines;
pub mod payload;
pub mod runner;
pub mod v1;
pub mod v2;
pub mod v2_score;

pub use runner::{Decision, Runner};

use crate::core::{params::Strategy, time::Micros};

/// What a line, or a frame of another dialect, is to v1 and v2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// A blank line.
    Empty,
    /// A JSON object; its text if it has one, which may be empty.
    Data(Option<Vec<u8>>),
    /// The terminator.
    Done,
    /// A `data: ` line whose payload is no JSON object.
    Malformed,
    /// A line that does not begin with `data: `.
    Unknown,
}

/// Why a strategy lost something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// Held, and replaced by the next one, which is in prefix relation to it.
    Replaced,
    /// Held, and replaced by the next one, which the score, here in thousandths, called a stutter.
    Outscored(u16),
    /// Not a JSON object, skipped.
    Malformed,
    /// Not a `data: ` line, dropped because the flow had not begun.
    Unknown,
    /// It came after the terminator.
    AfterDone,
    /// Still held when the stream ended, and never passed on.
    HeldAtEnd,
    /// Its last line has no line feed, so that it was never read.
    NoLineFeed,
    /// The delta begins with all text so far; only what it adds was passed on.
    Grown,
    /// The delta is a beginning of the text so far.
    Rewound,
    /// The delta repeats the text so far, exactly.
    Repeated,
}

impl Loss {
    /// The reason as a clause that follows the strategy's name and "took this out:".
    pub fn sentence(self) -> &'static str {
        match self {
            Loss::Replaced => "the next delta is in prefix relation to it and took its place",
            Loss::Outscored(_) => "the score called the next delta a stutter, which took its place",
            Loss::Malformed => "it is not a JSON object",
            Loss::Unknown => "it does not begin with `data: ` and the flow had not begun",
            Loss::AfterDone => "it came after the terminator",
            Loss::HeldAtEnd => "it was still held when the stream ended",
            Loss::NoLineFeed => "its last line has no line feed",
            Loss::Grown => "it begins with all text so far",
            Loss::Rewound => "the text so far begins with it",
            Loss::Repeated => "it repeats the text so far",
        }
    }
}

/// What v1 and v2 do, in the order in which they do it. Sources are the numbers given to [`Machine::step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Pass it on.
    Emit(u32),
    /// Hold it; one source at most is held at a time.
    Hold(u32),
    /// Never pass it on.
    Drop(u32, Loss),
    /// Pass on an event with empty data that nobody sent (v1 flushes its buffer even when nothing is in it).
    Void,
}

/// v1 or v2, over chunks.
#[derive(Debug)]
pub enum Machine {
    /// See [`v1`].
    V1(v1::V1),
    /// See [`v2`].
    V2(v2::V2),
}

impl Machine {
    /// The machine of `strategy`, if it is one of v1, v2 and v2-states.
    pub fn new(strategy: Strategy) -> Option<Machine> {
        match strategy {
            Strategy::V1 => Some(Machine::V1(v1::V1::default())),
            Strategy::V2 => Some(Machine::V2(v2::V2::new(v2::Rule::Score))),
            Strategy::V2States => Some(Machine::V2(v2::V2::new(v2::Rule::Prefix))),
            Strategy::Evidence | Strategy::Growth | Strategy::None => None,
        }
    }

    /// Takes `chunk`, which came at `at` and is called `source`, and appends what follows to `out`.
    pub fn step(&mut self, source: u32, chunk: Chunk, at: Micros, out: &mut Vec<Op>) {
        match self {
            Machine::V1(machine) => machine.step(source, chunk, out),
            Machine::V2(machine) => machine.step(source, chunk, at, out),
        }
    }

    /// The source that is held.
    pub fn held(&self) -> Option<u32> {
        match self {
            Machine::V1(machine) => machine.held(),
            Machine::V2(machine) => machine.held(),
        }
    }

    /// True once the terminator was passed on and everything else is ignored.
    pub fn stopped(&self) -> bool {
        match self {
            Machine::V1(machine) => machine.stopped(),
            Machine::V2(machine) => machine.stopped(),
        }
    }
}

/// Whether one text begins with the other, byte by byte; the empty text is a beginning of every text.
pub fn prefix_related(one: &[u8], other: &[u8]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
