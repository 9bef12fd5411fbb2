//! The facts of a delta, computed once; every detector reads them.

use std::ops::Range;

use crate::core::{
    class::{Certainty, Class, Layer},
    reading::{Delta, DeltaId, FrameId, Reading},
};

/// How a text lies to an earlier one, from the start of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// One of them is empty: no evidence at all.
    Nothing,
    /// They part before the shorter one ends.
    Differs,
    /// They are equal.
    Equals,
    /// The new text starts with the whole earlier one and goes on.
    Extends,
    /// The earlier text starts with the whole new one and goes on.
    Shrinks,
}

impl Match {
    /// Compares `new` with `earlier`; costs the shorter of the two.
    pub fn of(new: &str, earlier: &str) -> Match {
        let shorter = new.len().min(earlier.len());
        if shorter == 0 {
            Match::Nothing
        } else if new.as_bytes()[..shorter] != earlier.as_bytes()[..shorter] {
            Match::Differs
        } else {
            match new.len().cmp(&earlier.len()) {
                std::cmp::Ordering::Equal => Match::Equals,
                std::cmp::Ordering::Greater => Match::Extends,
                std::cmp::Ordering::Less => Match::Shrinks,
            }
        }
    }
}

/// What is known of a delta when it arrives.
pub struct Facts<'a> {
    /// Everything read so far, this delta's frame included.
    pub reading: &'a Reading,
    /// The delta's index.
    pub delta: DeltaId,
    /// The frame that carried it.
    pub frame: FrameId,
    /// Its text.
    pub text: &'a str,
    /// The channel's text so far in the additive reading, without what is held.
    pub accepted: &'a str,
    /// How the delta's text lies to `accepted`.
    pub against_accepted: Match,
    /// The channel's deltas that are held, in order.
    pub held: &'a [DeltaId],
    /// The channel's delta before this one, if any.
    pub last: Option<DeltaId>,
    /// Number of the channel's deltas before this one.
    pub count: u32,
    /// How many times a delta differed from the one before it, plus one.
    pub distinct: u32,
    /// True if the frame also says that the choice finished.
    pub finishes: bool,
}

impl<'a> Facts<'a> {
    /// The channel's delta before this one, if any.
    pub fn last_delta(&self) -> Option<Delta<'a>> {
        self.last.map(|delta| self.reading.delta(delta))
    }
}

/// What a detector makes of a delta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to say.
    Pass,
    /// The delta equals, extends or repeats earlier text; the next ones may prove it.
    Hold,
    /// Proved: these ranges of held deltas and of this one are redundant.
    Proved(Vec<(DeltaId, Range<u32>)>),
}

/// A detector's proposal for one delta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What it would be.
    pub class: Class,
    /// Score in thousandths; 1000 is the threshold.
    pub score: u16,
    /// What to do.
    pub verdict: Verdict,
    /// How sure.
    pub certainty: Certainty,
    /// Who would have done it.
    pub layer: Layer,
    /// One sentence.
    pub evidence: String,
}

impl Proposal {
    /// Nothing to say.
    pub fn pass(class: Class) -> Proposal {
        Proposal {
            class,
            score: 0,
            verdict: Verdict::Pass,
            certainty: Certainty::Likely,
            layer: Layer::Unknown,
            evidence: String::new(),
        }
    }
}
