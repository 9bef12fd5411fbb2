//! Cohere v2 chat: typed events, the words inside `delta.message`.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Seen, Sink,
    envelope::Envelope,
    error,
    json::{self, Object, Shape, Text},
    usage::usage_of,
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note},
};

mod writer;

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "cohere-v2",
    title: "Cohere chat v2",
    framing: Framing::Sse,
    path: "/v2/chat",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &[Channel::Text, Channel::Reasoning, Channel::ToolArguments],
    ending: Ending::Finish,
    recognise: |_, value| {
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind.rsplit_once('-') {
            Some(("message" | "content" | "tool-call" | "tool-plan" | "citation", "start" | "delta" | "end")) => 3,
            // An answer that was not streamed.
            _ if value.pointer("/message/role").is_some() && value.get("finish_reason").is_some() => 2,
            _ => 0,
        }
    },
    reader: || Box::<EventReader>::default(),
    writer: writer::new,
    request: |model, prompt| {
        serde_json::json!({"model": model, "messages": [{"role": "user", "content": prompt}], "stream": true}).to_string()
    },
};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    index: Option<u64>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow, default)]
    finish_reason: Text<'a>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error_type: Text<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    // Lists stand here in the first event, and objects later.
    #[serde(borrow, default)]
    content: Object<Content<'a>>,
    #[serde(borrow, default)]
    tool_plan: Text<'a>,
    #[serde(borrow, default)]
    tool_calls: Object<ToolCall<'a>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow, default)]
    thinking: Text<'a>,
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
    #[serde(borrow, default)]
    arguments: Text<'a>,
}

const CALL: Shape =
    Shape::Object(&[("id", Shape::Text), ("function", Shape::Object(&[("name", Shape::Text), ("arguments", Shape::Text)]))]);
const MESSAGE: Shape = Shape::Object(&[
    ("content", Shape::Object(&[("text", Shape::Text), ("thinking", Shape::Text)])),
    ("tool_plan", Shape::Text),
    ("tool_calls", CALL),
]);
const EVENT: Shape = Shape::Object(&[
    ("type", Shape::Text),
    ("id", Shape::Text),
    ("index", Shape::Number),
    ("delta", Shape::Object(&[("message", MESSAGE), ("finish_reason", Shape::Text), ("error_type", Shape::Text)])),
]);

/// Reads events.
#[derive(Default)]
struct EventReader {
    seen: Seen,
    envelope: Envelope,
}

impl Reader for EventReader {
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

impl EventReader {
    fn event(&mut self, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        let message = event.delta.as_ref().and_then(|delta| delta.message.as_ref());
        match event.kind.bytes() {
            b"content-delta" => self.content(event, message.and_then(|message| message.content.0.as_ref()), data, sink),
            b"content-start" => {
                // The block begins, mostly without a word: nothing like it follows, so nothing is learned.
                self.content(event, message.and_then(|message| message.content.0.as_ref()), b"", sink);
                if !sink.deltas.is_empty() {
                    sink.note(Note::Opening);
                }
            }
            b"tool-plan-delta" => {
                if let Some(message) = message {
                    let key = ChannelKey { choice: 0, block: 0, channel: Channel::Reasoning };
                    self.say(key, &message.tool_plan, data, sink);
                }
            }
            b"tool-call-start" | b"tool-call-delta" => tool(event, message.and_then(|message| message.tool_calls.0.as_ref()), sink),
            b"message-start" => {
                sink.kind = Some(FrameKind::Control);
                self.seen.id(event.id.bytes(), sink);
            }
            b"message-end" => {
                sink.kind = Some(FrameKind::Control);
                event.delta.iter().for_each(|delta| end(delta, sink));
            }
            b"" => whole(data, sink),
            b"content-end" | b"tool-call-end" | b"citation-start" | b"citation-end" => sink.kind = Some(FrameKind::Control),
            _ => match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                None => sink.kind = Some(FrameKind::Unknown),
            },
        }
    }

    fn say(&mut self, key: ChannelKey, text: &Text<'_>, data: &[u8], sink: &mut Sink) {
        sink.add(key, text.bytes());
        if !text.is_empty() {
            self.envelope.learn(key, text, data, []);
        }
    }

    fn content(&mut self, event: &Event<'_>, content: Option<&Content<'_>>, data: &[u8], sink: &mut Sink) {
        let Some(content) = content else { return };
        let block = block_of(event, sink);
        let (text, thinking) = (ChannelKey { choice: 0, block, channel: Channel::Text }, Channel::Reasoning);
        let thinking = ChannelKey { channel: thinking, ..text };
        match (content.text.is_empty(), content.thinking.is_empty()) {
            (_, true) => self.say(text, &content.text, data, sink),
            (true, false) => self.say(thinking, &content.thinking, data, sink),
            (false, false) => {
                sink.add(thinking, content.thinking.bytes());
                sink.add(text, content.text.bytes());
            }
        }
        if sink.deltas.is_empty() {
            sink.kind = Some(FrameKind::Control);
        }
    }
}

fn tool(event: &Event<'_>, call: Option<&ToolCall<'_>>, sink: &mut Sink) {
    let Some(call) = call else { return };
    let block = block_of(event, sink);
    let name = call.function.as_ref().map(|function| function.name.to_utf8()).unwrap_or_default();
    if !call.id.is_empty() || !name.is_empty() {
        sink.note(Note::Tool { choice: 0, block, id: call.id.to_utf8(), name });
    }
    if let Some(function) = &call.function {
        sink.add(ChannelKey { choice: 0, block, channel: Channel::ToolArguments }, function.arguments.bytes());
    }
}

fn block_of(event: &Event<'_>, sink: &mut Sink) -> u16 {
    json::narrow(event.index, "index", sink)
}

fn end(delta: &Delta<'_>, sink: &mut Sink) {
    if !delta.finish_reason.is_empty() {
        sink.note(Note::Finish { choice: 0, reason: delta.finish_reason.to_utf8() });
    }
    if let Some(usage) = delta.usage.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok()) {
        let counted = ["tokens", "billed_units"].iter().find_map(|name| usage.get(*name).and_then(usage_of));
        sink.note_usage(counted);
    }
    let failed = delta.finish_reason.bytes().starts_with(b"ERROR");
    if let Some(error) = delta.error.filter(|raw| raw.get() != "null") {
        let mut body = serde_json::json!({ "error": serde_json::from_str::<Value>(error.get()).unwrap_or_default() });
        if !delta.error_type.is_empty() {
            body["error_type"] = delta.error_type.to_utf8().into();
        }
        sink.notes.extend(error::of_value(&body));
        sink.kind = Some(FrameKind::Error);
    } else if failed {
        let message = "the generation ended with an error".into();
        sink.note(Note::Error { kind: delta.finish_reason.to_utf8(), message });
        sink.kind = Some(FrameKind::Error);
    }
}

/// An answer that was not streamed, or an error.
fn whole(data: &[u8], sink: &mut Sink) {
    let value = json::free(data).unwrap_or_default();
    let Some(message) = value.get("message").filter(|message| message.is_object()) else {
        match error::of_value(&value) {
            Some(error) => sink.note(error),
            None => sink.kind = Some(FrameKind::Unknown),
        }
        return;
    };
    let list = |name: &str| (0..u16::MAX).zip(message.get(name).and_then(Value::as_array).into_iter().flatten());
    let word = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let key = |block, channel| ChannelKey { choice: 0, block, channel };
    for (block, part) in list("content") {
        sink.add(key(block, Channel::Reasoning), word(part, "/thinking").as_bytes());
        sink.add(key(block, Channel::Text), word(part, "/text").as_bytes());
    }
    for (block, call) in list("tool_calls") {
        sink.note(Note::Tool { choice: 0, block, id: word(call, "/id"), name: word(call, "/function/name") });
        sink.add(key(block, Channel::ToolArguments), word(call, "/function/arguments").as_bytes());
    }
    let reason = word(&value, "/finish_reason");
    if !reason.is_empty() {
        sink.note(Note::Finish { choice: 0, reason });
    }
    sink.note_usage(["/usage/tokens", "/usage/billed_units"].iter().find_map(|path| value.pointer(path).and_then(usage_of)));
}
