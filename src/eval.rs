//! Strategies measured by labelled streams: what each of them repaired, harmed, flagged and missed.
//!
//! Pure: labelled inputs go in, a score of each strategy comes out, and tallies and tables are sums of scores.

use crate::{
    core::{
        engine::Engine,
        input::Input,
        params::{Profile, STRATEGIES, Strategy},
    },
    report::Report,
    session::import::cases::{Case, Label},
};

pub mod diff;
mod generated;
pub mod noted;
mod retraction;
pub mod score;
pub mod table;
pub mod tally;

pub use generated::streams as generated;
pub use retraction::is_one as is_retraction;
pub use score::Score;
pub use tally::Tally;

/// A stream, and what somebody says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// Its name in what is printed.
    pub id: String,
    /// All of its inputs.
    pub inputs: Vec<Input>,
    /// What is wrong with it, and what should come out.
    pub label: Label,
}

impl From<Case> for Labelled {
    fn from(case: Case) -> Labelled {
        Labelled { id: case.id, inputs: case.exchange.into_inputs(), label: case.label }
    }
}

/// What one strategy made of a stream.
pub struct Judged {
    /// The strategy.
    pub strategy: Strategy,
    /// Its report, as `check` prints it.
    pub report: Report,
    /// How well that does by the label.
    pub score: Score,
}

/// Judges a stream with each of `strategies`, thresholds and name from `profile`.
pub fn judge(labelled: &Labelled, profile: &Profile, strategies: &[Strategy]) -> Vec<Judged> {
    let with = |strategy| Profile { strategy, ..profile.clone() };
    let mut engine = Engine::new(with(Strategy::None));
    for input in &labelled.inputs {
        engine.fold(input);
    }
    let plain = Report::of(&engine.reading, &engine.judgement, &labelled.id);
    let retraction = retraction::is_one(&engine.reading, &labelled.label);
    let judged = strategies.iter().map(|strategy| {
        engine.rejudge(with(*strategy));
        let report = Report::of(&engine.reading, &engine.judgement, &labelled.id);
        let score = Score::of(&labelled.label, (&engine.reading, &engine.judgement), &report, &plain, retraction);
        Judged { strategy: *strategy, report, score }
    });
    judged.collect()
}

/// What each of `strategies` did with all of `streams`, in their order.
pub fn tally(streams: impl Iterator<Item = Labelled>, profile: &Profile, strategies: &[Strategy]) -> Vec<(Strategy, Tally)> {
    let mut tallies: Vec<_> = strategies.iter().map(|strategy| (*strategy, Tally::default())).collect();
    for labelled in streams {
        for (judged, (_, tally)) in judge(&labelled, profile, strategies).iter().zip(&mut tallies) {
            tally.add(&labelled.label.class, &judged.score);
        }
    }
    tallies
}

/// Every strategy, in the order of STRATEGIES.
pub fn every_strategy() -> Vec<Strategy> {
    STRATEGIES.iter().map(|row| row.0).collect()
}
