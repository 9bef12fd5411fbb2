//! Cohere v1 chat: lines typed by `event_type`; the last one repeats the whole answer.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Seen, Sink, Writer, WriterStart, WriterStep,
    envelope::Envelope,
    error,
    json::{self, Shape, Text},
    spoken::Spoken,
    usage::usage_of,
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note, Usage},
};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "cohere-v1",
    title: "Cohere chat v1",
    framing: Framing::Ndjson,
    path: "/v1/chat",
    headers: BEARER,
    content_type: "application/stream+json",
    carries: &[Channel::Text],
    ending: Ending::Terminator,
    recognise: |_, value| {
        let generation = value.get("is_finished").is_some_and(Value::is_boolean);
        match value.get("event_type").and_then(Value::as_str) {
            Some("stream-start" | "text-generation" | "stream-end") => 3,
            Some(_) if generation => 3,
            // Older models on Bedrock have no event type.
            None if generation && value.get("text").or(value.get("finish_reason")).is_some() => 2,
            // An answer that was not streamed.
            None if value.get("generation_id").is_some() && value.get("text").is_some() => 2,
            _ => 0,
        }
    },
    reader: || Box::<LineReader>::default(),
    writer: |start| Box::new(LineWriter { start: start.clone(), said: String::new(), usage: Usage::default(), finish: None }),
    request: |model, prompt| json!({"model": model, "message": prompt, "stream": true}).to_string(),
};

const TEXT: ChannelKey = ChannelKey { choice: 0, block: 0, channel: Channel::Text };

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    event_type: Text<'a>,
    is_finished: Option<bool>,
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow, default)]
    generation_id: Text<'a>,
    #[serde(borrow, default)]
    finish_reason: Text<'a>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_call_delta: Option<ToolCall<'a>>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Text<'a>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    index: Option<u64>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    parameters: Text<'a>,
}

const LINE: Shape = Shape::Object(&[
    ("event_type", Shape::Text),
    ("is_finished", Shape::Bool),
    ("text", Shape::Text),
    ("generation_id", Shape::Text),
    ("finish_reason", Shape::Text),
    ("error", Shape::TextIfAny),
    ("tool_call_delta", Shape::Object(&[("index", Shape::Number), ("name", Shape::Text), ("parameters", Shape::Text)])),
]);

/// Reads lines.
#[derive(Default)]
struct LineReader {
    seen: Seen,
    spoken: Spoken,
    /// Calls that were named, by their blocks.
    named: BTreeSet<u16>,
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
            Ok(())
        });
    }
}

impl LineReader {
    fn line(&mut self, line: &Line<'_>, data: &[u8], sink: &mut Sink) {
        self.seen.id(line.generation_id.bytes(), sink);
        match line.event_type.bytes() {
            b"text-generation" => {
                self.spoken.say(TEXT, line.text.bytes(), sink);
                if !line.text.is_empty() {
                    self.envelope.learn(TEXT, &line.text, data, []);
                }
            }
            b"stream-end" => self.end(line, data, sink),
            b"tool-calls-generation" => self.whole_calls(line, sink),
            b"tool-calls-chunk" => {
                self.spoken.say(TEXT, line.text.bytes(), sink);
                line.tool_call_delta.iter().for_each(|call| self.piece(call, sink));
            }
            b"stream-start" | b"search-queries-generation" | b"search-results" | b"citation-generation" | b"debug" => {
                sink.kind = Some(FrameKind::Control);
            }
            b"" if line.is_finished.is_some() => {
                self.spoken.say(TEXT, line.text.bytes(), sink);
                if line.is_finished == Some(true) {
                    self.end(line, data, sink);
                }
            }
            b"" if !line.generation_id.is_empty() => self.end(line, data, sink),
            _ => match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                None => sink.kind = Some(FrameKind::Unknown),
            },
        }
    }

    /// The end of a stream, with the response in it, or a response that was not streamed.
    fn end(&mut self, line: &Line<'_>, data: &[u8], sink: &mut Sink) {
        sink.kind = Some(FrameKind::Terminator);
        if !line.finish_reason.is_empty() {
            sink.note(Note::Finish { choice: 0, reason: line.finish_reason.to_utf8() });
        }
        if line.finish_reason.bytes().starts_with(b"ERROR") {
            let said = if line.error.is_empty() { "the generation ended with an error".into() } else { line.error.to_utf8() };
            sink.note(Note::Error { kind: line.finish_reason.to_utf8(), message: said });
            sink.kind = Some(FrameKind::Error);
        }
        let whole = line.event_type.is_empty() && line.is_finished.is_none();
        let response = if whole { Some(data) } else { line.response.map(|raw| raw.get().as_bytes()) };
        let Some(response) = response.and_then(json::free) else { return };
        let text = response.get("text").and_then(Value::as_str).unwrap_or_default();
        self.spoken.restate(TEXT, text.as_bytes(), sink);
        let meta = |name: &str| response.pointer(name).and_then(usage_of);
        sink.note_usage(meta("/meta/tokens").or_else(|| meta("/meta/billed_units")));
    }

    /// All calls with all their parameters, which chunks may have brought before.
    fn whole_calls(&mut self, line: &Line<'_>, sink: &mut Sink) {
        let calls = line.tool_calls.and_then(|raw| json::free(raw.get().as_bytes()));
        let before = sink.deltas.len();
        for (block, call) in (0..u16::MAX).zip(calls.as_ref().and_then(Value::as_array).into_iter().flatten()) {
            let name = call.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            if self.named.insert(block) {
                sink.note(Note::Tool { choice: 0, block, id: String::new(), name });
            }
            let arguments = call.get("parameters").unwrap_or(&Value::Null).to_string();
            self.spoken.restate(arguments_of(block), arguments.as_bytes(), sink);
        }
        if sink.deltas[before..].iter().all(|(_, _, snapshot)| *snapshot) {
            sink.kind = Some(FrameKind::Control);
        }
    }

    fn piece(&mut self, call: &ToolCall<'_>, sink: &mut Sink) {
        let block = json::narrow(call.index, "index", sink);
        if !call.name.is_empty() && self.named.insert(block) {
            sink.note(Note::Tool { choice: 0, block, id: String::new(), name: call.name.to_utf8() });
        }
        self.spoken.say(arguments_of(block), call.parameters.bytes(), sink);
    }
}

fn arguments_of(block: u16) -> ChannelKey {
    ChannelKey { choice: 0, block, channel: Channel::ToolArguments }
}

struct LineWriter {
    start: WriterStart,
    said: String,
    usage: Usage,
    finish: Option<String>,
}

fn line(value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{value}\n").as_bytes());
}

impl Writer for LineWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Begin => {
                line(&json!({"is_finished": false, "event_type": "stream-start", "generation_id": self.start.id}), out);
            }
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => {
                self.said.push_str(text);
                line(&json!({"is_finished": false, "event_type": "text-generation", "text": text}), out);
            }
            // This wire cannot say them piece by piece.
            WriterStep::Text { .. } | WriterStep::Tool { .. } => {}
            WriterStep::KeepAlive => out.push(b'\n'),
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    self.write(&WriterStep::Text { key: TEXT, text: text.clone(), preamble: false }, 0, out);
                }
                self.finish = Some(if reason.is_empty() { "COMPLETE".into() } else { reason.clone() });
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => line(&json!({"message": message, "code": kind}), out),
            WriterStep::End => {
                let finish = self.finish.take().unwrap_or_else(|| "COMPLETE".into());
                let tokens = json!({"input_tokens": self.usage.input, "output_tokens": self.usage.output});
                let response = json!({"text": self.said, "finish_reason": finish, "meta": {"tokens": tokens}});
                let end = json!({"is_finished": true, "event_type": "stream-end", "response": response, "finish_reason": finish});
                line(&end, out);
            }
        }
    }
}
