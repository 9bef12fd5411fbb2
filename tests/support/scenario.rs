//! Scenarios of the demo provider, folded with the times that they have at speed 1, without a network.
#![allow(dead_code, clippy::unwrap_used)]

use stutterscope::{
    core::{
        class::Class,
        dialect::{self, DialectInfo},
        engine::Engine,
        input::{Attempt, End, Head, Input, Origin, Start, TransportError, What},
        params::Profile,
        time::Micros,
    },
    net::demo::{
        render,
        script::{Close, Play, Scenario},
    },
};

/// The dialect in which a scenario shows its class: only Ollama's frames carry an identity.
pub fn home(scenario: &Scenario) -> &'static DialectInfo {
    dialect::by_id(if scenario.class == Some(Class::ReplayBySeq) { "ollama" } else { "openai-chat" }).unwrap()
}

/// A scenario as a client with retries sees it: every play before the first stream fails and is tried again.
pub fn played(scenario: &Scenario, dialect: &DialectInfo) -> Engine {
    let last = scenario.plays.iter().position(is_stream).unwrap_or(scenario.plays.len() - 1);
    folded(scenario.name, &scenario.plays[..=last], dialect)
}

/// A scenario's first stream alone; `None` if it has none.
pub fn streamed(scenario: &Scenario, dialect: &DialectInfo) -> Option<Engine> {
    let first = scenario.plays.iter().position(is_stream)?;
    Some(folded(scenario.name, &scenario.plays[first..=first], dialect))
}

fn is_stream(play: &Play) -> bool {
    matches!(play, Play::Stream { .. })
}

/// These plays, each an attempt behind the one before.
fn folded(name: &str, plays: &[Play], dialect: &DialectInfo) -> Engine {
    let mut engine = Engine::new(Profile::default());
    let mut at = 0;
    let mut fold = |at, what| engine.fold(&Input { at: Micros(at), what });
    let start = Start {
        origin: Origin::Sent,
        clocked: true,
        provider: "demo".into(),
        dialect: Some(dialect.id.into()),
        ..Start::default()
    };
    fold(0, What::Start(Box::new(start)));
    for (number, play) in plays.iter().enumerate() {
        fold(at, What::Attempt(Attempt { number: number as u32, endpoint: String::new(), model: String::new() }));
        let (status, writes, close) = match play {
            Play::Stream { steps, close } => (200, render(name, 0, steps, dialect), *close),
            Play::Refuse { status, .. } => (*status, Vec::new(), Close::Whole),
        };
        let content_type = if status == 200 { dialect.content_type } else { "application/json" };
        fold(at, What::Head(Head { status, headers: vec![("content-type".into(), content_type.into())] }));
        let begin = at;
        for write in writes {
            at = begin + write.at_us;
            fold(at, What::Bytes(write.bytes));
        }
        if let Play::Refuse { kind, message, .. } = play {
            at += 1_000;
            let body = format!("{{\"error\":{{\"message\":\"{message}\",\"type\":\"{kind}\"}}}}");
            fold(at, What::Bytes(body.into_bytes()));
        }
        if number + 1 < plays.len() {
            fold(at, What::Draw { purpose: "retry.jitter".into(), value: 0 });
        }
        fold(at, What::End(end_of(close)));
        at += 100_000;
    }
    engine
}

fn end_of(close: Close) -> End {
    match close {
        Close::Whole => End::Eof,
        Close::Early | Close::Reset => End::Reset,
        Close::BadChunk => End::Error { class: TransportError::Protocol, message: "invalid chunk size".into() },
    }
}
