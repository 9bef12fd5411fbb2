//! stall, keepalive_masked and proxy_burst: the text is fine, its arrival is not.
//!
//! Two clocks: bytes and meaningful events. Keep-alives move only the first, so they cannot hide a stall. A stall is a
//! deadline after the last progress, computed and not observed. A burst is a run of frames within two milliseconds of each other; bursts in
//! a row with silence between them and nothing else point to a buffer on the way.

use crate::core::{
    params::{Param, Params},
    time::Micros,
};

/// Frames closer than this belong to one burst.
pub const TOGETHER: Micros = Micros(2_000);

/// The clock of meaningful events.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// When something meaningful happened last, `None` before the first attempt and after the end.
    since: Option<Micros>,
    /// True once some text came in this attempt.
    begun: bool,
    /// Keep-alives since then.
    pub keepalives: u32,
    /// The finding that the present gap already made.
    pub open: Option<u32>,
}

impl Progress {
    /// An attempt begins.
    pub fn begin(&mut self, at: Micros) {
        *self = Progress { since: Some(at), ..Progress::default() };
    }

    /// Something meaningful arrived; returns the gap before it.
    pub fn step(&mut self, at: Micros, text: bool) -> Option<Micros> {
        let gap = self.since.map(|since| at.since(since));
        *self = Progress { since: Some(at), begun: self.begun || text, keepalives: 0, open: None };
        gap
    }

    /// This program will not read for `us` from now on: that part of the gap is not the provider's.
    pub fn shift(&mut self, us: Micros) {
        self.since = self.since.map(|since| since + us);
    }

    /// The attempt ended.
    pub fn end(&mut self) {
        self.since = None;
    }

    /// Longest gap allowed now.
    pub fn limit(&self, params: &Params) -> Micros {
        Micros::from_millis(params.get(if self.begun { Param::StallGap } else { Param::StallFirst }))
    }

    /// When the present gap becomes a stall, unless it already is one.
    pub fn deadline(&self, params: &Params) -> Option<Micros> {
        match self.open {
            None => self.since.map(|since| since + self.limit(params)),
            Some(_) => None,
        }
    }

    /// When the present gap began.
    pub fn since(&self) -> Option<Micros> {
        self.since
    }

    /// True once text has begun in this attempt.
    pub fn begun(&self) -> bool {
        self.begun
    }
}

/// What a burst detector knows after a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bursts {
    /// Bursts in a row that silence parts.
    pub count: u32,
    /// Frames in them.
    pub frames: u32,
    /// Time from the first burst's begin to the last one's begin.
    pub span: Micros,
    /// Index of the first frame of the first burst.
    pub first_frame: u32,
}

/// Groups frames by their arrival.
#[derive(Debug, Clone, Default)]
pub struct Burst {
    last: Option<Micros>,
    group: Group,
    /// The first group of the run, and the run so far.
    run: Option<(Micros, Bursts)>,
}

/// Frames that arrived together.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    frames: u32,
    begin: Micros,
    first_frame: u32,
}

impl Burst {
    /// A frame with text arrived; returns the bursts in a row that are complete, if this frame completed one.
    pub fn step(&mut self, frame: u32, at: Micros, params: &Params) -> Option<Bursts> {
        let gap = self.last.replace(at).map(|last| at.since(last));
        if gap.is_some_and(|gap| gap <= TOGETHER) {
            self.group.frames += 1;
            return None;
        }
        let isolated = gap.is_some_and(|gap| gap >= Micros::from_millis(params.get(Param::BurstGap)));
        let complete = if isolated { self.close(params) } else { None };
        if complete.is_none() {
            self.run = None;
        }
        self.group = Group { frames: 1, begin: at, first_frame: frame };
        complete
    }

    /// This program did not read for a while: what comes now waited here, and not on the way.
    pub fn interrupt(&mut self) {
        *self = Burst::default();
    }

    /// The attempt ended: its last group counts as it stands.
    pub fn finish(&mut self, params: &Params) -> Option<Bursts> {
        let complete = self.close(params);
        *self = Burst::default();
        complete
    }

    fn close(&mut self, params: &Params) -> Option<Bursts> {
        if u64::from(self.group.frames) < params.get(Param::BurstFrames) {
            return None;
        }
        let Group { frames, begin, first_frame } = self.group;
        let (start, run) = self.run.get_or_insert((begin, Bursts { count: 0, frames: 0, span: Micros::ZERO, first_frame }));
        run.count += 1;
        run.frames += frames;
        run.span = begin.since(*start);
        Some(*run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_count_only_with_silence_and_nothing_else_between_them() {
        let params = Params::default();
        let run = |groups: &[(u32, u64)]| {
            let mut burst = Burst::default();
            let (mut at, mut frame, mut best) = (0, 0, 0);
            for (frames, silence_ms) in groups {
                for _ in 0..*frames {
                    best = best.max(burst.step(frame, Micros(at), &params).map_or(0, |bursts| bursts.count));
                    at += 100;
                    frame += 1;
                }
                at += silence_ms * 1_000;
            }
            best.max(burst.finish(&params).map_or(0, |bursts| bursts.count))
        };
        assert_eq!(run(&[(10, 500), (10, 500), (10, 500), (10, 0)]), 4);
        assert_eq!(run(&[(10, 500), (1, 30), (10, 500), (10, 0)]), 2);
        assert_eq!(run(&[(1, 30); 40]), 0);
    }
}
