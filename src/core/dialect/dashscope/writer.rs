//! Events as DashScope writes them when increments are asked for.

use serde_json::{Value, json};

use crate::core::{
    dialect::{Writer, WriterStart, WriterStep},
    reading::{Channel, Usage},
};

struct EventWriter {
    start: WriterStart,
    number: u64,
    usage: Usage,
    finish: String,
}

/// A writer for one stream.
pub(super) fn new(start: &WriterStart) -> Box<dyn Writer> {
    Box::new(EventWriter { start: start.clone(), number: 0, usage: Usage::default(), finish: "stop".into() })
}

impl EventWriter {
    fn block(&mut self, event: &str, status: u16, data: &Value, out: &mut Vec<u8>) {
        self.number += 1;
        let block = format!("id:{}\nevent:{event}\n:HTTP_STATUS/{status}\ndata:{data}\n\n", self.number);
        out.extend_from_slice(block.as_bytes());
    }

    fn message(&mut self, choice: u16, message: &Value, finish: &str, out: &mut Vec<u8>) {
        let Usage { input, output, total } = self.usage;
        let data = json!({
            "output": {"choices": [{"message": message, "index": choice, "finish_reason": finish}]},
            "usage": {"input_tokens": input, "output_tokens": output, "total_tokens": total},
            "request_id": self.start.id,
        });
        self.block("result", 200, &data, out);
    }
}

impl Writer for EventWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Begin => {}
            WriterStep::Text { key, text, .. } => {
                // It counts along, about four bytes a token.
                let count = (text.len() as u64).div_ceil(4);
                self.usage.output = Some(self.usage.output.unwrap_or(0) + count);
                let message = match key.channel {
                    Channel::Text | Channel::Refusal => json!({"role": "assistant", "content": text}),
                    Channel::Reasoning => json!({"role": "assistant", "content": "", "reasoning_content": text}),
                    Channel::ToolArguments => {
                        let call = json!({"index": key.block, "id": "", "type": "function", "function": {"arguments": text}});
                        json!({"role": "assistant", "content": "", "tool_calls": [call]})
                    }
                };
                self.message(key.choice, &message, "null", out);
            }
            WriterStep::Tool { block, id, name } => {
                let function = json!({"name": name, "arguments": ""});
                let call = json!({"index": block, "id": id, "type": "function", "function": function});
                self.message(0, &json!({"role": "assistant", "content": "", "tool_calls": [call]}), "null", out);
            }
            WriterStep::KeepAlive => out.extend_from_slice(b": keep-alive\n\n"),
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    self.message(0, &json!({"role": "assistant", "content": text}), "null", out);
                }
                if !reason.is_empty() {
                    self.finish.clone_from(reason);
                }
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => {
                let data = json!({"code": kind, "message": message, "request_id": self.start.id});
                self.block("error", 400, &data, out);
            }
            WriterStep::End => {
                let finish = self.finish.clone();
                self.message(0, &json!({"role": "assistant", "content": ""}), &finish, out);
            }
        }
    }
}
