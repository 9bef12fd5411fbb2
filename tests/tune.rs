//! `tune`: thresholds fitted to labelled sessions.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use stutterscope::{
    core::{class::Class, engine::Engine, input::What, params::Param, profile::Profile, reading::DeltaId},
    session::{
        format::Header,
        notes::{self, Anchors, Expected, Label, Notes, Side},
        writer::Recorder,
    },
    tune::{Case, Example, Half, Tally, Wanted, fit, judge_all, split},
};
use support::{judge, session};

/// Streams in which the third delta repeats the text before it, which is as long as the number says.
const REPLAYS: [(&str, &[&str], usize); 6] = [
    ("r0", &["Open it", " now. ", "Open it now. ", "Thanks."], 13),
    ("r1", &["Save the", " file ", "Save the file ", "first."], 14),
    ("r2", &["It is a", " boat. ", "It is a boat. ", "A red one."], 14),
    ("r3", &["She left", " home ", "She left home ", "at nine."], 14),
    ("r4", &["Two more", " to do. ", "Two more to do. ", "Then rest."], 16),
    ("r5", &["Run all", " tests ", "Run all tests ", "again."], 14),
];

/// Streams in which somebody really says a short thing twice.
const FINE: [(&str, &[&str]); 6] = [
    ("f0", &["No, ", "no. ", "No, no. ", "Stop."]),
    ("f1", &["Ha, ", "ha! ", "Ha, ha! ", "Good."]),
    ("f2", &["Go ", "on. ", "Go on. ", "Yes."]),
    ("f3", &["All is well.", " The end."]),
    ("f4", &["One, ", "two, ", "three."]),
    ("f5", &["Very, ", "very, ", "very good."]),
];

fn example(id: &str, deltas: &[&str], label: impl Fn(&Engine) -> Notes) -> Example {
    let engine = judge(&session(deltas, 10), Profile::default());
    let expected = Expected::of(&label(&engine), &engine.reading).unwrap();
    Example { id: id.into(), reading: engine.reading, wanted: Wanted::Labels(expected), habits: Vec::new() }
}

fn fine(_: &Engine) -> Notes {
    Notes { stream: Some(Label::Fine), ..Notes::default() }
}

fn replayed(engine: &Engine) -> Notes {
    let mut notes = Notes::default();
    let delta = DeltaId(2);
    let text = engine.reading.delta(delta).text;
    let anchor = Anchors::of(&engine.reading).anchor(delta);
    notes.set(notes::DeltaLabel::new(anchor, Label::Stutter(Class::CumulativeReplay), text));
    notes
}

fn examples() -> Vec<Example> {
    let positives = REPLAYS.iter().map(|(id, deltas, _)| example(id, deltas, replayed));
    positives.chain(FINE.iter().map(|(id, deltas)| example(id, deltas, fine))).collect()
}

#[test]
fn a_threshold_moves_as_far_as_it_must_and_no_further() {
    let examples = examples();
    let mut seen = Vec::new();
    for seed in 0..8 {
        let halves = split(&examples, seed).unwrap();
        let fit = fit(&examples, &halves, &Profile::default());
        let shortest =
            REPLAYS.iter().zip(&halves).filter(|(_, half)| **half == Half::Fit).map(|(replay, _)| replay.2).min().unwrap();
        assert_eq!(fit.moved, [(Param::ReplayMinChars, 16, shortest as u64)], "seed {seed}");
        assert_eq!((fit.fitted.1.repaired, fit.fitted.1.repairable), (3, 3), "seed {seed}");
        assert_eq!(fit.fitted.1.harmed + fit.reported.1.harmed, 0);
        seen.push(shortest);
    }
    assert!(seen.contains(&13) && seen.contains(&14), "the seed decides which half is fitted: {seen:?}");
}

/// A longer repetition that is fine forbids what the others ask for, in whichever half it is.
#[test]
fn a_negative_of_either_half_forbids_going_further() {
    for seed in 0..8 {
        let mut examples = examples();
        examples.push(example("f6", &["Well, ", "well... ", "Well, well... ", "So be it."], fine));
        let halves = split(&examples, seed).unwrap();
        let fit = fit(&examples, &halves, &Profile::default());
        assert_eq!(fit.moved, [], "14 characters may be said twice, seed {seed}");
        let lower = {
            let mut profile = Profile::default();
            profile.params.set(Param::ReplayMinChars, 14);
            profile
        };
        assert_eq!(Tally::of(&judge_all(&examples, &lower)).harmed, 1, "so the fit was held back by that");
    }
}

#[test]
fn halves_have_of_everything_and_only_names_and_seed_decide() {
    let mut examples = examples();
    for seed in 0..20 {
        let halves = split(&examples, seed).unwrap();
        let fitted = |range: std::ops::Range<usize>| halves[range].iter().filter(|half| **half == Half::Fit).count();
        assert_eq!((fitted(0..6), fitted(6..12)), (3, 3), "seed {seed}");
    }
    let by_name = |examples: &[Example]| {
        let mut names: Vec<(String, bool)> = examples
            .iter()
            .zip(split(examples, 3).unwrap())
            .map(|(example, half)| (example.id.clone(), half == Half::Fit))
            .collect();
        names.sort();
        names
    };
    let before = by_name(&examples);
    examples.reverse();
    assert_eq!(by_name(&examples), before);
}

/// A labelled case, as eval reads it.
fn case(line: &str) -> Example {
    let (_, case) = stutterscope::session::import::cases::cases(line.as_bytes()).next().unwrap();
    let case = case.unwrap();
    let mut reading = stutterscope::core::reading::Reading::default();
    case.exchange.into_inputs().iter().for_each(|input| reading.fold(input));
    let wanted = Case::new(&reading, case.label).unwrap();
    Example { id: case.id, reading, wanted: Wanted::Case(Box::new(wanted)), habits: Vec::new() }
}

#[test]
fn cases_fare_as_eval_says() {
    let replay = |class: &str, kind: &str, expected: &str| {
        case(&format!(
            r#"{{"id":"x","class":"{class}","kind":"{kind}","repair":"latch","chunks":["Open it"," now. ","Open it now. ","Thanks."],"expected_text":"{expected}"}}"#
        ))
    };
    let low = {
        let mut profile = Profile::default();
        profile.params.set(Param::ReplayMinChars, 13);
        profile
    };
    let positive = replay("cumulative_replay", "positive", "Open it now. Thanks.");
    let (before, after) = (positive.judge(&Profile::default()), positive.judge(&low));
    assert_eq!((before.repairable, before.repaired, before.flagged), (true, false, false), "{before:?}");
    assert_eq!((after.repairable, after.repaired, after.flagged), (true, true, true), "{after:?}");
    let negative = replay("legit", "negative", "Open it now. Open it now. Thanks.");
    assert!(!negative.judge(&Profile::default()).harmed && negative.judge(&low).harmed);
    assert_eq!(negative.side(), Side::Negative);
    assert_eq!(replay("cumulative_replay", "ambiguous", "Open it now. Thanks.").side(), Side::Partial);
}

/// A folder with the sessions above, recorded and labelled.
fn place(replays: usize, fines: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let record = |id: &str, deltas: &[&str], label: &dyn Fn(&Engine) -> Notes| {
        let inputs = session(deltas, 10);
        let What::Start(start) = &inputs[0].what else { panic!("it starts") };
        let path = folder.path().join(format!("{id}.session"));
        let mut recorder = Recorder::create(&path, &Header::new(*start.clone(), &Profile::default())).unwrap();
        inputs.iter().for_each(|input| recorder.append(input));
        let notes = label(&judge(&inputs, Profile::default()));
        notes::write(&path, &notes, "").unwrap();
    };
    REPLAYS.iter().take(replays).for_each(|(id, deltas, _)| record(id, deltas, &replayed));
    FINE.iter().take(fines).for_each(|(id, deltas)| record(id, deltas, &fine));
    record("unlabelled", &["Nobody", " said", " anything."], &|_| Notes::default());
    folder
}

fn tune(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    command.arg("tune").args(arguments).current_dir(folder);
    command.env("STUTTERSCOPE_CONFIG", "").env("LANG", "C.UTF-8").env_remove("LC_ALL").env_remove("STUTTERSCOPE_ASCII");
    command.output().unwrap()
}

#[test]
fn the_command_prints_tables_and_curves_and_writes_a_profile() {
    let folder = place(6, 6);
    let output = tune(folder.path(), &[".", "-o", "mine.ron"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().all(|line| line.chars().count() < 132));
    // How many profiles are tried depends on the table of parameters.
    insta::with_settings!({filters => vec![(r"\d+ profiles tried", "N profiles tried")]}, { insta::assert_snapshot!("tune", text) });
    assert_eq!(tune(folder.path(), &[".", "-o", "again.ron"]).stdout, text.replace("mine", "again").into_bytes());
    let written = fs::read_to_string(folder.path().join("mine.ron")).unwrap();
    assert!(written.contains("name: \"mine\"") && written.contains("\"replay.min_chars\": 1"), "{written}");
    let profile = stutterscope::config::profile::read(&folder.path().join("mine.ron")).unwrap();
    assert!((13..=14).contains(&profile.params.get(Param::ReplayMinChars)));
    let output = Command::new(env!("CARGO_BIN_EXE_stutterscope"))
        .args(["check", "r1.session", "--profile", "mine.ron"])
        .current_dir(folder.path())
        .env("STUTTERSCOPE_CONFIG", "")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "what was fitted repairs: {}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn ascii_is_ascii() {
    let folder = place(6, 6);
    fs::write(folder.path().join("config.ron"), "(glyphs: ascii)").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    let output = command.args(["tune", "."]).current_dir(folder.path()).env("STUTTERSCOPE_CONFIG", "config.ron").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.is_ascii() && text.contains("1.00 |") && text.contains("the profile (-o FILE.ron writes it):"), "{text}");
}

#[test]
fn refusals_say_what_is_needed() {
    for (replays, fines, parts) in [
        (0, 0, ["none of the sessions has labels", "`a` labels a delta"]),
        (6, 0, ["all 6 labelled sessions are stutter", "4 or more sessions as fine"]),
        (0, 6, ["all 6 labelled sessions are fine", "4 or more sessions as stutter"]),
        (3, 2, ["3 sessions are labelled as stutter and 2 as fine; 4 of each", "label 1 more as stutter and 2 more as fine"]),
    ] {
        let output = tune(place(replays, fines).path(), &["."]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    }
    let folder = place(6, 6);
    fs::write(folder.path().join("r0.notes.ron"), "(format: 1, mood: 3)").unwrap();
    let output = tune(folder.path(), &["."]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("r0.notes.ron:1:") && text.contains("hint: "), "{text}");
    assert_eq!(output.status.code(), Some(2));
}

/// A label that calls a proved repair fine leaves no profile that harms nothing: that is said, and nothing is written.
#[test]
fn what_no_threshold_can_mend_is_named() {
    let folder = place(6, 6);
    // Event ids that come again with their text, behind more of them than any threshold asks for, are proof.
    let words: Vec<String> = (0..300).map(|word| format!("word{word} ")).collect();
    let order: Vec<usize> = (0..300).chain(290..300).collect();
    let deltas: Vec<&str> = order.iter().map(|word| words[*word].as_str()).collect();
    let mut inputs = session(&deltas, 10);
    let reads = inputs.iter_mut().filter_map(|input| match &mut input.what {
        What::Bytes(bytes) => Some(bytes),
        _ => None,
    });
    for (bytes, id) in reads.zip(&order) {
        bytes.splice(..0, format!("id: {id}\n").into_bytes());
    }
    let What::Start(start) = &inputs[0].what else { panic!("it starts") };
    let path = folder.path().join("wrong.session");
    let mut recorder = Recorder::create(&path, &Header::new(*start.clone(), &Profile::default())).unwrap();
    inputs.iter().for_each(|input| recorder.append(input));
    notes::write(&path, &Notes { stream: Some(Label::Fine), ..Notes::default() }, "").unwrap();
    let output = tune(folder.path(), &[".", "-o", "mine.ron"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("is taken out of wrong.session") && text.contains("hint: "), "{text}");
    assert!(!folder.path().join("mine.ron").exists());
}

/// What `eval` says of labelled recordings is what the labels say.
#[test]
fn eval_judges_labelled_sessions() {
    let folder = place(6, 6);
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    command.args(["eval", "r4.session", "r1.session", "f0.session", "--strategy", "evidence", "--format", "json"]);
    let output = command.current_dir(folder.path()).env("STUTTERSCOPE_CONFIG", "").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let sums: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let sums = &sums["strategies"]["evidence"];
    let count = |name: &str| sums[name].as_u64().unwrap();
    assert_eq!(
        [count("positives"), count("negatives"), count("harmed"), count("repairable"), count("repaired")],
        [2, 1, 0, 2, 1],
        "only the longer replay is proved: {text}"
    );
    assert_eq!(output.status.code(), Some(0));
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    let output =
        command.args(["eval", "unlabelled.session"]).current_dir(folder.path()).env("STUTTERSCOPE_CONFIG", "").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no label says what the whole stream is"));
}
