//! Wires whose frames repeat all text so far: a piece that was taken out is in every frame behind it, too.
//!
//! Such a frame is read as a snapshot of what is known and, behind it, what is new. Repaired it gives the repaired text up to there.

use std::{collections::BTreeMap, ops::Range};

use super::{DeltaCut, Edited, Fault, says_nothing, trim};
use crate::core::{
    judgement::Judgement,
    output::{Fate, Output},
    reading::{ChannelKey, DeltaId, FrameId, Note, Reading},
};

/// The channels whose frames repeat all text so far, as far as a piece of them was taken out.
#[derive(Debug, Clone, Default)]
pub struct Cumulative {
    channels: BTreeMap<ChannelKey, Known>,
    /// A frame was written so: this is such a wire.
    sure: bool,
}

/// The text of a channel as the frames have it.
#[derive(Debug, Clone, Default)]
struct Known {
    len: usize,
    /// What of it was taken out, ascending.
    gone: Vec<Range<usize>>,
    /// Bytes that are left of the text in the frame that was written last.
    left: usize,
}

impl Known {
    /// Takes a delta in: its text goes on behind byte `from`.
    fn extend(&mut self, reading: &Reading, output: &Output, delta: DeltaId, from: usize) {
        for segment in output.segments(reading, delta, output.released) {
            if let Fate::Suppressed(_) = segment.fate {
                let range = from + segment.range.start as usize..from + segment.range.end as usize;
                match self.gone.last_mut().filter(|last| last.end == range.start) {
                    Some(last) => last.end = range.end,
                    None => self.gone.push(range),
                }
            }
        }
        self.len = from + reading.delta(delta).text.len();
    }

    fn left(&self) -> usize {
        self.len - self.gone.iter().map(Range::len).sum::<usize>()
    }
}

/// A text of a frame: what it repeats, and what is new in it.
struct Said {
    key: ChannelKey,
    known: Option<DeltaId>,
    new: Option<DeltaId>,
}

impl Cumulative {
    /// What becomes of frame `id`, if a text in it repeats one of which a piece was taken out, or has such a piece behind what it
    /// repeats; `None` if it is a frame like any other. The frames at the positions `before` were written.
    pub fn edit(
        &mut self,
        (reading, judgement): (&Reading, &Judgement),
        before: Range<u32>,
        id: FrameId,
    ) -> Result<Option<Edited>, Fault> {
        match self.try_edit(reading, judgement, before, id) {
            // What looks the same may be a whole text beside an increment, in fields of their own.
            Err(_) if !self.sure => {
                self.channels.clear();
                Ok(None)
            }
            edited => {
                self.sure |= matches!(edited, Ok(Some(_)));
                edited
            }
        }
    }

    fn try_edit(
        &mut self,
        reading: &Reading,
        judgement: &Judgement,
        before: Range<u32>,
        id: FrameId,
    ) -> Result<Option<Edited>, Fault> {
        let output = &judgement.output;
        if output.cuts.is_empty() {
            return Ok(None);
        }
        let said = said(reading, id);
        let repeats = |said: &Said| said.known.is_some() && (said.new.is_some() || self.channels.contains_key(&said.key));
        if !said.iter().any(repeats) {
            return Ok(None);
        }
        let (mut cuts, mut changed, mut grows) = (Vec::new(), false, false);
        for Said { key, known, new } in &said {
            let text = |delta: &Option<DeltaId>| delta.map_or("", |delta| reading.delta(delta).text);
            let state = self.channels.entry(*key).or_insert_with(|| known_before(reading, output, before.clone(), *key));
            let from = text(known).len();
            if known.is_some() && from < state.len && new.is_some() && !state.gone.is_empty() {
                // It takes back a part of what it said before, and what was left of that.
                return Err(Fault { frame: id });
            }
            let from = if known.is_some() { from } else { state.len };
            if let Some(new) = new {
                state.extend(reading, output, *new, from);
            }
            let whole = format!("{}{}", text(known), text(new));
            let start = if known.is_some() { 0 } else { from };
            let inside = state.gone.iter().filter(|gone| gone.start < start + whole.len() && gone.end > start);
            let gone: Vec<_> =
                inside.map(|gone| gone.start.max(start) - start..gone.end.min(start + whole.len()) - start).collect();
            changed |= !gone.is_empty();
            grows |= state.left() != state.left;
            state.left = state.left();
            cuts.push((whole, gone));
        }
        if !changed {
            return Ok(None);
        }
        let cuts: Vec<_> = cuts.iter().map(|(text, gone)| DeltaCut { text, gone: gone.clone() }).collect();
        let trimmed = trim(reading, id, &cuts).ok_or(Fault { frame: id })?;
        // A text that did not grow could be taken for one to add, where little was said before.
        let running = |note: &Note| says_nothing(note, false) || matches!(note, Note::Usage(_));
        let silent = !grows && reading.notes_of(id).iter().all(|(_, note)| running(note));
        Ok(Some(if silent { Edited::Drop } else { Edited::Trim(trimmed) }))
    }
}

/// The texts of a frame, in its order.
fn said(reading: &Reading, id: FrameId) -> Vec<Said> {
    let mut said = Vec::<Said>::new();
    for delta in reading.deltas_of(id).map(DeltaId) {
        let row = reading.delta(delta);
        match said.last_mut().filter(|last| last.key == row.key && last.new.is_none() && !row.snapshot) {
            Some(last) => last.new = Some(delta),
            None if row.snapshot => said.push(Said { key: row.key, known: Some(delta), new: None }),
            None => said.push(Said { key: row.key, known: None, new: Some(delta) }),
        }
    }
    said
}

/// What the frames at the positions `before` said in channel `key`.
fn known_before(reading: &Reading, output: &Output, before: Range<u32>, key: ChannelKey) -> Known {
    let mut known = Known::default();
    for frame in output.frames(before) {
        for Said { known: again, new, .. } in said(reading, frame).into_iter().filter(|said| said.key == key) {
            let from = again.map_or(known.len, |again| reading.delta(again).text.len());
            if let Some(new) = new {
                known.extend(reading, output, new, from);
            }
        }
    }
    known.left = known.left();
    known
}
