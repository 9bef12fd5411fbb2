//! Anthropic's older text completions: one kind of event, which the reader of messages knows, and no terminator.

use serde_json::{Value, json};

use super::{DialectInfo, Ending, Writer, WriterStart, WriterStep, anthropic};
use crate::core::{frame::Framing, reading::Channel};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "anthropic-complete",
    title: "Anthropic text completions",
    framing: Framing::Sse,
    path: "/v1/complete",
    headers: &[("x-api-key", "{key}"), ("anthropic-version", "2023-06-01")],
    content_type: "text/event-stream",
    carries: &[Channel::Text],
    ending: Ending::Finish,
    recognise: |_, value| {
        let kind = value.get("type").and_then(Value::as_str);
        if kind == Some("completion") && value.get("completion").is_some() { 3 } else { 0 }
    },
    reader: anthropic::INFO.reader,
    writer: |start| Box::new(CompletionWriter { start: start.clone() }),
    request: |model, prompt| {
        let prompt = format!("\n\nHuman: {prompt}\n\nAssistant:");
        json!({"model": model, "prompt": prompt, "max_tokens_to_sample": 1024, "stream": true}).to_string()
    },
};

struct CompletionWriter {
    start: WriterStart,
}

impl CompletionWriter {
    fn event(&self, name: &str, data: &Value, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("event: {name}\r\ndata: {data}\r\n\r\n").as_bytes());
    }

    fn completion(&self, text: &str, reason: Option<&str>, out: &mut Vec<u8>) {
        let WriterStart { model, id, .. } = &self.start;
        let data = json!({"type": "completion", "id": id, "completion": text, "stop_reason": reason, "model": model});
        self.event("completion", &data, out);
    }
}

impl Writer for CompletionWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => {
                self.completion(text, None, out);
            }
            // This wire has text alone, and counts nothing.
            WriterStep::Begin | WriterStep::Text { .. } | WriterStep::Tool { .. } | WriterStep::Usage(_) | WriterStep::End => {}
            WriterStep::KeepAlive => self.event("ping", &json!({"type": "ping"}), out),
            WriterStep::Finish { reason, text } => {
                let reason = if reason.is_empty() { "stop_sequence" } else { reason };
                self.completion(text, Some(reason), out);
            }
            WriterStep::Error { kind, message } => {
                self.event("error", &json!({"type": "error", "error": {"type": kind, "message": message}}), out);
            }
        }
    }
}
