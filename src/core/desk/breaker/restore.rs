//! A breaker as its snapshot shows it, to ask what it would have done from there on.

use super::{Breaker, BreakerConfig, State, Totals, window::Window};
use crate::core::desk::gate::{BreakerSnapshot, BreakerState};

impl Breaker {
    /// The breaker that showed `snapshot`, with `config` and its clock at `now_us`.
    ///
    /// Permits that were out are lost to it, as are totals other than refusals and earlier transitions. `now_us` should be at
    /// least the oldest age in the snapshot, as it is on any clock that was running when the snapshot was made.
    pub fn restored(config: BreakerConfig, snapshot: &BreakerSnapshot, now_us: u64) -> Breaker {
        // Half-open begins where the old wait would end in the old time left, whatever the new limit is.
        let since_us = now_us.saturating_add(snapshot.half_open_for_us).saturating_sub(config.max_wait_us);
        let state = match snapshot.state {
            BreakerState::Closed => State::Closed,
            BreakerState::Open => State::Open { until_us: now_us.saturating_add(snapshot.open_for_us) },
            BreakerState::HalfOpen => State::HalfOpen { since_us, succeeded: snapshot.probes_ok },
            BreakerState::ForcedOpen => State::ForcedOpen,
            BreakerState::ForcedClosed => State::ForcedClosed,
        };
        let cells = snapshot.window.iter().copied().enumerate();
        // A recording of an earlier version has no ages: its outcomes count as new.
        let cells = cells.map(|(index, outcome)| (snapshot.ages_us.get(index).copied().unwrap_or(0), outcome));
        Breaker {
            now_us,
            state,
            generation: snapshot.generation,
            reason: snapshot.reason.clone(),
            window: Window::restored(now_us, cells),
            consecutive: snapshot.consecutive,
            reopens: snapshot.reopens,
            healthy_since_us: now_us.saturating_sub(snapshot.healthy_us),
            throttled_until_us: now_us.saturating_add(snapshot.throttled_for_us),
            totals: Totals { refused: snapshot.refused, ..Totals::default() },
            ..Breaker::new(config)
        }
    }
}
