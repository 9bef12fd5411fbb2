//! The fields of a chunk.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::core::dialect::json::{Shape, Text, TextOr};

/// One chunk. All fields may be missing.
#[derive(Default, Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow, default)]
    pub text: Text<'a>,
    #[serde(borrow, default)]
    pub ch: Text<'a>,
    /// Raw bytes of text, which may end inside a character.
    #[serde(borrow, default)]
    pub hex: Text<'a>,
    /// Text as the inside of a JSON string.
    #[serde(borrow, default)]
    pub json_escape: Text<'a>,
    #[serde(borrow, default)]
    pub reasoning: Text<'a>,
    #[serde(borrow, default)]
    pub reasoning_content: Text<'a>,
    #[serde(borrow, default)]
    pub reasoning_details: TextOr<'a, Detail<'a>>,
    /// All text so far, beside the text to add.
    #[serde(borrow, default)]
    pub snapshot: Text<'a>,
    #[serde(borrow, default)]
    pub mode: Text<'a>,
    #[serde(borrow, default)]
    pub event: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    pub kind: Text<'a>,
    #[serde(borrow, default)]
    pub message: Text<'a>,
    #[serde(borrow, default)]
    pub comment: Text<'a>,
    /// A completion's id, or an event's number.
    #[serde(borrow)]
    pub id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub tool_id: Text<'a>,
    #[serde(borrow, default)]
    pub name: Text<'a>,
    #[serde(borrow, default)]
    pub finish: Text<'a>,
    pub idx: Option<u64>,
    pub seq: Option<u64>,
    #[serde(rename = "gen")]
    pub generation: Option<u64>,
    pub src_us: Option<u64>,
    /// Completion tokens so far, or an object of counts.
    #[serde(borrow)]
    pub usage: Option<&'a RawValue>,
    /// Ids of the tokens that came with this chunk.
    #[serde(borrow)]
    pub tokens: Option<&'a RawValue>,
}

/// A part of a thought.
#[derive(Deserialize)]
pub(super) struct Detail<'a> {
    #[serde(borrow, default)]
    pub text: Text<'a>,
    #[serde(borrow, default)]
    pub summary: Text<'a>,
}

/// What the fields may hold.
pub(super) const CHUNK: Shape = Shape::Object(&[
    ("text", Shape::Text),
    ("ch", Shape::Text),
    ("hex", Shape::Text),
    ("json_escape", Shape::Text),
    ("reasoning", Shape::Text),
    ("reasoning_content", Shape::Text),
    ("reasoning_details", Shape::TextOrList(&Shape::Object(&[("text", Shape::Text), ("summary", Shape::Text)]))),
    ("snapshot", Shape::Text),
    ("mode", Shape::Text),
    ("event", Shape::Text),
    ("type", Shape::Text),
    ("message", Shape::Text),
    ("comment", Shape::Text),
    ("tool_id", Shape::Text),
    ("name", Shape::Text),
    ("finish", Shape::Text),
    ("idx", Shape::Number),
    ("seq", Shape::Number),
    ("gen", Shape::Number),
    ("src_us", Shape::Number),
]);
