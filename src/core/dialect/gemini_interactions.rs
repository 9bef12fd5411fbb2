//! Gemini Interactions: typed events around steps, each a thought, a piece of output or a call.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    DialectInfo, Ending, FrameView, Reader, Seen, Sink,
    envelope::Envelope,
    error,
    json::{self, Shape, Text},
    usage,
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note},
};

mod writer;

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "gemini-interactions",
    title: "Gemini Interactions",
    framing: Framing::Sse,
    path: "/v1beta/interactions",
    headers: &[("x-goog-api-key", "{key}")],
    content_type: "text/event-stream",
    carries: &[Channel::Text, Channel::Reasoning, Channel::ToolArguments],
    ending: Ending::Finish,
    recognise: |_, value| match value.get("event_type").and_then(Value::as_str) {
        Some(kind) if ["interaction.", "step.", "content."].iter().any(|start| kind.starts_with(start)) => 3,
        Some("error") => 2,
        _ => 0,
    },
    reader: || Box::<StepReader>::default(),
    writer: writer::new,
    request: |model, prompt| serde_json::json!({"model": model, "input": prompt, "stream": true}).to_string(),
};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    event_type: Text<'a>,
    index: Option<u64>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    step: Option<Step<'a>>,
    #[serde(borrow)]
    interaction: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    /// A piece of the text of the arguments, or the whole value.
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
}

#[derive(Deserialize)]
struct Step<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
}

const CONTENT: Shape = Shape::Object(&[("text", Shape::Text)]);
const EVENT: Shape = Shape::Object(&[
    ("event_type", Shape::Text),
    ("index", Shape::Number),
    ("delta", Shape::Object(&[("type", Shape::Text), ("text", Shape::Text), ("content", CONTENT)])),
    ("step", Shape::Object(&[("type", Shape::Text), ("id", Shape::Text), ("name", Shape::Text)])),
]);

/// Reads events.
#[derive(Default)]
struct StepReader {
    seen: Seen,
    envelope: Envelope,
}

impl Reader for StepReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        if self.envelope.read(frame.data, sink) {
            return;
        }
        json::read(frame.data, &EVENT, sink, |data, sink| {
            let event = serde_json::from_slice::<Event<'_>>(data)?;
            self.event(&event, data, sink);
            Ok(())
        });
    }
}

impl StepReader {
    fn event(&mut self, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        let block = json::narrow(event.index, "index", sink);
        match event.event_type.bytes() {
            b"step.delta" | b"content.delta" => self.delta(block, event, data, sink),
            b"step.start" | b"content.start" => {
                sink.kind = Some(FrameKind::Control);
                if let Some(step) = event.step.as_ref().filter(|step| step.kind.bytes() == b"function_call") {
                    sink.note(Note::Tool { choice: 0, block, id: step.id.to_utf8(), name: step.name.to_utf8() });
                }
            }
            b"step.stop" | b"content.stop" => sink.kind = Some(FrameKind::Control),
            b"interaction.status_update" => sink.kind = Some(FrameKind::KeepAlive),
            name if name.starts_with(b"interaction.") => {
                sink.kind = Some(FrameKind::Control);
                self.interaction(name, event, sink);
            }
            _ => match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                None => sink.kind = Some(FrameKind::Unknown),
            },
        }
    }

    fn delta(&mut self, block: u16, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        let Some(delta) = &event.delta else { return };
        let text = delta.content.as_ref().map_or(&delta.text, |content| &content.text);
        let channel = match delta.kind.bytes() {
            b"text" | b"" => Channel::Text,
            b"thought" | b"thought_summary" => Channel::Reasoning,
            b"function_call" | b"arguments_delta" | b"function_call_arguments" => {
                let key = ChannelKey { choice: 0, block, channel: Channel::ToolArguments };
                return arguments(key, delta.arguments, sink);
            }
            // Signatures, citations, images and the provider's own tools are progress, but no words of the answer.
            _ => {
                sink.kind = Some(FrameKind::Control);
                return;
            }
        };
        let key = ChannelKey { choice: 0, block, channel };
        sink.add(key, text.bytes());
        if event.metadata.is_none() && !text.is_empty() {
            self.envelope.learn(key, text, data, []);
        }
    }

    fn interaction(&mut self, name: &[u8], event: &Event<'_>, sink: &mut Sink) {
        let Some(interaction) = event.interaction.and_then(|raw| json::free(raw.get().as_bytes())) else { return };
        let word = |name: &str| interaction.get(name).and_then(Value::as_str).unwrap_or_default();
        self.seen.id(word("id").as_bytes(), sink);
        self.seen.model(word("model").as_bytes(), sink);
        if matches!(name, b"interaction.created" | b"interaction.started" | b"interaction.in_progress") {
            return;
        }
        sink.note(Note::Finish { choice: 0, reason: word("status").to_owned() });
        usage::note(interaction.get("usage"), sink);
        if interaction.get("error").is_some_and(|error| !error.is_null()) {
            sink.notes.extend(error::of_value(&interaction));
            sink.kind = Some(FrameKind::Error);
        }
    }
}

/// Arguments as a piece of their text, or as a value.
fn arguments(key: ChannelKey, raw: Option<&RawValue>, sink: &mut Sink) {
    let Some(raw) = raw else { return };
    match serde_json::from_str::<Text<'_>>(raw.get()) {
        Ok(piece) => sink.add(key, piece.bytes()),
        Err(_) => sink.add(key, raw.get().as_bytes()),
    }
}
