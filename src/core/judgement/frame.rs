//! One frame: damage, ends, clocks, and its deltas.

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::Detector,
    judgement::{Judgement, findings::Draft, identity::Item},
    params::Strategy,
    reading::{Channel, ChunkId, DeltaId, FrameId, FrameKind, Note, Reading},
};

impl Judgement {
    /// Judges one read, before its frames.
    pub(super) fn judge_chunk(&mut self, reading: &Reading, chunk: ChunkId) {
        self.session.progress.hear(self.walk.at);
        if reading.chunk_splits_char(chunk) {
            let index = self.findings.len();
            self.note_once(reading, Class::Utf8Split, Layer::Transport, None, || {
                format!("read {} ends inside a character; the stream of bytes is whole", chunk.0)
            });
            // No frame is its place, but the read itself.
            if let Some(finding) = self.findings.get_mut(index) {
                let chunk = reading.chunk(chunk);
                finding.bytes = chunk.start..chunk.end;
            }
        }
    }

    /// Judges one frame and everything in it.
    pub(super) fn judge_frame(&mut self, reading: &Reading, id: FrameId) {
        let frame = reading.frame(id);
        let mut finished = Vec::new();
        let mut damaged = false;
        let mut completion = None;
        let first = self.walk.note;
        let notes = &reading.notes()[first..];
        let notes = &notes[..notes.iter().take_while(|(frame, _)| *frame <= id).count()];
        self.walk.note += notes.len();
        for (index, (_, note)) in notes.iter().enumerate() {
            match note {
                Note::Finish { choice, .. } => finished.push(*choice),
                Note::NewTurn => self.new_turn(reading),
                Note::Boundary(boundary) => self.cross(reading, *boundary),
                Note::CompletionId(_) => {
                    completion = Some(first + index);
                    if !self.session.finished.is_empty() {
                        self.session.late = true;
                        self.session.completions.begin();
                        self.session.answers.completion += 1;
                    }
                }
                note => damaged |= self.judge_damage(reading, id, note),
            }
        }
        finished.sort_unstable();
        finished.dedup();
        if frame.kind == FrameKind::Unknown {
            self.note_once(reading, Class::UnknownFrame, Layer::Unknown, Some(id), || match reading.dialect_at(id.0 + 1) {
                Some(dialect) => format!("frame {} is of no kind that {} has", id.0, dialect.title),
                None => format!("frame {} fits no dialect that this program reads", id.0),
            });
        }
        self.score(Detector::Damage, if damaged { 1000 } else { 0 });
        self.keep_time(reading, id, &frame, notes);
        if self.profile.strategy == Strategy::Evidence {
            self.admit(reading, Item { frame: id, finished, kind: frame.kind, completion, original: None });
        } else {
            self.look_for_late_text(reading, id, &finished);
            self.session.finished.extend(&finished);
            self.session.terminated |= frame.kind == FrameKind::Terminator;
            self.judge_by_strategy(reading, id);
        }
        let otherwise = match frame.kind {
            FrameKind::Delta => "text flows",
            _ => "a frame arrived",
        };
        self.settle(otherwise);
    }

    /// A new message begins in the same stream, and with it another end to wait for.
    fn new_turn(&mut self, reading: &Reading) {
        self.let_go(reading, "a new turn began", true);
        self.session.completions.begin();
        self.end_texts(reading);
        self.session.answers.turn += 1;
        self.channels.new_turn();
        self.session.finished.clear();
        self.session.terminated = false;
        self.session.late = false;
    }

    /// Text after its choice finished, or after the terminator, is kept and said once. Exempt is what a frame
    /// brings that itself finishes the choice (`finishing`, ascending), as some servers do in every frame, and tool calls, which
    /// some gateways finish one by one.
    pub(super) fn look_for_late_text(&mut self, reading: &Reading, id: FrameId, finishing: &[u16]) {
        if self.session.late || self.session.finished.is_empty() && !self.session.terminated {
            return;
        }
        let late = |delta: &DeltaId| {
            let row = reading.delta(*delta);
            let choice = row.key.choice;
            let exempt = row.key.channel == Channel::ToolArguments || finishing.binary_search(&choice).is_ok();
            !row.snapshot && (self.session.terminated || !exempt && self.session.finished.contains(&choice))
        };
        let Some(delta) = reading.deltas_of(id).map(DeltaId).find(late) else { return };
        // A frame without bytes says what became of a half character; nothing came late.
        if reading.frame_bytes(id).is_empty() {
            return;
        }
        let end = if self.session.terminated { "the stream" } else { "its choice" };
        let evidence = format!("frame {} brings text after {end} had ended", id.0);
        self.session.late = true;
        self.add(reading, Draft::flag(Class::TerminalAnomaly, Layer::Server, evidence), None, Some(id), Some(delta));
    }

    /// Damage that a note reports; true if something was lost.
    fn judge_damage(&mut self, reading: &Reading, frame: FrameId, note: &Note) -> bool {
        let (class, layer, evidence) = match note {
            Note::Malformed { byte, message } => {
                self.condition.unhealed = true;
                (Class::MalformedFrame, Layer::Unknown, format!("frame {} cannot be read at byte {byte}: {message}", frame.0))
            }
            Note::Checksum { byte, message } => {
                self.condition.unhealed = true;
                (Class::ChecksumMismatch, Layer::Proxy, format!("frame {} at byte {byte}: {message}", frame.0))
            }
            Note::TooLarge { limit } => {
                self.condition.unhealed = true;
                (Class::LimitExceeded, Layer::Server, format!("frame {} is larger than {limit} bytes and was not read", frame.0))
            }
            Note::Replaced(1) => (
                Class::EncodingError,
                Layer::Unknown,
                format!("frame {}: 1 character was not valid Unicode and was replaced", frame.0),
            ),
            Note::Replaced(count) => (
                Class::EncodingError,
                Layer::Unknown,
                format!("frame {}: {count} characters were not valid Unicode and were replaced", frame.0),
            ),
            Note::Error { kind, message } => {
                self.broken_off(reading);
                self.session.failed = true;
                self.condition.unhealed = true;
                (Class::ProviderError, Layer::Server, format!("the provider reports {kind}: {message}"))
            }
            Note::JoinedSurrogate => {
                self.note_once(reading, Class::Utf8Split, Layer::Server, Some(frame), || {
                    format!("frame {} completes a character whose first half came in a delta before; joined", frame.0)
                });
                return false;
            }
            Note::Finish { .. }
            | Note::Usage(_)
            | Note::Tool { .. }
            | Note::CompletionId(_)
            | Note::Model(_)
            | Note::NewTurn
            | Note::Boundary(_)
            | Note::Mirrored { .. }
            | Note::Opening
            | Note::Tokens(_) => {
                return false;
            }
        };
        let first_delta = reading.deltas_of(frame).next().map(DeltaId);
        self.add(reading, Draft::flag(class, layer, evidence), None, Some(frame), first_delta);
        true
    }

    /// A note that is made once a session and counted after that.
    pub(super) fn note_once(
        &mut self,
        reading: &Reading,
        class: Class,
        layer: Layer,
        frame: Option<FrameId>,
        evidence: impl FnOnce() -> String,
    ) {
        let cause = self.session.cause.take();
        match self.session.tallies.get(&(class, Action::Keep)).map(|tally| tally.last) {
            Some(noted) => self.extend(noted, None),
            None => {
                let certainty = if class == Class::ReplayBySeq { Certainty::Ambiguous } else { Certainty::Proved };
                let draft = Draft { class, score: 1000, certainty, action: Action::Keep, layer, evidence: evidence() };
                self.add(reading, draft, None, frame, None);
            }
        }
        self.session.cause = cause;
    }
}
