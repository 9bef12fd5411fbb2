//! The Desk: what spans sessions. Validate, limit, cache, choose, break, retry; each a small pure part with time as an argument.
//!
//! Its clock is microseconds since the process started, not a session's Start. A session records what the Desk told it.

use std::{collections::BTreeMap, num::NonZeroU32};

use serde::{Deserialize, Serialize};

pub mod breaker;
pub mod cache;
mod gate;
pub mod limit;
pub mod retry;
pub mod select;
pub mod timeout;
pub mod validate;

use breaker::{Answer, Breaker};
pub use breaker::{BreakerConfig, NO_JITTER, Totals};
use cache::Cache;
pub use cache::CacheConfig;
pub use gate::{BreakerSnapshot, BreakerState, BreakerTransition, GateDecision, GateRecord, Outcome, Permit, Verdict};
use limit::Limiter;
use retry::RetryBudget;
pub use retry::{Failed, NoRetry, RetryConfig};
pub use select::{Choice, Health};
pub use timeout::{Timeouts, Timers};

/// What a breaker stands before: an endpoint and a model, since one model can fail while its neighbours answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EndpointKey {
    /// Base URL.
    pub endpoint: String,
    /// Requested model.
    pub model: String,
}

impl EndpointKey {
    /// A key.
    pub fn new(endpoint: impl Into<String>, model: impl Into<String>) -> EndpointKey {
        EndpointKey { endpoint: endpoint.into(), model: model.into() }
    }
}

/// How the Desk behaves. The default breaks circuits and retries; it limits nothing and remembers no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeskConfig {
    /// Limits of every breaker.
    pub breaker: BreakerConfig,
    /// Requests a minute to each endpoint; `None` is no limit.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Retries and their budget.
    pub retry: RetryConfig,
    /// Remembered answers.
    pub cache: CacheConfig,
    /// With several providers, whether one probe passes when all are refused.
    pub last_resort: bool,
    /// A time to first text from which an answer counts as slow, in microseconds.
    pub slow_us: u64,
    /// Whether an answer that stuttered or looped counts as slow.
    pub stutter_is_slow: bool,
}

impl Default for DeskConfig {
    fn default() -> DeskConfig {
        DeskConfig {
            breaker: BreakerConfig::default(),
            requests_per_minute: None,
            retry: RetryConfig::default(),
            cache: CacheConfig::default(),
            last_resort: false,
            slow_us: 30_000_000,
            stutter_is_slow: false,
        }
    }
}

impl DeskConfig {
    /// How a whole answer counts: `ttft_us` from the attempt's start to its first text, if it had any.
    pub fn outcome_of_answer(&self, ttft_us: Option<u64>, stuttered: bool) -> Outcome {
        let late = ttft_us.is_some_and(|ttft_us| ttft_us >= self.slow_us);
        if late || (stuttered && self.stutter_is_slow) { Outcome::Slow } else { Outcome::Success }
    }
}

/// The fold over all sessions of this process.
#[derive(Debug)]
pub struct Desk {
    config: DeskConfig,
    breakers: BTreeMap<EndpointKey, Breaker>,
    limiters: BTreeMap<String, Limiter>,
    budget: RetryBudget,
    cache: Cache,
}

impl Default for Desk {
    fn default() -> Desk {
        Desk::new(DeskConfig::default())
    }
}

impl Desk {
    /// A Desk that has seen nothing.
    pub fn new(config: DeskConfig) -> Desk {
        let cache = Cache::new(&config.cache);
        Desk { config, breakers: BTreeMap::new(), limiters: BTreeMap::new(), budget: RetryBudget::default(), cache }
    }

    /// How it behaves.
    pub fn config(&self) -> &DeskConfig {
        &self.config
    }

    /// May an attempt start? Asked before each one: first the rate limit, then the breaker. [`GateRecord::permit`] of the
    /// answer comes back by [`report`](Desk::report) or [`release`](Desk::release).
    pub fn ask(&mut self, now_us: u64, key: &EndpointKey) -> GateRecord {
        if let Some(per_minute) = self.config.requests_per_minute {
            let limiter = self.limiters.entry(key.endpoint.clone()).or_insert_with(|| Limiter::new(per_minute));
            if let Err(retry_after_us) = limiter.take(now_us) {
                return GateRecord { decision: GateDecision::Limited { retry_after_us }, breaker: self.snapshot(key, now_us) };
            }
        }
        let breaker = self.breaker(key);
        let answer = breaker.ask(now_us);
        GateRecord { decision: answer.into(), breaker: breaker.snapshot(now_us) }
    }

    /// The attempt's first content arrived. `Some` if that was a half-open probe's success.
    pub fn first_content(&mut self, now_us: u64, key: &EndpointKey, permit: Permit) -> Option<GateRecord> {
        let breaker = self.breaker(key);
        let counted = breaker.first_content(now_us, permit);
        counted.then(|| GateRecord { decision: GateDecision::Counted(Outcome::Success), breaker: breaker.snapshot(now_us) })
    }

    /// The attempt ended.
    pub fn report(&mut self, now_us: u64, key: &EndpointKey, permit: Permit, verdict: impl Into<Verdict>) -> GateRecord {
        let verdict = verdict.into();
        let breaker = self.breaker(key);
        breaker.report(now_us, permit, &verdict);
        GateRecord { decision: GateDecision::Counted(verdict.outcome), breaker: breaker.snapshot(now_us) }
    }

    /// The attempt will not end: its permit is given back without an outcome.
    pub fn release(&mut self, now_us: u64, key: &EndpointKey, permit: Permit) -> GateRecord {
        let breaker = self.breaker(key);
        breaker.release(now_us, permit);
        GateRecord { decision: GateDecision::Released, breaker: breaker.snapshot(now_us) }
    }

    /// What the breaker of `key` shows of itself.
    pub fn snapshot(&mut self, key: &EndpointKey, now_us: u64) -> BreakerSnapshot {
        self.breaker(key).snapshot(now_us)
    }

    /// A request begins; its first attempt adds to the budget that retries are taken from.
    pub fn request(&mut self, now_us: u64) {
        self.budget.request(now_us, &self.config.retry);
    }

    /// Microseconds to wait before a failed attempt is repeated, or why it is not. Takes the retry out of the budget.
    pub fn retry(&mut self, now_us: u64, failed: &Failed) -> Result<u64, NoRetry> {
        let delay_us = self.config.retry.decide(failed)?;
        self.budget.retry(now_us, &self.config.retry)?;
        Ok(delay_us)
    }

    /// The remembered answers.
    pub fn cache(&mut self) -> &mut Cache {
        &mut self.cache
    }

    /// Takes new limits for every breaker and judges what they have seen by them at once; see [`Breaker::retune`].
    pub fn retune(&mut self, now_us: u64, config: &BreakerConfig, draw: u64) {
        self.config.breaker.clone_from(config);
        for breaker in self.breakers.values_mut() {
            breaker.retune(now_us, config.clone(), draw);
        }
    }

    /// Holds the breaker of `key` open or closed by hand, or lets go (`None`).
    pub fn force(&mut self, now_us: u64, key: &EndpointKey, open: Option<bool>) -> BreakerSnapshot {
        let breaker = self.breaker(key);
        breaker.force(now_us, open);
        breaker.snapshot(now_us)
    }

    /// Puts the breaker of `key` back to what it showed in a recording, so that a what-if can go on from there.
    pub fn restore(&mut self, now_us: u64, key: &EndpointKey, snapshot: &BreakerSnapshot) {
        let breaker = Breaker::restored(self.config.breaker.clone(), snapshot, now_us);
        self.breakers.insert(key.clone(), breaker);
    }

    /// Every endpoint that was asked for, with what its breaker shows.
    pub fn snapshots(&mut self, now_us: u64) -> Vec<(EndpointKey, BreakerSnapshot)> {
        self.breakers.iter_mut().map(|(key, breaker)| (key.clone(), breaker.snapshot(now_us))).collect()
    }

    /// Everything that the breaker of `key` has counted.
    pub fn totals(&self, key: &EndpointKey) -> Totals {
        self.breakers.get(key).map(Breaker::totals).unwrap_or_default()
    }

    /// The last transitions of the breaker of `key`, oldest first.
    pub fn transitions(&self, key: &EndpointKey) -> Vec<BreakerTransition> {
        self.breakers.get(key).map(|breaker| breaker.transitions().cloned().collect()).unwrap_or_default()
    }

    fn breaker(&mut self, key: &EndpointKey) -> &mut Breaker {
        self.breakers.entry(key.clone()).or_insert_with(|| Breaker::new(self.config.breaker.clone()))
    }
}

impl From<Answer> for GateDecision {
    fn from(answer: Answer) -> GateDecision {
        match answer {
            Answer::Admitted { permit, probe } => {
                GateDecision::Admitted { probe, generation: permit.generation, ticket: permit.ticket }
            }
            Answer::Refused { retry_after_us } => GateDecision::Refused { retry_after_us },
            Answer::Throttled { retry_after_us } => GateDecision::Throttled { retry_after_us },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;

    fn key() -> EndpointKey {
        EndpointKey::new("http://127.0.0.1:1/v1", "m")
    }

    #[test]
    fn three_failing_requests_open_it_and_a_probe_closes_it() {
        let (mut desk, key) = (Desk::default(), key());
        for _ in 0..3 {
            let permit = desk.ask(0, &key).permit().unwrap();
            desk.report(0, &key, permit, Verdict { cause: "HTTP 500".into(), ..Outcome::Failure.into() });
        }
        let refused = desk.ask(S, &key);
        assert_eq!(refused.decision, GateDecision::Refused { retry_after_us: 4 * S });
        assert_eq!(refused.breaker.reason, "3 failures in a row (limit 3); the last one: HTTP 500");
        let other = EndpointKey { model: "other".into(), ..key.clone() };
        assert!(desk.ask(S, &other).permit().is_some(), "another model is not refused");
        let probe = desk.ask(5 * S, &key);
        assert!(matches!(probe.decision, GateDecision::Admitted { probe: true, .. }));
        let closed = desk.report(6 * S, &key, probe.permit().unwrap(), Outcome::Success);
        assert_eq!((closed.breaker.state, closed.breaker.generation), (BreakerState::Closed, 3));
        let totals = desk.totals(&key);
        assert_eq!((totals.admitted, totals.refused, totals.outcomes[Outcome::Failure as usize]), (4, 1, 3));
        assert_eq!(desk.transitions(&key).iter().map(|row| row.at_us).collect::<Vec<_>>(), [0, 5 * S, 6 * S]);
    }

    #[test]
    fn the_rate_limit_is_asked_first_and_is_no_outcome() {
        let config = DeskConfig { requests_per_minute: NonZeroU32::new(1), ..DeskConfig::default() };
        let (mut desk, key) = (Desk::new(config), key());
        let permit = desk.ask(0, &key).permit().unwrap();
        assert_eq!(desk.release(0, &key, permit).decision, GateDecision::Released);
        let limited = desk.ask(0, &key);
        assert_eq!(limited.decision, GateDecision::Limited { retry_after_us: 60 * S });
        assert_eq!((limited.breaker.refused, limited.breaker.window.len()), (0, 0));
        assert!(desk.ask(60 * S, &key).permit().is_some());
    }

    #[test]
    fn whole_answers() {
        let config = DeskConfig { stutter_is_slow: true, ..DeskConfig::default() };
        for (config, ttft_us, stuttered, expected) in [
            (DeskConfig::default(), Some(S), true, Outcome::Success),
            (DeskConfig::default(), Some(30 * S), false, Outcome::Slow),
            (DeskConfig::default(), None, false, Outcome::Success),
            (config, Some(S), true, Outcome::Slow),
        ] {
            assert_eq!(config.outcome_of_answer(ttft_us, stuttered), expected);
        }
    }

    #[test]
    fn records_survive_being_written() {
        let (mut desk, key) = (Desk::default(), key());
        let record = desk.ask(0, &key);
        let text = ron::to_string(&record).unwrap();
        assert_eq!(ron::from_str::<GateRecord>(&text).unwrap(), record);
        let early = r#"(decision: Admitted(probe: true), breaker: (state: HalfOpen, generation: 2, window: [], consecutive: 0,
            trip_at: 3, open_for_us: 0, refused: 1, reason: ""))"#;
        assert!(ron::from_str::<GateRecord>(early).unwrap().permit().is_some());
    }

    #[test]
    fn it_can_be_shared_between_threads() {
        fn check<T: Send + 'static>() {}
        check::<Desk>();
    }
}
