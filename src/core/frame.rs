//! Framing: bytes to frames, with byte ranges, whatever the reads were.
//!
//! A framer looks at the one growing body arena and keeps positions in it, never copies of it. It remembers how far it has
//! looked, so the work is linear in the bytes however they are split. What lies between two frames is blank lines, the LF
//! of a CRLF whose CR already ended the frame, or a byte order mark: a writer that passes frames on copies from the end of the
//! frame before.

use std::ops::Range;

pub mod event_stream;
pub mod json_array;
pub mod ndjson;
pub mod sniff;
pub mod sse;

/// How a body is cut into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// `text/event-stream`.
    Sse,
    /// One JSON value a line.
    Ndjson,
    /// One JSON array as the whole body, an element a frame.
    JsonArray,
    /// `application/vnd.amazon.eventstream`: binary messages.
    EventStream,
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
    /// Where its payload lies.
    pub payload: Payload,
}

/// Where a frame's payload lies, as the framer noted it in passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Payload {
    /// There is none.
    #[default]
    None,
    /// Name, id and data are these ranges of the body.
    Plain {
        /// The event name, empty if there is none.
        event: Span,
        /// The id, empty if there is none.
        id: Span,
        /// The data.
        data: Span,
    },
    /// A binary message: the values of two of its headers, and its payload.
    Message {
        /// `:message-type` (`event`, `exception`, `error`).
        kind: Span,
        /// `:event-type` or `:exception-type`.
        event: Span,
        /// The payload.
        data: Span,
    },
    /// The frame's bytes must be read again: several data lines.
    Block,
}

/// A byte range of the body that can be copied, unlike `Range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes of `body` in this range.
    pub fn of(self, body: &[u8]) -> &[u8] {
        &body[Range::from(self)]
    }
}

impl From<Span> for Range<usize> {
    fn from(span: Span) -> Range<usize> {
        span.start..span.end
    }
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
    /// A checksum is wrong, or a binary message is cut; its data is not read.
    Damaged,
}

/// A framer of any framing.
#[derive(Debug, Clone)]
pub enum Framer {
    /// Server-sent events.
    Sse(sse::SseFramer),
    /// Lines.
    Ndjson(ndjson::NdjsonFramer),
    /// Elements of an array.
    JsonArray(json_array::JsonArrayFramer),
    /// Binary messages.
    EventStream(event_stream::EventStreamFramer),
    /// The whole body, which begins here and may be this long.
    Json {
        /// Offset of its first byte.
        start: usize,
        /// Largest frame whose data is read.
        limit: u64,
    },
}

impl Framer {
    /// A framer for a body that begins at offset `start` of the arena.
    pub fn new(framing: Framing, start: usize, limit: u64) -> Framer {
        match framing {
            Framing::Sse => Framer::Sse(sse::SseFramer::new(start, limit)),
            Framing::Ndjson => Framer::Ndjson(ndjson::NdjsonFramer::new(start, limit)),
            Framing::JsonArray => Framer::JsonArray(json_array::JsonArrayFramer::new(start, limit)),
            Framing::EventStream => Framer::EventStream(event_stream::EventStreamFramer::new(start, limit)),
            Framing::Json => Framer::Json { start, limit },
        }
    }

    /// How it cuts.
    pub fn framing(&self) -> Framing {
        match self {
            Framer::Sse(_) => Framing::Sse,
            Framer::Ndjson(_) => Framing::Ndjson,
            Framer::JsonArray(_) => Framing::JsonArray,
            Framer::EventStream(_) => Framing::EventStream,
            Framer::Json { .. } => Framing::Json,
        }
    }

    /// The next complete frame of `body`, or `None` until there are more bytes.
    pub fn next(&mut self, body: &[u8]) -> Option<RawFrame> {
        match self {
            Framer::Sse(framer) => framer.next(body),
            Framer::Ndjson(framer) => framer.next(body),
            Framer::JsonArray(framer) => framer.next(body),
            Framer::EventStream(framer) => framer.next(body),
            Framer::Json { .. } => None,
        }
    }

    /// The frame that only the end of the body completes, once [`Framer::next`] has returned `None`.
    pub fn finish(&mut self, body: &[u8]) -> Option<RawFrame> {
        match self {
            Framer::Sse(framer) => framer.finish(body),
            Framer::Ndjson(framer) => framer.finish(body),
            Framer::JsonArray(framer) => framer.finish(body),
            Framer::EventStream(framer) => framer.finish(body),
            Framer::Json { start, limit } => ndjson::line(body, std::mem::replace(start, body.len()), body.len(), *limit, false),
        }
    }
}
