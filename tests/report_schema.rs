//! The JSON of `check`, key by key: others parse it, so keys, their order, types and nulls stay.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Value, value::RawValue};
use stutterscope::{
    core::{dialect::by_id, engine::Engine, input::Input, params::Profile},
    report::{Report, to_json},
    session::{import::Capture, source},
};

/// A JSON object with its keys in the order in which they stand.
struct Object(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object;
            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Object(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// Checks one object against `key: type` in order. Types are those of JSON; `count` is a whole number, `time` a whole number if
/// there is a clock and null otherwise; a leading `?` allows null; `a|b` lists the words that are allowed.
fn check(place: &str, json: &str, clocked: bool, expected: &[(&str, &str)]) -> Value {
    let object: Object = serde_json::from_str(json).unwrap();
    let keys: Vec<_> = object.0.iter().map(|(key, _)| key.as_str()).collect();
    let wanted: Vec<_> = expected.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, wanted, "keys of {place}, in order");
    for ((key, raw), (_, kind)) in object.0.iter().zip(expected) {
        let value: Value = serde_json::from_str(raw.get()).unwrap();
        let holds = match kind.strip_prefix('?') {
            Some(_) if value.is_null() => true,
            Some(kind) => is(&value, kind, clocked),
            None => is(&value, kind, clocked),
        };
        assert!(holds, "{place}.{key} is {kind}: {value}");
    }
    serde_json::from_str(json).unwrap()
}

fn is(value: &Value, kind: &str, clocked: bool) -> bool {
    match kind {
        "count" => value.is_u64(),
        "number" => value.as_f64().is_some_and(|number| (0.0..=1.0).contains(&number)),
        "string" => value.is_string(),
        "bool" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "time" => {
            if clocked {
                value.is_u64()
            } else {
                value.is_null()
            }
        }
        "place" => {
            value.as_array().is_some_and(|range| range.len() == 2 && range[0].as_u64() <= range[1].as_u64() && range[0].is_u64())
        }
        "strings" => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        "ranges" => value.as_array().is_some_and(|items| items.iter().all(|item| is(item, "place", clocked))),
        words => value.as_str().is_some_and(|value| words.split('|').any(|word| word == value)),
    }
}

const REPORT: &[(&str, &str)] = &[
    ("schema", "count"),
    ("file", "string"),
    ("format", "string"),
    ("verdict", "clean|flagged|stutter|broken"),
    ("output", "string"),
    ("outputs", "strings"),
    ("reasoning", "string"),
    ("tool_calls", "array"),
    ("findings", "array"),
    ("transitions", "array"),
    ("held", "object"),
    ("received_chars", "count"),
    ("suppressed_chars", "count"),
    ("finish_reason", "?string"),
    ("usage", "?object"),
    ("chunks", "count"),
    ("frames", "count"),
    ("deltas", "count"),
    ("unknown_frames", "count"),
    ("ttft_us", "?time"),
    ("duration_us", "time"),
    ("attempts", "array"),
    ("breaker", "?object"),
    ("json", "?object"),
];

const FINDING: &[(&str, &str)] = &[
    ("class", "string"),
    ("family", "framing|redelivery|model|timing|damage"),
    ("level", "error|warning|note"),
    ("score", "number"),
    ("certainty", "proved|likely|ambiguous"),
    ("readings", "strings"),
    ("action", "keep|hold|suppress|reorder|flag"),
    ("repaired", "bool"),
    ("layer", "model|server|proxy|transport|client|unknown"),
    ("evidence", "string"),
    ("hint", "string"),
    ("choice", "?count"),
    ("block", "?count"),
    ("channel", "?text|reasoning|tool_arguments|refusal"),
    ("attempt", "count"),
    ("first", "object"),
    ("count", "count"),
    ("deltas", "ranges"),
    ("removed", "array"),
];

const FIRST: &[(&str, &str)] = &[("delta", "?count"), ("frame", "?count"), ("byte", "place"), ("line", "count"), ("at_us", "time")];
const REMOVED: &[(&str, &str)] = &[("at", "count"), ("text", "string")];
const TRANSITION: &[(&str, &str)] = &[("at_us", "time"), ("from", STATE), ("to", STATE), ("cause", "string")];
const STATE: &str = "Initial|Stuttering|NormalFlow|Recovering|Terminating";
const HELD: &[(&str, &str)] = &[("deltas", "count"), ("max_deltas", "count"), ("max_chars", "count"), ("max_us", "time")];
const USAGE: &[(&str, &str)] =
    &[("input", "?count"), ("output", "?count"), ("total", "?count"), ("estimated", "bool"), ("basis", "?string")];
const JSON: &[(&str, &str)] =
    &[("asked", "bool"), ("values", "count"), ("complete", "bool"), ("last", "?object"), ("partial", "?string")];
const ATTEMPT: &[(&str, &str)] = &[("status", "?count"), ("request_id", "?string"), ("headers", "object")];
const CALL: &[(&str, &str)] = &[("id", "string"), ("name", "string"), ("arguments", "string")];

/// Checks the report of `inputs` in all its parts.
fn conforms(inputs: impl IntoIterator<Item = Input>, clocked: bool) -> Value {
    let mut engine = Engine::new(Profile::default());
    inputs.into_iter().for_each(|input| engine.fold(&input));
    let json = to_json(&Report::of(&engine.reading, &engine.judgement, "-")).unwrap();
    let report = check("report", &json, clocked, REPORT);
    let format = report["format"].as_str().unwrap();
    assert!(format == "unknown" || by_id(format).is_some(), "{format}");
    let raw = |json: &str, key: &str| {
        let object: Object = serde_json::from_str(json).unwrap();
        object.0.into_iter().find(|(name, _)| name == key).unwrap().1.get().to_owned()
    };
    let each = |json: &str, key: &str, expected: &[(&str, &str)]| {
        let items: Vec<Box<RawValue>> = serde_json::from_str(&raw(json, key)).unwrap();
        items.iter().for_each(|item| drop(check(key, item.get(), clocked, expected)));
        items
    };
    check("held", &raw(&json, "held"), clocked, HELD);
    if !report["usage"].is_null() {
        check("usage", &raw(&json, "usage"), clocked, USAGE);
    }
    if !report["json"].is_null() {
        check("json", &raw(&json, "json"), clocked, JSON);
    }
    each(&json, "transitions", TRANSITION);
    each(&json, "attempts", ATTEMPT);
    each(&json, "tool_calls", CALL);
    for finding in each(&json, "findings", FINDING) {
        check("first", &raw(finding.get(), "first"), clocked, FIRST);
        each(finding.get(), "removed", REMOVED);
    }
    report
}

#[test]
fn recordings_have_times() {
    for name in ["cumulative", "stall", "error-then-good", "tool-call", "split-emoji", "token-loop"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sessions/{name}.session"));
        let report = conforms(source::load(&path).unwrap().inputs, true);
        assert!(report["breaker"].is_object() && report["ttft_us"].is_u64(), "{name}");
        assert!(!report["attempts"].as_array().unwrap().is_empty(), "{name}");
    }
}

#[test]
fn captures_have_none() {
    let frame = |text: &str| {
        format!(
            "data: {{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
        )
    };
    let stutter = [frame("One"), frame("One two"), frame("One two three")].concat();
    for (body, verdict) in [
        (stutter.clone() + "data: [DONE]\n\n", "stutter"),
        (stutter, "stutter"),
        (frame("Ha") + "data: {broken\n\n", "broken"),
        (frame("Ha") + &frame("Haha") + "data: [DONE]\n\n", "clean"),
        ("data: {\"some\":\"thing\"}\n\n".to_owned(), "flagged"),
        (frame("{\\\"a\\\": {\\\"b\\\": 1}}") + "data: [DONE]\n\n", "clean"),
        (frame("{\\\"a\\\": {\\\"b") + "data: [DONE]\n\n", "clean"),
        (String::new(), "broken"),
    ] {
        let report = conforms(Capture::new(body.clone().into_bytes()), false);
        assert_eq!(report["verdict"], verdict, "{body}");
        assert_eq!(report["json"].is_object(), report["output"].as_str().unwrap().starts_with('{'), "{body}");
        assert!(report["breaker"].is_null() && report["ttft_us"].is_null() && report["duration_us"].is_null());
    }
}
