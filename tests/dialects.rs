//! What the dialects make of recorded bodies, and of the bytes that their own writers produce.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use stutterscope::core::{
    dialect::{self, DIALECTS, WriterStart, WriterStep},
    frame::Framing,
    input::Head,
    reading::{Channel, ChannelKey, FrameId, FrameKind, Usage},
};

#[path = "support/dialects.rs"]
mod support;
use support::{kinds, notes, read, text};

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
