//! The README's tables are the program's tables. `UPDATE_README=1 cargo test --test docs` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{env, fs, path::PathBuf};

use stutterscope::{
    app::action::{ACTIONS, Context},
    core::{
        class::CLASSES,
        params::{PARAMS, STRATEGIES},
        profile::{PROFILES, Profile},
    },
    eval::{self, Labelled, table},
    session::import::cases::cases,
};

fn classes() -> String {
    let mut text = String::from("| class | family | what it is |\n| --- | --- | --- |\n");
    for info in CLASSES {
        let family = format!("{:?}", info.family).to_lowercase();
        text += &format!("| `{}` | {family} | {} |\n", info.name, info.title);
    }
    text
}

fn keys() -> String {
    let mut text = String::from("| keys | what they do | where |\n| --- | --- | --- |\n");
    let contexts = [Context::Screen, Context::Tuning, Context::Composer, Context::List, Context::Everywhere];
    for context in contexts {
        for info in ACTIONS.iter().filter(|info| info.context == context && !info.keys.is_empty()) {
            let keys: Vec<String> = info.keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
            text += &format!("| {} | {} | {} |\n", keys.join(" "), info.title, context.title());
        }
    }
    text
}

fn params() -> String {
    let mut text = String::from("| id | default | range | what it does |\n| --- | --- | --- | --- |\n");
    for info in PARAMS {
        let unit = info.unit.suffix();
        text += &format!("| `{}` | {}{unit} | {} to {} | {} |\n", info.id, info.default, info.range.0, info.range.1, info.about);
    }
    text
}

fn profiles() -> String {
    let mut text = String::from("| profile | proved | likely | what it does |\n| --- | --- | --- | --- |\n");
    for info in PROFILES {
        let word = |action| format!("{action:?}").to_lowercase();
        text += &format!("| `{}` | {} | {} | {}", info.name, word(info.proved), word(info.likely), info.about);
        for (index, (param, value)) in info.params.iter().enumerate() {
            let row = param.info();
            text += &format!("{} `{}` {value}{}", if index == 0 { ":" } else { "," }, row.id, row.unit.suffix());
        }
        text += " |\n";
    }
    text
}

fn strategies() -> String {
    let mut text = String::from("| strategy | what it does |\n| --- | --- |\n");
    for (_, name, about) in STRATEGIES {
        text += &format!("| `{name}` | {about} |\n");
    }
    text
}

fn comparison() -> String {
    let cases = cases(include_bytes!("fixtures/cases.jsonl")).map(|(_, case)| Labelled::from(case.unwrap()));
    let strategies = eval::every_strategy();
    let tallies = eval::tally(cases, &Profile::default(), &strategies);
    let generated = eval::tally(eval::generated(1, 400), &Profile::default(), &strategies);
    table::markdown(&[("the cases in the repository", &tallies), ("generated streams", &generated)])
}

#[test]
fn the_readme_shows_the_programs_tables() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let mut written = readme.clone();
    for (name, table) in [
        ("classes", classes()),
        ("keys", keys()),
        ("params", params()),
        ("profiles", profiles()),
        ("strategies", strategies()),
        ("comparison", comparison()),
    ] {
        let begin = format!("<!-- generated:{name} -->\n");
        let start = written.find(&begin).unwrap_or_else(|| panic!("README.md has no block {name}")) + begin.len();
        let end = start + written[start..].find("<!-- end -->").unwrap();
        written.replace_range(start..end, &table);
    }
    if env::var_os("UPDATE_README").is_some() {
        fs::write(&path, written).unwrap();
    } else {
        assert!(readme == written, "README.md differs from the tables; hint: UPDATE_README=1 cargo test --test docs");
    }
}
