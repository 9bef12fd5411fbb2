//! When frames arrive: stalls, keep-alives that hide them, and bursts.

use crate::core::{
    class::{Class, Layer},
    detect::{Detector, timing::Bursts},
    judgement::{Judgement, findings::Draft},
    params::Param,
    reading::{DeltaId, FrameId, FrameKind, Reading},
    time::Micros,
};

impl Judgement {
    pub(super) fn keep_time(&mut self, reading: &Reading, id: FrameId, kind: FrameKind) {
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
