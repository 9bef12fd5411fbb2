//! Curves: how the reported half fares as thresholds go up and down.

use super::{Example, Half, Tally, judge_all, search::ladder};
use crate::core::{params::Param, profile::Profile};

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The threshold's value, or the factor of all of them in thousandths.
    pub at: u64,
    /// How the reported half fares there.
    pub tally: Tally,
}

fn reported(examples: &[Example], halves: &[Half], profile: &Profile) -> Tally {
    let outcomes = judge_all(examples, profile);
    Tally::of(outcomes.iter().zip(halves).filter(|(_, half)| **half == Half::Report).map(|(outcome, _)| outcome))
}

/// The reported half against the values of one threshold, the others as `profile` has them; ascending, with `before` among them.
pub fn against(examples: &[Example], halves: &[Half], profile: &Profile, param: Param, before: u64) -> Vec<Point> {
    let mut values = ladder(param.info(), profile.params.get(param));
    values.push(before);
    values.sort_unstable();
    values.dedup();
    let point = |value: u64| {
        let mut profile = profile.clone();
        profile.params.set(param, value);
        Point { at: value, tally: reported(examples, halves, &profile) }
    };
    values.into_iter().map(point).collect()
}

/// The factors by which all thresholds are scaled, in thousandths.
const SCALES: [u64; 13] = [125, 167, 250, 333, 500, 667, 1_000, 1_500, 2_000, 3_000, 4_000, 6_000, 8_000];

/// The reported half as these thresholds go from an eighth of their values to eight times: an ROC curve by how strict they all are.
pub fn roc(examples: &[Example], halves: &[Half], profile: &Profile, params: &[Param]) -> Vec<Point> {
    let point = |scale: u64| {
        let mut scaled = profile.clone();
        for param in params {
            scaled.params.set(*param, profile.params.get(*param) * scale / 1_000);
        }
        Point { at: scale, tally: reported(examples, halves, &scaled) }
    };
    SCALES.into_iter().map(point).collect()
}
