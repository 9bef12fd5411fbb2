//! The parts of a chunk that are read, borrowed from its bytes.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::core::{
    dialect::json::{Few, Shape, Text, TextOr},
    reading::{Channel, ChannelKey},
};

#[derive(Deserialize)]
pub struct Chunk<'a> {
    #[serde(borrow, default)]
    pub id: Text<'a>,
    #[serde(borrow, default)]
    pub model: Text<'a>,
    #[serde(borrow, default)]
    pub object: Text<'a>,
    #[serde(borrow)]
    pub choices: Option<Few<Choice<'a>>>,
    #[serde(borrow)]
    pub usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub x_groq: Option<&'a RawValue>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
    /// Padding of random length, so that the sizes of chunks do not betray tokens; Mistral calls it `p`.
    #[serde(borrow, default, alias = "p")]
    pub obfuscation: Text<'a>,
}

impl<'a> Chunk<'a> {
    /// The one string that this chunk says, if it says nothing else that could differ from chunk to chunk.
    pub fn only_text(&self) -> Option<(ChannelKey, &Text<'a>)> {
        let mut choices = self.choices.as_ref()?.iter();
        let (choice, None) = (choices.next()?, choices.next()) else { return None };
        let key = |channel| ChannelKey { choice: choice.index.unwrap_or(0).min(u64::from(u16::MAX)) as u16, block: 0, channel };
        if choice.message.is_some() || !choice.finish_reason.is_empty() {
            return None;
        }
        let Some(delta) = &choice.delta else {
            return (!choice.text.is_empty()).then(|| (key(Channel::Text), &choice.text));
        };
        let silent = delta.refusal.is_empty()
            && delta.reasoning.is_empty()
            && delta.tool_calls.is_none()
            && delta.function_call.is_none()
            && delta.reasoning_details.as_ref().is_none_or(|details| details.iter().next().is_none());
        let TextOr::Text(content) = &delta.content else { return None };
        match (silent, content.is_empty(), delta.reasoning_content.is_empty()) {
            (true, false, true) => Some((key(Channel::Text), content)),
            (true, true, false) => Some((key(Channel::Reasoning), &delta.reasoning_content)),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
pub struct Choice<'a> {
    pub index: Option<u64>,
    #[serde(borrow)]
    pub delta: Option<Delta<'a>>,
    // Boxed, like all that is rare: the struct is moved once per frame, so it should be small.
    #[serde(borrow)]
    pub message: Option<Box<Delta<'a>>>,
    #[serde(borrow, default)]
    pub text: Text<'a>,
    #[serde(borrow, default)]
    pub finish_reason: Text<'a>,
    #[serde(borrow)]
    pub usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
    /// vLLM, asked to: the tokens of this piece.
    pub token_ids: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
pub struct Delta<'a> {
    #[serde(borrow, default)]
    pub content: TextOr<'a, Part<'a>>,
    #[serde(borrow, default)]
    pub reasoning_content: Text<'a>,
    #[serde(borrow, default)]
    pub reasoning: Text<'a>,
    /// Mostly the same thought once more, in parts; read where it is the only one.
    #[serde(borrow)]
    pub reasoning_details: Option<Box<Few<Detail<'a>>>>,
    #[serde(borrow, default)]
    pub refusal: Text<'a>,
    #[serde(borrow, default)]
    pub tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow)]
    pub function_call: Option<Box<Function<'a>>>,
}

/// A part of a thought; one that is encrypted has no text.
#[derive(Deserialize)]
pub struct Detail<'a> {
    #[serde(borrow, default)]
    pub text: Text<'a>,
    #[serde(borrow, default)]
    pub summary: Text<'a>,
}

/// A part of a content list: `{type: text, text}` or `{type: thinking, thinking: [parts]}`.
#[derive(Debug, Clone, Deserialize)]
pub struct Part<'a> {
    #[serde(borrow, default)]
    pub text: Text<'a>,
    #[serde(borrow, default)]
    pub thinking: TextOr<'a, Thought<'a>>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Thought<'a> {
    #[serde(borrow, default)]
    pub text: Text<'a>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ToolCall<'a> {
    pub index: Option<u64>,
    #[serde(borrow, default)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub function: Option<Function<'a>>,
    /// A tool without a schema, whose input is free text.
    #[serde(borrow)]
    pub custom: Option<Box<Function<'a>>>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Function<'a> {
    #[serde(borrow, default)]
    pub name: Text<'a>,
    #[serde(borrow, default, alias = "input")]
    pub arguments: Text<'a>,
}

const FUNCTION: Shape = Shape::Object(&[("name", Shape::Text), ("arguments", Shape::TextOrObject), ("input", Shape::Text)]);
const CALL: Shape = Shape::Object(&[("index", Shape::Number), ("id", Shape::Text), ("function", FUNCTION), ("custom", FUNCTION)]);
const PART: Shape =
    Shape::Object(&[("text", Shape::Text), ("thinking", Shape::TextOrList(&Shape::Object(&[("text", Shape::Text)])))]);
const DELTA: Shape = Shape::Object(&[
    ("content", Shape::TextOrList(&PART)),
    ("reasoning_content", Shape::Text),
    ("reasoning", Shape::Text),
    ("reasoning_details", Shape::List(&Shape::Object(&[("text", Shape::Text), ("summary", Shape::Text)]))),
    ("refusal", Shape::Text),
    ("tool_calls", Shape::List(&CALL)),
    ("function_call", FUNCTION),
]);
const CHOICE: Shape = Shape::Object(&[
    ("index", Shape::Number),
    ("delta", DELTA),
    ("message", DELTA),
    ("text", Shape::Text),
    ("finish_reason", Shape::Text),
    ("token_ids", Shape::List(&Shape::Number)),
]);
pub const CHUNK: Shape = Shape::Object(&[
    ("id", Shape::Text),
    ("model", Shape::Text),
    ("object", Shape::Text),
    ("obfuscation", Shape::Text),
    ("p", Shape::Text),
    ("choices", Shape::List(&CHOICE)),
]);
