//! OpenAI transcription: deltas, or segments by speaker, and the whole text at the end.

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Sink, Writer, WriterStep,
    envelope::Envelope,
    error,
    json::{self, Shape, Text},
    spoken::Spoken,
    usage,
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note, Usage},
};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "openai-transcription",
    title: "OpenAI transcription",
    framing: Framing::Sse,
    path: "/audio/transcriptions",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &[Channel::Text],
    ending: Ending::Finish,
    recognise: |_, value| match value.get("type").and_then(Value::as_str) {
        Some(kind) if kind.starts_with("transcript.") => 3,
        // One that was not streamed.
        None if value.get("text").is_some_and(Value::is_string) && value.pointer("/usage/type").is_some() => 2,
        _ => 0,
    },
    reader: || Box::<TranscriptReader>::default(),
    writer: |_| Box::<TranscriptWriter>::default(),
    request: |model, prompt| json!({"model": model, "prompt": prompt, "stream": true}).to_string(),
};

const TEXT: ChannelKey = ChannelKey { choice: 0, block: 0, channel: Channel::Text };

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    delta: Text<'a>,
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

const EVENT: Shape = Shape::Object(&[("type", Shape::Text), ("delta", Shape::Text), ("text", Shape::Text)]);

/// Reads events.
#[derive(Default)]
struct TranscriptReader {
    spoken: Spoken,
    envelope: Envelope,
    /// Deltas came, so segments repeat them.
    deltas: bool,
}

impl Reader for TranscriptReader {
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

impl TranscriptReader {
    fn event(&mut self, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        match event.kind.bytes() {
            b"transcript.text.delta" => {
                self.deltas = true;
                self.spoken.say(TEXT, event.delta.bytes(), sink);
                if !event.delta.is_empty() {
                    self.envelope.learn(TEXT, &event.delta, data, []);
                }
            }
            b"transcript.text.segment" if self.deltas => sink.kind = Some(FrameKind::Control),
            b"transcript.text.segment" => self.spoken.say(TEXT, event.text.bytes(), sink),
            kind if kind == b"transcript.text.done" || kind.is_empty() && !event.text.is_empty() => {
                sink.kind = (!kind.is_empty()).then_some(FrameKind::Control);
                self.spoken.restate(TEXT, event.text.bytes(), sink);
                let usage = event.usage.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
                usage::note(usage.as_ref(), sink);
                sink.note(Note::Finish { choice: 0, reason: "done".into() });
            }
            _ => match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                None => sink.kind = Some(FrameKind::Unknown),
            },
        }
    }
}

#[derive(Default)]
struct TranscriptWriter {
    said: String,
    usage: Usage,
}

fn event(data: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("data: {data}\r\n\r\n").as_bytes());
}

impl Writer for TranscriptWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => {
                self.said.push_str(text);
                event(&json!({"type": "transcript.text.delta", "delta": text}), out);
            }
            // This wire has text alone.
            WriterStep::Begin | WriterStep::Text { .. } | WriterStep::Tool { .. } => {}
            WriterStep::KeepAlive => out.extend_from_slice(b": keep-alive\r\n\r\n"),
            WriterStep::Finish { text, .. } => {
                if !text.is_empty() {
                    self.write(&WriterStep::Text { key: TEXT, text: text.clone(), preamble: false }, 0, out);
                }
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => event(&json!({"error": {"type": kind, "message": message}}), out),
            WriterStep::End => {
                let Usage { input, output, total } = self.usage;
                let usage = json!({"type": "tokens", "input_tokens": input, "output_tokens": output, "total_tokens": total});
                event(&json!({"type": "transcript.text.done", "text": self.said, "usage": usage}), out);
                out.extend_from_slice(b"data: [DONE]\r\n\r\n");
            }
        }
    }
}
