//! Chunks as OpenAI writes them, with the key orders of the endpoint that stuttered first.

use serde_json::json;

use crate::core::{
    dialect::{Writer, WriterStart, WriterStep},
    reading::{Channel, Usage},
};

/// Serializers seen behind one endpoint, told apart by the key order inside `choices[0]`.
#[derive(Clone, Copy)]
enum Order {
    Normal,
    Preamble,
    Finish,
}

struct ChatWriter {
    head: String,
}

/// A writer for one stream.
pub(super) fn new(start: &WriterStart) -> Box<dyn Writer> {
    let head = format!(
        r#"{{"id":{},"object":"chat.completion.chunk","created":{},"model":{},"system_fingerprint":null,"#,
        json!(start.id),
        start.created,
        json!(start.model)
    );
    Box::new(ChatWriter { head })
}

impl ChatWriter {
    fn chunk(&self, order: Order, choice: u16, delta: &str, finish: Option<&str>, out: &mut Vec<u8>) {
        let finish = json!(finish);
        let choice = match order {
            Order::Normal => format!(r#""delta":{delta},"finish_reason":{finish},"index":{choice},"logprobs":null"#),
            Order::Preamble => format!(r#""finish_reason":{finish},"logprobs":null,"delta":{delta},"index":{choice}"#),
            Order::Finish => format!(r#""finish_reason":{finish},"delta":{delta},"index":{choice},"logprobs":null"#),
        };
        self.event(&format!(r#""choices":[{{{choice}}}],"usage":null}}"#), out);
    }

    fn event(&self, rest: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(rest.as_bytes());
        out.extend_from_slice(b"\n\n");
    }

    fn usage(&self, usage: &Usage, out: &mut Vec<u8>) {
        let total = usage.total.or_else(|| Some(usage.input? + usage.output?));
        let usage = json!({"prompt_tokens": usage.input, "completion_tokens": usage.output, "total_tokens": total});
        self.event(&format!(r#""choices":[],"usage":{usage}}}"#), out);
    }
}

impl Writer for ChatWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Begin => self.chunk(Order::Normal, 0, r#"{"role":"assistant","content":""}"#, None, out),
            WriterStep::Text { key, text, preamble } => {
                let text = json!(text);
                let delta = match key.channel {
                    Channel::Text => format!(r#"{{"content":{text}}}"#),
                    Channel::Reasoning => format!(r#"{{"reasoning_content":{text}}}"#),
                    Channel::Refusal => format!(r#"{{"refusal":{text}}}"#),
                    Channel::ToolArguments => {
                        format!(r#"{{"tool_calls":[{{"index":{},"function":{{"arguments":{text}}}}}]}}"#, key.block)
                    }
                };
                self.chunk(if *preamble { Order::Preamble } else { Order::Normal }, key.choice, &delta, None, out);
            }
            WriterStep::Tool { block, id, name } => {
                let (id, name) = (json!(id), json!(name));
                let call =
                    format!(r#"{{"index":{block},"id":{id},"type":"function","function":{{"name":{name},"arguments":""}}}}"#);
                self.chunk(Order::Normal, 0, &format!(r#"{{"tool_calls":[{call}]}}"#), None, out);
            }
            WriterStep::KeepAlive => out.extend_from_slice(b": keep-alive\n\n"),
            WriterStep::Finish { reason, text } => {
                let reason = if reason.is_empty() { "stop" } else { reason };
                self.chunk(Order::Finish, 0, &format!(r#"{{"content":{}}}"#, json!(text)), Some(reason), out);
            }
            WriterStep::Usage(usage) => self.usage(usage, out),
            WriterStep::Error { kind, message } => {
                let error = json!({"error": {"message": message, "type": kind, "param": null, "code": null}});
                out.extend_from_slice(format!("data: {error}\n\n").as_bytes());
            }
            WriterStep::End => out.extend_from_slice(b"data: [DONE]\n\n"),
        }
    }
}
