//! per_delta_double: every delta is delivered twice.
//!
//! ```text
//! A A B B C C …   pairs (0,1) (2,3) (4,5) …, each equal, no exception
//! ```
//!
//! One pair proves nothing: `ha | ha`, `高 | 高 | 兴 | 兴`. Of 163,840 recorded deltas 389 equal the one before. But of 435 recorded
//! texts 11 have runs of one pair, one has a longer run, of `!!!!` only, and none pairs two distinct units in a row. So a run
//! of pairs of several distinct units is proof, wherever it begins. Only a run
//! that began with the channel's first delta is held for: one exception ends that, so a clean stream is held for one delta in the
//! rare case that its first two are equal. Twins that come together, pair after pair apart, need fewer pairs.

use crate::core::{
    class::{Class, Layer},
    detect::{
        facts::{Facts, Held, Hypothesis, Outcome, Proposal, Redundant},
        tool_args::is_json_without,
    },
    params::{Param, Params},
    reading::{Channel, DeltaId, Reading},
    time::Micros,
};

/// Distinct units in a run that is proof while the text goes on; a loop has fewer.
const DISTINCT: usize = 4;
/// Distinct units when the channel ends, without exception …
const END_DISTINCT: usize = 2;
/// … and characters in all its units together.
const END_CHARS: u64 = 4;
/// Single letters and digits, and nothing else between them, need this many: `aabbcc…` may be asked for.
const LETTERS: u64 = 32;
/// Twins come within this time of each other …
const TWIN: Micros = Micros(2_000);
/// … where more than half of the gaps between pairs are longer than this.
const APART: Micros = Micros(10_000);
/// Redundant deltas that left before the proof, and are named in it, at most.
const NAMED: usize = 64;

/// State of one channel.
#[derive(Debug, Clone, Default)]
pub struct Pairing {
    /// The delta that was looked at last; it may be looked at twice.
    seen: Option<DeltaId>,
    /// When it was read.
    at: Option<Micros>,
    /// It waits for its twin.
    open: bool,
    /// No exception since the channel's first delta, and no hold was given up: worth holding for.
    strict: bool,
    /// Deltas are known to be doubled.
    proved: bool,
    run: Run,
}

/// Pairs in a row, without exception.
#[derive(Debug, Clone, Default)]
struct Run {
    pairs: u32,
    /// Characters of all units.
    chars: u64,
    /// Some unit is more than one letter or digit.
    mixed: bool,
    /// The first few distinct units.
    distinct: Vec<DeltaId>,
    /// The second of each pair that was passed on.
    passed: Vec<DeltaId>,
    /// All twins so far came together, where there is a clock.
    together: bool,
    /// Gaps between pairs, and how many of them are long.
    gaps: (u32, u32),
}

impl Pairing {
    /// True if no run of pairs is under way.
    #[inline]
    pub fn idle(&self) -> bool {
        self.run.pairs == 0 && !self.proved
    }

    /// A delta that differs from the one before it came while no run was under way.
    #[inline]
    pub fn unrelated(&mut self, delta: DeltaId, at: Micros, count: u32) {
        self.seen = Some(delta);
        self.at = Some(at);
        self.open = true;
        self.strict = count == 0;
    }

    /// Counts the delta; true if it completes a pair.
    fn count(&mut self, facts: &Facts<'_>) -> bool {
        let at = std::mem::replace(&mut self.at, facts.at);
        let gap = facts.at.zip(at).map(|(at, before)| at.since(before));
        self.strict |= facts.count == 0;
        if !self.open {
            if self.run.pairs > 0 {
                self.run.gaps.0 += 1;
                self.run.gaps.1 += u32::from(gap.is_some_and(|gap| gap > APART));
            }
            self.open = true;
            // One unit three times and more is a repetition, not a pairing.
            self.strict &= !facts.same || self.run.distinct.len() >= END_DISTINCT;
            return false;
        }
        if !facts.same {
            self.strict = false;
            self.run = Run::default();
            self.proved = false;
            return false;
        }
        self.open = false;
        let run = &mut self.run;
        run.together = (run.together || run.pairs == 0) && gap.is_some_and(|gap| gap <= TWIN);
        run.pairs += 1;
        run.chars += facts.text.chars().count() as u64;
        run.mixed |= facts.text.len() > 1 || !facts.text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let known = |unit: &DeltaId| facts.reading.delta(*unit).text == facts.text;
        if run.distinct.len() < DISTINCT && !run.distinct.iter().any(known) {
            run.distinct.push(facts.delta);
        }
        true
    }

    /// Whether the run is proof while the text goes on.
    fn is_proof(&self, params: &Params) -> bool {
        let run = &self.run;
        let needed = params.get(Param::PairingPairs);
        let timed = run.together && run.gaps.1 * 2 > run.gaps.0;
        let needed = if timed { needed.div_ceil(2) } else { needed };
        let chars = params.get(Param::PairingMinChars);
        let enough = match timed {
            _ if !run.mixed => chars.max(LETTERS),
            true => chars.div_ceil(2),
            false => chars,
        };
        u64::from(run.pairs) >= needed && run.chars >= enough && run.distinct.len() >= DISTINCT.min(needed as usize)
    }

    fn prove(&mut self, facts: &Facts<'_>) -> Proposal {
        // The held ones alternate: the last of them is this delta's twin, the one before it the second of the pair before.
        let mut redundant = seconds(facts.reading, facts.held, 2, self.run.pairs.saturating_sub(1));
        redundant.push((facts.delta, 0..facts.text.len() as u32));
        let (pairs, chars) = (self.run.pairs, self.run.chars);
        self.proved = true;
        let evidence = format!("frame {} completes {pairs} pairs of equal deltas in a row ({chars} characters)", facts.frame.0);
        let mut passed = std::mem::take(&mut self.run.passed);
        passed.retain(|passed| redundant.iter().all(|(held, _)| held != passed));
        Proposal { passed, layer: Layer::Unknown, ..Proposal::proved(Class::PerDeltaDouble, redundant, evidence) }
    }
}

impl Hypothesis for Pairing {
    fn observe(&mut self, facts: &Facts<'_>, params: &Params) -> Proposal {
        let none = Proposal::pass(Class::PerDeltaDouble);
        let again = self.seen.replace(facts.delta) == Some(facts.delta);
        let paired = if again { false } else { self.count(facts) };
        if self.proved && paired {
            let evidence = format!("frame {} repeats the delta before it", facts.frame.0);
            let redundant = vec![(facts.delta, 0..facts.text.len() as u32)];
            return Proposal { layer: Layer::Unknown, ..Proposal::proved(Class::PerDeltaDouble, redundant, evidence) };
        }
        if self.run.pairs == 0 || self.proved {
            return none;
        }
        let call = facts.key.channel == Channel::ToolArguments;
        if paired && !call && self.is_proof(params) {
            return self.prove(facts);
        }
        let needed = params.get(Param::PairingPairs).max(1);
        let score = (u64::from(self.run.pairs) * 1000 / needed).min(999) as u16;
        if self.strict {
            let evidence = format!("frame {}: each delta so far came twice ({} pairs)", facts.frame.0, self.run.pairs);
            return Proposal::hold(Class::PerDeltaDouble, score, evidence);
        }
        if paired && self.run.passed.len() < NAMED {
            self.run.passed.push(facts.delta);
        }
        Proposal { score, ..none }
    }

    fn weigh(&self, held: &Held<'_>, _: &Params) -> Proposal {
        // A remainder is an exception.
        if !self.strict || self.open || self.run.pairs == 0 || self.proved {
            return Proposal::pass(Class::PerDeltaDouble);
        }
        let Run { pairs, chars, distinct, .. } = &self.run;
        let redundant = seconds(held.reading, held.deltas, 1, *pairs);
        let evidence = format!("every delta came twice ({pairs} pairs, {chars} characters)");
        let enough = match held.key.channel {
            Channel::ToolArguments => is_json_without(held, &redundant),
            _ => distinct.len() >= END_DISTINCT && *chars >= END_CHARS,
        };
        if enough {
            Proposal { layer: Layer::Unknown, ..Proposal::proved(Class::PerDeltaDouble, redundant, evidence) }
        } else {
            Proposal::undecided(Class::PerDeltaDouble, redundant, evidence)
        }
    }

    fn resolve(&mut self, held: &Held<'_>, outcome: Outcome) {
        match outcome {
            Outcome::Proved => self.proved = true,
            Outcome::GivenUp => {
                // The run goes on without being held for.
                if self.strict && self.run.pairs > 0 {
                    let last = if self.open { 2 } else { 1 };
                    let passed = seconds(held.reading, held.deltas, last, self.run.pairs);
                    self.run.passed.extend(passed.into_iter().map(|(delta, _)| delta).take(NAMED));
                }
                self.strict = false;
            }
            Outcome::Decided if self.proved => {}
            Outcome::Decided => *self = Pairing { seen: self.seen, open: true, ..Pairing::default() },
        }
    }
}

/// Every other delta of `held`, counted from its end: the one that stands `last` places before the end, the one two before that,
/// and so on, at most `most` of them; in order.
fn seconds(reading: &Reading, held: &[DeltaId], last: usize, most: u32) -> Redundant {
    let mut seconds: Redundant = (0..most as usize)
        .map_while(|pair| held.len().checked_sub(last + 2 * pair))
        .map(|place| (held[place], 0..reading.delta(held[place]).text.len() as u32))
        .collect();
    seconds.reverse();
    seconds
}
