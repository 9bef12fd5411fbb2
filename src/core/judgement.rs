//! A Judgement: one profile and one strategy over a Reading. Scores, findings, transitions, output.

use std::ops::Range;

use serde::Serialize;

use crate::core::{
    class::{Action, Certainty, Class, Layer, Level},
    machine::{EndReason, State, Transition},
    output::Output,
    params::Profile,
    reading::{ChannelKey, DeltaId, Reading},
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
    /// Score history of each detector, indexed as [`DETECTORS`](crate::core::detect::DETECTORS).
    pub scores: Vec<Vec<ScorePoint>>,
    /// What came out.
    pub output: Output,
    /// Why the session ended, once it has.
    pub ended: Option<EndReason>,
}

impl Judgement {
    /// A judgement of nothing yet.
    pub fn new(profile: Profile) -> Judgement {
        Judgement {
            profile,
            findings: Vec::new(),
            transitions: Vec::new(),
            scores: Vec::new(),
            output: Output::default(),
            ended: None,
        }
    }

    /// Judges all of `reading` that was not judged yet, firing every deadline that lies before what it reads.
    pub fn catch_up(&mut self, _reading: &Reading) {}

    /// Fires every deadline up to `now`; only an early call of what the next input would do.
    pub fn advance(&mut self, _reading: &Reading, _now: Micros) {}

    /// The next time at which something would happen without input.
    pub fn next_deadline(&self) -> Option<Micros> {
        None
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
}
