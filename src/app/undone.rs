//! What somebody undid in the view: findings whose text is shown as if they had taken nothing out and moved nothing. The judgement
//! stays as it is.

use std::collections::BTreeSet;

use crate::{
    app::Session,
    core::{
        class::{Action, Class},
        judgement::{Finding, Judgement},
        output::Fate,
        reading::{ChannelKey, DeltaId, FrameId, Reading},
    },
};

/// A finding by what it is about, so that it is found again in another judgement.
type Name = (Class, Option<u32>, Option<ChannelKey>);

/// The findings that are undone.
#[derive(Debug, Clone, Default)]
pub struct Undone {
    names: BTreeSet<Name>,
    /// First and last frame of what is shown in the order in which it came, ascending.
    in_order: Vec<(u32, u32)>,
}

fn name(finding: &Finding) -> Name {
    (finding.class, finding.first_frame, finding.key)
}

impl Undone {
    /// How many findings of `judgement` are undone.
    pub fn count(&self, judgement: &Judgement) -> usize {
        // Mostly none is, and then no finding is looked at.
        if self.names.is_empty() { 0 } else { judgement.findings.iter().filter(|finding| self.has(finding)).count() }
    }

    /// True if `finding` is undone.
    pub fn has(&self, finding: &Finding) -> bool {
        self.names.contains(&name(finding))
    }

    /// True if text of this fate is in the output that is shown.
    pub fn passes(&self, judgement: &Judgement, fate: Fate) -> bool {
        match fate {
            Fate::Emitted => true,
            Fate::Suppressed(finding) => self.has(judgement.finding(finding)),
            Fate::Restated | Fate::Held => false,
        }
    }

    /// The deltas `deltas` in the order in which they are shown.
    pub fn order(&self, reading: &Reading, judgement: &Judgement, deltas: std::ops::Range<u32>) -> Vec<DeltaId> {
        let mut ids = judgement.output.deltas_among(reading, deltas);
        if !self.in_order.is_empty() {
            let position = |delta: &DeltaId| {
                let frame = reading.delta(*delta).frame;
                if self.in_order(frame) { frame.0 } else { judgement.output.position(frame) }
            };
            ids.sort_by_cached_key(|delta| (position(delta), *delta));
        }
        ids
    }

    /// True if `frame` is shown where it came, although it was moved.
    pub fn in_order(&self, frame: FrameId) -> bool {
        self.in_order.iter().any(|(first, last)| (*first..=*last).contains(&frame.0))
    }

    /// Finds out which runs of frames are shown in the order in which they came.
    fn look_up(&mut self, reading: &Reading, judgement: &Judgement) {
        let moved = judgement.findings.iter().filter(|finding| finding.action == Action::Reorder && self.has(finding));
        let frame = |delta: u32| reading.delta(DeltaId(delta)).frame.0;
        let frames: Vec<(u32, u32)> =
            moved.flat_map(|finding| finding.deltas.iter().map(|(first, last)| (frame(*first), frame(*last)))).collect();
        let runs = judgement.output.reorders.iter().map(|run| (run.first, run.first + (run.order.len() as u32).saturating_sub(1)));
        self.in_order = runs.filter(|(from, to)| frames.iter().any(|(first, last)| first <= to && from <= last)).collect();
    }
}

impl Session {
    /// Undoes what the finding at the cursor took out or moved, in the view alone, or does it again; says what that is.
    pub fn undo_finding(&mut self) -> String {
        let (reading, judgement) = (&self.engine.reading, &self.engine.judgement);
        let end = judgement.findings.partition_point(|finding| finding.moment <= self.moment());
        let Some(finding) = end.checked_sub(1).map(|index| &judgement.findings[index]) else {
            return "there is no finding up to the cursor; ] goes to the next".into();
        };
        if !matches!(finding.action, Action::Suppress | Action::Reorder) {
            return format!("{} took nothing out and moved nothing; [ and ] go to other findings", finding.class.name());
        }
        let what = format!("{} of frame {}", finding.class.name(), finding.first_frame.unwrap_or(0));
        let again = self.undone.names.remove(&name(finding));
        if !again {
            self.undone.names.insert(name(finding));
        }
        self.undone.look_up(reading, judgement);
        if again {
            format!("{what} is repaired in the view again")
        } else {
            format!("{what} is undone in the view; x repairs it again")
        }
    }

    /// Brings what is undone up to date with the judgement.
    pub(super) fn refresh_undone(&mut self) {
        if !self.undone.names.is_empty() {
            self.undone.look_up(&self.engine.reading, &self.engine.judgement);
        }
    }
}
