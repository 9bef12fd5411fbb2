//! The JSON in an answer: asked for or found, whole or cut.

use serde::{Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;

use crate::{
    core::json_value::{Follower, compact, describe, path},
    sanitise::is_unsafe,
};

/// The JSON in the text of choice 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JsonReport {
    /// True if the request asks for JSON.
    pub asked: bool,
    /// How many whole values there are.
    pub values: u64,
    /// True if there is one, and none is cut off or broken.
    pub complete: bool,
    /// The last whole value, null if there is none or it has no JSON form that everyone reads (lone surrogates, very deep).
    pub last: Option<Verbatim>,
    /// The value that is cut off, closed for display; null if none is.
    pub partial: Option<String>,
    /// All of that on one line, for people.
    #[serde(skip)]
    pub line: String,
}

/// JSON text that is written as it is: numbers keep their digits, objects the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verbatim(String);

impl Serialize for Verbatim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl JsonReport {
    /// What JSON there is in `text`; `None` if it was not asked for and the text is not plainly JSON.
    pub fn of(text: &str, asked: bool) -> Option<JsonReport> {
        let mut follower = Follower::new(asked);
        follower.follow(text);
        if !asked && !follower.nothing_else() {
            return None;
        }
        let last = follower.last(text);
        // Readers of the report parse it with bounds of their own; what this one cannot read, they cannot.
        let readable = |json: &&str| serde_json::from_str::<serde_json::Value>(json).is_ok();
        Some(JsonReport {
            asked,
            values: follower.values().count() as u64,
            complete: follower.complete(),
            last: last.filter(readable).map(|json| Verbatim(compact(json, is_unsafe))),
            partial: follower.partial(text).map(|partial| partial.closed()),
            line: line(&follower, text),
        })
    }
}

fn line(follower: &Follower, text: &str) -> String {
    let whole = match (follower.values().count(), follower.last(text)) {
        (1, Some(last)) => Some(format!("complete {}", describe(last))),
        (count, Some(last)) => Some(format!("{count} complete values, the last one: {}", describe(last))),
        (_, None) => None,
    };
    let broken = match follower.broken() {
        0 => None,
        1 => Some("1 value is broken".to_owned()),
        count => Some(format!("{count} values are broken")),
    };
    let cut = follower
        .partial(text)
        .map(|partial| format!("cut at {}; closed for display: {}", path(partial.source), compact(&partial.closed(), |_| false)));
    let parts: Vec<String> = whole.into_iter().chain(broken).chain(cut).collect();
    if parts.is_empty() { "none, though the request asks for it".to_owned() } else { parts.join("; ") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::report::to_json;

    fn check(text: &str, asked: bool, line: &str, json: &str) {
        let report = JsonReport::of(text, asked).unwrap();
        assert_eq!((report.line.as_str(), to_json(&report).unwrap().as_str()), (line, json), "{text}");
    }

    #[test]
    fn what_is_told() {
        check(
            "{\"b\": 1.50,\n \"a\": [], \"big\": 12345678901234567890}",
            false,
            "complete object, 3 keys",
            r#"{"asked":false,"values":1,"complete":true,"last":{"b":1.50,"a":[],"big":12345678901234567890},"partial":null}"#,
        );
        check(
            "{\"items\": [0, 1, {\"name\": \"he",
            true,
            "cut at $.items[2].name; closed for display: {\"items\":[0,1,{\"name\":\"he\"}]}",
            r#"{"asked":true,"values":0,"complete":false,"last":null,"partial":"{\"items\": [0, 1, {\"name\": \"he\"}]}"}"#,
        );
        check(
            "Here: {\"a\": 1} and {\"b\": [1, 2}",
            true,
            "complete object, 1 key; 1 value is broken",
            r#"{"asked":true,"values":1,"complete":false,"last":{"a":1},"partial":null}"#,
        );
        check(
            "I cannot do that.",
            true,
            "none, though the request asks for it",
            r#"{"asked":true,"values":0,"complete":false,"last":null,"partial":null}"#,
        );
        check(
            "[1]\n[\"\u{202e}\"]",
            false,
            "2 complete values, the last one: array, 1 item",
            r#"{"asked":false,"values":2,"complete":true,"last":["\u202e"],"partial":null}"#,
        );
        check(
            "[\"\\ud800\"]",
            false,
            "complete array, 1 item",
            r#"{"asked":false,"values":1,"complete":true,"last":null,"partial":null}"#,
        );
        assert_eq!(JsonReport::of("See [1].", false), None);
        assert_eq!(JsonReport::of("", false), None);
    }
}
