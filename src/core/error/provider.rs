//! A provider's own words about an error: out of its body, cut to a readable length, and classed.

use serde_json::Value;

use super::ErrorClass;

/// Most characters of a provider's message that are kept.
const MESSAGE_CHARS: usize = 500;
/// Most characters of a provider's kind that are kept.
const KIND_CHARS: usize = 64;

/// Kind and message as the provider gave them: one line each, of limited length, without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderError {
    /// Its code or type (`rate_limit_exceeded`), empty if it gave none.
    pub kind: String,
    /// Its message, empty if it gave none.
    pub message: String,
}

/// Kinds by their words, lower case and joined by `_`. The first row that the kind contains decides.
const KINDS: &[(&str, ErrorClass)] = &[
    ("insufficient_quota", ErrorClass::PermissionDenied),
    ("billing", ErrorClass::PermissionDenied),
    ("arrearage", ErrorClass::PermissionDenied),
    ("permission", ErrorClass::PermissionDenied),
    ("access_denied", ErrorClass::PermissionDenied),
    ("accessdenied", ErrorClass::PermissionDenied),
    ("authentication", ErrorClass::Authentication),
    ("unauthenticated", ErrorClass::Authentication),
    ("api_key", ErrorClass::Authentication),
    ("apikey", ErrorClass::Authentication),
    ("rate_limit", ErrorClass::RateLimit),
    ("ratelimit", ErrorClass::RateLimit),
    ("resource_exhausted", ErrorClass::RateLimit),
    ("throttling", ErrorClass::RateLimit),
    ("too_many_requests", ErrorClass::RateLimit),
    ("content_filter", ErrorClass::ContentFilter),
    ("content_policy", ErrorClass::ContentFilter),
    ("data_inspection", ErrorClass::ContentFilter),
    ("datainspection", ErrorClass::ContentFilter),
    ("not_found", ErrorClass::NotFound),
    ("notfound", ErrorClass::NotFound),
    ("overloaded", ErrorClass::Overloaded),
    ("unavailable", ErrorClass::Overloaded),
    ("timeout", ErrorClass::Timeout),
    ("deadline_exceeded", ErrorClass::Timeout),
    ("conflict", ErrorClass::Conflict),
    ("cancelled", ErrorClass::Cancelled),
    ("server_error", ErrorClass::ServerError),
    ("api_error", ErrorClass::ServerError),
    ("internal", ErrorClass::ServerError),
    ("invalid", ErrorClass::Validation),
    ("context_length", ErrorClass::Validation),
    ("too_large", ErrorClass::Validation),
    ("bad_request", ErrorClass::Validation),
    ("unprocessable", ErrorClass::Validation),
];

/// Words of messages, lower case, strongest first: a message that names a timeout on a server is a timeout.
const MESSAGES: &[(&str, ErrorClass)] = &[
    ("timeout", ErrorClass::Timeout),
    ("timed out", ErrorClass::Timeout),
    ("rate limit", ErrorClass::RateLimit),
    ("too many requests", ErrorClass::RateLimit),
    ("api key", ErrorClass::Authentication),
    ("unauthorized", ErrorClass::Authentication),
    ("authentication", ErrorClass::Authentication),
    ("quota", ErrorClass::PermissionDenied),
    ("permission", ErrorClass::PermissionDenied),
    ("content filter", ErrorClass::ContentFilter),
    ("content policy", ErrorClass::ContentFilter),
    ("overloaded", ErrorClass::Overloaded),
    ("server error", ErrorClass::ServerError),
    ("internal error", ErrorClass::ServerError),
    ("not found", ErrorClass::NotFound),
    ("invalid", ErrorClass::Validation),
    ("connection", ErrorClass::Network),
    ("network", ErrorClass::Network),
];

impl ProviderError {
    /// Kind and message, cleaned and cut.
    pub fn new(kind: &str, message: &str) -> ProviderError {
        ProviderError { kind: one_line(kind, KIND_CHARS), message: one_line(message, MESSAGE_CHARS) }
    }

    /// The class that the kind names, if it names one.
    pub fn class_of_kind(&self) -> Option<ErrorClass> {
        let kind = self.kind.to_ascii_lowercase().replace(['-', ' ', '.'], "_");
        KINDS.iter().find(|(word, _)| kind.contains(word)).map(|(_, class)| *class)
    }

    /// The class by kind, else by message, else unknown.
    pub fn class(&self) -> ErrorClass {
        let by_message = || {
            let message = self.message.to_ascii_lowercase();
            MESSAGES.iter().find(|(words, _)| message.contains(words)).map(|(_, class)| *class)
        };
        self.class_of_kind().or_else(by_message).unwrap_or(ErrorClass::Unknown)
    }
}

/// Kind and message out of an error response's body: the JSON forms in use, an HTML page's title, or the first line.
pub fn parse_body(body: &[u8]) -> ProviderError {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return parse_value(&value);
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(64 << 10)]);
    let lower = text.to_ascii_lowercase();
    if let Some(start) = lower.find("<title>").map(|at| at + "<title>".len()) {
        let end = lower[start..].find("</title>").map_or(text.len(), |length| start + length);
        return ProviderError::new("html", &text[start..end]);
    }
    ProviderError::new("", text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default())
}

fn parse_value(value: &Value) -> ProviderError {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    match value {
        // Gemini wraps the error of a stream in an array.
        Value::Array(items) => items.first().map(parse_value).unwrap_or_default(),
        Value::String(message) => ProviderError::new("", message),
        Value::Object(fields) => match fields.get("error") {
            // {"error": {"code": "model_not_found", "type": "invalid_request_error", "message": …}}: the code says more. Gemini's
            // code is a number, and its kind is called status.
            Some(Value::Object(error)) => {
                let kinds = ["code", "status", "type"].map(|name| text(error.get(name)));
                let kind = kinds.iter().find(|kind| !kind.is_empty()).cloned().unwrap_or_default();
                ProviderError::new(&kind, &text(error.get("message")))
            }
            Some(Value::String(message)) => ProviderError::new(&text(fields.get("code")), message),
            _ => {
                // {"code": "InvalidApiKey", "message": …} and {"detail": "…" | [{"msg": "…"}]}.
                let detail = match fields.get("detail") {
                    Some(Value::Array(items)) => text(items.first().and_then(|item| item.get("msg"))),
                    detail => text(detail),
                };
                let kinds = ["code", "type"].map(|name| text(fields.get(name)));
                let kind = kinds.iter().find(|kind| !kind.is_empty()).cloned().unwrap_or_default();
                let message = text(fields.get("message"));
                ProviderError::new(&kind, if message.is_empty() { &detail } else { &message })
            }
        },
        _ => ProviderError::default(),
    }
}

/// Whitespace and control characters become single spaces; what is over `limit` characters is cut, with an ellipsis.
fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut chars = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let space = usize::from(!line.is_empty());
        let room = limit.saturating_sub(chars + space);
        if space == 1 {
            line.push(' ');
        }
        let length = word.chars().count();
        if length > room {
            line.extend(word.chars().take(room));
            line.push('…');
            return line;
        }
        line.push_str(word);
        chars += space + length;
    }
    line
}
