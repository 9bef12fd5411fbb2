//! llama.cpp's own `/completion`: a piece of text an event, and counts that run along. Its OpenAI paths are read as that.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{json, value::RawValue};

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Seen, Sink, Writer, WriterStart, WriterStep, error,
    json::{self, Shape, Text},
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note, Usage},
};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "llamacpp",
    title: "llama.cpp completion",
    framing: Framing::Sse,
    path: "/completion",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &[Channel::Text],
    ending: Ending::Terminator,
    recognise: |_, value| {
        let piece = value.get("content").is_some_and(serde_json::Value::is_string);
        match (piece, value.get("stop").is_some_and(serde_json::Value::is_boolean)) {
            (true, true) => 3,
            _ => 0,
        }
    },
    reader: || Box::<PieceReader>::default(),
    writer: |start| Box::new(PieceWriter { start: start.clone(), usage: Usage::default(), predicted: 0, stop: "eos".into() }),
    request: |_, prompt| json!({"prompt": prompt, "stream": true}).to_string(),
};

#[derive(Deserialize)]
struct Piece<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    content: Option<Text<'a>>,
    stop: Option<bool>,
    #[serde(borrow, default)]
    model: Text<'a>,
    tokens: Option<Vec<IgnoredAny>>,
    tokens_predicted: Option<u64>,
    tokens_evaluated: Option<u64>,
    /// Why it stopped: `eos`, `limit`, `word`.
    #[serde(borrow, default)]
    stop_type: Text<'a>,
    /// The same in older versions, as truth values.
    stopped_limit: Option<bool>,
    stopped_word: Option<bool>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

const PIECE: Shape = Shape::Object(&[
    ("index", Shape::Number),
    ("content", Shape::Text),
    ("stop", Shape::Bool),
    ("model", Shape::Text),
    ("tokens", Shape::List(&Shape::Number)),
    ("tokens_predicted", Shape::Number),
    ("tokens_evaluated", Shape::Number),
    ("stop_type", Shape::Text),
    ("stopped_limit", Shape::Bool),
    ("stopped_word", Shape::Bool),
]);

/// Reads pieces.
#[derive(Default)]
struct PieceReader {
    seen: Seen,
}

impl Reader for PieceReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        json::read(frame.data, &PIECE, sink, |data, sink| {
            let piece = serde_json::from_slice::<Piece<'_>>(data)?;
            self.piece(&piece, data, sink);
            Ok(())
        });
    }
}

impl PieceReader {
    fn piece(&mut self, piece: &Piece<'_>, data: &[u8], sink: &mut Sink) {
        let Some(content) = piece.content.as_ref().filter(|_| piece.error.is_none()) else {
            match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                // How far it has come with the prompt.
                None if piece.stop.is_some() => sink.kind = Some(FrameKind::KeepAlive),
                None => sink.kind = Some(FrameKind::Unknown),
            }
            return;
        };
        self.seen.model(piece.model.bytes(), sink);
        let choice = json::narrow(piece.index, "index", sink);
        sink.add(ChannelKey { choice, block: 0, channel: Channel::Text }, content.bytes());
        if let Some(tokens) = piece.tokens.as_ref().filter(|tokens| !tokens.is_empty()) {
            sink.note(Note::Tokens(tokens.len() as u32));
        }
        let usage = Usage { input: piece.tokens_evaluated, output: piece.tokens_predicted, total: None };
        sink.note_usage(Some(usage).filter(|usage| *usage != Usage::default()));
        if piece.stop == Some(true) {
            sink.kind = Some(FrameKind::Terminator);
            let reason = match (piece.stop_type.is_empty(), piece.stopped_limit, piece.stopped_word) {
                (false, ..) => piece.stop_type.to_utf8(),
                (true, Some(true), _) => "limit".into(),
                (true, _, Some(true)) => "word".into(),
                _ => "eos".into(),
            };
            sink.note(Note::Finish { choice, reason });
        }
    }
}

struct PieceWriter {
    start: WriterStart,
    usage: Usage,
    predicted: u64,
    stop: String,
}

impl PieceWriter {
    fn piece(&mut self, text: &str, out: &mut Vec<u8>) {
        // About four bytes a token, and none goes from a letter to a sign.
        let first = self.predicted;
        let kinds: Vec<bool> = text.chars().map(char::is_alphanumeric).collect();
        let runs = kinds.chunk_by(|one, two| one == two).count() as u64;
        self.predicted += runs.max((text.len() as u64).div_ceil(4));
        let tokens: Vec<u64> = (first..self.predicted).collect();
        let event = json!({
            "index": 0, "content": text, "tokens": tokens, "stop": false, "id_slot": 0,
            "tokens_predicted": self.predicted, "tokens_evaluated": self.usage.input.unwrap_or(0),
        });
        out.extend_from_slice(format!("data: {event}\n\n").as_bytes());
    }
}

impl Writer for PieceWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => self.piece(text, out),
            // This wire has text alone.
            WriterStep::Begin | WriterStep::Text { .. } | WriterStep::Tool { .. } => {}
            WriterStep::KeepAlive => out.extend_from_slice(b":\n\n"),
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    self.piece(text, out);
                }
                if !reason.is_empty() {
                    self.stop = if reason == "length" { "limit".into() } else { reason.clone() };
                }
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => {
                let event = json!({"error": {"code": 500, "message": message, "type": kind}});
                out.extend_from_slice(format!("data: {event}\n\n").as_bytes());
            }
            WriterStep::End => {
                let event = json!({
                    "index": 0, "content": "", "tokens": [], "id_slot": 0, "stop": true, "model": self.start.model,
                    "tokens_predicted": self.usage.output.unwrap_or(self.predicted),
                    "tokens_evaluated": self.usage.input.unwrap_or(0),
                    "truncated": false, "stop_type": self.stop, "stopping_word": "",
                });
                out.extend_from_slice(format!("data: {event}\n\n").as_bytes());
            }
        }
    }
}
