//! One frame: damage, ends, clocks, and its deltas.

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::{Detector, identity::Identified, timing::Bursts},
    judgement::{Judgement, findings::Draft},
    params::{Param, Strategy},
    reading::{Channel, ChunkId, DeltaId, FrameId, FrameKind, Note, Reading},
    time::Micros,
};

impl Judgement {
    /// Judges one read, before its frames.
    pub(super) fn judge_chunk(&mut self, reading: &Reading, chunk: ChunkId) {
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
        let notes = &reading.notes()[self.walk.note..];
        let notes = &notes[..notes.iter().take_while(|(frame, _)| *frame <= id).count()];
        self.walk.note += notes.len();
        for (_, note) in notes {
            match note {
                Note::Finish { choice, .. } => finished.push(*choice),
                Note::NewTurn => self.new_turn(reading),
                Note::CompletionId(_) => self.session.late |= !self.session.finished.is_empty(),
                note => damaged |= self.judge_damage(reading, id, note),
            }
        }
        finished.sort_unstable();
        finished.dedup();
        self.look_for_late_text(reading, id, &finished);
        self.session.finished.extend(&finished);
        self.session.terminated |= frame.kind == FrameKind::Terminator;
        if frame.kind == FrameKind::Unknown {
            self.note_once(reading, Class::UnknownFrame, Layer::Unknown, Some(id), || match reading.dialect_at(id.0 + 1) {
                Some(dialect) => format!("frame {} is of no kind that {} has", id.0, dialect.title),
                None => format!("frame {} fits no dialect that this program reads", id.0),
            });
        }
        self.score(Detector::Damage, if damaged { 1000 } else { 0 });
        self.keep_time(reading, id, frame.kind);
        if self.profile.strategy == Strategy::Evidence {
            let again =
                reading.identity(id).map(|identity| self.session.identities.observe(reading, id, identity, &self.profile.params));
            self.judge_deltas(reading, id, again, &finished);
        } else {
            self.judge_by_strategy(reading, id);
        }
        let otherwise = match frame.kind {
            FrameKind::Delta => "text flows",
            _ => "a frame arrived",
        };
        self.settle(otherwise);
    }

    /// Judges the deltas of a frame in which the choices `finished` (ascending) finish.
    fn judge_deltas(&mut self, reading: &Reading, frame: FrameId, identified: Option<Identified>, finished: &[u16]) {
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
            if !row.snapshot {
                self.judge_delta(reading, frame, delta, finished.binary_search(&row.key.choice).is_ok());
            }
        }
    }

    /// A new message begins in the same stream, and with it another end to wait for.
    fn new_turn(&mut self, reading: &Reading) {
        for key in self.channels.holding() {
            self.give_up(reading, key, "a new turn began");
        }
        self.channels.new_turn();
        self.session.finished.clear();
        self.session.terminated = false;
        self.session.late = false;
    }

    /// Text after its choice finished, or after the terminator, is kept and said once. Exempt is what a frame
    /// brings that itself finishes the choice (`finishing`, ascending), as some servers do in every frame, and tool calls, which
    /// some gateways finish one by one.
    fn look_for_late_text(&mut self, reading: &Reading, id: FrameId, finishing: &[u16]) {
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
            Note::Finish { .. } | Note::Usage(_) | Note::Tool { .. } | Note::CompletionId(_) | Note::Model(_) | Note::NewTurn => {
                return false;
            }
        };
        let first_delta = reading.deltas_of(frame).next().map(DeltaId);
        self.add(reading, Draft::flag(class, layer, evidence), None, Some(frame), first_delta);
        true
    }

    /// A note that is made once a session and counted after that.
    fn note_once(
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

    fn keep_time(&mut self, reading: &Reading, id: FrameId, kind: FrameKind) {
        let at = self.walk.at;
        match kind {
            FrameKind::KeepAlive | FrameKind::Unknown => {
                self.session.progress.keepalives += 1;
                if let Some(open) = self.session.progress.open {
                    self.count_keepalives(open);
                }
            }
            FrameKind::Delta | FrameKind::Control | FrameKind::Terminator | FrameKind::Error | FrameKind::Malformed => {
                self.end_gap(at);
                let limit = self.session.progress.limit(&self.profile.params);
                let gap = self.session.progress.step(at, kind == FrameKind::Delta);
                if kind == FrameKind::Terminator {
                    // Nothing more is owed, however long the connection stays open.
                    self.session.progress.end();
                }
                if reading.clocked() {
                    let score = gap.map_or(0, |gap| gap.0.saturating_mul(1000) / limit.0.max(1)).min(1000);
                    self.score(Detector::Stall, score as u16);
                }
            }
        }
        if kind == FrameKind::Delta && reading.clocked() {
            let bursts = self.session.burst.step(id.0, at, &self.profile.params);
            self.judge_bursts(reading, bursts, id);
        }
    }

    /// Closes the finding that the gap before `at` made, with its final length.
    pub(super) fn end_gap(&mut self, at: Micros) {
        let progress = &self.session.progress;
        if let (Some(open), Some(since)) = (progress.open, progress.since()) {
            let gap = at.since(since);
            let finding = &mut self.findings[open as usize];
            finding.span = Some(gap);
            finding.evidence = gap_sentence(gap, progress.keepalives, progress.begun());
        }
    }

    /// Tells a masked stall from a silent one by the keep-alives so far, in the finding that the gap made.
    fn count_keepalives(&mut self, open: u32) {
        let keepalives = self.session.progress.keepalives;
        if u64::from(keepalives) >= self.profile.params.get(Param::KeepaliveCount) {
            let finding = &mut self.findings[open as usize];
            finding.class = Class::KeepaliveMasked;
            finding.count = keepalives;
        }
    }

    /// The stall deadline fired at `at`.
    pub(super) fn stalled(&mut self, reading: &Reading, at: Micros) {
        let progress = &self.session.progress;
        let Some(since) = progress.since() else { return };
        let (keepalives, begun) = (progress.keepalives, progress.begun());
        let masked = u64::from(keepalives) >= self.profile.params.get(Param::KeepaliveCount);
        let class = if masked { Class::KeepaliveMasked } else { Class::Stall };
        let frame = self.walk.frame.checked_sub(1).map(FrameId);
        let last_delta = frame.and_then(|frame| reading.frame(frame).deltas_end.checked_sub(1)).map(DeltaId);
        let evidence = gap_sentence(at.since(since), keepalives, begun);
        let finding = self.add(reading, Draft::flag(class, Layer::Server, evidence), None, frame, last_delta);
        self.findings[finding.0 as usize].span = Some(at.since(since));
        self.session.progress.open = Some(finding.0);
        self.count_keepalives(finding.0);
        self.score(Detector::Stall, 1000);
    }

    /// Scores bursts in a row, and reports them when they are enough.
    pub(super) fn judge_bursts(&mut self, reading: &Reading, bursts: Option<Bursts>, frame: FrameId) {
        let Some(bursts) = bursts else { return };
        let needed = self.profile.params.get(Param::BurstCount);
        self.score(Detector::Burst, (u64::from(bursts.count) * 1000 / needed.max(1)).min(1000) as u16);
        if u64::from(bursts.count) < needed {
            self.session.burst_open = None;
            return;
        }
        let period = bursts.span.millis() / u64::from(bursts.count - 1).max(1);
        let evidence = format!(
            "{} bursts of about {} frames, one every {period} ms, and nothing between them",
            bursts.count,
            bursts.frames / bursts.count
        );
        let open = self.session.burst_open.filter(|open| self.finding(*open).first_frame == Some(bursts.first_frame));
        let id = open.unwrap_or_else(|| {
            let first = FrameId(bursts.first_frame.min(frame.0));
            let delta = reading.deltas_of(first).next().map(DeltaId);
            self.add(reading, Draft::flag(Class::ProxyBurst, Layer::Proxy, evidence.clone()), None, Some(first), delta)
        });
        self.session.burst_open = Some(id);
        let finding = &mut self.findings[id.0 as usize];
        finding.evidence = evidence;
        finding.count = bursts.count;
        finding.span = Some(bursts.span);
    }
}

fn gap_sentence(gap: Micros, keepalives: u32, begun: bool) -> String {
    let what = if begun { "no text" } else { "nothing to show yet" };
    match keepalives {
        0 => format!("{what} for {} ms, and no keep-alive", gap.millis()),
        1 => format!("{what} for {} ms, while 1 keep-alive came", gap.millis()),
        count => format!("{what} for {} ms, while {count} keep-alives came", gap.millis()),
    }
}
