//! Outcomes summed up.

use super::{Outcome, Side};

/// How a set of labelled sessions fares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Sessions in which nothing is wrong.
    pub negatives: u32,
    /// Sessions that lost text which was to be kept, where nothing or nothing else is wrong.
    pub harmed: u32,
    /// Negatives whose verdict is another than clean.
    pub alarmed: u32,
    /// Sessions in which something is wrong.
    pub positives: u32,
    /// Positives that lost text which was to be kept.
    pub spoiled: u32,
    /// Positives whose labels say what a repair takes out.
    pub repairable: u32,
    /// Of those, the ones of which exactly that was taken out.
    pub repaired: u32,
    /// Positives in which something of the right family was found.
    pub flagged: u32,
    /// Deltas held, in all sessions.
    pub held: u64,
}

impl Tally {
    /// The sum of `outcomes`.
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Tally {
        let mut tally = Tally::default();
        for outcome in outcomes {
            let one = |holds: bool| u32::from(holds);
            tally.held += outcome.held;
            match outcome.side {
                Side::Positive(_) => {
                    tally.positives += 1;
                    tally.spoiled += one(outcome.harmed);
                    tally.repairable += one(outcome.repairable);
                    tally.repaired += one(outcome.repairable && outcome.repaired);
                    tally.flagged += one(outcome.flagged);
                }
                Side::Negative => {
                    tally.negatives += 1;
                    tally.harmed += one(outcome.harmed);
                    tally.alarmed += one(outcome.alarmed);
                }
                Side::Partial => tally.harmed += one(outcome.harmed),
            }
        }
        tally
    }

    /// Of what was flagged, the share that is wrong indeed, in thousandths; `None` if nothing was flagged.
    pub fn precision(&self) -> Option<u32> {
        (self.flagged * 1_000).checked_div(self.flagged + self.alarmed)
    }

    /// Of what is wrong, the share that was flagged, in thousandths.
    pub fn recall(&self) -> Option<u32> {
        (self.flagged * 1_000).checked_div(self.positives)
    }

    /// Of what is fine, the share that was flagged, in thousandths.
    pub fn false_alarms(&self) -> Option<u32> {
        (self.alarmed * 1_000).checked_div(self.negatives)
    }
}
