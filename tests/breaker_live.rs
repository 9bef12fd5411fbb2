//! The breaker with real requests: it opens after three failures, refuses without a connection, and a probe closes it.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use stutterscope::{
    core::{
        desk::{BreakerState, Desk, DeskConfig, EndpointKey, GateDecision, GateRecord, Outcome, RetryConfig, Verdict},
        dialect,
        engine::Engine,
        input::{End, Input, OurEnd, What},
        machine::{EndReason, State},
        params::Profile,
    },
    net::{
        client::{self, DeskClock, Save, SharedDesk},
        demo::DemoServer,
        request::RequestSpec,
    },
};
use tokio::sync::watch;

#[path = "support/net.rs"]
mod net;

/// All inputs of one attempt of `scenario`, with the Desk's clock at `clock`.
async fn sent(server: &DemoServer, scenario: &str, desk: &SharedDesk, clock: DeskClock) -> Vec<Input> {
    let mut spec = net::spec(server, dialect::by_id("openai-chat").unwrap(), scenario);
    spec.max_attempts = 1;
    let log = client::open(&spec, &Profile::default(), Save::No).unwrap();
    let (_cancel, cancelled) = watch::channel(None);
    client::run_by(clock, spec, desk.clone(), log.clone(), cancelled).await;
    let mut inputs = Vec::new();
    log.drain(&mut inputs);
    inputs
}

fn gates(inputs: &[Input]) -> Vec<&GateRecord> {
    inputs.iter().filter_map(|input| if let What::Gate(record) = &input.what { Some(record) } else { None }).collect()
}

fn end(inputs: &[Input]) -> &End {
    inputs.iter().find_map(|input| if let What::End(end) = &input.what { Some(end) } else { None }).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_failures_open_it_the_fourth_request_is_not_made_and_a_probe_closes_it() {
    let server = DemoServer::start(0, 100.0).await.unwrap();
    let desk = SharedDesk::new(Mutex::new(Desk::default()));
    let clock = DeskClock::start();
    for failures in 1..=3 {
        let inputs = sent(&server, "outage", &desk, clock).await;
        let gates = gates(&inputs);
        assert!(matches!(gates[0].decision, GateDecision::Admitted { probe: false, .. }));
        assert_eq!(gates[1].decision, GateDecision::Counted(Outcome::Failure));
        let state = if failures == 3 { BreakerState::Open } else { BreakerState::Closed };
        assert_eq!(gates[1].breaker.state, state, "after {failures} failures");
    }
    assert_eq!((server.requests_of("outage"), server.connections()), (3, 3));

    let inputs = sent(&server, "outage", &desk, clock).await;
    assert!(matches!(gates(&inputs)[0].decision, GateDecision::Refused { .. }));
    assert_eq!(end(&inputs), &End::Us(OurEnd::BreakerOpen));
    assert_eq!((server.requests_of("outage"), server.connections()), (3, 3), "the fourth made no connection");

    let other = sent(&server, "clean", &desk, clock).await;
    assert_eq!(end(&other), &End::Eof, "another model of the same endpoint is not broken");

    // Five seconds of open time and a tenth of jitter are over by then.
    let inputs = sent(&server, "outage", &desk, clock.ahead(6_000_000)).await;
    let gates = gates(&inputs);
    assert!(matches!(gates[0].decision, GateDecision::Admitted { probe: true, .. }));
    assert_eq!(gates[0].breaker.state, BreakerState::HalfOpen);
    assert_eq!(gates.last().unwrap().breaker.state, BreakerState::Closed);
    assert_eq!(end(&inputs), &End::Eof);
    assert_eq!(server.requests_of("outage"), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_request_counts_for_nothing_and_gives_its_permit_back() {
    let server = DemoServer::start(0, 1.0).await.unwrap();
    let desk = Arc::new(Mutex::new(Desk::default()));
    let spec = net::spec(&server, dialect::by_id("openai-chat").unwrap(), "clean");
    let log = client::open(&spec, &Profile::default(), Save::No).unwrap();
    let (cancel, cancelled) = watch::channel(None);
    let sending = tokio::spawn(client::run_by(DeskClock::start(), spec, desk, log.clone(), cancelled));
    let mut inputs = Vec::new();
    while !inputs.iter().any(|input: &Input| matches!(input.what, What::Bytes(_))) {
        log.changed().await;
        log.drain(&mut inputs);
    }
    cancel.send_replace(Some(OurEnd::Cancelled));
    sending.await.unwrap();
    log.drain(&mut inputs);
    assert!(inputs.iter().any(|input| input.what == What::Cancel));
    assert_eq!(end(&inputs), &End::Us(OurEnd::Cancelled));
    let last = gates(&inputs).pop().unwrap().clone();
    assert_eq!(last.decision, GateDecision::Counted(Outcome::Ignored));
    assert_eq!((last.breaker.consecutive, last.breaker.window.len()), (0, 0));
    assert!(log.is_closed());
}

fn attempts(inputs: &[Input]) -> usize {
    inputs.iter().filter(|input| matches!(input.what, What::Attempt(_))).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wish_to_be_left_alone_is_waited_for_even_if_it_is_renewed() {
    let server = DemoServer::start(0, 100.0).await.unwrap();
    let (desk, clock) = (SharedDesk::default(), DeskClock::start());
    let spec = net::spec(&server, dialect::by_id("openai-chat").unwrap(), "retry-after");
    let key = EndpointKey::new(spec.base_url.clone(), spec.model.clone());
    let another = desk.lock().unwrap().ask(clock.now_us(), &key).permit().unwrap();
    let log = client::open(&spec, &Profile::default(), Save::No).unwrap();
    let (_cancel, cancelled) = watch::channel(None);
    let sending = tokio::spawn(client::run_by(clock, spec, desk.clone(), log.clone(), cancelled));
    let mut inputs = Vec::new();
    while !inputs.iter().any(|input: &Input| matches!(input.what, What::End(_))) {
        log.changed().await;
        log.drain(&mut inputs);
    }
    // Another session is told to wait, and for longer than the one second that this one waits.
    let wish = Verdict { retry_after_us: Some(1_300_000), ..Outcome::Throttled.into() };
    desk.lock().unwrap().report(clock.now_us(), &key, another, wish);
    sending.await.unwrap();
    log.drain(&mut inputs);
    let throttled = gates(&inputs).iter().filter(|gate| matches!(gate.decision, GateDecision::Throttled { .. })).count();
    assert_eq!((throttled, attempts(&inputs)), (1, 2), "{inputs:?}");
    assert_eq!(
        inputs.iter().rev().find_map(|input| if let What::End(end) = &input.what { Some(end) } else { None }),
        Some(&End::Eof)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_come_out_of_the_budget() {
    let server = DemoServer::start(0, 100.0).await.unwrap();
    for (budget_min, wanted) in [(0, 1), (1, 2)] {
        let retry = RetryConfig { budget_min, base_us: 1_000, ..RetryConfig::default() };
        let desk = SharedDesk::new(Desk::new(DeskConfig { retry, ..DeskConfig::default() }).into());
        let spec = net::spec(&server, dialect::by_id("openai-chat").unwrap(), "error");
        let log = client::open(&spec, &Profile::default(), Save::No).unwrap();
        let (_cancel, cancelled) = watch::channel(None);
        client::run(spec, desk, log.clone(), cancelled).await;
        let mut inputs = Vec::new();
        log.drain(&mut inputs);
        assert_eq!(attempts(&inputs), wanted, "with a budget of {budget_min}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_answers_count_as_slow_and_stutter_does_if_it_is_to() {
    let server = DemoServer::start(0, 100.0).await.unwrap();
    let standard = DeskConfig::default();
    let slow = DeskConfig { slow_us: 1, ..DeskConfig::default() };
    let strict = DeskConfig { stutter_is_slow: true, ..DeskConfig::default() };
    for (config, scenario, wanted) in [
        (&standard, "clean", Outcome::Success),
        (&slow, "clean", Outcome::Slow),
        (&standard, "cumulative", Outcome::Success),
        (&strict, "cumulative", Outcome::Slow),
        (&strict, "token-loop", Outcome::Slow),
        (&strict, "clean", Outcome::Success),
    ] {
        let desk = SharedDesk::new(Desk::new(config.clone()).into());
        let inputs = sent(&server, scenario, &desk, DeskClock::start()).await;
        assert_eq!(gates(&inputs).last().unwrap().decision, GateDecision::Counted(wanted), "{scenario}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_provider_is_asked_when_the_breaker_refuses_the_first() {
    let (first, second) = (DemoServer::start(0, 100.0).await.unwrap(), DemoServer::start(0, 100.0).await.unwrap());
    let openai = dialect::by_id("openai-chat").unwrap();
    let (desk, clock) = (SharedDesk::default(), DeskClock::start());
    let with_fallback = |name: &str| {
        let fallbacks = vec![net::spec(&second, openai, name)];
        RequestSpec { max_attempts: 1, fallbacks, ..net::spec(&first, openai, "error") }
    };
    let run = async |spec: RequestSpec| {
        let log = client::open(&spec, &Profile::default(), Save::No).unwrap();
        let (_cancel, cancelled) = watch::channel(None);
        client::run_by(clock, spec, desk.clone(), log.clone(), cancelled).await;
        let mut inputs = Vec::new();
        log.drain(&mut inputs);
        let mut engine = Engine::new(Profile::default());
        inputs.iter().for_each(|input| engine.fold(input));
        let endings = engine.judgement.transitions.iter().filter(|transition| transition.to == State::Terminating).count();
        assert_eq!(endings, 1, "a session that falls back has not ended");
        (inputs, engine.judgement.ended)
    };
    for asked in 1..=3 {
        let (inputs, ended) = run(with_fallback("clean")).await;
        assert_eq!((attempts(&inputs), ended), (2, Some(EndReason::Finished)));
        assert_eq!(first.requests_of("error"), asked);
    }
    let (inputs, ended) = run(with_fallback("clean")).await;
    assert_eq!((attempts(&inputs), ended), (2, Some(EndReason::Finished)));
    assert_eq!(end(&inputs), &End::Us(OurEnd::BreakerOpen));
    assert_eq!((first.requests_of("error"), second.requests_of("clean")), (3, 4), "the first was not asked again");

    // What a person must mend is not asked elsewhere, and what was read cannot be asked again.
    for name in ["unauthorized", "early-close"] {
        let spec = RequestSpec { fallbacks: vec![net::spec(&second, openai, "clean")], ..net::spec(&first, openai, name) };
        let (inputs, _) = run(spec).await;
        assert_eq!(attempts(&inputs), 1, "{name}");
    }
    let refused = run(RequestSpec { fallbacks: Vec::new(), ..with_fallback("clean") }).await;
    assert_eq!((attempts(&refused.0), refused.1), (1, Some(EndReason::Refused)));
}
