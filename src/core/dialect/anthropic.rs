//! Anthropic messages, and the older text completions.
//!
//! Deltas carry no identity but their block's index. A second `message_start` in one body starts the indexes over, so the blocks
//! of each message follow those of the message before.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    DialectInfo, Ending, FrameView, Reader, Seen, Sink,
    envelope::{self, Envelope, Hole},
    error,
    json::{self, Shape, Text},
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note, Usage},
};

mod writer;

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "anthropic",
    title: "Anthropic messages",
    framing: Framing::Sse,
    path: "/v1/messages",
    headers: &[("x-api-key", "{key}"), ("anthropic-version", "2023-06-01")],
    content_type: "text/event-stream",
    carries: &[Channel::Text, Channel::Reasoning, Channel::ToolArguments],
    ending: Ending::Terminator,
    recognise,
    reader: || Box::<MessagesReader>::default(),
    writer: writer::new,
    request: |model, prompt| {
        serde_json::json!({
            "model": model,
            "max_tokens": 1024,
            "messages": [{"role": "user", "content": prompt}],
            "stream": true,
        })
        .to_string()
    },
};

fn recognise(_: &FrameView<'_>, value: &Value) -> u8 {
    match value.get("type").and_then(Value::as_str) {
        Some(
            "message_start"
            | "content_block_start"
            | "content_block_delta"
            | "content_block_stop"
            | "message_delta"
            | "message_stop",
        ) => 3,
        Some("message") if value.get("content").is_some_and(Value::is_array) => 3,
        // Its older wire has them too.
        Some("ping") => 1,
        Some("error") if value.get("error").is_some() && value.get("sequence_number").is_none() => 2,
        _ => 0,
    }
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    index: Option<u64>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    content_block: Option<Block<'a>>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    completion: Text<'a>,
    #[serde(borrow, default)]
    stop_reason: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    model: Text<'a>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

/// What a message says as it begins.
#[derive(Deserialize)]
struct Begun<'a> {
    #[serde(borrow)]
    content: Option<Vec<Block<'a>>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow, default)]
    thinking: Text<'a>,
    #[serde(borrow, default)]
    partial_json: Text<'a>,
    #[serde(borrow, default)]
    stop_reason: Text<'a>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow, default)]
    thinking: Text<'a>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

impl Block<'_> {
    /// The input of a call that is begun with all of it: mostly it is empty, and deltas bring it.
    fn whole_input(&self) -> Option<&str> {
        let input = self.input.filter(|_| self.kind.bytes().ends_with(b"tool_use"))?.get();
        let empty = input == "null" || input.bytes().all(|byte| matches!(byte, b'{' | b'}' | b'"') || byte.is_ascii_whitespace());
        (!empty).then_some(input)
    }
}

/// Whether blocks of type `kind` are known, whatever is read from them.
fn is_known(kind: &[u8]) -> bool {
    let others: &[&[u8]] =
        &[b"", b"text", b"thinking", b"redacted_thinking", b"image", b"document", b"container_upload", b"compaction", b"fallback"];
    kind.ends_with(b"tool_use") || kind.ends_with(b"tool_result") || others.contains(&kind)
}

const EVENT: Shape = Shape::Object(&[
    ("type", Shape::Text),
    ("index", Shape::Number),
    (
        "delta",
        Shape::Object(&[
            ("type", Shape::Text),
            ("text", Shape::Text),
            ("thinking", Shape::Text),
            ("partial_json", Shape::Text),
            ("stop_reason", Shape::Text),
        ]),
    ),
    ("content_block", BLOCK),
    ("completion", Shape::Text),
    ("stop_reason", Shape::Text),
    ("id", Shape::Text),
    ("model", Shape::Text),
]);
const BLOCK: Shape = Shape::Object(&[
    ("type", Shape::Text),
    ("id", Shape::Text),
    ("name", Shape::Text),
    ("text", Shape::Text),
    ("thinking", Shape::Text),
]);

/// Reads events; knows where the current message's blocks begin.
#[derive(Default)]
struct MessagesReader {
    seen: Seen,
    started: bool,
    /// What is added to a block's index.
    offset: u16,
    /// One past the highest block so far.
    blocks: u16,
    usage: Usage,
    /// The block that began with its whole input, and that input: it counts where no delta brings it.
    input: Option<(u16, String)>,
    envelope: Envelope,
}

impl Reader for MessagesReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        if self.envelope.read(frame.data, sink) {
            self.seen.id(self.envelope.name(frame.data), sink);
            return;
        }
        // Anthropic never sends it, but a gateway in front of it does.
        json::read(frame.data, &EVENT, sink, |data, sink| {
            let event = serde_json::from_slice::<Event<'_>>(data)?;
            self.event(&event, data, sink);
            Ok(())
        });
    }
}

impl MessagesReader {
    fn event(&mut self, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        match event.kind.bytes() {
            b"content_block_delta" => self.delta(event, data, sink),
            b"content_block_start" => self.block_start(event, sink),
            b"content_block_stop" => {
                sink.kind = Some(FrameKind::Control);
                let block = self.block_of(event, sink);
                if let Some((_, input)) = self.input.take().filter(|(begun, _)| *begun == block) {
                    sink.add(key(block, Channel::ToolArguments), input.as_bytes());
                    sink.kind = None;
                }
                sink.note(Note::Stop { block });
            }
            b"message_start" => self.message_start(event, sink),
            b"message_delta" => {
                sink.kind = Some(FrameKind::Control);
                if let Some(delta) = &event.delta {
                    finish(&delta.stop_reason, sink);
                }
                self.usage(event.usage, sink);
            }
            b"message_stop" => sink.kind = Some(FrameKind::Terminator),
            b"ping" => sink.kind = Some(FrameKind::KeepAlive),
            b"completion" => {
                self.seen.id(event.id.bytes(), sink);
                self.seen.model(event.model.bytes(), sink);
                sink.add(key(0, Channel::Text), event.completion.bytes());
                finish(&event.stop_reason, sink);
                let quiet = sink.notes.iter().all(|note| matches!(note, Note::CompletionId(_) | Note::Model(_)));
                if event.stop_reason.is_empty() && quiet {
                    let id = event.id.range_in(data);
                    self.envelope.learn(key(0, Channel::Text), &event.completion, data, [(Hole::Name, id)]);
                }
            }
            b"message" => self.message(event, sink),
            _ => match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                None => sink.kind = Some(FrameKind::Unknown),
            },
        }
    }

    fn message_start(&mut self, event: &Event<'_>, sink: &mut Sink) {
        sink.kind = Some(FrameKind::Control);
        if std::mem::replace(&mut self.started, true) {
            self.offset = self.blocks;
            sink.note(Note::NewTurn);
        }
        let Some(message) = event.message.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok()) else { return };
        let word = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default().as_bytes();
        self.seen.id(word("id"), sink);
        self.seen.model(word("model"), sink);
        if let Some(value) = message.get("usage") {
            self.add_usage(value, sink);
        }
        // Mostly an empty list; a call that the server's own code made stands there whole.
        let begun = event.message.and_then(|raw| serde_json::from_str::<Begun<'_>>(raw.get()).ok());
        let before = sink.deltas.len();
        let blocks = begun.and_then(|begun| begun.content);
        for (block, content) in (self.offset..u16::MAX).zip(blocks.iter().flatten()) {
            whole_block(block, content, sink);
            self.blocks = self.blocks.max(block.saturating_add(1));
        }
        if sink.deltas.len() > before {
            sink.kind = None;
            sink.note(Note::Opening);
        }
    }

    fn usage(&mut self, raw: Option<&RawValue>, sink: &mut Sink) {
        if let Some(value) = raw.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok()) {
            self.add_usage(&value, sink);
        }
    }

    /// `message_start` counts the input, `message_delta` mostly only the output so far: the note says both.
    fn add_usage(&mut self, value: &Value, sink: &mut Sink) {
        let count = |name: &str| value.get(name).and_then(Value::as_u64);
        let (input, output) = (count("input_tokens"), count("output_tokens"));
        if input.or(output).is_some() {
            self.usage = Usage { input: input.or(self.usage.input), output: output.or(self.usage.output), total: None };
            sink.note(Note::Usage(self.usage));
        }
    }

    fn block_of(&mut self, event: &Event<'_>, sink: &mut Sink) -> u16 {
        let index = json::narrow(event.index, "index", sink);
        let block = self.offset.saturating_add(index);
        self.blocks = self.blocks.max(block.saturating_add(1));
        block
    }

    fn block_start(&mut self, event: &Event<'_>, sink: &mut Sink) {
        let block = self.block_of(event, sink);
        sink.kind = Some(FrameKind::Control);
        let Some(content) = &event.content_block else { return };
        if !is_known(content.kind.bytes()) {
            sink.kind = Some(FrameKind::Unknown);
        }
        if content_block(block, content, sink) {
            sink.note(Note::Opening);
        }
        self.input = content.whole_input().map(|input| (block, input.to_owned()));
    }

    fn delta(&mut self, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        let block = self.block_of(event, sink);
        let Some(delta) = &event.delta else { return };
        let (channel, text) = match delta.kind.bytes() {
            b"text_delta" | b"" => (Channel::Text, &delta.text),
            b"thinking_delta" => (Channel::Reasoning, &delta.thinking),
            b"input_json_delta" => (Channel::ToolArguments, &delta.partial_json),
            // Progress, but no text of the answer.
            b"signature_delta" | b"citations_delta" | b"compaction_delta" => {
                sink.kind = Some(FrameKind::Control);
                return;
            }
            _ => {
                sink.kind = Some(FrameKind::Unknown);
                return;
            }
        };
        if channel == Channel::ToolArguments && !text.is_empty() {
            self.input = None;
        }
        sink.add(key(block, channel), text.bytes());
        self.envelope.learn(key(block, channel), text, data, [(Hole::Blank, envelope::blank_end(data))]);
    }

    /// A whole message, not streamed.
    fn message(&mut self, event: &Event<'_>, sink: &mut Sink) {
        self.seen.id(event.id.bytes(), sink);
        self.seen.model(event.model.bytes(), sink);
        if let Some(blocks) = event.content.and_then(|raw| serde_json::from_str::<Vec<Block<'_>>>(raw.get()).ok()) {
            for (block, content) in (0..u16::MAX).zip(&blocks) {
                whole_block(block, content, sink);
            }
        }
        // It is all there is: no `message_stop` follows.
        sink.kind = Some(FrameKind::Terminator);
        finish(&event.stop_reason, sink);
        self.usage(event.usage, sink);
    }
}

/// What a block says when it begins; mostly its text is still empty. True if it is not.
fn content_block(block: u16, content: &Block<'_>, sink: &mut Sink) -> bool {
    if content.kind.bytes().ends_with(b"tool_use") {
        sink.note(Note::Tool { choice: 0, block, id: content.id.to_utf8(), name: content.name.to_utf8() });
    }
    let before = sink.deltas.len();
    match content.kind.bytes() {
        b"text" => sink.add(key(block, Channel::Text), content.text.bytes()),
        b"thinking" => sink.add(key(block, Channel::Reasoning), content.thinking.bytes()),
        _ => {}
    }
    let speaks = sink.deltas.len() > before;
    if speaks {
        sink.kind = None;
    }
    speaks
}

/// A block that is there whole, with its input if it is a call.
fn whole_block(block: u16, content: &Block<'_>, sink: &mut Sink) {
    content_block(block, content, sink);
    if let Some(input) = content.input.filter(|_| content.kind.bytes().ends_with(b"tool_use")) {
        sink.add(key(block, Channel::ToolArguments), input.get().as_bytes());
    }
}

fn key(block: u16, channel: Channel) -> ChannelKey {
    ChannelKey { choice: 0, block, channel }
}

fn finish(reason: &Text<'_>, sink: &mut Sink) {
    if !reason.is_empty() {
        sink.note(Note::Finish { choice: 0, reason: reason.to_utf8() });
    }
}
