//! What a `chunk` holds: the model's own wire.

use super::{Event, FrameKind, FrameView, MessageReader, Note, Sink, TEXT, Text, base64, by_frame, converse, json};
use crate::core::{dialect::usage::usage_of, reading::Usage};
use serde::Deserialize;
use serde_json::Value;

/// Converse events, as Nova names them.
const NOVA: &[&str] = &["contentBlockDelta", "contentBlockStart", "contentBlockStop", "messageStart", "messageStop", "metadata"];

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    bytes: Text<'a>,
}

impl MessageReader {
    /// `{"bytes": base64}`: an event of the model's own wire, or an agent's plain text.
    pub(super) fn chunk(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        let chunk = match serde_json::from_slice::<Chunk<'_>>(frame.data) {
            Ok(chunk) => chunk,
            Err(error) => return json::malformed(frame.data, &error, sink),
        };
        let Some(data) = base64::decode(chunk.bytes.bytes()) else {
            sink.note(Note::Malformed { byte: 0, message: "`bytes` is not base64".into() });
            return;
        };
        self.inner(&data, sink);
        // Offsets inside of what was decoded mean nothing in the body.
        for note in &mut sink.notes {
            if let Note::Malformed { byte, .. } = note {
                *byte = 0;
            }
        }
    }

    fn inner(&mut self, data: &[u8], sink: &mut Sink) {
        let view = FrameView { data, ..FrameView::default() };
        if let Some(reader) = &mut self.inner {
            return reader.read(&view, sink);
        }
        if let Some((info, _)) = by_frame(&view).filter(|(_, score)| *score > 1) {
            return self.inner.insert((info.reader)()).read(&view, sink);
        }
        match json::free(data) {
            Some(Value::Object(object)) => match NOVA.iter().find_map(|name| object.get(*name).map(|payload| (name, payload))) {
                Some((name, payload)) => nova(name, payload, sink),
                None => plain(&Value::Object(object), sink),
            },
            _ => sink.add(TEXT, data),
        }
    }
}

/// Nova: a Converse event in an object under its name.
fn nova(name: &str, payload: &Value, sink: &mut Sink) {
    let payload = payload.to_string();
    match serde_json::from_str::<Event<'_>>(&payload) {
        Ok(event) => drop(converse(name.as_bytes(), &event, sink)),
        Err(_) => sink.kind = Some(FrameKind::Unknown),
    }
}

/// Titan, Llama and Mistral: text under a name of their own, and a reason to stop.
fn plain(value: &Value, sink: &mut Sink) {
    let output = value.pointer("/outputs/0").unwrap_or(value);
    let find = |names: &[&str]| names.iter().find_map(|name| output.get(*name));
    let text = find(&["outputText", "generation", "completion", "text"]).and_then(Value::as_str);
    let reason = find(&["completionReason", "stop_reason", "finish_reason"]).and_then(Value::as_str);
    if text.is_none() && reason.is_none() {
        sink.kind = Some(FrameKind::Unknown);
        return;
    }
    sink.add(TEXT, text.unwrap_or_default().as_bytes());
    if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
        sink.note(Note::Finish { choice: 0, reason: reason.to_owned() });
    }
    if let Some(metrics) = value.get("amazon-bedrock-invocationMetrics") {
        let count = |name: &str| metrics.get(name).and_then(Value::as_u64);
        let usage = Usage { input: count("inputTokenCount"), output: count("outputTokenCount"), total: None };
        sink.note_usage(Some(usage).filter(|usage| *usage != Usage::default()).or_else(|| usage_of(metrics)));
    }
}
