//! Gemini and Vertex AI `streamGenerateContent`: every frame is a whole response with the next parts of its text.
//!
//! The same objects come as events (`alt=sse`) or as elements of one array. There is no terminator: the last frame has a finish
//! reason, and some send one with every frame. Errors may follow unframed.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use partial::Assembly;

use super::{
    DialectInfo, Ending, FrameView, Reader, Seen, Sink, error,
    json::{self, Few, Shape, Text},
};
use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Note, Usage},
};

mod partial;
mod writer;

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "gemini",
    title: "Gemini and Vertex AI",
    framing: Framing::Sse,
    path: "/v1beta/models/{model}:streamGenerateContent?alt=sse",
    headers: &[("x-goog-api-key", "{key}")],
    content_type: "text/event-stream",
    carries: &[Channel::Text, Channel::Reasoning, Channel::ToolArguments],
    ending: Ending::Finish,
    recognise: |_, value| {
        let value = value.get("response").filter(|inner| inner.is_object()).unwrap_or(value);
        let of_candidate = |candidate: &Value| candidate.get("content").or(candidate.get("finishReason")).is_some();
        match value.get("candidates") {
            Some(Value::Array(candidates)) if candidates.iter().all(of_candidate) => 3,
            _ if value.pointer("/promptFeedback/blockReason").is_some() => 3,
            _ if value.get("usageMetadata").is_some() => 2,
            _ => 0,
        }
    },
    reader: || Box::<ResponseReader>::default(),
    writer: writer::new,
    request: |_, prompt| serde_json::json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]}).to_string(),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    #[serde(borrow)]
    candidates: Option<Few<Candidate<'a>>>,
    usage_metadata: Option<Counts>,
    #[serde(borrow, default)]
    model_version: Text<'a>,
    #[serde(borrow, default)]
    response_id: Text<'a>,
    #[serde(borrow)]
    prompt_feedback: Option<PromptFeedback<'a>>,
    /// Code Assist wraps the response once more.
    #[serde(borrow)]
    response: Option<Box<Response<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    prompt_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    total_token_count: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptFeedback<'a> {
    #[serde(borrow, default)]
    block_reason: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    /// A word, or a number with `enum-encoding=int`.
    #[serde(borrow)]
    finish_reason: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Option<Few<Part<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
    thought: Option<bool>,
    #[serde(borrow)]
    function_call: Option<FunctionCall<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionCall<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
    /// Pieces of arguments by their path in the value.
    #[serde(borrow)]
    partial_args: Option<&'a RawValue>,
    will_continue: Option<bool>,
}

const PART: Shape = Shape::Object(&[
    ("text", Shape::Text),
    ("thought", Shape::Bool),
    ("functionCall", Shape::Object(&[("id", Shape::Text), ("name", Shape::Text), ("willContinue", Shape::Bool)])),
]);
const CANDIDATE: Shape = Shape::Object(&[("index", Shape::Number), ("content", Shape::Object(&[("parts", Shape::List(&PART))]))]);
const RESPONSE: Shape = Shape::Object(&[
    ("candidates", Shape::List(&CANDIDATE)),
    (
        "usageMetadata",
        Shape::Object(&[
            ("promptTokenCount", Shape::Number),
            ("candidatesTokenCount", Shape::Number),
            ("totalTokenCount", Shape::Number),
        ]),
    ),
    ("modelVersion", Shape::Text),
    ("responseId", Shape::Text),
    ("promptFeedback", Shape::Object(&[("blockReason", Shape::Text)])),
    ("response", Shape::Object(&[("candidates", Shape::List(&CANDIDATE))])),
]);

/// Reads responses; numbers function calls, which have no index here.
#[derive(Default)]
struct ResponseReader {
    seen: Seen,
    calls: u16,
    /// The call that goes on in the next frame.
    open: Option<u16>,
    /// Its arguments, if they come in pieces.
    pieces: Assembly,
}

impl Reader for ResponseReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        json::read(frame.data, &RESPONSE, sink, |data, sink| {
            let response = serde_json::from_slice::<Response<'_>>(data)?;
            self.response(&response, data, sink);
            Ok(())
        });
    }
}

impl ResponseReader {
    fn response(&mut self, response: &Response<'_>, data: &[u8], sink: &mut Sink) {
        if let Some(inner) = &response.response {
            return self.response(inner, data, sink);
        }
        self.seen.id(response.response_id.bytes(), sink);
        self.seen.model(response.model_version.bytes(), sink);
        for candidate in response.candidates.iter().flat_map(Few::iter) {
            self.candidate(candidate, sink);
        }
        let blocked = response.prompt_feedback.as_ref().filter(|feedback| !feedback.block_reason.is_empty());
        if let Some(feedback) = blocked {
            sink.note(Note::Finish { choice: 0, reason: format!("block:{}", feedback.block_reason.to_utf8()) });
        }
        if let Some(counts) = &response.usage_metadata {
            sink.note(Note::Usage(Usage {
                input: counts.prompt_token_count,
                output: counts.candidates_token_count,
                total: counts.total_token_count,
            }));
        }
        if response.candidates.is_none() && response.prompt_feedback.is_none() && response.usage_metadata.is_none() {
            match json::free(data).as_ref().and_then(error::of_value) {
                Some(error) => sink.note(error),
                None if !response.response_id.is_empty() => {}
                None => sink.kind = Some(FrameKind::Unknown),
            }
        }
    }

    fn candidate(&mut self, candidate: &Candidate<'_>, sink: &mut Sink) {
        let choice = json::narrow(candidate.index, "index", sink);
        let parts = candidate.content.as_ref().and_then(|content| content.parts.as_ref());
        for part in parts.into_iter().flat_map(Few::iter) {
            let channel = if part.thought == Some(true) { Channel::Reasoning } else { Channel::Text };
            sink.add(ChannelKey { choice, block: 0, channel }, part.text.bytes());
            if let Some(call) = &part.function_call {
                self.call(choice, call, sink);
            }
        }
        let reason =
            candidate.finish_reason.map(|raw| raw.get().trim_matches('"')).filter(|reason| !matches!(*reason, "" | "null"));
        if let Some(reason) = reason {
            sink.note(Note::Finish { choice, reason: reason.to_owned() });
        }
    }

    fn call(&mut self, choice: u16, call: &FunctionCall<'_>, sink: &mut Sink) {
        let block = self.open.take().unwrap_or_else(|| {
            let block = self.calls;
            self.calls = self.calls.saturating_add(1);
            block
        });
        if !call.name.is_empty() || !call.id.is_empty() {
            sink.note(Note::Tool { choice, block, id: call.id.to_utf8(), name: call.name.to_utf8() });
        }
        let key = ChannelKey { choice, block, channel: Channel::ToolArguments };
        if let Some(arguments) = call.args {
            sink.add(key, arguments.get().as_bytes());
        }
        if let Some(pieces) = call.partial_args.and_then(|raw| json::free(raw.get().as_bytes())) {
            sink.add(key, self.pieces.add(&pieces).as_bytes());
        }
        if call.will_continue == Some(true) {
            self.open = Some(block);
        } else {
            sink.add(key, self.pieces.end().as_bytes());
        }
    }
}
