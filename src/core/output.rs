//! The output as operations on frames; text, spans and formatted bytes are views of it.
//!
//! A frame passes in the step that read it unless a [`HoldSpan`] says later, in its place unless a [`Reorder`] says another one, and
//! whole unless a [`Cut`] takes a range of one of its deltas. So a clean stream costs nothing here.
//!
//! A *position* counts frames in the order in which they are passed on; it is the frame's index where nothing is reordered.

use std::ops::Range;

use crate::core::{
    judgement::FindingId,
    reading::{ChannelKey, DeltaId, FrameId, Reading},
    time::Moment,
};

/// A range of a delta's text that is taken out of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The delta.
    pub delta: DeltaId,
    /// Byte range within the delta's text, on character boundaries.
    pub range: Range<u32>,
    /// Which finding took it.
    pub finding: FindingId,
    /// When it was decided.
    pub moment: Moment,
}

/// A run of frames that was held back and then decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldSpan {
    /// Position of the first frame held.
    pub first: u32,
    /// One past the position of the last frame held; grows while the hold lasts.
    pub end: u32,
    /// The channel whose text is undecided; `None` where whole frames are held.
    pub key: Option<ChannelKey>,
    /// When the hold began.
    pub since: Moment,
    /// When it was released, or `None` while it lasts.
    pub released: Option<Moment>,
}

/// A run of frames that is passed on in another order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reorder {
    /// The first frame of the run, and its position.
    pub first: u32,
    /// The frames of the run in the order in which they are passed on: a permutation of `first..first + order.len()`.
    pub order: Vec<FrameId>,
    /// The place in `order` of each frame of the run.
    places: Vec<u32>,
}

impl Reorder {
    fn end(&self) -> u32 {
        self.first + self.order.len() as u32
    }
}

/// What came of a judgement, as exceptions to "every frame passes whole, at once, in order".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Cuts in ascending (delta, range) order.
    pub cuts: Vec<Cut>,
    /// Holds in ascending order, never overlapping.
    pub holds: Vec<HoldSpan>,
    /// Runs that are passed on in another order than they came in: ascending, never overlapping.
    pub reorders: Vec<Reorder>,
    /// Frames that left before one that was held, as (frame, held frame); only the earlier systems' strategies do that.
    pub overtaking: Vec<(FrameId, FrameId)>,
    /// The frames at positions `0..released` have been passed on.
    pub released: u32,
}

/// What became of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Passed on.
    Emitted,
    /// Taken out by this finding.
    Suppressed(FindingId),
    /// A typed snapshot: it repeats what deltas already said.
    Restated,
    /// Not decided yet.
    Held,
}

/// A piece of one delta's text with one fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The delta.
    pub delta: DeltaId,
    /// Byte range within the delta's text; never empty.
    pub range: Range<u32>,
    /// What became of it.
    pub fate: Fate,
}

impl Output {
    /// The frames at `positions`: in the order in which they are passed on.
    pub fn frames(&self, positions: Range<u32>) -> impl Iterator<Item = FrameId> + '_ {
        let mut group = self.reorders.partition_point(|reorder| reorder.end() <= positions.start);
        positions.map(move |position| {
            while self.reorders.get(group).is_some_and(|reorder| reorder.end() <= position) {
                group += 1;
            }
            let moved = self.reorders.get(group).filter(|reorder| reorder.first <= position);
            moved.map_or(FrameId(position), |reorder| reorder.order[(position - reorder.first) as usize])
        })
    }

    /// All deltas, in the order in which they are passed on.
    pub fn deltas<'a>(&'a self, reading: &'a Reading) -> impl Iterator<Item = DeltaId> + 'a {
        self.deltas_at(reading, 0..reading.frame_count())
    }

    /// The deltas of the frames at `positions`, in the order in which they are passed on.
    pub fn deltas_at<'a>(&'a self, reading: &'a Reading, positions: Range<u32>) -> impl Iterator<Item = DeltaId> + 'a {
        self.frames(positions).flat_map(|frame| reading.deltas_of(frame)).map(DeltaId)
    }

    /// The deltas `deltas`, of a moment at which not all of the session was read, in the order in which they are passed on.
    pub fn deltas_among(&self, reading: &Reading, deltas: Range<u32>) -> Vec<DeltaId> {
        let mut ids: Vec<DeltaId> = deltas.map(DeltaId).collect();
        if !self.reorders.is_empty() {
            ids.sort_by_cached_key(|delta| (self.position(reading.delta(*delta).frame), *delta));
        }
        ids
    }

    /// The position of `frame`.
    pub fn position(&self, frame: FrameId) -> u32 {
        let group = self.reorders.partition_point(|reorder| reorder.end() <= frame.0);
        let moved = self.reorders.get(group).filter(|reorder| reorder.first <= frame.0);
        moved.map_or(frame.0, |reorder| reorder.first + reorder.places[(frame.0 - reorder.first) as usize])
    }

    /// From position `first` on, frames are passed on in another order: of what was said of this run before, the first `kept` stay, and
    /// `rest` follows. A run that is `done` without a change is none.
    pub(super) fn reorder(&mut self, first: u32, kept: usize, rest: impl Iterator<Item = FrameId>, done: bool) {
        if self.reorders.last().is_none_or(|last| last.first != first) {
            self.reorders.push(Reorder { first, order: Vec::new(), places: Vec::new() });
        }
        let Some(run) = self.reorders.last_mut() else { return };
        run.order.truncate(kept);
        run.order.extend(rest);
        run.places.resize(run.order.len(), 0);
        for (place, frame) in run.order.iter().enumerate().skip(kept) {
            run.places[(frame.0 - first) as usize] = place as u32;
        }
        if done && run.order.is_sorted() {
            self.reorders.pop();
        }
    }

    /// How many frames had been passed on at `moment`; `frames` of them had been read.
    pub fn released_at(&self, frames: u32, moment: Moment) -> u32 {
        let seen = frames.min(moment.frames);
        // Frames leave in order, so release moments ascend and the first hold that was still open decides.
        let open = self.holds.partition_point(|hold| hold.released.is_some_and(|released| released <= moment));
        self.holds.get(open).map_or(seen, |hold| hold.first.min(seen))
    }

    /// The fates of one delta's text at `moment`, in order; `released` is [`Output::released_at`] of that moment.
    pub fn segments(&self, reading: &Reading, delta: DeltaId, released: u32) -> Vec<Segment> {
        let row = reading.delta(delta);
        let len = row.text.len() as u32;
        if row.snapshot {
            return if len == 0 { Vec::new() } else { vec![Segment { delta, range: 0..len, fate: Fate::Restated }] };
        }
        let rest = if self.position(row.frame) < released { Fate::Emitted } else { Fate::Held };
        let mut segments = Vec::new();
        let mut at = 0;
        let first = self.cuts.partition_point(|cut| cut.delta < delta);
        for cut in self.cuts[first..].iter().take_while(|cut| cut.delta == delta) {
            if rest == Fate::Held {
                break;
            }
            if at < cut.range.start {
                segments.push(Segment { delta, range: at..cut.range.start, fate: rest });
            }
            if cut.range.start < cut.range.end {
                segments.push(Segment { delta, range: cut.range.clone(), fate: Fate::Suppressed(cut.finding) });
            }
            at = cut.range.end;
        }
        if at < len {
            segments.push(Segment { delta, range: at..len, fate: rest });
        }
        segments
    }

    /// The final text of one channel kind of one choice: blocks in ascending order, deltas in the order in which they are passed on.
    pub fn text(&self, reading: &Reading, choice: u16, channel: crate::core::reading::Channel) -> String {
        let mut blocks = std::collections::BTreeMap::<u16, String>::new();
        for delta in self.deltas(reading) {
            let row = reading.delta(delta);
            if row.key.choice != choice || row.key.channel != channel {
                continue;
            }
            let text = blocks.entry(row.key.block).or_default();
            for segment in self.segments(reading, delta, self.released) {
                if segment.fate == Fate::Emitted {
                    text.push_str(&row.text[segment.range.start as usize..segment.range.end as usize]);
                }
            }
        }
        blocks.into_values().collect()
    }

    /// Bytes of one channel's text by fate: received = emitted + suppressed + restated + held.
    pub fn balance(&self, reading: &Reading, key: ChannelKey) -> Balance {
        let mut balance = Balance::default();
        for delta in reading.delta_ids().filter(|delta| reading.delta(*delta).key == key) {
            balance.received += reading.delta(delta).text.len() as u64;
            for segment in self.segments(reading, delta, self.released) {
                let bytes = u64::from(segment.range.end - segment.range.start);
                match segment.fate {
                    Fate::Emitted => balance.emitted += bytes,
                    Fate::Suppressed(_) => balance.suppressed += bytes,
                    Fate::Restated => balance.restated += bytes,
                    Fate::Held => balance.held += bytes,
                }
            }
        }
        balance
    }
}

/// Bytes of decoded text by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Balance {
    /// All that came.
    pub received: u64,
    /// Passed on.
    pub emitted: u64,
    /// Taken out by a finding.
    pub suppressed: u64,
    /// Repeated by typed snapshots.
    pub restated: u64,
    /// Not decided yet.
    pub held: u64,
}
