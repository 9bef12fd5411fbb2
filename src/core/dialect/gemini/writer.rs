//! Responses as Gemini writes them with `alt=sse`: CRLF, no terminator.

use serde::de::IgnoredAny;
use serde_json::json;

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
    /// A response with these parts, as JSON text: the arguments of a call keep the order of their keys.
    fn response(&self, choice: u16, parts: &str, finish: Option<&str>, out: &mut Vec<u8>) {
        let finish = finish.map(|finish| format!(",\"finishReason\":{}", json!(finish))).unwrap_or_default();
        let usage = self.usage.as_ref().map(|usage| {
            let counts =
                json!({"promptTokenCount": usage.input, "candidatesTokenCount": usage.output, "totalTokenCount": usage.total});
            format!(",\"usageMetadata\":{counts}")
        });
        let (usage, model, id) = (usage.unwrap_or_default(), json!(self.start.model), json!(self.start.id));
        let content = format!("{{\"parts\":{parts},\"role\":\"model\"}}");
        let candidate = format!("{{\"content\":{content}{finish},\"index\":{choice}}}");
        event(&format!("{{\"candidates\":[{candidate}]{usage},\"modelVersion\":{model},\"responseId\":{id}}}"), out);
    }

    fn flush_call(&mut self, out: &mut Vec<u8>) {
        let Some((id, name, arguments)) = self.call.take() else { return };
        // Arguments that are no JSON cannot be said on this wire.
        let arguments = if serde_json::from_str::<IgnoredAny>(&arguments).is_ok() { arguments } else { "{}".into() };
        let call = format!("{{\"id\":{},\"name\":{},\"args\":{arguments}}}", json!(id), json!(name));
        self.response(0, &format!("[{{\"functionCall\":{call}}}]"), None, out);
    }
}

fn event(data: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("data: {data}\r\n\r\n").as_bytes());
}

impl Writer for ResponseWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        if !matches!(step, WriterStep::Text { key, .. } if key.channel == Channel::ToolArguments) {
            self.flush_call(out);
        }
        match step {
            WriterStep::Begin => {}
            WriterStep::Text { key, text, .. } => match key.channel {
                Channel::Text | Channel::Refusal => self.response(key.choice, &json!([{ "text": text }]).to_string(), None, out),
                Channel::Reasoning => self.response(key.choice, &json!([{"text": text, "thought": true}]).to_string(), None, out),
                Channel::ToolArguments => {
                    let (_, _, arguments) = self.call.get_or_insert_with(Default::default);
                    arguments.push_str(text);
                }
            },
            WriterStep::Tool { id, name, .. } => self.call = Some((id.clone(), name.clone(), String::new())),
            WriterStep::KeepAlive => self.response(0, "[]", None, out),
            // Reason and counts stand in one response, so the reason waits for the end.
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    self.response(0, &json!([{ "text": text }]).to_string(), None, out);
                }
                self.finish = Some(if reason.is_empty() { "STOP".into() } else { reason.clone() });
            }
            WriterStep::Usage(usage) => self.usage = Some(*usage),
            WriterStep::Error { kind, message } => {
                event(&json!({"error": {"code": 500, "message": message, "status": kind}}).to_string(), out);
            }
            WriterStep::End => {
                let finish = self.finish.take().unwrap_or_else(|| "STOP".into());
                self.response(0, r#"[{"text":""}]"#, Some(&finish), out);
            }
        }
    }
}
