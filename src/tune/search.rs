//! The search: one threshold after the other, over a few values each, until none of them helps.
//!
//! Most thresholds matter to few sessions. Which ones, the lowest and the highest value that are tried show; between those only these
//! sessions are judged again. What is accepted is judged on all of them.

use super::{Example, Half, Outcome, Tally, judge_all, judge_each};
use crate::core::{
    params::{PARAMS, Param, ParamInfo},
    profile::Profile,
};

/// Most rounds over all thresholds.
const ROUNDS: usize = 3;

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
    /// What the present profile makes of each example.
    outcomes: Vec<Outcome>,
    tried: u32,
}

impl Search<'_> {
    fn judge(&mut self, profile: &Profile) -> Vec<Outcome> {
        self.tried += 1;
        judge_all(self.examples, profile)
    }

    /// The outcomes under `profile`, of which only the `affected` ones can differ from the present ones.
    fn judge_some(&mut self, profile: &Profile, affected: &[usize]) -> Vec<Outcome> {
        self.tried += 1;
        let mut outcomes = self.outcomes.clone();
        for (index, outcome) in affected.iter().zip(judge_each(affected.iter().map(|index| &self.examples[*index]), profile)) {
            outcomes[*index] = outcome;
        }
        outcomes
    }

    fn tallies(&self, outcomes: &[Outcome]) -> (Tally, Tally) {
        let of =
            |half: Half| Tally::of(outcomes.iter().zip(self.halves).filter(|(_, of)| **of == half).map(|(outcome, _)| outcome));
        (of(Half::Fit), of(Half::Report))
    }

    /// What outcomes cost, and how many deltas of the fitted half are held.
    fn cost(&self, outcomes: &[Outcome]) -> (Cost, u64) {
        let (fit, report) = self.tallies(outcomes);
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

    /// Moves the threshold of `info` to its best value, everything else as `profile` has it; false if no other value is better. Of
    /// equally good ones it is the one that holds least, then the one nearest to the present value.
    fn move_one(&mut self, profile: &mut Profile, info: &ParamInfo) -> bool {
        let value = profile.params.get(info.param);
        let values: Vec<u64> = ladder(info, value).into_iter().filter(|other| *other != value).collect();
        let Some(affected) = self.affected(profile, info, &values) else { return false };
        let at = |search: &mut Self, other: u64| {
            let outcomes = search.judge_some(&with(profile, info.param, other), &affected);
            search.cost(&outcomes)
        };
        let (current, _) = self.cost(&self.outcomes);
        let tried = values.iter().map(|other| (at(self, *other), other.abs_diff(value), *other));
        let Some((wanted, _, best)) = tried.collect::<Vec<_>>().into_iter().min().filter(|best| best.0.0 < current) else {
            return false;
        };
        // The value nearest to the present one that is as good, found by halving.
        let (mut worse, mut good) = (value, best);
        while worse.abs_diff(good) > 1 {
            let middle = worse.min(good) + worse.abs_diff(good) / 2;
            if at(self, middle) <= wanted { good = middle } else { worse = middle }
        }
        self.accept(profile, with(profile, info.param, good), current)
    }

    /// The examples whose outcome the threshold changes at one of its ends; `None` if it changes none.
    fn affected(&mut self, profile: &Profile, info: &ParamInfo, values: &[u64]) -> Option<Vec<usize>> {
        let ends = [values.first()?, values.last()?].map(|end| self.judge(&with(profile, info.param, *end)));
        let differs = |index: &usize| ends.iter().any(|outcomes| outcomes[*index] != self.outcomes[*index]);
        let affected: Vec<usize> = (0..self.examples.len()).filter(differs).collect();
        (!affected.is_empty()).then_some(affected)
    }

    /// Goes on from `next` if all examples, judged anew, say that it is better than `current` or as good.
    fn accept(&mut self, profile: &mut Profile, next: Profile, current: Cost) -> bool {
        let outcomes = self.judge(&next);
        let better = self.cost(&outcomes).0 < current;
        if better {
            (*profile, self.outcomes) = (next, outcomes);
        }
        better
    }

    /// Puts back what was moved and turned out not to be needed.
    fn put_back(&mut self, profile: &mut Profile, base: &Profile) {
        for info in thresholds() {
            let value = base.params.get(info.param);
            if profile.params.get(info.param) == value {
                continue;
            }
            let without = with(profile, info.param, value);
            let outcomes = self.judge(&without);
            if self.cost(&outcomes).0 <= self.cost(&self.outcomes).0 {
                (*profile, self.outcomes) = (without, outcomes);
            }
        }
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
pub fn thresholds() -> impl Iterator<Item = &'static ParamInfo> + Clone {
    PARAMS.iter().filter(|info| !info.id.starts_with("hold.") && info.param != Param::LoopStop)
}

/// Moves the thresholds of `base` to where they serve the fitted half best without harming a negative of either half.
pub fn fit(examples: &[Example], halves: &[Half], base: &Profile) -> Fit {
    let mut search = Search { examples, halves, alarms: (0, 0), outcomes: judge_all(examples, base), tried: 1 };
    let before = search.tallies(&search.outcomes);
    search.alarms = (before.0.alarmed, before.1.alarmed);
    let mut profile = base.clone();
    // A threshold is looked at again once another one was moved.
    let count = thresholds().count();
    let mut unmoved = 0;
    for info in thresholds().cycle().take(count * ROUNDS) {
        unmoved = if search.move_one(&mut profile, info) { 1 } else { unmoved + 1 };
        if unmoved >= count {
            break;
        }
    }
    search.put_back(&mut profile, base);
    let after = search.tallies(&search.outcomes);
    let changed = |info: &'static ParamInfo| {
        let (from, to) = (base.params.get(info.param), profile.params.get(info.param));
        (from != to).then_some((info.param, from, to))
    };
    let moved = PARAMS.iter().filter_map(changed).collect();
    Fit { moved, fitted: (before.0, after.0), reported: (before.1, after.1), tried: search.tried, profile }
}
