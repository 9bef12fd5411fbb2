//! tool_args_cumulative: the arguments of a tool call come again, in each delta all so far, or whole once more.
//!
//! Arguments are one JSON value, so the end of the call decides: text is cut only where the additive reading is no JSON and the
//! other one is. `{"q | {"query" | {"query":1}` is, `[ | [ | 0 | ],[0]]` is not: a delta that does not go on as the snapshots or the
//! copy must refutes it at once. A wrong cut here would run another command, so nothing else proves anything.

use serde::de::IgnoredAny;

use crate::core::{
    class::Class,
    detect::facts::{Facts, Held, Hypothesis, Match, Outcome, Proposal, Redundant},
    params::Params,
    reading::{Channel, Reading},
};

/// State of one call.
#[derive(Debug, Clone, Default)]
pub struct ToolArgs {
    mode: Mode,
    /// Bytes of arguments that were no JSON when that was tried last.
    tried: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    /// Nothing points to a repetition.
    #[default]
    Additive,
    /// Each delta held covers all before it.
    Snapshots,
    /// What is held repeats the closed value before it, up to so many bytes of it.
    Copy(usize),
}

impl ToolArgs {
    /// True while nothing points to a repetition.
    #[inline]
    pub fn idle(&self) -> bool {
        self.mode == Mode::Additive
    }

    fn begin(&mut self, facts: &Facts<'_>) -> Mode {
        match facts.against_accepted {
            Match::Equals | Match::Extends => Mode::Snapshots,
            Match::Shrinks if self.is_closed(facts.accepted) => Mode::Copy(facts.text.len()),
            _ => Mode::Additive,
        }
    }

    /// Tried again only when there is twice as much: linear over all deltas.
    fn is_closed(&mut self, accepted: &str) -> bool {
        if !accepted.ends_with(['}', ']']) || accepted.len() < self.tried * 2 {
            return false;
        }
        let closed = is_json(accepted);
        self.tried = if closed { 0 } else { accepted.len() };
        closed
    }

    fn go_on(&self, facts: &Facts<'_>) -> Mode {
        let last = facts.last_delta().map_or("", |last| last.text);
        match self.mode {
            Mode::Snapshots if matches!(Match::of(facts.text, last), Match::Equals | Match::Extends) => Mode::Snapshots,
            Mode::Copy(at) => copied(facts.accepted, at, facts.text).map_or(Mode::Additive, Mode::Copy),
            _ => Mode::Additive,
        }
    }
}

impl Hypothesis for ToolArgs {
    fn observe(&mut self, facts: &Facts<'_>, _: &Params) -> Proposal {
        let class = Class::ToolArgsCumulative;
        if facts.key.channel != Channel::ToolArguments {
            return Proposal::pass(class);
        }
        // Pairs of equal deltas may be held before anything points here.
        let fresh = self.mode == Mode::Additive;
        self.mode = match fresh {
            true if facts.held.iter().any(|held| facts.reading.delta(*held).text != facts.accepted) => Mode::Additive,
            true => self.begin(facts),
            false => self.go_on(facts),
        };
        match self.mode {
            Mode::Additive => Proposal::pass(class),
            Mode::Snapshots | Mode::Copy(_) => {
                let evidence = format!("frame {} repeats the arguments so far; the call's end decides", facts.frame.0);
                Proposal::hold(class, 500, evidence)
            }
        }
    }

    fn weigh(&self, held: &Held<'_>, _: &Params) -> Proposal {
        let class = Class::ToolArgsCumulative;
        let count = held.deltas.len();
        let deltas = if count == 1 { "1 delta repeats".into() } else { format!("{count} deltas repeat") };
        let (redundant, proved, evidence) = match self.mode {
            Mode::Additive => return Proposal::pass(class),
            Mode::Snapshots => {
                let redundant = snapshots(held.reading, held);
                let proved = is_json_without(held, &redundant);
                (redundant, proved, format!("{deltas} the arguments so far; without that they are JSON, with it they are not"))
            }
            Mode::Copy(at) => {
                let redundant = held.deltas.iter().map(|delta| (*delta, 0..held.reading.delta(*delta).text.len() as u32)).collect();
                let proved = at % held.accepted.len().max(1) == 0;
                (redundant, proved, format!("{deltas} the arguments, which were one whole JSON value before"))
            }
        };
        if proved {
            Proposal::proved(class, redundant, evidence)
        } else if self.mode == Mode::Snapshots && is_json(&additive(held)) {
            Proposal::pass(class)
        } else {
            Proposal::undecided(class, redundant, format!("{deltas} the arguments so far, and JSON does not decide"))
        }
    }

    fn resolve(&mut self, _: &Held<'_>, _: Outcome) {
        self.mode = Mode::Additive;
    }
}

/// Where in the copies of `value` the text after byte `at` of them ends, if it goes on as they do.
fn copied(value: &str, at: usize, text: &str) -> Option<usize> {
    let bytes = value.as_bytes();
    let same = text.bytes().zip(bytes.iter().cycle().skip(at % bytes.len().max(1))).all(|(one, other)| one == *other);
    (same && !bytes.is_empty()).then_some(at + text.len())
}

/// What each held delta repeats, if it covers all before it.
fn snapshots(reading: &Reading, held: &Held<'_>) -> Redundant {
    let mut known = held.accepted.len();
    held.deltas
        .iter()
        .map(|delta| {
            let length = reading.delta(*delta).text.len();
            let cut = std::mem::replace(&mut known, length).min(length);
            (*delta, 0..cut as u32)
        })
        .collect()
}

fn additive(held: &Held<'_>) -> String {
    held.deltas.iter().fold(held.accepted.to_string(), |text, delta| text + held.reading.delta(*delta).text)
}

/// True if `text` is one JSON value.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// True if the channel's text is one JSON value without `redundant`, and none with it.
pub fn is_json_without(held: &Held<'_>, redundant: &Redundant) -> bool {
    let mut cuts = redundant.iter().peekable();
    let mut text = held.accepted.to_string();
    for delta in held.deltas {
        let cut = cuts.next_if(|(cut, _)| cut == delta).map_or(0, |(_, range)| range.end);
        text.push_str(&held.reading.delta(*delta).text[cut as usize..]);
    }
    is_json(&text) && !is_json(&additive(held))
}
