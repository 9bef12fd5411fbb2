//! One session: its attempts and the waits between them.

use super::{
    attempt::{self, Finished},
    gate::{Gate, Held},
    transport,
    wire::Wire,
};
use crate::{
    core::{
        desk::{Choice, EndpointKey, Failed, GateDecision, GateRecord, Permit},
        input::{Attempt, End, OurEnd, What},
    },
    net::request::RequestSpec,
};

/// A session that is about to send.
pub struct Session {
    spec: RequestSpec,
    key: EndpointKey,
    http: reqwest::Result<reqwest::Client>,
    gate: Gate,
    wire: Wire,
    /// Number of the next attempt.
    number: u32,
}

/// What follows an attempt.
enum Next {
    /// Another one, when the Desk's clock shows this.
    Again { at_us: u64 },
    /// Nothing: its end is the session's.
    Nothing,
}

impl Session {
    /// A session that sends `spec`.
    pub fn new(spec: RequestSpec, gate: Gate, wire: Wire) -> Session {
        let key = EndpointKey::new(spec.base_url.clone(), spec.model.clone());
        let http = transport::client(&spec);
        Session { spec, key, http, gate, wire, number: 0 }
    }

    /// Attempts until one is the last.
    pub async fn run(mut self) {
        self.gate.request();
        let mut patience_us = 0;
        while let Some(permit) = self.admission(patience_us).await {
            let Next::Again { at_us } = self.attempt(permit).await else { return };
            // From here on the provider's wishes are waited for as the first one was.
            patience_us = self.gate.config().retry.patience_us;
            if !self.wait_until(at_us).await {
                return;
            }
        }
    }

    /// Begins an attempt if the Desk lets it, and ends the session otherwise. A wish to be left alone, which another session
    /// may have renewed meanwhile, is waited for up to `patience_us`.
    async fn admission(&mut self, mut patience_us: u64) -> Option<Permit> {
        let mut choice = self.choose();
        while let Some(wait_us) = wish(&choice).filter(|wait_us| *wait_us <= patience_us) {
            patience_us -= wait_us;
            let until_us = self.gate.clock.now_us().saturating_add(wait_us);
            for (_, record) in choice.asked {
                self.wire.push(What::Gate(record));
            }
            if !self.wait_until(until_us).await {
                return None;
            }
            choice = self.choose();
        }
        for (_, record) in choice.asked {
            let permit = record.permit();
            let end = refusal(&record);
            self.begin(record);
            if permit.is_some() {
                return permit;
            }
            self.wire.push(What::End(End::Us(end)));
        }
        None
    }

    fn choose(&self) -> Choice {
        self.gate.choose(std::slice::from_ref(&self.key))
    }

    fn begin(&mut self, record: GateRecord) {
        let number = self.number;
        self.number += 1;
        self.wire.push(What::Attempt(Attempt { number, endpoint: self.key.endpoint.clone(), model: self.key.model.clone() }));
        self.wire.push(What::Gate(record));
    }

    /// Makes the attempt that was just begun, up to its end.
    async fn attempt(&mut self, permit: Permit) -> Next {
        let mut held = Held { gate: &self.gate, key: &self.key, permit: Some(permit) };
        let finished = match &self.http {
            Ok(http) => attempt::run(http, &self.spec, &mut self.wire, &held).await,
            Err(error) => Finished::failed(transport::classify(error)),
        };
        let (retry_draw, breaker_draw) = (draw(), draw());
        let failed = failed(&finished, self.number, retry_draw).filter(|failed| failed.attempts < self.spec.max_attempts);
        let verdict = match &finished.fault {
            Some(fault) => fault.verdict(finished.retry_after_us, Some(breaker_draw)),
            None => self.gate.config().outcome_of_answer(finished.ttft_us, finished.stuttered).into(),
        };
        held.permit = None;
        let (record, retry) = self.gate.report(&self.key, permit, verdict, failed.as_ref());
        let next = retry.and_then(Result::ok).map_or(Next::Nothing, |at_us| Next::Again { at_us });
        if let Next::Again { .. } = next {
            // Said before the end, so that the end is known not to be the session's.
            self.wire.push(What::Draw { purpose: "retry.jitter".into(), value: retry_draw });
        }
        self.wire.push(What::End(finished.end));
        if finished.fault.is_some() {
            self.wire.push(What::Draw { purpose: "breaker.jitter".into(), value: breaker_draw });
        }
        self.wire.push(What::Gate(record));
        next
    }

    /// False if the session ended meanwhile.
    async fn wait_until(&mut self, at_us: u64) -> bool {
        let waited = self.wire.guard(self.gate.wait_until(at_us)).await;
        if let Err(end) = waited {
            self.wire.push(What::End(End::Us(end)));
        }
        waited.is_ok()
    }
}

/// How long all that were asked wish to be left alone; `None` if one admits, or refuses for another reason.
fn wish(choice: &Choice) -> Option<u64> {
    let throttled = |record: &GateRecord| matches!(record.decision, GateDecision::Throttled { .. } | GateDecision::Limited { .. });
    choice.asked.iter().all(|(_, record)| throttled(record)).then(|| choice.wait_us()).flatten()
}

/// What the end of an attempt is called that was refused.
fn refusal(record: &GateRecord) -> OurEnd {
    if matches!(record.decision, GateDecision::Refused { .. }) { OurEnd::BreakerOpen } else { OurEnd::RateLimited }
}

/// The failure as the Desk decides about a retry. A timeout is not repeated, except that of the connection: the provider may be
/// at work on the answer.
fn failed(finished: &Finished, attempts: u32, draw: u64) -> Option<Failed> {
    let fault = finished.fault.as_ref()?;
    let timed_out = matches!(finished.end, End::Us(end) if end != OurEnd::ConnectTimeout);
    let Finished { answered: passed_on, retry_after_us, .. } = *finished;
    (!timed_out).then_some(Failed { attempts, class: fault.class, passed_on, retry_after_us, draw })
}

/// A random number. The standard library's keys are as random as jitter needs.
fn draw() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}
