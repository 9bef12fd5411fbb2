//! Bedrock agents: chunks of plain text between traces, and no end but the body's.

use serde_json::{Value, json};

use super::{TEXT, base64, exception, json};
use crate::core::{
    dialect::{BEARER, DialectInfo, Ending, FrameView, Reader, Sink, Writer, WriterStep},
    frame::{Framing, event_stream},
    reading::{Channel, FrameKind, Note},
};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "bedrock-agent",
    title: "Amazon Bedrock agents",
    framing: Framing::EventStream,
    path: "/agents/{model}/agentAliases/TSTALIASID/sessions/1/text",
    headers: BEARER,
    content_type: "application/vnd.amazon.eventstream",
    carries: &[Channel::Text],
    ending: Ending::Silence,
    recognise: |frame, value| match (frame.id, frame.event) {
        (b"event", b"trace" | b"returnControl" | b"files") => 3,
        (b"event", b"chunk") if text_of(value).is_some_and(|text| json::free(&text).is_none_or(|inner| !inner.is_object())) => 3,
        _ => 0,
    },
    reader: || Box::new(AgentReader),
    writer: |_| Box::new(AgentWriter),
    request: |_, prompt| json!({"inputText": prompt, "enableTrace": false}).to_string(),
};

/// What a chunk's payload holds.
fn text_of(payload: &Value) -> Option<Vec<u8>> {
    base64::decode(payload.get("bytes")?.as_str()?.as_bytes())
}

/// Reads messages.
struct AgentReader;

impl Reader for AgentReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        match (frame.id, frame.event) {
            (b"exception" | b"error", _) => exception(frame, sink),
            (_, b"chunk") => match json::free(frame.data).as_ref().and_then(text_of) {
                Some(text) => sink.add(TEXT, &text),
                None => sink.note(Note::Malformed { byte: 0, message: "a chunk without base64".into() }),
            },
            (_, b"trace" | b"returnControl" | b"files" | b"initial-response") => sink.kind = Some(FrameKind::Control),
            _ => sink.kind = Some(FrameKind::Unknown),
        }
    }
}

struct AgentWriter;

impl AgentWriter {
    fn chunk(text: &str, out: &mut Vec<u8>) {
        let payload = json!({"bytes": base64::encode(text.as_bytes())});
        event_stream::write("event", "chunk", payload.to_string().as_bytes(), out);
    }
}

impl Writer for AgentWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => {
                AgentWriter::chunk(text, out);
            }
            // This wire has text alone.
            WriterStep::Begin | WriterStep::Text { .. } | WriterStep::Tool { .. } | WriterStep::Usage(_) | WriterStep::End => {}
            WriterStep::KeepAlive => event_stream::write("event", "trace", b"{\"trace\":{}}", out),
            WriterStep::Finish { text, .. } => {
                if !text.is_empty() {
                    AgentWriter::chunk(text, out);
                }
            }
            WriterStep::Error { kind, message } => {
                event_stream::write("exception", kind, json!({ "message": message }).to_string().as_bytes(), out);
            }
        }
    }
}
