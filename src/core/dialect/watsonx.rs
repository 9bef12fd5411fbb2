//! IBM watsonx text generation: increments under `results`, numbered events.

use serde::Deserialize;
use serde_json::json;

use super::{
    BEARER, DialectInfo, Ending, FrameView, Reader, Seen, Sink, Writer, WriterStart, WriterStep, error,
    json::{self, Few, Shape, Text},
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note, Usage},
};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "watsonx",
    title: "IBM watsonx text generation",
    framing: Framing::Sse,
    path: "/ml/v1/text/generation_stream?version=2024-05-31",
    headers: BEARER,
    content_type: "text/event-stream",
    carries: &[Channel::Text],
    ending: Ending::Finish,
    recognise: |_, value| {
        let result = value.pointer("/results/0");
        if result.is_some_and(|result| result.get("generated_text").is_some()) { 3 } else { 0 }
    },
    reader: || Box::<ResultReader>::default(),
    writer: |start| Box::new(ResultWriter { start: start.clone(), number: 0, usage: Usage::default(), finish: None }),
    request: |model, prompt| json!({"model_id": model, "input": prompt, "parameters": {"max_new_tokens": 512}}).to_string(),
};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    model_id: Text<'a>,
    #[serde(borrow)]
    results: Option<Few<Outcome<'a>>>,
}

#[derive(Deserialize)]
struct Outcome<'a> {
    #[serde(borrow, default)]
    generated_text: Text<'a>,
    #[serde(borrow, default)]
    stop_reason: Text<'a>,
    input_token_count: Option<u64>,
    generated_token_count: Option<u64>,
}

const EVENT: Shape = Shape::Object(&[
    ("model_id", Shape::Text),
    (
        "results",
        Shape::List(&Shape::Object(&[
            ("generated_text", Shape::Text),
            ("stop_reason", Shape::Text),
            ("input_token_count", Shape::Number),
            ("generated_token_count", Shape::Number),
        ])),
    ),
]);

/// Reads results.
#[derive(Default)]
struct ResultReader {
    seen: Seen,
    usage: Usage,
}

impl Reader for ResultReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        json::read(frame.data, &EVENT, sink, |data, sink| {
            let event = serde_json::from_slice::<Event<'_>>(data)?;
            self.event(&event, data, sink);
            Ok(())
        });
    }
}

impl ResultReader {
    fn event(&mut self, event: &Event<'_>, data: &[u8], sink: &mut Sink) {
        let Some(results) = &event.results else {
            match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                // The first event may hold warnings alone.
                None if !event.model_id.is_empty() => sink.kind = Some(FrameKind::Control),
                None => sink.kind = Some(FrameKind::Unknown),
            }
            return;
        };
        self.seen.model(event.model_id.bytes(), sink);
        for (choice, result) in (0..u16::MAX).zip(results.iter()) {
            sink.add(ChannelKey { choice, block: 0, channel: Channel::Text }, result.generated_text.bytes());
            let usage = Usage {
                input: result.input_token_count.filter(|count| *count > 0).or(self.usage.input),
                output: result.generated_token_count.filter(|count| *count > 0).or(self.usage.output),
                total: None,
            };
            if usage != std::mem::replace(&mut self.usage, usage) {
                sink.note(Note::Usage(usage));
            }
            if !matches!(result.stop_reason.bytes(), b"" | b"not_finished" | b"NOT_FINISHED") {
                sink.note(Note::Finish { choice, reason: result.stop_reason.to_utf8() });
            }
        }
    }
}

struct ResultWriter {
    start: WriterStart,
    number: u64,
    usage: Usage,
    finish: Option<String>,
}

impl ResultWriter {
    fn result(&mut self, text: &str, stop: &str, out: &mut Vec<u8>) {
        self.number += 1;
        let (input, output) = (self.usage.input.unwrap_or(0), self.usage.output.unwrap_or(0));
        let result =
            json!({"generated_text": text, "generated_token_count": output, "input_token_count": input, "stop_reason": stop});
        let event = json!({"model_id": self.start.model, "results": [result]});
        out.extend_from_slice(format!("id: {}\nevent: message\ndata: {event}\n\n", self.number).as_bytes());
    }
}

impl Writer for ResultWriter {
    fn write(&mut self, step: &WriterStep, _at_ns: u64, out: &mut Vec<u8>) {
        match step {
            WriterStep::Text { key, text, .. } if matches!(key.channel, Channel::Text | Channel::Refusal) => {
                self.result(text, "not_finished", out);
            }
            // This wire has text alone.
            WriterStep::Begin | WriterStep::Text { .. } | WriterStep::Tool { .. } => {}
            WriterStep::KeepAlive => out.extend_from_slice(b": keep-alive\n\n"),
            WriterStep::Finish { reason, text } => {
                if !text.is_empty() {
                    self.result(text, "not_finished", out);
                }
                self.finish = Some(if reason.is_empty() { "eos_token".into() } else { reason.clone() });
            }
            WriterStep::Usage(usage) => self.usage = *usage,
            WriterStep::Error { kind, message } => {
                let event = json!({"error": {"code": kind, "message": message}});
                out.extend_from_slice(format!("event: error\ndata: {event}\n\n").as_bytes());
            }
            WriterStep::End => {
                let finish = self.finish.take().unwrap_or_else(|| "eos_token".into());
                self.result("", &finish, out);
            }
        }
    }
}
