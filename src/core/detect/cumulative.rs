//! cumulative_full and cumulative_rewrite: each delta repeats all text so far, word for word or with changes.
//!
//! ```text
//! Additive ──d covers all text──▶ Growing(1) ──d extends the delta before──▶ … ──cumulative.growths──▶ Snapshots
//!    ▲                               │ anything else                                                    │ unrelated text
//!    └────────── refuted ◀───────────┘                                                                  │
//!    └──────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Why two growths: `1 | 10`, `in | into` and newline runs grow once by chance; on 106 negatives made to confuse, two
//! growths in a row, or one over 32 matched characters, harmed none. A growth is held; if the hold runs out, the next ones are
//! watched all the same, and what they repeat is taken out from the proof on. Snapshots may also begin anew, after a tool call for
//! one, and repeat only what came since: then two growths in a row over at least `cumulative.end_chars` prove them. Of 16,093
//! recorded deltas none grows so, and none starts with all the text before it.
//!
//! A snapshot that differs from the one before and still begins like it was edited. Nothing can be taken back, so what it
//! repeats is cut, and of an edit that is more than whitespace everything: what follows it would be glued to other words.

use std::ops::Range;

use crate::core::{
    class::Class,
    detect::{
        facts::{Facts, Held, Hypothesis, Match, Outcome, Proposal, Redundant},
        plain::{is_one_line, says_little},
        rewrite::{align, common_prefix, covers, near},
    },
    params::{Param, Params},
    reading::{DeltaId, Reading},
};

/// So many growths in a row prove it even of a text that goes on as it began: of n random lengths 1 in n! are in rising order.
const MANY: u32 = 8;
/// Without other proof an edited snapshot shares this many characters with all text so far …
const EDIT_CHARS: usize = 64;
/// … which came in at least this many deltas: lines of a list begin alike.
const EDIT_DELTAS: u32 = 3;

/// State of one channel.
#[derive(Debug, Clone, Default)]
pub struct Cumulative {
    mode: Mode,
    /// Deltas read as snapshots since the mode began, for the sentence.
    snapshots: u32,
    /// Growths that were passed on before they were proved.
    passed: Vec<DeltaId>,
    /// Deltas of this channel were snapshots before.
    known: bool,
}

/// Growths in a row, unproved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Growth {
    /// How many.
    count: u32,
    /// Characters of the text that grew first.
    base: usize,
    /// They are held; otherwise they were passed on.
    held: bool,
    /// The delta that grew first, where it is not all text so far.
    from: Option<DeltaId>,
}

impl Growth {
    /// What of each delta of `held` repeats the text before it.
    fn chain(&self, reading: &Reading, accepted: &str, held: &[DeltaId]) -> Redundant {
        if !self.held {
            return Redundant::new();
        }
        let mut known = self.from.map_or(accepted, |from| reading.delta(from).text);
        held.iter()
            .map(|delta| {
                let text = reading.delta(*delta).text;
                let cut = covered(text, known);
                known = text;
                (*delta, cut)
            })
            .collect()
    }

    /// How many prove it. What is not all text so far needs two.
    fn needed(&self, params: &Params) -> u64 {
        params.get(Param::CumulativeGrowths).max(if self.from.is_some() { 2 } else { 1 })
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    /// Deltas are increments.
    #[default]
    Additive,
    /// Growths in a row, unproved.
    Growing(Growth),
    /// Deltas are snapshots.
    Snapshots {
        /// The one that says most.
        longest: DeltaId,
        /// So many bytes of it have been said.
        known: u32,
    },
}

impl Cumulative {
    /// True once deltas are known to be snapshots.
    #[inline]
    pub fn is_proved(&self) -> bool {
        matches!(self.mode, Mode::Snapshots { .. })
    }

    /// True while nothing points to snapshots.
    #[inline]
    pub fn is_additive(&self) -> bool {
        self.mode == Mode::Additive
    }

    fn begin(&mut self, facts: &Facts<'_>, params: &Params) -> Proposal {
        self.passed.clear();
        let grows = match facts.against_accepted {
            Match::Extends => true,
            Match::Differs if near(facts.text, facts.accepted) => {
                if covers(facts.text, facts.accepted).is_none() {
                    return self.edited(facts);
                }
                true
            }
            _ => false,
        };
        // What another hypothesis holds is part of the text so far, unless it says the same.
        let whole = || facts.held.iter().all(|held| facts.reading.delta(*held).text == facts.accepted);
        if !grows || !whole() {
            return self.begin_later(facts, params);
        }
        let enough = params.get(Param::CumulativeMinChars);
        let base = facts.accepted.chars().take(enough as usize + 1).count();
        let growth = Growth { count: 1, base, held: true, from: None };
        let tells = || !says_little(facts.accepted) && !is_one_line(facts.accepted);
        if (growth.needed(params) <= 1 || base as u64 >= enough && facts.held.is_empty()) && tells() {
            return self.prove(facts, growth);
        }
        self.mode = Mode::Growing(growth);
        hold(facts, params, growth)
    }

    /// A delta that starts with the whole delta before it, though that is not all text so far: snapshots of what came since a
    /// tool call, for one.
    fn begin_later(&mut self, facts: &Facts<'_>, params: &Params) -> Proposal {
        let base = facts.last_delta().map_or(0, |last| last.text.chars().count());
        let enough = if self.known { 1 } else { params.get(Param::CumulativeEndChars) };
        if !facts.grows || !facts.held.is_empty() || (base as u64) < enough {
            return Proposal::pass(Class::CumulativeFull);
        }
        let growth = Growth { count: 1, base, held: true, from: facts.last };
        self.mode = Mode::Growing(growth);
        hold(facts, params, growth)
    }

    /// A delta that begins as all text so far does, at length, and then parts from it.
    fn edited(&mut self, facts: &Facts<'_>) -> Proposal {
        if facts.distinct < EDIT_DELTAS || !facts.held.is_empty() {
            return Proposal::pass(Class::CumulativeRewrite);
        }
        let same = common_prefix(facts.text, facts.accepted);
        if same * 4 < facts.accepted.len() * 3 || facts.text[..same].chars().take(EDIT_CHARS).count() < EDIT_CHARS
            // Looks at all text, so only where the delta is nearly as long.
            || says_little(facts.accepted)
        {
            return Proposal::pass(Class::CumulativeRewrite);
        }
        self.rewrite(facts, facts.accepted, Vec::new())
    }

    fn grow(&mut self, facts: &Facts<'_>, params: &Params, growth: Growth) -> Proposal {
        let last = facts.last_delta().map_or("", |last| last.text);
        match Match::of(facts.text, last) {
            Match::Extends => {
                let growth = Growth { count: growth.count + 1, ..growth };
                if u64::from(growth.count) >= growth.needed(params)
                    && (growth.count >= MANY && growth.from.is_none() || !says_little(last))
                {
                    return self.prove(facts, growth);
                }
                self.mode = Mode::Growing(growth);
                self.watch(facts, params, growth)
            }
            Match::Equals => self.watch(facts, params, growth),
            Match::Differs if begins_alike(facts.text, last, growth.base, params) && !says_little(last) => {
                self.rewrite(facts, last, growth.chain(facts.reading, facts.accepted, facts.held))
            }
            _ => {
                self.mode = Mode::Additive;
                // What is held turns out to be text to add; then this delta is looked at anew.
                if growth.held { Proposal::pass(Class::CumulativeFull) } else { self.begin(facts, params) }
            }
        }
    }

    fn watch(&mut self, facts: &Facts<'_>, params: &Params, growth: Growth) -> Proposal {
        if growth.held {
            return hold(facts, params, growth);
        }
        self.passed.push(facts.delta);
        Proposal { score: score(params, growth), ..Proposal::pass(Class::CumulativeFull) }
    }

    fn prove(&mut self, facts: &Facts<'_>, growth: Growth) -> Proposal {
        let mut redundant = growth.chain(facts.reading, facts.accepted, facts.held);
        let known = match (redundant.last(), growth.from) {
            (Some((last, _)), _) => facts.reading.delta(*last).text,
            (None, None) if growth.held => facts.accepted,
            (None, _) => facts.last_delta().map_or("", |last| last.text),
        };
        redundant.push((facts.delta, covered(facts.text, known)));
        let exact = facts.text.starts_with(known);
        self.snapshots = redundant.len() as u32;
        self.mode = Mode::Snapshots { longest: facts.delta, known: facts.text.len() as u32 };
        self.known = true;
        let count = growth.count;
        let what = if count == 1 { "growth of a long text".to_string() } else { format!("{count} growths in a row") };
        let how = if exact { "" } else { ", but for whitespace," };
        let size = characters(known.chars().count());
        let evidence = format!("{what}: frame {} repeats all {size}{how} before its own text", facts.frame.0);
        let class = if exact { Class::CumulativeFull } else { Class::CumulativeRewrite };
        Proposal { passed: std::mem::take(&mut self.passed), ..Proposal::proved(class, redundant, evidence) }
    }

    fn as_snapshot(&mut self, facts: &Facts<'_>, params: &Params, longest: DeltaId, known: u32) -> Proposal {
        let before = facts.reading.delta(longest).text;
        let (cut, what) = match Match::of(facts.text, before) {
            Match::Extends => {
                self.mode = Mode::Snapshots { longest: facts.delta, known: facts.text.len() as u32 };
                (known as usize, "repeats")
            }
            Match::Equals => (facts.text.len(), "equals"),
            // A stale snapshot: the text so far already contains it.
            Match::Shrinks => (facts.text.len(), "falls back into"),
            Match::Nothing => return Proposal::pass(Class::CumulativeFull),
            Match::Differs
                if covers(facts.text, before).is_some() || begins_alike(facts.text, before, before.len() * 2 / 3, params) =>
            {
                return self.rewrite(facts, before, Vec::new());
            }
            Match::Differs => {
                self.mode = Mode::Additive;
                return self.begin(facts, params);
            }
        };
        self.snapshots += 1;
        let evidence = format!("{} deltas are snapshots: frame {} {what} the text so far", self.snapshots, facts.frame.0);
        Proposal::proved(Class::CumulativeFull, vec![(facts.delta, 0..cut as u32)], evidence)
    }

    /// The delta is an edited snapshot of `before`; `redundant` is what is known of the held ones.
    fn rewrite(&mut self, facts: &Facts<'_>, before: &str, mut redundant: Redundant) -> Proposal {
        let length = facts.text.len() as u32;
        let same = common_prefix(facts.text, before);
        let size = characters(facts.text[..same].chars().count());
        let (cut, known, what) = match covers(facts.text, before) {
            Some(end) => (end as u32, length, "says the text so far with other whitespace"),
            // Where the old text's end stands in the new one, the next snapshot can go on from there.
            None => (length, align(facts.text, before).map_or(length, |end| end as u32), "changes what was said after that"),
        };
        redundant.push((facts.delta, 0..cut));
        self.snapshots += 1;
        self.mode = Mode::Snapshots { longest: facts.delta, known };
        let evidence = format!("frame {} begins with the same {size} as the text so far and {what}", facts.frame.0);
        let repaired = covers(facts.text, before).is_some();
        let passed = std::mem::take(&mut self.passed);
        Proposal { passed, repaired, ..Proposal::proved(Class::CumulativeRewrite, redundant, evidence) }
    }
}

impl Hypothesis for Cumulative {
    fn observe(&mut self, facts: &Facts<'_>, params: &Params) -> Proposal {
        match self.mode {
            Mode::Snapshots { longest, known } => self.as_snapshot(facts, params, longest, known),
            Mode::Growing(growth) => self.grow(facts, params, growth),
            Mode::Additive => self.begin(facts, params),
        }
    }

    fn weigh(&self, held: &Held<'_>, params: &Params) -> Proposal {
        let Mode::Growing(growth @ Growth { held: true, .. }) = self.mode else { return Proposal::pass(Class::CumulativeFull) };
        let redundant = growth.chain(held.reading, held.accepted, held.deltas);
        let Some((last, _)) = redundant.last() else { return Proposal::pass(Class::CumulativeFull) };
        let first = growth.from.map_or(held.accepted, |from| held.reading.delta(from).text);
        let exact = held.reading.delta(*last).text.starts_with(first);
        let class = if exact { Class::CumulativeFull } else { Class::CumulativeRewrite };
        let frame = held.reading.delta(held.deltas[0]).frame.0;
        let what = if growth.from.is_some() { "delta before it" } else { "text so far" };
        let evidence = format!("frame {frame} starts with the whole {what} ({})", characters(first.chars().count()));
        // A delta that was said twice before it grew has a third reading.
        let only_growth = growth.from.is_none() && held.deltas.len() == growth.count as usize;
        let tells = !says_little(first) && !is_one_line(first);
        if only_growth && growth.base as u64 >= params.get(Param::CumulativeEndChars) && tells {
            Proposal::proved(class, redundant, evidence)
        } else {
            Proposal::undecided(class, redundant, evidence)
        }
    }

    fn resolve(&mut self, held: &Held<'_>, outcome: Outcome) {
        let Mode::Growing(growth) = self.mode else { return };
        self.mode = match (outcome, held.deltas.last()) {
            (Outcome::Proved, Some(last)) => {
                self.known = true;
                self.snapshots = held.deltas.len() as u32;
                Mode::Snapshots { longest: *last, known: held.reading.delta(*last).text.len() as u32 }
            }
            (Outcome::GivenUp, _) if growth.held => {
                self.passed = held.deltas.to_vec();
                Mode::Growing(Growth { held: false, ..growth })
            }
            (Outcome::GivenUp, _) => self.mode,
            _ => Mode::Additive,
        };
    }
}

/// True if an edited snapshot may be meant: it is as long as what grew first, and shares most of that, and not too little.
fn begins_alike(text: &str, before: &str, base: usize, params: &Params) -> bool {
    let same = common_prefix(text, before);
    let chars = text[..same].chars().count();
    let enough = params.get(Param::CumulativeEndChars);
    base as u64 >= enough && chars as u64 >= enough && chars * 4 >= base * 3
}

fn covered(text: &str, known: &str) -> Range<u32> {
    0..covers(text, known).unwrap_or(0) as u32
}

fn score(params: &Params, growth: Growth) -> u16 {
    (u64::from(growth.count) * 1000 / growth.needed(params)).min(999) as u16
}

fn hold(facts: &Facts<'_>, params: &Params, growth: Growth) -> Proposal {
    let what = if growth.from.is_some() { "delta before it" } else { "text so far" };
    let evidence = format!("frame {} starts with the whole {what}; one more growth proves it", facts.frame.0);
    Proposal::hold(Class::CumulativeFull, score(params, growth), evidence)
}

fn characters(count: usize) -> String {
    if count == 1 { "1 character".into() } else { format!("{count} characters") }
}
