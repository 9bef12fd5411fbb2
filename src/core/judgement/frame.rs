//! One frame: damage, ends, clocks, and its deltas.

use crate::core::{
    class::{Action, Certainty, Class, Layer, Level},
    detect::Detector,
    judgement::{Judgement, findings::Draft, identity::Item},
    params::Strategy,
    reading::{ChunkId, DeltaId, Frame, FrameId, FrameKind, Note, Reading},
};

/// What the notes of a frame say beside its text.
#[derive(Debug, Default)]
struct Heard {
    /// The choices that finish in it, ascending.
    finished: Vec<u16>,
    /// Something in it is not whole.
    damaged: bool,
    /// The note that gives another completion id than the frame before had.
    completion: Option<usize>,
}

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
        if self.flow(reading, id, &frame) {
            return;
        }
        let first = self.walk.note;
        let notes = &reading.notes()[first..];
        let notes = &notes[..notes.iter().take_while(|(frame, _)| *frame <= id).count()];
        self.walk.note += notes.len();
        let Heard { finished, damaged, completion } =
            if notes.is_empty() { Heard::default() } else { self.hear(reading, id, notes, first) };
        self.follow_deltas(reading, id, &frame, notes);
        if frame.kind == FrameKind::Unknown {
            self.note_once(reading, Class::UnknownFrame, Layer::Unknown, Some(id), || match reading.dialect_at(id.0 + 1) {
                Some(dialect) => format!("frame {} is of no kind that {} has", id.0, dialect.title),
                None => format!("frame {} fits no dialect that this program reads", id.0),
            });
        }
        self.score(Detector::Damage, if damaged { 1000 } else { 0 });
        self.keep_time(reading, id, &frame, notes);
        if self.profile.strategy == Strategy::Evidence {
            if completion.is_none() && self.has_its_turn(reading, &frame, id) {
                self.judge_texts(reading, id, frame.kind, &finished);
            } else {
                let since = self.moment();
                self.admit(reading, Item { frame: id, finished, kind: frame.kind, completion, original: None, since, chars: 0 });
            }
        } else {
            self.pass_ends(reading, id, frame.kind, &finished);
            self.judge_by_strategy(reading, id);
        }
        let otherwise = match frame.kind {
            FrameKind::Delta => "text flows",
            _ => "a frame arrived",
        };
        self.settle(otherwise);
    }

    /// What the notes of frame `id` say beside its text; the first of them is note number `first` of the reading.
    fn hear(&mut self, reading: &Reading, id: FrameId, notes: &[(FrameId, Note)], first: usize) -> Heard {
        let mut heard = Heard::default();
        for (index, (_, note)) in notes.iter().enumerate() {
            match note {
                Note::Finish { choice, reason } => {
                    heard.finished.push(*choice);
                    self.note_finish(reading, id, *choice, reason);
                }
                Note::Tool { choice, block, id: call, name } => self.note_call(reading, id, (*choice, *block), call, name),
                Note::Stop { block } => self.note_stop(reading, id, *block),
                Note::NewTurn => self.new_turn(reading, id),
                Note::Boundary(boundary) => self.cross(reading, *boundary),
                Note::CompletionId(_) => {
                    heard.completion = Some(first + index);
                    if !self.session.finished.is_empty() {
                        self.session.late = true;
                        self.begin_completion(reading);
                        self.session.answers.completion += 1;
                    }
                }
                note => heard.damaged |= self.judge_damage(reading, id, note),
            }
        }
        heard.finished.sort_unstable();
        heard.finished.dedup();
        heard
    }

    /// A new message begins in the same stream, and with it another end to wait for.
    fn new_turn(&mut self, reading: &Reading, frame: FrameId) {
        self.let_go(reading, "a new turn began", true);
        self.session.completions.begin();
        self.weigh_snapshots(reading, reading.frame(frame).first_delta);
        if self.channels.is_broken_off() {
            self.channels.begin_again();
        } else {
            self.end_texts(reading);
            self.session.answers.turn += 1;
            self.channels.new_turn();
        }
        self.forget_ends();
        self.session.finished.clear();
        self.session.terminated = false;
        self.session.late = false;
    }

    /// Replacement characters in a row, as the server sent them: each byte of a character was decoded alone there. A single one may be
    /// what the model wrote.
    fn look_for_shattered(&mut self, reading: &Reading, frame: FrameId, delta: DeltaId) {
        const LOST: char = char::REPLACEMENT_CHARACTER;
        let row = reading.delta(delta);
        let last = self.channels.get(row.key).and_then(|channel| channel.last);
        let continues = row.text.starts_with(LOST) && last.is_some_and(|last| reading.delta(last).text.ends_with(LOST));
        if !continues && !row.text.contains("\u{fffd}\u{fffd}") {
            return;
        }
        if let Some(finding) = self.session.shattered {
            return self.extend(finding, Some(delta));
        }
        let evidence = format!(
            "frame {} brings replacement characters in a row: the server decoded the bytes of a character one by one; what they \
             were cannot be known here",
            frame.0
        );
        let draft = Draft::flag(Class::Utf8Split, Layer::Server, evidence);
        let finding = self.add(reading, draft, Some(row.key), Some(frame), Some(delta));
        self.session.shattered = Some(finding);
        let finding = &mut self.findings[finding.0 as usize];
        (finding.level, finding.lost) = (Level::Warning, false);
        finding.hint = "upgrade the server: its detokenizer must wait until a character is whole";
    }

    /// What a frame's deltas say whatever the strategy: snapshots, and characters that the server lost.
    fn follow_deltas(&mut self, reading: &Reading, id: FrameId, frame: &Frame, notes: &[(FrameId, Note)]) {
        /// The first byte of U+FFFD.
        const LOST: u8 = 0xEF;
        let mut restates = false;
        for delta in (frame.first_delta..frame.deltas_end).map(DeltaId) {
            let row = reading.delta(delta);
            restates |= row.snapshot;
            let replaced = || notes.iter().any(|(_, note)| matches!(note, Note::Replaced(_)));
            if !row.snapshot && !row.text.is_ascii() && row.text.as_bytes().contains(&LOST) && !replaced() {
                self.look_for_shattered(reading, id, delta);
            }
        }
        self.session.snapshots.follow(reading, id, restates);
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
        match self.session.noted.get(&(class, layer)).copied() {
            Some(noted) => self.extend(noted, None),
            None => {
                let certainty = if class == Class::ReplayBySeq { Certainty::Ambiguous } else { Certainty::Proved };
                let draft = Draft { class, score: 1000, certainty, action: Action::Keep, layer, evidence: evidence() };
                let finding = self.add(reading, draft, None, frame, None);
                self.session.noted.insert((class, layer), finding);
            }
        }
        self.session.cause = cause;
    }
}
