//! When frames arrive: stalls, keep-alives that hide them, and bursts.

use crate::core::{
    class::{Class, Layer, Level},
    detect::{
        Detector,
        burst::Bursts,
        timing::{Phase, TOGETHER},
    },
    judgement::{FindingId, Judgement, findings::Draft},
    params::Param,
    reading::{Channel, DeltaId, Frame, FrameId, FrameKind, Note, Reading},
    time::Micros,
};

/// A call's whole arguments in one delta, after so long a silence, were written meanwhile and kept back.
const KEPT_BACK: Micros = Micros::from_millis(5_000);
/// Shorter arguments are written in no time.
const WRITTEN: usize = 24;

/// A stall that is over, and what arrived together with its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct CatchUp {
    finding: u32,
    at: Micros,
    frames: u32,
    /// So many frames at once were sent during the stall.
    needed: u32,
}

impl Judgement {
    pub(super) fn keep_time(&mut self, reading: &Reading, id: FrameId, frame: &Frame, notes: &[(FrameId, Note)]) {
        let (at, kind) = (self.walk.at, frame.kind);
        match kind {
            FrameKind::KeepAlive | FrameKind::Unknown => {
                self.session.progress.keepalives += 1;
                if let Some(open) = self.session.progress.open {
                    self.count_keepalives(open);
                }
            }
            FrameKind::Delta | FrameKind::Control | FrameKind::Terminator | FrameKind::Error | FrameKind::Malformed => {
                self.end_gap(at, true);
                let begun = self.session.progress.first().is_some();
                let limit = self.session.progress.limit();
                let phase = phase_after(reading, frame, notes);
                let gap = self.session.progress.step(at, phase, &self.profile.params);
                if kind == FrameKind::Terminator {
                    // Nothing more is owed, however long the connection stays open.
                    self.session.progress.end();
                }
                if reading.clocked() {
                    self.score_ratio(Detector::Stall, gap.map_or(0, |gap| gap.0), limit.0);
                    if let Some(gap) = gap.filter(|gap| begun && *gap >= KEPT_BACK) {
                        self.look_for_kept_arguments(reading, id, gap);
                    }
                }
            }
        }
        if kind == FrameKind::Delta && reading.clocked() {
            self.catch_up_after_stall(at);
            if let Some(bursts) = self.session.burst.step(id.0, frame.start..frame.end, at, &self.profile.params) {
                self.judge_bursts(reading, bursts, id);
            }
        }
    }

    /// Closes the finding that the gap before `at` made, with its final length. `resumed` if something came, and not the end.
    #[inline]
    pub(super) fn end_gap(&mut self, at: Micros, resumed: bool) {
        if let (Some(open), Some(since)) = (self.session.progress.open, self.session.progress.since()) {
            self.close_gap(at, resumed, open, since);
        }
    }

    /// The gap that made the finding `open`, and began at `since`, is over.
    fn close_gap(&mut self, at: Micros, resumed: bool, open: u32, since: Micros) {
        let progress = &self.session.progress;
        let gap = at.since(since);
        let finding = &mut self.findings[open as usize];
        finding.span = Some(gap);
        finding.evidence = progress.sentence(at);
        if !resumed || finding.layer != Layer::Unknown {
            return;
        }
        // It goes on where it stopped, so it was the server that stopped; unless all of it comes at once now.
        finding.layer = Layer::Server;
        if let Some(median) = progress.median() {
            let needed = (gap.0 / median.0.max(1) / 4).clamp(4, u64::from(u32::MAX)) as u32;
            self.session.catch_up = Some(CatchUp { finding: open, at, frames: 0, needed });
        }
    }

    /// What was sent during a stall arrives at its end, at once, if the way was blocked and the server was not.
    fn catch_up_after_stall(&mut self, at: Micros) {
        let Some(mut after) = self.session.catch_up.take().filter(|after| at.since(after.at) <= TOGETHER) else { return };
        after.frames += 1;
        if after.frames < after.needed {
            self.session.catch_up = Some(after);
            return;
        }
        let finding = &mut self.findings[after.finding as usize];
        finding.layer = Layer::Transport;
        finding.evidence.push_str(&format!("; then {} frames at once, which were sent meanwhile", after.frames));
        finding.hint = "look at the connection: the server went on sending";
    }

    /// Tells a masked stall from a silent one by the keep-alives so far, in the finding that the gap made.
    fn count_keepalives(&mut self, open: u32) {
        let keepalives = self.session.progress.keepalives;
        if u64::from(keepalives) >= self.profile.params.get(Param::KeepaliveCount) {
            let finding = &mut self.findings[open as usize];
            finding.class = Class::KeepaliveMasked;
            finding.hint = Class::KeepaliveMasked.info().hint;
            finding.count = keepalives;
            finding.layer = Layer::Server;
            // Whoever sends keep-alives is alive: for a while that is thinking.
            finding.level = if self.session.progress.overlong { Level::Warning } else { Level::Note };
        }
    }

    /// The stall deadline fired at `at`: for the first time in this gap, or because keep-alives no longer excuse it.
    pub(super) fn stalled(&mut self, reading: &Reading, at: Micros) {
        let progress = &mut self.session.progress;
        let Some(since) = progress.since() else { return };
        progress.overlong = at >= since + progress.excused(&self.profile.params);
        if let Some(open) = progress.open {
            self.findings[open as usize].level = Level::Warning;
            return;
        }
        let evidence = progress.sentence(at);
        let frame = self.walk.frame.checked_sub(1).map(FrameId);
        let last_delta = frame.and_then(|frame| reading.frame(frame).deltas_end.checked_sub(1)).map(DeltaId);
        // While the silence lasts, nothing tells a server that is quiet from a connection that is dead.
        let finding = self.add(reading, Draft::flag(Class::Stall, Layer::Unknown, evidence), None, frame, last_delta);
        self.findings[finding.0 as usize].span = Some(at.since(since));
        self.session.progress.open = Some(finding.0);
        self.count_keepalives(finding.0);
        self.score(Detector::Stall, 1000);
    }

    /// A parser that releases tool arguments at their end makes a burst of one frame: a long silence, then all of them.
    fn look_for_kept_arguments(&mut self, reading: &Reading, id: FrameId, gap: Micros) {
        let whole = |delta: &DeltaId| {
            let row = reading.delta(*delta);
            let first = self.channels.get(row.key).is_none_or(|channel| channel.count == 0);
            let whole = || serde_json::from_str::<serde::de::IgnoredAny>(row.text).is_ok();
            !row.snapshot && row.key.channel == Channel::ToolArguments && first && row.text.len() >= WRITTEN && whole()
        };
        let Some(delta) = reading.deltas_of(id).map(DeltaId).find(whole) else { return };
        let row = reading.delta(delta);
        let evidence = format!(
            "nothing for {} ms, then all {} bytes of a tool call's arguments in one delta: the parser releases them at their end",
            gap.millis(),
            row.text.len()
        );
        let draft = Draft::flag(Class::ProxyBurst, Layer::Server, evidence);
        let finding = self.add(reading, draft, Some(row.key), Some(id), Some(delta));
        let finding = &mut self.findings[finding.0 as usize];
        finding.span = Some(gap);
        finding.hint = "use a server or parser that streams tool arguments, or show that a call is being written";
        if gap < Micros::from_millis(self.profile.params.get(Param::StallTool)) {
            finding.level = Level::Note;
        }
    }

    /// Scores bursts in a row, and reports them when they are enough.
    pub(super) fn judge_bursts(&mut self, reading: &Reading, bursts: Bursts, frame: FrameId) {
        let needed = self.profile.params.get(Param::BurstCount);
        self.score(Detector::Burst, (u64::from(bursts.count) * 1000 / needed.max(1)).min(1000) as u16);
        if u64::from(bursts.count) < needed {
            self.session.burst_open = None;
            return;
        }
        let first = self.session.progress.first();
        let cause = bursts.cause(self.session.encoding.as_deref(), first);
        let after = first.map_or(String::new(), |first| format!(", the first text after {} ms", first.millis()));
        let evidence = format!(
            "{} bursts of about {} frames ({} bytes), one every {} ms, and nothing between them{after}: {}",
            bursts.count,
            bursts.frames / bursts.count,
            bursts.size(),
            bursts.period().millis(),
            cause.words
        );
        let open = self.session.burst_open.filter(|open| self.finding(*open).first_frame == Some(bursts.first_frame));
        let id = open.unwrap_or_else(|| {
            let first = FrameId(bursts.first_frame.min(frame.0));
            let delta = reading.deltas_of(first).next().map(DeltaId);
            self.add(reading, Draft::flag(Class::ProxyBurst, cause.layer, evidence.clone()), None, Some(first), delta)
        });
        self.session.burst_open = Some(id);
        self.tell_bursts(id, bursts, evidence, cause.layer, cause.hint);
    }

    fn tell_bursts(&mut self, id: FindingId, bursts: Bursts, evidence: String, layer: Layer, hint: &'static str) {
        let finding = &mut self.findings[id.0 as usize];
        (finding.evidence, finding.layer, finding.hint) = (evidence, layer, hint);
        finding.count = bursts.count;
        finding.span = Some(bursts.span);
    }
}

/// What is waited for after a frame, if it changes that.
#[inline]
fn phase_after(reading: &Reading, frame: &Frame, notes: &[(FrameId, Note)]) -> Option<Phase> {
    let mut phase = frame
        .deltas_end
        .checked_sub(1)
        .filter(|last| *last >= frame.first_delta)
        .map(|last| Phase::after(reading.delta(DeltaId(last)).key.channel));
    for (_, note) in notes {
        match note {
            Note::Finish { .. } => phase = Some(Phase::End),
            Note::Tool { .. } if phase != Some(Phase::End) => phase = Some(Phase::Tool),
            Note::NewTurn => phase = Some(Phase::First),
            _ => {}
        }
    }
    phase
}
