//! v1 and v2 over the lines of a body, bytes in and bytes out, as the earlier systems ran.
//!
//! They know neither events nor fields: a line that begins with `data: ` (one blank, lower case) is a payload, every other
//! line is itself. A line ends with a line feed; a carriage return before it belongs to the payload.

use crate::core::{params::Strategy, time::Micros};

use super::{Chunk, Machine, Op, payload};

/// A piece of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emission {
    /// What is written.
    pub bytes: Vec<u8>,
    /// Number of the line that it comes from, counted from 0; `None` if nobody sent it.
    pub line: Option<u32>,
}

/// The payload of a line, if it begins with `data: `; the line feed is taken off, a carriage return is not.
pub fn payload_of(line: &[u8]) -> Option<&[u8]> {
    let payload = line.strip_prefix(b"data: ")?;
    Some(payload.strip_suffix(b"\n").unwrap_or(payload))
}

/// What a line is.
pub fn parse(line: &[u8]) -> Chunk {
    if String::from_utf8_lossy(line).trim().is_empty() {
        return Chunk::Empty;
    }
    match payload_of(line) {
        None => Chunk::Unknown,
        Some(b"[DONE]") => Chunk::Done,
        Some(payload) => payload::content(payload).map_or(Chunk::Malformed, Chunk::Data),
    }
}

/// Splits `bytes` into lines with their line feeds; the last one may lack it.
pub fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n')
}

/// What leaves for a line that is passed on.
fn rendered(line: &[u8]) -> Vec<u8> {
    match payload_of(line) {
        Some(payload) => [b"data: ", payload, b"\n\n"].concat(),
        None => line.to_vec(),
    }
}

/// One stream through v1 or v2.
#[derive(Debug)]
pub struct LineFilter {
    machine: Machine,
    ops: Vec<Op>,
    lines: u32,
    held: Vec<u8>,
}

impl LineFilter {
    /// The filter of `strategy`, if it is one of v1, v2 and v2-states.
    pub fn new(strategy: Strategy) -> Option<LineFilter> {
        Machine::new(strategy).map(|machine| LineFilter { machine, ops: Vec::new(), lines: 0, held: Vec::new() })
    }

    /// Takes one line with its line feed, read at `at`, and returns what is written for it. A line without line feed is lost.
    pub fn feed(&mut self, line: &[u8], at: Micros) -> Vec<Emission> {
        let number = self.lines;
        self.lines += 1;
        if !line.ends_with(b"\n") {
            return Vec::new();
        }
        self.ops.clear();
        self.machine.step(number, parse(line), at, &mut self.ops);
        let mut emissions = Vec::new();
        for op in &self.ops {
            match *op {
                Op::Emit(source) => {
                    let bytes = if source == number { rendered(line) } else { std::mem::take(&mut self.held) };
                    emissions.push(Emission { bytes, line: Some(source) });
                }
                Op::Void => emissions.push(Emission { bytes: b"data: \n\n".to_vec(), line: None }),
                Op::Hold(_) => self.held = rendered(line),
                Op::Drop(..) => {}
            }
        }
        emissions
    }

    /// Ends the stream. Nothing is written; returns the line that was held and is lost.
    pub fn finish(self) -> Option<u32> {
        self.machine.held()
    }

    /// The machine behind it.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }
}
