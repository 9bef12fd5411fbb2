//! Events as the Assistants wire has them.

use serde_json::{Value, json};

use crate::core::{
    dialect::{Writer, WriterStart, WriterStep},
    reading::{Channel, ChannelKey, Usage},
};

struct EventWriter {
    start: WriterStart,
    said: String,
    usage: Usage,
    finish: String,
}

/// A writer for one stream.
pub(super) fn new(start: &WriterStart) -> Box<dyn Writer> {
    Box::new(EventWriter { start: start.clone(), said: String::new(), usage: Usage::default(), finish: "completed".into() })
}

fn event(name: &str, object: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("event: {name}\ndata: {object}\n\n").as_bytes());
}

impl EventWriter {
    fn run(&self, status: &str, usage: &Value, out: &mut Vec<u8>) {
        let run = json!({
            "id": self.start.id, "object": "thread.run", "created_at": self.start.created, "status": status,
            "last_error": null, "model": self.start.model, "usage": usage,
        });
        event(&format!("thread.run.{status}"), &run, out);
    }

    fn calls(&self, call: &Value, out: &mut Vec<u8>) {
        let details = json!({"type": "tool_calls", "tool_calls": [call]});
        let delta = json!({"id": "step_1", "object": "thread.run.step.delta", "delta": {"step_details": details}});
        event("thread.run.step.delta", &delta, out);
    }
}

impl Writer for EventWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Begin => self.run("queued", &Value::Null, out),
            WriterStep::Text { key, text, .. } => match key.channel {
                Channel::Text | Channel::Refusal => {
                    self.said.push_str(text);
                    let content = json!([{"index": 0, "type": "text", "text": {"value": text}}]);
                    let delta = json!({"id": "msg_1", "object": "thread.message.delta", "delta": {"content": content}});
                    event("thread.message.delta", &delta, out);
                }
                Channel::ToolArguments => {
                    let call = json!({"index": key.block, "type": "function", "function": {"arguments": text}});
                    self.calls(&call, out);
                }
                // Thoughts are not shown on this wire.
                Channel::Reasoning => {}
            },
            WriterStep::Tool { block, id, name } => {
                let function = json!({"name": name, "arguments": ""});
                self.calls(&json!({"index": block, "id": id, "type": "function", "function": function}), out);
            }
            WriterStep::KeepAlive => out.extend_from_slice(b": keep-alive\n\n"),
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    let key = ChannelKey { choice: 0, block: 0, channel: Channel::Text };
                    self.write(&WriterStep::Text { key, text: text.clone(), preamble: false }, 0, out);
                }
                if matches!(reason.as_str(), "length" | "incomplete") {
                    self.finish = "incomplete".into();
                }
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => event("error", &json!({"error": {"type": kind, "message": message}}), out),
            WriterStep::End => {
                let content = json!([{"type": "text", "text": {"value": self.said}}]);
                let message = json!({"id": "msg_1", "object": "thread.message", "status": "completed", "content": content});
                event("thread.message.completed", &message, out);
                let Usage { input, output, total } = self.usage;
                let usage = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": total});
                self.run(&self.finish, &usage, out);
                out.extend_from_slice(b"event: done\ndata: [DONE]\n\n");
            }
        }
    }
}
