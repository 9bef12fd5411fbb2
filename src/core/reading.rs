//! The Reading: chunks, frames and deltas of a session, with byte ranges. It needs no profile and judges nothing.
//!
//! Columns and ranges into two arenas (body bytes, decoded text), not a tree of strings:
//!
//! ```text
//! marks   Start, Attempt, Head, End … (every input that is not bytes), each knowing how many chunks and frames came before
//! chunks  one per read:   at, end of its bytes in `body`, number of frames complete after it
//! frames  one per frame:  byte range in `body`, chunk that completed it, number of deltas after it, kind
//! deltas  one per delta:  frame, end of its text in `text`, channel key, additive or snapshot
//! notes   what a frame says beside text (finish, usage, error, tool, identity), sparse, sorted by frame
//! ```
//!
//! Frames of chunk `c` are `chunk(c - 1).frames .. chunk(c).frames`; deltas of frame `f` are `frame(f - 1).deltas_end ..
//! frame(f).deltas_end`. A frame that only the end of the body completed belongs to the `End` mark: it lies past
//! the last chunk's `frames` and before the mark's.

use std::ops::Range;

use serde::Serialize;

use crate::core::{
    dialect::DialectInfo,
    frame::Framing,
    input::{Start, What},
    time::{Micros, Moment},
};

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

/// One read. `start` and `end` are offsets in [`Reading::body`].
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
    /// Its first byte in [`Reading::body`].
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
    /// An identity: a number that orders frames and, if it repeats, means the same frame (stamp in ns, sequence number).
    Identity(u64),
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
    /// Bytes or escapes that are not valid Unicode were replaced; how many characters.
    Replaced(u32),
    /// A character split between two deltas was joined here.
    JoinedSurrogate,
    /// A new message begins in the same stream (a second `message_start`): state of its channels starts anew.
    NewTurn,
    /// Larger than the limit; the data was not read.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
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

#[derive(Debug, Clone, Copy)]
struct ChunkRow {
    at: Micros,
    end: u32,
    frames: u32,
}

#[derive(Debug, Clone, Copy)]
struct FrameRow {
    start: u32,
    end: u32,
    chunk: u32,
    deltas_end: u32,
    kind: FrameKind,
    unterminated: bool,
}

#[derive(Debug, Clone, Copy)]
struct DeltaRow {
    frame: u32,
    text_end: u32,
    choice: u16,
    block: u16,
    channel: Channel,
    snapshot: bool,
}

/// The fold of a session's inputs into columns. See the module's head for the shapes.
#[derive(Default)]
pub struct Reading {
    body: Vec<u8>,
    text: String,
    chunks: Vec<ChunkRow>,
    frames: Vec<FrameRow>,
    deltas: Vec<DeltaRow>,
    notes: Vec<(FrameId, Note)>,
    marks: Vec<Mark>,
}

impl Reading {
    /// Everything that came as a body, content-encoding undone, over all attempts.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Number of chunks.
    pub fn chunk_count(&self) -> u32 {
        self.chunks.len() as u32
    }

    /// Number of frames.
    pub fn frame_count(&self) -> u32 {
        self.frames.len() as u32
    }

    /// Number of deltas.
    pub fn delta_count(&self) -> u32 {
        self.deltas.len() as u32
    }

    /// Chunk `id`; panics if there is none.
    pub fn chunk(&self, id: ChunkId) -> Chunk {
        let row = self.chunks[id.index()];
        let before = id.index().checked_sub(1).map(|index| self.chunks[index]);
        Chunk {
            at: row.at,
            start: before.map_or(0, |row| row.end),
            end: row.end,
            first_frame: self.first_frame_of(id),
            frames: row.frames,
        }
    }

    fn first_frame_of(&self, id: ChunkId) -> u32 {
        let before = id.index().checked_sub(1).map_or(0, |index| self.chunks[index].frames);
        // Frames that an End completed lie between two chunks and belong to neither.
        let mark = self.marks.partition_point(|mark| mark.chunks <= id.0);
        mark.checked_sub(1).map_or(before, |index| before.max(self.marks[index].frames))
    }

    /// Frame `id`; panics if there is none.
    pub fn frame(&self, id: FrameId) -> Frame {
        let row = self.frames[id.index()];
        Frame {
            start: row.start,
            end: row.end,
            chunk: ChunkId(row.chunk),
            first_delta: id.index().checked_sub(1).map_or(0, |index| self.frames[index].deltas_end),
            deltas_end: row.deltas_end,
            kind: row.kind,
            unterminated: row.unterminated,
        }
    }

    /// Delta `id`; panics if there is none.
    pub fn delta(&self, id: DeltaId) -> Delta<'_> {
        let row = self.deltas[id.index()];
        let start = id.index().checked_sub(1).map_or(0, |index| self.deltas[index].text_end);
        Delta {
            frame: FrameId(row.frame),
            key: ChannelKey { choice: row.choice, block: row.block, channel: row.channel },
            text: &self.text[start as usize..row.text_end as usize],
            snapshot: row.snapshot,
        }
    }

    /// All delta ids, in order.
    pub fn delta_ids(&self) -> impl DoubleEndedIterator<Item = DeltaId> + use<> {
        (0..self.delta_count()).map(DeltaId)
    }

    /// The deltas of frame `id`, in order.
    pub fn deltas_of(&self, id: FrameId) -> Range<u32> {
        let frame = self.frame(id);
        frame.first_delta..frame.deltas_end
    }

    /// The bytes of frame `id`.
    pub fn frame_bytes(&self, id: FrameId) -> &[u8] {
        let frame = self.frame(id);
        &self.body[frame.start as usize..frame.end as usize]
    }

    /// When frame `id` was complete: the stamp of the read, or of the end, that completed it.
    pub fn frame_at(&self, id: FrameId) -> Micros {
        let row = self.frames[id.index()];
        if row.unterminated {
            let mark = self.marks.partition_point(|mark| mark.frames <= id.0);
            if let Some(mark) = self.marks.get(mark) {
                return mark.at;
            }
        }
        self.chunks[row.chunk as usize].at
    }

    /// The moment at which frame `id` had just been read.
    pub fn moment_of(&self, id: FrameId) -> Moment {
        Moment { frames: id.0 + 1, at: self.frame_at(id) }
    }

    /// What frame `id` says beside text.
    pub fn notes_of(&self, id: FrameId) -> &[(FrameId, Note)] {
        let start = self.notes.partition_point(|(frame, _)| *frame < id);
        let len = self.notes[start..].partition_point(|(frame, _)| *frame == id);
        &self.notes[start..start + len]
    }

    /// All notes, sorted by frame.
    pub fn notes(&self) -> &[(FrameId, Note)] {
        &self.notes
    }

    /// All inputs that are not bytes, in order.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The session's start, once it was folded.
    pub fn start(&self) -> Option<&Start> {
        self.marks.iter().find_map(|mark| match &mark.what {
            What::Start(start) => Some(&**start),
            _ => None,
        })
    }

    /// False for a capture without times.
    pub fn clocked(&self) -> bool {
        self.start().is_some_and(|start| start.clocked)
    }

    /// The stamp of the latest input.
    pub fn last_at(&self) -> Micros {
        let chunk = self.chunks.last().map_or(Micros::ZERO, |chunk| chunk.at);
        chunk.max(self.marks.last().map_or(Micros::ZERO, |mark| mark.at))
    }
}

impl Reading {
    /// Folds one input. Never fails: what cannot be read becomes notes.
    pub fn fold(&mut self, input: &crate::core::input::Input) {
        match &input.what {
            What::Bytes(bytes) => {
                self.body.extend_from_slice(bytes);
                self.chunks.push(ChunkRow { at: input.at, end: self.body.len() as u32, frames: self.frame_count() });
            }
            what => {
                self.marks.push(Mark { at: input.at, chunks: self.chunk_count(), frames: self.frame_count(), what: what.clone() })
            }
        }
    }

    /// The dialect that the frames are read in, once it is known, and why it was chosen.
    pub fn dialect(&self) -> Option<(&'static DialectInfo, &str)> {
        None
    }

    /// How the body is framed, once it is known.
    pub fn framing(&self) -> Option<Framing> {
        None
    }
}
impl Reading {
    /// tmp
    pub fn chunk_splits_char(&self, _: ChunkId) -> bool {
        false
    }
}
