//! first_chunk_double: the first delta is sent twice, by another serializer than the rest, or in the frame that opens the block.
//!
//! Where the frame that opens a block or message carries text, its type is proof: an equal delta right after it is the same text.
//! Other text after it is what comes next.
//!
//! Some servers open a stream with a preamble frame whose JSON keys stand in another order, and send it twice. Equal text
//! alone proves nothing (`ha | ha | !`). Proof is: the two opening frames are equal byte for byte, and the next frame
//! with text has the same keys in another order.

use crate::core::{
    class::Class,
    detect::{
        facts::{Facts, Held, Hypothesis, Match, Outcome, Proposal, Redundant},
        shape::{Shape, shape_of},
    },
    params::Params,
    reading::{DeltaId, FrameId, Reading},
};

/// Frames of more bytes, or of more deltas, are no preamble: their bytes and keys are not compared, once for each delta.
const MOST_BYTES: u32 = 64 << 10;
const MOST_DELTAS: usize = 16;

/// State of one channel.
#[derive(Debug, Clone, Default)]
pub struct Double {
    /// The delta of a frame that opened a block, if it was the latest one.
    opened: Option<DeltaId>,
    preamble: Preamble,
}

/// Whether the first delta came twice.
#[derive(Debug, Clone, Default)]
enum Preamble {
    /// Nothing decided; only the second delta can be a double.
    #[default]
    Fresh,
    /// The second delta equalled the first and is held; the frame of the first, and its shape.
    Suspect(DeltaId, FrameId, Shape),
    /// Decided, either way.
    Done,
}

impl Hypothesis for Double {
    fn observe(&mut self, facts: &Facts<'_>, _: &Params) -> Proposal {
        let opened = self.opened.take();
        if facts.said.opening {
            self.opened = Some(facts.delta);
        } else if let Some(delta) = opened.filter(|delta| facts.same && facts.last == Some(*delta)) {
            self.preamble = Preamble::Done;
            let opening = facts.reading.delta(delta).frame.0;
            let evidence = format!("frame {} repeats the text of frame {opening}, which opened the block with it", facts.frame.0);
            return Proposal::proved(Class::FirstChunkDouble, whole(facts.reading, facts.delta), evidence);
        }
        match std::mem::replace(&mut self.preamble, Preamble::Done) {
            Preamble::Done => Proposal::pass(Class::FirstChunkDouble),
            Preamble::Fresh => self.second(facts),
            Preamble::Suspect(delta, first, shape) => third(facts, delta, first, &shape),
        }
    }

    fn resolve(&mut self, _: &Held<'_>, _: Outcome) {
        self.preamble = Preamble::Done;
    }
}

impl Double {
    /// True if the latest delta opened a block.
    #[inline]
    pub fn is_opened(&self) -> bool {
        self.opened.is_some()
    }

    /// A delta that has nothing to do with the text so far arrived as the channel's delta number `count`.
    #[inline]
    pub fn unrelated(&mut self, count: u32) {
        if count > 0 {
            self.preamble = Preamble::Done;
        }
    }

    fn second(&mut self, facts: &Facts<'_>) -> Proposal {
        if facts.count == 0 {
            self.preamble = Preamble::Fresh;
            return Proposal::pass(Class::FirstChunkDouble);
        }
        let Some(first) = facts.last_delta() else { return Proposal::pass(Class::FirstChunkDouble) };
        if facts.count != 1 || facts.against_accepted != Match::Equals || !is_small(facts) {
            return Proposal::pass(Class::FirstChunkDouble);
        }
        let (one, two) = (facts.reading.frame_bytes(first.frame), facts.reading.frame_bytes(facts.frame));
        if one != two || facts.finishes {
            return Proposal::pass(Class::FirstChunkDouble);
        }
        let Some(shape) = shape_of(facts.reading, facts.frame) else { return Proposal::pass(Class::FirstChunkDouble) };
        self.preamble = Preamble::Suspect(facts.delta, first.frame, shape);
        let evidence = format!("frame {} is the first one again, byte for byte; the next frame's key order decides", facts.frame.0);
        Proposal::hold(Class::FirstChunkDouble, 500, evidence)
    }
}

fn is_small(facts: &Facts<'_>) -> bool {
    let frame = facts.reading.frame(facts.frame);
    frame.end - frame.start <= MOST_BYTES && facts.reading.deltas_of(facts.frame).len() <= MOST_DELTAS
}

fn third(facts: &Facts<'_>, delta: DeltaId, first: FrameId, shape: &Shape) -> Proposal {
    let differs = is_small(facts) && shape_of(facts.reading, facts.frame).is_some_and(|now| shape.same_keys_in_another_order(&now));
    if !differs {
        return Proposal::pass(Class::FirstChunkDouble);
    }
    let evidence = format!(
        "frames {} and {} are equal, and their keys stand in another order than those of frame {}: one preamble, sent twice",
        first.0,
        facts.reading.delta(delta).frame.0,
        facts.frame.0
    );
    Proposal::proved(Class::FirstChunkDouble, whole(facts.reading, delta), evidence)
}

/// All of `delta`.
fn whole(reading: &Reading, delta: DeltaId) -> Redundant {
    vec![(delta, 0..reading.delta(delta).text.len() as u32)]
}
