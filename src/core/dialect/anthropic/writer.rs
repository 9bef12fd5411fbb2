//! Events as Anthropic writes them.

use serde_json::{Value, json};

use crate::core::{
    dialect::{Writer, WriterStart, WriterStep},
    reading::{Channel, ChannelKey, Usage},
};

struct MessagesWriter {
    start: WriterStart,
    begun: bool,
    /// The block that is open: where its text goes, and its index on the wire.
    open: Option<(ChannelKey, u64)>,
    next: u64,
    input_tokens: u64,
    output_tokens: u64,
    /// Given by `Finish`, written with the usage or before the end, as the wire has one event for both.
    finish: Option<String>,
}

/// A writer for one stream.
pub(super) fn new(start: &WriterStart) -> Box<dyn Writer> {
    Box::new(MessagesWriter {
        start: start.clone(),
        begun: false,
        open: None,
        next: 0,
        input_tokens: 0,
        output_tokens: 0,
        finish: None,
    })
}

impl MessagesWriter {
    fn begin(&mut self, out: &mut Vec<u8>) {
        self.begun = true;
        let message = json!({
            "id": self.start.id, "type": "message", "role": "assistant", "model": self.start.model, "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": self.input_tokens, "output_tokens": 1},
        });
        event("message_start", &format!(r#","message":{message}"#), out);
    }

    /// Opens the block of `key` unless it is open; closes another one first.
    fn open(&mut self, key: ChannelKey, block: &Value, out: &mut Vec<u8>) -> u64 {
        if !self.begun {
            self.begin(out);
        }
        if let Some((open, index)) = self.open {
            if open == key {
                return index;
            }
            self.close(out);
        }
        let index = self.next;
        self.next += 1;
        self.open = Some((key, index));
        event("content_block_start", &format!(r#","index":{index},"content_block":{block}"#), out);
        index
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some((_, index)) = self.open.take() {
            event("content_block_stop", &format!(r#","index":{index}"#), out);
        }
    }

    fn text(&mut self, key: ChannelKey, text: &str, out: &mut Vec<u8>) {
        let (block, kind, field) = match key.channel {
            Channel::Text | Channel::Refusal => (json!({"type": "text", "text": ""}), "text_delta", "text"),
            Channel::Reasoning => (json!({"type": "thinking", "thinking": "", "signature": ""}), "thinking_delta", "thinking"),
            Channel::ToolArguments => {
                (json!({"type": "tool_use", "id": "", "name": "", "input": {}}), "input_json_delta", "partial_json")
            }
        };
        let index = self.open(key, &block, out);
        let text = json!(text);
        event("content_block_delta", &format!(r#","index":{index},"delta":{{"type":"{kind}","{field}":{text}}}"#), out);
    }

    fn message_delta(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        let reason = self.finish.take();
        let mut usage = json!({"output_tokens": self.output_tokens});
        if self.input_tokens > 0 {
            usage["input_tokens"] = self.input_tokens.into();
        }
        let delta = json!({"stop_reason": reason, "stop_sequence": null});
        event("message_delta", &format!(r#","delta":{delta},"usage":{usage}"#), out);
    }
}

/// One event; `rest` follows the type inside the object.
fn event(name: &str, rest: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("event: {name}\ndata: {{\"type\":\"{name}\"{rest}}}\n\n").as_bytes());
}

impl Writer for MessagesWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Begin => {
                // A second begin is what a proxy splices in when it retries: indexes start over.
                self.open = None;
                self.next = 0;
                self.begin(out);
            }
            WriterStep::Text { key, text, .. } => self.text(*key, text, out),
            WriterStep::Tool { block, id, name } => {
                self.close(out);
                let key = ChannelKey { choice: 0, block: *block, channel: Channel::ToolArguments };
                self.open(key, &json!({"type": "tool_use", "id": id, "name": name, "input": {}}), out);
            }
            WriterStep::KeepAlive => event("ping", "", out),
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    let key = self.open.map(|(key, _)| key).filter(|key| key.channel == Channel::Text);
                    self.text(key.unwrap_or(ChannelKey { choice: 0, block: 0, channel: Channel::Text }), text, out);
                }
                self.finish = Some(if reason.is_empty() { "end_turn".into() } else { reason.clone() });
                self.message_delta(out);
            }
            WriterStep::Usage(Usage { input, output, .. }) => {
                self.input_tokens = input.unwrap_or(self.input_tokens);
                self.output_tokens = output.unwrap_or(self.output_tokens);
                if self.begun {
                    self.message_delta(out);
                }
            }
            WriterStep::Error { kind, message } => {
                let error = json!({"type": kind, "message": message});
                event("error", &format!(r#","error":{error}"#), out);
            }
            WriterStep::End => {
                self.close(out);
                event("message_stop", "", out);
            }
        }
    }
}
