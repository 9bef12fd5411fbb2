//! Who did it: the layer that each finding names, for every scenario of the demo provider and for streams whose cause is known.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;
#[path = "support/scenario.rs"]
mod scenario;

use std::collections::BTreeSet;

use rstest::rstest;
use scenario::{home, played};
use stutterscope::{
    core::{
        class::{
            CLASSES,
            Layer::{self, Client, Model, Proxy, Server, Transport, Unknown},
        },
        engine::Engine,
        input::What,
        params::Profile,
    },
    eval::Labelled,
    net::demo::scenarios::all,
    session::import::cases::cases,
};
use support::{eof, finish, frame, judge, opening, read};

/// Who is to blame for what each scenario shows: nobody, one layer, or, of several findings, each its own.
const SCENARIOS: &[(&str, &[Layer])] = &[
    ("tour", &[Server]),
    ("clean", &[]),
    ("reasoning", &[]),
    ("tool-call", &[]),
    ("honest-repeats", &[]),
    ("held-laugh", &[]),
    ("long", &[Model]),
    ("empty", &[]),
    ("cumulative", &[Server]),
    ("cumulative-first", &[Server]),
    ("cumulative-torn", &[Server]),
    ("hybrid", &[Server]),
    ("qwen", &[Server]),
    ("shrink", &[Server]),
    ("replay", &[Server]),
    ("final-echo", &[Server]),
    ("echo-then-cut", &[Server, Unknown]),
    ("replay-stamp", &[Server]),
    ("stale-first", &[Server]),
    ("token-loop", &[Model]),
    ("whitespace-flood", &[Model]),
    ("stall", &[Server]),
    ("keepalive", &[Server]),
    ("burst", &[Proxy]),
    ("slow-start", &[]),
    ("hang", &[Server]),
    ("malformed", &[Server]),
    ("malformed-first", &[Server]),
    ("malformed-last", &[Server, Unknown]),
    ("malformed-then-replay", &[Server]),
    ("replay-then-malformed", &[Server]),
    ("split-emoji", &[Server, Transport]),
    // HTTP ended as it should, so it was not the connection; a server and a proxy that hides a cut end alike.
    ("cut", &[Unknown]),
    ("early-close", &[Transport]),
    ("reset", &[Transport]),
    ("bad-chunk", &[Transport]),
    ("in-stream-error", &[Server]),
    ("error-then-good", &[Server]),
    ("error", &[Server]),
    ("outage", &[Transport]),
    ("retry-after", &[Server]),
    ("rate-limit", &[Server]),
    ("unauthorized", &[Client]),
];

#[test]
fn scenarios() {
    for scenario in all() {
        let engine = played(scenario, home(scenario));
        let layers: BTreeSet<Layer> = engine.judgement.findings.iter().map(|finding| finding.layer).collect();
        // A scenario that is new here shows what it shows under its class's usual blame.
        let Some((_, expected)) = SCENARIOS.iter().find(|(name, _)| *name == scenario.name) else {
            panic!("{} has no row: {layers:?}", scenario.name)
        };
        assert_eq!(layers, expected.iter().copied().collect(), "{}: {:#?}", scenario.name, engine.judgement.findings);
    }
}

/// Streams whose cause is known, as labelled chunks: class, who did it, chunks.
const KNOWN: &[(&str, Layer, &str)] = &[
    ("cumulative_full", Server, r#"["The", "The cat", "The cat sat", "The cat sat down."]"#),
    ("cumulative_replay", Server, r#"["Reading ", "files from disk", "Reading files from disk", " now."]"#),
    (
        "final_aggregate",
        Server,
        r#"["Thanks", " for", " asking", "!", " How", " are", " you", "?", {"text": "Thanks for asking! How are you?", "finish": "stop"}]"#,
    ),
    (
        "tool_args_cumulative",
        Server,
        r#"[{"ch": "tool_args", "idx": 0, "text": "{\"q"}, {"ch": "tool_args", "idx": 0, "text": "{\"query\":\"ru"}, {"ch": "tool_args", "idx": 0, "text": "{\"query\":\"rust\"}"}]"#,
    ),
    (
        "channel_mirror",
        Server,
        r#"[{"reasoning": "The", "reasoning_content": "The"}, {"reasoning": " user", "reasoning_content": " user"}, {"reasoning": " asks", "reasoning_content": " asks"}]"#,
    ),
    (
        "replay_by_seq",
        Server,
        r#"[{"seq": 1, "text": "So "}, {"seq": 2, "text": "it "}, {"seq": 3, "text": "IS"}, {"seq": 1, "text": "So "}, {"seq": 2, "text": "it "}, {"seq": 3, "text": "IS"}, {"seq": 4, "text": " so."}]"#,
    ),
    (
        "replay_by_seq",
        Client,
        r#"[{"seq": 40, "text": "Hel"}, {"seq": 41, "text": "lo"}, {"seq": 42, "text": "!"}, {"event": "reconnect"}, {"seq": 40, "text": "Hel"}, {"seq": 41, "text": "lo"}, {"seq": 42, "text": "!"}, {"seq": 43, "text": " Bye"}]"#,
    ),
    (
        "out_of_order",
        Server,
        r#"[{"seq": 0, "text": "The "}, {"seq": 2, "text": "brown "}, {"seq": 1, "text": "quick "}, {"seq": 3, "text": "fox"}]"#,
    ),
    ("holdback_resend", Server, r#"[{"text": " Alice", "tokens": [30505]}, {"text": " Alice!", "tokens": [4999]}]"#),
    (
        "retry_restart",
        Proxy,
        r#"[{"id": "a", "text": "Hello "}, {"id": "a", "text": "wor"}, {"id": "b", "text": "Hello "}, {"id": "b", "text": "world!"}]"#,
    ),
    ("cross_stream_leak", Proxy, r#"[{"id": "a", "text": "GPU is "}, {"id": "z", "text": "cars"}, {"id": "a", "text": "free"}]"#),
    ("token_loop", Model, r#"["It", {"text": " court", "repeat": 150}]"#),
    ("phrase_loop", Model, r#"[{"text": "I will update the list to show the new step. ", "repeat": 120}]"#),
    ("whitespace_flood", Model, r#"["{\"a\": 1}", {"text": " \n", "repeat": 100}]"#),
    ("stall", Server, r#"[{"t_ms": 0, "text": "Working"}, {"t_ms": 379000, "text": " on it."}]"#),
    (
        "keepalive_masked",
        Server,
        r#"[{"t_ms": 0, "text": "Searching"}, {"t_ms": 15000, "dt_ms": 15000, "repeat": 40, "event": "comment", "comment": ": keepalive"}]"#,
    ),
    (
        "proxy_burst",
        Proxy,
        r#"[{"t_ms": 17500, "dt_ms": 0, "repeat": 65, "text": "tok "}, {"t_ms": 34000, "dt_ms": 0, "repeat": 65, "text": "tok "}, {"t_ms": 50500, "dt_ms": 0, "repeat": 65, "text": "tok "}]"#,
    ),
    (
        "proxy_burst",
        Server,
        r#"[{"t_ms": 0, "text": "Writing file."}, {"t_ms": 81900, "ch": "tool_args", "text": "{\"content\":\"many lines of it\"}"}]"#,
    ),
    ("utf8_split", Server, r#"["\ufffd", "\ufffd", "\ufffd", "\ufffd"]"#),
    (
        "tool_call_dup",
        Server,
        r#"[{"ch": "tool_args", "idx": 0, "tool_id": "c1", "text": "{\"on\":true}"}, {"finish": "tool_calls"}, {"finish": "tool_calls"}]"#,
    ),
    ("terminal_anomaly", Server, r#"["Hel", {"finish": "stop"}, "lo", {"event": "[DONE]"}]"#),
    ("usage_anomaly", Server, r#"[{"text": "a", "usage": 1}, {"text": "b", "usage": 2}, {"text": "c", "usage": 3}]"#),
    ("under_emission", Server, r#"["pas", "word", {"event": "message_snapshot", "mode": "snapshot", "text": "password"}]"#),
    // Two subscribers may stand in the server or in a proxy; one in the client cannot double what is on the wire.
    (
        "per_delta_double",
        Unknown,
        r#"["One ", "One ", "more ", "more ", "time ", "time ", "we ", "we ", "say ", "say ", "it ", "it ", "all ", "all ", "again.", "again."]"#,
    ),
];

/// Of the streams whose cause is known, nine in ten are blamed on it, and nobody else is blamed for the rest.
#[test]
fn known_causes() {
    let mut agree = 0;
    for (class, layer, chunks) in KNOWN {
        let line = format!(
            r#"{{"id": "known", "class": "{class}", "kind": "positive", "repair": "flag", "provider_format": "text", "labels": [], "expected_text": "", "note": "", "chunks": {chunks}}}"#
        );
        let case = cases(line.as_bytes()).next().unwrap().1.unwrap();
        let mut engine = Engine::new(Profile::default());
        Labelled::from(case).inputs.iter().for_each(|input| engine.fold(input));
        let found = engine.judgement.findings.iter().find(|finding| finding.class.name() == *class);
        let Some(found) = found else { panic!("{class} is not found: {:#?}", engine.judgement.findings) };
        agree += usize::from(found.layer == *layer);
        assert!(found.layer == *layer || found.layer == Unknown, "{class}: {:?} instead of {layer:?}", found.layer);
        assert!(!found.hint.is_empty() && !found.evidence.is_empty());
    }
    assert!(agree * 10 >= KNOWN.len() * 9, "{agree} of {}", KNOWN.len());
}

/// Whoever is not named by the evidence is not named at all: where the layer is unknown, the hint says what would settle it.
#[test]
fn hints_name_a_next_step() {
    for info in CLASSES {
        assert!(info.hint.len() > 20, "{}", info.name);
    }
}

/// An error body that says whose fault it is.
#[rstest]
#[case(401, "authentication_error", "incorrect API key provided", Client)]
#[case(400, "invalid_request_error", "messages: field required", Client)]
#[case(404, "not_found_error", "no such model", Client)]
#[case(429, "rate_limit_error", "slow down", Server)]
#[case(500, "server_error", "try again", Server)]
#[case(529, "overloaded_error", "overloaded", Server)]
fn errors(#[case] status: u16, #[case] kind: &str, #[case] message: &str, #[case] layer: Layer) {
    let mut inputs = opening();
    if let What::Head(head) = &mut inputs[2].what {
        (head.status, head.headers) = (status, vec![("content-type".into(), "application/json".into())]);
    }
    inputs.push(read(10, format!(r#"{{"error":{{"type":"{kind}","message":"{message}"}}}}"#)));
    inputs.push(eof(11));
    let engine = judge(&inputs, Profile::default());
    let blamed: Vec<_> = engine.judgement.findings.iter().map(|finding| (finding.class.name(), finding.layer)).collect();
    assert_eq!(blamed, [("provider_error", layer)]);
}

/// Frames that cannot be read.
#[rstest]
#[case::closed_but_torn("data: {\"choices\": [{\"delta\":\n\n", Server)]
#[case::a_page_of_a_proxy("data: <html><body>502 Bad Gateway</body></html>\n\n", Proxy)]
#[case::two_in_one("data: {\"choices\": []}{\"choices\": []}\n\n", Unknown)]
fn frames(#[case] bytes: &str, #[case] layer: Layer) {
    let mut inputs = opening();
    inputs.extend([read(10, frame("content", "Hi")), read(20, bytes), read(30, finish()), eof(31)]);
    let engine = judge(&inputs, Profile::default());
    let blamed: Vec<_> = engine.judgement.findings.iter().map(|finding| (finding.class.name(), finding.layer)).collect();
    assert_eq!(blamed, [("malformed_frame", layer)], "{:#?}", engine.judgement.findings);
}
