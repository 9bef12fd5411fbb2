//! Writer's text completions: `{"value": "..."}` and nothing else, not even an end.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Sink, Writer, WriterStep, error,
    json::{self, Shape, Text},
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind},
};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "writer-completions",
    title: "Writer text completions",
    framing: Framing::Sse,
    path: "/v1/completions",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &[Channel::Text],
    ending: Ending::Silence,
    recognise: |_, value| match value.as_object() {
        Some(object) if object.len() == 1 && object.get("value").is_some_and(Value::is_string) => 2,
        _ => 0,
    },
    reader: || Box::new(ValueReader),
    writer: |_| Box::new(ValueWriter),
    request: |model, prompt| json!({"model": model, "prompt": prompt, "stream": true}).to_string(),
};

const TEXT: ChannelKey = ChannelKey { choice: 0, block: 0, channel: Channel::Text };

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    value: Option<Text<'a>>,
}

const EVENT: Shape = Shape::Object(&[("value", Shape::Text)]);

/// Reads values.
struct ValueReader;

impl Reader for ValueReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        json::read(frame.data, &EVENT, sink, |data, sink| {
            match serde_json::from_slice::<Event<'_>>(data)?.value {
                Some(text) => sink.add(TEXT, text.bytes()),
                None => match json::free(data).as_ref().and_then(error::of_value) {
                    Some(error) => sink.note(error),
                    None => sink.kind = Some(FrameKind::Unknown),
                },
            }
            Ok(())
        });
    }
}

struct ValueWriter;

fn event(data: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("data: {data}\n\n").as_bytes());
}

impl Writer for ValueWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => {
                event(&json!({ "value": text }), out);
            }
            // This wire has text alone.
            WriterStep::Begin | WriterStep::Text { .. } | WriterStep::Tool { .. } | WriterStep::Usage(_) | WriterStep::End => {}
            WriterStep::KeepAlive => out.extend_from_slice(b": keep-alive\n\n"),
            WriterStep::Finish { text, .. } => {
                if !text.is_empty() {
                    event(&json!({ "value": text }), out);
                }
            }
            WriterStep::Error { kind, message } => event(&json!({"error": {"type": kind, "message": message}}), out),
        }
    }
}
