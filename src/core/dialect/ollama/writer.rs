//! Lines as Ollama writes them.

use serde_json::{Value, json};

use crate::core::{
    dialect::{Writer, WriterStart, WriterStep, stamp},
    reading::{Channel, Usage},
};

struct LineWriter {
    model: Value,
    base_ns: u64,
    /// A call that began, whose arguments are still coming: the wire has them whole.
    call: Option<(Value, String)>,
    finish: Option<String>,
    usage: Usage,
}

/// A writer for one stream.
pub(super) fn new(start: &WriterStart) -> Box<dyn Writer> {
    Box::new(LineWriter {
        model: json!(start.model),
        base_ns: start.created.saturating_mul(1_000_000_000),
        call: None,
        finish: None,
        usage: Usage::default(),
    })
}

impl LineWriter {
    fn line(&self, message: &str, rest: &str, at_ns: u64, out: &mut Vec<u8>) {
        let (model, stamp) = (&self.model, stamp::write(self.base_ns.saturating_add(at_ns)));
        let line = format!(r#"{{"model":{model},"created_at":"{stamp}","message":{{"role":"assistant",{message}}},{rest}}}"#);
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }

    fn flush_call(&mut self, at_ns: u64, out: &mut Vec<u8>) {
        let Some((call, arguments)) = self.call.take() else { return };
        // Arguments that are no JSON would break the line, and this wire has no way to say them.
        let arguments = serde_json::from_str::<Value>(&arguments).map_or_else(|_| "{}".to_owned(), |_| arguments);
        let message = format!(
            r#""content":"","tool_calls":[{{"id":{},"function":{{"name":{},"arguments":{arguments}}}}}]"#,
            call["id"], call["name"]
        );
        self.line(&message, r#""done":false"#, at_ns, out);
    }
}

impl Writer for LineWriter {
    fn write(&mut self, step: &WriterStep, at_ns: u64, out: &mut Vec<u8>) {
        if !matches!(step, WriterStep::Text { key, .. } if key.channel == Channel::ToolArguments) {
            self.flush_call(at_ns, out);
        }
        match step {
            // The first line is already text; nothing comes before it.
            WriterStep::Begin => {}
            WriterStep::Text { key, text, .. } => match (key.channel, &mut self.call) {
                (Channel::ToolArguments, Some((_, arguments))) => arguments.push_str(text),
                (Channel::ToolArguments, call) => *call = Some((json!({"id": "", "name": ""}), text.clone())),
                (Channel::Reasoning, _) => {
                    self.line(&format!(r#""content":"","thinking":{}"#, json!(text)), r#""done":false"#, at_ns, out);
                }
                (Channel::Text | Channel::Refusal, _) => {
                    self.line(&format!(r#""content":{}"#, json!(text)), r#""done":false"#, at_ns, out);
                }
            },
            WriterStep::Tool { id, name, .. } => self.call = Some((json!({"id": id, "name": name}), String::new())),
            WriterStep::KeepAlive => self.line(r#""content":"""#, r#""done":false"#, at_ns, out),
            // The last line has text, reason and counts, so the reason waits for the end.
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    self.line(&format!(r#""content":{}"#, json!(text)), r#""done":false"#, at_ns, out);
                }
                self.finish = Some(if reason.is_empty() { "stop".into() } else { reason.clone() });
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { message, .. } => {
                out.extend_from_slice(json!({ "error": message }).to_string().as_bytes());
                out.push(b'\n');
            }
            WriterStep::End => {
                let reason = json!(self.finish.take().unwrap_or_else(|| "stop".into()));
                let (input, output) = (self.usage.input.unwrap_or(0), self.usage.output.unwrap_or(0));
                let rest = format!(
                    r#""done_reason":{reason},"done":true,"total_duration":{at_ns},"prompt_eval_count":{input},"eval_count":{output}"#
                );
                self.line(r#""content":"""#, &rest, at_ns, out);
            }
        }
    }
}
