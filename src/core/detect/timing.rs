//! stall and keepalive_masked: nothing meaningful arrives for a long time.
//!
//! Two clocks: bytes and meaningful events. Keep-alives move only the first, so they cannot hide a stall. How long is too long
//! depends on what is waited for, and in mid stream on the stream's own pace as well: a slow one is not stalled. A stall is a
//! deadline after the last progress, fixed when the gap begins: computed and not observed.

use crate::core::{
    detect::pace::Pace,
    params::{Param, Params},
    reading::Channel,
    time::Micros,
};

/// Frames closer than this arrived together.
pub const TOGETHER: Micros = Micros(2_000);

/// What is being waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// The response head.
    Headers,
    /// The first text of any channel.
    #[default]
    First,
    /// More of the visible text.
    Text,
    /// More of the reasoning, or what follows it.
    Reasoning,
    /// More of a tool call's arguments, or what follows them.
    Tool,
    /// The end of a stream that has finished.
    End,
}

impl Phase {
    /// The phase that a delta of `channel` leaves behind.
    pub fn after(channel: Channel) -> Phase {
        match channel {
            Channel::Text | Channel::Refusal => Phase::Text,
            Channel::Reasoning => Phase::Reasoning,
            Channel::ToolArguments => Phase::Tool,
        }
    }

    /// Where in the stream it is, as the end of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Phase::Headers => "before the headers",
            Phase::First => "before the first text",
            Phase::Text => "in the text",
            Phase::Reasoning => "in the reasoning",
            Phase::Tool => "in tool arguments",
            Phase::End => "between the finish and the end",
        }
    }

    /// The parameter that limits it.
    #[inline]
    pub fn limit(self) -> Param {
        match self {
            Phase::Headers => Param::StallHeaders,
            Phase::First => Param::StallFirst,
            Phase::Text | Phase::End => Param::StallGap,
            Phase::Reasoning => Param::StallReasoning,
            Phase::Tool => Param::StallTool,
        }
    }
}

/// The clock of meaningful events.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// When something meaningful happened last, `None` before the first attempt and after the end.
    since: Option<Micros>,
    /// When the gap that began then becomes a stall.
    limit: Micros,
    /// The median gap by then, if there was one.
    median: Option<Micros>,
    phase: Phase,
    pace: Pace,
    /// When the attempt began, and how long its first text took.
    began: Micros,
    first: Option<Micros>,
    /// The last two times at which bytes came.
    heard: [Option<Micros>; 2],
    /// Keep-alives since then.
    pub keepalives: u32,
    /// The finding that the present gap already made.
    pub open: Option<u32>,
    /// The gap is too long even for one in which keep-alives come.
    pub overlong: bool,
}

impl Progress {
    /// An attempt begins with `phase`.
    pub fn begin(&mut self, at: Micros, phase: Phase, params: &Params) {
        *self = Progress { since: Some(at), phase, began: at, ..Progress::default() };
        self.limit = self.limit_of(phase, params);
    }

    /// The response head came.
    pub fn head(&mut self, at: Micros, params: &Params) {
        if self.phase == Phase::Headers {
            self.restart(at, Phase::First, true, params);
        }
    }

    /// Bytes came, whatever they say.
    #[inline]
    pub fn hear(&mut self, at: Micros) {
        if self.heard[0] != Some(at) {
            self.heard = [Some(at), self.heard[0]];
        }
    }

    /// Something meaningful arrived, and with it, perhaps, another phase; returns the gap before it.
    #[inline]
    pub fn step(&mut self, at: Micros, phase: Option<Phase>, params: &Params) -> Option<Micros> {
        let gap = self.since.map(|since| at.since(since));
        let begun = !matches!(self.phase, Phase::Headers | Phase::First);
        let moved = gap.is_some_and(|gap| begun && gap > TOGETHER && self.pace.add(gap));
        let phase = phase.unwrap_or(if self.phase == Phase::Headers { Phase::First } else { self.phase });
        if !begun && !matches!(phase, Phase::First | Phase::End) {
            self.first.get_or_insert(at.since(self.began));
        }
        self.restart(at, phase, moved, params);
        gap
    }

    /// A gap begins; `moved` if the median is another one than when the gap before began.
    #[inline]
    fn restart(&mut self, at: Micros, phase: Phase, moved: bool, params: &Params) {
        self.since = Some(at);
        (self.keepalives, self.open, self.overlong) = (0, None, false);
        if moved || phase != self.phase {
            self.phase = phase;
            self.limit = self.limit_of(phase, params);
        }
    }

    /// A stream that has no pace of its own yet is given the time that a first text is.
    fn limit_of(&mut self, phase: Phase, params: &Params) -> Micros {
        let limit = Micros::from_millis(params.get(phase.limit()));
        self.median = self.pace.median();
        match (phase, self.median) {
            (Phase::Headers | Phase::First, _) => limit,
            (_, Some(median)) => limit.max(Micros(median.0.saturating_mul(params.get(Param::StallTimes)))),
            (_, None) => limit.max(Micros::from_millis(params.get(Param::StallFirst))),
        }
    }

    /// This program will not read for `us` from now on: that part of the gap is not the provider's.
    pub fn shift(&mut self, us: Micros) {
        self.since = self.since.map(|since| since + us);
        if self.first.is_none() {
            self.began = self.began + us;
        }
    }

    /// The attempt ended, or nothing more is owed.
    pub fn end(&mut self) {
        self.since = None;
    }

    /// How long the present gap may last.
    pub fn limit(&self) -> Micros {
        self.limit
    }

    /// When the present gap becomes a stall; and once it is one, when not even keep-alives excuse it.
    #[inline]
    pub fn deadline(&self, params: &Params) -> Option<Micros> {
        let since = self.since?;
        match self.open {
            None => Some(since + self.limit),
            Some(_) if !self.overlong => Some(since + self.excused(params)),
            Some(_) => None,
        }
    }

    /// How long keep-alives excuse the present gap.
    pub fn excused(&self, params: &Params) -> Micros {
        self.limit.max(Micros::from_millis(params.get(Param::KeepaliveGap)))
    }

    /// When the present gap began.
    #[inline]
    pub fn since(&self) -> Option<Micros> {
        self.since
    }

    /// What is waited for.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The median gap when the present gap began.
    pub fn median(&self) -> Option<Micros> {
        self.median
    }

    /// Time from the attempt's begin to its first text.
    #[inline]
    pub fn first(&self) -> Option<Micros> {
        self.first
    }

    /// When bytes came last, inside the present gap and before `now`.
    pub fn heard(&self, now: Micros) -> Option<Micros> {
        self.heard.into_iter().flatten().find(|at| *at < now).filter(|at| self.since.is_some_and(|since| *at > since))
    }

    /// One sentence about the present gap, `now`.
    pub fn sentence(&self, now: Micros) -> String {
        let gap = now.since(self.since.unwrap_or(now));
        let what = if matches!(self.phase, Phase::Text | Phase::End) { "no text" } else { "nothing to show" };
        let pace = match self.median {
            _ if matches!(self.phase, Phase::Headers | Phase::First) => String::new(),
            Some(median) => format!(", the stream's median gap about {} ms", median.millis()),
            None => ", and the stream has no pace of its own yet".into(),
        };
        let bytes = match (self.keepalives, self.heard(now)) {
            (0, Some(at)) => format!("bytes came, the last {} ms before", now.since(at).millis()),
            (0, None) => "no keep-alive and no byte came".into(),
            (1, _) => "1 keep-alive came".into(),
            (count, _) => format!("{count} keep-alives came"),
        };
        format!("{what} for {} ms {}: the limit is {} ms{pace}; {bytes}", gap.millis(), self.phase.words(), self.limit.millis())
    }
}
