//! The outcomes that a breaker judges by: the last few, and none that is old.

use std::collections::VecDeque;

use super::config::BreakerConfig;
use crate::core::desk::gate::Outcome;

/// A ring of outcomes, kept singly so that they can be drawn.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    cells: VecDeque<(u64, Outcome)>,
}

/// How many of the window's calls failed or were slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rates {
    pub(super) calls: u32,
    pub(super) failures: u32,
    pub(super) slow: u32,
}

impl Rates {
    /// Failures in thousandths, rounded down; zero without calls.
    pub(super) fn failure(self) -> u32 {
        (self.failures * 1_000).checked_div(self.calls).unwrap_or(0)
    }

    /// Slow calls in thousandths, rounded down; zero without calls.
    pub(super) fn slow(self) -> u32 {
        (self.slow * 1_000).checked_div(self.calls).unwrap_or(0)
    }
}

impl Window {
    /// A window of outcomes that were so old at `now_us`, oldest first.
    pub(super) fn restored(now_us: u64, cells: impl Iterator<Item = (u64, Outcome)>) -> Window {
        Window { cells: cells.map(|(age_us, outcome)| (now_us.saturating_sub(age_us), outcome)).collect() }
    }

    pub(super) fn push(&mut self, now_us: u64, outcome: Outcome, config: &BreakerConfig) {
        self.cells.push_back((now_us, outcome));
        while self.cells.len() > config.window as usize {
            self.cells.pop_front();
        }
    }

    /// Age and outcome of every call that still counts, oldest first.
    pub(super) fn young(&self, now_us: u64, config: &BreakerConfig) -> impl Iterator<Item = (u64, Outcome)> {
        let excess = self.cells.len().saturating_sub(config.window as usize);
        let window_us = config.window_us;
        let aged = self.cells.iter().skip(excess).map(move |(at_us, outcome)| (now_us.saturating_sub(*at_us), *outcome));
        aged.filter(move |(age_us, _)| *age_us < window_us)
    }

    pub(super) fn rates(&self, now_us: u64, config: &BreakerConfig) -> Rates {
        let mut rates = Rates::default();
        for (_, outcome) in self.young(now_us, config) {
            rates.calls += 1;
            rates.failures += u32::from(outcome == Outcome::Failure);
            rates.slow += u32::from(outcome == Outcome::Slow);
        }
        rates
    }
}
