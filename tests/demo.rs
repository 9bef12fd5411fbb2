//! The demo provider: the same bytes in every run, the faults that its scenarios name, and every transition between states.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use stutterscope::{
    core::{
        class::{Class, Family},
        desk::Desk,
        engine::Engine,
        input::{Input, What},
        machine::State,
        params::{Profile, Strategy},
        reading::{Channel, FrameId, FrameKind},
    },
    net::{
        client::{self, Save},
        demo::{
            DemoServer, render,
            scenarios::{self, all},
            script::{Play, Scenario},
        },
        request::RequestSpec,
    },
};
use tokio::sync::watch;

#[path = "support/net.rs"]
mod net;
#[path = "support/scenario.rs"]
mod scenario;
use net::spec;
use scenario::{home, streamed};

#[test]
fn every_scenario_shows_the_class_it_names() {
    for scenario in all() {
        let Some(engine) = streamed(scenario, home(scenario)) else { continue };
        let classes: BTreeSet<&str> = engine.judgement.findings.iter().map(|finding| finding.class.name()).collect();
        match scenario.class {
            Some(Class::ProviderError) if scenario.plays.len() > 1 => {}
            Some(class) => assert!(classes.contains(class.name()), "{}: {classes:?}", scenario.name),
            None => assert_eq!(classes, BTreeSet::new(), "{}", scenario.name),
        }
    }
}

/// Scenarios that need what only one wire, or few, can say: an identity of frames, or a serializer's order of keys.
const NEEDS: &[(&str, &[&str])] = &[
    ("replay-stamp", &["ollama", "openai-responses"]),
    ("stale-first", &["ollama"]),
    ("qwen", &["openai-chat"]),
    // Where a typed snapshot says the whole text, it shows what cannot be taken back.
    ("shrink", &["openai-chat", "anthropic", "gemini", "ollama"]),
];

/// The texts of each channel, in order.
fn said(engine: &Engine) -> Vec<String> {
    let text = |channel: Channel| {
        let deltas = engine.reading.delta_ids().map(|id| engine.reading.delta(id));
        deltas.filter(|delta| delta.key.channel == channel && !delta.snapshot).map(|delta| delta.text).collect()
    };
    [Channel::Text, Channel::Reasoning, Channel::ToolArguments].map(text).to_vec()
}

#[test]
fn every_scenario_is_the_same_in_every_dialect() {
    for scenario in all() {
        let Some(home) = streamed(scenario, home(scenario)) else { continue };
        for dialect in DemoServer::dialects() {
            let what = format!("{} as {}", scenario.name, dialect.id);
            let engine = streamed(scenario, dialect).unwrap();
            let unknown =
                (0..engine.reading.frame_count()).filter(|id| engine.reading.frame(FrameId(*id)).kind == FrameKind::Unknown);
            assert_eq!(unknown.count(), 0, "{what}");
            let families = |engine: &Engine| -> BTreeSet<Family> {
                engine.judgement.findings.iter().map(|finding| finding.class.info().family).collect()
            };
            if scenario.class.is_none() {
                assert_eq!(said(&engine), said(&home), "{what}");
            }
            if NEEDS.iter().all(|(name, wires)| *name != scenario.name || wires.contains(&dialect.id)) {
                assert_eq!(families(&engine), families(&home), "{what}");
            }
        }
    }
}

#[test]
fn rendering_is_repeatable_and_numbered() {
    for dialect in DemoServer::dialects() {
        for scenario in all() {
            for play in scenario.plays {
                let Play::Stream { steps, .. } = play else { continue };
                let writes = render(scenario.name, 3, steps, dialect);
                assert_eq!(writes, render(scenario.name, 3, steps, dialect), "{} {}", dialect.id, scenario.name);
                assert!(writes.is_sorted_by_key(|write| write.at_us), "{} {}", dialect.id, scenario.name);
            }
        }
    }
    let long = scenarios::by_name("long").and_then(|scenario| streamed(scenario, home(scenario))).unwrap();
    assert_eq!(long.reading.delta_count(), 5_000);
}

/// All inputs of one request through the real client.
async fn sent(spec: RequestSpec) -> Vec<Input> {
    let log = client::open(&spec, &Profile::default(), Save::No).unwrap();
    let (_cancel, cancelled) = watch::channel(None);
    client::run(spec, Arc::new(Mutex::new(Desk::default())), log.clone(), cancelled).await;
    let mut inputs = Vec::new();
    log.drain(&mut inputs);
    inputs
}

fn body(inputs: &[Input]) -> Vec<u8> {
    inputs
        .iter()
        .filter_map(|input| if let What::Bytes(bytes) = &input.what { Some(&bytes[..]) } else { None })
        .collect::<Vec<_>>()
        .concat()
}

/// The changes of state when `inputs` are judged by `strategy`.
fn folded_by(strategy: Strategy, inputs: &[Input]) -> Vec<(State, State)> {
    let mut engine = Engine::new(Profile { strategy, ..Profile::default() });
    inputs.iter().for_each(|input| engine.fold(input));
    engine.judgement.transitions.iter().map(|transition| (transition.from, transition.to)).collect()
}

/// Every scenario but those that take minutes.
fn quick() -> impl Iterator<Item = &'static Scenario> {
    all().filter(|scenario| !["hang", "rate-limit", "whitespace-flood"].contains(&scenario.name))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wire_carries_the_rendered_bytes_and_requests_are_counted() {
    let server = DemoServer::start(0, 100.0).await.unwrap();
    for dialect in DemoServer::dialects() {
        let mut number = 0;
        for name in ["clean", "clean", "split-emoji", "reset"] {
            let scenario = scenarios::by_name(name).unwrap();
            let Play::Stream { steps, .. } = &scenario.plays[0] else { unreachable!() };
            let before = server.requests_of(name);
            let inputs = sent(spec(&server, dialect, name)).await;
            let wanted: Vec<u8> = render(name, before, steps, dialect).into_iter().flat_map(|write| write.bytes).collect();
            assert_eq!(String::from_utf8_lossy(&body(&inputs)), String::from_utf8_lossy(&wanted), "{} {name}", dialect.id);
            assert_eq!(server.requests_of(name), before + 1);
            number += 1;
        }
        assert_eq!(number, 4);
    }
    assert_eq!((server.requests(), server.connections()), (20, 20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_produce_every_transition_through_the_real_client() {
    use State::{Initial, NormalFlow, Recovering, Stuttering, Terminating};
    let server = DemoServer::start(0, 100.0).await.unwrap();
    let mut seen = BTreeSet::new();
    for scenario in quick() {
        let inputs = sent(spec(&server, home(scenario), scenario.name)).await;
        let transitions = folded_by(Strategy::Evidence, &inputs);
        assert_eq!(transitions.last().map(|(_, to)| *to), Some(Terminating), "{}", scenario.name);
        seen.extend(transitions);
        if scenario.name == "clean" {
            // Evidence never holds the first delta of a stream that says nothing against it; the earlier strategies always did.
            seen.extend(folded_by(Strategy::V2, &inputs));
        }
    }
    let states = [Initial, Stuttering, NormalFlow, Recovering];
    let targets = [Stuttering, NormalFlow, Recovering, Terminating];
    for from in states {
        for to in targets.into_iter().filter(|to| *to != from) {
            assert!(seen.remove(&(from, to)), "no scenario goes from {} to {}", from.name(), to.name());
        }
    }
    assert!(seen.is_empty(), "nothing returns to Initial or leaves Terminating: {seen:?}");
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_with_a_hint() {
    let server = DemoServer::start(0, 1.0).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    // The client under test installs the TLS provider; it is wanted here too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = http.build().unwrap();
    let chat = "/v1/chat/completions";
    for (path, body, status, part) in [
        (chat, r#"{"model": "demo/clean"}"#, 400, "hint: set"),
        (chat, r#"{"model": "demo/none", "stream": true}"#, 404, "demo/cumulative"),
        (chat, "no JSON", 400, "not JSON"),
        ("/v2/none", "{}", 404, "hint: GET /"),
        ("/v1beta/models/demo%2Fnone:streamGenerateContent?alt=sse", "{}", 404, "demo/cumulative"),
        ("/v1/responses", r#"{"model": "demo/unauthorized", "stream": true}"#, 401, "incorrect API key"),
        ("/api/chat", r#"{"model": "demo/unauthorized"}"#, 401, "incorrect API key"),
    ] {
        let response = http.post(server.root() + path).body(body).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path} {body}");
        let text = response.text().await.unwrap();
        assert!(text.contains(part), "{path} {body}: {text}");
    }
    let models: serde_json::Value =
        serde_json::from_str(&http.get(server.root() + "/v1/models").send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(models["data"].as_array().unwrap().len(), all().count());
    let fast = DemoServer::start(0, 100.0).await.unwrap();
    let generated = http.post(fast.root() + "/api/generate").body(r#"{"model": "demo/clean", "prompt": "Hello"}"#);
    let text = generated.send().await.unwrap().text().await.unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let response: String = lines.filter_map(|line| line["response"].as_str().map(str::to_owned)).collect();
    assert!(response.starts_with("The keeper of the lighthouse"), "{response}");
    let array = http.post(fast.root() + "/v1beta/models/demo/clean:streamGenerateContent").body("{}").send().await.unwrap();
    assert_eq!(array.headers()["content-type"], "application/json");
    let elements: Vec<serde_json::Value> = serde_json::from_str(&array.text().await.unwrap()).unwrap();
    let texts = elements.iter().filter_map(|element| element.pointer("/candidates/0/content/parts/0/text")?.as_str());
    assert_eq!(texts.collect::<String>(), response);
    assert!(DemoServer::start(0, 0.0).await.is_err());
}
