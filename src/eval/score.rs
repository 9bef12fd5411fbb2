//! How well one strategy did on one stream.

use crate::{
    core::{
        class::{Certainty, Class, Family},
        judgement::{Finding, Judgement},
        reading::{FrameId, Reading},
    },
    report::{Report, ToolCall, Verdict},
    session::import::cases::{Kind, Label, Repair},
};

/// A strategy's result on one stream, by its label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// Whether something is wrong with the stream.
    pub kind: Kind,
    /// The label asks for a repair, and the stream has what it takes.
    pub repairable: bool,
    /// What should be seen takes back what had to be passed on before that could be known.
    pub retraction: bool,
    /// What came out is what should be seen.
    pub exact: bool,
    /// Text that belongs to the answer was taken out.
    pub harmed: bool,
    /// The text came out as it had come in.
    pub kept: bool,
    /// Something of the right family was found.
    pub flagged: bool,
    /// The ambiguity was said.
    pub named: bool,
    /// The verdict is another than clean.
    pub alarmed: bool,
    /// How many deltas came from the first wrong one to the verdict, both counted.
    pub deltas: Option<u32>,
    /// Deltas in all.
    pub came: u32,
    /// Deltas that were held back for a while.
    pub held: u32,
}

impl Score {
    /// The score of `report`, which tells of `judgement`; `plain` is the report of the same stream passed on whole.
    pub fn of(
        label: &Label,
        (reading, judgement): (&Reading, &Judgement),
        report: &Report,
        plain: &Report,
        retraction: bool,
    ) -> Score {
        let family = Class::from_name(&label.class).map(|class| class.info().family);
        let right = |finding: &&Finding| family.is_none_or(|family| related(finding.class, family));
        let findings = &judgement.findings;
        let verdict = findings.iter().filter(right).min_by_key(|finding| finding.moment);
        let kept = same_texts(report, plain);
        let exact = is_expected(label, report, plain);
        let decidable = match label.repair {
            Repair::Exact | Repair::Latch => true,
            Repair::Signal => label.signalled,
            Repair::Flag | Repair::None => false,
        };
        Score {
            kind: label.kind,
            repairable: label.kind == Kind::Positive && decidable && !retraction,
            retraction: label.kind == Kind::Positive && decidable && retraction,
            exact,
            harmed: match label.kind {
                Kind::Negative => !exact,
                Kind::Ambiguous => !kept && !exact && !label.alternatives.contains(&report.output),
                Kind::Positive => !kept && !exact && !as_far_as_can_be(label, report) && loses(label, report, plain),
            },
            kept,
            flagged: verdict.is_some(),
            named: kept && findings.iter().any(|finding| is_named(finding, &label.class)),
            alarmed: report.verdict != Verdict::Clean,
            came: report.deltas,
            held: report.held.deltas,
            deltas: verdict.filter(|_| label.kind == Kind::Positive).map(|finding| took(label, reading, finding)),
        }
    }

    /// True for a repair that was asked for, possible and made.
    pub fn repaired(&self) -> bool {
        self.repairable && self.exact
    }

    /// True for a fault that was neither found nor undone.
    pub fn missed(&self) -> bool {
        self.kind == Kind::Positive && !self.flagged && !self.repaired()
    }
}

/// Whether a finding of `class` is of this family.
fn related(class: Class, family: Family) -> bool {
    class.info().family == family
}

fn is_named(finding: &Finding, class: &str) -> bool {
    finding.certainty == Certainty::Ambiguous || finding.class.name() == class
}

/// Whether what came out is what the label says; where it says nothing, what came in.
fn is_expected(label: &Label, report: &Report, plain: &Report) -> bool {
    let text = label.text.as_ref().unwrap_or(&plain.output);
    let reasoning = label.reasoning.as_ref().unwrap_or(&plain.reasoning);
    let arguments = match &label.tool_arguments {
        Some(expected) => same_arguments(expected, &report.tool_calls),
        None => label.kind != Kind::Negative || report.tool_calls == plain.tool_calls,
    };
    report.output == *text
        && (report.reasoning == *reasoning || label.reasoning.is_none() && label.kind == Kind::Positive)
        && arguments
}

/// Whether the calls that a client would run are the expected ones: what is no whole JSON value is not run.
fn same_arguments(expected: &[String], calls: &[ToolCall]) -> bool {
    let runs =
        |arguments: &&String| expected.contains(arguments) || serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok();
    calls.iter().map(|call| &call.arguments).filter(runs).eq(expected)
}

fn same_texts(one: &Report, other: &Report) -> bool {
    let arguments = |report: &Report| report.tool_calls.iter().map(|call| call.arguments.clone()).collect::<Vec<_>>();
    one.outputs == other.outputs && one.reasoning == other.reasoning && arguments(one) == arguments(other)
}

/// Whether a text that was rewritten came out as a view can show it that takes nothing back.
fn as_far_as_can_be(label: &Label, report: &Report) -> bool {
    label.append_only.as_ref().is_some_and(|text| *text == report.output || *text == report.reasoning)
}

/// Whether expected text that came in did not come out.
fn loses(label: &Label, report: &Report, plain: &Report) -> bool {
    let lost = |expected: &Option<String>, out: &str, came: &str| {
        expected.as_ref().is_some_and(|expected| within(expected, came) && !within(expected, out))
    };
    lost(&label.text, &report.output, &plain.output) || lost(&label.reasoning, &report.reasoning, &plain.reasoning)
}

/// Whether the characters of `part` come in `whole` in this order.
fn within(part: &str, whole: &str) -> bool {
    let mut chars = whole.chars();
    part.chars().all(|char| chars.any(|other| other == char))
}

/// How many deltas had come from the first labelled chunk (else the finding's own first delta) to the verdict.
fn took(label: &Label, reading: &Reading, finding: &Finding) -> u32 {
    let come = finding.moment.frames.checked_sub(1).map_or(0, |frame| reading.frame(FrameId(frame)).deltas_end);
    let labelled =
        label.first.filter(|frame| *frame < reading.frame_count()).map(|frame| reading.frame(FrameId(frame)).first_delta);
    let first = labelled.or(finding.first_delta.map(|delta| delta.0)).unwrap_or(0);
    come.saturating_sub(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_in_order() {
        assert!(within("ace", "abcde") && within("", "") && within("é", "cafés"));
        assert!(!within("aec", "abcde") && !within("aa", "a"));
    }
}
