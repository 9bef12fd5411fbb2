//! The report: a view that adds up, whatever was read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::{prelude::*, sample::select};
use stutterscope::{
    core::{
        engine::Engine,
        input::{Attempt, End, Head, Input, Origin, TransportError, What},
        params::{Profile, Strategy as Judge},
        time::Micros,
    },
    report::{Report, Verdict, text::to_text, to_json},
    session::import::{self, Capture},
};

fn report(inputs: impl IntoIterator<Item = Input>) -> Report {
    judged(inputs, Judge::Evidence)
}

fn judged(inputs: impl IntoIterator<Item = Input>, strategy: Judge) -> Report {
    let mut engine = Engine::new(Profile { strategy, ..Profile::default() });
    for input in inputs {
        engine.fold(&input);
    }
    Report::of(&engine.reading, &engine.judgement, "a.sse")
}

fn chat(choice: u32, delta: &str) -> String {
    format!(r#"data: {{"object":"chat.completion.chunk","choices":[{{"index":{choice},"delta":{delta},"finish_reason":null}}]}}"#)
        + "\n\n"
}

const FINISH: &str = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

#[test]
fn choices_reasoning_and_tool_calls_are_joined() {
    let call = |function: &str| format!(r#"{{"tool_calls":[{{"index":0,{function}}}]}}"#);
    let body = [
        chat(1, r#"{"content":"two"}"#),
        chat(0, r#"{"reasoning_content":"hm"}"#),
        chat(0, r#"{"content":"one"}"#),
        chat(0, &call(r#""id":"call_1","type":"function","function":{"name":"look","arguments":""}"#)),
        chat(0, &call(r#""function":{"arguments":"{\"a\":"}"#)),
        chat(0, &call(r#""function":{"arguments":"1}"}"#)),
        FINISH.to_owned(),
    ];
    let report = report(Capture::new(body.concat().into_bytes()));
    assert_eq!((report.output.as_str(), report.outputs.as_slice()), ("one", &["one".to_owned(), "two".to_owned()][..]));
    assert_eq!(report.reasoning, "hm");
    let [call] = &report.tool_calls[..] else { panic!("{:?}", report.tool_calls) };
    assert_eq!((call.id.as_str(), call.name.as_str(), call.arguments.as_str()), ("call_1", "look", "{\"a\":1}"));
    assert_eq!((report.verdict, report.finish_reason.as_deref()), (Verdict::Clean, Some("stop")));
    assert_eq!(report.received_chars, "twoonehm{\"a\":1}".len() as u64);
}

#[test]
fn attempts_are_told_with_their_heads_and_times_with_a_clock() {
    let mut start = import::start(Origin::Sent, true, "2026-11-21T00:00:00Z".into());
    start.dialect = Some("openai-chat".into());
    let head = |status, id: &str| {
        What::Head(Head { status, headers: vec![("x-request-id".into(), id.into()), ("via".into(), "a".into())] })
    };
    let attempt = |number| What::Attempt(Attempt { number, endpoint: "http://127.0.0.1:1".into(), model: "m".into() });
    let whats = [
        (0, What::Start(Box::new(start))),
        (10, attempt(0)),
        (20, What::End(End::Error { class: TransportError::Connect, message: "refused".into() })),
        (30, attempt(1)),
        (40, head(200, "req_2")),
        (1_000, What::Bytes(chat(0, r#"{"content":"Hi"}"#).into_bytes())),
        (2_000, What::Bytes(FINISH.into())),
        (2_500, What::End(End::Eof)),
    ];
    let report = report(whats.into_iter().map(|(at, what)| Input { at: Micros(at), what }));
    let told: Vec<_> = report.attempts.iter().map(|attempt| (attempt.status, attempt.request_id.as_deref())).collect();
    assert_eq!(told, [(None, None), (Some(200), Some("req_2"))]);
    assert_eq!((report.ttft_us, report.duration_us), (Some(1_000), Some(2_500)));
    assert_eq!(report.output, "Hi");
    assert!(report.transitions.iter().all(|transition| transition.at_us.is_some()));
}

/// Pieces of streams, broken and whole, in any order.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let texts = ["Hello", "Hello world", "Hello world, more", " ", "🙂", "\\ud83d", "aaaaaaaa", "\\u0000\\u202e"];
    let delta = (0..3_u32, select(texts.to_vec()))
        .prop_map(|(choice, text)| chat(choice, &format!(r#"{{"content":"{text}"}}"#)).into_bytes());
    let piece = prop_oneof![
        6 => delta,
        1 => Just(FINISH.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => Just(b": ping\n\n".to_vec()),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_report_adds_up_and_prints(body in any_body(), index in 0..6_usize) {
        let strategy = [Judge::Evidence, Judge::V1, Judge::V2, Judge::V2States, Judge::Growth, Judge::None][index];
        let report = judged(Capture::new(body), strategy);
        let removed: usize = report.findings.iter().flat_map(|finding| &finding.removed).map(|piece| piece.text.chars().count()).sum();
        prop_assert_eq!(removed as u64, report.suppressed_chars, "every removed character has a finding");
        let shown: usize = report.outputs.iter().map(|output| output.chars().count()).sum();
        prop_assert_eq!(shown as u64 + report.suppressed_chars, report.received_chars, "nothing is held after the end");
        for finding in &report.findings {
            for piece in &finding.removed {
                prop_assert!(piece.at <= report.received_chars);
            }
        }
        prop_assert!(report.ttft_us.is_none() && report.duration_us.is_none());
        let json = to_json(&report).unwrap();
        prop_assert!(!json.contains('\n') && serde_json::from_str::<serde_json::Value>(&json).is_ok());
        prop_assert!(to_text(&report).starts_with("a.sse: "));
    }
}
