//! What a reading is made of: ids, rows as callers see them, notes and marks.

use serde::Serialize;

use crate::core::{input::What, time::Micros};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into its column.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// Index of a chunk (one read).
    ChunkId
);
id!(
    /// Index of a frame.
    FrameId
);
id!(
    /// Index of a delta, global over choices, blocks and channels.
    DeltaId
);

/// Which of a choice's or block's texts a delta belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The visible answer.
    Text,
    /// Thinking.
    Reasoning,
    /// Arguments of a tool call; the block is the call.
    ToolArguments,
    /// A refusal.
    Refusal,
}

impl Channel {
    /// All channels, in display order.
    pub const ALL: [Channel; 4] = [Channel::Text, Channel::Reasoning, Channel::ToolArguments, Channel::Refusal];

    /// Short name for lists.
    pub fn word(self) -> &'static str {
        match self {
            Channel::Text => "text",
            Channel::Reasoning => "reason",
            Channel::ToolArguments => "tool",
            Channel::Refusal => "refuse",
        }
    }
}

/// The unit of state: one channel of one block of one choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ChannelKey {
    /// Choice (OpenAI `index`), 0 where a dialect has one.
    pub choice: u16,
    /// Content block, output item or tool call, 0 where a dialect has one.
    pub block: u16,
    /// Which text.
    pub channel: Channel,
}

/// What a frame is, to the clocks and the chunk list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameKind {
    /// Carries at least one non-empty delta.
    Delta,
    /// Progress without text: finish, tool call begun, usage, block boundaries.
    Control,
    /// Alive, but no progress: comments, pings, empty deltas, role-only frames.
    KeepAlive,
    /// The dialect's terminator (`[DONE]`, `message_stop`).
    Terminator,
    /// An in-stream error, or the error body sent instead of a stream.
    Error,
    /// Cannot be read; a note says where.
    Malformed,
    /// Well formed, but not of this dialect.
    Unknown,
}

/// One read. `start` and `end` are offsets in [`Reading::body`](super::Reading::body).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// When it was read.
    pub at: Micros,
    /// Its first byte.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
    /// Index of the first frame that it completed.
    pub first_frame: u32,
    /// One past the last frame that it completed.
    pub frames: u32,
}

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Its first byte in [`Reading::body`](super::Reading::body).
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
    /// The chunk that completed it (the last chunk, for a frame that only the end completed).
    pub chunk: ChunkId,
    /// Index of its first delta.
    pub first_delta: u32,
    /// One past its last delta.
    pub deltas_end: u32,
    /// What it is.
    pub kind: FrameKind,
    /// True if the body ended before the frame did.
    pub unterminated: bool,
}

/// One delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delta<'a> {
    /// The frame that carried it.
    pub frame: FrameId,
    /// Where it belongs.
    pub key: ChannelKey,
    /// Its text, escapes decoded, split surrogates joined, invalid bytes as U+FFFD.
    pub text: &'a str,
    /// True if its frame's type says that this is the whole text so far; it is checked against the deltas and not added.
    pub snapshot: bool,
}

/// Token counts as the provider gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Usage {
    /// Prompt tokens.
    pub input: Option<u64>,
    /// Completion tokens, reasoning included where the provider counts it so.
    pub output: Option<u64>,
    /// All tokens.
    pub total: Option<u64>,
}

/// What parts the text before a frame from the text after it, as the wire announces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// The reader connected again: what follows may have been delivered before.
    Reconnect,
    /// The answer was cut; a continuation may follow.
    Cut,
    /// What follows continues the text before, and may repeat its end.
    Continuation,
    /// The server restarted, and with it its numbering.
    Restart,
}

/// What a frame says beside text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A choice finished, with the provider's own word.
    Finish {
        /// Which choice.
        choice: u16,
        /// The provider's word (`stop`, `end_turn`).
        reason: String,
    },
    /// Token counts; the last one counts.
    Usage(Usage),
    /// The provider reports an error.
    Error {
        /// Its type or code.
        kind: String,
        /// Its message.
        message: String,
    },
    /// A tool call began, or its id or name was repeated.
    Tool {
        /// Which choice.
        choice: u16,
        /// Block of its arguments.
        block: u16,
        /// Call id, empty if not given here.
        id: String,
        /// Function name, empty if not given here.
        name: String,
    },
    /// Completion or message id, noted when it first appears and when it changes.
    CompletionId(String),
    /// Served model, noted once.
    Model(String),
    /// The frame's JSON or framing is broken at this offset in `body`.
    Malformed {
        /// Offset of the error in the body.
        byte: u32,
        /// What the parser said.
        message: String,
    },
    /// A binary frame that begins at this offset in `body` is damaged, and its data was not read.
    Checksum {
        /// Offset of the frame in the body.
        byte: u32,
        /// What is wrong.
        message: String,
    },
    /// Bytes or escapes that are not valid Unicode were replaced; how many characters.
    Replaced(u32),
    /// A character split between two deltas was joined here.
    JoinedSurrogate,
    /// A block ended, by a frame of its own.
    Stop {
        /// Which block.
        block: u16,
    },
    /// A new message begins in the same stream (a second `message_start`): state of its channels starts anew.
    NewTurn,
    /// The text before this frame and the text after it do not simply follow each other.
    Boundary(Boundary),
    /// Delta number `delta` of this frame, counted from 0, repeats what another field of the same frame already says.
    Mirrored {
        /// Index among the frame's deltas.
        delta: u32,
    },
    /// The frame opens a block or message by its type, and carries text that a delta may repeat.
    Opening,
    /// A value is not what its format knows, and the frame was read without it; says which.
    Odd(String),
    /// The frame says one text in two forms that its format documents, and it was read once; noted once a stream.
    SaidTwice,
    /// How many tokens the frame says it brings.
    Tokens(u32),
    /// Larger than the limit; the data was not read.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
}

/// What the number of a frame counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Series {
    /// Events in sequence (a sequence number, a numeric event id): steps of one, unless something is missing.
    Sequence,
    /// A time at the source, in nanoseconds: it rises, and says nothing of what is missing.
    Time,
}

/// A number that orders frames and, if it comes again, means the same frame, as the wire gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Identity {
    /// What the number counts.
    pub series: Series,
    /// Which numbering it belongs to; a later one numbers anew.
    pub generation: u32,
    /// The number itself.
    pub number: u64,
}

impl Identity {
    /// Number `number` of a sequence.
    pub fn sequence(number: u64) -> Identity {
        Identity { series: Series::Sequence, generation: 0, number }
    }

    /// A time at the source, in nanoseconds.
    pub fn time(nanos: u64) -> Identity {
        Identity { series: Series::Time, generation: 0, number: nanos }
    }

    /// The same number in numbering `generation`.
    #[must_use]
    pub fn of_generation(self, generation: u32) -> Identity {
        Identity { generation, ..self }
    }
}

/// An input that is not bytes, and where it lies between the chunks.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// When it happened.
    pub at: Micros,
    /// Number of chunks before it.
    pub chunks: u32,
    /// Number of frames after it was folded (an `End` may complete one).
    pub frames: u32,
    /// What happened; never [`What::Bytes`].
    pub what: What,
}

/// Limits of a reading; facts of the session, not of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest frame whose data is read, in bytes.
    pub frame: u64,
    /// Largest body that is kept, in bytes.
    pub body: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { frame: 16 << 20, body: u64::from(u32::MAX) - 1 }
    }
}
