//! Every recording in sessions/, replayed through the core: its report by `evidence`, and what each strategy makes of it.
//!
//! A change of a verdict, a sentence or a byte shows here. `cargo insta review` shows it side by side.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use similar::{ChangeTag, TextDiff};
use stutterscope::{
    core::{
        engine::Engine,
        params::{Profile, STRATEGIES, Strategy},
    },
    report::Report,
    session::{
        reader::Warning,
        source::{self, Loaded},
        writer::Recorder,
    },
};

/// A recording of the folder.
struct Golden {
    name: String,
    path: PathBuf,
    loaded: Loaded,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions")
}

fn sessions() -> Vec<Golden> {
    let mut paths: Vec<_> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "session"));
    paths.sort();
    let golden = |path: PathBuf| {
        let loaded = source::load(&path).unwrap();
        Golden { name: path.file_stem().unwrap().to_string_lossy().into_owned(), path, loaded }
    };
    paths.into_iter().map(golden).collect()
}

impl Golden {
    fn judge(&self, strategy: Strategy) -> Engine {
        let mut engine = Engine::new(Profile { strategy, ..Profile::default() });
        for input in &self.loaded.inputs {
            engine.fold(input);
        }
        engine
    }

    fn report(&self, engine: &Engine) -> Report {
        Report::of(&engine.reading, &engine.judgement, &format!("sessions/{}.session", self.name))
    }
}

#[test]
fn reports() {
    for golden in sessions() {
        let report = golden.report(&golden.judge(Strategy::Evidence));
        insta::assert_snapshot!(format!("evidence_{}", golden.name), serde_json::to_string_pretty(&report).unwrap());
    }
}

/// Characters of `wanted` that `got` has not, and of `got` that `wanted` has not.
fn difference(wanted: &str, got: &str) -> (usize, usize) {
    if wanted == got {
        return (0, 0);
    }
    let diff = TextDiff::from_chars(wanted, got);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    (count(ChangeTag::Delete), count(ChangeTag::Insert))
}

#[test]
fn strategies() {
    let mut table =
        format!("{:<16} {:<10} {:<8} {:>10} {:>6} {:>6}\n", "session", "strategy", "verdict", "suppressed", "lost", "left");
    for golden in sessions() {
        let ours = golden.report(&golden.judge(Strategy::Evidence)).output;
        for (strategy, name, _) in STRATEGIES {
            let report = golden.report(&golden.judge(*strategy));
            // Against what `evidence` lets through, which the reports above show to be the answer.
            let (lost, left) = difference(&ours, &report.output);
            let verdict = report.verdict.word();
            writeln!(table, "{:<16} {name:<10} {verdict:<8} {:>10} {lost:>6} {left:>6}", golden.name, report.suppressed_chars)
                .unwrap();
        }
    }
    insta::assert_snapshot!("strategies", table);
}

#[test]
fn a_recording_opens_without_warnings_and_folds_and_is_written_again_the_same() {
    let copies = tempfile::tempdir().unwrap();
    for golden in sessions() {
        assert!(golden.loaded.warnings.iter().all(Warning::is_info), "{}: {:?}", golden.name, golden.loaded.warnings);
        let engine = golden.judge(Strategy::Evidence);
        let mut again = Engine::new(Profile::default());
        for input in source::open(&golden.path).unwrap() {
            again.fold(&input);
        }
        assert_eq!(golden.report(&engine), golden.report(&again), "{}", golden.name);
        let copy = copies.path().join(&golden.name);
        let mut recorder = Recorder::create(&copy, golden.loaded.header.as_ref().unwrap()).unwrap();
        golden.loaded.inputs.iter().for_each(|input| recorder.append(input));
        drop(recorder);
        assert!(fs::read(&copy).unwrap() == fs::read(&golden.path).unwrap(), "{} is written again as it was", golden.name);
    }
}

#[test]
fn the_folder_is_small_and_its_readme_names_every_recording() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let rows: Vec<_> = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let names: Vec<_> = sessions().into_iter().map(|golden| golden.name + ".session").collect();
    assert_eq!(rows, names, "one row each, in order of the names");
    let sizes: Vec<_> = sessions().into_iter().map(|golden| fs::metadata(golden.path).unwrap().len()).collect();
    assert!(sizes.iter().all(|size| *size < 120_000) && sizes.iter().sum::<u64>() < 700_000, "{sizes:?}");
}
