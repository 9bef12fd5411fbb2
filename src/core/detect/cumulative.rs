//! cumulative_full: each delta repeats all text so far.
//!
//! ```text
//! Additive ──d extends all text──▶ Growing(1) ──d extends the delta before──▶ … ──cumulative.growths──▶ Cumulative
//!    ▲                                │ anything else                                                     │ unrelated text
//!    └────────────── refuted ◀────────┘                                                                   │
//!    └────────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Why two growths: `1 | 10`, `in | into` and newline runs grow once by chance; on 106 negatives made to confuse, two
//! growths in a row, or one over 32 matched characters, harmed none.

use crate::core::{
    class::{Certainty, Class, Layer},
    detect::facts::{Facts, Match, Proposal, Verdict},
    params::{Param, Params},
};

fn characters(count: usize) -> String {
    if count == 1 { "1 character".into() } else { format!("{count} characters") }
}

/// State of one channel.
#[derive(Debug, Clone, Default)]
pub struct Cumulative {
    mode: Mode,
    /// Deltas read as snapshots since the mode began, for the sentence.
    snapshots: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    /// Deltas are increments.
    #[default]
    Additive,
    /// This many growths in a row are held, unproved.
    Growing(u32),
    /// Deltas are snapshots.
    Cumulative,
}

impl Cumulative {
    /// Looks at one delta.
    pub fn observe(&mut self, facts: &Facts<'_>, params: &Params) -> Proposal {
        match self.mode {
            Mode::Cumulative => self.as_snapshot(facts),
            Mode::Growing(growths) => self.grow(facts, params, growths),
            Mode::Additive => self.begin(facts, params),
        }
    }

    /// True once deltas are known to be snapshots.
    pub fn is_proved(&self) -> bool {
        self.mode == Mode::Cumulative
    }

    /// True while nothing points to snapshots.
    pub fn is_additive(&self) -> bool {
        self.mode == Mode::Additive
    }

    /// Forgets a growth that was given up (the hold ran out, or another finding took the text).
    pub fn give_up(&mut self) {
        if let Mode::Growing(_) = self.mode {
            self.mode = Mode::Additive;
        }
    }

    fn begin(&mut self, facts: &Facts<'_>, params: &Params) -> Proposal {
        if facts.against_accepted != Match::Extends {
            return Proposal::pass(Class::CumulativeFull);
        }
        let matched = facts.accepted.chars().take(params.get(Param::CumulativeMinChars) as usize + 1).count() as u64;
        if params.get(Param::CumulativeGrowths) <= 1 || matched >= params.get(Param::CumulativeMinChars) {
            return self.prove(facts, 1);
        }
        self.mode = Mode::Growing(1);
        self.hold(facts, params, 1)
    }

    fn grow(&mut self, facts: &Facts<'_>, params: &Params, growths: u32) -> Proposal {
        let Some(last) = facts.last_delta() else {
            self.mode = Mode::Additive;
            return Proposal::pass(Class::CumulativeFull);
        };
        match Match::of(facts.text, last.text) {
            Match::Extends => {
                let growths = growths + 1;
                if u64::from(growths) >= params.get(Param::CumulativeGrowths) {
                    return self.prove(facts, growths);
                }
                self.mode = Mode::Growing(growths);
                self.hold(facts, params, growths)
            }
            Match::Equals => self.hold(facts, params, growths),
            _ => {
                self.mode = Mode::Additive;
                // What was held turns out to be text to add; this delta is compared anew by the caller's next step only.
                Proposal::pass(Class::CumulativeFull)
            }
        }
    }

    fn hold(&self, facts: &Facts<'_>, params: &Params, growths: u32) -> Proposal {
        Proposal {
            score: (u64::from(growths) * 1000 / params.get(Param::CumulativeGrowths).max(1)).min(999) as u16,
            verdict: Verdict::Hold,
            evidence: format!("delta {} starts with the whole text so far; one more growth proves it", facts.delta.0),
            ..Proposal::pass(Class::CumulativeFull)
        }
    }

    fn prove(&mut self, facts: &Facts<'_>, growths: u32) -> Proposal {
        self.mode = Mode::Cumulative;
        let mut redundant = Vec::new();
        let mut known = facts.accepted.len();
        for delta in facts.held.iter().copied() {
            let text = facts.reading.delta(delta).text;
            redundant.push((delta, 0..known.min(text.len()) as u32));
            known = text.len();
        }
        redundant.push((facts.delta, 0..known.min(facts.text.len()) as u32));
        self.snapshots = redundant.len() as u32;
        Proposal {
            score: 1000,
            verdict: Verdict::Proved(redundant),
            certainty: Certainty::Proved,
            layer: Layer::Server,
            evidence: format!(
                "{}: delta {} repeats all {} before its own text",
                if growths == 1 { "growth of a long text".to_string() } else { format!("{growths} growths in a row") },
                facts.delta.0,
                characters(facts.text[..known.min(facts.text.len())].chars().count()),
            ),
            ..Proposal::pass(Class::CumulativeFull)
        }
    }

    fn as_snapshot(&mut self, facts: &Facts<'_>) -> Proposal {
        // In this mode the accepted text is the longest snapshot so far.
        let (cut, what) = match facts.against_accepted {
            Match::Extends => (facts.accepted.len(), "repeats"),
            Match::Equals => (facts.text.len(), "equals"),
            // A stale snapshot: the text so far already contains it.
            Match::Shrinks => (facts.text.len(), "falls back into"),
            Match::Differs | Match::Nothing => {
                self.mode = Mode::Additive;
                return Proposal::pass(Class::CumulativeFull);
            }
        };
        self.snapshots += 1;
        Proposal {
            score: 1000,
            verdict: Verdict::Proved(vec![(facts.delta, 0..cut as u32)]),
            certainty: Certainty::Proved,
            layer: Layer::Server,
            evidence: format!("{} deltas are snapshots: delta {} {what} the text so far", self.snapshots, facts.delta.0),
            ..Proposal::pass(Class::CumulativeFull)
        }
    }
}
