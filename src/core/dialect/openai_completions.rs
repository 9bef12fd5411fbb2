//! OpenAI's older text completions: chunks of chat completions with `text` in the place of `delta`, so one reader reads both.

use serde_json::{Value, json};

use super::{BEARER, DialectInfo, Ending, Writer, WriterStart, WriterStep, openai_chat};
use crate::core::{
    frame::Framing,
    reading::{Channel, Usage},
};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "openai-completions",
    title: "OpenAI text completions",
    framing: Framing::Sse,
    path: "/completions",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &[Channel::Text],
    ending: Ending::Finish,
    recognise: |_, value| {
        let texts = value.get("choices").and_then(Value::as_array).is_some_and(|choices| {
            let text_alone = |choice: &Value| choice.get("text").is_some() && choice.get("delta").is_none();
            !choices.is_empty() && choices.iter().all(text_alone)
        });
        match (texts, value.get("object").and_then(Value::as_str)) {
            (true, Some("text_completion")) => 3,
            (true, None) => 2,
            _ => 0,
        }
    },
    reader: openai_chat::INFO.reader,
    writer: |start| Box::new(TextWriter { start: start.clone() }),
    request: |model, prompt| {
        json!({"model": model, "prompt": prompt, "stream": true, "stream_options": {"include_usage": true}}).to_string()
    },
};

struct TextWriter {
    start: WriterStart,
}

impl TextWriter {
    fn chunk(&self, choices: &Value, usage: Option<&Value>, out: &mut Vec<u8>) {
        let WriterStart { model, id, created } = &self.start;
        let mut chunk = json!({"id": id, "object": "text_completion", "created": created, "choices": choices, "model": model});
        if let Some(usage) = usage {
            chunk["usage"] = usage.clone();
        }
        out.extend_from_slice(format!("data: {chunk}\n\n").as_bytes());
    }
}

impl Writer for TextWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => {
                let choice = json!({"text": text, "index": key.choice, "logprobs": null, "finish_reason": null});
                self.chunk(&json!([choice]), None, out);
            }
            // This wire has text alone.
            WriterStep::Begin | WriterStep::Text { .. } | WriterStep::Tool { .. } => {}
            WriterStep::KeepAlive => out.extend_from_slice(b": keep-alive\n\n"),
            WriterStep::Finish { reason, text } => {
                let reason = if reason.is_empty() { "stop" } else { reason };
                self.chunk(&json!([{"text": text, "index": 0, "logprobs": null, "finish_reason": reason}]), None, out);
            }
            WriterStep::Usage(Usage { input, output, total }) => {
                let usage = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": total});
                self.chunk(&json!([]), Some(&usage), out);
            }
            WriterStep::Error { kind, message } => {
                let error = json!({"error": {"message": message, "type": kind, "param": null, "code": null}});
                out.extend_from_slice(format!("data: {error}\n\n").as_bytes());
            }
            WriterStep::End => out.extend_from_slice(b"data: [DONE]\n\n"),
        }
    }
}
