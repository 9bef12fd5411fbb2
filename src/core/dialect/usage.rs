//! Token counts under the names that providers give them.

use serde_json::Value;

use crate::core::reading::Usage;

const INPUT: &[&str] = &["prompt_tokens", "input_tokens", "inputTokens", "promptTokenCount", "total_input_tokens"];
const OUTPUT: &[&str] = &["completion_tokens", "output_tokens", "outputTokens", "candidatesTokenCount", "total_output_tokens"];
const TOTAL: &[&str] = &["total_tokens", "total", "totalTokens", "totalTokenCount"];

/// The counts of a usage object, if it has any.
pub(super) fn usage_of(value: &Value) -> Option<Usage> {
    let count = |names: &[&str]| names.iter().find_map(|name| value.get(*name)?.as_u64());
    let usage = Usage { input: count(INPUT), output: count(OUTPUT), total: count(TOTAL) };
    (usage != Usage::default()).then_some(usage)
}
