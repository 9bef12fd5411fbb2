//! Events as OpenAI writes them, with what it repeats.

use serde_json::{Value, json};

use crate::core::{
    dialect::{Writer, WriterStart, WriterStep},
    reading::{Channel, ChannelKey, Usage},
};

struct EventWriter {
    start: WriterStart,
    number: u64,
    open: Option<Open>,
    output: Vec<Value>,
    usage: Usage,
    status: String,
    /// The answer as the model gave it, if that was told.
    whole: Option<String>,
}

/// The item that is open.
struct Open {
    /// Where its text goes.
    key: ChannelKey,
    item: Value,
    said: String,
}

/// A writer for one stream.
pub(super) fn new(start: &WriterStart) -> Box<dyn Writer> {
    Box::new(EventWriter {
        start: start.clone(),
        number: 0,
        open: None,
        output: Vec::new(),
        usage: Usage::default(),
        status: "completed".into(),
        whole: None,
    })
}

/// The words of one channel: item type, part type, event, field of the part.
fn words(channel: Channel) -> (&'static str, &'static str, &'static str, &'static str) {
    match channel {
        Channel::Text => ("message", "output_text", "output_text", "text"),
        Channel::Refusal => ("message", "refusal", "refusal", "refusal"),
        Channel::Reasoning => ("reasoning", "summary_text", "reasoning_summary_text", "text"),
        Channel::ToolArguments => ("function_call", "", "function_call_arguments", "arguments"),
    }
}

/// The name under which a channel's parts are counted.
fn part_index(channel: Channel) -> &'static str {
    if channel == Channel::Reasoning { "summary_index" } else { "content_index" }
}

impl EventWriter {
    fn event(&mut self, name: &str, mut fields: Value, out: &mut Vec<u8>) {
        fields["type"] = name.into();
        fields["sequence_number"] = self.number.into();
        self.number += 1;
        out.extend_from_slice(format!("event: {name}\ndata: {fields}\n\n").as_bytes());
    }

    fn response(&self, status: &str) -> Value {
        let (input, output) = (self.usage.input.unwrap_or(0), self.usage.output.unwrap_or(0));
        json!({
            "id": self.start.id, "object": "response", "created_at": self.start.created, "status": status,
            "model": self.start.model, "output": self.output,
            "usage": {"input_tokens": input, "output_tokens": output, "total_tokens": input + output},
        })
    }

    /// The fields that place an event in the open item.
    fn place(&self, key: ChannelKey) -> Value {
        let mut fields = json!({"item_id": self.item_id(), "output_index": self.output.len()});
        if key.channel != Channel::ToolArguments {
            fields[part_index(key.channel)] = 0.into();
        }
        fields
    }

    fn item_id(&self) -> String {
        format!("item_{}", self.output.len())
    }

    /// Opens the item of `key` unless it is open; closes another one first.
    fn open(&mut self, key: ChannelKey, item: Value, out: &mut Vec<u8>) {
        if self.open.as_ref().is_some_and(|open| open.key == key) {
            return;
        }
        self.close(out);
        let index = self.output.len();
        self.event("response.output_item.added", json!({"output_index": index, "item": item}), out);
        if let Some(event) = part_event(key.channel) {
            let fields = self.part(key, "");
            self.event(&format!("response.{event}.added"), fields, out);
        }
        self.open = Some(Open { key, item, said: String::new() });
    }

    /// The fields of an event about the part of `key`, whose text is `said`.
    fn part(&self, key: ChannelKey, said: &str) -> Value {
        let (_, part, _, field) = words(key.channel);
        let mut fields = self.place(key);
        fields["part"] = json!({"type": part, field: said});
        fields
    }

    fn item(&self, key: ChannelKey) -> Value {
        let (kind, ..) = words(key.channel);
        let id = self.item_id();
        match key.channel {
            Channel::Text | Channel::Refusal => json!({"id": id, "type": kind, "role": "assistant", "content": []}),
            Channel::Reasoning => json!({"id": id, "type": kind, "summary": []}),
            Channel::ToolArguments => json!({"id": id, "type": kind, "call_id": "", "name": "", "arguments": ""}),
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(Open { key, mut item, mut said }) = self.open.take() else { return };
        if key.channel == Channel::Text
            && let Some(whole) = self.whole.take()
        {
            said = whole;
        }
        let (_, part, event, field) = words(key.channel);
        let index = self.output.len();
        let mut fields = self.place(key);
        fields[field] = said.as_str().into();
        self.event(&format!("response.{event}.done"), fields, out);
        if let Some(event) = part_event(key.channel) {
            let fields = self.part(key, &said);
            self.event(&format!("response.{event}.done"), fields, out);
        }
        match key.channel {
            Channel::ToolArguments => item["arguments"] = said.into(),
            channel => {
                let list = if channel == Channel::Reasoning { "summary" } else { "content" };
                item[list] = json!([{"type": part, field: said}]);
            }
        }
        self.event("response.output_item.done", json!({"output_index": index, "item": item}), out);
        self.output.push(item);
    }
}

/// What a part's beginning and end are called, for a channel that has parts.
fn part_event(channel: Channel) -> Option<&'static str> {
    match channel {
        Channel::Text | Channel::Refusal => Some("content_part"),
        Channel::Reasoning => Some("reasoning_summary_part"),
        Channel::ToolArguments => None,
    }
}

impl Writer for EventWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Begin => {
                for event in ["response.created", "response.in_progress"] {
                    let response = self.response("in_progress");
                    self.event(event, json!({ "response": response }), out);
                }
            }
            WriterStep::Text { key, text, .. } => {
                let item = self.item(*key);
                self.open(*key, item, out);
                if let Some(open) = &mut self.open {
                    open.said.push_str(text);
                }
                let (_, _, event, _) = words(key.channel);
                let mut fields = self.place(*key);
                (fields["delta"], fields["obfuscation"]) = (text.as_str().into(), "k3".into());
                self.event(&format!("response.{event}.delta"), fields, out);
            }
            WriterStep::Tool { block, id, name } => {
                let key = ChannelKey { choice: 0, block: *block, channel: Channel::ToolArguments };
                self.close(out);
                let mut item = self.item(key);
                (item["call_id"], item["name"]) = (id.as_str().into(), name.as_str().into());
                self.open(key, item, out);
            }
            WriterStep::KeepAlive => out.extend_from_slice(b": keepalive\n\n"),
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    let key = ChannelKey { choice: 0, block: 0, channel: Channel::Text };
                    self.write(&WriterStep::Text { key, text: text.clone(), preamble: false }, 0, out);
                }
                self.close(out);
                if matches!(reason.as_str(), "length" | "max_output_tokens" | "incomplete") {
                    self.status = "incomplete".into();
                }
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => {
                let error = json!({"type": kind, "code": kind, "message": message});
                self.event("error", json!({ "error": error }), out);
            }
            WriterStep::End => {
                self.close(out);
                let (status, response) = (self.status.clone(), self.response(&self.status));
                self.event(&format!("response.{status}"), json!({ "response": response }), out);
            }
        }
    }

    fn whole(&mut self, text: &str) {
        self.whole = Some(text.to_owned());
    }
}
