//! Sessions for tests: inputs built from deltas, and what is compared of a judgement.
#![allow(dead_code, clippy::unwrap_used)]

pub mod columns;

use stutterscope::core::{
    engine::Engine,
    input::{Attempt, End, Head, Input, Origin, Start, What},
    params::{Profile, Strategy},
    reading::{Channel, ChannelKey},
    time::Micros,
};

/// A start with a clock, of an OpenAI-compatible request.
pub fn start(clocked: bool) -> Input {
    let start = Start {
        origin: Origin::Sent,
        clocked,
        provider: "test".into(),
        dialect: Some("openai-chat".into()),
        url: "POST http://test/v1/chat/completions".into(),
        model: "test".into(),
        ..Start::default()
    };
    Input { at: Micros::ZERO, what: What::Start(Box::new(start)) }
}

/// Start, first attempt and a head of status 200.
pub fn opening() -> Vec<Input> {
    let head = Head { status: 200, headers: vec![("content-type".into(), "text/event-stream".into())] };
    let attempt = Attempt { number: 0, endpoint: "http://test".into(), model: "test".into() };
    vec![start(true), Input { at: Micros(0), what: What::Attempt(attempt) }, Input { at: Micros(1_000), what: What::Head(head) }]
}

/// As [`opening`], of an Ollama request.
pub fn ollama_opening() -> Vec<Input> {
    let mut inputs = opening();
    for input in &mut inputs {
        match &mut input.what {
            What::Start(start) => start.dialect = Some("ollama".into()),
            What::Head(head) => head.headers = vec![("content-type".into(), "application/x-ndjson".into())],
            _ => {}
        }
    }
    inputs
}

/// One openai-chat frame with `text` in `field` of the delta.
pub fn frame(field: &str, text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"{field}\":{text}}},\"finish_reason\":null}}]}}\n\n"
    )
}

/// The finish frame and the terminator.
pub fn finish() -> String {
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n".into()
}

/// A read at `ms` milliseconds.
pub fn read(ms: u64, bytes: impl Into<Vec<u8>>) -> Input {
    Input { at: Micros::from_millis(ms), what: What::Bytes(bytes.into()) }
}

/// The end of the body at `ms` milliseconds.
pub fn eof(ms: u64) -> Input {
    Input { at: Micros::from_millis(ms), what: What::End(End::Eof) }
}

/// A whole session of text deltas, one read each, `gap_ms` apart.
pub fn session(deltas: &[&str], gap_ms: u64) -> Vec<Input> {
    let mut inputs = opening();
    let mut at = 100;
    for delta in deltas {
        inputs.push(read(at, frame("content", delta)));
        at += gap_ms;
    }
    inputs.push(read(at, finish()));
    inputs.push(eof(at));
    inputs
}

/// Folds `inputs` with `profile`.
pub fn judge(inputs: &[Input], profile: Profile) -> Engine {
    let mut engine = Engine::new(profile);
    for input in inputs {
        engine.fold(input);
    }
    engine
}

/// Folds `inputs` with the defaults and `strategy`.
pub fn judge_by(inputs: &[Input], strategy: Strategy) -> Engine {
    judge(inputs, Profile { strategy, ..Profile::default() })
}

/// The visible text of choice 0.
pub fn text(engine: &Engine) -> String {
    engine.judgement.output.text(&engine.reading, 0, Channel::Text)
}

/// The key of the visible text of choice 0.
pub const TEXT: ChannelKey = ChannelKey { choice: 0, block: 0, channel: Channel::Text };

/// The names of the classes found, in order.
pub fn classes(engine: &Engine) -> Vec<&'static str> {
    engine.judgement.findings.iter().map(|finding| finding.class.name()).collect()
}
