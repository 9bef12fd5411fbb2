//! Sums of scores, in all and by class.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Score;
use crate::session::import::cases::Kind;

/// What one strategy did with all streams. In JSON, a row of `strategies`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Streams that must come out as they are.
    pub negatives: u32,
    /// Negatives that came out otherwise.
    pub harmed: u32,
    /// Negatives whose verdict is another than clean.
    pub alarmed: u32,
    /// Deltas of the negatives.
    pub deltas: u64,
    /// Of those, how many were held back for a while.
    pub held: u64,
    /// Streams with something wrong.
    pub positives: u32,
    /// Positives of which something of the right family was said.
    pub flagged: u32,
    /// Positives that neither were flagged nor came out right.
    pub missed: u32,
    /// Positives that lost text that belongs to the answer.
    pub damaged: u32,
    /// Positives that can be repaired while they stream.
    pub repairable: u32,
    /// Of those, how many came out right.
    pub repaired: u32,
    /// Streams whose text alone cannot tell.
    pub ambiguous: u32,
    /// Of those, how many came out as they were, with the doubt said.
    pub named: u32,
    /// Positives whose right text takes back what had to be passed on; in `repairable` they do not count.
    pub retraction: u32,
    /// Of those, how many came out right all the same.
    pub retraction_repaired: u32,
    /// The same by class.
    pub classes: BTreeMap<String, ClassTally>,
}

/// What one strategy did with the streams of one class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ClassTally {
    /// Streams that must come out as they are.
    pub negatives: u32,
    /// Streams with something wrong.
    pub positives: u32,
    /// Positives that can be repaired while they stream.
    pub repairable: u32,
    /// Of those, how many came out right.
    pub repaired: u32,
    /// Positives of which something of the right family was said.
    pub flagged: u32,
    /// Streams of any kind that lost or gained text that they should not have.
    pub harmed: u32,
    /// Positives that neither were flagged nor came out right.
    pub missed: u32,
    /// Streams whose text alone cannot tell.
    pub ambiguous: u32,
    /// Of those, how many came out as they were, with the doubt said.
    pub named: u32,
    /// Deltas from the first wrong one to the verdict, both counted: the median, null without a verdict.
    pub median_deltas: Option<u32>,
    /// The same, the most.
    pub max_deltas: Option<u32>,
    #[serde(skip)]
    deltas: Vec<u32>,
}

impl Tally {
    /// Adds one score of a stream of `class`.
    pub fn add(&mut self, class: &str, score: &Score) {
        let row = self.classes.entry(class.to_owned()).or_default();
        match score.kind {
            Kind::Negative => {
                self.negatives += 1;
                self.deltas += u64::from(score.came);
                self.held += u64::from(score.held);
                row.negatives += 1;
                self.harmed += u32::from(score.harmed);
                self.alarmed += u32::from(score.alarmed);
            }
            Kind::Positive => {
                self.positives += 1;
                row.positives += 1;
                self.damaged += u32::from(score.harmed);
            }
            Kind::Ambiguous => {
                self.ambiguous += 1;
                row.ambiguous += 1;
            }
        }
        row.harmed += u32::from(score.harmed);
        for (total, of_class, counts) in [
            (&mut self.flagged, &mut row.flagged, score.kind == Kind::Positive && score.flagged),
            (&mut self.missed, &mut row.missed, score.missed()),
            (&mut self.repairable, &mut row.repairable, score.repairable),
            (&mut self.repaired, &mut row.repaired, score.repaired()),
            (&mut self.named, &mut row.named, score.kind == Kind::Ambiguous && score.named),
        ] {
            *total += u32::from(counts);
            *of_class += u32::from(counts);
        }
        self.retraction += u32::from(score.retraction);
        self.retraction_repaired += u32::from(score.retraction && score.exact);
        if let Some(deltas) = score.deltas {
            let place = row.deltas.partition_point(|other| *other <= deltas);
            row.deltas.insert(place, deltas);
            row.median_deltas = Some(row.deltas[(row.deltas.len() - 1) / 2]);
            row.max_deltas = row.deltas.last().copied();
        }
    }
}
