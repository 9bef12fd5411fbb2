//! Framing: bytes to frames, with byte ranges, whatever the reads were.

pub mod ndjson;
pub mod sse;

/// How a body is cut into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// `text/event-stream`.
    Sse,
    /// One JSON value a line.
    Ndjson,
    /// One JSON value as the whole body (an error, or an answer that was not streamed).
    Json,
}

/// One frame as the framer saw it. Ranges count bytes of the decoded body, over all attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFrame {
    /// The bytes of the whole frame, with its line ends.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// What it is.
    pub kind: RawKind,
    /// True if the body ended before the frame did.
    pub unterminated: bool,
}

/// What a framer can tell of a frame without knowing the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawKind {
    /// It has data.
    Data,
    /// A comment: alive, but no progress.
    Comment,
    /// Fields but no data (`event:`, `id:`, `retry:` alone); not dispatched.
    Empty,
    /// Larger than the limit; its bytes are in the range, its data is not read.
    TooLarge,
}
