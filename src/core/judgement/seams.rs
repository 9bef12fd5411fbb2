//! Seams that may overlap: a piece of text that begins with the end of the piece before it.
//!
//! Nothing is cut by that: of 82,291 recorded deltas 69 repeat four characters or more of the end before them because the text does.
//! Where a text came in few pieces, four characters are worth a note with both readings: 15 of 2,411 recorded streams would have one.

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::{plain::says_little, stitch},
    judgement::{Judgement, findings::Draft},
    reading::{Channel, ChannelKey, DeltaId, Reading},
};

/// Pieces at the start of a session that are looked at; in a longer one pieces are tokens, which are too short.
const PIECES: u32 = 64;
/// Characters of an overlap that is spoken of …
const CHARS: usize = 4;
/// … where one that is not ASCII counts for so many.
const WIDE: usize = 3;
/// Characters before the seam that a reading shows.
const SHOWN: usize = 60;

impl Judgement {
    /// Notes where a piece of text may repeat the end of the one before it; `end` is one past the last delta.
    pub(super) fn doubt_seams(&mut self, reading: &Reading, end: u32) {
        if end > PIECES || self.runner.is_some() {
            return;
        }
        let mut before: Vec<(ChannelKey, DeltaId)> = Vec::new();
        for id in (0..end).map(DeltaId) {
            let row = reading.delta(id);
            if row.snapshot || row.text.is_empty() || row.key.channel == Channel::ToolArguments {
                continue;
            }
            match before.iter_mut().find(|(key, _)| *key == row.key) {
                Some((_, last)) => {
                    let last = std::mem::replace(last, id);
                    self.doubt_seam(reading, last, id);
                }
                None => before.push((row.key, id)),
            }
        }
    }

    fn doubt_seam(&mut self, reading: &Reading, before: DeltaId, id: DeltaId) {
        let (old, new) = (reading.delta(before).text, reading.delta(id).text);
        let shared = stitch::overlap(stitch::tail(old), new).bytes;
        let said = &new[..shared];
        let proper = shared < new.len() && shared < old.len();
        let weight: usize = said.chars().map(|char| if char.is_ascii() { 1 } else { WIDE }).sum();
        let speaks = weight >= CHARS && said.chars().nth(1).is_some() && said.contains(char::is_alphabetic);
        let told = |delta: u32| {
            self.findings.iter().any(|finding| finding.deltas.iter().any(|(first, last)| (*first..=*last).contains(&delta)))
        };
        if !proper || !speaks || said.contains('\n') || says_little(said) || told(before.0) || told(id.0) {
            return;
        }
        let row = reading.delta(id);
        let evidence = format!(
            "frame {} begins with {said:?}, with which the text before it ends: it was said twice, or sent twice at a seam",
            row.frame.0
        );
        let draft = Draft {
            class: Class::OverlapStitch,
            score: 500,
            certainty: Certainty::Ambiguous,
            action: Action::Keep,
            layer: Layer::Unknown,
            evidence,
        };
        let start = old.char_indices().rev().nth(SHOWN - 1).map_or(0, |(at, _)| at);
        let clip = |rest: &str| old[start..].chars().chain(rest.chars().take(SHOWN)).collect::<String>();
        let readings = vec![clip(new), clip(&new[shared..])];
        let finding = self.add(reading, draft, Some(row.key), Some(row.frame), Some(id));
        self.findings[finding.0 as usize].readings = readings;
    }
}
