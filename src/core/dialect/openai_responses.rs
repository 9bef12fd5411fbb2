//! OpenAI Responses: typed events, numbered, and everything said up to five times.
//!
//! Only `*.delta` events add text. What `*.done`, `content_part.done`, `output_item.done` and `response.completed` repeat is read
//! as a snapshot, and as text only where no delta ever said it. Blocks are numbered by (output, part) in the order in which they
//! appear, because some gateways give an item another id in every event. A second `response.created` starts a new turn.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Seen, Sink,
    envelope::{Envelope, Hole},
    error,
    json::{self, Shape, Text},
};
use crate::core::{
    frame::Framing,
    reading::{Channel, FrameKind, Identity, Note},
};

mod blocks;
mod thought;
mod whole;
mod writer;

use blocks::Blocks;
use thought::Thought;

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "openai-responses",
    title: "OpenAI Responses",
    framing: Framing::Sse,
    path: "/responses",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &Channel::ALL,
    ending: Ending::Finish,
    recognise: |_, value| {
        let word = |name: &str| value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let numbered = value.get("sequence_number").is_some();
        match (word("type"), word("object")) {
            (kind, _) if kind.starts_with("response.") => 3,
            ("error" | "keepalive", _) if numbered => 3,
            (_, "response") => 3,
            _ => 0,
        }
    },
    reader: || Box::<EventReader>::default(),
    writer: writer::new,
    request: |model, prompt| serde_json::json!({"model": model, "input": prompt, "stream": true}).to_string(),
};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    sequence_number: Option<&'a RawValue>,
    output_index: Option<u64>,
    #[serde(alias = "summary_index", alias = "command_index")]
    content_index: Option<u64>,
    #[serde(borrow, default)]
    delta: Text<'a>,
    #[serde(borrow, default)]
    obfuscation: Text<'a>,
    /// What a `*.done` repeats, under the name that its kind has.
    #[serde(borrow, default, alias = "arguments", alias = "refusal", alias = "input", alias = "code", alias = "diff")]
    #[serde(alias = "command")]
    text: Text<'a>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    part: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    object: Text<'a>,
}

/// What a response is called.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
}

const EVENT: Shape = Shape::Object(&[
    ("type", Shape::Text),
    ("sequence_number", Shape::Number),
    ("output_index", Shape::Number),
    ("content_index", Shape::Number),
    ("summary_index", Shape::Number),
    ("command_index", Shape::Number),
    // What a shell printed comes as an object.
    ("delta", Shape::TextIfAny),
    ("obfuscation", Shape::Text),
    ("text", Shape::Text),
    ("arguments", Shape::Text),
    ("refusal", Shape::Text),
    ("input", Shape::Text),
    ("code", Shape::Text),
    ("diff", Shape::Text),
    ("command", Shape::Text),
    ("object", Shape::Text),
]);

/// The channel of an event's text, by the words between `response.` and `.delta` or `.done`.
fn channel_of(what: &[u8]) -> Option<Channel> {
    match what {
        b"output_text" | b"audio.transcript" | b"audio_transcript" => Some(Channel::Text),
        b"refusal" => Some(Channel::Refusal),
        b"reasoning_summary_text" | b"reasoning_text" | b"reasoning_summary" | b"reasoning" => Some(Channel::Reasoning),
        b"function_call_arguments"
        | b"custom_tool_call_input"
        | b"mcp_call_arguments"
        | b"code_interpreter_call_code"
        | b"shell_call_command"
        | b"apply_patch_call_operation_diff" => Some(Channel::ToolArguments),
        _ => None,
    }
}

/// Reads events; knows what was said already.
#[derive(Default)]
struct EventReader {
    seen: Seen,
    blocks: Blocks,
    /// Responses begun so far: each numbers its events anew.
    turns: u32,
    /// The id of the latest one.
    response: Vec<u8>,
    envelope: Envelope,
    thought: Thought,
}

impl Reader for EventReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        if self.envelope.read(frame.data, sink) {
            if sink.deltas.first().is_some_and(|(key, ..)| key.channel == Channel::Reasoning) {
                self.thought.goes_on(&sink.text);
            }
            sink.identity = sink.identity.map(|identity| identity.of_generation(self.turns));
            return;
        }
        // OpenAI ends with the response, but OpenRouter adds its usual terminator.
        json::read(frame.data, &EVENT, sink, |data, sink| {
            let event = serde_json::from_slice::<Event<'_>>(data)?;
            self.event(&event, data, sink);
            Ok(())
        });
    }
}

impl EventReader {
    fn event(&mut self, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        let kind = event.kind.bytes();
        if kind == b"response.created" {
            self.created(event, sink);
        }
        let number = event.sequence_number.and_then(|raw| raw.get().parse().ok());
        sink.identity = number.map(|number| Identity::sequence(number).of_generation(self.turns));
        let Some(name) = kind.strip_prefix(b"response.") else { return self.other(event, data, sink) };
        if let Some(what) = name.strip_suffix(b".delta") {
            return self.delta(what, event, data, sink);
        }
        sink.kind = Some(FrameKind::Control);
        match name {
            b"created" | b"in_progress" | b"queued" => self.response(event, false, sink),
            b"completed" | b"incomplete" | b"failed" | b"cancelled" => self.response(event, true, sink),
            b"output_item.added" => self.item(event, false, sink),
            b"output_item.done" => self.item(event, true, sink),
            b"content_part.done" | b"reasoning_part.done" | b"reasoning_summary_part.done" => self.part(event, false, sink),
            b"content_part.added" | b"reasoning_part.added" | b"reasoning_summary_part.added" => self.part(event, true, sink),
            b"output_text.annotation.added" | b"shell_call_command.added" => {}
            _ => self.phase(name, event, sink),
        }
    }

    /// `*.done` of a text, or the phase of a call: `web_search_call.searching`.
    fn phase(&mut self, name: &[u8], event: &Event<'_>, sink: &mut Sink) {
        let what = name.strip_suffix(b".done").unwrap_or_default();
        if let Some(channel) = channel_of(what) {
            let key = self.blocks.key(event.output_index, event.content_index, channel);
            return self.blocks.restate(key, event.text.bytes(), sink);
        }
        let mut words = name.splitn(2, |byte| *byte == b'.');
        let subject = words.next().unwrap_or_default();
        let known = subject.ends_with(b"_call") || subject == b"mcp_list_tools" || subject == b"audio";
        if !known && what != b"shell_call_output_content" {
            sink.kind = Some(FrameKind::Unknown);
        }
    }

    fn delta(&mut self, what: &[u8], event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        let Some(channel) = channel_of(what) else {
            // What a tool printed, or sound: progress, but no words of the model.
            let known = matches!(what, b"shell_call_output_content" | b"audio");
            sink.kind = Some(if known { FrameKind::Control } else { FrameKind::Unknown });
            return;
        };
        let key = self.blocks.key(event.output_index, event.content_index, channel);
        self.blocks.say(key, event.delta.bytes(), sink);
        if channel == Channel::Reasoning {
            let summary = what.starts_with(b"reasoning_summary");
            if self.thought.is_mirrored(event.output_index.unwrap_or(0), summary, event.delta.bytes()) {
                sink.mirrored();
            }
        }
        let number = event.sequence_number.and_then(|raw| json::range_in(raw.get().as_bytes(), data));
        let padding = event.obfuscation.range_in(data);
        if !event.delta.is_empty() && event.item.is_none() && event.response.is_none() {
            self.envelope.learn(key, &event.delta, data, [(Hole::Number, number), (Hole::Padding, padding)]);
        }
    }

    fn created(&mut self, event: &Event<'_>, sink: &mut Sink) {
        let response = event.response.and_then(|raw| serde_json::from_str::<Named<'_>>(raw.get()).ok());
        let id = response.as_ref().map_or(&b""[..], |response| response.id.bytes());
        // A response that is announced twice under one id is the same response, sent again after a reconnect.
        if self.turns > 0 && (id.is_empty() || id != self.response.as_slice()) {
            sink.note(Note::NewTurn);
            self.blocks.new_turn();
            self.turns += 1;
        }
        self.turns = self.turns.max(1);
        self.response = id.to_vec();
    }

    /// Events without `response.`: keep-alives, errors, a response that was not streamed.
    fn other(&mut self, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        if event.object.bytes() == b"response" {
            sink.kind = Some(FrameKind::Control);
            return self.whole(data, true, sink);
        }
        let value = json::free(data);
        match (event.kind.bytes(), value.as_ref().and_then(error::of_value)) {
            (_, Some(error)) => sink.note(error),
            (b"keepalive" | b"ping", None) => sink.kind = Some(FrameKind::KeepAlive),
            (kind, None) if kind.starts_with(b"codex.") => sink.kind = Some(FrameKind::Control),
            // `{"type": "error", "message": ..., "code": ...}`: the fields stand beside the type.
            (b"error", None) => {
                sink.note(Note::Error { kind: "error".into(), message: value.map(|value| value.to_string()).unwrap_or_default() })
            }
            _ => sink.kind = Some(FrameKind::Unknown),
        }
    }
}
