//! Ends and tool calls that come twice, late, or not at all.

use crate::core::{
    class::{Class, Layer, Level},
    detect::ending::Again,
    judgement::{Judgement, findings::Draft},
    reading::{Channel, DeltaId, FrameId, FrameKind, Note, Reading},
};

impl Judgement {
    /// What a frame of kind `kind`, in which the choices `finished` (ascending) finish, means for the ends that are waited for.
    pub(super) fn pass_ends(&mut self, reading: &Reading, frame: FrameId, kind: FrameKind, finished: &[u16]) {
        if self.session.terminated || !self.session.finished.is_empty() {
            self.look_for_late_text(reading, frame, finished);
        }
        if !finished.is_empty() {
            self.session.finished.extend(finished);
        }
        self.follow_ends(reading, frame, kind);
    }

    /// A choice finished, perhaps not for the first time.
    pub(super) fn note_finish(&mut self, reading: &Reading, frame: FrameId, choice: u16, reason: &str) {
        match self.session.ends.finish(choice, reason) {
            Some(Again::Finish { before }) => self.note_end(reading, frame, || {
                format!("frame {}: choice {choice} finishes again, now as {reason:?}, after {before:?}", frame.0)
            }),
            // Some gateways finish one call after the other, each in the frame that brings it.
            Some(_) if brings_call(reading, frame) => {}
            Some(_) => self.note_once(reading, Class::ToolCallDup, Layer::Server, Some(frame), || {
                format!("frame {}: the tool calls of choice {choice} are finished again; they are to run once", frame.0)
            }),
            None => {}
        }
    }

    /// A tool call was announced, perhaps not for the first time.
    pub(super) fn note_call(&mut self, reading: &Reading, frame: FrameId, place: (u16, u16), id: &str, name: &str) {
        match self.session.ends.call(place, id, name) {
            Some(Again::Id { first }) => self.note_once(reading, Class::ToolCallDup, Layer::Server, Some(frame), || {
                format!("frame {}: calls {} and {} have one id, {id:?}: they may be one call", frame.0, first.1, place.1)
            }),
            Some(_) => self.note_once(reading, Class::ToolCallDup, Layer::Server, Some(frame), || {
                format!("frame {} announces {} again; its id and name are to be taken once", frame.0, self_name(name, place))
            }),
            None => {}
        }
    }

    /// A block was stopped.
    pub(super) fn note_stop(&mut self, reading: &Reading, frame: FrameId, block: u16) {
        if self.session.ends.stop(block) {
            self.note_end(reading, frame, || format!("frame {} stops block {block}, which had been stopped", frame.0));
        }
    }

    /// The terminator came, perhaps not for the first time. Some gateways add their own to the provider's, so only the same one
    /// counts.
    pub(super) fn note_terminator(&mut self, reading: &Reading, frame: FrameId) {
        match self.session.terminator {
            Some(first) if reading.frame_bytes(first).trim_ascii() == reading.frame_bytes(frame).trim_ascii() => {
                self.note_end(reading, frame, || format!("frame {} is the terminator again, after frame {}", frame.0, first.0));
            }
            Some(_) => {}
            None => self.session.terminator = Some(frame),
        }
    }

    fn note_end(&mut self, reading: &Reading, frame: FrameId, evidence: impl FnOnce() -> String) {
        self.note_once(reading, Class::TerminalAnomaly, Layer::Server, Some(frame), evidence);
        if let Some(finding) = self.session.noted.get(&(Class::TerminalAnomaly, Layer::Server)) {
            let finding = &mut self.findings[finding.0 as usize];
            (finding.level, finding.lost) = (Level::Note, false);
            finding.hint = "take the first end; act on it once";
        }
    }

    /// Text after its choice finished, or after the terminator, is kept and said once. Exempt is what a frame
    /// brings that itself finishes the choice (`finishing`, ascending), as some servers do in every frame, and tool calls, which
    /// some gateways finish one by one.
    fn look_for_late_text(&mut self, reading: &Reading, id: FrameId, finishing: &[u16]) {
        if self.session.late {
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
        let evidence = format!("frame {} brings text after {end} had ended; it is kept", id.0);
        self.session.late = true;
        let draft = Draft::flag(Class::TerminalAnomaly, Layer::Server, evidence);
        let finding = self.add(reading, draft, None, Some(id), Some(delta));
        let finding = &mut self.findings[finding.0 as usize];
        finding.lost = false;
        finding.hint = "read on until the connection ends: a client that stops at the finish loses this text";
    }

    /// Choices that never finished, though another one did. Where the terminator came, that is their end too.
    pub(super) fn look_for_unfinished(&mut self, reading: &Reading, last: Option<FrameId>) {
        let unfinished = self.session.ends.unfinished();
        let Some(first) = unfinished.first() else { return };
        let others = match unfinished.len() {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let evidence = format!("choice {first}{others} has no finish, though another choice has one");
        let draft = Draft::flag(Class::TerminalAnomaly, Layer::Server, evidence);
        let cause = self.session.cause.take();
        let finding = self.add(reading, draft, None, last, None);
        self.session.cause = cause;
        if self.session.terminated {
            let finding = &mut self.findings[finding.0 as usize];
            (finding.level, finding.lost) = (Level::Note, false);
        }
    }

    /// What to add to the sentence about an early end: tool calls that are cut must not run.
    pub(super) fn cut_calls(&self) -> String {
        let calls: Vec<String> = self
            .channels
            .iter()
            .filter(|(key, channel)| key.channel == Channel::ToolArguments && !channel.content.json.is_closed())
            .map(|(key, _)| self.session.ends.name_of((key.choice, key.block)))
            .take(4)
            .collect();
        match calls.len() {
            0 => String::new(),
            _ => format!("; the arguments of {} are not whole: it must not run", calls.join(", ")),
        }
    }

    /// A complete stream whose tool arguments are not: they were cut by a length limit, or are no JSON.
    pub(super) fn look_for_open_calls(&mut self, reading: &Reading) {
        let open = |channel: &super::ChannelState| channel.content.json.is_open();
        let calls = self.channels.iter().filter(|(key, channel)| key.channel == Channel::ToolArguments && open(channel));
        let Some((key, delta)) = calls.map(|(key, channel)| (*key, channel.last)).next() else { return };
        let evidence = format!(
            "the stream is complete, but the arguments of {} are not: it must not run",
            self.session.ends.name_of((key.choice, key.block))
        );
        let draft = Draft::flag(Class::TerminalAnomaly, Layer::Model, evidence);
        let cause = self.session.cause.take();
        let frame = delta.map(|delta| reading.delta(delta).frame);
        let finding = self.add(reading, draft, Some(key), frame, delta);
        self.session.cause = cause;
        let finding = &mut self.findings[finding.0 as usize];
        (finding.level, finding.lost) = (Level::Note, false);
        finding.hint = "look at the finish reason: a length limit cuts arguments; ask again with more room";
    }

    /// The stream ended while its frames still come, or not: keeps what the next turn or attempt must not see.
    pub(super) fn forget_ends(&mut self) {
        self.session.ends = crate::core::detect::ending::Ends::default();
        self.session.terminator = None;
    }

    /// What kind of frame it is, to the ends.
    fn follow_ends(&mut self, reading: &Reading, id: FrameId, kind: FrameKind) {
        if kind == FrameKind::Terminator {
            self.note_terminator(reading, id);
            self.session.terminated = true;
        }
        for delta in reading.deltas_of(id).map(DeltaId) {
            let row = reading.delta(delta);
            if !row.snapshot {
                self.session.ends.speaks(row.key.choice);
            }
        }
    }
}

fn brings_call(reading: &Reading, frame: FrameId) -> bool {
    reading.notes_of(frame).iter().any(|(_, note)| matches!(note, Note::Tool { .. }))
}

fn self_name(name: &str, (_, block): (u16, u16)) -> String {
    if name.is_empty() { format!("tool call {block}") } else { format!("tool call {block} ({name})") }
}
