//! A pair of sides, what differs between them, and where that begins.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    compare::{
        Losses, Partings, Side,
        cuts::{Taken, without},
        pieces::{self, Run},
        sessions::{self, Flow},
    },
    core::{
        class::Class,
        judgement::Judgement,
        reading::{Channel, ChannelKey, DeltaId, Reading},
    },
};

/// Characters of the text before a parting that are shown.
const BEFORE: usize = 40;

/// Two sides and their differences, as `compare --format json` prints them.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// Version of this form, 1.
    pub schema: u32,
    /// True if nothing that counts differs.
    pub same: bool,
    /// True if both are judgements of one session.
    pub one_session: bool,
    /// The side that the other is held against.
    pub a: Side,
    /// The other.
    pub b: Side,
    /// Where their texts first part, null if they do not.
    pub parting: Option<Parting>,
    /// At how many deltas they part; null for two sessions, whose deltas are not the same.
    pub parting_deltas: Option<u32>,
    /// Characters of `a` that `b` has not, and the reverse; null for two sessions.
    pub only: Option<(u64, u64)>,
    /// Instances found by class, where one side found any: of `a`, then of `b`.
    pub findings: Vec<(Class, u64, u64)>,
    /// The texts in runs.
    pub diff: Vec<Diff>,
    #[serde(skip)]
    pub(super) runs: BTreeMap<ChannelKey, Vec<Run>>,
}

/// One text in runs, each in both sides or in one.
#[derive(Debug, Serialize)]
pub struct Diff {
    /// Choice.
    pub choice: u16,
    /// Block; 0 where the blocks of a choice are one text.
    pub block: u16,
    /// Channel.
    pub channel: Channel,
    /// The text, in order.
    pub runs: Vec<Run>,
}

/// Where two sides part.
#[derive(Debug, Serialize)]
pub struct Parting {
    /// The text in which they part.
    #[serde(flatten)]
    pub key: ChannelKey,
    /// The end of the text that both have before it.
    pub before: String,
    /// The delta of `a`, null if its text has ended.
    pub a: Option<Place>,
    /// The same of `b`.
    pub b: Option<Place>,
}

/// A delta, and what a side makes of it.
#[derive(Debug, Serialize)]
pub struct Place {
    /// Global delta number, from 0.
    pub delta: u32,
    /// Frame number, from 0.
    pub frame: u32,
    /// When the frame had been read, null without a clock.
    pub at_us: Option<u64>,
    /// The delta's text as it came.
    pub text: String,
    /// What is taken out of it.
    pub taken: Vec<String>,
    /// The class of the finding that takes it.
    pub class: Option<Class>,
    /// That finding's evidence.
    pub evidence: Option<String>,
}

impl Place {
    fn of(reading: &Reading, judgement: &Judgement, delta: DeltaId, taken: &Taken) -> Place {
        let row = reading.delta(delta);
        let cut = judgement.output.cuts.iter().find(|cut| cut.delta == delta);
        let finding = cut.map(|cut| judgement.finding(cut.finding));
        Place {
            delta: delta.0,
            frame: row.frame.0,
            at_us: reading.clocked().then(|| reading.frame_at(row.frame).0),
            text: row.text.to_owned(),
            taken: taken.iter().map(|range| row.text[range.start as usize..range.end as usize].to_owned()).collect(),
            class: finding.map(|finding| finding.class),
            evidence: finding.map(|finding| finding.evidence.clone()),
        }
    }
}

impl Comparison {
    /// Two judgements of one reading.
    pub fn of_judgements(reading: &Reading, a: &Judgement, b: &Judgement, file: &str) -> Comparison {
        let parting = Partings::between(reading, &a.output, &b.output).next().map(|(delta, of_a, of_b)| Parting {
            key: reading.delta(delta).key,
            before: before(reading, a, delta, &of_a, &of_b),
            a: Some(Place::of(reading, a, delta, &of_a)),
            b: Some(Place::of(reading, b, delta, &of_b)),
        });
        let losses = Losses::against(reading, &a.output, &b.output);
        let runs = pieces::runs(reading, &a.output, &b.output);
        let sides = (Side::of(reading, a, file), Side::of(reading, b, file));
        let comparison = Comparison::new(sides, parting, runs);
        Comparison {
            same: comparison.same && losses.deltas == 0,
            one_session: true,
            parting_deltas: Some(losses.deltas),
            only: Some((losses.lost, losses.left)),
            ..comparison
        }
    }

    /// Two sessions: each a reading, its judgement and its name.
    pub fn of_sessions(a: (&Reading, &Judgement, &str), b: (&Reading, &Judgement, &str)) -> Comparison {
        let flows = |side: (&Reading, &Judgement, &str)| sessions::flows(side.0, &side.1.output);
        let (of_a, of_b) = (flows(a), flows(b));
        let parting = sessions::parting(&of_a, &of_b).map(|place| {
            let flow = of_a.get(&place.key).or(of_b.get(&place.key));
            let text = flow.map_or("", |flow: &Flow| &flow.text[..place.byte]);
            let side = |side: (&Reading, &Judgement, &str), delta: Option<DeltaId>| {
                delta.map(|delta| Place::of(side.0, side.1, delta, &Taken::new()))
            };
            Parting { key: place.key, before: end_of(text), a: side(a, place.a), b: side(b, place.b) }
        });
        let sides = (Side::of(a.0, a.1, a.2), Side::of(b.0, b.1, b.2));
        Comparison::new(sides, parting, sessions::runs(&of_a, &of_b))
    }

    fn new((a, b): (Side, Side), parting: Option<Parting>, runs: BTreeMap<ChannelKey, Vec<Run>>) -> Comparison {
        let classes: BTreeSet<Class> = a.findings.keys().chain(b.findings.keys()).copied().collect();
        let count = |side: &Side, class| side.findings.get(&class).copied().unwrap_or(0);
        let diff =
            runs.iter().map(|(key, runs)| Diff { choice: key.choice, block: key.block, channel: key.channel, runs: runs.clone() });
        Comparison {
            schema: 1,
            same: a.agrees(&b) && parting.is_none(),
            one_session: false,
            parting,
            parting_deltas: None,
            only: None,
            findings: classes.into_iter().map(|class| (class, count(&a, class), count(&b, class))).collect(),
            diff: diff.collect(),
            runs,
            a,
            b,
        }
    }
}

/// The end of the text of its channel that both pass on before they part within `delta`.
fn before(reading: &Reading, a: &Judgement, delta: DeltaId, of_a: &Taken, of_b: &Taken) -> String {
    let row = reading.delta(delta);
    let differs = without(of_a, of_b).into_iter().chain(without(of_b, of_a)).map(|range| range.start).min().unwrap_or(0);
    let mut parts = vec![(delta, differs)];
    let mut bytes = differs as usize;
    // Up to here both outputs are the same, so one of them speaks for both.
    for earlier in (0..delta.0).rev().map(DeltaId).filter(|earlier| reading.delta(*earlier).key == row.key) {
        if bytes > BEFORE * 4 {
            break;
        }
        let len = reading.delta(earlier).text.len();
        bytes += len;
        parts.push((earlier, len as u32));
    }
    let mut text = String::new();
    for (delta, end) in parts.into_iter().rev() {
        for segment in a.output.segments(reading, delta, a.output.released) {
            let (from, to) = (segment.range.start.min(end), segment.range.end.min(end));
            if segment.fate == crate::core::output::Fate::Emitted {
                text.push_str(&reading.delta(delta).text[from as usize..to as usize]);
            }
        }
    }
    end_of(&text)
}

fn end_of(text: &str) -> String {
    let chars = text.chars().count();
    text.chars().skip(chars.saturating_sub(BEFORE)).collect()
}
