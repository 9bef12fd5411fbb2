//! SGLang's own `/generate`: every event repeats all text so far, unless the server was started to stream increments.
//!
//! Which of the two it is, the body shows, as with DashScope: a repeated text is read as a snapshot of what is known and an
//! addition of what is new.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Seen, Sink, Writer, WriterStart, WriterStep, error,
    growth::Growth,
    json::{self, Shape, Text},
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note, Usage},
};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "sglang",
    title: "SGLang generate",
    framing: Framing::Sse,
    path: "/generate",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &[Channel::Text],
    ending: Ending::Finish,
    recognise: |_, value| {
        let text = value.get("text").is_some_and(Value::is_string);
        match (text, value.get("meta_info").is_some_and(Value::is_object)) {
            (true, true) => 3,
            _ => 0,
        }
    },
    reader: || Box::<EventReader>::default(),
    writer: |start| {
        Box::new(EventWriter { start: start.clone(), said: String::new(), tokens: 0, usage: Usage::default(), stop: None })
    },
    request: |_, prompt| json!({"text": prompt, "sampling_params": {"max_new_tokens": 512}, "stream": true}).to_string(),
};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
    /// Which of several answers.
    index: Option<u64>,
    #[serde(borrow)]
    meta_info: Option<Meta<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    /// `{"type": "stop", "matched": ...}`, a word, or null.
    #[serde(borrow)]
    finish_reason: Option<&'a RawValue>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

const EVENT: Shape = Shape::Object(&[
    ("text", Shape::Text),
    ("index", Shape::Number),
    ("meta_info", Shape::Object(&[("id", Shape::Text), ("prompt_tokens", Shape::Number), ("completion_tokens", Shape::Number)])),
]);

/// Reads events; knows the text of each answer while it may still be repeated.
#[derive(Default)]
struct EventReader {
    seen: Seen,
    growth: BTreeMap<u16, Growth>,
}

impl Reader for EventReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        json::read(frame.data, &EVENT, sink, |data, sink| {
            let event = serde_json::from_slice::<Event<'_>>(data)?;
            self.event(&event, data, sink);
            Ok(())
        });
    }
}

impl EventReader {
    fn event(&mut self, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        let Some(meta) = event.meta_info.as_ref().filter(|_| event.error.is_none()) else {
            match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                None => sink.kind = Some(FrameKind::Unknown),
            }
            return;
        };
        let choice = json::narrow(event.index, "index", sink);
        if choice == 0 {
            self.seen.id(meta.id.bytes(), sink);
        }
        let growth = self.growth.entry(choice).or_default();
        growth.begin(meta.completion_tokens);
        growth.say(ChannelKey { choice, block: 0, channel: Channel::Text }, event.text.bytes(), sink);
        let usage = Usage { input: meta.prompt_tokens, output: meta.completion_tokens, total: None };
        sink.note_usage(Some(usage).filter(|usage| *usage != Usage::default()));
        let reason = meta.finish_reason.and_then(|raw| json::free(raw.get().as_bytes()));
        let word = reason.as_ref().and_then(|reason| reason.get("type").unwrap_or(reason).as_str());
        if let Some(word) = word {
            sink.note(Note::Finish { choice, reason: word.to_owned() });
        }
    }
}

struct EventWriter {
    start: WriterStart,
    said: String,
    tokens: u64,
    usage: Usage,
    stop: Option<String>,
}

impl EventWriter {
    fn event(&self, out: &mut Vec<u8>) {
        let finish = self.stop.as_ref().map(|stop| json!({ "type": stop }));
        let meta = json!({
            "id": self.start.id, "finish_reason": finish, "prompt_tokens": self.usage.input.unwrap_or(0),
            "completion_tokens": self.usage.output.filter(|_| self.stop.is_some()).unwrap_or(self.tokens), "cached_tokens": 0,
        });
        out.extend_from_slice(format!("data: {}\n\n", json!({"text": self.said, "meta_info": meta})).as_bytes());
    }
}

impl Writer for EventWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => {
                self.said.push_str(text);
                self.tokens += 1;
                self.event(out);
            }
            // This wire has text alone.
            WriterStep::Begin | WriterStep::Text { .. } | WriterStep::Tool { .. } => {}
            WriterStep::KeepAlive => out.extend_from_slice(b": ping\n\n"),
            WriterStep::Finish { reason, text } => {
                self.said.push_str(text);
                self.stop = Some(if reason.is_empty() { "stop".into() } else { reason.clone() });
                self.event(out);
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => {
                let event = json!({"error": {"message": message, "type": kind}});
                out.extend_from_slice(format!("data: {event}\n\n").as_bytes());
            }
            WriterStep::End => out.extend_from_slice(b"data: [DONE]\n\n"),
        }
    }
}
