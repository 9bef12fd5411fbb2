//! What a `chunk` holds: the model's own wire.

use super::{
    Channel, ChannelKey, Event, FrameKind, FrameView, MessageReader, Note, Sink, TEXT, Text, base64, by_frame, converse, json,
};
use crate::core::{dialect::usage::usage_of, reading::Usage};
use serde::Deserialize;
use serde_json::Value;

/// Where Bedrock's own counts stand.
const METRICS: &str = "amazon-bedrock-invocationMetrics";

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
        self.metrics(&data, sink);
        // Offsets inside of what was decoded mean nothing in the body.
        for note in &mut sink.notes {
            if let Note::Malformed { byte, .. } = note {
                *byte = 0;
            }
        }
    }

    /// What Bedrock counted, in the last chunk whatever the model; where the model's own wire counts, that is read.
    fn metrics(&mut self, data: &[u8], sink: &mut Sink) {
        self.counted |= sink.notes.iter().any(|note| matches!(note, Note::Usage(_)));
        if self.counted || memchr::memmem::find(data, METRICS.as_bytes()).is_none() {
            return;
        }
        let Some(metrics) = json::free(data).and_then(|mut value| value.get_mut(METRICS).map(Value::take)) else { return };
        let count = |name: &str| metrics.get(name).and_then(Value::as_u64);
        let usage = Usage { input: count("inputTokenCount"), output: count("outputTokenCount"), total: None };
        sink.note_usage(Some(usage).filter(|usage| *usage != Usage::default()).or_else(|| usage_of(&metrics)));
    }

    fn inner(&mut self, data: &[u8], sink: &mut Sink) {
        let view = FrameView { data, ..FrameView::default() };
        if let Some(reader) = &mut self.inner {
            return reader.read(&view, sink);
        }
        let value = json::free(data);
        if value.as_ref().is_some_and(|value| chat(value, sink)) {
            return;
        }
        if let Some((info, _)) = by_frame(&view).filter(|(_, score)| *score > 1) {
            return self.inner.insert((info.reader)()).read(&view, sink);
        }
        match value {
            Some(Value::Object(object)) => match NOVA.iter().find_map(|name| object.get(*name).map(|payload| (name, payload))) {
                Some((name, payload)) => nova(name, payload, sink),
                None => plain(&Value::Object(object), sink),
            },
            _ => sink.add(TEXT, data),
        }
    }
}

/// Mistral's chat models: increments where others have whole messages. False if `value` is not theirs.
fn chat(value: &Value, sink: &mut Sink) -> bool {
    let Some(choices) = value.get("choices").and_then(Value::as_array) else { return false };
    if choices.is_empty() || !choices.iter().all(|choice| choice.get("message").is_some() && choice.get("stop_reason").is_some()) {
        return false;
    }
    sink.kind = Some(FrameKind::Control);
    for (place, choice) in (0..u16::MAX).zip(choices) {
        let word = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        sink.add(ChannelKey { choice: place, ..TEXT }, word(choice, "/message/content").as_bytes());
        let calls = choice.pointer("/message/tool_calls").and_then(Value::as_array);
        for (block, call) in (0..u16::MAX).zip(calls.into_iter().flatten()) {
            sink.note(Note::Tool { choice: place, block, id: word(call, "/id"), name: word(call, "/function/name") });
            let key = ChannelKey { choice: place, block, channel: Channel::ToolArguments };
            sink.add(key, word(call, "/function/arguments").as_bytes());
        }
        let reason = word(choice, "/stop_reason");
        if !reason.is_empty() {
            sink.note(Note::Finish { choice: place, reason });
        }
    }
    if !sink.deltas.is_empty() {
        sink.kind = None;
    }
    true
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
}
