//! What was judged live equals what the recording replays: whole, with timeouts, cancel, retries and broken connections.
#![allow(clippy::unwrap_used)]

use std::{
    fmt::Write,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use stutterscope::{
    core::{
        desk::{Desk, Timeouts},
        dialect,
        engine::Engine,
        input::{End, OurEnd, TransportError, What},
        params::Profile,
        reading::FrameId,
        time::{Micros, Moment},
    },
    net::{
        client::{self, Save},
        demo::DemoServer,
        request::RequestSpec,
    },
    session,
};
use tokio::sync::watch;

#[path = "support/net.rs"]
mod net;

/// Sends `spec`, records it at `path` and judges it as it comes, deadlines included, as `send` and the screen do.
/// Cancels after `cancel_after` deltas, if that is given.
async fn live(spec: RequestSpec, path: &Path, cancel_after: Option<u32>) -> Engine {
    let profile = Profile::default();
    let log = client::open(&spec, &profile, Save::At(path)).unwrap();
    let (cancel, cancelled) = watch::channel(None);
    let sending = tokio::spawn(client::run(spec, Arc::new(Mutex::new(Desk::default())), log.clone(), cancelled));
    let mut engine = Engine::new(profile);
    let mut inputs = Vec::new();
    loop {
        let closed = log.is_closed();
        let now = log.drain(&mut inputs);
        inputs.drain(..).for_each(|input| engine.fold(&input));
        engine.advance(now);
        if closed {
            break;
        }
        if cancel_after.is_some_and(|deltas| engine.reading.delta_count() >= deltas) {
            cancel.send_replace(Some(OurEnd::Cancelled));
        }
        let deadline = engine.judgement.next_deadline();
        let wait = deadline.map_or(Duration::from_secs(60), |at| Duration::from_micros(at.since(log.now()).0));
        let _ = tokio::time::timeout(wait, log.changed()).await;
    }
    sending.await.unwrap();
    engine
}

/// Everything of a session that somebody could see.
fn digest(engine: &Engine) -> String {
    let Engine { reading, judgement } = engine;
    let mut out = String::new();
    for id in 0..reading.frame_count() {
        let frame = FrameId(id);
        writeln!(out, "{:?} at {:?}: {:?}", reading.frame(frame), reading.frame_at(frame), reading.notes_of(frame)).unwrap();
    }
    for id in reading.delta_ids() {
        writeln!(out, "{:?}", reading.delta(id)).unwrap();
    }
    writeln!(out, "{:?}\n{:?}\n{:?}", reading.marks(), judgement.findings, judgement.transitions).unwrap();
    writeln!(out, "{:?}\n{:?}\n{:?}", judgement.scores, judgement.output, judgement.ended).unwrap();
    writeln!(out, "{:?}", judgement.state_at(Moment::END)).unwrap();
    out
}

fn replayed(path: &Path) -> Engine {
    let loaded = session::load(path).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let mut engine = Engine::new(loaded.header.unwrap().profile());
    loaded.inputs.iter().for_each(|input| engine.fold(input));
    engine
}

/// Sends, replays, compares, and gives the last end.
async fn check(name: &str, spec: RequestSpec, cancel_after: Option<u32>) -> End {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.session");
    let live = live(spec, &path, cancel_after).await;
    assert_eq!(digest(&live), digest(&replayed(&path)), "{name}");
    let mut ends =
        live.reading.marks().iter().filter_map(|mark| if let What::End(end) = &mark.what { Some(end.clone()) } else { None });
    ends.next_back().unwrap_or_else(|| panic!("{name} has no end"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_in_every_dialect() {
    let server = DemoServer::start(0, 20.0).await.unwrap();
    for dialect in DemoServer::dialects() {
        for name in [
            "tour",
            "cumulative",
            "held-laugh",
            "replay-stamp",
            "split-emoji",
            "malformed",
            "early-close",
            "bad-chunk",
            "error-then-good",
        ] {
            check(name, net::spec(&server, dialect, name), None).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timeouts_and_cancel() {
    let server = DemoServer::start(0, 10.0).await.unwrap();
    let openai = dialect::by_id("openai-chat").unwrap();
    let millis = |millis| Some(Micros::from_millis(millis));
    let with = |name: &str, timeouts: Timeouts| RequestSpec { timeouts, ..net::spec(&server, openai, name) };
    let none = Timeouts::default();

    let idle = check("idle", with("hang", Timeouts { idle: millis(150), ..none }), None).await;
    assert_eq!(idle, End::Us(OurEnd::IdleTimeout));
    let total = check("total", with("keepalive", Timeouts { total: millis(300), ..none }), None).await;
    assert_eq!(total, End::Us(OurEnd::TotalTimeout));
    let waiting = check("retry wait", with("rate-limit", Timeouts { total: millis(300), ..none }), None).await;
    assert_eq!(waiting, End::Us(OurEnd::TotalTimeout));
    let cancelled = check("cancel", net::spec(&server, openai, "clean"), Some(5)).await;
    assert_eq!(cancelled, End::Us(OurEnd::Cancelled));
    let masked = check("a hold that time ends", net::spec(&server, openai, "stall"), None).await;
    assert_eq!(masked, End::Eof);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_end_as_what_they_are() {
    let server = DemoServer::start(0, 20.0).await.unwrap();
    let openai = dialect::by_id("openai-chat").unwrap();
    for (name, wanted) in [("early-close", End::Reset), ("reset", End::Reset), ("cut", End::Eof), ("in-stream-error", End::Eof)] {
        assert_eq!(check(name, net::spec(&server, openai, name), None).await, wanted, "{name}");
    }
    let protocol = check("bad-chunk", net::spec(&server, openai, "bad-chunk"), None).await;
    assert!(matches!(protocol, End::Error { class: TransportError::Protocol, .. }), "{protocol:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_answers() {
    let openai = dialect::by_id("openai-chat").unwrap();
    // A port that was free a moment ago, and whose owner is gone.
    let server = DemoServer::start(0, 1.0).await.unwrap();
    let mut spec = net::spec(&server, openai, "clean");
    spec.max_attempts = 1;
    drop(server);
    let end = check("refused", spec.clone(), None).await;
    assert!(matches!(end, End::Error { class: TransportError::Connect, .. }), "{end:?}");

    // It accepts, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    spec.base_url = format!("http://{}/v1", silent.local_addr().unwrap());
    spec.timeouts.first_byte = Some(Micros::from_millis(150));
    assert_eq!(check("silent", spec, None).await, End::Us(OurEnd::FirstByteTimeout));
}
