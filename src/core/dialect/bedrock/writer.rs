//! Converse events as Bedrock writes them, checksums and padding included.

use serde_json::{Value, json};

use crate::core::{
    dialect::{Writer, WriterStart, WriterStep},
    frame::event_stream,
    reading::{Channel, ChannelKey, Usage},
};

#[derive(Default)]
struct MessageWriter {
    open: Option<(ChannelKey, u64)>,
    next: u64,
    usage: Usage,
    finish: Option<String>,
}

/// A writer for one stream.
pub(super) fn new(_: &WriterStart) -> Box<dyn Writer> {
    Box::<MessageWriter>::default()
}

fn event(name: &str, mut payload: Value, out: &mut Vec<u8>) {
    const PADDING: &str = "abcdefghijklmnopqrstuvwxyz";
    payload["p"] = PADDING[..out.len() % PADDING.len()].into();
    event_stream::write("event", name, payload.to_string().as_bytes(), out);
}

impl MessageWriter {
    /// The index of the block of `key`; a text block begins with its first delta, without an event of its own.
    fn open(&mut self, key: ChannelKey, out: &mut Vec<u8>) -> u64 {
        if let Some((open, index)) = self.open
            && open == key
        {
            return index;
        }
        self.close(out);
        self.next += 1;
        self.open = Some((key, self.next - 1));
        self.next - 1
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some((_, index)) = self.open.take() {
            event("contentBlockStop", json!({ "contentBlockIndex": index }), out);
        }
    }

    fn text(&mut self, key: ChannelKey, text: &str, out: &mut Vec<u8>) {
        let delta = match key.channel {
            Channel::Text | Channel::Refusal => json!({ "text": text }),
            Channel::Reasoning => json!({"reasoningContent": {"text": text}}),
            Channel::ToolArguments => json!({"toolUse": {"input": text}}),
        };
        let index = self.open(key, out);
        event("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}), out);
    }
}

impl Writer for MessageWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Begin => event("messageStart", json!({"role": "assistant"}), out),
            WriterStep::Text { key, text, .. } => self.text(*key, text, out),
            WriterStep::Tool { block, id, name } => {
                self.close(out);
                let key = ChannelKey { choice: 0, block: *block, channel: Channel::ToolArguments };
                let index = self.open(key, out);
                let start = json!({"toolUse": {"toolUseId": id, "name": name}});
                event("contentBlockStart", json!({"contentBlockIndex": index, "start": start}), out);
            }
            // There is none on this wire.
            WriterStep::KeepAlive => {}
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    self.text(ChannelKey { choice: 0, block: 0, channel: Channel::Text }, text, out);
                }
                self.finish = Some(if reason.is_empty() { "end_turn".into() } else { reason.clone() });
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => {
                event_stream::write("exception", kind, json!({ "message": message }).to_string().as_bytes(), out);
            }
            WriterStep::End => {
                self.close(out);
                let reason = self.finish.take().unwrap_or_else(|| "end_turn".into());
                event("messageStop", json!({ "stopReason": reason }), out);
                let Usage { input, output, total } = self.usage;
                let usage = json!({"inputTokens": input, "outputTokens": output, "totalTokens": total});
                event("metadata", json!({"metrics": {"latencyMs": 0}, "usage": usage}), out);
            }
        }
    }
}
