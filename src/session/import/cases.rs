//! Labelled cases: a file of streams that were written down chunk by chunk, one case a line, with what is wrong in each and what
//! the reader should have seen.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Entry, Import, ImportError,
    exchange::{Body, Exchange},
};
use crate::core::{
    dialect::labelled::{self, Outcome},
    input::{End, OurEnd, TransportError},
    time::Micros,
};

mod expand;

/// One case of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its line in the file, from 1.
    pub line: u32,
    /// Its name, unique in the file.
    pub id: String,
    /// What it shows and should become.
    pub label: Label,
    /// The stream itself.
    pub exchange: Exchange,
}

/// What a case says of its stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// The class of fault, or `legit`.
    pub class: String,
    /// Whether something is wrong.
    pub kind: Kind,
    /// What it takes to repair it.
    pub repair: Repair,
    /// The text that the user should see; `None` if the case does not say.
    pub text: Option<String>,
    /// The reasoning that the user should see.
    pub reasoning: Option<String>,
    /// What a view that cannot take text back should show, on the channel where the rewriting happens.
    pub append_only: Option<String>,
    /// The arguments of each tool call that should be run.
    pub tool_arguments: Option<Vec<String>>,
    /// The other texts that it may be, for an ambiguous one.
    pub alternatives: Vec<String>,
    /// True if a chunk has a field that is more than text: tokens, an identity, an event, or a second text.
    pub signalled: bool,
    /// The first chunk that is labelled; `None` if none is, or it is told by a rule.
    pub first: Option<u32>,
}

/// Whether something is wrong with a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something is wrong.
    Positive,
    /// It must come out as it is.
    #[default]
    Negative,
    /// Its text alone cannot tell.
    Ambiguous,
}

/// What it takes to repair a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// The rules of the protocol.
    Exact,
    /// Enough evidence in the same stream.
    Latch,
    /// Fields beside the text.
    Signal,
    /// It is to be flagged and left as it is.
    Flag,
    /// Nothing is to be repaired.
    #[default]
    None,
}

/// A line of the file.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    repair: Repair,
    chunks: Vec<Box<RawValue>>,
    expected_text: Option<String>,
    expected_reasoning: Option<String>,
    expected_tool_args: Option<Vec<String>>,
    append_only_text: Option<String>,
    #[serde(default)]
    alternatives: Vec<String>,
    #[serde(default)]
    labels: Vec<serde_json::Value>,
}

/// True for what a file of cases begins with.
pub fn begins(beginning: &[u8]) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(beginning, name).is_some();
    beginning.first() == Some(&b'{') && has(b"\"chunks\"") && (has(b"\"expected_text\"") || has(b"\"class\"") || has(b"\"kind\""))
}

/// Every line of a file, by its number from 1, as a case, or why it is none. Empty lines are passed over.
pub fn cases(bytes: &[u8]) -> impl Iterator<Item = (u32, Result<Case, ImportError>)> + '_ {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let lines = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    lines.filter(|(_, line)| !line.trim_ascii().is_empty()).map(|(number, line)| {
        let case = case(number, line).map_err(|reason| ImportError::Entry {
            place: format!("line {number}"),
            reason,
            hint: "a case is one JSON object a line, with id, class, kind and chunks; the other lines are judged",
        });
        (number, case)
    })
}

/// Reads all cases as exchanges, numbered by their lines.
pub fn read(bytes: &[u8]) -> Import {
    let mut import = Import::default();
    for (number, case) in cases(bytes) {
        import.seen = number;
        import.entries.push(Entry { number, exchange: case.map(|case| case.exchange) });
    }
    import
}

fn case(number: u32, line: &[u8]) -> Result<Case, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let mut reads = Vec::new();
    let mut fields = BTreeSet::new();
    let mut clock = expand::Clock::default();
    for (chunk, index) in line.chunks.iter().zip(0..) {
        expand::expand(chunk, &mut clock, &mut fields, &mut reads).map_err(|reason| format!("chunk {index}: {reason}"))?;
    }
    let outcome = reads.last().and_then(|read| labelled::ends(read.event.as_deref()?));
    let at = reads.last().map_or(Micros::ZERO, |read| read.at);
    if outcome.is_some() {
        // Nothing came then: it is the end of the stream and no chunk of it.
        reads.pop();
    }
    let id = if line.id.is_empty() { format!("line-{number}") } else { line.id };
    let label = Label {
        class: line.class,
        kind: line.kind,
        repair: line.repair,
        text: line.expected_text,
        reasoning: line.expected_reasoning,
        append_only: line.append_only_text,
        tool_arguments: line.expected_tool_args,
        alternatives: line.alternatives,
        signalled: expand::signalled(&fields),
        first: first(&line.labels),
    };
    let exchange = Exchange {
        clocked: clock.runs(),
        dialect: Some(labelled::INFO.id),
        end: (at, end(outcome)),
        body: Body::Reads(reads.into_iter().map(|read| (read.at, read.bytes)).collect()),
        ..Exchange::default()
    };
    Ok(Case { line: number, id, label, exchange })
}

fn end(outcome: Option<Outcome>) -> End {
    match outcome {
        None => End::Eof,
        Some(Outcome::Eof) => End::Reset,
        Some(Outcome::ReadError) => End::Error { class: TransportError::Io, message: "the connection failed".into() },
        Some(Outcome::IdleTimeout) => End::Us(OurEnd::IdleTimeout),
        Some(Outcome::UserAbort) => End::Us(OurEnd::Cancelled),
    }
}

/// The lowest chunk that the labels name: numbers, and ranges as text.
fn first(labels: &[serde_json::Value]) -> Option<u32> {
    let number = |label: &serde_json::Value| match label {
        serde_json::Value::String(range) => range.split('-').next()?.parse().ok(),
        number => number.as_u64()?.try_into().ok(),
    };
    labels.iter().filter_map(number).min()
}
