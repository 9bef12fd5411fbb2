//! A Judgement: one profile and one strategy over a Reading. Scores, findings, transitions, output.

mod again;
mod channel;
mod content;
mod damage;
mod delta;
mod ending;
mod doubt;
mod findings;
mod flood;
mod flow;
mod foreign;
mod frame;
mod hold;
mod identity;
mod loops;
mod mark;
mod said;
mod resume;
mod seams;
mod session;
mod silence;
mod snapshot;
mod strategy;
mod timing;

use std::ops::Range;

use serde::Serialize;

pub use self::loops::LoopStop;
use self::{
    channel::{ChannelState, Channels},
    session::SessionState,
};
use crate::core::{
    class::{Action, Certainty, Class, Layer, Level},
    detect::{DETECTORS, Detector, strategies::Runner},
    machine::{Condition, EndReason, State, Transition, evaluate},
    output::{HoldSpan, Output},
    params::{Param, Profile},
    profile::Preset,
    reading::{ChannelKey, ChunkId, DeltaId, FrameId, Reading},
    time::{Micros, Moment},
};

/// Index of a finding in its judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FindingId(pub u32);

/// Evidence over its threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub class: Class,
    /// How much it matters.
    pub level: Level,
    /// Score in thousandths, 0 to 1000.
    pub score: u16,
    /// How sure.
    pub certainty: Certainty,
    /// What was done.
    pub action: Action,
    /// True if the output is as if the fault had not been.
    pub repaired: bool,
    /// Who most probably did it.
    pub layer: Layer,
    /// One sentence about this instance.
    pub evidence: String,
    /// What to do about it, or what would settle who did it.
    pub hint: &'static str,
    /// Part of the answer is missing or unreadable because of it, as far as is known.
    pub lost: bool,
    /// The readings that remain, when ambiguous.
    pub readings: Vec<String>,
    /// Where it belongs, for findings about text.
    pub key: Option<ChannelKey>,
    /// Attempt it happened in.
    pub attempt: u32,
    /// When it was decided.
    pub moment: Moment,
    /// The first delta concerned.
    pub first_delta: Option<DeltaId>,
    /// The first frame concerned.
    pub first_frame: Option<u32>,
    /// Byte range in the body of what it is about first.
    pub bytes: Range<u32>,
    /// Global delta indices concerned, inclusive ranges, ascending.
    pub deltas: Vec<(u32, u32)>,
    /// How many times (deltas, copies, keep-alives, bursts: the evidence says which).
    pub count: u32,
    /// Length of the gap or burst in microseconds, for timing findings.
    pub span: Option<Micros>,
}

/// A detector's score for a delta, kept only where it changed from the point before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScorePoint {
    /// From this many frames read on.
    pub frames: u32,
    /// Score in thousandths.
    pub score: u16,
}

/// One profile and one strategy over a reading.
pub struct Judgement {
    /// What it was made with.
    pub profile: Profile,
    /// Findings, in the order in which they were made.
    pub findings: Vec<Finding>,
    /// Changes of state, in order.
    pub transitions: Vec<Transition>,
    /// Score history of each detector, indexed as [`DETECTORS`].
    pub scores: Vec<Vec<ScorePoint>>,
    /// What came out.
    pub output: Output,
    /// Where the profile asks for the stream to be ended, if it does. Whoever sends the request ends it; a replay only shows it.
    pub stop: Option<LoopStop>,
    /// Why the session ended, once it has.
    pub ended: Option<EndReason>,
    walk: Walk,
    state: State,
    condition: Condition,
    channels: Channels,
    session: SessionState,
    runner: Option<Runner>,
    /// The channel whose next delta may simply flow, if one does.
    calm: Option<ChannelKey>,
    /// The detectors whose latest score is not zero, as bits.
    lit: u32,
    /// Every frame is judged at length.
    #[cfg(test)]
    wary: bool,
}

/// How far a reading has been judged.
#[derive(Debug, Clone, Copy, Default)]
struct Walk {
    mark: usize,
    chunk: u32,
    frame: u32,
    note: usize,
    at: Micros,
}

impl Judgement {
    /// A judgement of nothing yet.
    pub fn new(profile: Profile) -> Judgement {
        let runner = Runner::new(profile.strategy);
        Judgement {
            profile,
            findings: Vec::new(),
            transitions: Vec::new(),
            scores: vec![Vec::new(); DETECTORS.len()],
            output: Output::default(),
            stop: None,
            ended: None,
            walk: Walk::default(),
            state: State::Initial,
            condition: Condition::default(),
            channels: Channels::default(),
            session: SessionState::default(),
            runner,
            calm: None,
            lit: 0,
            #[cfg(test)]
            wary: false,
        }
    }

    /// Judges all of `reading` that was not judged yet. Before each input every deadline up to its stamp fires, so that a
    /// replay fires the same ones at the same times as the live run did.
    pub fn catch_up(&mut self, reading: &Reading) {
        loop {
            match reading.marks().get(self.walk.mark) {
                Some(mark) if mark.chunks <= self.walk.chunk => {
                    self.advance(reading, mark.at);
                    self.walk.at = mark.at;
                    self.judge_frames(reading, mark.frames);
                    self.judge_mark(reading, mark);
                    self.walk.mark += 1;
                }
                _ if self.walk.chunk < reading.chunk_count() => {
                    let id = ChunkId(self.walk.chunk);
                    let (at, frames) = reading.chunk_stamp(id);
                    self.advance(reading, at);
                    self.walk.at = at;
                    self.judge_chunk(reading, id);
                    self.judge_frames(reading, frames);
                    self.walk.chunk += 1;
                }
                _ => break,
            }
        }
    }

    /// Fires every deadline up to `now`, in order of time; only an early call of what the next input does. Without a clock
    /// nothing fires.
    #[inline]
    pub fn advance(&mut self, reading: &Reading, now: Micros) {
        if reading.clocked() && !self.is_quiet_until(now) {
            self.fire(reading, now);
        }
    }

    /// True if nothing waits for anything, and no stall is due by `now`. So it is before nearly every input.
    #[inline]
    fn is_quiet_until(&self, now: Micros) -> bool {
        let stall = self.session.progress.deadline(&self.profile.params);
        stall.is_none_or(|at| at > now) && self.session.waits_for_nothing() && self.channels.earliest_timed_hold().is_none()
    }

    fn fire(&mut self, reading: &Reading, now: Micros) {
        while let Some((at, deadline)) = self.earliest_deadline().filter(|(at, _)| *at <= now) {
            self.walk.at = self.walk.at.max(at);
            match deadline {
                Deadline::Again => self.again_given_up(reading, "the hold ran out"),
                Deadline::Order => self.order_given_up(reading, "the hold ran out"),
                Deadline::Completion => self.completions_given_up(reading),
                Deadline::Hold(key) if self.flood_ran_out(reading, key) => {}
                Deadline::Hold(key) => self.give_up(reading, key, "the hold ran out"),
                Deadline::Stall => self.stalled(reading, at),
            }
            self.settle("a deadline passed");
        }
    }

    /// The next time at which something would happen without input.
    pub fn next_deadline(&self) -> Option<Micros> {
        self.earliest_deadline().map(|(at, _)| at)
    }

    fn earliest_deadline(&self) -> Option<(Micros, Deadline)> {
        let stall = self.session.progress.deadline(&self.profile.params).map(|at| (at, Deadline::Stall));
        let limit = Micros::from_millis(self.profile.params.get(Param::HoldTime));
        let again = self.session.again.as_ref().map(|again| (again.since.at + limit, Deadline::Again));
        let order = self.session.run.as_ref().map(|run| (run.since.at + limit, Deadline::Order));
        let completion = self.session.doubtful.as_ref().map(|doubtful| (doubtful.since.at + limit, Deadline::Completion));
        let hold = self.channels.earliest_timed_hold().map(|(since, key)| (since + limit, Deadline::Hold(key)));
        again.into_iter().chain(order).chain(completion).chain(hold).chain(stall).min()
    }

    fn judge_frames(&mut self, reading: &Reading, end: u32) {
        while self.walk.frame < end {
            let frame = FrameId(self.walk.frame);
            self.walk.frame += 1;
            self.judge_frame(reading, frame);
        }
    }

    /// Now, as the walk sees it.
    fn moment(&self) -> Moment {
        Moment { frames: self.walk.frame, at: self.walk.at }
    }

    /// Brings output and state up to date after an event.
    fn settle(&mut self, otherwise: &str) {
        self.condition.holding = self.release();
        self.condition.ended = self.ended.is_some();
        self.condition.flowing |= self.session.flowed && self.output.released > self.session.first_delta_frame;
        let state = match evaluate(self.condition) {
            // Initial is where a session begins and not where it comes back to, whatever a strategy lost meanwhile.
            State::Initial if self.state != State::Initial => State::NormalFlow,
            state => state,
        };
        if state != self.state {
            let cause = self.session.cause.take().unwrap_or_else(|| otherwise.to_string());
            self.transitions.push(Transition { from: self.state, to: state, cause, moment: self.moment() });
            self.state = state;
        }
        self.session.cause = None;
        self.calm = self.calm_channel();
    }

    /// False for a profile that only looks on: what is undecided is passed on while it is.
    fn waits(&self) -> bool {
        self.profile.preset != Preset::Observe
    }

    /// The position of the first frame that is not passed on, since when, and whose text is undecided where it is one channel's.
    fn earliest_wait(&self) -> Option<(u32, Moment, Option<ChannelKey>)> {
        if self.channels.earliest_hold().is_none() && self.session.waits_for_nothing() {
            return None;
        }
        let held = self.channels.earliest_hold().map(|(position, since, key)| (position, since, Some(key)));
        let strategy = self.session.strategy_hold.map(|frame| (frame.0, Moment { frames: frame.0 + 1, at: self.walk.at }, None));
        let order = self.session.run.as_ref().map(|run| (run.position(), run.since, None));
        let doubtful = self.session.doubtful.as_ref().and_then(|doubtful| {
            let (item, _) = doubtful.items.first()?;
            Some((self.output.position(item.frame), doubtful.since, None))
        });
        let again =
            self.session.again.as_ref().and_then(|again| Some((self.output.position(again.first()?.frame), again.since, None)));
        held.into_iter().chain(strategy).chain(again).chain(order).chain(doubtful).min().filter(|_| self.waits())
    }

    /// Passes on every frame that no hold keeps back, and keeps the list of holds; true if something is held.
    fn release(&mut self) -> bool {
        let moment = self.moment();
        let open = self.earliest_wait();
        let released = open.map_or(self.walk.frame, |(position, ..)| position);
        if let Some(hold) = self.output.holds.last_mut().filter(|hold| hold.released.is_none()) {
            hold.end = self.walk.frame;
            if released > hold.first {
                hold.end = released;
                hold.released = Some(moment);
            }
        }
        let begun = self.output.holds.last().is_some_and(|hold| hold.released.is_none());
        if let Some((first, since, key)) = open.filter(|_| !begun) {
            // A hold may have begun behind another one that only now ended.
            self.output.holds.push(HoldSpan { first, end: self.walk.frame, key, since, released: None });
        }
        self.output.released = released;
        open.is_some()
    }

    /// The state now.
    pub fn state(&self) -> State {
        self.state
    }

    /// The state at `moment`.
    pub fn state_at(&self, moment: Moment) -> State {
        let index = self.transitions.partition_point(|transition| transition.moment <= moment);
        index.checked_sub(1).map_or(State::Initial, |index| self.transitions[index].to)
    }

    /// The score of detector `detector` (index in DETECTORS) at `moment`, in thousandths.
    pub fn score_at(&self, detector: usize, moment: Moment) -> u16 {
        let points = &self.scores[detector];
        let index = points.partition_point(|point| point.frames <= moment.frames);
        index.checked_sub(1).map_or(0, |index| points[index].score)
    }

    /// The finding `id`.
    pub fn finding(&self, id: FindingId) -> &Finding {
        &self.findings[id.0 as usize]
    }

    /// Notes a detector's score for the present moment, where it moved by a visible amount.
    #[inline]
    fn score(&mut self, detector: Detector, score: u16) {
        if score >= SCORE_STEP || self.lit & 1 << detector as u32 != 0 {
            self.score_anew(detector, score);
        }
    }

    /// As [`Self::score`], for `value` of `most`.
    fn score_ratio(&mut self, detector: Detector, value: u64, most: u64) {
        // Most scores are too small to be kept, and need no division.
        let small = value.saturating_mul(1000 / u64::from(SCORE_STEP)) < most;
        let score = if small { 0 } else { (value.saturating_mul(1000) / most.max(1)).min(1000) as u16 };
        self.score(detector, score);
    }

    /// As [`Self::score`], for all of `detectors` at once: none has anything to say.
    fn score_none(&mut self, detectors: &[Detector]) {
        if self.lit != 0 {
            detectors.iter().for_each(|detector| self.score(*detector, 0));
        }
    }

    fn score_anew(&mut self, detector: Detector, score: u16) {
        let frames = self.walk.frame;
        let points = &mut self.scores[detector as usize];
        match points.last_mut() {
            Some(last) if last.frames == frames => last.score = last.score.max(score),
            Some(last) if last.score == score || (last.score.abs_diff(score) < SCORE_STEP && score != 0 && score < 1000) => {}
            _ => points.push(ScorePoint { frames, score }),
        }
        let lit = points.last().is_some_and(|last| last.score > 0);
        self.lit = self.lit & !(1 << detector as u32) | u32::from(lit) << detector as u32;
    }
}

/// Smaller moves of a score are not kept, in thousandths.
const SCORE_STEP: u16 = 50;

/// What a deadline does; the order decides between equal times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deadline {
    Again,
    Order,
    Completion,
    Hold(ChannelKey),
    Stall,
}
