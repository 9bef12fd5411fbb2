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
    /// Whom it asks, in the order of preference; at least one.
    routes: Vec<Route>,
    gate: Gate,
    wire: Wire,
    /// Number of the next attempt.
    number: u32,
    /// Attempts at the present route.
    tries: u32,
}

/// One of the providers that may answer.
struct Route {
    spec: RequestSpec,
    http: Option<reqwest::Client>,
}

/// What follows an attempt.
enum Next {
    /// Another one at the same route, when the Desk's clock shows this.
    Again { at_us: u64 },
    /// One at a later route.
    FallBack,
    /// Nothing: its end is the session's.
    Nothing,
}

impl Session {
    /// A session that sends `spec`, and then its fallbacks.
    pub fn new(mut spec: RequestSpec, gate: Gate, wire: Wire) -> Session {
        let fallbacks = std::mem::take(&mut spec.fallbacks);
        let routes = std::iter::once(spec).chain(fallbacks).map(|spec| Route { spec, http: None });
        Session { routes: routes.collect(), gate, wire, number: 0, tries: 0 }
    }

    /// Attempts until one is the last.
    pub async fn run(mut self) {
        self.gate.request();
        let (mut from, mut patience_us) = (0, 0);
        while let Some((route, permit)) = self.admission(from, patience_us).await {
            self.tries = if route == from { self.tries + 1 } else { 1 };
            match self.attempt(route, permit).await {
                Next::Again { at_us } => {
                    // From here on the provider's wishes are waited for as the first one was.
                    (from, patience_us) = (route, self.gate.config().retry.patience_us);
                    if !self.wait_until(at_us).await {
                        return;
                    }
                }
                Next::FallBack => (from, patience_us, self.tries) = (route + 1, 0, 0),
                Next::Nothing => return,
            }
        }
    }

    /// Begins an attempt at the first route from `from` on that the Desk admits, or ends the session. A wish to be left alone,
    /// which another session may have renewed meanwhile, is waited for up to `patience_us`.
    async fn admission(&mut self, from: usize, mut patience_us: u64) -> Option<(usize, Permit)> {
        let keys: Vec<_> = self.routes[from..].iter().map(|route| route.spec.endpoint_key()).collect();
        let mut choice = self.gate.choose(&keys);
        while let Some(wait_us) = wish(&choice).filter(|wait_us| *wait_us <= patience_us) {
            patience_us -= wait_us;
            let until_us = self.gate.clock.now_us().saturating_add(wait_us);
            for (_, record) in choice.asked {
                self.wire.push(What::Gate(record));
            }
            if !self.wait_until(until_us).await {
                return None;
            }
            choice = self.gate.choose(&keys);
        }
        let mut asked = choice.asked.into_iter().peekable();
        while let Some((index, record)) = asked.next() {
            let (permit, end) = (record.permit(), refusal(&record));
            let passed_on = asked.peek().map(|(next, _)| GateRecord {
                decision: GateDecision::FellBack(keys[*next].clone()),
                breaker: record.breaker.clone(),
            });
            self.begin(&keys[index], record);
            if let Some(permit) = permit {
                return Some((from + index, permit));
            }
            if let Some(passed_on) = passed_on {
                self.wire.push(What::Gate(passed_on));
            }
            self.wire.push(What::End(End::Us(end)));
        }
        None
    }

    fn begin(&mut self, key: &EndpointKey, record: GateRecord) {
        let EndpointKey { endpoint, model } = key.clone();
        self.wire.push(What::Attempt(Attempt { number: self.number, endpoint, model }));
        self.wire.push(What::Gate(record));
        self.number += 1;
    }

    /// Makes the attempt that was just begun, up to its end.
    async fn attempt(&mut self, route: usize, permit: Permit) -> Next {
        let fallback = self.routes.get(route + 1).map(|next| next.spec.endpoint_key());
        let Route { spec, http } = &mut self.routes[route];
        let key = spec.endpoint_key();
        let mut held = Held { gate: &self.gate, key: &key, permit: Some(permit) };
        let finished = match client(http, spec) {
            Ok(http) => attempt::run(http, spec, &mut self.wire, &held).await,
            Err(error) => Finished::failed(transport::classify(&error)),
        };
        let (retry_draw, breaker_draw) = (draw(), draw());
        let failed = failed(&finished, self.tries, retry_draw).filter(|failed| failed.attempts < spec.max_attempts);
        let verdict = match &finished.fault {
            // What was ended because it went round in a loop is an answer, and no good one.
            Some(fault) if finished.end != End::Us(OurEnd::Loop) => fault.verdict(finished.retry_after_us, Some(breaker_draw)),
            _ => self.gate.config().outcome_of_answer(finished.ttft_us, finished.stuttered).into(),
        };
        held.permit = None;
        let (record, retry) = self.gate.report(&key, permit, verdict, failed.as_ref());
        let fallback = fallback.filter(|_| another_may_answer(&finished));
        // Said before the end, so that the end is known not to be the session's.
        let next = match (retry, fallback) {
            (Some(Ok(at_us)), _) => {
                self.wire.push(What::Draw { purpose: "retry.jitter".into(), value: retry_draw });
                Next::Again { at_us }
            }
            (_, Some(key)) => {
                self.wire.push(What::Gate(GateRecord { decision: GateDecision::FellBack(key), breaker: record.breaker.clone() }));
                Next::FallBack
            }
            _ => Next::Nothing,
        };
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

/// The client of a route, which keeps its connection between attempts.
fn client<'a>(http: &'a mut Option<reqwest::Client>, spec: &RequestSpec) -> reqwest::Result<&'a reqwest::Client> {
    match http {
        Some(http) => Ok(http),
        None => Ok(http.insert(transport::client(spec)?)),
    }
}

/// True if another provider may be asked: this one failed, and nothing of an answer was read. A request that is wrong is wrong
/// everywhere, and a person who cancelled wants no other answer.
fn another_may_answer(finished: &Finished) -> bool {
    let ours = matches!(finished.end, End::Us(OurEnd::Cancelled | OurEnd::TotalTimeout | OurEnd::Loop | OurEnd::Invalid));
    !ours && !finished.answered && finished.fault.as_ref().is_some_and(|fault| fault.class.info().retryable)
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
