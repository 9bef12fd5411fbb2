//! v1: hold the first text; while the next is in prefix relation to it, let it take the place; at the first that is not,
//! emit both and never look again.
//!
//! Its faults are part of it: whatever is not text resolves the hold (a role frame first switches detection off), the empty
//! text of a finish frame is a prefix of everything and takes the answer's place, the flush emits an event with empty data
//! when nothing was held, and the end of the stream loses what is held.

use super::{Chunk, Loss, Op, prefix_related};

/// The first system's filter. `Default` is the beginning of a stream.
#[derive(Debug, Default)]
pub struct V1 {
    phase: Phase,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Undecided,
    Holding {
        source: u32,
        text: Vec<u8>,
    },
    Resolved,
    Stopped,
}

/// Whether v1 goes on holding: `held` is the text in its buffer, if any, and `current` what came.
pub fn still_stuttering(held: Option<&[u8]>, current: &Chunk) -> bool {
    match current {
        Chunk::Data(Some(text)) => held.is_none_or(|held| prefix_related(held, text)),
        _ => false,
    }
}

impl V1 {
    /// Takes one chunk.
    pub fn step(&mut self, source: u32, chunk: Chunk, out: &mut Vec<Op>) {
        let held = match &self.phase {
            _ if chunk == Chunk::Empty => return,
            Phase::Stopped => return out.push(Op::Drop(source, Loss::AfterDone)),
            Phase::Resolved => {
                if chunk == Chunk::Done {
                    self.phase = Phase::Stopped;
                }
                return out.push(Op::Emit(source));
            }
            // Only `data: ` lines are looked at; a comment or an `event:` line passes at once.
            Phase::Undecided | Phase::Holding { .. } if chunk == Chunk::Unknown => return out.push(Op::Emit(source)),
            Phase::Undecided => None,
            Phase::Holding { source, text } => Some((*source, text.as_slice())),
        };
        let still = still_stuttering(held.map(|(_, text)| text), &chunk);
        match (still, held) {
            (true, Some((held, _))) => out.push(Op::Drop(held, Loss::Replaced)),
            (true, None) => {}
            (false, Some((held, _))) => out.push(Op::Emit(held)),
            (false, None) => out.push(Op::Void),
        }
        match chunk {
            Chunk::Data(Some(text)) if still => {
                out.push(Op::Hold(source));
                self.phase = Phase::Holding { source, text };
            }
            // A terminator that resolves the hold is passed on like any payload, and reading goes on.
            _ => {
                out.push(Op::Emit(source));
                self.phase = Phase::Resolved;
            }
        }
    }

    /// The source that is held.
    pub fn held(&self) -> Option<u32> {
        match &self.phase {
            Phase::Holding { source, .. } => Some(*source),
            _ => None,
        }
    }

    /// True once the terminator was passed on.
    pub fn stopped(&self) -> bool {
        matches!(self.phase, Phase::Stopped)
    }
}
