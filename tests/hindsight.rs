//! Hindsight: what a finished session says with its end known, beside what streaming passed on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use stutterscope::{
    core::{
        engine::Engine,
        hindsight::{self, look_back},
        input::{Attempt, End, Head, Input, What},
        params::Profile,
        reading::Channel,
        time::Micros,
    },
    generate,
    report::{Report, text::to_text, to_json},
};
use support::{eof, finish, frame, judge, opening, read, session, text};

/// Streaming passes `streamed` on, and hindsight reads `expected` for the reason `class`; the same text is no change.
fn check(inputs: &[Input], streamed: &str, expected: &str, class: &str) -> Engine {
    let engine = judge(inputs, Profile::default());
    assert_eq!(text(&engine), streamed);
    let looked = look_back(&engine.reading, &engine.judgement);
    let classes: Vec<_> = looked.iter().flat_map(|looked| &looked.changes).map(|change| change.class.name()).collect();
    let seen = looked.map_or(streamed.to_owned(), |looked| hindsight::text(&looked.texts, 0, Channel::Text));
    assert_eq!((seen.as_str(), classes.join(" ").as_str()), (expected, class));
    engine
}

/// Deltas, each so many milliseconds after the one before.
fn paced(deltas: &[(u64, &str)]) -> Vec<Input> {
    let (mut inputs, mut at) = (opening(), 100);
    for (gap, delta) in deltas {
        at += gap;
        inputs.push(read(at, frame("content", delta)));
    }
    inputs.extend([read(at + 40, finish()), eof(at + 40)]);
    inputs
}

#[test]
fn snapshots_that_were_passed_on_are_taken_back() {
    // The second snapshot waited longer than a hold may last.
    let slow = paced(&[(0, "He"), (40, "Hello"), (2_000, "Hello you"), (40, "Hello you there"), (40, "Hello you there, world")]);
    let engine = judge(&slow, Profile::default());
    assert!(text(&engine).starts_with("HeHello"), "{}", text(&engine));
    check(&slow, &text(&engine), "Hello you there, world", "cumulative_full");
    // In time nothing was passed on too early.
    check(&session(&["He", "Hello", "Hello you"], 40), "Hello you", "Hello you", "");
}

/// A first attempt that is cut behind `first`, and a second one that says `second`.
fn retried(first: &[&str], second: &[&str]) -> Vec<Input> {
    let mut inputs = opening();
    let mut at = 100;
    let mut say = |inputs: &mut Vec<Input>, deltas: &[&str]| {
        for delta in deltas {
            inputs.push(read(at, frame("content", delta)));
            at += 40;
        }
        at
    };
    let cut = say(&mut inputs, first);
    let attempt = Attempt { number: 1, endpoint: "http://test".into(), model: "test".into() };
    let head = Head { status: 200, headers: vec![("content-type".into(), "text/event-stream".into())] };
    let input = |what| Input { at: Micros::from_millis(cut), what };
    inputs.push(input(What::Draw { purpose: "retry".into(), value: 1 }));
    inputs.push(input(What::End(End::Reset)));
    inputs.push(input(What::Attempt(attempt)));
    inputs.push(input(What::Head(head)));
    let end = say(&mut inputs, second);
    inputs.extend([read(end, finish()), eof(end)]);
    inputs
}

#[test]
fn the_attempt_that_finished_is_the_answer() {
    let first = ["The capital of", " France is", " the city"];
    let second = ["Paris", " is the capital", " of France."];
    let both = first.concat() + &second.concat();
    check(&retried(&first, &second), &both, "Paris is the capital of France.", "retry_restart");
    // Said again in the same words it is known while it streams.
    let engine = judge(&retried(&first, &["The capital of France is the city", " of Paris."]), Profile::default());
    assert!(look_back(&engine.reading, &engine.judgement).is_none(), "{}", text(&engine));
}

/// A Responses stream with the deltas and a typed end.
fn responses(deltas: &[&str], done: &str) -> Vec<Input> {
    let mut inputs = opening();
    if let What::Start(start) = &mut inputs[0].what {
        start.dialect = Some("openai-responses".into());
    }
    let event = |kind: &str, field: &str, text: &str, number: usize| {
        let text = serde_json::to_string(text).unwrap();
        format!(
            "event: {kind}\ndata: {{\"type\":\"{kind}\",\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"{field}\":{text},\"sequence_number\":{number}}}\n\n"
        )
    };
    for (number, delta) in deltas.iter().enumerate() {
        inputs.push(read(100 + 40 * number as u64, event("response.output_text.delta", "delta", delta, number)));
    }
    let count = deltas.len();
    let end = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\",\"output\":[]}}\n\n";
    let at = 100 + 40 * count as u64;
    inputs.push(read(at, event("response.output_text.done", "text", done, count) + end));
    inputs.push(eof(at));
    inputs
}

#[test]
fn the_final_snapshot_says_what_no_delta_brought() {
    check(
        &responses(&["Hello", " e", " s", " me"], "Hello there, some me"),
        "Hello e s me",
        "Hello there, some me",
        "under_emission",
    );
    check(&responses(&["Hello", " you"], "Hello you"), "Hello you", "Hello you", "");
    // White space at the ends is nobody's loss, and a shorter snapshot proves nothing.
    check(&responses(&[" Hello", " you"], "Hello you"), " Hello you", " Hello you", "");
    check(&responses(&["Hello", " you"], "Hello"), "Hello you", "Hello you", "");
}

#[test]
fn the_report_shows_it_beside_the_output() {
    let engine = check(&responses(&["Hel"], "Hello"), "Hel", "Hello", "under_emission");
    let report = Report::of(&engine.reading, &engine.judgement, "x");
    let json: serde_json::Value = serde_json::from_str(&to_json(&report).unwrap()).unwrap();
    assert_eq!((json["output"].as_str(), json["hindsight"]["output"].as_str()), (Some("Hel"), Some("Hello")));
    assert_eq!(json["hindsight"]["changes"][0]["class"], "under_emission");
    assert!(to_text(&report).contains("with hindsight: the final snapshot has text that no delta brought"), "{}", to_text(&report));
    let engine = judge(&session(&["Hello", " you"], 40), Profile::default());
    let clean = to_json(&Report::of(&engine.reading, &engine.judgement, "x")).unwrap();
    assert!(!clean.contains("hindsight"), "{clean}");
}

#[test]
fn without_proof_hindsight_sees_what_streaming_saw() {
    for number in 0..400 {
        let stream = generate::clean(7, number);
        let engine = stream.judge(Profile::default());
        let looked = look_back(&engine.reading, &engine.judgement);
        assert_eq!(looked, None, "{}", stream.id);
    }
}

#[test]
fn an_unfinished_session_has_no_hindsight() {
    let mut inputs = responses(&["Hel"], "Hello");
    inputs.pop();
    let engine = judge(&inputs, Profile::default());
    assert!(look_back(&engine.reading, &engine.judgement).is_none());
}
