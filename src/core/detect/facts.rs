//! The facts of a delta, computed once; every detector reads them.

use std::ops::Range;

use crate::core::{
    class::{Certainty, Class, Layer},
    params::Params,
    reading::{ChannelKey, Delta, DeltaId, FrameId, Note, Reading},
    time::Micros,
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
    #[inline]
    pub fn of(new: &str, earlier: &str) -> Match {
        let shorter = new.len().min(earlier.len());
        if shorter == 0 {
            Match::Nothing
        } else if !begin_alike(new.as_bytes(), earlier.as_bytes()) {
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

/// True if the shorter one begins the longer one. Most texts part within a space and a letter, so these are looked at first.
#[inline]
fn begin_alike(one: &[u8], other: &[u8]) -> bool {
    if let (Some(one), Some(other)) = (one.first_chunk::<2>(), other.first_chunk::<2>())
        && one != other
    {
        return false;
    }
    let shorter = one.len().min(other.len());
    one[..shorter] == other[..shorter]
}

/// What a frame says of the text that it brings, beside the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Which of its deltas, counted from 0, repeat what another field says; ascending.
    pub mirrored: Vec<u32>,
    /// It opens a block or message by its type.
    pub opening: bool,
    /// How many tokens it brings.
    pub tokens: Option<u32>,
}

impl Said {
    /// What `notes`, those of one frame, say.
    pub fn of(notes: &[(FrameId, Note)]) -> Said {
        let mut said = Said::default();
        for (_, note) in notes {
            match note {
                Note::Mirrored { delta } => said.mirrored.push(*delta),
                Note::Opening => said.opening = true,
                Note::Tokens(count) => said.tokens = Some(*count),
                _ => {}
            }
        }
        said.mirrored.sort_unstable();
        said
    }

    /// True if it says nothing of its text.
    #[inline]
    pub fn says_nothing(&self) -> bool {
        self.mirrored.is_empty() && !self.opening && self.tokens.is_none()
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
    /// Where it belongs.
    pub key: ChannelKey,
    /// When it was read, where there is a clock.
    pub at: Option<Micros>,
    /// What its frame says beside the text.
    pub said: &'a Said,
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
    /// True if it equals the channel's delta before it.
    pub same: bool,
    /// True if it starts with the whole delta before it and goes on.
    pub grows: bool,
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

/// What is held of a channel that is not to be held any longer: it ended, or the hold ran out.
pub struct Held<'a> {
    /// Everything read so far.
    pub reading: &'a Reading,
    /// The channel.
    pub key: ChannelKey,
    /// The channel's text so far in the additive reading, without what is held.
    pub accepted: &'a str,
    /// The channel's deltas that are held, in order; at least one.
    pub deltas: &'a [DeltaId],
}

impl Held<'_> {
    /// True if the channel's text is `text` without `redundant`; costs no more than `text` does.
    pub fn reads(&self, redundant: &Redundant, text: &str) -> bool {
        let Some(mut rest) = text.strip_prefix(self.accepted) else { return false };
        let mut cuts = redundant.iter().peekable();
        for delta in self.deltas {
            let cut = cuts.next_if(|(cut, _)| cut == delta).map_or(0, |(_, range)| range.end);
            match rest.strip_prefix(&self.reading.delta(*delta).text[cut as usize..]) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }
}

/// Ranges of deltas that are redundant, one a delta, in order.
pub type Redundant = Vec<(DeltaId, Range<u32>)>;

/// What a hypothesis makes of a delta, or of what is held when the channel ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to say, or refuted.
    Pass,
    /// The delta equals, extends or repeats earlier text; the next ones may prove it.
    Hold,
    /// The channel ended, and two readings remain: as it came, or without these ranges of what is held.
    Undecided(Redundant),
    /// Proved: these ranges of held deltas and of this one are redundant. Where this one is not named, it is looked at anew
    /// once the held ones are decided.
    Proved(Redundant),
}

/// One way to read a channel's deltas other than that each adds its text.
pub trait Hypothesis {
    /// Looks at one delta; the same one again once what was held before it is decided.
    fn observe(&mut self, facts: &Facts<'_>, params: &Params) -> Proposal;

    /// The channel ends while text is held: what the hypothesis makes of it. Holds are also weighed when they run out; then
    /// nothing is proved, whatever is said here.
    fn weigh(&self, held: &Held<'_>, params: &Params) -> Proposal {
        let _ = (held, params);
        Proposal::pass(Class::CumulativeFull)
    }

    /// What became of the text that was held.
    fn resolve(&mut self, held: &Held<'_>, outcome: Outcome) {
        let _ = (held, outcome);
    }
}

/// What became of text that was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// What this hypothesis said of it when the channel ended was proved.
    Proved,
    /// It was passed on, undecided.
    GivenUp,
    /// It was passed on: all doubt was refuted, or another hypothesis was proved.
    Decided,
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
    /// Redundant deltas that were passed on before this was proved.
    pub passed: Vec<DeltaId>,
    /// True if the output is as if the fault had not been, but for what was passed on.
    pub repaired: bool,
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
            passed: Vec::new(),
            repaired: true,
        }
    }

    /// Proof that these ranges are redundant.
    pub fn proved(class: Class, redundant: Redundant, evidence: String) -> Proposal {
        Proposal {
            score: 1000,
            verdict: Verdict::Proved(redundant),
            certainty: Certainty::Proved,
            layer: Layer::Server,
            evidence,
            ..Proposal::pass(class)
        }
    }

    /// Doubt that the next deltas may settle; `score` is in thousandths.
    pub fn hold(class: Class, score: u16, evidence: String) -> Proposal {
        Proposal { score, verdict: Verdict::Hold, evidence, ..Proposal::pass(class) }
    }

    /// Doubt that nothing settled: these ranges may be redundant.
    pub fn undecided(class: Class, redundant: Redundant, evidence: String) -> Proposal {
        Proposal { score: 500, verdict: Verdict::Undecided(redundant), evidence, ..Proposal::pass(class) }
    }

    /// True if it proves something of `delta`.
    pub fn names(&self, delta: DeltaId) -> bool {
        matches!(&self.verdict, Verdict::Proved(ranges) if ranges.last().is_some_and(|(last, _)| *last == delta))
    }

    /// How much it weighs against others.
    pub fn strength(&self) -> u8 {
        match self.verdict {
            Verdict::Pass => 0,
            Verdict::Hold | Verdict::Undecided(_) => 1,
            Verdict::Proved(_) => 2,
        }
    }
}
