//! The breaker's limits, and what they say about a window.

use serde::{Deserialize, Serialize};

use super::window::Rates;

/// The draw in the middle of the jitter's range: no jitter.
pub const NO_JITTER: u64 = 100;

/// When a probe counts as a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeCounts {
    /// With its first content: a long answer does not keep others waiting.
    #[default]
    FirstContent,
    /// At the stream's end.
    StreamEnd,
}

/// A breaker's limits. Times in microseconds, rates in thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// The window holds at most so many outcomes,
    pub window: u32,
    /// none of them older than this.
    pub window_us: u64,
    /// Failures in a row that trip it, however old they are.
    pub trip_at: u32,
    /// Outcomes in the window before a rate counts.
    pub min_calls: u32,
    /// Failures among the outcomes that trip it.
    pub failure_rate: u32,
    /// Slow ones among the outcomes that trip it.
    pub slow_rate: u32,
    /// Open time, doubled for each time it opened again,
    pub open_us: u64,
    /// up to this.
    pub open_max_us: u64,
    /// A longer Retry-After is taken as this.
    pub retry_after_max_us: u64,
    /// Probes at a time when half-open.
    pub permits: u32,
    /// Probes that must succeed before it closes.
    pub successes: u32,
    /// Half-open lasts no longer than this.
    pub max_wait_us: u64,
    /// Health in closed that takes back one doubling of the open time.
    pub decay_us: u64,
    /// When a probe counts as a success.
    pub probe_counts: ProbeCounts,
}

impl Default for BreakerConfig {
    fn default() -> BreakerConfig {
        const SECOND: u64 = 1_000_000;
        BreakerConfig {
            window: 20,
            window_us: 60 * SECOND,
            trip_at: 3,
            // Calls to a language model are few; web breakers wait for a hundred.
            min_calls: 5,
            failure_rate: 500,
            slow_rate: 800,
            open_us: 5 * SECOND,
            open_max_us: 120 * SECOND,
            retry_after_max_us: 600 * SECOND,
            permits: 1,
            successes: 1,
            max_wait_us: 30 * SECOND,
            decay_us: 60 * SECOND,
            probe_counts: ProbeCounts::default(),
        }
    }
}

impl BreakerConfig {
    /// The open time after `reopens` doublings, with up to a tenth more or less by `draw`, never over the cap.
    pub fn open_time(&self, reopens: u32, draw: u64) -> u64 {
        let doubled = self.open_us.saturating_mul(1_u64.checked_shl(reopens).unwrap_or(u64::MAX)).min(self.open_max_us);
        let thousandths = u128::from(900 + draw % 201);
        let jittered = u128::from(doubled) * thousandths / 1_000;
        u64::try_from(jittered).unwrap_or(u64::MAX).min(self.open_max_us)
    }
}

/// Why the breaker must open, as a sentence; `None` if it need not.
pub(super) fn trip_reason(config: &BreakerConfig, consecutive: u32, rates: Rates) -> Option<String> {
    if consecutive >= config.trip_at {
        let plural = if consecutive == 1 { "" } else { "s" };
        return Some(format!("{consecutive} failure{plural} in a row (limit {})", config.trip_at));
    }
    if rates.calls < config.min_calls.max(1) {
        return None;
    }
    let (percent, calls) = (|rate: u32| format!("{}.{} %", rate / 10, rate % 10), rates.calls);
    if rates.failure() >= config.failure_rate {
        let (rate, limit) = (percent(rates.failure()), percent(config.failure_rate));
        return Some(format!("{rate} of the last {calls} calls failed (limit {limit})"));
    }
    if rates.slow() >= config.slow_rate {
        let (rate, limit) = (percent(rates.slow()), percent(config.slow_rate));
        return Some(format!("{rate} of the last {calls} calls were slow (limit {limit})"));
    }
    None
}
