//! The README's commands are commands of this program, and the files it names are there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use clap::Parser;
use stutterscope::cli::Cli;

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What stands in code: indented lines without the words beside them, and spans between backticks.
fn code(text: &str) -> Vec<String> {
    let mut code = Vec::new();
    for line in text.lines() {
        if line.starts_with("    ") {
            code.push(line.trim().to_owned());
        } else {
            code.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    code
}

/// The arguments of a command line, from its program on; the words beside it are set off by spaces.
fn arguments(line: &str) -> Option<Vec<String>> {
    let rest = ["stutterscope ", "cargo run --release -- "].iter().find_map(|program| Some(line.split_once(program)?.1))?;
    let rest = rest.split("   ").next()?.trim();
    let mut arguments = vec!["stutterscope".to_owned()];
    for (index, part) in rest.split('"').enumerate() {
        if index % 2 == 1 {
            arguments.push(part.to_owned());
        } else {
            arguments.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    Some(arguments)
}

#[test]
fn commands_are_understood() {
    let commands: Vec<_> = code(&readme()).iter().filter_map(|line| arguments(line)).collect();
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        if let Err(error) = Cli::try_parse_from(&command) {
            panic!("{command:?}: {error}");
        }
    }
}

#[test]
fn files_are_there() {
    let text = readme() + &fs::read_to_string(root().join("sessions/README.md")).unwrap();
    let named: Vec<_> = text
        .split(|char: char| char.is_whitespace() || "`()\"".contains(char))
        .map(|word| word.trim_end_matches(['.', ',']))
        .filter(|word| ["sessions/", "src/", "tests/", "assets/", "benches/"].iter().any(|folder| word.starts_with(folder)))
        .collect();
    assert!(!named.is_empty());
    for name in named {
        assert!(root().join(name).exists(), "the README names {name}");
    }
}

#[test]
fn the_configuration_in_it_is_understood() {
    let text = readme();
    let block = text.split("\n    (\n").nth(1).unwrap().split("\n    )\n").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.ron");
    fs::write(&path, format!("({block})")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    command.args(["send", "hi", "--curl"]).env("STUTTERSCOPE_CONFIG", &path).env("STUTTERSCOPE_DATA_DIR", folder.path());
    let output = command.env("LOCAL_KEY", "k").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("http://localhost:8000/v1"), "{told}");
}
