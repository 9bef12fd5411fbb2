//! Gemini Interactions: typed events around steps, each a thought, a piece of output or a call.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    DialectInfo, Ending, FrameView, Reader, Seen, Sink,
    envelope::Envelope,
    error,
    json::{self, Shape, Text},
    spoken::Spoken,
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
        // An interaction that was not streamed.
        None if value.get("object").is_some_and(|object| object == "interaction") => 3,
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
    /// What the step begins with; mostly nothing.
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    summary: Option<&'a RawValue>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
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
    spoken: Spoken,
    /// The call that began with its arguments, and those: they count where no delta brings them.
    arguments: Option<(u16, String)>,
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
                if let Some(step) = &event.step {
                    self.start(block, step, sink);
                }
            }
            b"step.stop" | b"content.stop" => {
                sink.kind = Some(FrameKind::Control);
                if let Some((_, arguments)) = self.arguments.take().filter(|(begun, _)| *begun == block) {
                    self.spoken.say(key(block, Channel::ToolArguments), arguments.as_bytes(), sink);
                    sink.kind = None;
                }
            }
            b"interaction.status_update" => sink.kind = Some(FrameKind::KeepAlive),
            name if name.starts_with(b"interaction.") => {
                sink.kind = Some(FrameKind::Control);
                self.interaction(name, event, sink);
            }
            _ => {
                let value = json::free(data).unwrap_or_default();
                match error::of_value(&value) {
                    Some(error) => sink.note(error),
                    None if value.get("object").is_some_and(|object| object == "interaction") => self.ended(&value, sink),
                    None => sink.kind = Some(FrameKind::Unknown),
                }
            }
        }
    }

    /// What a step begins with: its name, and maybe words that deltas repeat or go on from.
    fn start(&mut self, block: u16, step: &Step<'_>, sink: &mut Sink) {
        let call = step.kind.bytes() == b"function_call";
        if call {
            sink.note(Note::Tool { choice: 0, block, id: step.id.to_utf8(), name: step.name.to_utf8() });
        }
        // A call's arguments are there whole, or are empty and come by deltas.
        let arguments = step.arguments.map(RawValue::get).filter(|text| call && !matches!(*text, "null" | "{}" | "\"\""));
        self.arguments = arguments.map(|text| (block, serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned())));
        let channel = if step.kind.bytes() == b"thought" { Channel::Reasoning } else { Channel::Text };
        let texts = [step.summary, step.content].into_iter().flatten().filter_map(|raw| json::free(raw.get().as_bytes()));
        let before = sink.deltas.len();
        texts.for_each(|parts| self.spoken.say(key(block, channel), words(&parts).as_bytes(), sink));
        if sink.deltas.len() > before {
            sink.kind = None;
            sink.note(Note::Opening);
        }
    }

    fn delta(&mut self, block: u16, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        let Some(delta) = &event.delta else { return };
        let text = delta.content.as_ref().map_or(&delta.text, |content| &content.text);
        let channel = match delta.kind.bytes() {
            b"text" | b"" => Channel::Text,
            b"thought" | b"thought_summary" => Channel::Reasoning,
            b"function_call" | b"arguments_delta" | b"function_call_arguments" => {
                if delta.arguments.is_some_and(|raw| raw.get() != "\"\"") {
                    self.arguments = None;
                }
                return self.piece(key(block, Channel::ToolArguments), delta.arguments, sink);
            }
            // Signatures, citations, images and the provider's own tools are progress, but no words of the answer.
            _ => {
                sink.kind = Some(FrameKind::Control);
                return;
            }
        };
        let key = key(block, channel);
        self.spoken.say(key, text.bytes(), sink);
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
        self.ended(&interaction, sink);
    }

    /// An interaction at its end.
    fn ended(&mut self, interaction: &Value, sink: &mut Sink) {
        let word = |name: &str| interaction.get(name).and_then(Value::as_str).unwrap_or_default();
        self.seen.model(word("model").as_bytes(), sink);
        self.whole(interaction, sink);
        sink.note(Note::Finish { choice: 0, reason: word("status").to_owned() });
        usage::note(interaction.get("usage"), sink);
        if interaction.get("error").is_some_and(|error| !error.is_null()) {
            sink.notes.extend(error::of_value(interaction));
            sink.kind = Some(FrameKind::Error);
        }
    }

    /// The outputs that an interaction may have at its end, or when it was not streamed.
    fn whole(&mut self, interaction: &Value, sink: &mut Sink) {
        let outputs = interaction.get("outputs").or(interaction.get("steps")).and_then(Value::as_array);
        let silent = self.spoken.is_silent();
        // Outputs are not numbered as steps are, so the texts of a channel are matched in order with those that were said.
        let mut said = [Channel::Text, Channel::Reasoning].map(|channel| (channel, self.spoken.of(channel).into_iter()));
        for (block, output) in (0..u16::MAX).zip(outputs.into_iter().flatten()) {
            let word = |name: &str| output.get(name).and_then(Value::as_str).unwrap_or_default();
            let channel = match word("type") {
                "thought" => Channel::Reasoning,
                "text" | "model_output" => Channel::Text,
                "function_call" if silent => {
                    sink.note(Note::Tool { choice: 0, block, id: word("id").to_owned(), name: word("name").to_owned() });
                    let arguments = output.get("arguments").map(Value::to_string).unwrap_or_default();
                    self.spoken.say(key(block, Channel::ToolArguments), arguments.as_bytes(), sink);
                    continue;
                }
                _ => continue,
            };
            let earlier = said.iter_mut().find(|(said, _)| *said == channel).and_then(|(_, keys)| keys.next());
            match earlier {
                Some(earlier) => sink.snapshot(earlier, words(output).as_bytes()),
                None if silent => self.spoken.say(key(block, channel), words(output).as_bytes(), sink),
                None => {}
            }
        }
        if sink.deltas.iter().any(|(_, _, snapshot)| !snapshot) {
            sink.kind = None;
        }
    }

    /// Arguments as a piece of their text, or as a value.
    fn piece(&mut self, key: ChannelKey, raw: Option<&RawValue>, sink: &mut Sink) {
        let Some(raw) = raw else { return };
        match serde_json::from_str::<Text<'_>>(raw.get()) {
            Ok(piece) => self.spoken.say(key, piece.bytes(), sink),
            Err(_) => self.spoken.say(key, raw.get().as_bytes(), sink),
        }
    }
}

fn key(block: u16, channel: Channel) -> ChannelKey {
    ChannelKey { choice: 0, block, channel }
}

/// The words of content: a text, a part with one, or a list of parts.
fn words(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(words).collect(),
        Value::Object(part) => part.get("text").or(part.get("content")).map(words).unwrap_or_default(),
        _ => String::new(),
    }
}
