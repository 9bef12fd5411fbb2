//! Labelled streams: what somebody wrote down of a stream, chunk by chunk, so that strategies can be measured by it.
//!
//! A frame is one chunk as a line of JSON: a string is text of the answer; an object may say its channel, identity, event, tokens
//! and end. Fields and events that are unknown say nothing, so that a newer file is still read.

use serde_json::{Value, json};

use super::{BEARER, DialectInfo, Ending, FrameView};
use crate::core::{frame::Framing, reading::Channel};

mod calls;
mod chunk;
mod escape;
mod event;
mod reader;
mod wholes;
mod writer;

pub use event::{Outcome, ends};

/// The row.
pub const INFO: DialectInfo = DialectInfo {
    id: "labelled",
    title: "labelled chunks",
    framing: Framing::Ndjson,
    path: "/labelled",
    headers: BEARER,
    content_type: "application/x-ndjson",
    carries: &Channel::ALL,
    // Most cases are a piece out of a stream and say nothing of its end.
    ending: Ending::Silence,
    recognise,
    reader: || Box::<reader::ChunkReader>::default(),
    writer: |_| Box::<writer::ChunkWriter>::default(),
    request: |model, prompt| json!({"model": model, "prompt": prompt}).to_string(),
};

/// Words for the channels, as `ch` has them.
const CHANNELS: &[(&str, Channel)] = &[
    ("content", Channel::Text),
    ("reasoning", Channel::Reasoning),
    ("tool_args", Channel::ToolArguments),
    ("refusal", Channel::Refusal),
];

fn recognise(_: &FrameView<'_>, value: &Value) -> u8 {
    let channel = value.get("ch").and_then(Value::as_str);
    if channel.is_some_and(|channel| CHANNELS.iter().any(|(word, _)| *word == channel)) {
        return 3;
    }
    let own = ["json_escape", "hex", "src_us"].iter().any(|name| value.get(*name).is_some());
    if own { 2 } else { 0 }
}
