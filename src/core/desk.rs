//! The Desk: what spans sessions. Validate, limit, cache, choose, break, retry; each a small pure part with time as an argument.
//!
//! Its clock is microseconds since the process started, not a session's Start. A session records what the Desk told it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub mod breaker;
mod gate;

pub use breaker::BreakerConfig;
use breaker::{Answer, Breaker};
pub use gate::{BreakerSnapshot, BreakerState, BreakerTransition, GateDecision, GateRecord, Outcome, Permit, Verdict};

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

/// How the Desk behaves. The default breaks circuits and does nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeskConfig {
    /// Limits of every breaker.
    pub breaker: BreakerConfig,
}

/// The fold over all sessions of this process.
#[derive(Debug, Default)]
pub struct Desk {
    config: DeskConfig,
    breakers: BTreeMap<EndpointKey, Breaker>,
}

impl Desk {
    /// A Desk that has seen nothing.
    pub fn new(config: DeskConfig) -> Desk {
        Desk { config, breakers: BTreeMap::new() }
    }

    /// May an attempt start? Asked before each one; [`GateRecord::permit`] of the answer comes back by
    /// [`report`](Desk::report) or [`release`](Desk::release).
    pub fn ask(&mut self, now_us: u64, key: &EndpointKey) -> GateRecord {
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
