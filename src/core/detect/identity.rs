//! replay_by_seq: frames that were already delivered come again, with the same identity.
//!
//! An identity (stamp in nanoseconds, sequence number) counts only while the stream itself shows that it identifies: it must
//! have risen, without a repetition, over `replay.min_frames` frames. A number that comes again with other text refutes it for
//! the rest of the stream: servers send sequence 0 for every event, and stamps of whole seconds.

use crate::core::{
    params::{Param, Params},
    reading::{FrameId, Reading},
};

/// What an identity says of its frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identified {
    /// New, or no identity worth the name.
    New,
    /// Frame `original` had the same identity and the same deltas, and identities are trusted.
    Again {
        /// The frame that came first.
        original: FrameId,
    },
    /// The identity came again with other text, or fell back to one that never came: identities mean nothing here.
    Meaningless {
        /// The frame that had the same identity, if one had.
        original: Option<FrameId>,
    },
}

/// State of one session.
#[derive(Debug, Clone, Default)]
pub struct Identities {
    /// Identities in rising order, with the frame that brought each first.
    seen: Vec<(u64, FrameId)>,
    refuted: bool,
}

impl Identities {
    /// Looks at the identity of `frame`.
    pub fn observe(&mut self, reading: &Reading, frame: FrameId, identity: u64, params: &Params) -> Identified {
        if self.refuted {
            return Identified::New;
        }
        if self.seen.last().is_none_or(|(last, _)| identity > *last) {
            self.seen.push((identity, frame));
            return Identified::New;
        }
        let Ok(index) = self.seen.binary_search_by_key(&identity, |(seen, _)| *seen) else {
            // It went back to a number that never came: not an identity that orders, so not one to trust.
            self.refuted = true;
            return Identified::Meaningless { original: None };
        };
        let original = self.seen[index].1;
        if !same_deltas(reading, original, frame) {
            self.refuted = true;
            return Identified::Meaningless { original: Some(original) };
        }
        if (self.seen.len() as u64) < params.get(Param::StampMinFrames) { Identified::New } else { Identified::Again { original } }
    }

    /// A new attempt numbers anew.
    pub fn reset(&mut self) {
        *self = Identities::default();
    }
}

fn same_deltas(reading: &Reading, one: FrameId, two: FrameId) -> bool {
    let deltas = |frame| {
        reading
            .deltas_of(frame)
            .map(|delta| reading.delta(crate::core::reading::DeltaId(delta)))
            .map(|delta| (delta.key, delta.text))
    };
    deltas(one).eq(deltas(two))
}
