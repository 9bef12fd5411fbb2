//! What is mutated: bodies that servers sent, bodies of the recordings, and what each dialect's writer writes.

use std::path::Path;

use stutterscope::{
    core::{
        dialect::{DIALECTS, DialectInfo, WriterStart, WriterStep},
        frame::{Framing, event_stream},
        reading::{Channel, ChannelKey, Reading, Usage},
    },
    session,
};

/// A body and what it is.
pub struct Seed {
    /// Id of its dialect, if it has one.
    pub dialect: Option<&'static str>,
    /// How it is framed.
    pub framing: Option<Framing>,
    /// Itself.
    pub body: Vec<u8>,
}

/// The files below `folder`, in order of their names.
pub fn files(folder: &str, skip: &[&str]) -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.is_file() && !skip.iter().any(|name| path.file_name().is_some_and(|file| file == *name)))
        .filter(|path| path.extension().is_none_or(|extension| extension != "md"))
        .collect();
    files.sort();
    files
}

/// All seeds.
pub fn seeds() -> Vec<Seed> {
    let wire = files("tests/fixtures/wire", &["sse-conformance.json"]);
    let mut seeds: Vec<Seed> = wire.iter().chain(&files("sessions", &[])).map(|path| recorded(path)).collect();
    seeds.extend(DIALECTS.iter().map(written));
    seeds.extend(DIALECTS.iter().filter(|info| info.framing == Framing::EventStream).map(wrapped));
    let array = b"[{\"candidates\":[{\"index\":0,\"content\":{\"parts\":[{\"text\":\"Hel\"}]}}]}\n,\r\n{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":3}}]";
    seeds.push(Seed { dialect: Some("gemini"), framing: Some(Framing::JsonArray), body: array.to_vec() });
    seeds
}

fn recorded(path: &Path) -> Seed {
    let mut reading = Reading::default();
    session::load(path).unwrap().inputs.iter().for_each(|input| reading.fold(input));
    let dialect = reading.dialect().map(|(info, _)| info.id);
    Seed { dialect, framing: reading.framing(), body: reading.body().to_vec() }
}

fn written(info: &DialectInfo) -> Seed {
    let start = WriterStart { model: "m".into(), id: "id-1".into(), created: 1_700_000_000 };
    let mut writer = (info.writer)(&start);
    let mut body = Vec::new();
    let text = |channel, text: &str| WriterStep::Text {
        key: ChannelKey { choice: 0, block: 0, channel },
        text: text.into(),
        preamble: false,
    };
    let usage = Usage { input: Some(3), output: Some(4), total: Some(7) };
    let mut steps = vec![WriterStep::Begin, WriterStep::KeepAlive];
    steps.extend(info.carries.iter().filter(|channel| **channel != Channel::ToolArguments).map(|channel| text(*channel, "a ")));
    steps.extend([text(Channel::Text, "Hello"), text(Channel::Text, " wörld"), text(Channel::Text, " 🌍\n")]);
    if info.carries.contains(&Channel::ToolArguments) {
        steps.push(WriterStep::Tool { block: 1, id: "call-1".into(), name: "look_up".into() });
        let key = ChannelKey { choice: 0, block: 1, channel: Channel::ToolArguments };
        steps.push(WriterStep::Text { key, text: "{\"a\": 1}".into(), preamble: false });
    }
    steps.push(WriterStep::Finish { reason: String::new(), text: String::new() });
    steps.extend([WriterStep::Usage(usage), WriterStep::Error { kind: "overloaded".into(), message: "x".into() }, WriterStep::End]);
    for (at, step) in steps.iter().enumerate() {
        writer.write(step, at as u64 * 20_000_000, &mut body);
    }
    Seed { dialect: Some(info.id), framing: Some(info.framing), body }
}

/// Messages of other dialects' JSON, with right checksums.
fn wrapped(info: &DialectInfo) -> Seed {
    let mut body = Vec::new();
    for (event, data) in [
        ("contentBlockDelta", &br#"{"contentBlockIndex":0,"delta":{"text":"Hello"}}"#[..]),
        ("chunk", br#"{"bytes":"eyJ0eXBlIjoiY29udGVudF9ibG9ja19kZWx0YSIsImluZGV4IjowLCJkZWx0YSI6eyJ0eXBlIjoidGV4dF9kZWx0YSIsInRleHQiOiJhIn19"}"#),
        ("messageStop", br#"{"stopReason":"end_turn"}"#),
        ("metadata", br#"{"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}"#),
    ] {
        event_stream::write("event", event, data, &mut body);
    }
    Seed { dialect: Some(info.id), framing: Some(Framing::EventStream), body }
}

/// The payloads of an event-stream body mutated inside their messages, so that the checksums are right again.
pub fn remade(body: &[u8], mut change: impl FnMut(&[u8]) -> Vec<u8>) -> Vec<u8> {
    use stutterscope::core::frame::{Payload, event_stream::EventStreamFramer};
    let mut framer = EventStreamFramer::new(0, u64::MAX);
    let mut made = Vec::new();
    while let Some(frame) = framer.next(body) {
        if let Payload::Message { kind, event, data } = frame.payload {
            let word = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            event_stream::write(&word(kind.of(body)), &word(event.of(body)), &change(data.of(body)), &mut made);
        }
    }
    made
}
