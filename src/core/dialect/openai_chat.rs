//! OpenAI chat completions, and what its many imitators do to them.
//!
//! Accepted on purpose: two finish reasons, usage before, in or after the finish chunk, in every chunk or under `x_groq`, a
//! missing `[DONE]`, a preface without an id, content as a list of parts, reasoning under two names, and the legacy `text`.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, value::RawValue};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Sink,
    envelope::{Envelope, Hole},
    error,
    json::{self, Few, Shape, Text, TextOr},
    usage::usage_of,
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note},
};

mod writer;

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "openai-chat",
    title: "OpenAI chat completions",
    framing: Framing::Sse,
    path: "/chat/completions",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &Channel::ALL,
    ending: Ending::Finish,
    recognise,
    reader: || Box::<ChatReader>::default(),
    writer: writer::new,
    request: |model, prompt| {
        serde_json::json!({
            "model": model,
            "messages": [{"role": "user", "content": prompt}],
            "stream": true,
            "stream_options": {"include_usage": true},
        })
        .to_string()
    },
};

fn recognise(_: &FrameView<'_>, value: &Value) -> u8 {
    let kind = value.get("object").and_then(Value::as_str).unwrap_or_default();
    if kind.starts_with("chat.completion") {
        return 3;
    }
    match value.get("choices") {
        Some(Value::Array(choices))
            if choices.iter().all(|choice| choice.get("delta").is_some() || choice.get("message").is_some()) =>
        {
            2
        }
        Some(Value::Array(_)) => 1,
        _ => 0,
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    model: Text<'a>,
    object: Option<IgnoredAny>,
    /// Some count it up during the stream.
    #[serde(borrow)]
    created: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Option<Few<Choice<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    x_groq: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    /// Padding of random length, so that the sizes of chunks do not betray tokens; Mistral calls it `p`.
    #[serde(borrow, default, alias = "p")]
    obfuscation: Text<'a>,
}

impl<'a> Chunk<'a> {
    /// The one string that this chunk says, if it says nothing else that could differ from chunk to chunk.
    fn only_text(&self) -> Option<(ChannelKey, &Text<'a>)> {
        let mut choices = self.choices.as_ref()?.iter();
        let (choice, None) = (choices.next()?, choices.next()) else { return None };
        if choice.message.is_some() || !choice.finish_reason.is_empty() {
            return None;
        }
        let Some(delta) = &choice.delta else {
            return (!choice.text.is_empty()).then(|| (key(choice.number(), 0, Channel::Text), &choice.text));
        };
        let silent = delta.refusal.is_empty()
            && delta.reasoning.is_empty()
            && delta.tool_calls.is_none()
            && delta.function_call.is_none()
            && delta.reasoning_details.as_ref().is_none_or(|details| details.iter().next().is_none());
        let TextOr::Text(content) = &delta.content else { return None };
        match (silent, content.is_empty(), delta.reasoning_content.is_empty()) {
            (true, false, true) => Some((key(choice.number(), 0, Channel::Text), content)),
            (true, true, false) => Some((key(choice.number(), 0, Channel::Reasoning), &delta.reasoning_content)),
            _ => None,
        }
    }
}

impl Choice<'_> {
    fn number(&self) -> u16 {
        self.index.unwrap_or(0).min(u64::from(u16::MAX)) as u16
    }
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    // Boxed, like all that is rare: the struct is moved once per frame, so it should be small.
    #[serde(borrow)]
    message: Option<Box<Delta<'a>>>,
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow, default)]
    finish_reason: Text<'a>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: TextOr<'a, Part<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Text<'a>,
    #[serde(borrow, default)]
    reasoning: Text<'a>,
    /// Mostly the same thought once more, in parts; read where it is the only one.
    #[serde(borrow)]
    reasoning_details: Option<Box<Few<Detail<'a>>>>,
    #[serde(borrow, default)]
    refusal: Text<'a>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow)]
    function_call: Option<Box<Function<'a>>>,
}

/// A part of a thought; one that is encrypted has no text.
#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow, default)]
    summary: Text<'a>,
}

/// A part of a content list: `{type: text, text}` or `{type: thinking, thinking: [parts]}`.
#[derive(Debug, Clone, Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow, default)]
    thinking: TextOr<'a, Thought<'a>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Thought<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
}

#[derive(Debug, Clone, Deserialize)]
struct ToolCall<'a> {
    index: Option<u64>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: Text<'a>,
}

const FUNCTION: Shape = Shape::Object(&[("name", Shape::Text), ("arguments", Shape::Text)]);
const PART: Shape =
    Shape::Object(&[("text", Shape::Text), ("thinking", Shape::TextOrList(&Shape::Object(&[("text", Shape::Text)])))]);
const DELTA: Shape = Shape::Object(&[
    ("content", Shape::TextOrList(&PART)),
    ("reasoning_content", Shape::Text),
    ("reasoning", Shape::Text),
    ("reasoning_details", Shape::List(&Shape::Object(&[("text", Shape::Text), ("summary", Shape::Text)]))),
    ("refusal", Shape::Text),
    ("tool_calls", Shape::List(&Shape::Object(&[("index", Shape::Number), ("id", Shape::Text), ("function", FUNCTION)]))),
    ("function_call", FUNCTION),
]);
const CHOICE: Shape = Shape::Object(&[
    ("index", Shape::Number),
    ("delta", DELTA),
    ("message", DELTA),
    ("text", Shape::Text),
    ("finish_reason", Shape::Text),
]);
const CHUNK: Shape = Shape::Object(&[
    ("id", Shape::Text),
    ("model", Shape::Text),
    ("object", Shape::Text),
    ("obfuscation", Shape::Text),
    ("p", Shape::Text),
    ("choices", Shape::List(&CHOICE)),
]);

/// Reads chunks; remembers what is noted only when it changes.
#[derive(Default)]
struct ChatReader {
    seen: super::Seen,
    envelope: Envelope,
    /// The latest call of each choice that came without an index.
    calls: Vec<(u16, u16, Vec<u8>)>,
}

impl Reader for ChatReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        if self.envelope.read(frame.data, sink) {
            return;
        }
        match frame.data.trim_ascii() {
            b"" => sink.kind = Some(FrameKind::KeepAlive),
            b"[DONE]" => sink.kind = Some(FrameKind::Terminator),
            _ => json::parse(frame.data, &CHUNK, sink, |data, sink| {
                let chunk = serde_json::from_slice::<Chunk<'_>>(data)?;
                self.chunk(&chunk, data, sink);
                if let Some((key, text)) = chunk.only_text().filter(|_| sink.notes.is_empty()) {
                    let created = chunk.created.and_then(|raw| json::range_in(raw.get().as_bytes(), data));
                    let padding = chunk.obfuscation.range_in(data);
                    self.envelope.learn(key, text, data, [(Hole::Digits, created), (Hole::Padding, padding)]);
                }
                Ok(())
            }),
        }
    }
}

impl ChatReader {
    fn chunk(&mut self, chunk: &Chunk<'_>, data: &[u8], sink: &mut Sink) {
        self.seen.id(chunk.id.bytes(), sink);
        self.seen.model(chunk.model.bytes(), sink);
        if let Some(choices) = &chunk.choices {
            for choice in choices.iter() {
                self.choice(choice, sink);
            }
        } else if chunk.usage.is_none() && chunk.x_groq.is_none() && chunk.object.is_none() {
            // Nothing of a chunk is here: an error of its own shape, or a frame of something else.
            match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                None => sink.kind = Some(FrameKind::Unknown),
            }
            return;
        }
        usage(chunk.usage, sink);
        if let Some(value) = chunk.x_groq.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok()) {
            sink.note_usage(value.get("usage").and_then(usage_of));
        }
        if chunk.error.is_some() {
            sink.notes.extend(json::free(data).as_ref().and_then(error::of_value));
        }
    }

    fn choice(&mut self, choice: &Choice<'_>, sink: &mut Sink) {
        let index = choice.number();
        // Some send the text so far as `message` beside the increment, some the increment once more as `text`: read one.
        match (&choice.delta, &choice.message) {
            (Some(delta), message) => {
                self.delta(index, delta, sink);
                // Where it is more than the increment it is a snapshot.
                if let Some(TextOr::Text(whole)) = message.as_ref().map(|message| &message.content)
                    && !matches!(&delta.content, TextOr::Text(piece) if piece == whole)
                {
                    sink.snapshot(key(index, 0, Channel::Text), whole.bytes());
                }
            }
            (None, Some(delta)) => self.delta(index, delta, sink),
            (None, None) => sink.add(key(index, 0, Channel::Text), choice.text.bytes()),
        }
        if !choice.finish_reason.is_empty() {
            sink.note(Note::Finish { choice: index, reason: choice.finish_reason.to_utf8() });
        }
        usage(choice.usage, sink);
        if let Some(value) = choice.error.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok()) {
            sink.notes.extend(error::of_value(&serde_json::json!({ "error": value })));
        }
    }

    fn delta(&mut self, choice: u16, delta: &Delta<'_>, sink: &mut Sink) {
        let reasoning = key(choice, 0, Channel::Reasoning);
        sink.add(reasoning, delta.reasoning_content.bytes());
        if delta.reasoning != delta.reasoning_content {
            sink.add(reasoning, delta.reasoning.bytes());
        }
        if delta.reasoning.is_empty() && delta.reasoning_content.is_empty() {
            for detail in delta.reasoning_details.iter().flat_map(|details| details.iter()) {
                sink.add(reasoning, detail.text.bytes());
                sink.add(reasoning, detail.summary.bytes());
            }
        }
        match &delta.content {
            TextOr::Text(text) => sink.add(key(choice, 0, Channel::Text), text.bytes()),
            TextOr::Parts(parts) => {
                for part in parts {
                    match &part.thinking {
                        TextOr::Text(text) => sink.add(reasoning, text.bytes()),
                        TextOr::Parts(thoughts) => thoughts.iter().for_each(|thought| sink.add(reasoning, thought.text.bytes())),
                    }
                    sink.add(key(choice, 0, Channel::Text), part.text.bytes());
                }
            }
        }
        sink.add(key(choice, 0, Channel::Refusal), delta.refusal.bytes());
        for call in delta.tool_calls.iter().flatten() {
            let block = self.block_of(choice, call);
            function(choice, block, &call.id, call.function.as_ref(), sink);
        }
        if let Some(call) = &delta.function_call {
            function(choice, 0, &Text::default(), Some(call), sink);
        }
    }

    /// The block of a call: its index, or, without one, a new block for each new id.
    fn block_of(&mut self, choice: u16, call: &ToolCall<'_>) -> u16 {
        if let Some(index) = call.index {
            return index.min(u64::from(u16::MAX)) as u16;
        }
        let Some((_, block, id)) = self.calls.iter_mut().find(|(known, _, _)| *known == choice) else {
            self.calls.push((choice, 0, call.id.bytes().to_vec()));
            return 0;
        };
        if !call.id.is_empty() && call.id.bytes() != id.as_slice() {
            *block = block.saturating_add(1);
            *id = call.id.bytes().to_vec();
        }
        *block
    }
}

fn function(choice: u16, block: u16, id: &Text<'_>, function: Option<&Function<'_>>, sink: &mut Sink) {
    let name = function.map(|function| function.name.to_utf8()).unwrap_or_default();
    if !id.is_empty() || !name.is_empty() {
        sink.note(Note::Tool { choice, block, id: id.to_utf8(), name });
    }
    if let Some(function) = function {
        sink.add(key(choice, block, Channel::ToolArguments), function.arguments.bytes());
    }
}

fn key(choice: u16, block: u16, channel: Channel) -> ChannelKey {
    ChannelKey { choice, block, channel }
}

fn usage(raw: Option<&RawValue>, sink: &mut Sink) {
    if let Some(value) = raw.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok()) {
        sink.note_usage(usage_of(&value));
    }
}
