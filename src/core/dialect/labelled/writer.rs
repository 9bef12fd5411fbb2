//! Writes chunks as the reader takes them.

use serde_json::{Value, json};

use super::CHANNELS;
use crate::core::{
    dialect::{Writer, WriterStep},
    reading::Channel,
};

/// Writes chunks, one a line.
#[derive(Default)]
pub(super) struct ChunkWriter;

fn line(chunk: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{chunk}\n").as_bytes());
}

fn word(channel: Channel) -> &'static str {
    CHANNELS.iter().find(|(_, known)| *known == channel).map_or("content", |(word, _)| word)
}

impl Writer for ChunkWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Begin => line(&json!({"ch": "content", "role": "assistant", "text": ""}), out),
            WriterStep::Text { key, text, .. } if key.channel == Channel::ToolArguments => {
                line(&json!({"ch": word(key.channel), "idx": key.block, "text": text}), out);
            }
            WriterStep::Text { key, text, .. } => line(&json!({"ch": word(key.channel), "text": text}), out),
            WriterStep::Tool { block, id, name } => {
                line(&json!({"ch": "tool_args", "idx": block, "tool_id": id, "name": name, "text": ""}), out);
            }
            WriterStep::KeepAlive => line(&json!({"event": "ping"}), out),
            WriterStep::Finish { reason, text } => {
                let reason = if reason.is_empty() { "stop" } else { reason };
                line(&json!({"ch": "content", "finish": reason, "text": text}), out);
            }
            WriterStep::Usage(usage) => {
                let counts = json!({"input_tokens": usage.input, "output_tokens": usage.output, "total_tokens": usage.total});
                line(&json!({ "usage": counts }), out);
            }
            WriterStep::Error { kind, message } => line(&json!({"event": "error", "type": kind, "message": message}), out),
            WriterStep::End => line(&json!({"event": "[DONE]"}), out),
        }
    }
}
