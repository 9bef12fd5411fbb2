//! DashScope's own wire: every event repeats all text so far, unless the request asked for increments.
//!
//! Which of the two it is, the request knows and the body shows: the first event that continues another one in its own text, or
//! does not, tells. A cumulative event is read as a snapshot of what is known and an addition of what is new.

use serde::Deserialize;

use super::{
    DialectInfo, Ending, FrameView, Reader, Seen, Sink, error,
    growth::Growth,
    json::{self, Few, Shape, Text, TextOr},
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note, Usage},
};

mod writer;

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "dashscope",
    title: "DashScope native",
    framing: Framing::Sse,
    path: "/api/v1/services/aigc/text-generation/generation",
    headers: &[("authorization", "Bearer {key}"), ("x-dashscope-sse", "enable")],
    content_type: "text/event-stream",
    carries: &[Channel::Text, Channel::Reasoning, Channel::ToolArguments],
    ending: Ending::Finish,
    recognise: |frame, value| {
        let output = value.get("output").is_some_and(serde_json::Value::is_object);
        match (output, value.get("request_id").is_some()) {
            (true, true) => 3,
            (false, true) if frame.event == b"error" && value.get("code").is_some() => 2,
            _ => 0,
        }
    },
    reader: || Box::<EventReader>::default(),
    writer: writer::new,
    request: |model, prompt| {
        serde_json::json!({
            "model": model,
            "input": {"messages": [{"role": "user", "content": prompt}]},
            "parameters": {"incremental_output": true, "result_format": "message"},
        })
        .to_string()
    },
};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    output: Option<Output<'a>>,
    #[serde(borrow)]
    usage: Option<Counts<'a>>,
    #[serde(borrow, default)]
    request_id: Text<'a>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow, default)]
    finish_reason: Text<'a>,
    #[serde(borrow)]
    choices: Option<Few<Choice<'a>>>,
    /// Deep research: one message, in phases.
    #[serde(borrow)]
    message: Option<Box<Phased<'a>>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow, default)]
    finish_reason: Text<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: TextOr<'a, Part<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Text<'a>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
}

/// A message of deep research.
#[derive(Deserialize)]
struct Phased<'a> {
    #[serde(borrow, default)]
    content: TextOr<'a, Part<'a>>,
    #[serde(borrow, default)]
    phase: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
}

#[derive(Debug, Clone, Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    index: Option<u64>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: Text<'a>,
}

#[derive(Deserialize)]
struct Counts<'a> {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    total_tokens: Option<u64>,
    /// Applications count per model.
    #[serde(borrow)]
    models: Option<Vec<ModelCounts<'a>>>,
}

#[derive(Deserialize)]
struct ModelCounts<'a> {
    #[serde(borrow, default)]
    model_id: Text<'a>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

const CALL: Shape = Shape::Object(&[
    ("index", Shape::Number),
    ("id", Shape::Text),
    ("function", Shape::Object(&[("name", Shape::Text), ("arguments", Shape::Text)])),
]);
const MESSAGE: Shape = Shape::Object(&[
    ("content", Shape::TextOrList(&Shape::Object(&[("text", Shape::Text)]))),
    ("reasoning_content", Shape::Text),
    ("tool_calls", Shape::List(&CALL)),
    ("phase", Shape::Text),
    ("status", Shape::Text),
]);
const COUNTS: Shape = Shape::Object(&[
    ("input_tokens", Shape::Number),
    ("output_tokens", Shape::Number),
    ("total_tokens", Shape::Number),
    (
        "models",
        Shape::List(&Shape::Object(&[
            ("model_id", Shape::Text),
            ("input_tokens", Shape::Number),
            ("output_tokens", Shape::Number),
        ])),
    ),
]);
const EVENT: Shape = Shape::Object(&[
    (
        "output",
        Shape::Object(&[
            ("text", Shape::Text),
            ("finish_reason", Shape::Text),
            (
                "choices",
                Shape::List(&Shape::Object(&[("index", Shape::Number), ("message", MESSAGE), ("finish_reason", Shape::Text)])),
            ),
            ("message", MESSAGE),
        ]),
    ),
    ("usage", COUNTS),
    ("request_id", Shape::Text),
]);

/// Reads events; knows the text so far while it may still be repeated.
#[derive(Default)]
struct EventReader {
    seen: Seen,
    growth: Growth,
    usage: Option<Usage>,
    /// Calls that were noted, as (choice, block, id and name).
    calls: Vec<(u16, u16, String, String)>,
}

impl Reader for EventReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        json::read(frame.data, &EVENT, sink, |data, sink| {
            let event = serde_json::from_slice::<Event<'_>>(data)?;
            self.event(&event, data, sink);
            Ok(())
        });
    }
}

impl EventReader {
    fn event(&mut self, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        let Some(output) = &event.output else {
            match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                None => sink.kind = Some(FrameKind::Unknown),
            }
            return;
        };
        self.seen.id(event.request_id.bytes(), sink);
        let model = event.usage.iter().filter_map(|usage| usage.models.as_ref()).flatten().next();
        if let Some(model) = model {
            self.seen.model(model.model_id.bytes(), sink);
        }
        let usage = event.usage.as_ref().map(|usage| Usage {
            input: usage.input_tokens.or(model.and_then(|model| model.input_tokens)),
            output: usage.output_tokens.or(model.and_then(|model| model.output_tokens)),
            total: usage.total_tokens,
        });
        self.growth.begin(usage.and_then(|usage| usage.output));
        self.growth.say(key(0, 0, Channel::Text), output.text.bytes(), sink);
        finish(0, &output.finish_reason, sink);
        for choice in output.choices.iter().flat_map(Few::iter) {
            let index = json::narrow(choice.index, "index", sink);
            if let Some(message) = &choice.message {
                self.message(index, message, Channel::Text, sink);
            }
            finish(index, &choice.finish_reason, sink);
        }
        if let Some(message) = &output.message {
            self.phase(message, sink);
        }
        // The counts run along, and mostly stand still for some events.
        if usage != self.usage {
            self.usage = usage;
            sink.note_usage(usage.filter(|usage| *usage != Usage::default()));
        }
    }

    /// Deep research thinks in phases, and answers in the last one.
    fn phase(&mut self, message: &Phased<'_>, sink: &mut Sink) {
        let answer = message.phase.bytes() == b"answer" || message.phase.is_empty();
        if message.phase.bytes() == b"KeepAlive" {
            sink.kind = Some(FrameKind::KeepAlive);
            return;
        }
        self.content(0, &message.content, if answer { Channel::Text } else { Channel::Reasoning }, sink);
        if answer && message.status.bytes() == b"finished" {
            sink.note(Note::Finish { choice: 0, reason: format!("finished:{}", message.phase.to_utf8()) });
        } else if sink.deltas.is_empty() {
            sink.kind = Some(FrameKind::Control);
        }
    }

    fn message(&mut self, choice: u16, message: &Message<'_>, channel: Channel, sink: &mut Sink) {
        self.growth.say(key(choice, 0, Channel::Reasoning), message.reasoning_content.bytes(), sink);
        self.content(choice, &message.content, channel, sink);
        for call in message.tool_calls.iter().flat_map(|calls| calls.iter()) {
            self.call(choice, call, sink);
        }
    }

    fn content(&mut self, choice: u16, content: &TextOr<'_, Part<'_>>, channel: Channel, sink: &mut Sink) {
        match content {
            TextOr::Text(text) => self.growth.say(key(choice, 0, channel), text.bytes(), sink),
            TextOr::Parts(parts) => {
                for (block, part) in (0..u16::MAX).zip(parts) {
                    self.growth.say(key(choice, block, channel), part.text.bytes(), sink);
                }
            }
        }
    }

    fn call(&mut self, choice: u16, call: &ToolCall<'_>, sink: &mut Sink) {
        let block = json::narrow(call.index, "tool_calls.index", sink);
        let name = call.function.as_ref().map(|function| function.name.to_utf8()).unwrap_or_default();
        let noted = (choice, block, call.id.to_utf8(), name);
        if (!noted.2.is_empty() || !noted.3.is_empty()) && self.calls.last() != Some(&noted) {
            sink.note(Note::Tool { choice, block, id: noted.2.clone(), name: noted.3.clone() });
            self.calls.push(noted);
        }
        if let Some(function) = &call.function {
            self.growth.say(key(choice, block, Channel::ToolArguments), function.arguments.bytes(), sink);
        }
    }
}

fn key(choice: u16, block: u16, channel: Channel) -> ChannelKey {
    ChannelKey { choice, block, channel }
}

/// A reason; `null` is the word for none.
fn finish(choice: u16, reason: &Text<'_>, sink: &mut Sink) {
    if !matches!(reason.bytes(), b"" | b"null") {
        sink.note(Note::Finish { choice, reason: reason.to_utf8() });
    }
}
