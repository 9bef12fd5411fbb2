//! `send`, the real binary: text leaves when it is released, nothing that came is lost, and the exit code tells.
#![allow(clippy::unwrap_used)]

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use stutterscope::{
    core::{
        engine::Engine,
        input::{End, Input, OurEnd, PauseCause, What},
        machine::EndReason,
        reading::Channel,
    },
    session,
};

#[path = "support/paced.rs"]
mod paced;
use paced::{Paced, delta, finish};

/// A folder of its own for each test, and commands that know no other.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn send(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
        command.arg("send").args(arguments);
        command.env_clear().env("STUTTERSCOPE_DATA_DIR", self.0.path()).env("HOME", self.0.path()).env("STUTTERSCOPE_CONFIG", "");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.send(arguments).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn replayed(path: &Path) -> (Vec<Input>, Engine) {
    let loaded = session::load(path).unwrap();
    let mut engine = Engine::new(loaded.header.unwrap().profile());
    loaded.inputs.iter().for_each(|input| engine.fold(input));
    (loaded.inputs, engine)
}

fn body(inputs: &[Input]) -> String {
    let reads = inputs.iter().filter_map(|input| if let What::Bytes(bytes) = &input.what { Some(&bytes[..]) } else { None });
    text(&reads.collect::<Vec<_>>().concat())
}

#[test]
fn each_delta_is_written_when_it_is_released() {
    let words: Vec<String> = (0..24).map(|number| format!(" word-{number:02}")).collect();
    let gap = Duration::from_millis(60);
    let server = Paced::start(gap, words.iter().map(|word| delta(word)).chain([finish()]).collect());
    let place = Place::new();
    let mut child = place.send(&["-u", &server.url, "-m", "m", "--no-save", "Hello"]).spawn().unwrap();

    // A reader with a clock: when had how many bytes come?
    let mut out = child.stdout.take().unwrap();
    let (mut all, mut arrivals, mut buffer) = (Vec::new(), Vec::new(), [0; 4096]);
    loop {
        let read = out.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        all.extend_from_slice(&buffer[..read]);
        arrivals.push((all.len(), Instant::now()));
    }
    assert_eq!(text(&all), words.concat());
    assert!(child.wait().unwrap().success());

    let sent = server.notes.lock().unwrap().sent.clone();
    let mut end = 0;
    for (number, word) in words.iter().enumerate() {
        end += word.len();
        let arrived = arrivals.iter().find(|(len, _)| *len >= end).unwrap().1;
        let lag = arrived.saturating_duration_since(sent[number]);
        assert!(lag < Duration::from_millis(700), "{word} was sent and not seen for {lag:?}");
    }
    let spread = arrivals.last().unwrap().1 - arrivals[0].1;
    assert!(spread > gap * 12, "all came within {spread:?}");
    assert!(arrivals.len() >= 12, "only {} reads", arrivals.len());
}

#[test]
fn a_kill_loses_nothing_older_than_a_tenth_of_a_second() {
    let place = Place::new();
    // A linear congruence: the twenty moments are the same in every run.
    let mut seed = 0x5EED_u64;
    for round in 0..20 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = Duration::from_millis(150 + (seed >> 33) % 500);
        let chunks: Vec<String> = (0..400).map(|number| delta(&format!(" {number}"))).collect();
        let server = Paced::start(Duration::from_millis(4), chunks.clone());
        let path = place.file(&format!("{round}.session"));
        let mut child = place.send(&["-u", &server.url, "-m", "m", "-o", path.to_str().unwrap(), "Hello"]).spawn().unwrap();
        wait_until(|| !server.notes.lock().unwrap().sent.is_empty());
        thread::sleep(moment);
        let killed = Instant::now();
        child.kill().unwrap();
        child.wait().unwrap();

        let sent = server.notes.lock().unwrap().sent.clone();
        let old = sent.iter().filter(|at| killed.saturating_duration_since(**at) > Duration::from_millis(100)).count();
        assert!(old > 0, "round {round} killed before it mattered");
        let (inputs, _) = replayed(&path);
        let wanted = chunks[..old].concat();
        let got = body(&inputs);
        assert!(got.starts_with(&wanted), "round {round}: {} of {} bytes are there", got.len(), wanted.len());
    }
}

fn wait_until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited for 20 s");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn exit_codes() {
    let place = Place::new();
    let check = |arguments: &[&str], code: i32, part: &str| {
        let output = place.run(arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(part), "{arguments:?}: {stderr}");
    };
    check(&["-m", "clean", "--speed", "50"], 0, "recorded in");
    check(&["-m", "replay", "--speed", "50"], 1, "cumulative_replay");
    check(&["-m", "cut", "--speed", "50"], 1, "terminal_anomaly");
    check(&["-P", "none"], 2, "hint: known are demo, demo-anthropic");
    check(&["-P", "openai", "Hello"], 2, "OPENAI_API_KEY");
    check(&["-d", "no JSON"], 2, "not JSON");
    check(&["-d", "{\"model\": \"m\"}"], 2, "--unchecked");
    check(&["-d", "@missing.json"], 2, "missing.json");
    check(&["-u", "nothing", "-m", "m", "Hello"], 2, "hint: a base URL looks like");
    check(&["-m", "error", "--attempts", "1"], 3, "server_error");
    check(&["-m", "unauthorized"], 3, "hint: set the provider's API key");
    check(&["-m", "reset", "--speed", "50"], 3, "terminal_anomaly");
    check(&["-m", "hang", "--speed", "10", "--idle-timeout", "200ms"], 3, "idle timeout");
    check(&["-m", "clean", "--max-time", "300ms"], 3, "took too long");
    check(&["-u", "http://127.0.0.1:9/v1", "-m", "m", "--attempts", "1", "Hello"], 3, "refused");
}

#[test]
fn an_interrupt_cancels_the_stream_and_completes_the_recording() {
    let place = Place::new();
    let path = place.file("run.session");
    let mut child = place.send(&["-m", "clean", "-o", path.to_str().unwrap()]).spawn().unwrap();
    let mut first = [0; 1];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));

    let (inputs, engine) = replayed(&path);
    assert!(inputs.iter().any(|input| input.what == What::Cancel));
    assert!(inputs.iter().any(|input| input.what == What::End(End::Us(OurEnd::Cancelled))));
    let shown = text(&first) + &text(&output.stdout);
    assert_eq!(shown, engine.judgement.output.text(&engine.reading, 0, Channel::Text));
}

#[test]
fn an_interrupt_ends_the_wait_for_a_retry() {
    let place = Place::new();
    let mut child = place.send(&["-m", "rate-limit", "--no-save"]).spawn().unwrap();
    let mut said = [0; 75];
    child.stderr.as_mut().unwrap().read_exact(&mut said).unwrap();
    assert!(text(&said).contains("tried again in 30 s"), "{}", text(&said));
    let begun = Instant::now();
    interrupt(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(5), "it waited on");
}

fn interrupt(child: &Child) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

#[test]
fn a_reader_that_goes_away_is_success() {
    let place = Place::new();
    let mut child = place.send(&["-m", "clean", "--no-save"]).spawn().unwrap();
    drop(child.stdout.take());
    let begun = Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(3), "it read on for nobody");
}

#[test]
fn what_is_sent_and_what_is_kept_of_it() {
    let server = Paced::start(Duration::from_millis(1), vec![delta("the key is sk-proj-0123456789abcdef"), finish()]);
    let place = Place::new();
    let path = place.file("run.session");
    let body_file = place.file("body.json");
    std::fs::write(&body_file, r#"{ "model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": true }"#).unwrap();
    let data = format!("@{}", body_file.display());
    let mut command =
        place.send(&["-P", "openai", "-u", &server.url, "-H", "X-Trace: 7", "-d", &data, "-o", path.to_str().unwrap()]);
    let output = command.env("OPENAI_API_KEY", "sk-proj-0123456789abcdef").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    let (head, body) = server.notes.lock().unwrap().requests[0].clone();
    assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1"), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("authorization: bearer sk-proj-0123456789abcdef"), "{head}");
    assert!(head.contains("x-trace: 7") && head.contains("accept: text/event-stream"), "{head}");
    assert!(!head.contains("accept-encoding"), "{head}");
    assert_eq!(
        body, r#"{ "model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": true }"#,
        "a complete body is sent as it is"
    );

    let kept = text(&std::fs::read(&path).unwrap());
    assert!(!kept.contains("0123456789abcdef") && !text(&output.stdout).contains("0123456789abcdef"), "{kept}");
    assert_eq!(text(&output.stdout).len(), "the key is sk-proj-0123456789abcdef".len(), "masked at the same length");
}

#[test]
fn standard_input_raw_bytes_and_remarks() {
    let chunks = vec![delta("Hello"), finish()];
    let server = Paced::start(Duration::from_millis(1), chunks.clone());
    let place = Place::new();
    let piped = |arguments: &[&str], input: &str| {
        let mut child = place.send(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let base = ["-u", &server.url, "-m", "m", "--no-save"];
    let output = piped(&base, "What is new?\n");
    assert_eq!(text(&output.stdout), "Hello");
    let output = piped(&[&base[..], &["--raw", "-v", "--unchecked", "-d", "@-"]].concat(), r#"{"stream": false}"#);
    assert_eq!(text(&output.stdout), chunks.concat());
    let stderr = text(&output.stderr);
    assert!(stderr.contains("\"stream\": true was set") && stderr.contains("< 200"), "{stderr}");

    let requests = server.notes.lock().unwrap().requests.clone();
    assert!(requests[0].1.contains("What is new?"), "{}", requests[0].1);
    assert_eq!(requests[1].1, r#"{"model":"m","stream":true}"#);
}

#[test]
fn a_suspended_process_blames_nobody() {
    let words: Vec<String> = (0..30).map(|number| format!(" word-{number:02}")).collect();
    let server = Paced::start(Duration::from_millis(40), words.iter().map(|word| delta(word)).chain([finish()]).collect());
    let place = Place::new();
    let path = place.file("run.session");
    let flags = ["--param", "stall.gap_ms=1000", "--idle-timeout", "1s", "-m", "m", "-o", path.to_str().unwrap()];
    let mut child = place.send(&[&["-u", &server.url], &flags[..], &["Hello"]].concat()).spawn().unwrap();
    let mut first = [0; 1];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    thread::sleep(Duration::from_millis(2_500));
    kill_process(pid, Signal::CONT).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(text(&first) + &text(&output.stdout), words.concat());
    assert!(!stderr.contains("stall") && stderr.contains("clean"), "{stderr}");

    let (inputs, _) = replayed(&path);
    let pauses = inputs.iter().filter_map(|input| match input.what {
        What::Paused { us, cause: PauseCause::Suspended } => Some(us),
        _ => None,
    });
    let pauses: Vec<u64> = pauses.collect();
    assert_eq!(pauses.len(), 1, "{pauses:?}");
    assert!((2_000_000..10_000_000).contains(&pauses[0]), "{pauses:?}");
}

#[test]
fn a_fallback_is_asked_when_the_first_provider_fails() {
    let server = Paced::start(Duration::from_millis(1), vec![delta("From the second."), finish()]);
    let place = Place::new();
    let config = place.file("config.ron");
    let entries = format!(
        r#"(provider: "first", max_attempts: 2, desk: (retry: (base_ms: 1, cap_ms: 5)), providers: {{
            "first": (base_url: "http://127.0.0.1:9/v1", model: "one", fallbacks: ["none", "claude", "second"]),
            "claude": (base_url: "http://127.0.0.1:9/v1", model: "three", dialect: "anthropic"),
            "second": (base_url: {:?}, model: "two"),
        }})"#,
        server.url
    );
    std::fs::write(&config, entries).unwrap();
    let path = place.file("run.session");
    let mut command = place.send(&["-v", "-o", path.to_str().unwrap(), "Hello"]);
    let output = command.env("STUTTERSCOPE_CONFIG", &config).output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(text(&output.stdout), "From the second.", "{stderr}");
    for part in
        ["`none` is left out: there is no such provider", "`claude` is left out: it speaks anthropic", "is asked for two instead"]
    {
        assert!(stderr.contains(part), "{stderr}");
    }
    let requests = server.notes.lock().unwrap().requests.clone();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].1.contains(r#""two""#) && requests[0].1.contains("Hello"), "{requests:?}");

    let (inputs, engine) = replayed(&path);
    let attempts = inputs.iter().filter_map(|input| match &input.what {
        What::Attempt(attempt) => Some((attempt.number, attempt.model.as_str())),
        _ => None,
    });
    assert_eq!(attempts.collect::<Vec<_>>(), [(0, "one"), (1, "one"), (2, "two")]);
    assert_eq!(engine.judgement.ended, Some(EndReason::Finished));
}

#[test]
fn a_key_that_the_server_echoes_is_shown_and_kept_nowhere() {
    const KEY: &str = "sk-proj-0123456789abcdef";
    let echo = delta(&format!("you sent {KEY}"));
    let error = format!("{{\"error\":{{\"message\":\"Incorrect API key provided: {KEY}\",\"type\":\"invalid_request_error\"}}}}");
    let cut = |text: &str, after: usize| {
        let (first, second) = text.split_at(text.find(KEY).unwrap() + after);
        vec![first.to_owned(), second.to_owned()]
    };
    for (status, chunks, code) in [
        (format!("200 OK\r\nx-echo: {KEY}\r\nset-cookie: k={KEY}"), [cut(&echo, 18), vec![finish()]].concat(), 0),
        (format!("200 {KEY}"), [cut(&echo, 4), cut(&echo, 23), vec![finish()]].concat(), 0),
        ("401 Unauthorized".into(), cut(&error, 20), 3),
    ] {
        let server = Paced::start_as(&status, Duration::from_millis(60), chunks);
        let with_password = server.url.replace("http://", "http://user:secret-password@");
        for (url, flag) in [(&server.url, None), (&with_password, Some(format!("authorization: Bearer {KEY}")))] {
            let place = Place::new();
            let path = place.file("run.session");
            let mut command = place.send(&["-P", "openai", "-u", url, "-v", "-o", path.to_str().unwrap(), "Hello"]);
            command.args(flag.iter().flat_map(|header| ["-H", header]));
            let output = command.env("OPENAI_API_KEY", KEY).output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
            assert!(server.notes.lock().unwrap().requests[0].0.contains(KEY), "it was sent");

            let mut check = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
            check.args(["check", "--format", "json"]).arg(&path).env_clear().env("STUTTERSCOPE_CONFIG", "");
            let report = check.output().unwrap();
            assert!(!report.stdout.is_empty(), "{}", text(&report.stderr));
            let places = [
                ("recording", std::fs::read(&path).unwrap()),
                ("stdout", output.stdout),
                ("stderr", output.stderr),
                ("report", report.stdout),
            ];
            for (name, bytes) in places {
                let shown = text(&bytes);
                // What a read ends with may be the beginning of anything, up to the twelfth byte.
                assert!(!shown.contains(&KEY[11..]) && !shown.contains(&KEY[..12]), "{name}: {shown}");
                assert!(!shown.contains("secret-password"), "{name}: {shown}");
            }
        }
    }
}
