//! Responses as Gemini writes them with `alt=sse`: CRLF, no terminator.

use serde_json::{Value, json};

use crate::core::{
    dialect::{Writer, WriterStart, WriterStep},
    reading::{Channel, Usage},
};

struct ResponseWriter {
    start: WriterStart,
    /// A call that began, whose arguments are still coming: the wire has them whole.
    call: Option<(String, String, String)>,
    usage: Option<Usage>,
    finish: Option<String>,
}

/// A writer for one stream.
pub(super) fn new(start: &WriterStart) -> Box<dyn Writer> {
    Box::new(ResponseWriter { start: start.clone(), call: None, usage: None, finish: None })
}

impl ResponseWriter {
    fn response(&self, choice: u16, parts: &Value, finish: Option<&str>, out: &mut Vec<u8>) {
        let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": choice});
        if let Some(finish) = finish {
            candidate["finishReason"] = finish.into();
        }
        let mut response = json!({"candidates": [candidate], "modelVersion": self.start.model, "responseId": self.start.id});
        if let Some(usage) = &self.usage {
            response["usageMetadata"] =
                json!({"promptTokenCount": usage.input, "candidatesTokenCount": usage.output, "totalTokenCount": usage.total});
        }
        event(&response, out);
    }

    fn flush_call(&mut self, out: &mut Vec<u8>) {
        let Some((id, name, arguments)) = self.call.take() else { return };
        // Arguments that are no JSON cannot be said on this wire.
        let arguments = serde_json::from_str::<Value>(&arguments).unwrap_or_else(|_| json!({}));
        self.response(0, &json!([{"functionCall": {"id": id, "name": name, "args": arguments}}]), None, out);
    }
}

fn event(value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("data: {value}\r\n\r\n").as_bytes());
}

impl Writer for ResponseWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        if !matches!(step, WriterStep::Text { key, .. } if key.channel == Channel::ToolArguments) {
            self.flush_call(out);
        }
        match step {
            WriterStep::Begin => {}
            WriterStep::Text { key, text, .. } => match key.channel {
                Channel::Text | Channel::Refusal => self.response(key.choice, &json!([{ "text": text }]), None, out),
                Channel::Reasoning => self.response(key.choice, &json!([{"text": text, "thought": true}]), None, out),
                Channel::ToolArguments => {
                    let (_, _, arguments) = self.call.get_or_insert_with(Default::default);
                    arguments.push_str(text);
                }
            },
            WriterStep::Tool { id, name, .. } => self.call = Some((id.clone(), name.clone(), String::new())),
            WriterStep::KeepAlive => self.response(0, &json!([]), None, out),
            // Reason and counts stand in one response, so the reason waits for the end.
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    self.response(0, &json!([{ "text": text }]), None, out);
                }
                self.finish = Some(if reason.is_empty() { "STOP".into() } else { reason.clone() });
            }
            WriterStep::Usage(usage) => self.usage = Some(*usage),
            WriterStep::Error { kind, message } => {
                event(&json!({"error": {"code": 500, "message": message, "status": kind}}), out);
            }
            WriterStep::End => {
                let finish = self.finish.take().unwrap_or_else(|| "STOP".into());
                self.response(0, &json!([{"text": ""}]), Some(&finish), out);
            }
        }
    }
}
