//! Events as Cohere v2 writes them.

use serde_json::{Value, json};

use crate::core::{
    dialect::{Writer, WriterStart, WriterStep},
    reading::{Channel, ChannelKey, Usage},
};

struct EventWriter {
    start: WriterStart,
    open: Option<(ChannelKey, u64)>,
    next: u64,
    usage: Usage,
    finish: String,
}

/// A writer for one stream.
pub(super) fn new(start: &WriterStart) -> Box<dyn Writer> {
    Box::new(EventWriter { start: start.clone(), open: None, next: 0, usage: Usage::default(), finish: "COMPLETE".into() })
}

fn event(name: &str, mut fields: Value, out: &mut Vec<u8>) {
    fields["type"] = name.into();
    out.extend_from_slice(format!("event: {name}\ndata: {fields}\n\n").as_bytes());
}

/// Content or tool call: the two families of events.
fn family(channel: Channel) -> &'static str {
    if channel == Channel::ToolArguments { "tool-call" } else { "content" }
}

impl EventWriter {
    fn open(&mut self, key: ChannelKey, message: &Value, out: &mut Vec<u8>) -> u64 {
        if let Some((open, index)) = self.open
            && open == key
        {
            return index;
        }
        self.close(out);
        let index = self.next;
        self.next += 1;
        self.open = Some((key, index));
        event(&format!("{}-start", family(key.channel)), json!({"index": index, "delta": {"message": message}}), out);
        index
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some((key, index)) = self.open.take() {
            event(&format!("{}-end", family(key.channel)), json!({ "index": index }), out);
        }
    }

    fn text(&mut self, key: ChannelKey, text: &str, out: &mut Vec<u8>) {
        let (start, message) = match key.channel {
            Channel::Text | Channel::Refusal => {
                (json!({"content": {"type": "text", "text": ""}}), json!({"content": {"text": text}}))
            }
            Channel::Reasoning => {
                (json!({"content": {"type": "thinking", "thinking": ""}}), json!({"content": {"thinking": text}}))
            }
            Channel::ToolArguments => {
                (json!({"tool_calls": {"function": {}}}), json!({"tool_calls": {"function": {"arguments": text}}}))
            }
        };
        let index = self.open(key, &start, out);
        event(&format!("{}-delta", family(key.channel)), json!({"index": index, "delta": {"message": message}}), out);
    }

    fn end(&self, mut delta: Value, out: &mut Vec<u8>) {
        let tokens = json!({"input_tokens": self.usage.input, "output_tokens": self.usage.output});
        delta["usage"] = json!({"billed_units": tokens, "tokens": tokens});
        event("message-end", json!({ "delta": delta }), out);
    }
}

impl Writer for EventWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Begin => {
                let message = json!({"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []});
                event("message-start", json!({"id": self.start.id, "delta": {"message": message}}), out);
            }
            WriterStep::Text { key, text, .. } => self.text(*key, text, out),
            WriterStep::Tool { block, id, name } => {
                let key = ChannelKey { choice: 0, block: *block, channel: Channel::ToolArguments };
                let function = json!({"name": name, "arguments": ""});
                self.close(out);
                self.open(key, &json!({"tool_calls": {"id": id, "type": "function", "function": function}}), out);
            }
            WriterStep::KeepAlive => out.extend_from_slice(b": keep-alive\n\n"),
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    self.text(ChannelKey { choice: 0, block: 0, channel: Channel::Text }, text, out);
                }
                self.close(out);
                if !reason.is_empty() {
                    self.finish.clone_from(reason);
                }
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => {
                self.end(json!({"finish_reason": "ERROR", "error": message, "error_type": kind}), out);
            }
            WriterStep::End => {
                self.close(out);
                self.end(json!({"finish_reason": self.finish}), out);
                out.extend_from_slice(b"data: [DONE]\n\n");
            }
        }
    }
}
