//! What hindsight makes of a session, beside what streaming passed on.

use serde::Serialize;

use super::{ToolCall, texts::tool_calls};
use crate::core::{
    class::Class,
    hindsight::{self, Hindsight},
    judgement::Judgement,
    reading::{Channel, Reading},
};

/// The texts with hindsight, where they differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HindsightReport {
    /// Text of choice 0.
    pub output: String,
    /// Reasoning of choice 0.
    pub reasoning: String,
    /// Tool calls of all choices, in order of choice and block.
    pub tool_calls: Vec<ToolCall>,
    /// What was read otherwise, and why.
    pub changes: Vec<ChangeReport>,
}

/// One text that was read otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeReport {
    /// The fault that is undone.
    pub class: Class,
    /// The choice concerned.
    pub choice: u16,
    /// The block concerned.
    pub block: u16,
    /// The channel concerned.
    pub channel: Channel,
    /// One sentence.
    pub evidence: String,
}

impl HindsightReport {
    /// The second look at a finished session; `None` where it sees what streaming saw.
    pub fn of(reading: &Reading, judgement: &Judgement) -> Option<HindsightReport> {
        let Hindsight { texts, changes } = hindsight::look_back(reading, judgement)?;
        let mut calls = tool_calls(reading);
        for (key, text) in texts.iter().filter(|(key, _)| key.channel == Channel::ToolArguments) {
            calls.entry((key.choice, key.block)).or_default().arguments.clone_from(text);
        }
        let changes = changes.into_iter().map(|change| ChangeReport {
            class: change.class,
            choice: change.key.choice,
            block: change.key.block,
            channel: change.key.channel,
            evidence: change.evidence,
        });
        Some(HindsightReport {
            output: hindsight::text(&texts, 0, Channel::Text),
            reasoning: hindsight::text(&texts, 0, Channel::Reasoning),
            tool_calls: calls.into_values().collect(),
            changes: changes.collect(),
        })
    }
}
