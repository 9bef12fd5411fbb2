//! What the dialects make of recorded bodies, and of the bytes that their own writers produce.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fs, path::Path};

use stutterscope::core::{
    dialect::{self, DIALECTS, WriterStart, WriterStep},
    frame::Framing,
    input::{Attempt, End, Head, Input, Start, What},
    reading::{Channel, ChannelKey, ChunkId, FrameId, FrameKind, Note, Reading, Usage},
    time::Micros,
};

fn read(url: &str, head: Option<Head>, bytes: &[u8]) -> Reading {
    let start = Start { url: url.to_owned(), ..Start::default() };
    let mut reading = Reading::default();
    let mut fold = |what| reading.fold(&Input { at: Micros::ZERO, what });
    fold(What::Start(Box::new(start)));
    head.into_iter().for_each(|head| fold(What::Head(head)));
    bytes.chunks(100).for_each(|piece| fold(What::Bytes(piece.to_vec())));
    fold(What::End(End::Eof));
    reading
}

/// The text of one channel: choices and blocks in ascending order.
fn text(reading: &Reading, channel: Channel) -> String {
    let mut texts = BTreeMap::<_, String>::new();
    for delta in reading.delta_ids().map(|id| reading.delta(id)).filter(|delta| delta.key.channel == channel && !delta.snapshot) {
        texts.entry((delta.key.choice, delta.key.block)).or_default().push_str(delta.text);
    }
    texts.into_values().collect()
}

/// Notes worth comparing, as short words.
fn notes(reading: &Reading) -> Vec<String> {
    let word = |note: &Note| match note {
        Note::Finish { choice, reason } => Some(format!("finish {choice} {reason}")),
        Note::Usage(usage) => Some(format!("usage {:?} {:?}", usage.input, usage.output)),
        Note::Error { kind, message } => Some(format!("error {kind}: {}", message.split(',').next().unwrap_or_default())),
        Note::Tool { block, id, name, .. } => Some(format!("tool {block} {id} {name}")),
        Note::Malformed { byte, .. } => Some(format!("malformed at {byte}")),
        Note::NewTurn => Some("new turn".into()),
        Note::Mirrored { delta } => Some(format!("mirrored {delta}")),
        Note::Opening => Some("opening".into()),
        Note::SaidTwice => Some("said twice".into()),
        Note::Tokens(count) => Some(format!("tokens {count}")),
        Note::Odd(what) => Some(format!("odd: {what}")),
        _ => None,
    };
    reading.notes().iter().filter_map(|(_, note)| word(note)).collect()
}

fn kinds(reading: &Reading) -> Vec<FrameKind> {
    (0..reading.frame_count()).map(|id| reading.frame(FrameId(id)).kind).collect()
}

/// A fixture with what must be read from it.
struct Golden {
    body: &'static str,
    dialect: Option<&'static str>,
    text: &'static str,
    reasoning: &'static str,
    tools: &'static str,
    notes: &'static [&'static str],
}

fn check(golden: &Golden) {
    let reading = read("", None, golden.body.as_bytes());
    let start: String = golden.body.chars().take(120).collect();
    assert_eq!(reading.dialect().map(|(info, _)| info.id), golden.dialect, "{start}");
    assert_eq!(text(&reading, Channel::Text), golden.text, "{start}");
    assert_eq!(text(&reading, Channel::Reasoning), golden.reasoning, "{start}");
    assert_eq!(text(&reading, Channel::ToolArguments), golden.tools, "{start}");
    assert_eq!(notes(&reading), golden.notes, "{start}");
    assert!(!kinds(&reading).contains(&FrameKind::Unknown), "{start}");
}

#[test]
fn recorded_bodies_read_as_golden() {
    check(&Golden {
        body: include_str!("fixtures/wire/openai-chat-simple.sse"),
        dialect: Some("openai-chat"),
        text: "Olá!",
        reasoning: "",
        tools: "",
        notes: &["finish 0 stop", "usage Some(19) Some(84)"],
    });
    check(&Golden {
        body: include_str!("fixtures/wire/openai-chat-two-finishes.sse"),
        dialect: Some("openai-chat"),
        text: "",
        reasoning: "",
        tools: r#"{"city": "Paris", "country": "France", "unit": "C"}"#,
        notes: &[
            "tool 0 call_yakbak_fixture_0 get_weather",
            "finish 0 tool_calls",
            "finish 0 tool_calls",
            "usage Some(163) Some(11)",
        ],
    });
    check(&Golden {
        body: include_str!("fixtures/wire/openai-chat-mistral-tools.sse"),
        dialect: Some("openai-chat"),
        text: "",
        reasoning: "",
        tools: r#"{"query": "Detroit Tigers game time today"}{"city": "Detroit"}"#,
        notes: &["tool 0 yBvJuId6u search", "tool 1 ihQrVBDfy weather", "finish 0 tool_calls", "usage Some(164) Some(25)"],
    });
    check(&Golden {
        body: include_str!("fixtures/wire/openai-chat-openrouter-reasoning.sse"),
        dialect: Some("openai-chat"),
        text: "The answer to 2 + 2 is 4.",
        reasoning: "I need to solve this simple math problem: 2 + 2. This is basic arithmetic.",
        tools: "",
        notes: &["finish 0 stop", "usage Some(10) Some(15)"],
    });
    check(&Golden {
        body: include_str!("fixtures/wire/anthropic-fallback.sse"),
        dialect: Some("anthropic"),
        text: "Hello there!",
        reasoning: "",
        tools: "",
        notes: &["usage Some(25) Some(1)", "finish 0 end_turn", "usage Some(25) Some(8)"],
    });
    check(&Golden {
        body: include_str!("fixtures/wire/anthropic-spliced.sse"),
        dialect: Some("anthropic"),
        text: "",
        reasoning: "I will call the tool.Let me call the tool.",
        tools: r#"{"value":"Spark{"value":"Sparkle Day"}"#,
        notes: &[
            "usage Some(17) Some(1)",
            "tool 1 toolu_first test-tool",
            "new turn",
            "usage Some(17) Some(1)",
            "tool 3 toolu_second test-tool",
            "finish 0 tool_use",
            "usage Some(17) Some(65)",
        ],
    });
    check(&Golden {
        body: include_str!("fixtures/wire/ollama-thinking.ndjson"),
        dialect: Some("ollama"),
        text: "Here is the answer: You should bring a light jacket. Have a great day!",
        reasoning: "Let me think about that.First, I will consider relevant factors.",
        tools: "",
        notes: &["finish 0 stop"],
    });
    check(&Golden {
        body: include_str!("fixtures/wire/ollama-tools.ndjson"),
        dialect: Some("ollama"),
        text: "",
        reasoning: "",
        tools: r#"{"city":"Detroit"}{"query":"Detroit Tigers game time today"}"#,
        notes: &["tool 0  weather", "tool 1  search", "finish 0 stop", "usage Some(218) Some(306)"],
    });
}

#[test]
fn an_error_body_is_one_error_frame_with_or_without_a_head() {
    let body = include_bytes!("fixtures/wire/error-404.json");
    let head = Head { status: 404, headers: vec![("content-type".into(), "text/event-stream".into())] };
    for head in [None, Some(head)] {
        let reading = read("", head, body);
        assert_eq!(reading.framing(), Some(Framing::Json));
        assert_eq!(kinds(&reading), [FrameKind::Error]);
        assert_eq!(notes(&reading), ["error invalid_request_error: The model `gpt-3.5-turbo-0613` has been deprecated"]);
    }
}

#[test]
fn the_frames_overrule_the_path_but_not_the_session() {
    let body = include_bytes!("fixtures/wire/ollama-tools.ndjson");
    let reading = read("POST https://example.test/v1/chat/completions?x=1", None, body);
    assert_eq!(reading.dialect().map(|(info, _)| info.id), Some("ollama"));
    let reading = read("POST https://example.test/api/chat", None, include_bytes!("fixtures/wire/openai-chat-simple.sse"));
    let (info, reason) = reading.dialect().unwrap();
    assert_eq!((info.id, reason), ("openai-chat", "told by the first frames, though the request's path says ollama"));
    assert_eq!(text(&reading, Channel::Text), "Olá!");
}

fn key(channel: Channel) -> ChannelKey {
    ChannelKey { choice: 0, block: 0, channel }
}

fn say(channel: Channel, text: &str) -> WriterStep {
    WriterStep::Text { key: key(channel), text: text.into(), preamble: false }
}

/// The bytes of `steps`, a millisecond apart.
fn write(id: &str, steps: &[WriterStep]) -> Vec<u8> {
    let start = WriterStart { model: "demo-1".into(), id: "answer-1".into(), created: 1_795_232_820 };
    let mut writer = (dialect::by_id(id).unwrap().writer)(&start);
    let mut out = Vec::new();
    for (step, at_ms) in steps.iter().zip(0..) {
        writer.write(step, at_ms * 1_000_000, &mut out);
    }
    out
}

#[test]
fn every_writer_is_read_back() {
    let steps = [
        WriterStep::Begin,
        say(Channel::Reasoning, "Hm: \"ü\"\n"),
        WriterStep::KeepAlive,
        say(Channel::Text, "Hel"),
        say(Channel::Text, "lo 😀"),
        WriterStep::Tool { block: 0, id: "call_1".into(), name: "look_up".into() },
        say(Channel::ToolArguments, "{\"a\":"),
        say(Channel::ToolArguments, "[1]}"),
        WriterStep::Usage(Usage { input: Some(9), output: Some(4), total: Some(13) }),
        WriterStep::Finish { reason: String::new(), text: String::new() },
        WriterStep::End,
    ];
    for info in DIALECTS {
        let id = info.id;
        let reading = read("", None, &write(id, &steps));
        assert_eq!(reading.dialect().map(|(info, _)| info.id), Some(id));
        assert_eq!(reading.framing(), Some(info.framing), "{id}");
        let carried = |channel: Channel, said: &'static str| if info.carries.contains(&channel) { said } else { "" };
        assert_eq!(text(&reading, Channel::Text), "Hello 😀", "{id}");
        assert_eq!(text(&reading, Channel::Reasoning), carried(Channel::Reasoning, "Hm: \"ü\"\n"), "{id}");
        assert_eq!(text(&reading, Channel::ToolArguments), carried(Channel::ToolArguments, "{\"a\":[1]}"), "{id}");
        let notes = notes(&reading);
        let tool = notes.iter().any(|note| note.starts_with("tool") && note.ends_with("call_1 look_up"));
        assert_eq!(tool, info.carries.contains(&Channel::ToolArguments), "{id}: {notes:?}");
        let counted = notes.iter().any(|note| note == "usage Some(9) Some(4)");
        assert_eq!(counted, !WITHOUT_USAGE.contains(&id), "{id}: {notes:?}");
        let finished = notes.iter().any(|note| note.starts_with("finish 0 "));
        assert_eq!(finished, !WITHOUT_FINISH.contains(&id), "{id}: {notes:?}");
        let terminated = kinds(&reading).last() == Some(&FrameKind::Terminator);
        assert_eq!(terminated, !WITHOUT_TERMINATOR.contains(&id), "{id}");
        assert!(!kinds(&reading).contains(&FrameKind::Unknown), "{id}");
    }
}

/// Wires that do not count tokens, give no reason to finish, or end without a word.
const WITHOUT_USAGE: &[&str] = &["anthropic-complete", "replicate", "mcp", "bedrock-agent", "writer-completions"];
const WITHOUT_FINISH: &[&str] = &["bedrock-agent", "writer-completions"];
const WITHOUT_TERMINATOR: &[&str] =
    &["gemini", "dashscope", "bedrock", "anthropic-complete", "watsonx", "mcp", "bedrock-agent", "writer-completions"];

#[test]
fn written_errors_are_read_back_as_errors() {
    let steps =
        [WriterStep::Begin, say(Channel::Text, "x"), WriterStep::Error { kind: "overloaded".into(), message: "too busy".into() }];
    for info in DIALECTS {
        let reading = read("", None, &write(info.id, &steps));
        assert_eq!(kinds(&reading).last(), Some(&FrameKind::Error), "{}", info.id);
        assert!(notes(&reading).last().unwrap().ends_with("too busy"), "{}", info.id);
    }
}

#[test]
fn ollama_stamps_are_identities() {
    let reading = read("", None, &write("ollama", &[say(Channel::Text, "a"), say(Channel::Text, "b")]));
    let stamps: Vec<u64> = (0..reading.frame_count()).filter_map(|frame| Some(reading.identity(FrameId(frame))?.number)).collect();
    assert_eq!(stamps, [1_795_232_820_000_000_000, 1_795_232_820_001_000_000]);
}

#[test]
fn openai_frames_have_the_key_order_of_their_serializer() {
    let steps = [
        WriterStep::Text { key: key(Channel::Text), text: "**".into(), preamble: true },
        say(Channel::Text, "The"),
        WriterStep::Finish { reason: "length".into(), text: String::new() },
    ];
    let bytes = String::from_utf8(write("openai-chat", &steps)).unwrap();
    let orders: Vec<Vec<&str>> = bytes
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let mut keys = vec!["delta", "finish_reason", "index", "logprobs"];
            keys.sort_by_key(|key| line.find(&format!("\"{key}\":")));
            keys
        })
        .collect();
    assert_eq!(
        orders,
        [
            ["finish_reason", "logprobs", "delta", "index"],
            ["delta", "finish_reason", "index", "logprobs"],
            ["finish_reason", "delta", "index", "logprobs"],
        ]
    );
}

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

#[test]
fn texts_of_recorded_bodies_are_those_of_the_manifest() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures");
    // The whole collection lies beside the repository where it was made; elsewhere the fixtures must do.
    let Ok(manifest) = fs::read_to_string(folder.join("MANIFEST.tsv")) else { return };
    let mut lines = manifest.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |row: &[&str], name: &str| row[header.iter().position(|column| *column == name).unwrap()].to_owned();
    let (mut good, mut bad) = (0, Vec::new());
    for line in lines {
        let row: Vec<&str> = line.split('\t').collect();
        // Error bodies have no text at all, so the manifest has no length for it.
        if column(&row, "text_bytes").is_empty() || dialect::by_id(&column(&row, "format")).is_none() {
            continue;
        }
        let path = column(&row, "path");
        let Ok(body) = fs::read(folder.join(&path)) else { continue };
        let reading = read("", None, &body);
        let text = text(&reading, Channel::Text);
        // One body came under another dialect's name.
        let named = reading.dialect().is_some_and(|(info, _)| info.id == column(&row, "format"));
        let expected = (column(&row, "text_len"), column(&row, "text_bytes"), column(&row, "finish"));
        let finish: Vec<&str> = reading
            .notes()
            .iter()
            .filter_map(|(_, note)| if let Note::Finish { reason, .. } = note { Some(reason.as_str()) } else { None })
            .collect();
        let found = (text.chars().count().to_string(), text.len().to_string(), finish.join(","));
        if found == expected || (!named && found.0 == expected.0 && found.1 == expected.1) {
            good += 1;
        } else {
            bad.push(format!("{path}: {found:?} instead of {expected:?}"));
        }
    }
    assert!(bad.is_empty(), "{good} good, {} bad:\n{}", bad.len(), bad.join("\n"));
}

/// Folds `inputs`, a millisecond apart.
fn fold(inputs: Vec<What>) -> Reading {
    let mut reading = Reading::default();
    for (what, at_ms) in inputs.into_iter().zip(0..) {
        reading.fold(&Input { at: Micros::from_millis(at_ms), what });
    }
    reading
}

fn attempt(number: u32) -> What {
    What::Attempt(Attempt { number, endpoint: "https://example.test".into(), model: "m".into() })
}

fn head(status: u16, headers: &[(&str, &str)]) -> What {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    What::Head(Head { status, headers })
}

#[test]
fn each_attempt_is_framed_and_read_anew() {
    let reading = fold(vec![
        attempt(0),
        head(503, &[]),
        What::Bytes(b"{\"error\":{\"type\":\"busy\",\"message\":\"later\"}}".to_vec()),
        What::End(End::Eof),
        attempt(1),
        head(200, &[("content-type", "text/event-stream")]),
        What::Bytes(b"data: {\"choices\":[{\"delta\":{\"content\":\"a".to_vec()),
        What::End(End::Reset),
        attempt(2),
        head(200, &[("content-type", "text/event-stream")]),
        What::Bytes(b"data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}".to_vec()),
        What::End(End::Eof),
    ]);
    assert_eq!(kinds(&reading), [FrameKind::Error, FrameKind::Malformed, FrameKind::Delta]);
    assert_eq!(text(&reading, Channel::Text), "b");
    let unterminated: Vec<bool> = (0..3).map(|id| reading.frame(FrameId(id)).unterminated).collect();
    assert_eq!(unterminated, [false, true, true]);
    let ends: Vec<u32> = reading.marks().iter().filter(|mark| matches!(mark.what, What::End(_))).map(|mark| mark.frames).collect();
    assert_eq!(ends, [1, 2, 3], "each end counts the frame that it completed");
    let times: Vec<u64> = (0..3).map(|id| reading.frame_at(FrameId(id)).millis()).collect();
    assert_eq!(times, [3, 7, 11], "a frame that the end completed has the end's time");
}

#[test]
fn an_undecodable_body_is_a_note_and_keeps_what_came_before() {
    let reading = fold(vec![
        attempt(0),
        head(200, &[("content-encoding", "gzip")]),
        What::Bytes(b"data: x\n\n".to_vec()),
        What::End(End::Eof),
    ]);
    assert_eq!(kinds(&reading), [FrameKind::Malformed]);
    assert_eq!((notes(&reading), reading.body().len()), (vec!["malformed at 0".to_owned()], 0));
}

#[test]
fn reads_that_end_inside_a_character_are_told() {
    let pieces: [&[u8]; 4] = [b"data: \xE4\xBD", b"\xA0\xF0", b"\x9F\x98\x80", b"\n\n"];
    let reading = fold(pieces.iter().map(|piece| What::Bytes(piece.to_vec())).collect());
    let splits: Vec<bool> = (0..4).map(|id| reading.chunk_splits_char(ChunkId(id))).collect();
    assert_eq!(splits, [true, true, false, false]);
}

#[test]
fn halves_of_characters_are_joined_across_frames_and_lost_ones_replaced() {
    let frame = |text: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let reading = read("", None, [frame("a\\ud83d"), frame("\\ude00b"), frame("c\\ud83d")].concat().as_bytes());
    assert_eq!(text(&reading, Channel::Text), "a😀bc\u{fffd}");
    let told: Vec<&Note> = reading.notes().iter().map(|(_, note)| note).collect();
    assert_eq!(told, [&Note::JoinedSurrogate, &Note::Replaced(1)]);
}
