//! The one thing v1 and v2 look at in a payload: `choices[0].delta.content`.
//!
//! Each level is read on its own and everything else is skipped, so that a field of an unexpected type means "no text" and
//! never "malformed", and so that lone surrogate escapes do not make a frame unreadable.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// Reads `payload`: `None` if it is no JSON object, else its text if it has one.
pub fn content(payload: &[u8]) -> Option<Option<Vec<u8>>> {
    let payload = String::from_utf8_lossy(payload);
    let choices = member(&payload, "choices").ok()?;
    Some(text_of(choices))
}

/// Whether `payload` has the member `name`; `None` if it is no JSON object.
pub fn has(payload: &[u8], name: &'static str) -> Option<bool> {
    member(&String::from_utf8_lossy(payload), name).ok().map(|found| found.is_some())
}

fn text_of(choices: Option<&RawValue>) -> Option<Vec<u8>> {
    let First(choice) = serde_json::from_str(choices?.get()).ok()?;
    let delta = member(choice?.get(), "delta").ok()??;
    // An array of small numbers would be read as bytes, too.
    let content = member(delta.get(), "content").ok()??.get();
    let content = content.starts_with('"').then_some(content)?;
    let Text(text) = serde_json::from_str(content).ok()?;
    Some(replace_surrogates(text.into_owned()))
}

/// The last member `name` of the JSON object `json`; an error if it is anything but an object.
fn member<'a>(json: &'a str, name: &'static str) -> serde_json::Result<Option<&'a RawValue>> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let found = reader.deserialize_map(Member(name))?;
    reader.end()?;
    Ok(found)
}

struct Member(&'static str);

impl<'de> Visitor<'de> for Member {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Text(key)) = map.next_key()? {
            if *key == *self.0.as_bytes() {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// The first element of an array, if there is one.
struct First<'a>(Option<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'de> Visitor<'de> for Elements {
            type Value = Option<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let first = seq.next_element()?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(first)
            }
        }

        deserializer.deserialize_seq(Elements).map(First)
    }
}

/// A JSON string as bytes: UTF-8, except that lone surrogate halves are three bytes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow, with = "serde_bytes")] Cow<'a, [u8]>);

/// Puts U+FFFD for every lone surrogate half, as the earlier systems' JSON reader did. Both are three bytes long.
fn replace_surrogates(mut text: Vec<u8>) -> Vec<u8> {
    if std::str::from_utf8(&text).is_err() {
        for at in 0..text.len().saturating_sub(2) {
            if text[at] == 0xED && text[at + 1] >= 0xA0 {
                text[at..at + 3].copy_from_slice("\u{FFFD}".as_bytes());
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(payload: &str, expected: Option<Option<&str>>) {
        let expected = expected.map(|text| text.map(|text| text.as_bytes().to_vec()));
        assert_eq!(content(payload.as_bytes()), expected, "{payload}");
    }

    #[test]
    fn only_an_object_is_read_and_only_a_string_is_text() {
        check(r#"{"choices":[{"delta":{"content":"Hello world"}}]}"#, Some(Some("Hello world")));
        check(r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":null}"#, Some(Some("")));
        check(r#"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}"#, Some(Some("a")));
        check(r#"{"choices":[{"delta":{"content":"a","content":"b"}}]}"#, Some(Some("b")));
        check(r#"{"choices":[{"delta":{"role":"assistant"}}]}"#, Some(None));
        check(r#"{"choices":[{"delta":{"content":null}}]}"#, Some(None));
        check(r#"{"choices":[{"delta":{"content":[1]}}]}"#, Some(None));
        check(r#"{"choices":[]}"#, Some(None));
        check(r#"{"choices":7}"#, Some(None));
        check(r#"{"invalid":"structure"}"#, Some(None));
        check("{\"choices\":[]}\r", Some(None));
        for payload in ["[DONE]", "", "null", "7", r#"{"choices":[{"delta":{"content":"Hello""#, r#"{} {}"#, "event: some_event"] {
            check(payload, None);
        }
    }

    #[test]
    fn lone_surrogates_are_replaced_and_pairs_are_joined() {
        check(r#"{"choices":[{"delta":{"content":"a\ud83db"}}]}"#, Some(Some("a\u{FFFD}b")));
        check(r#"{"\ud83d":1,"choices":[{"delta":{"content":"\ud83d\ude00"}}]}"#, Some(Some("😀")));
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_replaced() {
        let payload = [br#"{"choices":[{"delta":{"content":"a"#.as_slice(), b"\xFF", br#"b"}}]}"#].concat();
        assert_eq!(content(&payload), Some(Some("a\u{FFFD}b".into())));
    }
}
