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

use crate::core::{
    dialect::DialectInfo,
    frame::Framing,
    input::{Start, What},
    time::{Micros, Moment},
};

mod fold;
mod model;
mod text;

pub use model::*;

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
    key: ChannelKey,
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
    /// Chunks that end inside a character, ascending.
    splits: Vec<ChunkId>,
    /// Each frame's number plus one, zero for none; as long as the last frame that has one, empty in most dialects.
    numbers: Vec<u64>,
    /// What the numbers from a frame on count, and which numbering they belong to; ascending, and mostly one row.
    series: Vec<(FrameId, Series, u32)>,
    /// The session's start says that its stamps mean something.
    clocked: bool,
    limits: Limits,
    wire: fold::Wire,
}

impl Reading {
    /// An empty reading with other limits than the default ones.
    pub fn with_limits(limits: Limits) -> Reading {
        Reading { limits, ..Reading::default() }
    }

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

    /// When chunk `id` was read, and one past the last frame that it completed; panics if there is none.
    #[inline]
    pub fn chunk_stamp(&self, id: ChunkId) -> (Micros, u32) {
        let row = self.chunks[id.index()];
        (row.at, row.frames)
    }

    fn first_frame_of(&self, id: ChunkId) -> u32 {
        let before = id.index().checked_sub(1).map_or(0, |index| self.chunks[index].frames);
        // Frames that an End completed lie between two chunks and belong to neither.
        let mark = self.marks.partition_point(|mark| mark.chunks <= id.0);
        mark.checked_sub(1).map_or(before, |index| before.max(self.marks[index].frames))
    }

    /// Frame `id`; panics if there is none.
    #[inline]
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
    #[inline]
    pub fn delta(&self, id: DeltaId) -> Delta<'_> {
        let row = self.deltas[id.index()];
        let start = id.index().checked_sub(1).map_or(0, |index| self.deltas[index].text_end);
        Delta {
            frame: FrameId(row.frame),
            key: row.key,
            text: &self.text[start as usize..row.text_end as usize],
            snapshot: row.snapshot,
        }
    }

    /// All delta ids, in order.
    pub fn delta_ids(&self) -> impl DoubleEndedIterator<Item = DeltaId> + use<> {
        (0..self.delta_count()).map(DeltaId)
    }

    /// The deltas of frame `id`, in order.
    #[inline]
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
        let chunk = self.chunks[row.chunk as usize];
        if id.0 < chunk.frames {
            return chunk.at;
        }
        // The end of the body completed it, so it is stamped as the mark that brought the end.
        let mark = self.marks.partition_point(|mark| mark.frames <= id.0);
        self.marks.get(mark).map_or(chunk.at, |mark| mark.at)
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
        self.clocked
    }

    /// The stamp of the latest input.
    pub fn last_at(&self) -> Micros {
        let chunk = self.chunks.last().map_or(Micros::ZERO, |chunk| chunk.at);
        chunk.max(self.marks.last().map_or(Micros::ZERO, |mark| mark.at))
    }

    /// The dialect that the frames are read in, once it is known, and why it was chosen.
    pub fn dialect(&self) -> Option<(&'static DialectInfo, &str)> {
        self.wire.dialect()
    }

    /// The dialect as it was known when `frames` frames had been read. What is said of a moment must not depend on what was read
    /// after it.
    pub fn dialect_at(&self, frames: u32) -> Option<&'static DialectInfo> {
        self.wire.dialect_at(frames)
    }

    /// How the body is framed, once it is known.
    pub fn framing(&self) -> Option<Framing> {
        self.wire.framing()
    }

    /// True if chunk `id` ends inside a UTF-8 sequence that the bytes after it complete or that nothing completes.
    pub fn chunk_splits_char(&self, id: ChunkId) -> bool {
        self.splits.binary_search(&id).is_ok()
    }

    /// The number that orders frame `id` and, if it comes again, means the same frame, if it has one.
    #[inline]
    pub fn identity(&self, id: FrameId) -> Option<Identity> {
        let number = self.numbers.get(id.index())?.checked_sub(1)?;
        let row = self.series.partition_point(|(from, ..)| *from <= id).checked_sub(1)?;
        let (_, series, generation) = self.series[row];
        Some(Identity { series, generation, number })
    }

    /// Keeps the identity of frame `id`, the latest one.
    fn identify(&mut self, id: FrameId, identity: Identity) {
        if self.numbers.len() < id.index() {
            self.numbers.resize(id.index(), 0);
        }
        // The greatest number of all, which nothing can follow, is the one that is not kept.
        self.numbers.push(identity.number.wrapping_add(1));
        let series = (identity.series, identity.generation);
        if self.series.last().is_none_or(|(_, kind, generation)| (*kind, *generation) != series) {
            self.series.push((id, series.0, series.1));
        }
    }
}
