//! OpenAI chat completions, and what its many imitators do to them.
//!
//! Accepted on purpose: two finish reasons, usage before, in or after the finish chunk, in every chunk or under `x_groq`, a
//! missing `[DONE]`, a preface without an id, content as a list of parts, reasoning under two names, and the legacy `text`.

use std::{collections::BTreeSet, ops::Range};

use serde_json::{Value, value::RawValue};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Sink,
    envelope::{Envelope, Hole},
    error,
    json::{self, Text, TextOr},
    spoken::Spoken,
    usage,
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note},
};

mod calls;
mod wire;
mod writer;

use calls::Calls;
use wire::{CHUNK, Choice, Chunk, Delta, Function};

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

/// Reads chunks; remembers what is noted only when it changes.
#[derive(Default)]
struct ChatReader {
    seen: super::Seen,
    envelope: Envelope,
    spoken: Spoken,
    calls: Calls,
    /// Calls that were announced, by choice and block.
    announced: BTreeSet<(u16, u16)>,
    /// A thought in two documented forms was noted.
    said_twice: bool,
}

impl Reader for ChatReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        if self.envelope.read(frame.data, sink) {
            self.seen.id(self.envelope.name(frame.data), sink);
            return;
        }
        json::read(frame.data, &CHUNK, sink, |data, sink| {
            let chunk = serde_json::from_slice::<Chunk<'_>>(data)?;
            self.chunk(&chunk, data, sink);
            // Ids that change are looked at in every frame, and the model is noted once.
            let quiet = sink.notes.iter().all(|note| matches!(note, Note::CompletionId(_) | Note::Model(_)));
            if let Some((key, text)) = chunk.only_text().filter(|_| quiet) {
                let holes = [
                    (Hole::Name, chunk.id.range_in(data)),
                    (Hole::Digits, created(data)),
                    (Hole::Padding, chunk.obfuscation.range_in(data)),
                ];
                self.envelope.learn(key, text, data, holes);
            }
            Ok(())
        });
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
        } else if chunk.usage.is_none() && chunk.x_groq.is_none() && matches!(chunk.object.bytes(), b"" | b"error") {
            // Nothing of a chunk is here: an error of its own shape, or a frame of something else.
            match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                None => sink.kind = Some(FrameKind::Unknown),
            }
            return;
        }
        usage(chunk.usage, sink);
        if let Some(value) = chunk.x_groq.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok()) {
            usage::note(value.get("usage"), sink);
        }
        if chunk.error.is_some() {
            sink.notes.extend(json::free(data).as_ref().and_then(error::of_value));
        }
    }

    fn choice(&mut self, choice: &Choice<'_>, sink: &mut Sink) {
        let index = json::narrow(choice.index, "index", sink);
        let text = key(index, 0, Channel::Text);
        // Some send the text so far as `message` beside the increment, some the increment once more as `text`: read one.
        match (&choice.delta, &choice.message) {
            (Some(delta), message) => {
                self.delta(index, delta, sink);
                // Where it is more than the increment it is a snapshot.
                if let Some(TextOr::Text(whole)) = message.as_ref().map(|message| &message.content)
                    && !matches!(&delta.content, TextOr::Text(piece) if piece == whole)
                {
                    sink.snapshot(text, whole.bytes());
                }
            }
            (None, Some(message)) => self.message(index, message, sink),
            (None, None) => self.spoken.say(text, choice.text.bytes(), sink),
        }
        if !choice.finish_reason.is_empty() {
            sink.note(Note::Finish { choice: index, reason: choice.finish_reason.to_utf8() });
        }
        if let Some(tokens) = &choice.token_ids {
            sink.note(Note::Tokens(tokens.len() as u32));
        }
        usage(choice.usage, sink);
        if let Some(value) = choice.error.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok()) {
            sink.notes.extend(error::of_value(&serde_json::json!({ "error": value })));
        }
    }

    fn delta(&mut self, choice: u16, delta: &Delta<'_>, sink: &mut Sink) {
        let reasoning = key(choice, 0, Channel::Reasoning);
        let text = key(choice, 0, Channel::Text);
        self.spoken.say(reasoning, delta.reasoning_content.bytes(), sink);
        self.spoken.say(reasoning, delta.reasoning.bytes(), sink);
        let thought = if delta.reasoning.is_empty() { &delta.reasoning_content } else { &delta.reasoning };
        if !thought.is_empty() && delta.reasoning == delta.reasoning_content {
            sink.mirrored();
        }
        let mut details = delta.reasoning_details.iter().flat_map(|details| details.iter());
        if thought.is_empty() {
            for detail in details {
                self.spoken.say(reasoning, detail.text.bytes(), sink);
                self.spoken.say(reasoning, detail.summary.bytes(), sink);
            }
        } else if !self.said_twice && details.any(|detail| !detail.text.is_empty() || !detail.summary.is_empty()) {
            self.said_twice = true;
            sink.note(Note::SaidTwice);
        }
        match &delta.content {
            TextOr::Text(content) => {
                self.spoken.say(text, content.bytes(), sink);
                if !thought.is_empty() && thinks(content.bytes(), thought.bytes()) {
                    sink.mirrored();
                }
            }
            TextOr::Parts(parts) => {
                for part in parts {
                    match &part.thinking {
                        TextOr::Text(text) => self.spoken.say(reasoning, text.bytes(), sink),
                        TextOr::Parts(thoughts) => {
                            thoughts.iter().for_each(|thought| self.spoken.say(reasoning, thought.text.bytes(), sink));
                        }
                    }
                    self.spoken.say(text, part.text.bytes(), sink);
                }
            }
        }
        self.spoken.say(key(choice, 0, Channel::Refusal), delta.refusal.bytes(), sink);
        for call in delta.tool_calls.iter().flatten() {
            let function = call.function.as_ref().or(call.custom.as_deref());
            let (name, arguments) =
                function.map_or_else(Default::default, |function| (function.name.bytes(), function.arguments.bytes()));
            let block = self.calls.block_of(choice, call, name, arguments, sink);
            self.announce(choice, block, &call.id, function, sink);
            self.spoken.say(key(choice, block, Channel::ToolArguments), arguments, sink);
        }
        if let Some(call) = &delta.function_call {
            self.announce(choice, 0, &Text::default(), Some(call), sink);
            self.spoken.say(key(choice, 0, Channel::ToolArguments), call.arguments.bytes(), sink);
        }
    }

    /// A whole message: an answer that was not streamed, or the end of one that was, which says all of it once more.
    fn message(&mut self, choice: u16, message: &Delta<'_>, sink: &mut Sink) {
        let before = sink.deltas.len();
        let thought = if message.reasoning.is_empty() { &message.reasoning_content } else { &message.reasoning };
        let (mut thoughts, mut content) = (thought.bytes().to_vec(), Vec::new());
        match &message.content {
            TextOr::Text(text) => content.extend_from_slice(text.bytes()),
            TextOr::Parts(parts) => {
                for part in parts {
                    match &part.thinking {
                        TextOr::Text(text) => thoughts.extend_from_slice(text.bytes()),
                        TextOr::Parts(pieces) => pieces.iter().for_each(|piece| thoughts.extend_from_slice(piece.text.bytes())),
                    }
                    content.extend_from_slice(part.text.bytes());
                }
            }
        }
        for (channel, text) in
            [(Channel::Reasoning, &thoughts[..]), (Channel::Text, &content), (Channel::Refusal, message.refusal.bytes())]
        {
            self.spoken.restate(key(choice, 0, channel), text, sink);
        }
        for (place, call) in (0..u16::MAX).zip(message.tool_calls.iter().flatten()) {
            let block = call.index.map_or(place, |index| json::narrow(Some(index), "tool_calls.index", sink));
            self.whole_call(choice, block, &call.id, call.function.as_ref(), sink);
        }
        self.whole_call(choice, 0, &Text::default(), message.function_call.as_deref(), sink);
        if sink.deltas.len() > before && sink.deltas[before..].iter().all(|(_, _, snapshot)| *snapshot) {
            sink.kind = Some(FrameKind::Control);
        }
    }

    /// A call with all its arguments; it may have been streamed before.
    fn whole_call(&mut self, choice: u16, block: u16, id: &Text<'_>, function: Option<&Function<'_>>, sink: &mut Sink) {
        if !self.announced.contains(&(choice, block)) {
            self.announce(choice, block, id, function, sink);
        }
        if let Some(function) = function {
            self.spoken.restate(key(choice, block, Channel::ToolArguments), function.arguments.bytes(), sink);
        }
    }

    /// Notes a call where it is named.
    fn announce(&mut self, choice: u16, block: u16, id: &Text<'_>, function: Option<&Function<'_>>, sink: &mut Sink) {
        let name = function.map(|function| function.name.to_utf8()).unwrap_or_default();
        if !id.is_empty() || !name.is_empty() {
            self.announced.insert((choice, block));
            sink.note(Note::Tool { choice, block, id: id.to_utf8(), name });
        }
    }
}

/// True if `content` is the thought once more, between the tags that models think in.
fn thinks(content: &[u8], thought: &[u8]) -> bool {
    let inner = content.trim_ascii().strip_prefix(b"<think>").and_then(|rest| rest.strip_suffix(b"</think>"));
    inner.is_some_and(|inner| inner.trim_ascii() == thought.trim_ascii())
}

/// Where the creation time stands, which some count up during the stream. A text cannot look like it: quotes in one are escaped.
fn created(data: &[u8]) -> Option<Range<usize>> {
    let start = memchr::memmem::find(data, br#""created":"#)? + br#""created":"#.len();
    let start = start + data[start..].iter().take_while(|byte| **byte == b' ').count();
    let len = data[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    (len > 0).then_some(start..start + len)
}

fn key(choice: u16, block: u16, channel: Channel) -> ChannelKey {
    ChannelKey { choice, block, channel }
}

fn usage(raw: Option<&RawValue>, sink: &mut Sink) {
    if let Some(value) = raw.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok()) {
        usage::note(Some(&value), sink);
    }
}
