//! What each wire says in forms of its own: calls told apart, what is there whole, what a frame begins with, and how it fails.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use rstest::rstest;
use stutterscope::core::{
    frame::event_stream::{Crc32, write},
    reading::{FrameKind, Reading},
};

#[path = "support/dialects.rs"]
mod support;
use support::{kinds, notes, read};

/// Deltas in words: `1 tool:{}` where the block is not 0, `=text:x` for a snapshot.
fn deltas(reading: &Reading) -> Vec<String> {
    let words = reading.delta_ids().map(|id| reading.delta(id)).map(|delta| {
        let block = if delta.key.block > 0 { format!("{} ", delta.key.block) } else { String::new() };
        format!("{block}{}{}:{}", if delta.snapshot { "=" } else { "" }, delta.key.channel.word(), delta.text)
    });
    words.collect()
}

fn check(dialect: &str, body: &[u8], said: &[&str], noted: &[&str]) {
    let reading = read("", None, body);
    let body = body.escape_ascii();
    assert_eq!(reading.dialect().map(|(info, _)| info.id), Some(dialect), "{body}");
    assert_eq!(deltas(&reading), said, "{body}");
    assert_eq!(notes(&reading), noted, "{body}");
    assert!(!kinds(&reading).contains(&FrameKind::Unknown), "{body}");
}

/// Events without names.
fn events(data: &[impl AsRef<str>]) -> Vec<u8> {
    data.iter().map(|data| format!("data: {}\n\n", data.as_ref())).collect::<String>().into_bytes()
}

/// The `tool_calls` of chat chunks.
fn calls(pieces: &[&str]) -> Vec<u8> {
    let chunk =
        |call: &&str| format!("{{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"delta\":{{\"tool_calls\":[{call}]}}}}]}}");
    events(&pieces.iter().map(chunk).collect::<Vec<_>>())
}

#[rstest]
#[case::by_index(
    &[r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}"#, r#"{"index":1,"id":"b","function":{"name":"g","arguments":"["}}"#,
      r#"{"index":0,"function":{"arguments":"}"}}"#],
    &["tool:{", "1 tool:[", "tool:}"], &["tool 0 a f", "tool 1 b g"]
)]
#[case::by_id_without_an_index(
    &[r#"{"id":"a","function":{"name":"f","arguments":"{"}}"#, r#"{"id":"b","function":{"name":"g","arguments":"["}}"#,
      r#"{"id":"a","function":{"arguments":"}"}}"#, r#"{"function":{"arguments":" "}}"#],
    &["tool:{", "1 tool:[", "tool:}", "tool: "], &["tool 0 a f", "tool 1 b g", "tool 0 a "]
)]
#[case::under_one_index(
    &[r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":\"}\"}"}}"#,
      r#"{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}"#, r#"{"index":1,"id":"c","function":{"name":"f","arguments":"{}"}}"#],
    &[r#"tool:{"x":"}"}"#, "1 tool:{}", "1 tool:{}"], &["tool 0 a f", "tool 1 b f", "tool 1 c f"]
)]
#[case::an_id_that_changes_inside_arguments(
    &[r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}"#, r#"{"index":0,"id":"b","function":{"name":"f","arguments":"}"}}"#],
    &["tool:{", "tool:}"], &["tool 0 a f", "tool 0 b f"]
)]
#[case::an_object(&[r#"{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}"#], &[r#"tool:{"x":1}"#], &["tool 0 a f"])]
#[case::free_text(
    &[r#"{"index":0,"id":"a","type":"custom","custom":{"name":"f","input":"ls "}}"#, r#"{"index":0,"custom":{"input":"-l"}}"#],
    &["tool:ls ", "tool:-l"], &["tool 0 a f"]
)]
fn calls_of_chat_are_told_apart(#[case] pieces: &[&str], #[case] said: &[&str], #[case] noted: &[&str]) {
    check("openai-chat", &calls(pieces), said, noted);
}

const START: &str = r#"{"type":"message_start","message":{"id":"m","content":[]}}"#;

#[rstest]
#[case::input_that_is_there_whole(
    &[START, r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{"x": 1}}}"#,
      r#"{"type":"content_block_stop","index":0}"#],
    &[r#"tool:{"x": 1}"#], &["tool 0 a f"]
)]
#[case::input_that_deltas_bring(
    &[START, r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{"x":1}}}"#,
      r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
      r#"{"type":"content_block_stop","index":0}"#],
    &["tool:{}"], &["tool 0 a f"]
)]
#[case::a_call_in_each_message(
    &[r#"{"type":"message_start","message":{"id":"m","content":[{"type":"tool_use","id":"a","name":"f","input":{"x":1}}]}}"#,
      r#"{"type":"message_start","message":{"id":"n","content":[{"type":"tool_use","id":"b","name":"f","input":{"x":2}}]}}"#],
    &[r#"tool:{"x":1}"#, r#"1 tool:{"x":2}"#], &["tool 0 a f", "opening", "new turn", "tool 1 b f", "opening"]
)]
#[case::an_answer_that_was_not_streamed(
    &[r#"{"type":"message","id":"m","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"output_tokens":1}}"#],
    &["text:Hi"], &["finish 0 end_turn", "usage None Some(1)"]
)]
fn anthropic_messages(#[case] frames: &[&str], #[case] said: &[&str], #[case] noted: &[&str]) {
    check("anthropic", &events(frames), said, noted);
}

#[test]
fn blocks_and_deltas_of_no_known_type_are_counted() {
    let block = r#"{"type":"content_block_start","index":0,"content_block":{"type":"hologram"}}"#;
    let delta = r#"{"type":"content_block_delta","index":0,"delta":{"type":"sparkle_delta","sparkle":1}}"#;
    let known = r#"{"type":"content_block_start","index":0,"content_block":{"type":"web_fetch_tool_result"}}"#;
    let reading = read("", None, &events(&[START, block, delta, known]));
    assert_eq!(kinds(&reading)[1..], [FrameKind::Unknown, FrameKind::Unknown, FrameKind::Control]);
}

#[test]
fn arguments_of_gemini_that_come_in_pieces_are_one_text() {
    let part = |call: &str| format!("{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"functionCall\":{call}}}]}}}}]}}");
    let piece = |text: &str, goes_on: bool| {
        let piece = format!(r#"{{"jsonPath":"$.laugh","stringValue":"{text}","willContinue":{goes_on}}}"#);
        part(&format!(r#"{{"partialArgs":[{piece}],"willContinue":true}}"#))
    };
    let begin = part(r#"{"id":"a","name":"f","willContinue":true}"#);
    let whole = part(r#"{"id":"b","name":"g","args":{"x": 1}}"#);
    let body = events(&[begin, piece("ha", true), piece("ha", true), piece("!", false), part("{}"), whole]);
    let said = [r#"tool:{"laugh":"ha"#, "tool:ha", "tool:!\"", "tool:}", r#"1 tool:{"x": 1}"#];
    check("gemini", &body, &said, &["tool 0 a f", "tool 1 b g"]);
}

const STEP: &str = r#"{"event_type":"step.delta","index":1,"delta":{"type":"text","text":"lo"}}"#;

#[rstest]
#[case::words_that_open_a_step(
    &[r#"{"event_type":"step.start","index":1,"step":{"type":"model_output","content":[{"type":"text","text":"Hel"}]}}"#, STEP],
    &["1 text:Hel", "1 text:lo"], &["opening"]
)]
#[case::a_thought_that_opens_one(
    &[r#"{"event_type":"step.start","index":0,"step":{"type":"thought","summary":[{"type":"text","text":"Hm"}]}}"#, STEP],
    &["reason:Hm", "1 text:lo"], &["opening"]
)]
#[case::arguments_that_open_one(
    &[r#"{"event_type":"step.start","index":0,"step":{"type":"function_call","id":"a","name":"f","arguments":{"x": 1}}}"#,
      r#"{"event_type":"step.stop","index":0}"#],
    &[r#"tool:{"x": 1}"#], &["tool 0 a f"]
)]
#[case::arguments_that_deltas_bring(
    &[r#"{"event_type":"step.start","index":0,"step":{"type":"function_call","id":"a","name":"f","arguments":{}}}"#,
      r#"{"event_type":"step.delta","index":0,"delta":{"type":"arguments_delta","arguments":"{}"}}"#, r#"{"event_type":"step.stop","index":0}"#],
    &["tool:{}"], &["tool 0 a f"]
)]
#[case::outputs_said_again(
    &[STEP, r#"{"event_type":"interaction.completed","interaction":{"status":"completed","outputs":[{"type":"text","text":"lo"}]}}"#],
    &["1 text:lo", "1 =text:lo"], &["finish 0 completed"]
)]
#[case::an_interaction_that_was_not_streamed(
    &[r#"{"object":"interaction","status":"completed","outputs":[{"type":"text","text":"lo"}],"usage":{"total_output_tokens":1}}"#],
    &["text:lo"], &["finish 0 completed", "usage None Some(1)"]
)]
fn gemini_interactions(#[case] frames: &[&str], #[case] said: &[&str], #[case] noted: &[&str]) {
    check("gemini-interactions", &events(frames), said, noted);
}

#[rstest]
#[case::calls_in_pieces_and_then_whole(
    "cohere-v1",
    &[r#"{"is_finished":false,"event_type":"tool-calls-chunk","tool_call_delta":{"index":0,"name":"f"}}"#,
      r#"{"is_finished":false,"event_type":"tool-calls-chunk","tool_call_delta":{"index":0,"parameters":"{ \"x\":1}"}}"#,
      r#"{"is_finished":false,"event_type":"tool-calls-generation","tool_calls":[{"name":"f","parameters":{"x":1}}]}"#],
    &[r#"tool:{ "x":1}"#, r#"=tool:{"x":1}"#], &["tool 0  f"]
)]
#[case::a_failure_in_words(
    "cohere-v1",
    &[r#"{"is_finished":true,"event_type":"stream-end","finish_reason":"ERROR","error":"no luck"}"#],
    &[], &["finish 0 ERROR", "error ERROR: no luck"]
)]
#[case::an_answer_that_was_not_streamed(
    "cohere-v1", &[r#"{"generation_id":"g","text":"Hi","finish_reason":"COMPLETE","meta":{"tokens":{"output_tokens":1}}}"#],
    &["text:Hi"], &["finish 0 COMPLETE", "usage None Some(1)"]
)]
#[case::a_failure_without_words(
    "cohere-v2", &[r#"{"type":"message-end","delta":{"finish_reason":"ERROR"}}"#],
    &[], &["finish 0 ERROR", "error ERROR: the generation ended with an error"]
)]
#[case::an_answer_that_was_not_streamed(
    "cohere-v2",
    &[r#"{"id":"i","message":{"role":"assistant","content":[{"type":"text","text":"Hi"}]},"finish_reason":"COMPLETE","usage":{"tokens":{"output_tokens":1}}}"#],
    &["text:Hi"], &["finish 0 COMPLETE", "usage None Some(1)"]
)]
#[case::an_answer_that_was_not_streamed("tgi", &[r#"{"generated_text":"Hi"}"#], &["text:Hi"], &[])]
#[case::an_answer_that_was_not_streamed(
    "bedrock",
    &[r#"{"output":{"message":{"content":[{"text":"Hi"},{"toolUse":{"toolUseId":"a","name":"f","input":{}}}]}},"stopReason":"end_turn","usage":{"outputTokens":1}}"#],
    &["text:Hi", "1 tool:{}"], &["tool 1 a f", "finish 0 end_turn", "usage None Some(1)"]
)]
#[case::a_prediction_that_was_not_streamed(
    "replicate", &[r#"{"id":"p","status":"succeeded","output":["Hel","lo"],"error":null,"urls":{}}"#],
    &["text:Hel", "text:lo"], &["finish 0 succeeded"]
)]
#[case::a_transcript_that_was_not_streamed(
    "openai-transcription", &[r#"{"text":"Hi","usage":{"type":"tokens","output_tokens":1}}"#],
    &["text:Hi"], &["usage None Some(1)", "finish 0 done"]
)]
#[case::arguments_as_text(
    "ollama",
    &[r#"{"created_at":"2026-01-01T00:00:00.1Z","message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":"{\"x\":1}"}}]},"done":false}"#],
    &[r#"tool:{"x":1}"#], &["tool 0  f"]
)]
#[case::an_error_that_is_an_object_by_name(
    "openai-chat",
    &[r#"{"object":"chat.completion.chunk","choices":[{"delta":{"content":"a"}}]}"#, r#"{"object":"error","message":"m","code":500}"#],
    &["text:a"], &["error 500: m"]
)]
fn lines_of_json(#[case] dialect: &str, #[case] lines: &[&str], #[case] said: &[&str], #[case] noted: &[&str]) {
    check(dialect, &events(lines), said, noted);
    if dialect != "openai-chat" && lines.len() == 1 {
        check(dialect, lines[0].as_bytes(), said, noted);
    }
}

#[test]
fn replicates_logs_may_come_first() {
    let body = b"event: logs\nid: 1690212292:0\ndata: loading\n\nevent: output\nid: 1690212292:1\ndata: a\n\nevent: output\nid: 1690212293:0\ndata: b\n\n";
    check("replicate", body, &["text:a", "text:b"], &[]);
    let reading = read("", None, body);
    let numbers: Vec<u64> = (0..3).map(|id| reading.identity(stutterscope::core::reading::FrameId(id)).unwrap().number).collect();
    assert_eq!(numbers, [1_690_212_292 << 24, (1_690_212_292 << 24) + 1, 1_690_212_293 << 24]);
}

/// Chunks of a model's own wire.
fn invoked(chunks: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for chunk in chunks {
        write("event", "chunk", format!("{{\"bytes\":\"{}\"}}", BASE64.encode(chunk)).as_bytes(), &mut body);
    }
    body
}

#[test]
fn bedrock_speaks_for_its_models() {
    let metrics = r#""amazon-bedrock-invocationMetrics":{"inputTokenCount":9,"outputTokenCount":5}"#;
    let mistral = |text: &str, stop: &str, more: &str| {
        format!(r#"{{"choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"stop_reason":{stop}}}]{more}}}"#)
    };
    let body = invoked(&[&mistral("Hel", "null", ""), &mistral("lo", "\"stop\"", &format!(",{metrics}"))]);
    check("bedrock", &body, &["text:Hel", "text:lo"], &["finish 0 stop", "usage Some(9) Some(5)"]);
    let last = format!(r#"{{"object":"chat.completion.chunk","choices":[{{"delta":{{}},"finish_reason":"stop"}}],{metrics}}}"#);
    let body = invoked(&[r#"{"object":"chat.completion.chunk","choices":[{"delta":{"content":"Hi"}}]}"#, &last]);
    check("bedrock", &body, &["text:Hi"], &["finish 0 stop", "usage Some(9) Some(5)"]);
}

#[test]
fn an_error_of_an_event_stream_may_stand_in_its_headers() {
    let mut headers = Vec::new();
    for (name, value) in [(":message-type", "error"), (":error-code", "InternalError"), (":error-message", "it broke")] {
        headers.push(name.len() as u8);
        headers.extend_from_slice(name.as_bytes());
        headers.extend_from_slice(&[7, 0, value.len() as u8]);
        headers.extend_from_slice(value.as_bytes());
    }
    let total = 12 + headers.len() + 4;
    let mut body = [(total as u32).to_be_bytes(), (headers.len() as u32).to_be_bytes()].concat();
    body.extend_from_slice(&Crc32::of(&body).to_be_bytes());
    body.extend_from_slice(&headers);
    body.extend_from_slice(&Crc32::of(&body).to_be_bytes());
    check("bedrock", &body, &[], &["error InternalError: it broke"]);
}
