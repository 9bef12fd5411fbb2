//! The output as operations on frames; text, spans and formatted bytes are views of it.
//!
//! A frame passes in the step that read it unless a [`HoldSpan`] says later, and whole unless a [`Cut`] takes a range of one of
//! its deltas. So a clean stream costs nothing here.

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
    /// The first frame held.
    pub first: u32,
    /// One past the last frame held; grows while the hold lasts.
    pub end: u32,
    /// The channel whose text is undecided; `None` where a whole strategy holds a frame.
    pub key: Option<ChannelKey>,
    /// When the hold began.
    pub since: Moment,
    /// When it was released, or `None` while it lasts.
    pub released: Option<Moment>,
}

/// What came of a judgement, as exceptions to "every frame passes whole, at once, in order".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Cuts in ascending (delta, range) order.
    pub cuts: Vec<Cut>,
    /// Holds in ascending order, never overlapping.
    pub holds: Vec<HoldSpan>,
    /// Frames that left before one that was held, as (frame, held frame); only the earlier systems' strategies do that.
    pub overtaking: Vec<(FrameId, FrameId)>,
    /// Frames `0..released` have been passed on.
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
        let rest = if row.frame.0 < released { Fate::Emitted } else { Fate::Held };
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

    /// The final text of one channel kind of one choice: blocks in ascending order, deltas in order of arrival.
    pub fn text(&self, reading: &Reading, choice: u16, channel: crate::core::reading::Channel) -> String {
        let mut blocks = std::collections::BTreeMap::<u16, String>::new();
        for delta in reading.delta_ids() {
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
