//! What single frames say in each dialect: tables of short bodies, the deltas that are read from them and what is noted.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use stutterscope::core::reading::{Channel, FrameId, FrameKind};

#[path = "support/dialects.rs"]
mod support;
use support::{notes, read, text};

#[test]
fn broken_frames_say_where_and_strange_ones_are_still_read() {
    let whole = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    let check = |frame: &str, kind: FrameKind, text_after: &str, expected: &[&str]| {
        let reading = read("", None, format!("{whole}{frame}\n\n").as_bytes());
        assert_eq!(reading.frame(FrameId(1)).kind, kind, "{frame}");
        assert_eq!(text(&reading, Channel::Text), text_after, "{frame}");
        assert_eq!(notes(&reading), expected, "{frame}");
    };
    let at = |offset: usize| format!("malformed at {}", whole.len() + "data: ".len() + offset);
    check("data: {\"choices\":[{\"delta\":{\"content\":\"b", FrameKind::Malformed, "a", &[&at(33)]);
    check("data: {\"choices\":[]}{\"choices\":[]}", FrameKind::Malformed, "a", &[&at(14)]);
    // Several data lines are one text; the place is that of the byte in the body.
    check("data: {\"choices\":\n: x\ndata:[nope]}", FrameKind::Malformed, "a", &[&at("{\"choices\":\n: x\ndata:[".len() + 1)]);
    check("data\ndata: {\"choices\": nope}", FrameKind::Malformed, "a", &[&at("{\"choices\": n".len() + "data\n".len())]);
    check("data: {\"choices\":[{\"index\":\"0\",\"delta\":{\"content\":\"b\"}}]}", FrameKind::Delta, "ab", &[]);
    check("data: {\"choices\":[{\"delta\":{\"content\":\"b\",\"content\":\"c\"}}]}", FrameKind::Delta, "ac", &[]);
    check("data: {\"choices\":[{\"delta\":{\"content\":{\"x\":1}}}]}", FrameKind::KeepAlive, "a", &["odd: `content` is an object"]);
    check("data: {\"hello\":1}", FrameKind::Unknown, "a", &[]);
    check("data: \"hello\"", FrameKind::Unknown, "a", &[]);
    check("data: {\"error\":{\"message\":\"m\",\"type\":\"t\"}}", FrameKind::Error, "a", &["error t: m"]);
    check("error: {\"message\":\"m\",\"type\":\"t\"}", FrameKind::Error, "a", &["error t: m"]);
    check("data: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"b\"}]}}]}", FrameKind::Delta, "ab", &[]);
    check("data: {\"choices\":[{\"delta\":{\"content\":\"b\"},\"message\":{\"content\":\"ab\"}}]}", FrameKind::Delta, "ab", &[]);
    check(
        "data: {\"choices\":[{\"delta\":{\"reasoning\":\"r\",\"reasoning_content\":\"r\"}}]}",
        FrameKind::Delta,
        "a",
        &["mirrored 1"],
    );
    check("data: {\"choices\":[{\"delta\":{}}]}", FrameKind::KeepAlive, "a", &[]);
}

/// A short body of one dialect: its deltas in words (`reason:x`, `=text:x` for a snapshot), and its notes.
fn check_said(id: &str, frames: &[&str], deltas: &[&str], expected: &[&str]) {
    let body: String = frames.iter().map(|frame| format!("data: {frame}\n\n")).collect();
    let reading = read("", None, body.as_bytes());
    assert_eq!(reading.dialect().map(|(info, _)| info.id), Some(id), "{frames:?}");
    let said = reading.delta_ids().map(|id| reading.delta(id));
    let said = said.map(|delta| format!("{}{}:{}", if delta.snapshot { "=" } else { "" }, delta.key.channel.word(), delta.text));
    assert_eq!(said.collect::<Vec<_>>(), deltas, "{frames:?}");
    assert_eq!(notes(&reading), expected, "{frames:?}");
}

#[test]
fn one_text_in_two_fields_is_told() {
    let chat = |delta: &str| format!("{{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}");
    let check = |delta: &str, deltas: &[&str], notes: &[&str]| check_said("openai-chat", &[&chat(delta)], deltas, notes);
    check(r#"{"reasoning":"r","reasoning_content":"r"}"#, &["reason:r", "reason:r"], &["mirrored 1"]);
    check(r#"{"reasoning":"r","reasoning_content":"s"}"#, &["reason:s", "reason:r"], &[]);
    check(r#"{"reasoning":"r","reasoning_details":[{"text":"r"}]}"#, &["reason:r"], &["said twice"]);
    check(r#"{"reasoning":"r","reasoning_details":[{"data":"x"}]}"#, &["reason:r"], &[]);
    check(r#"{"reasoning_details":[{"text":"r"}]}"#, &["reason:r"], &[]);
    check(r#"{"content":"<think>r</think>","reasoning_content":"r"}"#, &["reason:r", "text:<think>r</think>"], &["mirrored 1"]);
    check(
        r#"{"content":"<think>\nr\n</think>\n\n","reasoning":"r"}"#,
        &["reason:r", "text:<think>\nr\n</think>\n\n"],
        &["mirrored 1"],
    );
    check(r#"{"content":"<think>r</think>","reasoning_content":"q"}"#, &["reason:q", "text:<think>r</think>"], &[]);
    check(r#"{"content":"r","reasoning_content":"r"}"#, &["reason:r", "text:r"], &[]);

    let thought = |name: &str, output: u32, delta: &str| {
        format!("{{\"type\":\"response.{name}.delta\",\"output_index\":{output},\"content_index\":0,\"delta\":\"{delta}\"}}")
    };
    let check = |pieces: &[(&str, u32, &str)], mirrored: usize| {
        let frames: Vec<String> = pieces.iter().map(|(name, output, delta)| thought(name, *output, delta)).collect();
        let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
        let deltas: Vec<String> = pieces.iter().map(|(_, _, delta)| format!("reason:{delta}")).collect();
        let deltas: Vec<&str> = deltas.iter().map(String::as_str).collect();
        check_said("openai-responses", &frames, &deltas, &vec!["mirrored 0"; mirrored]);
    };
    let (text, summary) = ("reasoning_text", "reasoning_summary_text");
    check(&[(text, 0, "a"), (summary, 0, "a"), (text, 0, "b"), (summary, 0, "b")], 2);
    check(&[(text, 0, "a"), (text, 0, "b"), (text, 0, "c"), (summary, 0, "c")], 1);
    check(&[(text, 0, "a"), (summary, 0, "x"), (text, 0, "b"), (summary, 0, "b")], 0);
    check(&[(text, 0, "a"), (text, 0, "a"), (summary, 1, "a")], 0);
}

#[test]
fn text_that_opens_a_block_is_told() {
    let start = r#"{"type":"message_start","message":{"id":"m"}}"#;
    let block = |text: &str| {
        format!("{{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{{\"type\":\"text\",\"text\":\"{text}\"}}}}")
    };
    let delta = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}"#;
    check_said("anthropic", &[start, &block(""), delta], &["text:Hel"], &[]);
    check_said("anthropic", &[start, &block("Hel"), delta], &["text:Hel", "text:Hel"], &["opening"]);

    let added = |text: &str| {
        format!(
            "{{\"type\":\"response.content_part.added\",\"output_index\":0,\"part\":{{\"type\":\"output_text\",\"text\":\"{text}\"}}}}"
        )
    };
    let item = |text: &str| {
        let part = format!("{{\"type\":\"output_text\",\"text\":\"{text}\"}}");
        format!(
            "{{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{{\"type\":\"message\",\"content\":[{part}]}}}}"
        )
    };
    let delta = r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hel"}"#;
    check_said("openai-responses", &[&added(""), delta], &["text:Hel"], &[]);
    check_said("openai-responses", &[&added("Hel"), delta], &["text:Hel", "text:Hel"], &["opening"]);
    check_said("openai-responses", &[&item("Hel"), &added("Hel"), delta], &["text:Hel", "=text:Hel", "text:Hel"], &["opening"]);

    let start = |text: &str| {
        format!("{{\"type\":\"content-start\",\"index\":0,\"delta\":{{\"message\":{{\"content\":{{\"text\":\"{text}\"}}}}}}}}")
    };
    let delta = r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Hel"}}}}"#;
    check_said("cohere-v2", &[&start("Hel"), delta], &["text:Hel", "text:Hel"], &["opening"]);
}

#[test]
fn a_message_at_the_end_restates_what_deltas_said() {
    let delta = |delta: &str| format!("{{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}");
    let message = |message: &str| {
        format!(
            "{{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"message\":{message},\"finish_reason\":\"stop\"}}]}}"
        )
    };
    let check = |frames: &[String], deltas: &[&str], notes: &[&str]| {
        check_said("openai-chat", &frames.iter().map(String::as_str).collect::<Vec<_>>(), deltas, notes);
    };
    let said = [delta(r#"{"content":"Hel"}"#), delta(r#"{"content":"lo"}"#), message(r#"{"role":"assistant","content":"Hello"}"#)];
    check(&said, &["text:Hel", "text:lo", "=text:Hello"], &["finish 0 stop"]);
    check(&[message(r#"{"content":"Hello"}"#)], &["text:Hello"], &["finish 0 stop"]);
    check(
        &[delta(r#"{"refusal":"No"}"#), message(r#"{"refusal":"No","reasoning":"r"}"#)],
        &["refuse:No", "reason:r", "=refuse:No"],
        &["finish 0 stop"],
    );
    let call = r#"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{}"}}]}"#;
    check(&[delta(call), message(call)], &["tool:{}", "=tool:{}"], &["tool 0 c1 f", "finish 0 stop"]);
    check(&[message(call)], &["tool:{}"], &["tool 0 c1 f", "finish 0 stop"]);
}

#[test]
fn tokens_that_a_frame_counts_are_told() {
    let frame = r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"ab"},"token_ids":[7,8]}]}"#;
    check_said("openai-chat", &[frame], &["text:ab"], &["tokens 2"]);
}
