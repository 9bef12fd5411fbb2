//! `loop.stop`: a stream that is proved to go round in a loop is ended by this program, if its profile says so and the stream is
//! its own; a recording says so too, and other thresholds show where they would have ended it.
#![allow(clippy::unwrap_used)]

mod support;
#[path = "support/paced.rs"]
mod paced;

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use rstest::rstest;
use stutterscope::{
    app::{Action, App, Effect, update},
    core::{
        engine::Engine,
        input::{End, Input, OurEnd, What},
        machine::{EndReason, State},
        params::{Param, Profile},
        profile::Preset,
        time::Micros,
    },
    report::{Report, text::to_text},
};
use support::{frame, judge, opening, read, session};

fn profile(preset: Preset, stop: u64) -> Profile {
    let mut profile = Profile::of(preset);
    profile.params.set(Param::LoopStop, stop);
    profile
}

/// The delta and the copies at which `deltas` are asked to end.
fn stop(deltas: &[&str], profile: Profile) -> Option<(u32, u64)> {
    let engine = judge(&session(deltas, 5), profile);
    engine.judgement.stop.map(|stop| (stop.delta.0, stop.copies))
}

fn repeated<'a>(before: &[&'a str], unit: &'a str, copies: usize, after: &[&'a str]) -> Vec<&'a str> {
    [before, &vec![unit; copies], after].concat()
}

#[rstest]
#[case::off(Preset::Safe, 0, None)]
#[case::at_that_many_copies(Preset::Safe, 150, Some((150, 150)))]
#[case::not_before_it_is_proved(Preset::Safe, 10, Some((101, 101)))]
#[case::not_so_many(Preset::Safe, 400, None)]
#[case::who_looks_on_wants_all(Preset::Observe, 150, None)]
fn where_a_loop_is_to_end(#[case] preset: Preset, #[case] least: u64, #[case] expected: Option<(u32, u64)>) {
    let deltas = repeated(&["So it was."], " court", 300, &[" And so on, as they say."]);
    assert_eq!(stop(&deltas, profile(preset, least)), expected);
}

#[test]
fn who_is_eager_ends_loops_and_who_is_careful_does_not() {
    let deltas = repeated(&["So it was."], " court", 300, &[]);
    assert_eq!(stop(&deltas, Profile::default()), None);
    assert_eq!(stop(&deltas, Profile::of(Preset::Eager)), Some((200, 200)));
}

/// What is only likely, or is no loop, is not ended.
#[rstest]
#[case::short(&["la ", "la "], 40)]
#[case::ruler(&["="], 300)]
#[case::rows(&["2024-01-01,0,0,0,OK\n"], 300)]
fn what_goes_on(#[case] unit: &[&str], #[case] copies: usize) {
    assert_eq!(stop(&unit.repeat(copies), profile(Preset::Safe, 1)), None);
}

#[test]
fn lines_that_may_be_a_list_go_on() {
    let lines: Vec<String> = (0..400).map(|at| format!("Here is item {at} of the list.\n")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(stop(&lines, profile(Preset::Safe, 1)), None);
}

/// The inputs of a loop that this program ended after `copies` copies.
fn ended(copies: usize) -> Vec<Input> {
    let mut inputs = opening();
    inputs.push(read(50, frame("content", "So it was.")));
    inputs.extend((0..copies as u64).map(|at| read(100 + 5 * at, frame("content", " court"))));
    inputs.push(Input { at: Micros::from_millis(5_000), what: What::End(End::Us(OurEnd::Loop)) });
    inputs
}

#[test]
fn its_end_is_its_own() {
    let engine = judge(&ended(152), profile(Preset::Safe, 150));
    let Engine { reading, judgement } = &engine;
    assert_eq!((judgement.ended, judgement.state()), (Some(EndReason::Loop), State::Terminating));
    let last = judgement.transitions.last().unwrap();
    assert_eq!(last.cause, "the session ended: loop, 152 copies of \" court\" back to back (912 characters)");
    let report = Report::of(reading, judgement, "run");
    let told = report.loop_stop.unwrap();
    assert_eq!((told.delta, told.frame, told.copies, told.ended), (150, 150, 150, true));
    assert!(
        to_text(&report).contains("loop.stop ended the stream at 0.845s, delta 150, frame 150, after 150 copies"),
        "{}",
        to_text(&report)
    );
    assert_eq!(report.findings.len(), 1, "the end is no fault of its own: {:#?}", report.findings);
}

/// The same recording under other thresholds: what they would have done is said, what came is shown.
#[test]
fn another_threshold_shows_where_it_would_have_ended() {
    let inputs = session(&repeated(&["So it was."], " court", 300, &[]), 5);
    for least in [120, 150, 299] {
        let engine = judge(&inputs, profile(Preset::Safe, least));
        let report = Report::of(&engine.reading, &engine.judgement, "run");
        let told = report.loop_stop.unwrap();
        assert_eq!((told.copies, told.ended, report.deltas), (least, false, 301));
        assert!(to_text(&report).contains("loop.stop would have ended the stream"), "{}", to_text(&report));
        assert_eq!(engine.judgement.ended, Some(EndReason::Finished));
    }
    let without = judge(&inputs, Profile::default());
    let text = serde_json::to_string(&Report::of(&without.reading, &without.judgement, "run")).unwrap();
    assert!(!text.contains("loop_stop"));
}

/// On the screen a loop is ended while it goes on, once, and one that is over is not.
#[test]
fn the_screen_asks_for_the_end_once() {
    let mut app = App::new(Vec::new());
    let arrive = |app: &mut App, inputs: &[Input]| {
        let (id, now) = (app.session().unwrap().id, inputs.last().unwrap().at);
        (id, update(app, Action::Arrived { session: id, inputs: inputs.to_vec(), now, closed: false }))
    };
    let begin = |app: &mut App, title: &str| {
        update(app, Action::Piped(title.into()));
        let engine = Engine::new(profile(Preset::Safe, 150));
        app.sessions.last_mut().unwrap().engine = engine.into();
    };
    begin(&mut app, "looping");
    let inputs = ended(300);
    assert!(arrive(&mut app, &inputs[..140]).1.is_empty());
    let (id, effects) = arrive(&mut app, &inputs[140..200]);
    assert_eq!(effects, [Effect::EndLoop(id)]);
    assert!(arrive(&mut app, &inputs[200..250]).1.is_empty());

    begin(&mut app, "looped");
    let over = session(&repeated(&[], " court", 200, &[" and then it went on as if nothing had been", ", as they do."]), 5);
    assert!(arrive(&mut app, &over[..over.len() - 2]).1.is_empty());
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    command.args(arguments).env_clear().env("STUTTERSCOPE_DATA_DIR", folder).env("HOME", folder).env("STUTTERSCOPE_CONFIG", "");
    command.stdin(Stdio::null()).output().unwrap()
}

/// The real thing: the stream is dropped, the recording says why, and `check` says the same.
#[test]
fn a_stream_that_is_sent_for_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.session");
    let path = path.to_str().unwrap();
    let chunks = std::iter::repeat_n(paced::delta(" court"), 4_000).collect();
    let server = paced::Paced::start(Duration::from_millis(2), chunks);
    let url = server.url.as_str();
    let sent = run(folder.path(), &["send", "-u", url, "-m", "m", "--param", "loop.stop=120", "-o", path, "Hello"]);
    let said = String::from_utf8_lossy(&sent.stderr).into_owned();
    assert_eq!(sent.status.code(), Some(1), "{said}");
    assert!(said.contains("loop.stop ended the stream"), "{said}");

    let chunks = server.notes.lock().unwrap().sent.len();
    assert!(chunks < 4_000, "the server was not told: it wrote {chunks}");

    let loaded = stutterscope::session::load(Path::new(path)).unwrap();
    let ends: Vec<&What> = loaded.inputs.iter().map(|input| &input.what).filter(|what| matches!(what, What::End(_))).collect();
    assert_eq!(ends, [&What::End(End::Us(OurEnd::Loop))]);
    assert!(!loaded.inputs.iter().any(|input| input.what == What::Cancel), "nobody cancelled it");
    let replayed = judge(&loaded.inputs, loaded.header.unwrap().profile());
    assert_eq!(replayed.judgement.ended, Some(EndReason::Loop));
    assert!(replayed.reading.delta_count() < 2_000, "{} deltas came", replayed.reading.delta_count());

    let checked = run(folder.path(), &["check", "--format", "json", "--param", "loop.stop=120", path]);
    let report: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!((&report["loop_stop"]["ended"], &report["loop_stop"]["copies"]), (&true.into(), &120.into()));
    let cause = report["transitions"].as_array().unwrap().last().unwrap()["cause"].as_str().unwrap();
    assert!(cause.starts_with("the session ended: loop, "), "{cause}");
}

/// The same request without that parameter takes all that comes.
#[test]
fn a_loop_goes_on_where_nobody_minds() {
    let folder = tempfile::tempdir().unwrap();
    let mut chunks: Vec<String> = std::iter::repeat_n(paced::delta(" court"), 300).collect();
    chunks.push(paced::finish());
    let server = paced::Paced::start(Duration::ZERO, chunks);
    let sent = run(folder.path(), &["send", "-u", &server.url, "-m", "m", "--no-save", "Hello"]);
    assert_eq!(String::from_utf8_lossy(&sent.stdout).matches(" court").count(), 300);
}
