//! Ollama's own chat and generate: a line of JSON per token, stamped in nanoseconds.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Seen, Sink,
    envelope::{Envelope, Hole},
    error,
    json::{self, Few, Shape, Text},
    stamp,
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Identity, Note, Usage},
};

mod writer;

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "ollama",
    title: "Ollama chat and generate",
    framing: Framing::Ndjson,
    path: "/api/chat",
    headers: BEARER,
    content_type: "application/x-ndjson",
    carries: &[Channel::Text, Channel::Reasoning, Channel::ToolArguments],
    ending: Ending::Terminator,
    recognise,
    reader: || Box::<LineReader>::default(),
    writer: writer::new,
    request: |model, prompt| serde_json::json!({"model": model, "messages": [{"role": "user", "content": prompt}]}).to_string(),
};

fn recognise(_: &FrameView<'_>, value: &Value) -> u8 {
    let answers = value.get("message").is_some_and(Value::is_object) || value.get("response").is_some_and(Value::is_string);
    match (answers, value.get("done").is_some_and(Value::is_boolean), value.get("created_at").is_some()) {
        (true, true, true) => 3,
        (true, true, false) | (true, false, true) => 2,
        _ => 0,
    }
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    model: Text<'a>,
    #[serde(borrow, default)]
    created_at: Text<'a>,
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow, default)]
    response: Text<'a>,
    #[serde(borrow, default)]
    thinking: Text<'a>,
    done: Option<bool>,
    #[serde(borrow, default)]
    done_reason: Text<'a>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

impl<'a> Line<'a> {
    /// The one string that this line says, if it says nothing else that could differ from line to line.
    fn only_text(&self) -> Option<(ChannelKey, &Text<'a>)> {
        if self.done == Some(true) || !self.thinking.is_empty() {
            return None;
        }
        match (&self.message, self.response.is_empty()) {
            (None, false) => Some((key(0, Channel::Text), &self.response)),
            (Some(message), true) if message.tool_calls.iter().next().is_none() => {
                match (message.content.is_empty(), message.thinking.is_empty()) {
                    (false, true) => Some((key(0, Channel::Text), &message.content)),
                    (true, false) => Some((key(0, Channel::Reasoning), &message.thinking)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Text<'a>,
    #[serde(borrow, default)]
    thinking: Text<'a>,
    #[serde(borrow, default)]
    tool_calls: Few<ToolCall<'a>>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

const CALL: Shape = Shape::Object(&[("id", Shape::Text), ("function", Shape::Object(&[("name", Shape::Text)]))]);
const LINE: Shape = Shape::Object(&[
    ("model", Shape::Text),
    ("created_at", Shape::Text),
    ("message", Shape::Object(&[("content", Shape::Text), ("thinking", Shape::Text), ("tool_calls", Shape::List(&CALL))])),
    ("response", Shape::Text),
    ("thinking", Shape::Text),
    ("done", Shape::Bool),
    ("done_reason", Shape::Text),
    ("prompt_eval_count", Shape::Number),
    ("eval_count", Shape::Number),
]);

/// Reads lines; numbers tool calls, which have no index of their own here.
#[derive(Default)]
struct LineReader {
    seen: Seen,
    calls: u16,
    envelope: Envelope,
}

impl Reader for LineReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        if self.envelope.read(frame.data, sink) {
            return;
        }
        json::read(frame.data, &LINE, sink, |data, sink| {
            let line = serde_json::from_slice::<Line<'_>>(data)?;
            self.line(&line, data, sink);
            if let Some((key, text)) = line.only_text().filter(|_| sink.notes.is_empty()) {
                self.envelope.learn(key, text, data, [(Hole::Stamp, line.created_at.range_in(data))]);
            }
            Ok(())
        });
    }
}

impl LineReader {
    fn line(&mut self, line: &Line<'_>, data: &[u8], sink: &mut Sink) {
        if line.error.is_some() {
            sink.notes.extend(json::free(data).as_ref().and_then(error::of_value));
        } else if line.message.is_none() && line.done.is_none() && line.created_at.is_empty() {
            sink.kind = Some(FrameKind::Unknown);
            return;
        }
        self.seen.model(line.model.bytes(), sink);
        sink.identity = stamp::nanos(line.created_at.bytes()).map(Identity::time);
        sink.add(key(0, Channel::Reasoning), line.thinking.bytes());
        sink.add(key(0, Channel::Text), line.response.bytes());
        if let Some(message) = &line.message {
            sink.add(key(0, Channel::Reasoning), message.thinking.bytes());
            sink.add(key(0, Channel::Text), message.content.bytes());
            for call in message.tool_calls.iter() {
                self.call(call, sink);
            }
        }
        if line.done == Some(true) {
            sink.kind = Some(FrameKind::Terminator);
            let reason = if line.done_reason.is_empty() { "stop".into() } else { line.done_reason.to_utf8() };
            sink.note(Note::Finish { choice: 0, reason });
            let usage = Usage { input: line.prompt_eval_count, output: line.eval_count, total: None };
            sink.note_usage((usage != Usage::default()).then_some(usage));
        }
    }

    fn call(&mut self, call: &ToolCall<'_>, sink: &mut Sink) {
        let block = self.calls;
        self.calls = self.calls.saturating_add(1);
        let name = call.function.as_ref().map(|function| function.name.to_utf8()).unwrap_or_default();
        sink.note(Note::Tool { choice: 0, block, id: call.id.to_utf8(), name });
        if let Some(arguments) = call.function.as_ref().and_then(|function| function.arguments) {
            // An object, which some gateways give as its text.
            match serde_json::from_str::<Text<'_>>(arguments.get()) {
                Ok(text) => sink.add(key(block, Channel::ToolArguments), text.bytes()),
                Err(_) => sink.add(key(block, Channel::ToolArguments), arguments.get().as_bytes()),
            }
        }
    }
}

fn key(block: u16, channel: Channel) -> ChannelKey {
    ChannelKey { choice: 0, block, channel }
}
