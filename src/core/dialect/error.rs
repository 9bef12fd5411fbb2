//! The shapes in which providers report errors, whatever the dialect.

use serde_json::Value;

use super::json;
use crate::core::reading::Note;

/// Longest message that is kept, in bytes; a gateway's whole HTML page helps nobody.
const MESSAGE_LIMIT: usize = 2_048;

/// Longest kind that is kept, in bytes.
const KIND_LIMIT: usize = 128;

/// The error that a JSON value reports, if it is of a known shape: `{"error": {...}}`, `{"error": "..."}`, `{"type": "error", ...}`,
/// `{"message": ..., "code": ...}`, `{"detail": ...}`.
pub fn of_value(value: &Value) -> Option<Note> {
    let object = match value {
        Value::Array(items) => items.first()?.as_object()?,
        value => value.as_object()?,
    };
    match object.get("error") {
        None | Some(Value::Null | Value::Bool(false)) => {}
        // Some wrap what they were told in an error of their own.
        Some(inner @ Value::Object(error)) if error.get("error").is_some_and(Value::is_object) => return of_value(inner),
        Some(Value::Object(error)) => {
            let kind = ["type", "status", "code"].iter().find_map(|key| word(error.get(*key)));
            let message = ["message", "detail", "msg", "failed_generation"].iter().find_map(|key| word(error.get(*key)));
            return Some(note(kind, message.unwrap_or_else(|| Value::Object(error.clone()).to_string())));
        }
        Some(error) => {
            let kind = ["error_type", "type", "code"].iter().find_map(|key| word(object.get(*key)));
            let own = word(Some(error)).unwrap_or_else(|| error.to_string());
            return Some(match word(object.get("message")) {
                // `{"error": "not_found", "message": "..."}`: the error is the kind.
                Some(message) => note(Some(own), message),
                None => note(kind, own),
            });
        }
    }
    let message =
        ["message", "detail", "msg", "errors"].iter().find_map(|key| object.get(*key).filter(|value| !value.is_null()))?;
    let marked = object.get("object").or(object.get("type")).is_some_and(|word| word == "error");
    let bare =
        ["code", "status", "statusCode", "detail", "errors"].iter().any(|key| object.contains_key(*key)) || object.len() == 1;
    if !(marked || bare) || message.get("role").is_some() || message.get("content").is_some() {
        return None;
    }
    let kind = ["code", "status", "statusCode"].iter().find_map(|key| word(object.get(*key)));
    // A list of errors: the first one says it.
    if let Some(first) = message.as_array().and_then(|errors| errors.first()).filter(|first| first.is_object()) {
        let said = ["message", "description", "detail"].iter().find_map(|key| word(first.get(*key)));
        let kind = ["code", "key", "type"].iter().find_map(|key| word(first.get(*key))).or(kind);
        return Some(note(kind, said.unwrap_or_else(|| first.to_string())));
    }
    Some(note(kind, word(Some(message)).unwrap_or_else(|| message.to_string())))
}

/// The error that a body sent instead of a stream reports: its JSON shape if it has one, else its text.
pub fn of_body(status: Option<u16>, body: &[u8]) -> Note {
    let known = json::free(body).as_ref().and_then(of_value);
    known.unwrap_or_else(|| {
        let text = &body[..body.len().min(4 * MESSAGE_LIMIT)];
        note(status.map(|status| format!("http_{status}")), String::from_utf8_lossy(text).trim().to_owned())
    })
}

/// A web page in the place of an answer: its title, or how it begins.
pub fn of_page(body: &[u8]) -> Option<Note> {
    let body = body.trim_ascii_start();
    let begins = |tag: &[u8]| body.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    if !begins(b"<!doctype html") && !begins(b"<html") {
        return None;
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * MESSAGE_LIMIT)]).into_owned();
    let title = text.to_ascii_lowercase().find("<title>").map(|at| &text[at + "<title>".len()..]);
    let title = title.and_then(|rest| rest.split('<').next()).map(str::trim).filter(|title| !title.is_empty());
    Some(note(Some("html".into()), title.map_or_else(|| text.clone(), |title| format!("a page called {title:?}"))))
}

fn word(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn note(kind: Option<String>, mut message: String) -> Note {
    if message.len() > MESSAGE_LIMIT {
        cut(&mut message, MESSAGE_LIMIT);
        message.push('…');
    }
    let mut kind = kind.unwrap_or_else(|| "error".into());
    cut(&mut kind, KIND_LIMIT);
    Note::Error { kind, message }
}

fn cut(text: &mut String, limit: usize) {
    let end = (0..=limit.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or_default());
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn check(body: &str, kind: &str, message: &str) {
        assert_eq!(of_body(Some(400), body.as_bytes()), Note::Error { kind: kind.into(), message: message.into() }, "{body}");
    }

    #[test]
    fn known_shapes_are_read() {
        check(r#"{"error":{"code":"c","message":"m","type":"t"}}"#, "t", "m");
        check(r#"{"error":{"code":400,"message":"m","status":"INVALID"}}"#, "INVALID", "m");
        check(r#"[{"error":{"code":400,"message":"m"}}]"#, "400", "m");
        check(r#"{"error":{"error":{"code":500,"message":"m"}}}"#, "500", "m");
        check(r#"{"errors":[{"code":"c","message":"m"}],"trace":"t","status_code":500}"#, "c", "m");
        check(r#"{"errors":[{"description":"m","key":"k"}]}"#, "k", "m");
        check(r#"{"object":"error","message":"m","type":"InternalServerError","code":500}"#, "500", "m");
        check(r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#, "overloaded_error", "m");
        check(r#"{"error":"model not found"}"#, "error", "model not found");
        check(r#"{"error":"boom","error_type":"generation"}"#, "generation", "boom");
        check(r#"{"detail":"no token"}"#, "error", "no token");
        check(r#"{"message":"m","code":"c"}"#, "c", "m");
        check("<html>502</html>", "http_400", "<html>502</html>");
        let page = of_page(b"\n<!DOCTYPE html><head><TITLE>502 Bad Gateway</TITLE></head>");
        assert_eq!(page, Some(Note::Error { kind: "html".into(), message: "a page called \"502 Bad Gateway\"".into() }));
        assert_eq!(of_page(b"<thought>"), None);
    }

    #[test]
    fn answers_are_not_errors() {
        for body in [
            r#"{"choices":[],"error":null}"#,
            r#"{"message":{"role":"assistant","content":"x"},"done":true}"#,
            r#"{"status":"ok"}"#,
        ] {
            let value = serde_json::from_str(body).unwrap();
            assert_eq!(of_value(&value), None, "{body}");
        }
    }
}
