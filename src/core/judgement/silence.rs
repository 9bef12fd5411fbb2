//! Answers that say nothing, and thoughts that are said twice by agreement: notes, for nothing is lost or repeated.

use crate::core::{
    class::{Certainty, Class, Layer, Level},
    judgement::{Judgement, findings::Draft},
    reading::{Channel, FrameId, Note, Reading},
};

/// Words for "there was no more room", whatever the case.
const LIMITS: &[&str] = &["length", "max_tokens", "max_output_tokens", "model_length", "incomplete"];

impl Judgement {
    /// Notes that a thought comes in two forms that the format documents: nobody repeats anything, but who reads both does.
    pub(super) fn note_said_twice(&mut self, reading: &Reading, frame: FrameId) {
        self.note_once(reading, Class::ChannelMirror, Layer::Server, Some(frame), || {
            format!("frame {} says the thought in two forms, as its format documents; it is read once", frame.0)
        });
        if let Some(finding) = self.session.noted.get(&(Class::ChannelMirror, Layer::Server)) {
            let finding = &mut self.findings[finding.0 as usize];
            (finding.level, finding.certainty) = (Level::Note, Certainty::Ambiguous);
            finding.hint = "read one of the two: `reasoning`, or the texts in `reasoning_details`";
        }
    }

    /// Notes a complete stream without a visible word: a limit that was reached before it, or an end and nothing else.
    pub(super) fn look_for_silence(&mut self, reading: &Reading, last: Option<FrameId>) {
        let mut notes = reading.notes().iter().map(|(_, note)| note);
        let speaks = reading.delta_ids().any(|id| reading.delta(id).key.channel != Channel::Reasoning)
            || notes.any(|note| matches!(note, Note::Tool { .. } | Note::Error { .. }));
        if speaks {
            return;
        }
        let reason = reading.notes().iter().rev().find_map(|(_, note)| match note {
            Note::Finish { reason, .. } => Some(reason.as_str()),
            _ => None,
        });
        let thought = reading.delta_count() > 0;
        let limit = reason.filter(|reason| LIMITS.iter().any(|word| reason.eq_ignore_ascii_case(word)));
        let (layer, evidence, hint) = match limit {
            Some(reason) => {
                let spent = if thought { ", and the thought took all that it had" } else { "" };
                let evidence = format!("the answer is empty: it finished with {reason:?} before its first word{spent}");
                (Layer::Model, evidence, "ask again with more room for output tokens; thinking counts as output")
            }
            None if reason.is_none() && self.session.terminated && !thought => {
                let evidence = "the answer is empty: it ended in order, without a word and without a finish".to_owned();
                (Layer::Server, evidence, "ask again, or another provider: nobody answered, and nothing says so")
            }
            None => return,
        };
        let cause = self.session.cause.take();
        let finding = self.add(reading, Draft::flag(Class::TerminalAnomaly, layer, evidence), None, last, None);
        self.session.cause = cause;
        let finding = &mut self.findings[finding.0 as usize];
        (finding.level, finding.lost, finding.hint) = (Level::Note, false, hint);
    }
}
