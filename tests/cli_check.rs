//! The binary, headless: `check`, `replay`, `sessions` and what every command promises about exit codes and streams.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder of its own with the captures that the tests judge.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let cumulative = stream(&["Hello", "Hello world", "Hello world, this", "Hello world, this is it."], true);
        for (name, text) in [
            ("clean.sse", stream(&["Hello", " world", ", this is it."], true)),
            ("cumulative.sse", cumulative.clone()),
            ("cut.sse", stream(&["Hello", " world"], false)),
            ("hostile.sse", stream(&["a\u{1b}[2J\u{9b}31m", "\u{202e}b"], true)),
            ("head.txt", format!("HTTP/1.1 200 OK\r\nX-Request-Id: req_7\r\nSet-Cookie: secret\r\n\r\n{cumulative}")),
            ("torn.session", "Stutterscope(format: 1, prog".to_owned()),
            ("folder/b.sse", stream(&["b"], true)),
            ("folder/a/z.sse", stream(&["az"], true)),
            ("folder/notes.txt", "not a capture".to_owned()),
            ("folder/README.md", "not a capture".to_owned()),
            ("folder/b.reads.json", format!(r#"{{"read_sizes": [7, {}]}}"#, stream(&["b"], true).len() - 7)),
            ("empty/notes.txt", "not a capture".to_owned()),
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Place { folder }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("STUTTERSCOPE_CONFIG", "").env("STUTTERSCOPE_DATA_DIR", self.folder.path().join("data"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Pipes `parts` in, one write each.
    fn pipe(&self, arguments: &[&str], parts: &[&str]) -> Output {
        let mut child =
            self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        for part in parts {
            stdin.write_all(part.as_bytes()).unwrap();
        }
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// An OpenAI chat stream with these deltas, `finished` with a finish reason and `[DONE]`.
fn stream(deltas: &[&str], finished: bool) -> String {
    let frame = |delta: Value, finish: Value| {
        let choice = serde_json::json!({"index": 0, "delta": delta, "finish_reason": finish});
        let frame =
            serde_json::json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]});
        format!("data: {frame}\n\n")
    };
    let mut out: String = deltas.iter().map(|delta| frame(serde_json::json!({"content": delta}), Value::Null)).collect();
    if finished {
        out += &frame(serde_json::json!({}), "stop".into());
        out += "data: [DONE]\n\n";
    }
    out
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn reports(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn verdicts_and_exit_codes() {
    let place = Place::new();
    let check = |arguments: &[&str], code: i32, verdict: &str| {
        let output = place.run(&[&["check", "--format", "json"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        let reports = reports(&output);
        assert_eq!(reports.last().unwrap()["verdict"], verdict, "{arguments:?}");
    };
    check(&["clean.sse"], 0, "clean");
    check(&["cumulative.sse"], 1, "stutter");
    check(&["cumulative.sse", "--fail-on", "never"], 0, "stutter");
    check(&["cumulative.sse", "--fail-on", "error"], 1, "stutter");
    check(&["cumulative.sse", "--strategy", "none"], 0, "clean");
    check(&["cut.sse"], 1, "broken");
    check(&["cut.sse", "--fail-on", "error"], 0, "broken");
    check(&["head.txt"], 1, "stutter");
    check(&["clean.sse", "cumulative.sse"], 1, "stutter");
    check(&["cumulative.sse", "clean.sse"], 1, "clean");
    check(&["torn.session", "clean.sse"], 2, "clean");
    check(&["nowhere", "cumulative.sse"], 2, "stutter");
}

#[test]
fn the_json_is_the_documented_one() {
    let place = Place::new();
    let output = place.run(&["check", "--format", "json", "head.txt"]);
    let report = &reports(&output)[0];
    let keys = [
        "schema",
        "file",
        "format",
        "verdict",
        "output",
        "outputs",
        "reasoning",
        "tool_calls",
        "findings",
        "transitions",
        "held",
        "received_chars",
        "suppressed_chars",
        "finish_reason",
        "usage",
        "chunks",
        "frames",
        "deltas",
        "unknown_frames",
        "ttft_us",
        "duration_us",
        "attempts",
        "breaker",
        "json",
    ];
    let places: Vec<_> =
        keys.iter().map(|key| stdout(&output).find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("no {key}"))).collect();
    assert!(places[..9].is_sorted(), "the first keys come in the documented order");
    assert_eq!(report.as_object().unwrap().len(), keys.len());
    assert_eq!(report["schema"], 1);
    assert_eq!(report["file"], "head.txt");
    assert_eq!(report["format"], "openai-chat");
    assert_eq!(report["output"], "Hello world, this is it.");
    assert_eq!(report["outputs"], serde_json::json!(["Hello world, this is it."]));
    assert_eq!(report["finish_reason"], "stop");
    assert_eq!((&report["ttft_us"], &report["duration_us"], &report["held"]["max_us"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!(report["attempts"][0]["status"], 200);
    assert_eq!(report["attempts"][0]["request_id"], "req_7");
    assert_eq!(report["attempts"][0]["headers"]["set-cookie"], "******");
    let finding = &report["findings"][0];
    let expected = ["cumulative_full", "framing", "error", "proved", "suppress", "server", "text"];
    let got = ["class", "family", "level", "certainty", "action", "layer", "channel"].map(|key| finding[key].as_str().unwrap());
    assert_eq!(got, expected);
    assert_eq!((&finding["repaired"], &finding["score"]), (&Value::Bool(true), &serde_json::json!(1.0)));
    let removed: Vec<_> =
        finding["removed"].as_array().unwrap().iter().map(|piece| (piece["at"].as_u64(), piece["text"].as_str())).collect();
    assert_eq!(removed, [(Some(5), Some("Hello")), (Some(11), Some("Hello world")), (Some(17), Some("Hello world, this"))]);
    // The place counts the body: the head in front of it is not part of it.
    let body = stream(&["Hello", "Hello world", "Hello world, this", "Hello world, this is it."], true);
    let first = &finding["first"];
    let byte = |index: usize| first["byte"][index].as_u64().unwrap() as usize;
    assert!(body[byte(0)..byte(1)].contains("\"Hello world\""), "{first}");
    assert_eq!(first["line"].as_u64().unwrap() as usize, body[..byte(0)].matches('\n').count() + 1);
}

#[test]
fn folders_are_walked_in_sorted_order_and_what_cannot_be_read_is_told() {
    let place = Place::new();
    let output = place.run(&["check", "--format", "json", "folder", "nowhere", "torn.session", "empty", "clean.sse"]);
    assert_eq!(output.status.code(), Some(2));
    let reports = reports(&output);
    let files: Vec<_> = reports.iter().map(|report| report["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["folder/a/z.sse", "folder/b.sse", "nowhere", "torn.session", "empty", "clean.sse"]);
    assert_eq!((&reports[0]["chunks"], &reports[1]["chunks"]), (&3.into(), &2.into()), "reads are used where they are known");
    for report in &reports[2..5] {
        let error = report["error"].as_str().unwrap();
        assert!(error.contains("hint: ") && report["verdict"].is_null(), "{error}");
    }
    assert!(reports[3]["error"].as_str().unwrap().contains("torn inside its header"));
    let text = place.run(&["check", "nowhere", "clean.sse"]);
    assert!(stdout(&text).starts_with("clean.sse: clean · openai-chat") && stderr(&text).contains("cannot read nowhere"));
}

#[test]
fn text_names_the_fault_and_passes_nothing_that_a_terminal_obeys() {
    let place = Place::new();
    let text = stdout(&place.run(&["check", "cumulative.sse"]));
    for part in [
        "cumulative.sse: stutter",
        "error: each delta repeats all text so far (cumulative_full, proved, repaired)",
        "hint: ",
        "\"Hello world\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    for format in ["text", "json"] {
        let output = place.run(&["check", "--format", format, "hostile.sse", "\u{1b}[2J\u{202e}.sse"]);
        for shown in [stdout(&output), stderr(&output)] {
            assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{shown:?}");
        }
    }
    let report = &reports(&place.run(&["check", "--format", "json", "hostile.sse"]))[0];
    assert_eq!(report["output"], "a\u{1b}[2J\u{9b}31m\u{202e}b", "escaped, not changed");
}

#[test]
fn the_text_can_show_what_was_taken_out_and_ends_with_a_sum() {
    let place = Place::new();
    let one = stdout(&place.run(&["check", "cumulative.sse", "--diff"]));
    assert!(one.contains("  text:\n    Hello[-Hello-] world[-Hello world-], this[-Hello world, this-] is it.\n"), "{one}");
    assert!(!one.contains("sessions:"), "{one}");
    let several = stdout(&place.run(&["check", "cumulative.sse", "clean.sse", "cut.sse", "clean.sse", "nowhere"]));
    assert!(several.ends_with("5 sessions: 1 stutter, 1 broken, 2 clean, 1 unreadable\n"), "{several}");
    let hostile = stdout(&place.run(&["check", "hostile.sse", "--diff"]));
    assert!(!hostile.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{hostile:?}");
}

#[test]
fn limits_on_times_are_stalls_where_times_are_known() {
    let place = Place::new();
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/clean.session");
    let check = |limits: &[&str], code: i32| {
        let output = place.run(&[&["check", recording], limits].concat());
        assert_eq!(output.status.code(), Some(code), "{limits:?}: {}", stdout(&output));
        assert_eq!(stdout(&output).contains("(stall, proved)"), code == 1, "{limits:?}");
    };
    check(&["--max-ttft", "150ms"], 1);
    check(&["--max-ttft", "2s", "--max-gap", "5s"], 0);
    let gap = place.run(&["check", concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/stall.session"), "--max-gap", "8s"]);
    assert_eq!(gap.status.code(), Some(0), "seven seconds are allowed: {}", stdout(&gap));
    let unknown = place.run(&["check", "clean.sse", "--max-gap", "1s"]);
    assert_eq!(unknown.status.code(), Some(0));
    assert!(stderr(&unknown).contains("clean.sse: it has no arrival times"), "{}", stderr(&unknown));
    let output = place.run(&["check", "clean.sse", "--max-gap", "1ms"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("hint: a time looks like"), "{}", stderr(&output));
}

#[test]
fn workflows_and_test_runners_have_their_own_forms() {
    let place = Place::new();
    let files = ["clean.sse", "cumulative.sse", "head.txt", "hostile.sse", "nowhere"];
    let output = place.run(&[&["check", "--format", "github"][..], &files].concat());
    let lines: Vec<_> = stdout(&output).lines().map(str::to_owned).collect();
    assert_eq!((output.status.code(), lines.len()), (Some(2), 3), "{lines:?}");
    let title = "title=each delta repeats all text so far (cumulative_full)::";
    assert!(lines[0].starts_with(&format!("::error file=cumulative.sse,line=3,{title}2 growths")), "{}", lines[0]);
    assert!(lines[0].contains("%0Ahint: "), "{}", lines[0]);
    assert!(lines[1].starts_with(&format!("::error file=head.txt,{title}")), "the head has lines of its own: {}", lines[1]);
    assert!(lines[2].starts_with("::error file=nowhere,title=cannot be read::cannot read nowhere"), "{}", lines[2]);
    let suite = stdout(&place.run(&[&["check", "--format", "junit"][..], &files].concat()));
    assert!(suite.contains("<testsuite name=\"stutterscope\" tests=\"5\" failures=\"2\" errors=\"1\">"), "{suite}");
    assert!(suite.contains("<testcase classname=\"stutterscope\" name=\"clean.sse\"/>"), "{suite}");
    assert!(suite.contains("removed after 5 chars: &quot;Hello&quot;") && suite.ends_with("</testsuite>\n"), "{suite}");
}

#[test]
fn a_pipe_is_judged_with_its_times_and_a_file_without() {
    let place = Place::new();
    let whole = fs::read_to_string(place.path().join("head.txt")).unwrap();
    let (first, second) = whole.split_at(100);
    for arguments in [&["check", "--format", "json", "-"][..], &["check", "--format", "json"]] {
        let output = place.pipe(arguments, &[first, second]);
        let report = &reports(&output)[0];
        assert_eq!((output.status.code(), &report["file"], &report["verdict"]), (Some(1), &"-".into(), &"stutter".into()));
        assert!(report["ttft_us"].as_u64() <= report["duration_us"].as_u64() && report["ttft_us"].is_u64());
        assert_eq!(report["attempts"][0]["status"], 200);
    }
    let file = fs::File::open(place.path().join("head.txt")).unwrap();
    let output = place.command(&["check", "--format", "json", "-"]).stdin(file).output().unwrap();
    assert_eq!(reports(&output)[0]["duration_us"], Value::Null, "a file that was redirected has no arrival times");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    let many = vec!["clean.sse"; 400];
    let arguments = [&["check", "--format", "json"][..], &many].concat();
    let mut child = place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn usage_errors_exit_2_and_end_with_a_hint() {
    let place = Place::new();
    let broken = place.path().join("config.ron");
    fs::write(&broken, "(\n  params: { \"stall.gap\": 1 },\n)").unwrap();
    let check = |mut command: Command, expected: &str| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        assert!(stderr(&output).contains(expected) && stdout(&output).is_empty(), "{command:?}: {}", stderr(&output));
    };
    check(place.command(&[]), "hint: without one, run `stutterscope check FILE`");
    check(place.command(&["check", "--strategy", "best", "clean.sse"]), "hint: the strategies are evidence");
    check(place.command(&["check", "--param", "stall.gap=1", "clean.sse"]), "hint: did you mean stall.gap_ms?");
    check(place.command(&["check", "--dialect", "morse", "clean.sse"]), "hint: the dialects are");
    check(place.command(&["replay", "nowhere.session"]), "hint: ");
    check(place.command(&["replay", "clean.sse", "--speed", "0"]), "hint: ");
    let mut command = place.command(&["check", "clean.sse"]);
    command.env("STUTTERSCOPE_CONFIG", &broken);
    check(command, "config.ron:2:");
}

#[test]
fn thresholds_come_from_flags_over_a_profile_file() {
    let place = Place::new();
    fs::write(place.path().join("lax.ron"), "(strategy: \"none\")").unwrap();
    let verdict = |arguments: &[&str]| {
        let output = place.run(&[&["check", "--format", "json", "cumulative.sse"], arguments].concat());
        reports(&output)[0]["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(verdict(&["--profile", "lax.ron"]), "clean");
    assert_eq!(verdict(&["--profile", "lax.ron", "--strategy", "evidence"]), "stutter");
}

#[test]
fn replay_writes_the_repaired_text() {
    let place = Place::new();
    let output = place.run(&["replay", "cumulative.sse"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "Hello world, this is it."));
    let output = place.run(&["replay", "cumulative.sse", "--speed", "max", "--strategy", "none"]);
    assert!(stdout(&output).starts_with("HelloHello worldHello world, this"), "{}", stdout(&output));
}

#[test]
fn sessions_and_completions() {
    let place = Place::new();
    let empty = place.run(&["sessions"]);
    assert!(empty.status.success() && stdout(&empty).contains("no recordings in "));
    let path = stdout(&place.run(&["sessions", "--path"]));
    assert_eq!(Path::new(path.trim_end()), place.path().join("data/sessions"));
    fs::create_dir_all(path.trim_end()).unwrap();
    fs::copy(place.path().join("torn.session"), Path::new(path.trim_end()).join("torn.session")).unwrap();
    let rows = reports(&place.run(&["sessions", "--format", "json"]));
    assert_eq!(rows[0]["name"], "torn");
    assert!(rows[0]["error"].as_str().unwrap().contains("torn inside its header"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.run(&["completions", shell]);
        assert!(script.status.success() && stdout(&script).contains("stutterscope"), "{shell}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_judges_what_came_of_a_live_pipe_and_exits_130() {
    use std::io::{BufRead, BufReader};
    let place = Place::new();
    let mut child = place.command(&["check", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(stream(&["Hello", "Hello world", "Hello world, this"], false).as_bytes()).unwrap();
    // A pipe holds 64 KiB: once so much more is written, the beginning was read.
    stdin.write_all(": padding\n".repeat(30_000).as_bytes()).unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("-: stutter"), "{line}");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(stdin);
}
