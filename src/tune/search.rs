//! The search: one threshold after the other, over a few values each, until none of them helps.

use super::{Example, Half, Tally, judge_all};
use crate::core::{
    params::{PARAMS, Param, ParamInfo},
    profile::Profile,
};

/// Most rounds over all thresholds.
const ROUNDS: u32 = 3;

/// Factors of the values that are tried, as fractions.
const FACTORS: [(u64, u64); 14] =
    [(1, 8), (1, 6), (1, 4), (1, 3), (1, 2), (2, 3), (3, 4), (4, 3), (3, 2), (2, 1), (3, 1), (4, 1), (6, 1), (8, 1)];

/// What fitting came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The profile that was fitted.
    pub profile: Profile,
    /// Thresholds that were moved: from, to.
    pub moved: Vec<(Param, u64, u64)>,
    /// The fitted half before and after.
    pub fitted: (Tally, Tally),
    /// The other half before and after.
    pub reported: (Tally, Tally),
    /// Profiles that were tried.
    pub tried: u32,
}

/// What a profile is worth; less is better. Whatever is harmed counts in both halves, the gain in the fitted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    harmed: u32,
    more_alarms: u32,
    spoiled: u32,
    unrepaired: u32,
    unflagged: u32,
    alarmed: u32,
}

struct Search<'a> {
    examples: &'a [Example],
    halves: &'a [Half],
    /// False alarms of the profile that it begins with, in each half: no profile may raise more.
    alarms: (u32, u32),
    tried: u32,
}

impl Search<'_> {
    fn tallies(&mut self, profile: &Profile) -> (Tally, Tally) {
        self.tried += 1;
        let outcomes = judge_all(self.examples, profile);
        let of =
            |half: Half| Tally::of(outcomes.iter().zip(self.halves).filter(|(_, of)| **of == half).map(|(outcome, _)| outcome));
        (of(Half::Fit), of(Half::Report))
    }

    /// The cost of a profile, and how many deltas of the fitted half it holds.
    fn cost(&mut self, profile: &Profile) -> (Cost, u64) {
        let (fit, report) = self.tallies(profile);
        let cost = Cost {
            harmed: fit.harmed + report.harmed,
            more_alarms: fit.alarmed.saturating_sub(self.alarms.0) + report.alarmed.saturating_sub(self.alarms.1),
            spoiled: fit.spoiled,
            unrepaired: fit.repairable - fit.repaired,
            unflagged: fit.positives - fit.flagged,
            alarmed: fit.alarmed,
        };
        (cost, fit.held)
    }

    /// The best value of `info` with everything else as `profile` has it; `None` if no other is better. Of equally good ones it is the
    /// one that holds least, then the one nearest to the present value.
    fn best(&mut self, profile: &Profile, info: &ParamInfo, current: Cost) -> Option<(u64, Cost)> {
        let value = profile.params.get(info.param);
        let tried = ladder(info, value).into_iter().filter(|other| *other != value).map(|other| {
            let (cost, held) = self.cost(&with(profile, info.param, other));
            (cost, held, other.abs_diff(value), other)
        });
        let (cost, held, _, best) = tried.min()?;
        (cost < current).then(|| (self.nearest(profile, info, value, best, (cost, held)), cost))
    }

    /// The value nearest to `from` that is as good as `best`, found by halving.
    fn nearest(&mut self, profile: &Profile, info: &ParamInfo, from: u64, best: u64, wanted: (Cost, u64)) -> u64 {
        let (mut worse, mut good) = (from, best);
        while worse.abs_diff(good) > 1 {
            let middle = worse.min(good) + worse.abs_diff(good) / 2;
            if self.cost(&with(profile, info.param, middle)) <= wanted { good = middle } else { worse = middle }
        }
        good
    }
}

fn with(profile: &Profile, param: Param, value: u64) -> Profile {
    let mut profile = profile.clone();
    profile.params.set(param, value);
    profile
}

/// The values of a threshold that are tried: fractions and multiples of `value`, within the range; ascending, `value` among them.
pub fn ladder(info: &ParamInfo, value: u64) -> Vec<u64> {
    let (low, high) = info.range;
    let mut values: Vec<u64> = FACTORS.iter().map(|(times, by)| (value * times / by).clamp(low, high)).collect();
    values.push(value);
    values.sort_unstable();
    values.dedup();
    values
}

/// The thresholds that are fitted: those of detectors. How long text may be held is for the user to say.
pub fn thresholds() -> impl Iterator<Item = &'static ParamInfo> {
    PARAMS.iter().filter(|info| !info.id.starts_with("hold."))
}

/// Moves the thresholds of `base` to where they serve the fitted half best without harming a negative of either half.
pub fn fit(examples: &[Example], halves: &[Half], base: &Profile) -> Fit {
    let mut search = Search { examples, halves, alarms: (0, 0), tried: 0 };
    let before = search.tallies(base);
    search.alarms = (before.0.alarmed, before.1.alarmed);
    let mut profile = base.clone();
    let (mut cost, _) = search.cost(&profile);
    for _ in 0..ROUNDS {
        let start = cost;
        for info in thresholds() {
            if let Some((value, better)) = search.best(&profile, info, cost) {
                profile.params.set(info.param, value);
                cost = better;
            }
        }
        if cost == start {
            break;
        }
    }
    put_back(&mut search, &mut profile, base, cost);
    let after = search.tallies(&profile);
    let changed = |info: &'static ParamInfo| {
        let (from, to) = (base.params.get(info.param), profile.params.get(info.param));
        (from != to).then_some((info.param, from, to))
    };
    let moved = PARAMS.iter().filter_map(changed).collect();
    Fit { moved, fitted: (before.0, after.0), reported: (before.1, after.1), tried: search.tried, profile }
}

/// Puts back what was moved and turned out not to be needed.
fn put_back(search: &mut Search<'_>, profile: &mut Profile, base: &Profile, cost: Cost) {
    for info in thresholds() {
        let value = base.params.get(info.param);
        if profile.params.get(info.param) == value {
            continue;
        }
        let without = with(profile, info.param, value);
        if search.cost(&without).0 <= cost {
            *profile = without;
        }
    }
}
