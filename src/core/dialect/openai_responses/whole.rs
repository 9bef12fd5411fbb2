//! What events repeat whole: parts, items and the response.

use serde_json::{Value, value::RawValue};

use super::{
    Event, EventReader,
    blocks::{Counts, Said},
};
use crate::core::{
    dialect::{Sink, error, json, usage},
    reading::{Channel, FrameKind, Note},
};

impl EventReader {
    /// `output_item.added` and `.done`: what the item is, and what it holds.
    pub(super) fn item(&mut self, event: &Event<'_>, done: bool, sink: &mut Sink) {
        let Some(item) = value_of(event.item) else { return };
        let before = sink.deltas.len();
        if !done {
            self.tool(event.output_index.unwrap_or(0), &item, sink);
        }
        self.blocks.repeat(event.output_index.unwrap_or(0), false, &texts_of(&item), &mut Counts::default(), sink);
        settle(before, !done, sink);
    }

    /// `content_part.added` and `.done`: the text of one part.
    pub(super) fn part(&mut self, event: &Event<'_>, opens: bool, sink: &mut Sink) {
        let Some(part) = value_of(event.part) else { return };
        let before = sink.deltas.len();
        if let Some((channel, text)) = text_of_part(&part) {
            let key = self.blocks.key(event.output_index, event.content_index, channel);
            self.blocks.restate(key, text.as_bytes(), sink);
        }
        settle(before, opens, sink);
    }

    /// The response that an event carries; `ended` if the event is its last.
    pub(super) fn response(&mut self, event: &Event<'_>, ended: bool, sink: &mut Sink) {
        if let Some(raw) = event.response {
            self.whole(raw.get().as_bytes(), ended, sink);
        }
        if ended && sink.kind == Some(FrameKind::Control) {
            sink.kind = Some(FrameKind::Terminator);
        }
    }

    /// A response object: id, model, and at its end status, output and usage.
    pub(super) fn whole(&mut self, data: &[u8], ended: bool, sink: &mut Sink) {
        let Some(response) = json::free(data) else { return };
        let word = |name: &str| response.get(name).and_then(Value::as_str).unwrap_or_default();
        if self.turns <= 1 {
            self.seen.id(word("id").as_bytes(), sink);
        }
        self.seen.model(word("model").as_bytes(), sink);
        if !ended {
            return;
        }
        self.output(response.get("output"), sink);
        let status = word("status");
        if !status.is_empty() {
            sink.note(Note::Finish { choice: 0, reason: status.to_owned() });
        }
        usage::note(response.get("usage"), sink);
        if response.get("error").is_some_and(|error| !error.is_null()) {
            sink.notes.extend(error::of_value(&response));
            sink.kind = Some(FrameKind::Error);
        }
    }

    fn output(&mut self, output: Option<&Value>, sink: &mut Sink) {
        let silent = self.blocks.is_silent();
        let mut counts = Counts::default();
        for (index, item) in (0..).zip(output.and_then(Value::as_array).into_iter().flatten()) {
            if silent {
                self.tool(index, item, sink);
            }
            self.blocks.repeat(index, true, &texts_of(item), &mut counts, sink);
        }
    }

    fn tool(&mut self, output: u64, item: &Value, sink: &mut Sink) {
        let word = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = match word("type") {
            "function_call" | "custom_tool_call" | "mcp_call" => word("name"),
            kind @ ("code_interpreter_call" | "apply_patch_call" | "shell_call" | "local_shell_call") => kind,
            _ => return,
        };
        let key = self.blocks.key(Some(output), None, Channel::ToolArguments);
        let id = if word("call_id").is_empty() { word("id") } else { word("call_id") };
        sink.note(Note::Tool { choice: 0, block: key.block, id: id.to_owned(), name: name.to_owned() });
    }
}

/// A frame that only repeats is no text; one that says something for the first time is, and is noted where it `opens`.
fn settle(before: usize, opens: bool, sink: &mut Sink) {
    if sink.deltas[before..].iter().any(|(_, _, snapshot)| !snapshot) {
        sink.kind = None;
        if opens {
            sink.note(Note::Opening);
        }
    }
}

fn value_of(raw: Option<&RawValue>) -> Option<Value> {
    json::free(raw?.get().as_bytes())
}

/// All texts of an output item.
fn texts_of(item: &Value) -> Vec<Said> {
    let word = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
    let parts = |name: &str| {
        let parts = item.get(name).and_then(Value::as_array).into_iter().flatten();
        (0..).zip(parts).filter_map(|(index, part)| text_of_part(part).map(|(channel, text)| (channel, index, text)))
    };
    let argument = |text: Option<String>| text.map(|text| (Channel::ToolArguments, 0, text)).into_iter().collect();
    match item.get("type").and_then(Value::as_str).unwrap_or_default() {
        "message" => parts("content").collect(),
        "reasoning" => {
            let mut said: Vec<Said> = parts("summary").collect();
            if said.is_empty() {
                said.extend(parts("content"));
            }
            said
        }
        "function_call" | "mcp_call" => argument(word("arguments")),
        "custom_tool_call" => argument(word("input")),
        "code_interpreter_call" => argument(word("code")),
        "apply_patch_call" => argument(item.pointer("/operation/diff").and_then(Value::as_str).map(str::to_owned)),
        _ => Vec::new(),
    }
}

fn text_of_part(part: &Value) -> Option<(Channel, String)> {
    let word = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match part.get("type").and_then(Value::as_str)? {
        "output_text" | "text" => Some((Channel::Text, word("text"))),
        "refusal" => Some((Channel::Refusal, word("refusal"))),
        "summary_text" | "reasoning_text" => Some((Channel::Reasoning, word("text"))),
        _ => None,
    }
}
