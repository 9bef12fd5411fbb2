//! MCP over HTTP: JSON-RPC messages as events. No model speaks here, but clients meet these streams where they expect one.

use serde_json::{Value, json};

use super::{BEARER, DialectInfo, Ending, FrameView, Reader, Sink, Writer, WriterStep, error, json};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note},
};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "mcp",
    title: "MCP over HTTP",
    framing: Framing::Sse,
    path: "/mcp",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &[Channel::Text],
    ending: Ending::Finish,
    recognise: |_, value| if value.get("jsonrpc").is_some_and(|version| version == "2.0") { 3 } else { 0 },
    reader: || Box::<MessageReader>::default(),
    writer: |_| Box::<MessageWriter>::default(),
    request: |model, prompt| {
        let params = json!({"name": model, "arguments": {"prompt": prompt}});
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string()
    },
};

/// Reads messages.
#[derive(Default)]
struct MessageReader {
    answers: u16,
}

impl Reader for MessageReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        let Some(value) = json::value(frame.data, sink) else { return };
        if value.get("jsonrpc").is_none() {
            sink.kind = Some(FrameKind::Unknown);
            return;
        }
        sink.kind = Some(FrameKind::Control);
        if let Some(error) = error::of_value(&value).filter(|_| value.get("error").is_some()) {
            sink.kind = Some(FrameKind::Error);
            sink.note(error);
        }
        if let Some(result) = value.get("result") {
            self.result(result, sink);
        }
    }
}

impl MessageReader {
    /// What a tool answered; other results (lists, handshakes) are no text.
    fn result(&mut self, result: &Value, sink: &mut Sink) {
        let key = ChannelKey { choice: 0, block: self.answers, channel: Channel::Text };
        self.answers = self.answers.saturating_add(1);
        for part in result.get("content").and_then(Value::as_array).into_iter().flatten() {
            sink.add(key, part.get("text").and_then(Value::as_str).unwrap_or_default().as_bytes());
        }
        if !sink.deltas.is_empty() {
            sink.kind = Some(FrameKind::Delta);
        }
        sink.note(Note::Finish { choice: 0, reason: "result".into() });
    }
}

#[derive(Default)]
struct MessageWriter {
    said: String,
}

fn event(mut message: Value, out: &mut Vec<u8>) {
    message["jsonrpc"] = "2.0".into();
    out.extend_from_slice(format!("event: message\r\ndata: {message}\r\n\r\n").as_bytes());
}

impl Writer for MessageWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => {
                self.said.push_str(text);
            }
            // One answer, whole, is all there is.
            WriterStep::Begin | WriterStep::Text { .. } | WriterStep::Tool { .. } | WriterStep::Usage(_) => {}
            WriterStep::KeepAlive => out.extend_from_slice(b": ping\r\n\r\n"),
            WriterStep::Finish { text, .. } => self.said.push_str(text),
            WriterStep::Error { kind, message } => {
                event(json!({"id": 1, "error": {"code": -32603, "message": message, "data": kind}}), out);
            }
            WriterStep::End => event(json!({"id": 1, "result": {"content": [{"type": "text", "text": self.said}]}}), out),
        }
    }
}
