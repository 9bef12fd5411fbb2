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
//! watched all the same, and what they repeat is taken out from the proof on.
//!
//! A snapshot that differs from the one before and still begins like it was edited. Nothing can be taken back, so what it
//! repeats is cut, and of an edit that is more than whitespace everything: what follows it would be glued to other words.

use std::ops::Range;

use crate::core::{
    class::Class,
    detect::{
        facts::{Facts, Held, Hypothesis, Match, Outcome, Proposal, Redundant},
        rewrite::{align, common_prefix, covers, near},
    },
    params::{Param, Params},
    reading::{DeltaId, Reading},
};

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
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    /// Deltas are increments.
    #[default]
    Additive,
    /// Growths in a row, unproved.
    Growing {
        /// How many.
        growths: u32,
        /// Characters of the text that grew first.
        base: usize,
        /// They are held; otherwise they were passed on.
        held: bool,
    },
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
    pub fn is_proved(&self) -> bool {
        matches!(self.mode, Mode::Snapshots { .. })
    }

    /// True while nothing points to snapshots.
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
            return Proposal::pass(Class::CumulativeFull);
        }
        let enough = params.get(Param::CumulativeMinChars);
        let base = facts.accepted.chars().take(enough as usize + 1).count();
        if params.get(Param::CumulativeGrowths) <= 1 || base as u64 >= enough && facts.held.is_empty() {
            return self.prove(facts, 1, true);
        }
        self.mode = Mode::Growing { growths: 1, base, held: true };
        hold(facts, params, 1)
    }

    /// A delta that begins as all text so far does, at length, and then parts from it.
    fn edited(&mut self, facts: &Facts<'_>) -> Proposal {
        if facts.distinct < EDIT_DELTAS || !facts.held.is_empty() {
            return Proposal::pass(Class::CumulativeRewrite);
        }
        let same = common_prefix(facts.text, facts.accepted);
        if same * 4 < facts.accepted.len() * 3 || facts.text[..same].chars().take(EDIT_CHARS).count() < EDIT_CHARS {
            return Proposal::pass(Class::CumulativeRewrite);
        }
        self.rewrite(facts, facts.accepted, Vec::new())
    }

    fn grow(&mut self, facts: &Facts<'_>, params: &Params, growths: u32, base: usize, held: bool) -> Proposal {
        let last = facts.last_delta().map_or("", |last| last.text);
        match Match::of(facts.text, last) {
            Match::Extends => {
                let growths = growths + 1;
                if u64::from(growths) >= params.get(Param::CumulativeGrowths) {
                    return self.prove(facts, growths, held);
                }
                self.mode = Mode::Growing { growths, base, held };
                self.watch(facts, params, growths, held)
            }
            Match::Equals => self.watch(facts, params, growths, held),
            Match::Differs if begins_alike(facts.text, last, base, params) => {
                let redundant = if held { chain(facts.reading, facts.accepted, facts.held) } else { Vec::new() };
                self.rewrite(facts, last, redundant)
            }
            _ => {
                self.mode = Mode::Additive;
                // What is held turns out to be text to add; then this delta is looked at anew.
                if held { Proposal::pass(Class::CumulativeFull) } else { self.begin(facts, params) }
            }
        }
    }

    fn watch(&mut self, facts: &Facts<'_>, params: &Params, growths: u32, held: bool) -> Proposal {
        if held {
            return hold(facts, params, growths);
        }
        self.passed.push(facts.delta);
        Proposal { score: score(growths, params), ..Proposal::pass(Class::CumulativeFull) }
    }

    fn prove(&mut self, facts: &Facts<'_>, growths: u32, held: bool) -> Proposal {
        let mut redundant = if held { chain(facts.reading, facts.accepted, facts.held) } else { Vec::new() };
        let known = match redundant.last() {
            Some((last, _)) => facts.reading.delta(*last).text,
            None if held => facts.accepted,
            None => facts.last_delta().map_or("", |last| last.text),
        };
        redundant.push((facts.delta, covered(facts.text, known)));
        let exact = facts.text.starts_with(known);
        self.snapshots = redundant.len() as u32;
        self.mode = Mode::Snapshots { longest: facts.delta, known: facts.text.len() as u32 };
        let what = if growths == 1 { "growth of a long text".to_string() } else { format!("{growths} growths in a row") };
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
            Mode::Growing { growths, base, held } => self.grow(facts, params, growths, base, held),
            Mode::Additive => self.begin(facts, params),
        }
    }

    fn weigh(&self, held: &Held<'_>, params: &Params) -> Proposal {
        let Mode::Growing { base, held: true, .. } = self.mode else { return Proposal::pass(Class::CumulativeFull) };
        let redundant = chain(held.reading, held.accepted, held.deltas);
        let Some((last, _)) = redundant.last() else { return Proposal::pass(Class::CumulativeFull) };
        let exact = held.reading.delta(*last).text.starts_with(held.accepted);
        let class = if exact { Class::CumulativeFull } else { Class::CumulativeRewrite };
        let frame = held.reading.delta(held.deltas[0]).frame.0;
        let evidence = format!("frame {frame} starts with the whole text so far ({})", characters(held.accepted.chars().count()));
        if base as u64 >= params.get(Param::CumulativeEndChars) {
            Proposal::proved(class, redundant, evidence)
        } else {
            Proposal::undecided(class, redundant, evidence)
        }
    }

    fn resolve(&mut self, held: &Held<'_>, outcome: Outcome) {
        let Mode::Growing { growths, base, held: true } = self.mode else {
            if outcome == Outcome::Decided && matches!(self.mode, Mode::Growing { .. }) {
                self.mode = Mode::Additive;
            }
            return;
        };
        self.mode = match (outcome, held.deltas.last()) {
            (Outcome::Proved, Some(last)) => {
                self.snapshots = held.deltas.len() as u32;
                Mode::Snapshots { longest: *last, known: held.reading.delta(*last).text.len() as u32 }
            }
            (Outcome::GivenUp, _) => {
                self.passed = held.deltas.to_vec();
                Mode::Growing { growths, base, held: false }
            }
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

/// What of each delta of `held` repeats the text before it, if each is a snapshot.
fn chain(reading: &Reading, accepted: &str, held: &[DeltaId]) -> Redundant {
    let mut known = accepted;
    held.iter()
        .map(|delta| {
            let text = reading.delta(*delta).text;
            let cut = covered(text, known);
            known = text;
            (*delta, cut)
        })
        .collect()
}

fn covered(text: &str, known: &str) -> Range<u32> {
    0..covers(text, known).unwrap_or(0) as u32
}

fn score(growths: u32, params: &Params) -> u16 {
    (u64::from(growths) * 1000 / params.get(Param::CumulativeGrowths).max(1)).min(999) as u16
}

fn hold(facts: &Facts<'_>, params: &Params, growths: u32) -> Proposal {
    let evidence = format!("frame {} starts with the whole text so far; one more growth proves it", facts.frame.0);
    Proposal::hold(Class::CumulativeFull, score(growths, params), evidence)
}

fn characters(count: usize) -> String {
    if count == 1 { "1 character".into() } else { format!("{count} characters") }
}
