//! Anchors to deltas and back.

use std::collections::BTreeMap;

use super::{Anchor, DeltaLabel, Notes};
use crate::core::{
    input::What,
    reading::{ChannelKey, ChunkId, DeltaId, FrameId, Reading},
};

/// Finds deltas by their anchors.
pub struct Anchors<'a> {
    reading: &'a Reading,
    /// The first frame and the first byte of each attempt, ascending; never empty.
    attempts: Vec<(u32, u32)>,
}

impl<'a> Anchors<'a> {
    /// The anchors of `reading`.
    pub fn of(reading: &'a Reading) -> Anchors<'a> {
        let begun = reading.marks().iter().filter(|mark| matches!(mark.what, What::Attempt(_)));
        let begins = begun.map(|mark| {
            let byte = mark.chunks.checked_sub(1).map_or(0, |chunk| reading.chunk(ChunkId(chunk)).end);
            (mark.frames, byte)
        });
        let mut attempts: Vec<(u32, u32)> = begins.collect();
        // What comes before the first attempt, or without any, belongs to it.
        match attempts.first_mut() {
            Some(first) => *first = (0, 0),
            None => attempts.push((0, 0)),
        }
        Anchors { reading, attempts }
    }

    /// Where delta `delta` lies.
    pub fn anchor(&self, delta: DeltaId) -> Anchor {
        let row = self.reading.delta(delta);
        let attempt = self.attempts.partition_point(|(frame, _)| *frame <= row.frame.0).saturating_sub(1);
        let ChannelKey { choice, block, channel } = row.key;
        let first = self.reading.frame(row.frame).first_delta;
        let nth = (first..delta.0).filter(|other| self.reading.delta(DeltaId(*other)).key == row.key).count() as u16;
        let byte = self.reading.frame(row.frame).start.saturating_sub(self.attempts[attempt].1);
        Anchor { attempt: attempt as u32, byte, channel, choice, block, nth }
    }

    /// The delta at `anchor`, if there is one.
    pub fn delta(&self, anchor: Anchor) -> Option<DeltaId> {
        let (first, base) = *self.attempts.get(anchor.attempt as usize)?;
        let end = self.attempts.get(anchor.attempt as usize + 1).map_or(self.reading.frame_count(), |(frame, _)| *frame);
        let wanted = base.checked_add(anchor.byte)?;
        let (mut low, mut high) = (first, end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.reading.frame(FrameId(middle)).start < wanted { low = middle + 1 } else { high = middle }
        }
        let frames = (low..end).take_while(|frame| self.reading.frame(FrameId(*frame)).start == wanted);
        let key = ChannelKey { choice: anchor.choice, block: anchor.block, channel: anchor.channel };
        let deltas = frames.flat_map(|frame| self.reading.deltas_of(FrameId(frame))).map(DeltaId);
        deltas.filter(|delta| self.reading.delta(*delta).key == key).nth(usize::from(anchor.nth))
    }
}

/// The labels of `notes` by the deltas that they are about, and how many are about none of this reading.
pub fn resolve<'a>(notes: &'a Notes, reading: &Reading) -> (BTreeMap<DeltaId, &'a DeltaLabel>, usize) {
    let anchors = Anchors::of(reading);
    let mut found = BTreeMap::new();
    for label in &notes.labels {
        if let Some(delta) = anchors.delta(label.anchor()) {
            found.insert(delta, label);
        }
    }
    let lost = notes.labels.len() - found.len();
    (found, lost)
}
