//! Token counts under the names that providers give them.

use serde_json::Value;

use super::{Sink, json};
use crate::core::reading::{Note, Usage};

const INPUT: &[&str] = &["prompt_tokens", "input_tokens", "inputTokens", "promptTokenCount", "total_input_tokens"];
const OUTPUT: &[&str] = &["completion_tokens", "output_tokens", "outputTokens", "candidatesTokenCount", "total_output_tokens"];
const TOTAL: &[&str] = &["total_tokens", "total", "totalTokens", "totalTokenCount"];

/// The counts of a usage object, if it has any.
pub(super) fn usage_of(value: &Value) -> Option<Usage> {
    let count = |names: &[&str]| names.iter().find_map(|name| json::count(value.get(*name)?));
    let usage = Usage { input: count(INPUT), output: count(OUTPUT), total: count(TOTAL) };
    (usage != Usage::default()).then_some(usage)
}

/// Notes the counts of a usage object, and one that is no count.
pub(super) fn note(value: Option<&Value>, sink: &mut Sink) {
    let Some(value) = value else { return };
    sink.note_usage(usage_of(value));
    let fields = [INPUT, OUTPUT, TOTAL].into_iter().flatten().filter_map(|name| Some((name, value.get(*name)?)));
    let odd = fields.filter(|(_, value)| !value.is_null()).find(|(_, value)| json::count(value).is_none());
    sink.notes.extend(odd.map(|(name, value)| Note::Odd(format!("`{name}` is {}, which is no count", json::brief(value)))));
}
