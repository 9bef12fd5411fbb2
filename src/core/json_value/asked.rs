//! Whether a request asks for JSON, and whether an answer begins as JSON does.

use serde_json::Value;

use crate::core::reading::{Channel, DeltaId, Reading};

/// Members that stand only in requests for JSON, as a path from the body; the last one is there and not null.
const SCHEMAS: &[&[&str]] = &[
    &["generationConfig", "responseSchema"],
    &["generationConfig", "responseJsonSchema"],
    &["generation_config", "response_schema"],
    &["generation_config", "response_json_schema"],
    &["json_schema"],
    &["guided_json"],
    &["structured_outputs", "json"],
];

/// Members that name a format, and the words for JSON.
const FORMATS: &[&[&str]] = &[
    &["response_format", "type"],
    &["parameters", "response_format", "type"],
    &["parameters", "grammar", "type"],
    &["text", "format", "type"],
    &["output_format", "type"],
    &["output_config", "format", "type"],
    &["format"],
    &["generationConfig", "responseMimeType"],
    &["generation_config", "response_mime_type"],
    &["response_mime_type"],
];
const WORDS: &[&str] = &["json", "json_object", "json_schema", "application/json"];

/// True if the request body `body` asks for an answer in JSON. Ollama takes a schema in the place of the word.
pub fn asked(body: &str) -> bool {
    let Ok(body) = serde_json::from_str::<Value>(body) else { return false };
    let at = |path: &[&str]| path.iter().try_fold(&body, |value, key| value.get(key)).filter(|value| !value.is_null());
    let named = |path: &&[&str]| at(path).is_some_and(|value| value.as_str().is_some_and(|word| WORDS.contains(&word)));
    SCHEMAS.iter().any(|path| at(path).is_some()) || FORMATS.iter().any(named) || at(&["format"]).is_some_and(Value::is_object)
}

/// Deltas in which an answer shows what it is.
const FIRST: u32 = 64;

/// True if the first deltas of an answer are JSON: a bracket at the beginning, a code fence that says so, or a tool call's
/// arguments. Cheap, and only a hint.
pub fn begins(reading: &Reading) -> bool {
    let mut begun = String::new();
    for delta in (0..reading.delta_count().min(FIRST)).map(|id| reading.delta(DeltaId(id))) {
        match delta.key.channel {
            Channel::ToolArguments => return true,
            Channel::Text if begun.trim_start().len() < 8 => begun.push_str(delta.text),
            _ => {}
        }
    }
    let begun = begun.trim_start();
    let bracket = begun.strip_prefix(['{', '[']).map(str::trim_start);
    bracket.is_some_and(|rest| {
        rest.starts_with(['{', '[', '"', '}', ']', '-']) || rest.starts_with(|char: char| char.is_ascii_digit())
    }) || begun.starts_with("```json")
}
