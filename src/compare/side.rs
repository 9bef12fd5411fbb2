//! One side of a comparison: what a judged session comes to.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    core::{class::Class, judgement::Judgement, metrics::Metrics, reading::Reading, time::Moment},
    report::{Report, ToolCall, Verdict},
};

/// How many instances of each class were found.
pub type Counts = BTreeMap<Class, u64>;

/// How many instances of each class a judgement found.
pub fn counts(judgement: &Judgement) -> Counts {
    let mut counts = Counts::new();
    for finding in &judgement.findings {
        *counts.entry(finding.class).or_default() += u64::from(finding.count);
    }
    counts
}

/// What a judged session comes to. Times are microseconds, null without a clock.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// The file as it was named.
    pub file: String,
    /// What it was judged with: strategy, profile if it has a name of its own, and whether habits of its endpoint were known.
    pub judged: String,
    /// Dialect id.
    pub format: String,
    /// What it amounts to.
    pub verdict: Verdict,
    /// Final text by choice.
    pub outputs: Vec<String>,
    /// Final reasoning of choice 0.
    pub reasoning: String,
    /// Tool calls of all choices.
    pub tool_calls: Vec<ToolCall>,
    /// The provider's word for choice 0.
    pub finish_reason: Option<String>,
    /// Instances found, by class.
    pub findings: Counts,
    /// Characters that came.
    pub received_chars: u64,
    /// Characters that were taken out.
    pub suppressed_chars: u64,
    /// Deltas that were held.
    pub held_deltas: u32,
    /// Number of reads.
    pub chunks: u32,
    /// Number of frames.
    pub frames: u32,
    /// Number of deltas.
    pub deltas: u32,
    /// From the first attempt to the first delta.
    pub ttft_us: Option<u64>,
    /// Half of the gaps between deltas are no longer than this.
    pub median_gap_us: Option<u64>,
    /// From the first attempt to the last input.
    pub duration_us: Option<u64>,
}

impl Side {
    /// What `judgement` makes of `reading`, which is told as `file`.
    pub fn of(reading: &Reading, judgement: &Judgement, file: &str) -> Side {
        let report = Report::of(reading, judgement, file);
        let metrics = Metrics::of(reading, Moment::END);
        let (strategy, profile) = (judgement.profile.strategy.name(), judgement.profile.name.as_str());
        let mut judged = if profile == "safe" { strategy.to_owned() } else { format!("{strategy}, {profile}") };
        if !judgement.profile.habits.is_empty() {
            judged.push_str(", with habits");
        }
        Side {
            file: report.file,
            judged,
            format: report.format,
            verdict: report.verdict,
            outputs: report.outputs,
            reasoning: report.reasoning,
            tool_calls: report.tool_calls,
            finish_reason: report.finish_reason,
            findings: counts(judgement),
            received_chars: report.received_chars,
            suppressed_chars: report.suppressed_chars,
            held_deltas: report.held.deltas,
            chunks: report.chunks,
            frames: report.frames,
            deltas: report.deltas,
            ttft_us: metrics.ttft_us,
            median_gap_us: metrics.gaps.map(|gaps| gaps.p50_us),
            duration_us: metrics.elapsed_us,
        }
    }

    /// True if both end the same: texts, tool calls apart from their ids, finish reason, verdict and findings by class. When and in
    /// how many pieces it came is no difference.
    pub fn agrees(&self, other: &Side) -> bool {
        let calls = |side: &Side| -> Vec<(String, String)> {
            side.tool_calls.iter().map(|call| (call.name.clone(), call.arguments.clone())).collect()
        };
        self.outputs == other.outputs
            && self.reasoning == other.reasoning
            && calls(self) == calls(other)
            && self.finish_reason == other.finish_reason
            && self.verdict == other.verdict
            && self.findings == other.findings
    }
}
