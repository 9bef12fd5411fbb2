//! The report: one session's reading and judgement as the JSON of `check`, and as text for people.
//!
//! A pure view. The JSON is public and stable: keys are added, never changed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::core::{
    class::{Action, Certainty, Class, Family, Layer, Level},
    desk::BreakerSnapshot,
    input::What,
    json_value,
    judgement::{Finding, Judgement},
    machine::State,
    reading::{Channel, FrameId, FrameKind, Note, Reading},
    time::{Micros, Moment},
};

pub mod diff;
mod json;
mod exchange;
pub mod github;
mod hindsight;
pub mod junit;
mod stop;
mod texts;
pub mod text;
mod value;

pub use exchange::{AttemptReport, UsageReport};
pub use hindsight::{ChangeReport, HindsightReport};
pub use json::to_json;
pub use stop::StopReport;
pub use texts::{Removed, ToolCall};
pub use value::{JsonReport, Verbatim};

use texts::Texts;

/// What a session amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Notes at most.
    Clean,
    /// At least one warning.
    Flagged,
    /// Damaged, cut, or answered with an error.
    Broken,
    /// A framing or redelivery fault is proved.
    Stutter,
}

impl Verdict {
    /// The first verdict that holds: stutter, broken, flagged, clean.
    pub fn of(findings: &[Finding]) -> Verdict {
        let any = |holds: fn(&Finding) -> bool| findings.iter().any(holds);
        if any(|finding| {
            let stutter = matches!(family(finding), Family::Framing | Family::Redelivery);
            stutter && finding.certainty == Certainty::Proved && finding.level > Level::Note
        }) {
            Verdict::Stutter
        } else if any(|finding| finding.lost && finding.level >= Level::Warning) {
            Verdict::Broken
        } else if any(|finding| finding.level >= Level::Warning) {
            Verdict::Flagged
        } else {
            Verdict::Clean
        }
    }

    /// The public name.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Clean => "clean",
            Verdict::Flagged => "flagged",
            Verdict::Broken => "broken",
            Verdict::Stutter => "stutter",
        }
    }
}

fn family(finding: &Finding) -> Family {
    finding.class.info().family
}

/// One session, as `check --format json` prints it. Times are microseconds since Start, null without a clock.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Version of this form, 1.
    pub schema: u32,
    /// The file as it was named, `-` for standard input.
    pub file: String,
    /// Dialect id, `unknown` if the content did not tell.
    pub format: String,
    /// What it amounts to.
    pub verdict: Verdict,
    /// Final text of choice 0.
    pub output: String,
    /// Final text by choice, in ascending order of the choices seen.
    pub outputs: Vec<String>,
    /// Final reasoning text of choice 0.
    pub reasoning: String,
    /// Tool calls of all choices, in order of choice and block.
    pub tool_calls: Vec<ToolCall>,
    /// What was found, in the order in which it was decided.
    pub findings: Vec<FindingReport>,
    /// Changes of state.
    pub transitions: Vec<TransitionReport>,
    /// What was held back.
    pub held: Held,
    /// Characters of text that came, all channels, typed snapshots included.
    pub received_chars: u64,
    /// Characters that were taken out.
    pub suppressed_chars: u64,
    /// The provider's word for choice 0.
    pub finish_reason: Option<String>,
    /// Token counts as the provider gives them, or an estimate of the completion's; null without any text.
    pub usage: Option<UsageReport>,
    /// Number of reads.
    pub chunks: u32,
    /// Number of frames.
    pub frames: u32,
    /// Number of deltas.
    pub deltas: u32,
    /// Frames of a kind that the dialect does not have.
    pub unknown_frames: u32,
    /// Time to the first delta.
    pub ttft_us: Option<u64>,
    /// Time to the last input.
    pub duration_us: Option<u64>,
    /// One per HTTP exchange of which something is known.
    pub attempts: Vec<AttemptReport>,
    /// The breaker as the last attempt left it, null if none was asked.
    pub breaker: Option<BreakerSnapshot>,
    /// The JSON in the answer, null if none was asked for and the answer is not plainly JSON.
    pub json: Option<JsonReport>,
    /// Where the profile asks for the end of a looping stream; left out where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loop_stop: Option<StopReport>,
    /// The texts with the end known, where they differ from what was passed on; left out where they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hindsight: Option<HindsightReport>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FindingReport {
    /// Class name, as in CLASSES.
    pub class: Class,
    /// Its family.
    pub family: Family,
    /// How much it matters.
    pub level: Level,
    /// 0 to 1.
    pub score: f64,
    /// How sure.
    pub certainty: Certainty,
    /// The texts that remain possible, when ambiguous.
    pub readings: Vec<String>,
    /// What was done.
    pub action: Action,
    /// True if the output is as if the fault had not been.
    pub repaired: bool,
    /// Who most probably did it.
    pub layer: Layer,
    /// One sentence about this instance.
    pub evidence: String,
    /// What to do about it.
    pub hint: String,
    /// The choice concerned, null if it is about no text.
    pub choice: Option<u16>,
    /// The block concerned.
    pub block: Option<u16>,
    /// The channel concerned.
    pub channel: Option<Channel>,
    /// The attempt it happened in, from 0.
    pub attempt: u32,
    /// Where it begins.
    pub first: Place,
    /// How many times; the evidence says what is counted.
    pub count: u32,
    /// Deltas concerned, inclusive ranges of global numbers.
    pub deltas: Vec<(u32, u32)>,
    /// What was taken out for it.
    pub removed: Vec<Removed>,
}

/// Where something begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Global delta number, from 0.
    pub delta: Option<u32>,
    /// Frame number, from 0.
    pub frame: Option<u32>,
    /// Bytes in the body: first, one past the last.
    pub byte: (u32, u32),
    /// Line of the body, from 1.
    pub line: u64,
    /// When its frame had been read.
    pub at_us: Option<u64>,
}

/// One change of state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TransitionReport {
    /// When.
    pub at_us: Option<u64>,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// Why, as a sentence.
    pub cause: String,
}

/// What was held back while it was undecided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Deltas held, over all holds.
    pub deltas: u32,
    /// Most deltas in one hold.
    pub max_deltas: u32,
    /// Most characters in one hold.
    pub max_chars: u64,
    /// Longest hold.
    pub max_us: Option<u64>,
}

impl Report {
    /// The report of a judged reading; `file` is the name it is told under.
    pub fn of(reading: &Reading, judgement: &Judgement, file: &str) -> Report {
        let clock = |at: Micros| reading.clocked().then_some(at.0);
        let texts = Texts::of(reading, &judgement.output);
        let mut removed = texts.removed;
        let lines = lines_of(reading.body(), judgement.findings.iter().map(|finding| finding.bytes.start));
        let findings = judgement.findings.iter().enumerate().map(|(index, finding)| {
            let removed = removed.remove(&(index as u32)).unwrap_or_default();
            finding_report(finding, place(reading, finding, &lines), removed)
        });
        let transitions = judgement.transitions.iter().map(|transition| TransitionReport {
            at_us: clock(transition.moment.at),
            from: transition.from,
            to: transition.to,
            cause: transition.cause.clone(),
        });
        let output = texts.outputs.get(&0).cloned().unwrap_or_default();
        let asked = reading.start().is_some_and(|start| json_value::asked(&start.body));
        let deltas = reading.delta_ids().map(|delta| reading.delta(delta)).filter(|delta| !delta.snapshot);
        let text_bytes = deltas.map(|delta| delta.text.len() as u64).sum();
        let frame_ids = (0..reading.frame_count()).map(FrameId);
        Report {
            schema: 1,
            file: file.to_owned(),
            format: reading.dialect().map_or("unknown", |(dialect, _)| dialect.id).to_owned(),
            verdict: Verdict::of(&judgement.findings),
            findings: findings.collect(),
            transitions: transitions.collect(),
            held: held(reading, judgement),
            received_chars: texts.received_chars,
            suppressed_chars: texts.suppressed_chars,
            json: JsonReport::of(&output, asked),
            loop_stop: StopReport::of(reading, judgement),
            hindsight: HindsightReport::of(reading, judgement),
            output,
            outputs: texts.outputs.into_values().collect(),
            reasoning: texts.reasoning,
            tool_calls: texts.tool_calls,
            finish_reason: finish_reason(reading),
            usage: UsageReport::of(reading, &judgement.output, text_bytes),
            chunks: reading.chunk_count(),
            frames: reading.frame_count(),
            deltas: reading.delta_count(),
            unknown_frames: frame_ids.filter(|id| reading.frame(*id).kind == FrameKind::Unknown).count() as u32,
            ttft_us: reading.delta_ids().next().and_then(|delta| clock(reading.frame_at(reading.delta(delta).frame))),
            duration_us: clock(reading.last_at()),
            attempts: exchange::attempts(reading),
            breaker: reading.marks().iter().rev().find_map(|mark| match &mark.what {
                What::Gate(record) => Some(record.breaker.clone()),
                _ => None,
            }),
        }
    }

    /// The highest level among the findings.
    pub fn level(&self) -> Option<Level> {
        self.findings.iter().map(|finding| finding.level).max()
    }
}

fn finding_report(finding: &Finding, first: Place, removed: Vec<Removed>) -> FindingReport {
    FindingReport {
        class: finding.class,
        family: family(finding),
        level: finding.level,
        score: f64::from(finding.score) / 1_000.0,
        certainty: finding.certainty,
        readings: finding.readings.clone(),
        action: finding.action,
        repaired: finding.repaired,
        layer: finding.layer,
        evidence: finding.evidence.clone(),
        hint: hint(finding).to_owned(),
        choice: finding.key.map(|key| key.choice),
        block: finding.key.map(|key| key.block),
        channel: finding.key.map(|key| key.channel),
        attempt: finding.attempt,
        first,
        count: finding.count,
        deltas: finding.deltas.clone(),
        removed,
    }
}

/// What to do about a finding. While two readings remain, first of all find out which holds.
fn hint(finding: &Finding) -> &'static str {
    if finding.readings.is_empty() {
        finding.hint
    } else {
        "nothing was changed; a longer answer of the same provider shows whether its deltas keep growing"
    }
}

fn place(reading: &Reading, finding: &Finding, lines: &BTreeMap<u32, u64>) -> Place {
    let from_delta = finding.first_delta.map(|delta| reading.delta(delta).frame.0);
    let frame = finding.first_frame.or(from_delta).filter(|frame| *frame < reading.frame_count());
    let at = frame.map_or(finding.moment.at, |frame| reading.frame_at(FrameId(frame)));
    Place {
        delta: finding.first_delta.map(|delta| delta.0),
        frame,
        byte: (finding.bytes.start, finding.bytes.end),
        line: lines.get(&finding.bytes.start).copied().unwrap_or(1),
        at_us: reading.clocked().then_some(at.0),
    }
}

/// The line of each of these bytes, from 1, in one pass over the body.
fn lines_of(body: &[u8], bytes: impl Iterator<Item = u32>) -> BTreeMap<u32, u64> {
    let mut lines: BTreeMap<u32, u64> = bytes.map(|byte| (byte, 0)).collect();
    let (mut from, mut line) = (0, 1);
    for (byte, place) in &mut lines {
        let to = (*byte as usize).clamp(from, body.len());
        line += memchr::memchr_iter(b'\n', &body[from..to]).count() as u64;
        from = to;
        *place = line;
    }
    lines
}

fn finish_reason(reading: &Reading) -> Option<String> {
    reading.notes().iter().rev().find_map(|(_, note)| match note {
        Note::Finish { choice: 0, reason } => Some(reason.clone()),
        _ => None,
    })
}

/// What was held back over the whole session.
pub fn held(reading: &Reading, judgement: &Judgement) -> Held {
    let mut held = Held { max_us: reading.clocked().then_some(0), ..Held::default() };
    for hold in &judgement.output.holds {
        let end = hold.end.min(reading.frame_count());
        if hold.first >= end {
            continue;
        }
        let (mut deltas, mut chars) = (0, 0);
        for delta in judgement.output.deltas_at(reading, hold.first..end) {
            deltas += 1;
            chars += reading.delta(delta).text.chars().count() as u64;
        }
        held.deltas += deltas;
        held.max_deltas = held.max_deltas.max(deltas);
        held.max_chars = held.max_chars.max(chars);
        let released = hold.released.unwrap_or(Moment { frames: end, at: reading.last_at() });
        held.max_us = held.max_us.map(|longest| longest.max(released.at.since(hold.since.at).0));
    }
    held
}
