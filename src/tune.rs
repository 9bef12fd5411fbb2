//! Fitting thresholds to labelled sessions.
//!
//! Sessions are parsed once and judged again for every value that is tried. They are split in two halves by a hash of their names:
//! thresholds are moved on one half, the other half says what that is worth, and no negative of either half may be harmed.
//!
//! Pure: readings and labels go in, a profile, tallies and curves come out. The same sessions and seed give the same result.

use std::{collections::BTreeMap, ops::Range, thread};

use crate::{
    compare::cuts::{Taken, taken, without},
    core::{
        class::Class,
        judgement::Judgement,
        profile::Profile,
        reading::{ChannelKey, DeltaId, FrameId, Reading},
    },
    report::Verdict,
    session::notes::{Expected, Side},
};

mod case;
pub mod curve;
pub mod plot;
pub mod search;
pub mod split;
mod tally;

pub use case::Case;
pub use search::{Fit, fit};
pub use split::{Half, split};
pub use tally::Tally;

/// A labelled session.
pub struct Example {
    /// Its name: that of its file, or the id of a case.
    pub id: String,
    /// What came in.
    pub reading: Reading,
    /// What is to become of it.
    pub wanted: Wanted,
    /// What its endpoint was proved to do in earlier sessions, as far as that is used.
    pub habits: Vec<(Class, u32)>,
}

/// What is to become of a session.
pub enum Wanted {
    /// What the labels beside a recording say.
    Labels(Expected),
    /// What a labelled case says.
    Case(Box<Case>),
}

/// What a profile makes of a labelled session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What the session is.
    pub side: Side,
    /// Text was taken out that is to be kept.
    pub harmed: bool,
    /// The verdict is another than clean.
    pub alarmed: bool,
    /// The labels say what a repair takes out.
    pub repairable: bool,
    /// Exactly that was taken out.
    pub repaired: bool,
    /// Something of the right family was found.
    pub flagged: bool,
    /// How many deltas were held.
    pub held: u64,
}

impl Example {
    /// What the session is.
    pub fn side(&self) -> Side {
        match &self.wanted {
            Wanted::Labels(expected) => expected.side,
            Wanted::Case(case) => case.side,
        }
    }

    /// What `profile` makes of it.
    pub fn judge(&self, profile: &Profile) -> Outcome {
        let mut judgement = Judgement::new(Profile { habits: self.habits.clone(), ..profile.clone() });
        judgement.catch_up(&self.reading);
        match &self.wanted {
            Wanted::Labels(expected) => self.by_labels(expected, &judgement),
            Wanted::Case(case) => case.judged(&self.reading, &judgement),
        }
    }

    fn by_labels(&self, expected: &Expected, judgement: &Judgement) -> Outcome {
        let taken: BTreeMap<DeltaId, Taken> = taken(&self.reading, &judgement.output).collect();
        let exact = expected.redundant.as_ref().is_some_and(|wanted| self.same_text(&taken, wanted));
        let right = |class: Class| match expected.side {
            Side::Positive(wanted) => class.info().family == wanted.info().family,
            Side::Negative | Side::Partial => false,
        };
        Outcome {
            side: expected.side,
            harmed: !exact && harmed(expected, &taken),
            alarmed: Verdict::of(&judgement.findings) != Verdict::Clean,
            repairable: expected.redundant.as_ref().is_some_and(|wanted| !wanted.is_empty()),
            repaired: exact && !taken.is_empty(),
            flagged: judgement.findings.iter().any(|finding| right(finding.class)),
            held: held(&self.reading, judgement),
        }
    }

    /// True if both leave the same texts: of two equal pieces it does not matter which one goes.
    fn same_text(&self, taken: &BTreeMap<DeltaId, Taken>, wanted: &BTreeMap<DeltaId, Vec<Range<u32>>>) -> bool {
        taken == wanted || !taken.is_empty() && self.left(taken) == self.left(wanted)
    }

    fn left(&self, taken: &BTreeMap<DeltaId, Taken>) -> BTreeMap<ChannelKey, String> {
        let mut texts = BTreeMap::<ChannelKey, String>::new();
        for delta in self.reading.delta_ids() {
            let row = self.reading.delta(delta);
            if row.snapshot {
                continue;
            }
            let text = texts.entry(row.key).or_default();
            let whole = 0..row.text.len() as u32;
            for range in without(std::slice::from_ref(&whole), taken.get(&delta).map_or(&[], Vec::as_slice)) {
                text.push_str(&row.text[range.start as usize..range.end as usize]);
            }
        }
        texts
    }
}

fn harmed(expected: &Expected, taken: &BTreeMap<DeltaId, Taken>) -> bool {
    taken.iter().any(|(delta, ranges)| {
        let needed = match &expected.redundant {
            Some(wanted) => !without(ranges, wanted.get(delta).map_or(&[], Vec::as_slice)).is_empty(),
            None => false,
        };
        // Of a delta that is called fine nothing may go, whether or not the rest is known.
        needed || expected.fine.contains(delta)
    })
}

fn held(reading: &Reading, judgement: &Judgement) -> u64 {
    let frames = judgement.output.holds.iter().map(|hold| hold.first..hold.end.min(reading.frame_count()));
    frames.flatten().map(|frame| reading.deltas_of(FrameId(frame)).len() as u64).sum()
}

/// What `profile` makes of each of `examples`, in their order.
pub fn judge_all(examples: &[Example], profile: &Profile) -> Vec<Outcome> {
    judge_each(examples.iter(), profile)
}

/// As [`judge_all`], of examples that are picked; judged on all processors.
fn judge_each<'a>(examples: impl Iterator<Item = &'a Example>, profile: &Profile) -> Vec<Outcome> {
    let examples: Vec<&Example> = examples.collect();
    let threads = thread::available_parallelism().map_or(1, usize::from).min(examples.len().max(1));
    let share = examples.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let judge = |part: &[&Example]| part.iter().map(|example| example.judge(profile)).collect::<Vec<_>>();
        let parts: Vec<_> = examples.chunks(share).map(|part| scope.spawn(move || judge(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}
