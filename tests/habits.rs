//! Habits: what endpoints were proved to do, kept in a file, used where asked for and nowhere else.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;
#[path = "support/wire.rs"]
mod wire;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

use stutterscope::{
    core::{
        class::Class,
        engine::Engine,
        input::{Input, Start, What},
        params::Profile,
    },
    net::demo::DemoServer,
    session::{
        self,
        habits::{self, Habits, Lesson, endpoint},
    },
};
use support::{judge, session, text};
use wire::{exchange, post};

fn start_at(url: &str, wall: &str) -> Start {
    let What::Start(start) = support::start(true).what else { unreachable!() };
    Start { url: url.into(), wall: wall.into(), ..*start }
}

#[test]
fn an_endpoint_is_its_address_dialect_and_model_without_secrets() {
    for (url, expected) in [
        ("POST https://API.example.com:443/v1/chat/completions/", "https://api.example.com/v1/chat/completions openai-chat test"),
        ("POST http://me:secret@host:8080/v1?key=secret#x", "http://host:8080/v1 openai-chat test"),
        ("", " openai-chat test"),
    ] {
        assert_eq!(endpoint(&start_at(url, "")), expected);
    }
}

/// A session with `url` and these deltas, at this time.
fn at(url: &str, wall: &str, deltas: &[&str], profile: Profile) -> Engine {
    let mut inputs = session(deltas, 40);
    inputs[0].what = What::Start(Box::new(start_at(url, wall)));
    judge(&inputs, profile)
}

const URL: &str = "POST http://host/v1/chat/completions";
const STUTTER: [&str; 3] = ["He", "Hello", "Hello you"];
const CLEAN: [&str; 3] = ["Hello", " you", " there"];

fn learn(habits: &mut Habits, deltas: &[&str]) -> bool {
    let engine = at(URL, "2026-11-21T09:00:00Z", deltas, Profile::default());
    Lesson::of(&engine.reading, &engine.judgement).is_some_and(|lesson| habits.learn(&lesson))
}

#[test]
fn habits_grow_by_proof_and_fade_without_it() {
    let mut habits = Habits::default();
    let known = |habits: &Habits| habits.of(&start_at(URL, ""));
    assert!(!learn(&mut habits, &CLEAN), "a clean session teaches nothing");
    assert!(learn(&mut habits, &STUTTER) && learn(&mut habits, &STUTTER));
    assert_eq!(known(&habits), [(Class::CumulativeFull, 2)]);
    assert_eq!(habits.of(&start_at("POST http://other/v1/chat/completions", "")), []);
    assert!(!learn(&mut habits, &["Hi"]), "one delta shows nothing");
    assert!(learn(&mut habits, &CLEAN));
    assert_eq!(known(&habits), [(Class::CumulativeFull, 1)]);
    learn(&mut habits, &CLEAN);
    assert_eq!((known(&habits), habits), (vec![], Habits::default()), "what was mended is forgotten");
}

#[test]
fn what_a_habit_decided_is_no_proof_for_it() {
    let mut habits = Habits::default();
    learn(&mut habits, &STUTTER);
    let profile = Profile { habits: habits.of(&start_at(URL, "")), ..Profile::default() };
    let engine = at(URL, "2026-11-21T09:00:00Z", &["ha", "haha"], profile);
    assert_eq!(text(&engine), "haha");
    assert!(engine.judgement.findings[0].evidence.contains("1 earlier session"));
    assert!(Lesson::of(&engine.reading, &engine.judgement).is_none_or(|lesson| !habits.learn(&lesson)));
}

#[test]
fn the_file_is_small_private_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/habits.ron");
    assert_eq!(Habits::load(&path).unwrap(), Habits::default());
    let mut habits = Habits::default();
    for number in 0..300 {
        let engine = at(
            &format!("POST http://host/{number}"),
            &format!("2026-01-01T00:{:02}:{:02}Z", number / 60, number % 60),
            &STUTTER,
            Profile::default(),
        );
        habits.learn(&Lesson::of(&engine.reading, &engine.judgement).unwrap());
    }
    habits.save(&path).unwrap();
    assert_eq!(Habits::load(&path).unwrap(), habits);
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.contains("http://host/299 ") && !text.contains("http://host/43 ") && text.contains("http://host/44 "),
        "the oldest go"
    );
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_foreign_file_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("habits.ron");
    let engine = at(URL, "", &STUTTER, Profile::default());
    for (content, expected) in [
        ("my notes", "habits.ron:1:"),
        ("(format: 2, endpoints: {})", "its format is 2"),
        ("(format: 1,\n endpoints: { \"x\": { \"y\": (sessions: -1, last: \"\") } })", "habits.ron:2:"),
        ("", "habits.ron:1:1"),
    ] {
        fs::write(&path, content).unwrap();
        let error = habits::learn(&path, &engine.reading, &engine.judgement).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("hint: "), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    // A class of a later version is no error.
    fs::write(
        &path,
        format!("(format: 1, endpoints: {{ {:?}: {{ \"new_class\": (sessions: 1, last: \"\") }} }})", endpoint(&start_at(URL, ""))),
    )
    .unwrap();
    assert_eq!(Habits::load(&path).unwrap().of(&start_at(URL, "")), []);
}

fn run(data: &Path, config: &str, args: &[&str]) -> Output {
    let path = data.join("config.ron");
    fs::write(&path, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    command.args(args).env("STUTTERSCOPE_CONFIG", path).env("STUTTERSCOPE_DATA_DIR", data).env_remove("STUTTERSCOPE_PROFILE");
    command.output().unwrap()
}

#[test]
fn live_sessions_use_them_where_asked_and_the_recording_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let file = data.join("habits.ron");
    let told = run(data, "()", &["sessions", "--habits"]);
    assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), file.to_str().unwrap());
    let send = ["send", "hi", "-m", "demo/cumulative", "--speed", "1000"];
    run(data, "()", &send);
    assert!(!file.exists(), "off unless asked for");
    run(data, "(habits: true)", &send);
    assert!(fs::read_to_string(&file).unwrap().contains("cumulative_full"), "{file:?}");
    let one = data.join("one.session");
    let two = data.join("two.session");
    run(data, "(habits: true)", &[&send[..], &["-o", one.to_str().unwrap()]].concat());
    // The embedded server has another port each time, and is another endpoint for that.
    let start = |path: &Path| session::load(path).unwrap().header.unwrap();
    let learned = fs::read_to_string(&file).unwrap().replace(&endpoint(&start(&one).start), "elsewhere");
    let named = data.join("named.ron");
    fs::write(&named, &learned).unwrap();
    run(data, "()", &[&send[..], &["-o", two.to_str().unwrap(), "--habits", named.to_str().unwrap()]].concat());
    assert_ne!(fs::read_to_string(&named).unwrap(), learned, "it was added to");
    assert_eq!(start(&two).habits.len(), 0, "nothing was known of this endpoint");
}

#[test]
fn who_only_looks_reads_no_habits_unless_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    // A recording of a doubtful stream, and a file that knows its endpoint.
    let inputs = session(&["ha", "haha"], 40);
    let path = data.join("doubt.session");
    record(&path, &inputs);
    let known = format!(
        "(format: 1, endpoints: {{ {:?}: {{ \"cumulative_full\": (sessions: 3, last: \"\") }} }})",
        endpoint(&session::load(&path).unwrap().header.unwrap().start)
    );
    fs::write(data.join("habits.ron"), &known).unwrap();
    let output = |args: &[&str]| {
        let out = run(data, "(habits: true)", &[&["check", "--format", "json", path.to_str().unwrap()], args].concat());
        let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        json["output"].as_str().unwrap().to_owned()
    };
    assert_eq!(output(&[]), "hahaha");
    let named = data.join("habits.ron");
    assert_eq!(output(&["--habits", named.to_str().unwrap()]), "haha");
    assert_eq!(fs::read_to_string(&named).unwrap(), known, "it only looked");
    let compared = |args: &[&str]| {
        let out = run(data, "(habits: true)", &[&["compare", "--format", "json", path.to_str().unwrap()], args].concat());
        let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        let side = |side: &str| (json[side]["judged"].as_str().unwrap().to_owned(), json[side]["outputs"][0].clone());
        (side("a"), side("b"))
    };
    let side = |judged: &str, text: &str| (judged.to_owned(), serde_json::Value::from(text));
    let both = ["--habits", named.to_str().unwrap()];
    assert_eq!(compared(&[]), (side("evidence", "hahaha"), side("none", "hahaha")));
    assert_eq!(compared(&both), (side("evidence", "hahaha"), side("evidence, with habits", "haha")));
    let none = [&both[..], &["--strategy", "evidence", "--strategy", "none"]].concat();
    assert_eq!(compared(&none), (side("evidence, with habits", "haha"), side("none, with habits", "hahaha")));
    assert_eq!(fs::read_to_string(&named).unwrap(), known, "it only looked");
    let damaged = data.join("damaged.ron");
    fs::write(&damaged, "?").unwrap();
    assert_eq!(output(&["--habits", damaged.to_str().unwrap()]), "hahaha");
}

fn record(path: &Path, inputs: &[Input]) {
    let What::Start(start) = &inputs[0].what else { unreachable!() };
    let header = session::format::Header::new((**start).clone(), &Profile::default());
    let mut recorder = session::writer::Recorder::create(path, &header).unwrap();
    inputs[1..].iter().for_each(|input| recorder.append(input));
    drop(recorder);
}

/// Two calls one after the other: the second is judged with what the first showed, and its recording says so.
#[test]
fn calls_through_the_proxy_use_them_where_asked() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let upstream = runtime.block_on(DemoServer::start(0, 100.0)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path(), folder.path().join("habits.ron"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    command.args(["proxy", &format!("{}/v1", upstream.root()), "--headless", "--habits", file.to_str().unwrap()]);
    command.env("STUTTERSCOPE_CONFIG", "").env("STUTTERSCOPE_DATA_DIR", data).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut line_with = |part: &str| lines.find(|line| line.contains(part)).unwrap();
    let line = line_with("Ctrl-C ends it");
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    let recorded = [1, 2].map(|number| {
        let body = r#"{"model":"demo/cumulative","stream":true,"messages":[]}"#;
        assert!(exchange(address, &post(address, "/v1/chat/completions", "", body)).complete);
        let line = line_with(&format!("call {number}: stutter"));
        session::load(Path::new(line.split("recorded in ").nth(1).unwrap())).unwrap().header.unwrap().habits
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(recorded[0].is_empty());
    assert_eq!(
        recorded[1].iter().map(|(class, sessions)| (class.as_str(), *sessions)).collect::<Vec<_>>(),
        [("cumulative_full", 1)]
    );
    let habits = Habits::load(&file).unwrap();
    let start = Start {
        url: format!("POST {}/v1/chat/completions", upstream.root()),
        dialect: Some("openai-chat".into()),
        model: "demo/cumulative".into(),
        ..Start::default()
    };
    assert_eq!(habits.of(&start), [(Class::CumulativeFull, 2)]);
}
