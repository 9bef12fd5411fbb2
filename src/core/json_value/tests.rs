#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;

/// What a text comes to: its whole values, the open one closed for display, and how many are broken.
fn found(follower: &Follower, text: &str) -> (Vec<String>, Option<String>, u32) {
    let values = follower.values().map(|range| text[range].to_owned()).collect();
    (values, follower.partial(text).map(|partial| partial.closed()), follower.broken())
}

/// Checks a text at once and cut at every place.
fn check(text: &str, values: &[&str], partial: Option<&str>, broken: u32) {
    let expected = (values.iter().map(|value| (*value).to_owned()).collect(), partial.map(str::to_owned), broken);
    for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
        let mut follower = Follower::new(true);
        follower.follow(&text[..cut]);
        follower.follow(text);
        assert_eq!(found(&follower, text), expected, "{text:?} cut at {cut}");
    }
}

#[test]
fn losses_of_earlier_systems() {
    // Two pieces of one object.
    check("{\"a\":1}", &["{\"a\":1}"], None, 0);
    // An object that does not begin where the text does.
    check("\n{\"key\": \"value\"}", &["{\"key\": \"value\"}"], None, 0);
    check("Here is the JSON: {\"a\": 1}", &["{\"a\": 1}"], None, 0);
    check("{\"a\":1}{\"b\":2}", &["{\"a\":1}", "{\"b\":2}"], None, 0);
    check("{\"a\":1}{\"b\":", &["{\"a\":1}"], Some("{\"b\":null}"), 0);
    // A bracket that does not match.
    check("{\"a\": [1, 2}{\"ok\":1}", &["{\"ok\":1}"], None, 1);
    // Closed in the right order; strings closed; brackets in strings are text.
    check("{\"a\": [1, 2", &[], Some("{\"a\": [1, 2]}"), 0);
    check("{\"a\": \"he", &[], Some("{\"a\": \"he\"}"), 0);
    check("{\"a\": \"}\"", &[], Some("{\"a\": \"}\"}"), 0);
    // The outer object, not the inner one.
    check("{\"a\":1,\"b\":{\"c\":2}}", &["{\"a\":1,\"b\":{\"c\":2}}"], None, 0);
    // Empty ones are values.
    check("{}", &["{}"], None, 0);
    check(" [] ", &["[]"], None, 0);
}

#[test]
fn half_finished_values_are_closed() {
    for (text, closed) in [
        ("{", "{}"),
        ("[[{", "[[{}]]"),
        ("{\"a", "{}"),
        ("{\"a\"", "{}"),
        ("{\"a\":", "{\"a\":null}"),
        ("{\"a\":1,", "{\"a\":1}"),
        ("{\"a\":1, \"b", "{\"a\":1}"),
        ("[1,", "[1]"),
        ("[1.", "[1]"),
        ("[-", "[]"),
        ("[1e+", "[1]"),
        ("{\"a\":-", "{\"a\":null}"),
        ("[tr", "[true]"),
        ("[false, nul", "[false, null]"),
        ("[\"a\\", "[\"a\"]"),
        ("[\"a\\u00", "[\"a\"]"),
        ("[\"a\\n", "[\"a\\n\"]"),
        ("[\"a\\ud83d", "[\"a\"]"),
        ("[\"a\\ud83d\\ude00", "[\"a\\ud83d\\ude00\"]"),
        ("[\"\\\"}", "[\"\\\"}\"]"),
        ("[\"größer 日本🙂", "[\"größer 日本🙂\"]"),
        ("\"a whole answer", "\"a whole answer\""),
        ("{\"a\":[{\"b\":\"x\"},{\"b\":\"y", "{\"a\":[{\"b\":\"x\"},{\"b\":\"y\"}]}"),
    ] {
        check(text, &[], Some(closed), 0);
        assert!(serde_json::from_str::<serde_json::Value>(closed).is_ok(), "{closed}");
    }
}

#[test]
fn prose_fences_and_broken_values() {
    check("Sure:\n```json\n{\"a\": 1}\n```\nDone [sic], f(x) {really}.", &["{\"a\": 1}"], None, 0);
    check("```rust\nlet a = [1];\n```\n{\"a\": 1}", &["{\"a\": 1}"], None, 0);
    check("```json\n{\"a\": 1}\n``` and ```json\n[2", &["{\"a\": 1}"], Some("[2]"), 0);
    check("use { to open: {\"a\": 1}", &["{\"a\": 1}"], None, 0);
    check("{\"a\": x, \"b\": {\"c\": 2}} [3]", &["[3]"], None, 1);
    check("{\"a\": \"he said \"hi\" ok\"} {\"b\": 1}", &["{\"b\": 1}"], None, 1);
    check("{\"a\": \"cut\n{\"ok\": 1}", &["{\"ok\": 1}"], None, 1);
    check("{\"a\": ] {\"ok\": 1}", &["{\"ok\": 1}"], None, 1);
    check("```json\n{\"a\": 1,\n```\n{\"ok\": 1}", &["{\"ok\": 1}"], None, 1);
    check("{\"a\": 01}", &[], None, 1);
    // A word is a value only alone.
    check(" 42 ", &["42"], None, 0);
    check("4", &["4"], None, 0);
    check("\"yes\"", &["\"yes\""], None, 0);
    check("42 is the answer", &[], None, 0);
    check("true story", &[], None, 0);
    check("", &[], None, 0);
}

#[test]
fn only_json_is_told_from_prose() {
    for (text, is) in [
        ("{\"a\":1}", true),
        (" {\"a\":", true),
        ("[1, 2", true),
        ("```json\n{}\n```\n", true),
        ("{", false),
        ("[Note] that", false),
        ("See {}", false),
        ("{} so", false),
        ("42", false),
        ("", false),
    ] {
        let mut follower = Follower::new(false);
        follower.follow(text);
        assert_eq!(follower.nothing_else(), is, "{text:?}");
    }
}

#[test]
fn shapes() {
    for (json, kind) in [
        ("{}", "object, 0 keys"),
        ("{\"a\":[1,2],\"b\":2}", "object, 2 keys"),
        ("[[1,2]]", "array, 1 item"),
        ("\"a,b\"", "string"),
        ("-1", "number"),
        ("null", "null"),
    ] {
        assert_eq!(describe(json), kind, "{json}");
    }
    for (json, place) in [
        ("{\"items\":[1,2,{\"name\":\"he", "$.items[2].name"),
        ("{\"a b\":{\"c\":1},\"d", "$"),
        ("{\"a b\":", "$[\"a b\"]"),
        ("[[],[", "$[1][0]"),
        ("\"he", "$"),
    ] {
        assert_eq!(path(json), place, "{json}");
    }
    assert_eq!(compact("{ \"a b\" : [1,\n\t\"x\u{202e} y\"] }", |char| char == '\u{202e}'), "{\"a b\":[1,\"x\\u202e y\"]}");
    let (text, place) = pretty("{\"a\":[1,{}],\"b\":\"he\"}", 19);
    assert_eq!(text, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"he\"\n}");
    assert_eq!(&text[place..], "\"\n}");
}

#[test]
fn requests_for_json() {
    for (body, is) in [
        (r#"{"response_format":{"type":"json_object"}}"#, true),
        (r#"{"response_format":{"type":"json_schema","json_schema":{}}}"#, true),
        (r#"{"response_format":{"type":"text"}}"#, false),
        (r#"{"text":{"format":{"type":"json_schema"}}}"#, true),
        (r#"{"format":"json"}"#, true),
        (r#"{"format":{"type":"object"}}"#, true),
        (r#"{"generationConfig":{"responseMimeType":"application/json"}}"#, true),
        (r#"{"generationConfig":{"responseMimeType":"text/plain"}}"#, false),
        (r#"{"messages":[{"content":"answer in json"}]}"#, false),
        ("", false),
    ] {
        assert_eq!(asked(body), is, "{body}");
    }
}

#[test]
fn depth_is_no_danger() {
    let bomb = "[".repeat(1_000_000);
    let mut follower = Follower::new(true);
    follower.follow(&bomb);
    assert_eq!(follower.partial(&bomb).unwrap().closing.len(), bomb.len());
    assert!(path(&bomb).ends_with("levels deeper"));
    assert!(pretty(&bomb, 0).0.len() < bomb.len() * 60);
}

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f32>().prop_filter("finite", |number| number.is_finite()).prop_map(Into::into),
        "[a-z\"\\\\{}\\[\\]\n🙂]{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-z\"\\\\:,]{0,4}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_is_followed_and_closed_anywhere(value in any_value(), spread in any::<bool>()) {
        let value = serde_json::json!({"k": value});
        let text = if spread { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        let mut follower = Follower::new(false);
        for end in (1..text.len()).filter(|end| text.is_char_boundary(*end)) {
            follower.follow(&text[..end]);
            let closed = follower.partial(&text[..end]).unwrap().closed();
            prop_assert!(serde_json::from_str::<serde_json::Value>(&closed).is_ok(), "{}", closed);
            let (shown, _) = pretty(&closed, 0);
            prop_assert_eq!(compact(&shown, |_| false), compact(&closed, |_| false));
        }
        follower.follow(&text);
        prop_assert!(follower.complete() && follower.nothing_else());
        prop_assert_eq!(follower.last(&text), Some(text.as_str()));
    }

    #[test]
    fn pieces_make_no_difference(text in "[a`{}\\[\\]\",:1\\\\ \n]{0,40}", cut in 0..40_usize) {
        let cut = cut.min(text.len());
        let mut whole = Follower::new(true);
        whole.follow(&text);
        let mut pieces = Follower::new(true);
        pieces.follow(&text[..cut]);
        pieces.follow(&text);
        prop_assert_eq!(found(&whole, &text), found(&pieces, &text));
        for range in whole.values() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text[range.clone()]).is_ok(), "{}", &text[range]);
        }
        if let Some(partial) = whole.partial(&text) {
            let closed = partial.closed();
            prop_assert!(serde_json::from_str::<serde_json::Value>(&closed).is_ok(), "{}", closed);
        }
    }
}
