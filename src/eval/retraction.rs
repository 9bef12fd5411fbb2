//! Whether the expected text takes back what any stream had to pass on before it could know better.
//!
//! A delta leaves in the same step unless something about it speaks against that: it equals, extends or begins earlier text, its
//! identity is not the next one, its completion id is another, it has tokens to count, or it follows a boundary. What leaves before
//! any of that comes must begin the expected text; where it does not, no append-only output can be right.

use crate::{
    core::reading::{Channel, DeltaId, FrameId, Identity, Note, Reading, Series},
    session::import::cases::Label,
};

/// True if some text must have been passed on that the label takes back.
pub fn is_one(reading: &Reading, label: &Label) -> bool {
    let channels = [(Channel::Text, &label.text), (Channel::Reasoning, &label.reasoning)];
    channels.into_iter().any(|(channel, expected)| expected.as_ref().is_some_and(|expected| takes_back(reading, channel, expected)))
}

fn takes_back(reading: &Reading, channel: Channel, expected: &str) -> bool {
    let mut walk = Walk::default();
    for id in (0..reading.frame_count()).map(FrameId) {
        let suspect = walk.frame(reading, id);
        for delta in reading.deltas_of(id).map(DeltaId) {
            let row = reading.delta(delta);
            if row.key.choice != 0 || row.key.channel != channel || row.text.is_empty() {
                continue;
            }
            // The first delta is never held for what it resembles.
            let held = suspect || !walk.text.is_empty() && walk.resembles(row.text);
            if row.snapshot || held || mirrored(reading, id, delta) {
                return false;
            }
            walk.text.push_str(row.text);
            walk.last = row.text.to_owned();
            // White space behind the answer may be cut in the step in which it comes.
            if !expected.starts_with(walk.text.trim_end()) {
                return true;
            }
        }
    }
    false
}

fn mirrored(reading: &Reading, frame: FrameId, delta: DeltaId) -> bool {
    let index = delta.0 - reading.frame(frame).first_delta;
    reading.notes_of(frame).iter().any(|(_, note)| matches!(note, Note::Mirrored { delta } if *delta == index))
}

/// What has come so far.
#[derive(Default)]
struct Walk {
    text: String,
    last: String,
    completion: Option<String>,
    identity: Option<Identity>,
    parted: bool,
}

impl Walk {
    /// Takes a frame; true if something beside its text speaks against passing it on at once.
    fn frame(&mut self, reading: &Reading, id: FrameId) -> bool {
        let mut suspect = self.parted;
        self.parted &= reading.deltas_of(id).is_empty();
        for (_, note) in reading.notes_of(id) {
            match note {
                Note::CompletionId(id) => suspect |= self.completion.replace(id.clone()).is_some_and(|before| before != *id),
                Note::Boundary(_) | Note::Error { .. } => (suspect, self.parted) = (true, reading.deltas_of(id).is_empty()),
                Note::Tokens(_) => suspect = true,
                _ => {}
            }
        }
        if let Some(identity) = reading.identity(id) {
            suspect |= self.identity.is_some_and(|before| !follows(before, identity));
            self.identity = Some(self.identity.map_or(identity, |before| before.max(identity)));
        }
        suspect
    }

    /// Whether a delta equals, extends or begins what came before.
    fn resembles(&self, text: &str) -> bool {
        let related = |known: &str| text.starts_with(known) || known.starts_with(text);
        related(&self.text) || related(&self.last)
    }
}

/// Whether nothing can be missing between two identities, and none is late.
fn follows(before: Identity, identity: Identity) -> bool {
    match identity.series {
        Series::Time => identity > before,
        Series::Sequence => identity.generation != before.generation || identity.number == before.number.wrapping_add(1),
    }
}
