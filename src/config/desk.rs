//! The Desk as the configuration file gives it: milliseconds and per cents, checked where they are read.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, de::Error};

use crate::core::desk::{BreakerConfig, DeskConfig, RetryConfig};

/// The Desk's part of the file; what is left out keeps its default.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeskFile {
    breaker: BreakerFile,
    retry: RetryFile,
    /// Requests a minute to each endpoint; zero is no limit.
    requests_per_minute: Option<u32>,
    /// With fallbacks, whether one probe passes when every provider is refused.
    last_resort: Option<bool>,
    /// A time to first text from which an answer counts as slow.
    slow_ms: Option<u64>,
    /// Whether an answer that stuttered or looped counts as slow.
    stutter_is_slow: Option<bool>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BreakerFile {
    window: Option<Count>,
    window_ms: Option<u64>,
    trip_at: Option<Count>,
    min_calls: Option<Count>,
    failure_percent: Option<Percent>,
    slow_percent: Option<Percent>,
    open_ms: Option<u64>,
    open_max_ms: Option<u64>,
    probes: Option<Count>,
    successes: Option<Count>,
    max_wait_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RetryFile {
    base_ms: Option<u64>,
    cap_ms: Option<u64>,
    patience_ms: Option<u64>,
    budget_percent: Option<Percent>,
    budget_min: Option<u32>,
}

/// From 1 to 10,000: with none the breaker would never open, or never close again.
#[derive(Debug, Clone, Copy)]
struct Count(u32);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        let count = u32::deserialize(deserializer)?;
        let wrong = || D::Error::custom(format!("{count} is out of range; it goes from 1 to 10000"));
        (1..=10_000).contains(&count).then_some(Count(count)).ok_or_else(wrong)
    }
}

/// From 1 to 100.
#[derive(Debug, Clone, Copy)]
struct Percent(u32);

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Percent, D::Error> {
        let percent = u32::deserialize(deserializer)?;
        let wrong = || D::Error::custom(format!("{percent} is no rate; it goes from 1 to 100 per cent"));
        (1..=100).contains(&percent).then_some(Percent(percent)).ok_or_else(wrong)
    }
}

impl DeskFile {
    /// Puts what the file says in the place of what `desk` says.
    pub fn apply(self, desk: &mut DeskConfig) {
        self.breaker.apply(&mut desk.breaker);
        self.retry.apply(&mut desk.retry);
        if let Some(per_minute) = self.requests_per_minute {
            desk.requests_per_minute = NonZeroU32::new(per_minute);
        }
        set(&mut desk.last_resort, self.last_resort);
        set(&mut desk.slow_us, micros(self.slow_ms));
        set(&mut desk.stutter_is_slow, self.stutter_is_slow);
    }
}

impl BreakerFile {
    fn apply(self, breaker: &mut BreakerConfig) {
        let count = |count: Option<Count>| count.map(|Count(count)| count);
        let thousandths = |rate: Option<Percent>| rate.map(|Percent(percent)| percent * 10);
        set(&mut breaker.window, count(self.window));
        set(&mut breaker.window_us, micros(self.window_ms));
        set(&mut breaker.trip_at, count(self.trip_at));
        set(&mut breaker.min_calls, count(self.min_calls));
        set(&mut breaker.failure_rate, thousandths(self.failure_percent));
        set(&mut breaker.slow_rate, thousandths(self.slow_percent));
        set(&mut breaker.open_us, micros(self.open_ms));
        set(&mut breaker.open_max_us, micros(self.open_max_ms));
        set(&mut breaker.permits, count(self.probes));
        set(&mut breaker.successes, count(self.successes));
        set(&mut breaker.max_wait_us, micros(self.max_wait_ms));
    }
}

impl RetryFile {
    fn apply(self, retry: &mut RetryConfig) {
        set(&mut retry.base_us, micros(self.base_ms));
        set(&mut retry.cap_us, micros(self.cap_ms));
        set(&mut retry.patience_us, micros(self.patience_ms));
        set(&mut retry.budget_percent, self.budget_percent.map(|Percent(percent)| percent));
        set(&mut retry.budget_min, self.budget_min);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn micros(ms: Option<u64>) -> Option<u64> {
    ms.map(|ms| ms.saturating_mul(1_000))
}
