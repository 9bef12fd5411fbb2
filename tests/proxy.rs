//! The observing proxy, over real sockets: the client gets what the upstream sends, and the session is what happened.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use stutterscope::{
    core::{
        dialect,
        input::{End, Input, Origin, OurEnd, PauseCause, Start, TransportError, What},
    },
    net::{
        demo::DemoServer,
        proxy::{Call, Event, ProxyServer, Recording, Upstream},
    },
    session,
};
use tokio::sync::mpsc::UnboundedReceiver;

#[path = "support/paced.rs"]
mod paced;
#[path = "support/wire.rs"]
mod wire;
use paced::{Paced, delta, finish};
use wire::{connect, exchange, post};

/// A proxy that records in a folder of its own.
struct Place {
    folder: tempfile::TempDir,
    server: Option<ProxyServer>,
    events: UnboundedReceiver<Event>,
    address: SocketAddr,
}

impl Place {
    async fn before(upstream: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let recording = Recording { folder: Some(folder.path().to_owned()), ..Recording::default() };
        let started = ProxyServer::start(0, Upstream::parse(upstream).unwrap(), None, recording).await;
        let (server, events) = started.unwrap();
        Place { folder, address: server.address(), server: Some(server), events }
    }

    async fn call(&mut self) -> Call {
        loop {
            let event = tokio::time::timeout(Duration::from_secs(20), self.events.recv()).await.unwrap();
            if let Event::Call(call) = event.unwrap() {
                return call;
            }
        }
    }

    /// The inputs of the next call, once it has ended; as many were recorded.
    async fn ended(&mut self) -> Vec<Input> {
        let call = self.call().await;
        inputs(&call).await
    }

    fn recordings(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

async fn inputs(call: &Call) -> Vec<Input> {
    assert!(call.unrecorded.is_none());
    let (began, mut inputs) = (Instant::now(), Vec::new());
    while !call.log.is_closed() {
        assert!(began.elapsed() < Duration::from_secs(20), "the call did not end");
        let _ = tokio::time::timeout(Duration::from_millis(100), call.log.changed()).await;
    }
    call.log.drain(&mut inputs);
    assert_eq!(inputs, recorded(&call.log.path().unwrap()), "live and recorded are the same");
    inputs
}

fn recorded(path: &Path) -> Vec<Input> {
    let loaded = session::load(path).unwrap();
    assert!(loaded.warnings.iter().all(|warning| warning.is_info()), "{:?}", loaded.warnings);
    loaded.inputs
}

fn body(inputs: &[Input]) -> Vec<u8> {
    let reads = inputs.iter().filter_map(|input| if let What::Bytes(bytes) = &input.what { Some(&bytes[..]) } else { None });
    reads.collect::<Vec<_>>().concat()
}

fn start(inputs: &[Input]) -> &Start {
    let What::Start(start) = &inputs[0].what else { panic!("{inputs:?}") };
    start
}

fn end(inputs: &[Input]) -> &End {
    let What::End(end) = &inputs.last().unwrap().what else { panic!("{inputs:?}") };
    end
}

const CHAT: &str = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"Hello"}]}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_gets_the_bytes_of_the_upstream() {
    let (direct, behind) = (DemoServer::start(0, 50.0).await.unwrap(), DemoServer::start(0, 50.0).await.unwrap());
    let mut place = Place::before(&behind.root()).await;
    for dialect in DemoServer::dialects() {
        for scenario in ["clean", "cumulative", "split-emoji", "error"] {
            let path = DemoServer::path(dialect).replace("{model}", &format!("demo/{scenario}"));
            let request = (dialect.request)(&format!("demo/{scenario}"), "Hello");
            let wanted = exchange(direct.address(), &post(direct.address(), &path, "", &request));
            let got = exchange(place.address, &post(place.address, &path, "", &request));
            let inputs = place.ended().await;
            let what = format!("{} {scenario}", dialect.id);
            assert_eq!((got.end_to_end(), got.complete), (wanted.end_to_end(), true), "{what}");
            assert!(got.body == wanted.body && !got.body.is_empty(), "{what}");
            assert!(body(&inputs) == got.body, "{what}: the recording has other bytes");
            assert_eq!(*end(&inputs), End::Eof, "{what}");
            let start = start(&inputs);
            assert_eq!((start.origin, start.dialect.as_deref()), (Origin::Proxied, Some(dialect.id)));
            assert_eq!((start.model.as_str(), &start.body), (format!("demo/{scenario}").as_str(), &request));
            assert_eq!(start.url, format!("POST {}{path}", behind.root()));
        }
    }
    assert!(dialect::by_url(&start(&recorded(&place.recordings()[0])).url).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unusual_answer_passes_as_it_is() {
    let upstream = wire::server(|mut stream, _| {
        let head = "HTTP/1.1 299 Quite Fine\r\ncontent-encoding: gzip\r\nx-twice: 1\r\nx-twice: 2\r\ncontent-length: 5\r\nconnection: x-hop\r\nx-hop: 1\r\n\r\n";
        stream.write_all(&[head.as_bytes(), b"\x1f\x8b\x00\xff\n"].concat()).unwrap();
    });
    let mut place = Place::before(&format!("http://{upstream}/base")).await;
    let got = exchange(place.address, &post(place.address, "/x?a=%20b", "", "{}"));
    assert!(got.head.starts_with("HTTP/1.1 299 Quite Fine\r\n"), "{}", got.head);
    assert!(got.head.contains("x-twice: 1\r\nx-twice: 2") && !got.head.contains("x-hop"), "{}", got.head);
    assert!(got.head.contains("content-encoding: gzip") && got.head.contains("content-length: 5"), "{}", got.head);
    assert_eq!((&got.body[..], got.complete), (&b"\x1f\x8b\x00\xff\n"[..], true));
    let inputs = place.ended().await;
    assert_eq!((body(&inputs), end(&inputs)), (got.body, &End::Eof));
    assert_eq!(start(&inputs).url, format!("POST http://{upstream}/base/x?a=%20b"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_back() {
    let words: Vec<String> = (0..24).map(|number| format!(" word-{number:02}")).collect();
    let gap = Duration::from_millis(60);
    let upstream = Paced::start(gap, words.iter().map(|word| delta(word)).chain([finish()]).collect());
    let mut place = Place::before(&upstream.url).await;
    let got = exchange(place.address, &post(place.address, "/v1/chat/completions", "", CHAT));
    assert!(got.complete);
    let sent = upstream.notes.lock().unwrap().sent.clone();
    for (number, word) in words.iter().enumerate() {
        let lag = got.arrival(word).saturating_duration_since(sent[number]);
        assert!(lag < Duration::from_millis(500), "{word} was sent and not seen for {lag:?}");
    }
    let spread = got.arrival(&words[23]) - got.arrival(&words[0]);
    assert!(spread > gap * 12 && got.reads.len() > 12, "{} reads in {spread:?}", got.reads.len());
    let inputs = place.ended().await;
    let reads: Vec<_> = inputs.iter().filter(|input| matches!(input.what, What::Bytes(_))).map(|input| input.at).collect();
    assert!(reads.len() > 12 && reads[reads.len() - 1].since(reads[0]).0 > 720_000, "{reads:?}");
    assert!(!inputs.iter().any(|input| matches!(input.what, What::Paused { .. })), "the client was not slow");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_ends_the_upstreams_request() {
    for answered in [true, false] {
        let (closed, seen) = mpsc::channel();
        let closed = Mutex::new(closed);
        let upstream = wire::server(move |mut stream, _| {
            if answered {
                let event = delta("word");
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
                stream.write_all(format!("{head}{:x}\r\n{event}\r\n", event.len()).as_bytes()).unwrap();
            }
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            // Nothing is sent here any more, so a read that ends says that the peer has closed.
            let gone = !stream.read(&mut [0; 16]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
            closed.lock().unwrap().send(gone).unwrap();
        });
        let mut place = Place::before(&format!("http://{upstream}/v1")).await;
        let mut client = connect(place.address);
        client.write_all(post(place.address, "/chat/completions", "", CHAT).as_bytes()).unwrap();
        let call = place.call().await;
        if answered {
            client.read_exact(&mut [0; 64]).unwrap();
        }
        client.shutdown(Shutdown::Both).unwrap();
        drop(client);
        assert!(seen.recv_timeout(Duration::from_secs(20)).unwrap(), "the upstream was not let go");
        let inputs = inputs(&call).await;
        assert_eq!(*end(&inputs), End::Us(OurEnd::Cancelled));
        assert_eq!(inputs[inputs.len() - 2].what, What::Cancel);
        assert_eq!(body(&inputs).is_empty(), !answered);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_cuts_the_connection_has_the_clients_cut() {
    let upstream = DemoServer::start(0, 20.0).await.unwrap();
    let mut place = Place::before(&upstream.root()).await;
    for scenario in ["reset", "early-close", "bad-chunk"] {
        let request = CHAT.replace("\"m\"", &format!("\"demo/{scenario}\""));
        let got = exchange(place.address, &post(place.address, "/v1/chat/completions", "", &request));
        let inputs = place.ended().await;
        assert!(!got.complete && got.head.starts_with("HTTP/1.1 200 "), "{scenario}");
        assert!(matches!(end(&inputs), End::Reset | End::Error { class: TransportError::Protocol, .. }), "{scenario}");
        assert!(!got.body.is_empty() && got.body == body(&inputs), "{scenario}: the client lacks what came before the cut");
    }
    // However much comes at once before the cut.
    let flood = wire::server(|mut stream, _| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
        stream.write_all((head.to_owned() + &chunk.repeat(24)).as_bytes()).unwrap();
    });
    let mut flooded = Place::before(&format!("http://{flood}")).await;
    for round in 0..10 {
        let got = exchange(flooded.address, &post(flooded.address, "/v1/x", "", "{}"));
        let inputs = flooded.ended().await;
        assert_eq!((end(&inputs), got.complete, got.body.len()), (&End::Reset, false, 24 * 0x1000), "round {round}");
    }
    // Before the head there is no answer at all; what came of a body whose length is known is too short.
    for (sent, head) in [("", ""), ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "HTTP/1.1 200 OK")] {
        let upstream = wire::server(move |mut stream, _| stream.write_all(sent.as_bytes()).unwrap());
        let mut place = Place::before(&format!("http://{upstream}")).await;
        let got = exchange(place.address, &post(place.address, "/v1/x", "", "{}"));
        assert!(got.head.starts_with(head) && got.head.is_empty() == head.is_empty() && !got.complete, "{}", got.head);
        let inputs = place.ended().await;
        assert_eq!((end(&inputs), body(&inputs)), (&End::Reset, got.body));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_is_not_there_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut place = Place::before(&format!("http://{free}/v1")).await;
    let got = exchange(place.address, &post(place.address, "/v1/chat/completions", "", CHAT));
    let text = String::from_utf8_lossy(&got.body).into_owned();
    assert!(got.head.starts_with("HTTP/1.1 502 ") && got.complete, "{}", got.head);
    assert!(text.contains("stutterscope_proxy") && text.contains(&free.to_string()) && text.contains("hint: "), "{text}");
    assert!(matches!(end(&place.ended().await), End::Error { class: TransportError::Connect, .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_refused_before_anything_is_passed_on() {
    let upstream = DemoServer::start(0, 50.0).await.unwrap();
    let mut place = Place::before(&upstream.root()).await;
    let port = place.address.port();
    let here = format!("host: localhost:{port}\r\n");
    let check = |line: &str, headers: &str, status: &str| {
        let got = exchange(place.address, &format!("{line} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n"));
        assert!(got.head.starts_with(&format!("HTTP/1.1 {status} ")), "{line} {headers}: {}", got.head);
    };
    check("GET /v1/models", &format!("host: rebound.example:{port}\r\n"), "403");
    check("GET /v1/models", "host: 127.0.0.1:1\r\n", "403");
    check("GET /v1/models", "", "400");
    check("GET /v1/models", &format!("{here}origin: https://evil.example\r\n"), "403");
    check("GET /v1/models", &format!("{here}origin: null\r\n"), "403");
    check(&format!("GET http://{}/v1/models", upstream.address()), &here, "400");
    check(&format!("GET http://localhost:{port}/v1/models"), &here, "400");
    check("CONNECT evil.example:443", &here, "400");
    check("GET /v1/../x", &here, "400");
    check("GET /v1/models", &format!("{here}x-long: {}\r\n", "x".repeat(200_000)), "431");
    check("GET /v1/models", &format!("{here}{}", "x-many: 1\r\n".repeat(500)), "431");
    assert_eq!(upstream.connections(), 0);
    check("GET /v1/models", &here, "200");
    check("GET /v1/models", &format!("{here}origin: http://localhost:3000\r\n"), "200");
    let mut refused = 0;
    while let Ok(event) = place.events.try_recv() {
        match event {
            Event::Call(call) => panic!("{} is no session", call.title),
            Event::Refused { reason, .. } => {
                assert!(reason.contains("hint: "), "{reason}");
                refused += 1;
            }
            Event::Passed { status, .. } => assert_eq!(status, Some(200)),
        }
    }
    assert_eq!((refused, place.recordings().len()), (9, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_pass_and_are_not_recorded() {
    const KEY: &str = "sk-proj-0123456789abcdef";
    let upstream = Paced::start(Duration::ZERO, vec![delta(&format!("wrong key {KEY}")), finish()]);
    for header in ["authorization: Bearer ", "x-api-key: "] {
        let mut place = Place::before(&upstream.url).await;
        let request = CHAT.replace("Hello", KEY);
        let got = exchange(place.address, &post(place.address, "/v1/chat/completions", &format!("{header}{KEY}\r\n"), &request));
        assert!(String::from_utf8_lossy(&got.body).contains(KEY), "the client gets what was sent");
        let (head, sent) = upstream.notes.lock().unwrap().requests.pop().unwrap();
        assert!(head.contains(&format!("{header}{KEY}\r\n")) && sent == request, "{head}{sent}");
        let inputs = place.ended().await;
        let stars = "*".repeat(KEY.len());
        assert!(start(&inputs).body.contains(&stars));
        assert_eq!(body(&inputs), String::from_utf8_lossy(&got.body).replace(KEY, &stars).into_bytes());
        let file = std::fs::read(&place.recordings()[0]).unwrap();
        assert!(!String::from_utf8_lossy(&file).contains(KEY));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_calls_at_once_are_two_sessions() {
    let words: Vec<String> = (0..10).map(|number| delta(&format!(" word-{number}"))).collect();
    let upstream = Paced::start(Duration::from_millis(50), words.iter().cloned().chain([finish()]).collect());
    let mut place = Place::before(&upstream.url).await;
    let address = place.address;
    let clients: Vec<_> = ["first", "second"]
        .into_iter()
        .map(|model| {
            let request = post(address, "/v1/chat/completions", "", &CHAT.replace("\"m\"", &format!("\"{model}\"")));
            thread::spawn(move || exchange(address, &request))
        })
        .collect();
    let answers: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    let spans: Vec<_> = answers.iter().map(|answer| (answer.reads[0].1, answer.reads[answer.reads.len() - 1].1)).collect();
    assert!(spans[0].0 < spans[1].1 && spans[1].0 < spans[0].1, "one waited for the other");
    let sessions = [place.ended().await, place.ended().await];
    let mut models: Vec<_> = sessions.iter().map(|inputs| start(inputs).model.as_str()).collect();
    models.sort_unstable();
    assert_eq!(models, ["first", "second"]);
    for (answer, inputs) in answers.iter().zip(&sessions) {
        assert!(answer.complete && answer.body == body(inputs) && *end(inputs) == End::Eof);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_serves_one_call_after_another() {
    let upstream = DemoServer::start(0, 50.0).await.unwrap();
    let mut place = Place::before(&upstream.root()).await;
    let mut client = connect(place.address);
    let request = CHAT.replace("\"m\"", "\"demo/empty\"");
    let request = post(place.address, "/v1/chat/completions", "", &request).replace("connection: close\r\n", "");
    for _ in 0..3 {
        client.write_all(request.as_bytes()).unwrap();
        let (mut raw, mut byte) = (Vec::new(), [0]);
        while !raw.ends_with(b"\r\n0\r\n\r\n") {
            client.read_exact(&mut byte).unwrap();
            raw.push(byte[0]);
        }
        assert_eq!(*end(&place.ended().await), End::Eof);
    }
    assert_eq!(upstream.connections(), 1, "the upstream's connection is kept too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_clients_time_is_not_the_providers() {
    const LEN: usize = 24 << 20;
    let upstream = wire::server(|mut stream, _| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {LEN}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![b'\n'; LEN]).unwrap();
    });
    let mut place = Place::before(&format!("http://{upstream}")).await;
    let mut client = connect(place.address);
    client.write_all(post(place.address, "/v1/chat/completions", "", CHAT).as_bytes()).unwrap();
    let call = place.call().await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    // While it lasts, not only when it is over: a deadline must not fire in it.
    let mut early = Vec::new();
    call.log.drain(&mut early);
    let paused = |inputs: &[Input]| -> u64 {
        let pauses = inputs.iter().map(|input| match input.what {
            What::Paused { us, cause: PauseCause::BackPressure } => us,
            _ => 0,
        });
        pauses.sum()
    };
    let us = paused(&early);
    assert!((300_000..1_100_000).contains(&us), "{us} µs");
    assert!(body(&early).len() < LEN, "all was read although nobody took it");
    let got = wire::read(&mut client);
    assert!(got.complete && got.body.len() == LEN);
    let inputs = recorded(&call.log.path().unwrap());
    assert_eq!(body(&inputs).len(), LEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_watches_can_end_a_call() {
    let upstream = DemoServer::start(0, 1.0).await.unwrap();
    let mut place = Place::before(&upstream.root()).await;
    let request = CHAT.replace("\"m\"", "\"demo/hang\"");
    let mut client = connect(place.address);
    client.write_all(post(place.address, "/v1/chat/completions", "", &request).as_bytes()).unwrap();
    let call = place.call().await;
    client.read_exact(&mut [0; 200]).unwrap();
    call.cancel.send_replace(true);
    assert!(!wire::read(&mut client).complete);
    let inputs = inputs(&call).await;
    assert_eq!(*end(&inputs), End::Us(OurEnd::Cancelled));
    assert_eq!(inputs[inputs.len() - 2].what, What::Cancel);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_it_stops_every_session_has_its_end() {
    let upstream = DemoServer::start(0, 1.0).await.unwrap();
    let mut place = Place::before(&upstream.root()).await;
    let request = CHAT.replace("\"m\"", "\"demo/hang\"");
    let mut client = connect(place.address);
    client.write_all(post(place.address, "/v1/chat/completions", "", &request).as_bytes()).unwrap();
    let call = place.call().await;
    client.read_exact(&mut [0; 200]).unwrap();
    place.server.take().unwrap().stop().await;
    assert!(call.log.is_closed());
    assert_eq!(*end(&inputs(&call).await), End::Us(OurEnd::Shutdown));
    assert!(!wire::read(&mut client).complete);
    assert!(place.events.recv().await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_does_not_call_itself() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let upstream = Upstream::parse(&format!("http://localhost:{}/v1", free.port())).unwrap();
    let error = ProxyServer::start(free.port(), upstream, None, Recording::default()).await.err().unwrap();
    assert!(error.to_string().contains("hint: "), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_tells_of_every_call() {
    check_command(rustix::process::Signal::INT, 130).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_to_terminate_ends_it_in_order_too() {
    check_command(rustix::process::Signal::TERM, 143).await;
}

/// The command: lines on standard error, JSON on standard output, an orderly end.
async fn check_command(signal: rustix::process::Signal, code: i32) {
    use std::process::{Command, Stdio};
    let upstream = DemoServer::start(0, 20.0).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    command.args(["proxy", &format!("{}/v1", upstream.root()), "--json"]);
    command.env_clear().env("STUTTERSCOPE_DATA_DIR", folder.path()).env("HOME", folder.path()).env("STUTTERSCOPE_CONFIG", "");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = Arc::new(Mutex::new(String::new()));
    let (told, mut stderr) = (lines.clone(), child.stderr.take().unwrap());
    let reader = thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stderr.read(&mut buffer) {
            told.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    });
    let wait_for = |text: &str| {
        let began = Instant::now();
        while !lines.lock().unwrap().contains(text) {
            assert!(began.elapsed() < Duration::from_secs(20), "no `{text}` in {}", lines.lock().unwrap());
            thread::sleep(Duration::from_millis(10));
        }
    };
    wait_for("; Ctrl-C ends it");
    let address: SocketAddr = {
        let lines = lines.lock().unwrap();
        lines.split("http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap()
    };
    let request =
        |scenario: &str| post(address, "/v1/chat/completions", "", &CHAT.replace("\"m\"", &format!("\"demo/{scenario}\"")));
    assert!(exchange(address, &request("cumulative")).complete);
    wait_for("call 1: stutter: cumulative_full; status 200, finished after ");
    let mut hanging = connect(address);
    hanging.write_all(request("hang").as_bytes()).unwrap();
    hanging.read_exact(&mut [0; 200]).unwrap();
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, signal).unwrap();
    let output = child.wait_with_output().unwrap();
    reader.join().unwrap();
    assert_eq!(output.status.code(), Some(code));
    let reports: Vec<serde_json::Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reports.iter().map(|report| &report["verdict"]).collect::<Vec<_>>(), ["stutter", "clean"]);
    for report in &reports {
        let inputs = recorded(Path::new(report["file"].as_str().unwrap()));
        assert_eq!(start(&inputs).provider, "");
    }
    assert!(lines.lock().unwrap().contains("call 2: clean; status 200, cancelled after "));
}
