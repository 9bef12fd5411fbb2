//! Amazon Bedrock over AWS event streams: Converse events, or the model's own wire in base64 (`invoke`), or an agent's text.
//!
//! What a `chunk` holds is read by the reader of the dialect that it is recognised as, so Claude, gpt-oss and Cohere read as they
//! do elsewhere. An exception inside the stream is a message of its own kind, not an event.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Sink, by_frame,
    envelope::{Envelope, Hole},
    error,
    json::{self, Shape, Text},
    usage,
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note, Usage},
};

pub mod agent;
pub(in crate::core) mod base64;
mod invoke;
mod writer;

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "bedrock",
    title: "Amazon Bedrock",
    framing: Framing::EventStream,
    path: "/model/{model}/converse-stream",
    headers: BEARER,
    content_type: "application/vnd.amazon.eventstream",
    carries: &[Channel::Text, Channel::Reasoning, Channel::ToolArguments],
    ending: Ending::Finish,
    // Only a binary message has a message type where events have their id.
    recognise: |frame, value| match (frame.id, frame.event) {
        (b"event", b"chunk" | b"trace") => 2,
        (b"event" | b"exception" | b"error", event) if !event.is_empty() => 3,
        // A Converse answer that was not streamed.
        (b"", b"") if value.pointer("/output/message/content").is_some() && value.get("stopReason").is_some() => 3,
        _ => 0,
    },
    reader: || Box::<MessageReader>::default(),
    writer: writer::new,
    request: |_, prompt| {
        serde_json::json!({"messages": [{"role": "user", "content": [{"text": prompt}]}], "inferenceConfig": {}}).to_string()
    },
};

const TEXT: ChannelKey = ChannelKey { choice: 0, block: 0, channel: Channel::Text };

/// A Converse event's payload, whatever its type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    content_block_index: Option<u64>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    start: Option<Start<'a>>,
    #[serde(borrow, default)]
    stop_reason: Text<'a>,
    usage: Option<Counts>,
    /// Padding, so that the sizes of messages do not betray tokens.
    #[serde(borrow, default)]
    p: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow)]
    reasoning_content: Option<Reasoning<'a>>,
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
}

#[derive(Deserialize)]
struct Reasoning<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse<'a> {
    #[serde(borrow, default)]
    tool_use_id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    total_tokens: Option<u64>,
}

const TOOL: Shape = Shape::Object(&[("toolUseId", Shape::Text), ("name", Shape::Text)]);
const EVENT: Shape = Shape::Object(&[
    ("contentBlockIndex", Shape::Number),
    (
        "delta",
        Shape::Object(&[("text", Shape::Text), ("reasoningContent", Shape::Object(&[("text", Shape::Text)])), ("toolUse", TOOL)]),
    ),
    ("start", Shape::Object(&[("toolUse", TOOL)])),
    ("stopReason", Shape::Text),
    ("usage", Shape::Object(&[("inputTokens", Shape::Number), ("outputTokens", Shape::Number), ("totalTokens", Shape::Number)])),
    ("p", Shape::Text),
]);

/// Reads messages.
#[derive(Default)]
struct MessageReader {
    /// Learned from `contentBlockDelta` only.
    envelope: Envelope,
    /// The reader of what chunks hold.
    inner: Option<Box<dyn Reader>>,
    /// The chunks' own wire counts tokens.
    counted: bool,
}

impl Reader for MessageReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        if matches!(frame.id, b"exception" | b"error") {
            return exception(frame, sink);
        }
        match frame.event {
            b"contentBlockDelta" => {
                if !self.envelope.read(frame.data, sink) {
                    self.event(frame.event, frame.data, sink);
                }
            }
            b"chunk" => self.chunk(frame, sink),
            b"messageStart" | b"contentBlockStart" | b"contentBlockStop" | b"messageStop" | b"metadata" => {
                self.event(frame.event, frame.data, sink);
            }
            b"" => whole(frame.data, sink),
            // Agents tell what they do, and hand out files.
            b"trace" | b"returnControl" | b"files" | b"initial-response" => sink.kind = Some(FrameKind::Control),
            _ => sink.kind = Some(FrameKind::Unknown),
        }
    }
}

impl MessageReader {
    fn event(&mut self, name: &[u8], data: &[u8], sink: &mut Sink) {
        json::parse(data, &EVENT, sink, |data, sink| {
            let event = serde_json::from_slice::<Event<'_>>(data)?;
            if let Some((key, text)) = converse(name, &event, sink).filter(|(_, text)| !text.is_empty()) {
                self.envelope.learn(key, text, data, [(Hole::Padding, event.p.range_in(data))]);
            }
            Ok(())
        });
    }
}

/// Reads a Converse event of type `name`; gives its text if it says nothing else.
fn converse<'e, 'a>(name: &[u8], event: &'e Event<'a>, sink: &mut Sink) -> Option<(ChannelKey, &'e Text<'a>)> {
    let block = json::narrow(event.content_block_index, "contentBlockIndex", sink);
    let key = |channel| ChannelKey { choice: 0, block, channel };
    sink.kind = Some(FrameKind::Control);
    match name {
        b"contentBlockDelta" => {
            let delta = event.delta.as_ref()?;
            if let Some(tool) = &delta.tool_use {
                input(key(Channel::ToolArguments), tool, sink);
            }
            let said = match &delta.reasoning_content {
                Some(reasoning) => (key(Channel::Reasoning), &reasoning.text),
                None => (key(Channel::Text), &delta.text),
            };
            sink.add(said.0, said.1.bytes());
            // Signatures, redacted thoughts and citations are progress without words.
            if !sink.deltas.is_empty() {
                sink.kind = None;
            }
            return delta.tool_use.is_none().then_some(said);
        }
        b"contentBlockStart" => {
            if let Some(tool) = event.start.as_ref().and_then(|start| start.tool_use.as_ref()) {
                let (id, name) = (tool.tool_use_id.to_utf8(), tool.name.to_utf8());
                sink.note(Note::Tool { choice: 0, block, id, name });
            }
        }
        b"messageStop" => {
            if !event.stop_reason.is_empty() {
                sink.note(Note::Finish { choice: 0, reason: event.stop_reason.to_utf8() });
            }
        }
        b"metadata" => {
            if let Some(counts) = &event.usage {
                let (input, output, total) = (counts.input_tokens, counts.output_tokens, counts.total_tokens);
                sink.note(Note::Usage(Usage { input, output, total }));
            }
        }
        b"messageStart" | b"contentBlockStop" => {}
        _ => sink.kind = Some(FrameKind::Unknown),
    }
    None
}

/// A Converse answer that was not streamed.
fn whole(data: &[u8], sink: &mut Sink) {
    let value = json::free(data).unwrap_or_default();
    let Some(content) = value.pointer("/output/message/content").and_then(Value::as_array) else {
        match error::of_value(&value) {
            Some(error) => sink.note(error),
            None => sink.kind = Some(FrameKind::Unknown),
        }
        return;
    };
    for (block, part) in (0..u16::MAX).zip(content) {
        let word = |path: &str| part.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let key = |channel| ChannelKey { choice: 0, block, channel };
        sink.add(key(Channel::Reasoning), word("/reasoningContent/reasoningText/text").as_bytes());
        sink.add(key(Channel::Text), word("/text").as_bytes());
        if let Some(tool) = part.get("toolUse") {
            let (id, name) = (word("/toolUse/toolUseId").to_owned(), word("/toolUse/name").to_owned());
            sink.note(Note::Tool { choice: 0, block, id, name });
            let input = tool.get("input").map(Value::to_string).unwrap_or_default();
            sink.add(key(Channel::ToolArguments), input.as_bytes());
        }
    }
    if let Some(reason) = value.get("stopReason").and_then(Value::as_str) {
        sink.note(Note::Finish { choice: 0, reason: reason.to_owned() });
    }
    usage::note(value.get("usage"), sink);
}

/// A piece of arguments, or all of them as an object.
fn input(key: ChannelKey, tool: &ToolUse<'_>, sink: &mut Sink) {
    let Some(raw) = tool.input else { return };
    match serde_json::from_str::<Text<'_>>(raw.get()) {
        Ok(piece) => sink.add(key, piece.bytes()),
        Err(_) => sink.add(key, raw.get().as_bytes()),
    }
}

/// `{"message": ...}` under the name of an exception.
fn exception(frame: &FrameView<'_>, sink: &mut Sink) {
    let kind = String::from_utf8_lossy(frame.event).into_owned();
    let message = match error::of_body(None, frame.data) {
        Note::Error { message, .. } => message,
        _ => String::new(),
    };
    sink.note(Note::Error { kind, message });
}
