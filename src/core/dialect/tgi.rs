//! Text Generation Inference: a token per event; the last one repeats the whole text.

use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Sink, Writer, WriterStart, WriterStep, error,
    json::{self, Shape, Text},
    spoken::Spoken,
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Identity, Note, Usage},
};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "tgi",
    title: "Text Generation Inference",
    framing: Framing::Sse,
    path: "/generate_stream",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &[Channel::Text],
    ending: Ending::Finish,
    recognise: |_, value| match value.get("token") {
        Some(token) if token.get("text").is_some() && value.get("generated_text").is_some() => 3,
        Some(token) if token.get("text").is_some() => 2,
        None if value.get("error_type").is_some() && value.get("error").is_some() => 2,
        // An answer that was not streamed.
        None if value.get("generated_text").is_some_and(serde_json::Value::is_string) => 2,
        _ => 0,
    },
    reader: || Box::<TokenReader>::default(),
    writer: TokenWriter::start,
    request: |_, prompt| json!({"inputs": prompt, "parameters": {"max_new_tokens": 512}}).to_string(),
};

const TEXT: ChannelKey = ChannelKey { choice: 0, block: 0, channel: Channel::Text };

#[derive(Deserialize)]
struct Event<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    token: Option<Token<'a>>,
    #[serde(borrow, default)]
    generated_text: Text<'a>,
    #[serde(borrow)]
    details: Option<Details<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Token<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
    special: Option<bool>,
}

#[derive(Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    finish_reason: Text<'a>,
    generated_tokens: Option<u64>,
    input_length: Option<u64>,
}

const EVENT: Shape = Shape::Object(&[
    ("index", Shape::Number),
    ("token", Shape::Object(&[("text", Shape::Text), ("special", Shape::Bool)])),
    ("generated_text", Shape::Text),
    (
        "details",
        Shape::Object(&[("finish_reason", Shape::Text), ("generated_tokens", Shape::Number), ("input_length", Shape::Number)]),
    ),
]);

/// Reads tokens.
#[derive(Default)]
struct TokenReader {
    spoken: Spoken,
}

impl Reader for TokenReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        json::read(frame.data, &EVENT, sink, |data, sink| {
            let event = serde_json::from_slice::<Event<'_>>(data)?;
            self.event(&event, data, sink);
            Ok(())
        });
    }
}

impl TokenReader {
    fn event(&mut self, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        if event.error.is_some() || (event.token.is_none() && event.generated_text.is_empty()) {
            match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                None => sink.kind = Some(FrameKind::Unknown),
            }
            return;
        }
        // Newer versions count tokens from one; zero for every event says nothing.
        sink.identity = event.index.filter(|index| *index > 0).map(Identity::sequence);
        if let Some(token) = event.token.as_ref().filter(|token| token.special != Some(true)) {
            self.spoken.say(TEXT, token.text.bytes(), sink);
        }
        self.spoken.restate(TEXT, event.generated_text.bytes(), sink);
        if let Some(details) = &event.details {
            if !details.finish_reason.is_empty() {
                sink.note(Note::Finish { choice: 0, reason: details.finish_reason.to_utf8() });
            }
            let usage = Usage { input: details.input_length, output: details.generated_tokens, total: None };
            sink.note_usage((usage != Usage::default()).then_some(usage));
        }
        // The whole text ends the stream, whether or not details were asked for.
        if !event.generated_text.is_empty() {
            sink.kind = Some(FrameKind::Terminator);
        }
    }
}

struct TokenWriter {
    said: String,
    index: u64,
    usage: Usage,
    finish: String,
}

impl TokenWriter {
    fn start(_: &WriterStart) -> Box<dyn Writer> {
        Box::new(TokenWriter { said: String::new(), index: 0, usage: Usage::default(), finish: "eos_token".into() })
    }

    fn token(&mut self, text: &str, last: bool, out: &mut Vec<u8>) {
        self.index += 1;
        self.said.push_str(if last { "" } else { text });
        let token = json!({"id": self.index, "text": text, "logprob": -0.1, "special": last});
        let details = last.then(
            || json!({"finish_reason": self.finish, "generated_tokens": self.usage.output, "input_length": self.usage.input}),
        );
        let whole = last.then_some(self.said.as_str());
        let event = json!({"index": self.index, "token": token, "generated_text": whole, "details": details});
        out.extend_from_slice(format!("data:{event}\n\n").as_bytes());
    }
}

impl Writer for TokenWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => {
                self.token(text, false, out);
            }
            // This wire has text alone.
            WriterStep::Begin | WriterStep::Text { .. } | WriterStep::Tool { .. } => {}
            WriterStep::KeepAlive => out.extend_from_slice(b":\n\n"),
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    self.token(text, false, out);
                }
                if !reason.is_empty() {
                    self.finish.clone_from(reason);
                }
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => {
                let event = json!({"error": message, "error_type": kind});
                out.extend_from_slice(format!("data:{event}\n\n").as_bytes());
            }
            WriterStep::End => self.token("</s>", true, out),
        }
    }
}
