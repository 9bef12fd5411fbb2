//! Events as Gemini Interactions writes them.

use serde_json::{Value, json};

use crate::core::{
    dialect::{Writer, WriterStart, WriterStep},
    reading::{Channel, ChannelKey, Usage},
};

struct StepWriter {
    start: WriterStart,
    open: Option<ChannelKey>,
    index: u64,
    usage: Usage,
    status: &'static str,
}

/// A writer for one stream.
pub(super) fn new(start: &WriterStart) -> Box<dyn Writer> {
    Box::new(StepWriter { start: start.clone(), open: None, index: 0, usage: Usage::default(), status: "completed" })
}

fn event(name: &str, mut fields: Value, out: &mut Vec<u8>) {
    fields["event_type"] = name.into();
    out.extend_from_slice(format!("event: {name}\ndata: {fields}\n\n").as_bytes());
}

impl StepWriter {
    fn interaction(&self, status: &str) -> Value {
        json!({"id": self.start.id, "object": "interaction", "status": status, "model": self.start.model})
    }

    fn open(&mut self, key: ChannelKey, step: &Value, out: &mut Vec<u8>) {
        if self.open != Some(key) {
            self.close(out);
            self.open = Some(key);
            event("step.start", json!({"index": self.index, "step": step}), out);
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            event("step.stop", json!({"index": self.index}), out);
            self.index += 1;
        }
    }

    fn text(&mut self, key: ChannelKey, text: &str, out: &mut Vec<u8>) {
        let (step, delta) = match key.channel {
            Channel::Text | Channel::Refusal => ("model_output", json!({"text": text, "type": "text"})),
            Channel::Reasoning => ("thought", json!({"content": {"text": text, "type": "text"}, "type": "thought_summary"})),
            Channel::ToolArguments => ("function_call", json!({"arguments": text, "type": "arguments_delta"})),
        };
        self.open(key, &json!({ "type": step }), out);
        event("step.delta", json!({"index": self.index, "delta": delta}), out);
    }
}

impl Writer for StepWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Begin => {
                event("interaction.created", json!({"interaction": self.interaction("in_progress")}), out);
            }
            WriterStep::Text { key, text, .. } => self.text(*key, text, out),
            WriterStep::Tool { block, id, name } => {
                let key = ChannelKey { choice: 0, block: *block, channel: Channel::ToolArguments };
                self.close(out);
                self.open(key, &json!({"type": "function_call", "id": id, "name": name}), out);
            }
            WriterStep::KeepAlive => {
                let fields = json!({"interaction_id": self.start.id, "status": "in_progress"});
                event("interaction.status_update", fields, out);
            }
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    self.text(ChannelKey { choice: 0, block: 0, channel: Channel::Text }, text, out);
                }
                self.close(out);
                if matches!(reason.as_str(), "length" | "max_tokens" | "incomplete") {
                    self.status = "incomplete";
                }
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => {
                event("error", json!({"error": {"code": kind, "message": message}}), out);
            }
            WriterStep::End => {
                self.close(out);
                let mut interaction = self.interaction(self.status);
                let Usage { input, output, total } = self.usage;
                interaction["usage"] = json!({"total_tokens": total, "total_input_tokens": input, "total_output_tokens": output});
                event("interaction.completed", json!({ "interaction": interaction }), out);
                out.extend_from_slice(b"event: done\ndata: [DONE]\n\n");
            }
        }
    }
}
