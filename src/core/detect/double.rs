//! first_chunk_double: the first delta is sent twice, by another serializer than the rest.
//!
//! Some servers open a stream with a preamble frame whose JSON keys stand in another order, and send it twice. Equal text
//! alone proves nothing (`ha | ha | !`). Proof is: the two opening frames are equal byte for byte, and the next frame
//! with text has the same keys in another order.

use crate::core::{
    class::{Certainty, Class, Layer},
    detect::{
        facts::{Facts, Match, Proposal, Verdict},
        shape::{Shape, shape_of},
    },
    reading::DeltaId,
};

/// Frames of more bytes, or of more deltas, are no preamble: their bytes and keys are not compared, once for each delta.
const MOST_BYTES: u32 = 64 << 10;
const MOST_DELTAS: usize = 16;

/// State of one channel.
#[derive(Debug, Clone, Default)]
pub enum Double {
    /// Nothing decided; only the second delta can be a double.
    #[default]
    Fresh,
    /// The second delta equalled the first and is held; the shape of its frame.
    Suspect(DeltaId, Shape),
    /// Decided, either way.
    Done,
}

impl Double {
    /// Looks at one delta.
    pub fn observe(&mut self, facts: &Facts<'_>) -> Proposal {
        match std::mem::replace(self, Double::Done) {
            Double::Done => Proposal::pass(Class::FirstChunkDouble),
            Double::Fresh => self.second(facts),
            Double::Suspect(delta, shape) => third(facts, delta, &shape),
        }
    }

    /// A delta that has nothing to do with the text so far arrived as the channel's delta number `count`.
    pub fn unrelated(&mut self, count: u32) {
        if count > 0 {
            *self = Double::Done;
        }
    }

    /// A new turn begins, or the hold was given up.
    pub fn reset(&mut self, fresh: bool) {
        *self = if fresh { Double::Fresh } else { Double::Done };
    }

    fn second(&mut self, facts: &Facts<'_>) -> Proposal {
        if facts.count == 0 {
            *self = Double::Fresh;
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
        *self = Double::Suspect(facts.delta, shape);
        Proposal {
            score: 500,
            verdict: Verdict::Hold,
            evidence: format!("delta {} is the first one again, byte for byte; the next frame's key order decides", facts.delta.0),
            ..Proposal::pass(Class::FirstChunkDouble)
        }
    }
}

fn is_small(facts: &Facts<'_>) -> bool {
    let frame = facts.reading.frame(facts.frame);
    frame.end - frame.start <= MOST_BYTES && facts.reading.deltas_of(facts.frame).len() <= MOST_DELTAS
}

fn third(facts: &Facts<'_>, delta: DeltaId, shape: &Shape) -> Proposal {
    let differs = is_small(facts) && shape_of(facts.reading, facts.frame).is_some_and(|now| shape.same_keys_in_another_order(&now));
    if !differs {
        return Proposal::pass(Class::FirstChunkDouble);
    }
    let text = facts.reading.delta(delta).text;
    Proposal {
        score: 1000,
        verdict: Verdict::Proved(vec![(delta, 0..text.len() as u32)]),
        certainty: Certainty::Proved,
        layer: Layer::Server,
        evidence: format!(
            "the first two frames are equal and their keys stand in another order than those of delta {}: one preamble, sent twice",
            facts.delta.0
        ),
        ..Proposal::pass(Class::FirstChunkDouble)
    }
}
