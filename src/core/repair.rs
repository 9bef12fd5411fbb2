//! Repair: a judged body as bytes of the same wire format, what was taken out of its text missing, everything else byte for byte.
//!
//! A frame passes as it came, is left out if redundant text was all it had to say, or is trimmed: only the string that holds the
//! text changes. What lies between frames passes too. Where a trim cannot be shown to change nothing else, this says so instead of
//! guessing, and whoever asked passes the rest on as it came.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use crate::core::{
    class::{Action, Class, Family},
    frame::Framing,
    judgement::Judgement,
    output::Fate,
    reading::{DeltaId, FrameId, Identity, Note, Reading},
};

mod cumulative;
mod data;
mod edit;
mod elements;
mod literal;

use cumulative::Cumulative;
use edit::{DeltaCut, Wire};

/// Follows a judgement and writes what it released. One body: the reading's arena from the first byte to the last.
#[derive(Debug, Clone, Default)]
pub struct Repair {
    /// The next position to be written.
    position: u32,
    /// One past the last byte of the frame whose place was taken last, with the line ends behind it.
    byte: usize,
    /// The first frame that was not written, and those behind it that were, because they are passed on in another order.
    unwritten: u32,
    ahead: BTreeSet<u32>,
    /// An element of the JSON array was written.
    element: bool,
    /// The first frame of each identity.
    identities: BTreeMap<Identity, FrameId>,
    /// How many findings were looked at, and from how many frames on it is known that frames are delivered again.
    findings: usize,
    redelivers: Option<u32>,
    cumulative: Cumulative,
    /// How many frames were trimmed.
    pub trimmed: u32,
    /// How many frames were left out.
    pub dropped: u32,
}

/// Why a frame could not be repaired; it and all behind it are still to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The frame.
    pub frame: FrameId,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the redundant text of frame {} cannot be taken out alone", self.frame.0)
    }
}

impl Repair {
    /// The first byte of the body that was not written or left out.
    pub fn written(&self, reading: &Reading) -> usize {
        match self.unwritten.checked_sub(1) {
            _ if self.ahead.is_empty() => self.byte,
            Some(last) => reading.frame(FrameId(last)).end as usize,
            None => 0,
        }
    }

    /// What was written all the same behind [`Repair::written`]: byte ranges of the body, ascending.
    pub fn written_ahead(&self, reading: &Reading) -> Vec<Range<usize>> {
        let frames = self.ahead.iter().map(|frame| reading.frame(FrameId(*frame)));
        frames.map(|frame| frame.start as usize..frame.end as usize).collect()
    }

    /// Appends to `out` every frame that was released since the last call, as it is to be passed on.
    ///
    /// # Errors
    /// When a frame cannot be repaired; what came before it is in `out`.
    pub fn write(&mut self, reading: &Reading, judgement: &Judgement, out: &mut Vec<u8>) -> Result<(), Fault> {
        let released = judgement.output.released.min(reading.frame_count());
        for frame in judgement.output.frames(self.position..released) {
            self.write_frame(reading, judgement, frame, out)?;
            self.position += 1;
            self.ahead.insert(frame.0);
            while self.ahead.remove(&self.unwritten) {
                self.unwritten += 1;
            }
        }
        if matches!(reading.framing(), Some(Framing::Sse | Framing::Ndjson)) {
            // No frame begins with a line end, so those behind a frame need not wait for the next.
            let rest = &reading.body()[self.byte..];
            let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            out.extend_from_slice(&rest[..ends]);
            self.byte += ends;
        }
        Ok(())
    }

    /// Writes frame `id` in the place of the frame whose turn it would be.
    fn write_frame(&mut self, reading: &Reading, judgement: &Judgement, id: FrameId, out: &mut Vec<u8>) -> Result<(), Fault> {
        let repeating = self.cumulative.edit((reading, judgement), 0..self.position, id)?;
        let edited = match repeating.map_or_else(|| repaired(reading, judgement, id), Ok)? {
            Edited::Whole if self.is_redelivered(reading, judgement, id) => Edited::Drop,
            edited => edited,
        };
        let place = reading.frame(FrameId(self.position));
        let between = &reading.body()[self.byte.min(place.start as usize)..place.start as usize];
        let dropped = matches!(edited, Edited::Drop);
        if reading.framing() == Some(Framing::JsonArray) && (dropped || !self.element) {
            // A comma stands between two elements that are there.
            out.extend(between.iter().filter(|byte| **byte != b','));
        } else {
            out.extend_from_slice(between);
        }
        match edited {
            Edited::Whole => out.extend_from_slice(reading.frame_bytes(id)),
            Edited::Trim(trimmed) => {
                self.trimmed += 1;
                out.extend_from_slice(&trimmed);
            }
            Edited::Drop => self.dropped += 1,
        }
        self.element |= !dropped;
        self.byte = self.byte.max(place.end as usize);
        Ok(())
    }
}

impl Repair {
    /// True for a frame without text of its own (a finish, the beginning of a block) that was delivered before, byte for byte and
    /// under the same identity, in a stream that was proved to deliver frames again.
    fn is_redelivered(&mut self, reading: &Reading, judgement: &Judgement, id: FrameId) -> bool {
        for finding in &judgement.findings[self.findings..] {
            self.findings += 1;
            if finding.class == Class::ReplayBySeq && finding.action == Action::Suppress {
                self.redelivers.get_or_insert(finding.moment.frames);
            }
        }
        let Some(identity) = reading.identity(id) else { return false };
        if reading.deltas_of(id).any(|delta| !reading.delta(DeltaId(delta)).snapshot) {
            // Text that the judge passes on is passed on.
            return false;
        }
        let first = *self.identities.entry(identity).or_insert(id);
        // What was found later must not count, or other reads of the same bytes would give other ones.
        let known = self.redelivers.is_some_and(|frames| frames <= id.0 + 1);
        first != id && known && reading.frame_bytes(first) == reading.frame_bytes(id)
    }
}

/// What becomes of a frame.
enum Edited {
    Whole,
    Trim(Vec<u8>),
    Drop,
}

fn repaired(reading: &Reading, judgement: &Judgement, id: FrameId) -> Result<Edited, Fault> {
    let output = &judgement.output;
    let deltas = reading.deltas_of(id);
    let first = output.cuts.partition_point(|cut| cut.delta.0 < deltas.start);
    if output.cuts.get(first).is_none_or(|cut| cut.delta.0 >= deltas.end) {
        return Ok(Edited::Whole);
    }
    let (mut whole, mut redelivered) = (true, true);
    let mut cuts = Vec::new();
    for delta in deltas.map(DeltaId) {
        let mut gone: Vec<Range<usize>> = Vec::new();
        if reading.delta(delta).snapshot {
            // A snapshot is no part of the text, but its frame may have come before.
            let cut = output.cuts[first..].iter().find(|cut| cut.delta == delta);
            whole &= cut.is_some_and(|cut| came_before(judgement.finding(cut.finding).class));
        } else {
            for segment in output.segments(reading, delta, output.released) {
                if let Fate::Suppressed(finding) = segment.fate {
                    redelivered &= came_before(judgement.finding(finding).class);
                    gone.push(segment.range.start as usize..segment.range.end as usize);
                } else {
                    whole = false;
                }
            }
        }
        cuts.push(DeltaCut { text: reading.delta(delta).text, gone });
    }
    let silent = reading.notes_of(id).iter().all(|(_, note)| says_nothing(note, redelivered));
    if whole && redelivered && silent {
        return Ok(Edited::Drop);
    }
    if cuts.iter().all(|cut| cut.gone.is_empty()) {
        return Ok(Edited::Whole);
    }
    let trimmed = trim(reading, id, &cuts);
    let Some(trimmed) = trimmed else {
        // Text that cannot be taken out of its frame can still go with it, if it is all the frame says.
        return if whole && silent { Ok(Edited::Drop) } else { Err(Fault { frame: id }) };
    };
    let empty = whole && silent && blank_before(reading, id).is_some_and(|before| before == trimmed);
    Ok(if empty { Edited::Drop } else { Edited::Trim(trimmed) })
}

/// Classes whose redundant frames were delivered before, as they are.
fn came_before(class: Class) -> bool {
    class.info().family == Family::Redelivery && class != Class::ChannelMirror
}

/// True for notes that a frame which is left out may take with it.
fn says_nothing(note: &Note, redelivered: bool) -> bool {
    match note {
        Note::Mirrored { .. } | Note::Opening | Note::Tokens(_) => true,
        Note::Tool { .. } | Note::Usage(_) => redelivered,
        _ => false,
    }
}

fn trim(reading: &Reading, id: FrameId, cuts: &[DeltaCut<'_>]) -> Option<Vec<u8>> {
    let wire = Wire { framing: reading.framing()?, dialect: reading.dialect_at(id.0 + 1)? };
    wire.trim(reading.frame_bytes(id), cuts)
}

/// The latest frame with text before `id`, without any text: a frame that leaves the same behind says nothing new.
fn blank_before(reading: &Reading, id: FrameId) -> Option<Vec<u8>> {
    let first = reading.frame(id).first_delta;
    let before = reading.delta(DeltaId(first.checked_sub(1)?)).frame;
    let cuts: Vec<_> = reading.deltas_of(before).map(|delta| reading.delta(DeltaId(delta)).text).collect();
    let cuts: Vec<_> = cuts.into_iter().map(|text| DeltaCut { text, gone: std::iter::once(0..text.len()).collect() }).collect();
    trim(reading, before, &cuts)
}
