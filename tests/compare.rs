//! `compare`: judges of one session, and two sessions.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod screen_support;
mod support;

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;
use stutterscope::{
    compare::{Keeps, Losses, Partings, pieces},
    core::params::Strategy,
    session::{format::Header, writer::Recorder},
};
use support::{judge_by, session};
use tempfile::TempDir;

const LINE: &str = "Run the tests first. ";

/// A folder with one recording for each of `sessions`: a name and its deltas.
fn place(sessions: &[(&str, &[&str])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, deltas) in sessions {
        let inputs = session(deltas, 20);
        let stutterscope::core::input::What::Start(start) = &inputs[0].what else { panic!("it starts") };
        let header = Header::new(*start.clone(), &Default::default());
        let mut recorder = Recorder::create(&folder.path().join(name), &header).unwrap();
        inputs.iter().for_each(|input| recorder.append(input));
    }
    folder
}

fn compare(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    command.arg("compare").args(arguments).current_dir(folder.path()).env("STUTTERSCOPE_CONFIG", "");
    command.output().unwrap()
}

/// The text that `compare` prints and its exit code.
fn check(folder: &TempDir, arguments: &[&str], code: i32, parts: &[&str]) {
    let output = compare(folder, arguments);
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{text}");
    for part in parts {
        assert!(text.contains(part), "{arguments:?} lacks {part:?}:\n{text}");
    }
}

const REPLAYED: &[&str] = &["Run the", " tests first. ", LINE, "Then ship it."];

#[test]
fn strategies_part_at_a_delta_which_is_named() {
    let folder = place(&[("replay.session", REPLAYED), ("clean.session", &["All", " is", " well."])]);
    check(
        &folder,
        &["replay.session"],
        1,
        &[
            "they part first at delta 2, frame 2, 0.140s, text",
            "after    \"Run the tests first. \"",
            "A takes out \"Run the tests first. \" (cumulative_replay: ",
            "B passes it on whole",
            "they part at 1 delta: 0 chars only in A, 21 only in B",
            "    Run the tests first. {+Run the tests first. +}Then ship it.",
        ],
    );
    check(
        &folder,
        &["replay.session", "--strategy", "none", "--strategy", "evidence"],
        1,
        &["Run the tests first. [-Run the tests first. -]Then"],
    );
    check(&folder, &["clean.session"], 0, &["the same"]);
    check(
        &folder,
        &["clean.session", "--strategy", "evidence", "--strategy", "none", "--strategy", "growth"],
        0,
        &["growth · clean"],
    );
}

#[test]
fn a_threshold_or_a_profile_is_a_side() {
    let folder = place(&[("replay.session", REPLAYED)]);
    fs::write(folder.path().join("deaf.ron"), r#"(name: "deaf", params: {"replay.min_chars": 64})"#).unwrap();
    check(&folder, &["replay.session", "--param", "replay.min_chars=64"], 1, &["cumulative_replay             1        0"]);
    check(&folder, &["replay.session", "--param", "replay.min_chars=8"], 0, &["the same"]);
    check(&folder, &["replay.session", "--profile", "deaf.ron"], 1, &["evidence, deaf · clean"]);
}

#[test]
fn two_sessions_are_compared_by_text_and_not_by_time() {
    let folder = place(&[
        ("a.session", &["The red", " fox runs."]),
        ("same.session", &["The", " red fox", " runs."]),
        ("b.session", &["The red", " dog runs."]),
    ]);
    check(&folder, &["a.session", "same.session"], 0, &["the same", "deltas                            2            3"]);
    check(
        &folder,
        &["a.session", "b.session"],
        1,
        &["after    \"The red \"", "A delta 1, frame 1, 0.120s: \" fox runs.\"", "    The red [-fox-]{+dog+} runs."],
    );
    check(&folder, &["a.session", "missing.session"], 2, &["missing.session", "hint: "]);
    check(&folder, &["a.session", "b.session", "--strategy", "v1", "--strategy", "v2"], 2, &["under one strategy", "hint: "]);
}

#[test]
fn json_says_the_same() {
    let folder = place(&[("replay.session", REPLAYED)]);
    let output = compare(&folder, &["replay.session", "--format", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["schema"], &json["same"]), (&Value::from(1), &Value::from(false)));
    assert_eq!(json["parting"]["a"]["delta"], 2);
    assert_eq!(json["parting"]["channel"], "text");
    assert_eq!(json["parting"]["a"]["class"], "cumulative_replay");
    assert_eq!(json["findings"][0], serde_json::json!(["cumulative_replay", 1, 0]));
    assert_eq!(json["diff"][0]["runs"][1], serde_json::json!({"keeps": "b", "text": LINE}));
    assert_eq!(json["a"]["findings"]["cumulative_replay"], 1);
}

#[test]
fn hostile_text_is_not_obeyed() {
    let folder = place(&[("a.session", &["a\u{1b}[2J", "b"]), ("b.session", &["a\u{9b}31m", "b"])]);
    for format in ["text", "json"] {
        let output = compare(&folder, &["a.session", "b.session", "--format", format]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains(|char: char| char != '\n' && stutterscope::sanitise::is_unsafe(char)), "{text:?}");
    }
}

/// Pieces, partings and losses tell one story, whatever the strategies make of the recordings of this repository.
#[test]
fn pieces_add_up_to_both_outputs() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sessions");
    let mut parted = 0;
    for file in
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.extension() == Some("session".as_ref()))
    {
        let inputs = stutterscope::session::load(&file).unwrap().inputs;
        let base = judge_by(&inputs, Strategy::Evidence);
        for strategy in [Strategy::V1, Strategy::V2, Strategy::Growth, Strategy::None] {
            let other = judge_by(&inputs, strategy).judgement;
            let (reading, a, b) = (&base.reading, &base.judgement.output, &other.output);
            let all: Vec<_> = pieces(reading, a, b, 0..reading.delta_count()).collect();
            let kept = |by: Keeps| {
                all.iter().filter(|piece| piece.keeps != by).map(|piece| piece.text.chars().count() as u64).sum::<u64>()
            };
            let total = |output: &stutterscope::core::output::Output| -> u64 {
                pieces(reading, output, output, 0..reading.delta_count()).map(|piece| piece.text.chars().count() as u64).sum()
            };
            assert_eq!((kept(Keeps::B), kept(Keeps::A)), (total(a), total(b)), "{file:?} {strategy:?}");
            let losses = Losses::against(reading, a, b);
            assert_eq!(total(a) + losses.left, total(b) + losses.lost, "{file:?} {strategy:?}");
            let first = all.iter().find(|piece| piece.keeps != Keeps::Both).map(|piece| piece.delta);
            assert_eq!((losses.first, Partings::between(reading, a, b).next().map(|parting| parting.0)), (first, first));
            parted += losses.deltas;
        }
    }
    assert!(parted > 50, "{parted}");
}

#[test]
fn strategies_are_compared_on_the_screen() {
    use screen_support::press;

    let mut app = screen_support::app_with("demo/tour", &screen_support::demo_inputs("tour"), false);
    press(&mut app, &["G", "d"]);
    let compared = app.session().unwrap().compared.clone().unwrap();
    let row = compared.row(Strategy::None);
    assert_eq!((row.suppressed, row.losses.lost), (0, 0));
    assert_eq!(row.losses.left, compared.row(Strategy::Evidence).suppressed);
    // Where nothing parts the list stays open; elsewhere Enter goes there.
    press(&mut app, &["enter"]);
    assert!(!app.overlays.is_empty() && app.notice.as_ref().unwrap().contains("same text"));
    press(&mut app, &["down", "down", "down", "down", "down", "enter"]);
    assert!(app.overlays.is_empty());
    let session = app.session().unwrap();
    let delta = row.losses.first.unwrap();
    assert_eq!(session.cursor.frame(&session.engine.reading), Some(session.engine.reading.delta(delta).frame));
    // Another threshold makes another comparison.
    press(&mut app, &["t", "L", "L", "L", "L", "esc", "d"]);
    assert_eq!(app.session().unwrap().compared.as_ref().unwrap().row(Strategy::Evidence).suppressed, 0);
}

#[test]
fn long_sessions_are_compared_in_the_background() {
    use screen_support::press;
    use stutterscope::app::{Action, Effect, comparing::Compared, update};

    let words: Vec<String> = (0..9_000).map(|word| format!(" word{word}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut app = screen_support::app_with("long", &session(&words, 1), false);
    let effects = press(&mut app, &["d"]);
    let [Effect::Compare(id, profile)] = &effects[..] else { panic!("{effects:?}") };
    assert!(app.session().unwrap().compared.is_none());
    assert_eq!(press(&mut app, &["down", "enter"]), [], "the keys go on working");
    let compared = Compared::of(&app.session().unwrap().engine.reading, profile);
    update(&mut app, Action::Compared(*id, Box::new(compared)));
    assert!(app.session().unwrap().compared.is_some());
}
