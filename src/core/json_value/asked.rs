//! Whether a request asks for JSON.

use serde_json::Value;

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
