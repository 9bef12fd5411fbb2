//! OpenAI Assistants: named events that carry whole objects, and deltas of messages and steps between them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Seen, Sink,
    envelope::Envelope,
    error,
    json::{self, Text},
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
    id: "openai-assistants",
    title: "OpenAI Assistants",
    framing: Framing::Sse,
    path: "/threads/runs",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &[Channel::Text, Channel::ToolArguments],
    ending: Ending::Finish,
    recognise: |_, value| match value.get("object").and_then(Value::as_str) {
        Some(object) if object.starts_with("thread.") => 3,
        Some("thread") => 3,
        _ => 0,
    },
    reader: || Box::<EventReader>::default(),
    writer: writer::new,
    request: |model, prompt| {
        json!({"assistant_id": model, "thread": {"messages": [{"role": "user", "content": prompt}]}, "stream": true}).to_string()
    },
};

/// Reads events; numbers contents of messages and calls of steps as they appear.
#[derive(Default)]
struct EventReader {
    seen: Seen,
    spoken: Spoken,
    blocks: BTreeMap<(String, u64), u16>,
    /// Learned from pieces of messages only.
    envelope: Envelope,
}

/// A piece of a message, as far as its text goes.
#[derive(Deserialize)]
struct MessageDelta<'a> {
    #[serde(borrow)]
    delta: Content<'a>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    content: Vec<Part<'a>>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    text: Words<'a>,
}

#[derive(Deserialize)]
struct Words<'a> {
    #[serde(borrow)]
    value: Text<'a>,
    #[serde(borrow)]
    annotations: Option<&'a RawValue>,
}

impl Reader for EventReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        // Between these mostly only the text differs.
        let piece = frame.event == b"thread.message.delta";
        if piece && self.envelope.read(frame.data, sink) {
            return;
        }
        if let Some(value) = json::value(frame.data, sink) {
            self.event(frame.event, &value, sink);
        }
        if let [(key, _, false)] = sink.deltas[..]
            && piece
            && sink.notes.is_empty()
            && let Ok(MessageDelta { delta }) = serde_json::from_slice::<MessageDelta<'_>>(frame.data)
            && let [part] = &delta.content[..]
            && part.text.annotations.is_none_or(|list| list.get() == "[]")
        {
            self.envelope.learn(key, &part.text.value, frame.data, []);
        }
    }
}

impl EventReader {
    fn event(&mut self, name: &[u8], value: &Value, sink: &mut Sink) {
        let word = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        match word("object") {
            "thread.message.delta" => self.contents(word("id"), value.pointer("/delta/content"), false, sink),
            "thread.message" => {
                sink.kind = Some(FrameKind::Control);
                if word("status") == "completed" || name == b"thread.message.completed" {
                    self.contents(word("id"), value.get("content"), true, sink);
                }
            }
            "thread.run.step.delta" => {
                sink.kind = Some(FrameKind::Control);
                self.calls(word("id"), value.pointer("/delta/step_details/tool_calls"), sink);
            }
            "thread.run" => {
                sink.kind = Some(FrameKind::Control);
                self.run(name, value, sink);
            }
            "thread" | "thread.run.step" => sink.kind = Some(FrameKind::Control),
            _ => match error::of_value(value) {
                Some(error) => sink.note(error),
                None => sink.kind = Some(FrameKind::Unknown),
            },
        }
    }

    fn block(&mut self, id: &str, index: u64) -> u16 {
        let next = self.blocks.len().min(usize::from(u16::MAX)) as u16;
        *self.blocks.entry((id.to_owned(), index)).or_insert(next)
    }

    /// Contents of a message: increments, or all of it once more.
    fn contents(&mut self, id: &str, contents: Option<&Value>, whole: bool, sink: &mut Sink) {
        for (place, content) in (0..).zip(contents.and_then(Value::as_array).into_iter().flatten()) {
            let index = content.get("index").and_then(Value::as_u64).unwrap_or(place);
            let block = self.block(id, index);
            for (name, channel) in [("/text/value", Channel::Text), ("/refusal", Channel::Refusal)] {
                let text = content.pointer(name).and_then(Value::as_str).unwrap_or_default().as_bytes();
                let key = ChannelKey { choice: 0, block, channel };
                if whole {
                    self.spoken.restate(key, text, sink);
                } else {
                    self.spoken.say(key, text, sink);
                }
            }
        }
    }

    fn calls(&mut self, id: &str, calls: Option<&Value>, sink: &mut Sink) {
        for (place, call) in (0..).zip(calls.and_then(Value::as_array).into_iter().flatten()) {
            let index = call.get("index").and_then(Value::as_u64).unwrap_or(place);
            let block = self.block(id, index);
            let word = |name: &str| call.pointer(name).and_then(Value::as_str).unwrap_or_default();
            if !word("/id").is_empty() {
                let name = if word("/function/name").is_empty() { word("/type") } else { word("/function/name") };
                sink.note(Note::Tool { choice: 0, block, id: word("/id").to_owned(), name: name.to_owned() });
            }
            for name in ["/function/arguments", "/code_interpreter/input"] {
                sink.add(ChannelKey { choice: 0, block, channel: Channel::ToolArguments }, word(name).as_bytes());
            }
        }
        if !sink.deltas.is_empty() {
            sink.kind = None;
        }
    }

    /// The run: which of its events this is, only the event's name tells.
    fn run(&mut self, name: &[u8], run: &Value, sink: &mut Sink) {
        let word = |name: &str| run.get(name).and_then(Value::as_str).unwrap_or_default();
        self.seen.id(word("id").as_bytes(), sink);
        self.seen.model(word("model").as_bytes(), sink);
        let ended = [
            &b"thread.run.completed"[..],
            b"thread.run.incomplete",
            b"thread.run.failed",
            b"thread.run.cancelled",
            b"thread.run.expired",
            b"thread.run.requires_action",
        ];
        if ended.contains(&name) {
            sink.note(Note::Finish { choice: 0, reason: String::from_utf8_lossy(name).into_owned() });
            usage::note(run.get("usage"), sink);
        }
        if let Some(error) = run.get("last_error").filter(|error| !error.is_null()) {
            sink.notes.extend(error::of_value(&json!({ "error": error })));
            sink.kind = Some(FrameKind::Error);
        }
    }
}
