//! What the core may not name, and how long a file may be.
//!
//! The scanner reads code, not prose: comments and the contents of literals are taken out, and `use` groups are written out, so
//! that `use std::{fs, io}` is found as `std::fs`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

const MOST_LINES: usize = 500;

/// Paths that nothing in `src/core` may name, whole or as a beginning.
const PATHS: &[&str] = &[
    "tokio",
    "reqwest",
    "hyper",
    "hyper_util",
    "ratatui",
    "crossterm",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "crate::tui",
    "crate::net",
    "crate::app",
    "crate::session",
    "crate::cli",
    "crate::config",
    "rand",
    "fastrand",
    "getrandom",
];

/// Words that it may not contain anywhere.
const WORDS: &[&str] = &["SystemTime", "HashMap", "HashSet", "RandomState", "thread_rng", "Utc::now", "Local::now", "Instant::now"];

/// Calls whose result may differ between machines.
const CALLS: &[&str] = &[
    ".ln(", ".log2(", ".log10(", ".log(", ".exp(", ".exp2(", ".powf(", ".sin(", ".cos(", ".tan(", ".tanh(", ".sqrt(", ".cbrt(",
    ".hypot(",
];

/// `text` without comments; literals are emptied, so that a URL in a string does not begin a comment.
fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let (mut out, mut i) = (String::new(), 0);
    while i < chars.len() {
        let raw_hashes = (at(i) == 'r' && !ends_in_ident(&out)).then(|| (i + 1..).take_while(|j| at(*j) == '#').count());
        match (at(i), at(i + 1)) {
            ('/', '/') => i = (i..).find(|j| *j >= chars.len() || at(*j) == '\n').unwrap_or(i),
            ('/', '*') => {
                let mut depth = 0;
                while i < chars.len() {
                    match (at(i), at(i + 1)) {
                        ('/', '*') => (depth, i) = (depth + 1, i + 2),
                        ('*', '/') => (depth, i) = (depth - 1, i + 2),
                        _ => i += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
                out.push(' ');
            }
            ('r', _) if raw_hashes.is_some_and(|hashes| at(i + 1 + hashes) == '"') => {
                let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', raw_hashes.unwrap_or(0))).collect();
                let from = i + 1 + end.len();
                let close = (from..chars.len()).find(|j| chars[*j..].starts_with(&end)).unwrap_or(chars.len());
                out.push_str("\"\"");
                i = close + end.len();
            }
            ('"', _) => {
                i += 1;
                while i < chars.len() && at(i) != '"' {
                    i += if at(i) == '\\' { 2 } else { 1 };
                }
                out.push_str("\"\"");
                i += 1;
            }
            ('\'', '\\') => {
                i += 3;
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
            }
            ('\'', _) if at(i + 2) == '\'' => i += 3,
            (other, _) => {
                out.push(other);
                i += 1;
            }
        }
    }
    out
}

fn is_ident(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn ends_in_ident(text: &str) -> bool {
    text.chars().next_back().is_some_and(is_ident)
}

/// Every path that a `use` tree names.
fn paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let inner = tree[open + 1..].trim_end().trim_end_matches('}');
    // The group's own brace closes last; one too many was taken if a group ended the list.
    let missing = inner.matches('{').count() - inner.matches('}').count();
    let inner = format!("{inner}{}", "}".repeat(missing));
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (index, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let prefix = tree[..open].trim();
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| paths(part)).map(|path| format!("{prefix}{path}")).collect()
}

/// What `text` names that the core may not name.
fn forbidden(text: &str) -> Vec<String> {
    let code = code(text);
    let mut found = Vec::new();
    let uses = code.split(';').filter_map(|item| {
        let at = item.rfind("use ").filter(|at| !ends_in_ident(&item[..*at]))?;
        Some(&item[at + 4..])
    });
    let named: Vec<String> = uses.flat_map(paths).collect();
    for path in PATHS {
        let inside =
            |name: &String| name.trim_start_matches("::").strip_prefix(path).is_some_and(|rest| !rest.starts_with(is_ident));
        let inline = code.match_indices(&format!("{path}::")).any(|(at, _)| {
            let before = &code[..at];
            !ends_in_ident(before) && !before.ends_with("::")
        });
        if inline || named.iter().any(inside) {
            found.push((*path).to_owned());
        }
    }
    for word in WORDS {
        let whole = |at: usize| !ends_in_ident(&code[..at]) && !code[at + word.len()..].starts_with(is_ident);
        if code.match_indices(word).any(|(at, _)| whole(at)) {
            found.push((*word).to_owned());
        }
    }
    found.extend(CALLS.iter().filter(|call| code.contains(*call)).map(|call| (*call).to_owned()));
    found
}

fn sources(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    files.sort();
    files
}

#[test]
fn the_core_names_no_clock_no_socket_no_file_and_no_terminal() {
    let mut files = sources("src/core");
    files.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/core.rs"));
    assert!(files.len() > 20, "the core was not found");
    let offences: Vec<_> = files
        .iter()
        .map(|file| (file, forbidden(&fs::read_to_string(file).unwrap())))
        .filter(|(_, found)| !found.is_empty())
        .map(|(file, found)| format!("{}: {}", file.display(), found.join(", ")))
        .collect();
    assert!(offences.is_empty(), "src/core is pure; time, files and the wire are inputs\n{}", offences.join("\n"));
}

#[test]
fn no_file_is_long() {
    let long: Vec<_> = sources("src")
        .iter()
        .map(|file| (file.display().to_string(), fs::read_to_string(file).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .collect();
    assert!(long.is_empty(), "over {MOST_LINES} lines, cut by subject: {long:?}");
}

#[test]
fn the_scanner_finds_what_it_should() {
    let cases: &[(&str, &[&str])] = &[
        ("use std::fs;", &["std::fs"]),
        ("use std::{collections::BTreeMap, fs};", &["std::fs"]),
        ("use std::{\n    fs::{self, File},\n    io,\n};", &["std::fs"]),
        ("pub(crate) use std::{io, collections::{BTreeMap, HashMap}};", &["HashMap"]),
        ("use std::{collections::{BTreeMap, HashSet}};", &["HashSet"]),
        ("fn f() { std::env::var(\"X\"); }", &["std::env"]),
        ("fn f() -> tokio::io::Result<()> {}", &["tokio"]),
        ("use tokio::sync::watch;", &["tokio"]),
        ("use crate::{core::time, session::live};", &["crate::session"]),
        ("fn f() { crate::net::client::run() }", &["crate::net"]),
        ("use ::hyper::Body;", &["hyper"]),
        ("use hyper_util::rt;", &["hyper_util"]),
        ("let now = Instant::now();", &["Instant::now"]),
        ("let now = std::time::SystemTime::now();", &["SystemTime"]),
        ("let x = y.sqrt();", &[".sqrt("]),
        ("let n: u8 = rand::random();", &["rand"]),
        ("let s = \"http://x\"; let now = Instant::now();", &["Instant::now"]),
        ("let c = '\"'; let now = Instant::now(); let d = '\"';", &["Instant::now"]),
        ("fn f<'a>(x: &'a str) { std::fs::read(x) }", &["std::fs"]),
        ("let s = r#\"a \" b\"#; x.powf(2.0)", &[".powf("]),
        // And what it should leave alone.
        ("// std::fs is not for the core\n/* nor /* is */ tokio::x */", &[]),
        ("/// [`HashMap`](std::collections::HashMap)", &[]),
        ("let s = \"std::fs::read HashMap .sqrt(\"; let r = r\"tokio::x\";", &[]),
        ("use std::time::Duration; let Instant = 3;", &[]),
        ("use crate::core::{desk::retry, networking};", &[]),
        ("let brand = brand::name(); let x = crate::core::session_like();", &[]),
        ("use crate::core::net::x;", &[]),
        ("struct MyHashMap; let tokio = 1;", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(forbidden(text), *expected, "{text}");
    }
}
