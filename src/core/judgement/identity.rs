//! What a frame's identity says of it: new, delivered before, out of its place, or of another stream.

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::{Detector, identity::Identified},
    judgement::{Judgement, findings::Draft},
    reading::{DeltaId, FrameId, Reading},
};

impl Judgement {
    /// Judges the deltas of a frame in which the choices `finished` (ascending) finish.
    pub(super) fn judge_deltas(&mut self, reading: &Reading, frame: FrameId, identified: Option<Identified>, finished: &[u16]) {
        match identified {
            Some(Identified::Again { original }) => return self.judge_redelivered(reading, frame, original),
            Some(Identified::Meaningless { original }) => {
                self.note_once(reading, Class::ReplayBySeq, Layer::Server, Some(frame), || match original {
                    Some(original) => format!(
                        "frame {} has the identity of frame {} and other text: identities mean nothing in this stream",
                        frame.0, original.0
                    ),
                    None => format!("the identity of frame {} falls back: identities mean nothing in this stream", frame.0),
                });
            }
            Some(Identified::New) => self.score(Detector::Identity, 0),
            None => {}
        }
        for delta in reading.deltas_of(frame).map(DeltaId) {
            let row = reading.delta(delta);
            if row.snapshot {
                self.restate(reading, delta);
            } else {
                self.judge_delta(reading, frame, delta, finished.binary_search(&row.key.choice).is_ok());
            }
        }
    }

    /// Takes all deltas of a frame out: its identity says that it was delivered before.
    fn judge_redelivered(&mut self, reading: &Reading, frame: FrameId, original: FrameId) {
        self.score(Detector::Identity, 1000);
        for id in reading.deltas_of(frame).map(DeltaId) {
            let delta = reading.delta(id);
            self.condition.cut = false;
            let draft = Draft {
                class: Class::ReplayBySeq,
                score: 1000,
                certainty: Certainty::Proved,
                action: Action::Suppress,
                layer: Layer::Server,
                evidence: format!("frame {} has the identity and the text of frame {}", frame.0, original.0),
            };
            let finding = self.find_in_channel(reading, delta.key, frame, id, draft);
            self.cut(id, 0..delta.text.len() as u32, finding);
        }
    }
}
