//! Replicate: the text itself is the data of `output` events, line feeds as several data lines.

use serde_json::{Value, json};

use super::{BEARER, DialectInfo, Ending, FrameView, Reader, Sink, Writer, WriterStep, error, json};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Identity, Note},
};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "replicate",
    title: "Replicate",
    framing: Framing::Sse,
    path: "/v1/predictions",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &[Channel::Text],
    ending: Ending::Terminator,
    recognise: |frame, value| match (frame.event, identity(frame.id)) {
        (b"output", Some(_)) => 3,
        (b"logs" | b"done" | b"error", Some(_)) => 2,
        // A prediction that was not streamed.
        (b"", None) if value.get("output").is_some() && value.get("status").is_some() && value.get("urls").is_some() => 3,
        // Raw text is no JSON object, and nobody else's event is called so.
        (b"output", None) if !value.is_object() => 2,
        _ => 0,
    },
    reader: || Box::<OutputReader>::default(),
    writer: |start| Box::new(OutputWriter { second: start.created, number: 0 }),
    request: |model, prompt| json!({"version": model, "input": {"prompt": prompt}, "stream": true}).to_string(),
};

const TEXT: ChannelKey = ChannelKey { choice: 0, block: 0, channel: Channel::Text };

/// Events of one second that are told apart.
const PER_SECOND: u64 = 1 << 24;

/// Any number of so many digits fits.
const MOST_DIGITS: usize = 19;

/// `SECONDS:N`, where N starts anew each second, as one number that rises like a time.
fn identity(id: &[u8]) -> Option<Identity> {
    Clock::default().identity(id)
}

/// The second of the latest id: many ids share one.
#[derive(Default)]
struct Clock {
    /// Its digits and the colon.
    prefix: Vec<u8>,
    /// The number of its first event.
    base: u64,
}

impl Clock {
    fn identity(&mut self, id: &[u8]) -> Option<Identity> {
        let number = match id.strip_prefix(self.prefix.as_slice()).filter(|_| !self.prefix.is_empty()) {
            Some(number) => number,
            None => {
                let (second, number) = id.split_at(id.iter().position(|byte| *byte == b':')? + 1);
                self.base = digits(&second[..second.len() - 1])?.checked_mul(PER_SECOND)?;
                self.prefix.clear();
                self.prefix.extend_from_slice(second);
                number
            }
        };
        let number = digits(number).filter(|number| *number < PER_SECOND)?;
        self.base.checked_add(number).map(Identity::time)
    }
}

/// A number in decimal digits.
fn digits(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > MOST_DIGITS {
        return None;
    }
    let add = |number: u64, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'));
    digits.iter().try_fold(0, add)
}

/// Reads events.
#[derive(Default)]
struct OutputReader {
    clock: Clock,
}

impl Reader for OutputReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        sink.identity = self.clock.identity(frame.id);
        match frame.event {
            b"output" => sink.add(TEXT, frame.data),
            b"done" => {
                sink.kind = Some(FrameKind::Terminator);
                // `{}`, or why it ended early.
                let data = serde_json::from_slice::<Value>(frame.data).unwrap_or_default();
                let reason = data.get("reason").and_then(Value::as_str).unwrap_or("done").to_owned();
                sink.note(Note::Finish { choice: 0, reason });
            }
            b"error" => sink.note(error::of_body(None, frame.data)),
            b"logs" => sink.kind = Some(FrameKind::Control),
            b"" => prediction(frame.data, sink),
            _ => sink.kind = Some(FrameKind::Unknown),
        }
    }
}

/// A prediction that was not streamed: its output is a text, or a list of its pieces.
fn prediction(data: &[u8], sink: &mut Sink) {
    let value = json::free(data).unwrap_or_default();
    let pieces = match value.get("output") {
        Some(Value::Array(pieces)) => pieces.as_slice(),
        Some(text) => std::slice::from_ref(text),
        None => &[],
    };
    pieces.iter().filter_map(Value::as_str).for_each(|piece| sink.add(TEXT, piece.as_bytes()));
    match value.get("status").and_then(Value::as_str) {
        Some(status) => {
            sink.kind = Some(FrameKind::Terminator);
            sink.note(Note::Finish { choice: 0, reason: status.to_owned() });
            sink.notes.extend(value.get("error").filter(|error| !error.is_null()).and_then(|_| error::of_value(&value)));
        }
        None => sink.kind = Some(FrameKind::Unknown),
    }
}

struct OutputWriter {
    second: u64,
    number: u64,
}

impl OutputWriter {
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<u8>) {
        let data = data.split('\n').map(|line| format!("data: {line}\n")).collect::<String>();
        out.extend_from_slice(format!("event: {name}\nid: {}:{}\n{data}\n", self.second, self.number).as_bytes());
        self.number += 1;
    }
}

impl Writer for OutputWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => {
                self.event("output", text, out);
            }
            // This wire has text alone.
            WriterStep::Text { .. } | WriterStep::Tool { .. } | WriterStep::Usage(_) => {}
            WriterStep::Begin | WriterStep::KeepAlive => out.extend_from_slice(b": hi\n\n"),
            WriterStep::Finish { text, .. } => {
                if !text.is_empty() {
                    self.event("output", text, out);
                }
            }
            WriterStep::Error { message, .. } => self.event("error", &json!({ "detail": message }).to_string(), out),
            WriterStep::End => self.event("done", "{}", out),
        }
    }
}
