//! `eval`: labelled cases as sessions, how they are scored, and what is printed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use stutterscope::{
    core::{
        engine::Engine,
        input::{End, OurEnd, What},
        params::{Profile, Strategy},
        reading::{Channel, Note, Reading},
    },
    eval::{self, Judged, Labelled, Score},
    session::import::cases::{Case, cases},
};

const FIXTURE: &str = include_str!("fixtures/cases.jsonl");

fn case(line: &Value) -> Case {
    let text = line.to_string();
    let mut read: Vec<_> = cases(text.as_bytes()).collect();
    assert_eq!(read.len(), 1);
    read.remove(0).1.unwrap()
}

/// A case of these chunks, of which nothing is said.
fn chunks(chunks: Value) -> Labelled {
    case(&json!({"id": "x", "class": "legit", "kind": "negative", "chunks": chunks})).into()
}

fn read(labelled: &Labelled) -> Reading {
    let mut reading = Reading::default();
    labelled.inputs.iter().for_each(|input| reading.fold(input));
    reading
}

/// What a case is read as: its deltas (`=` in front of typed snapshots) with their channels and blocks, and its notes.
fn told(labelled: &Labelled) -> (Vec<String>, Vec<String>) {
    let reading = read(labelled);
    let word = |channel| match channel {
        Channel::Text => "",
        Channel::Reasoning => "r:",
        Channel::ToolArguments => "t",
        Channel::Refusal => "x:",
    };
    let deltas = reading.delta_ids().map(|id| reading.delta(id)).map(|delta| {
        let block = if delta.key.channel == Channel::ToolArguments { format!("{}:", delta.key.block) } else { String::new() };
        format!("{}{}{block}{}", if delta.snapshot { "=" } else { "" }, word(delta.key.channel), delta.text)
    });
    let notes = reading.notes().iter().map(|(frame, note)| match note {
        Note::Usage(usage) => format!("{} usage {}", frame.0, usage.output.unwrap()),
        Note::Tool { block, id, .. } => format!("{} tool {block} {id}", frame.0),
        Note::Boundary(boundary) => format!("{} {boundary:?}", frame.0),
        Note::Finish { reason, .. } => format!("{} finish {reason}", frame.0),
        Note::Error { kind, message } => format!("{} error {kind}: {message}", frame.0),
        Note::CompletionId(id) => format!("{} id {id}", frame.0),
        Note::Mirrored { delta } => format!("{} mirrored {delta}", frame.0),
        Note::Tokens(tokens) => format!("{} tokens {tokens}", frame.0),
        note => format!("{} {}", frame.0, format!("{note:?}").split([' ', '{', '(']).next().unwrap()),
    });
    (deltas.collect(), notes.collect())
}

fn check_told(given: Value, deltas: &[&str], notes: &[&str]) {
    let (found, said) = told(&chunks(given.clone()));
    assert_eq!(found, deltas, "{given}");
    assert_eq!(said, notes, "{given}");
}

#[test]
fn chunks_are_read_as_frames_of_a_dialect() {
    check_told(json!(["a", {"text": "b"}, {"ch": "reasoning", "text": "c"}, ""]), &["a", "b", "r:c"], &[]);
    // Calls: by index and id, the same index with another id is another call.
    check_told(
        json!([{"ch": "tool_args", "idx": 0, "tool_id": "p", "text": "1"}, {"ch": "tool_args", "idx": 0, "text": "2"},
               {"ch": "tool_args", "idx": 0, "tool_id": "q", "text": "3"}, {"ch": "tool_args", "idx": 0, "tool_id": "p", "text": "4"}]),
        &["t0:1", "t0:2", "t1:3", "t0:4"],
        &["0 tool 0 p", "2 tool 1 q", "3 tool 0 p"],
    );
    check_told(
        json!([{"event": "tool_call"}, {"ch": "tool_args", "tool_id": "p", "text": "1"}, {"event": "turn"}, {"ch": "tool_args", "text": "2"}]),
        &["t0:1", "t1:2"],
        &["0 tool 0 ", "1 tool 0 p", "2 NewTurn"],
    );
    // Whole texts by their type, beside pieces and alone.
    check_told(json!(["a", "b", {"event": "response.output_text.done", "text": "ab"}]), &["a", "b", "=ab"], &[]);
    check_told(json!(["a", {"mode": "snapshot", "text": "abc"}]), &["a", "bc", "=abc"], &[]);
    check_told(json!([{"mode": "snapshot", "text": "a"}, {"mode": "snapshot", "text": "ab"}]), &["a", "=a", "b"], &[]);
    check_told(json!(["a", {"text": "b", "snapshot": "ab"}]), &["a", "b", "=ab"], &[]);
    // One thought in two places.
    check_told(json!([{"reasoning": "a", "reasoning_content": "a"}]), &["r:a", "r:a"], &["0 mirrored 1"]);
    check_told(json!([{"reasoning": "a", "reasoning_content": "b"}]), &["r:a", "r:b"], &[]);
    check_told(json!([{"reasoning_details": "c"}]), &["r:c"], &[]);
    check_told(json!([{"reasoning": "a", "reasoning_details": [{"text": "a"}]}]), &["r:a", "r:a"], &["0 mirrored 1"]);
    check_told(json!([{"reasoning": "a", "reasoning_details": [{"text": "b"}]}]), &["r:a", "r:b"], &[]);
    check_told(json!([{"reasoning_details": [{"text": "a"}, {"summary": "b"}]}]), &["r:a", "r:b"], &[]);
    check_told(
        json!([{"text": "<think>a</think>b", "reasoning_content": "a"}]),
        &["r:a", "<think>a</think>", "b"],
        &["0 mirrored 1"],
    );
    check_told(json!(["<think>a</think>b"]), &["<think>a</think>b"], &[]);
    let thought = |event: &str, text: &str| json!({"ch": "reasoning", "event": event, "text": text});
    check_told(
        json!([thought("a.delta", "x"), thought("b.delta", "x"), thought("b.delta", "x"), thought("a.delta", "y")]),
        &["r:x", "r:x", "r:x", "r:y"],
        &["1 mirrored 0"],
    );
    // Boundaries, ends and counts.
    check_told(
        json!(["a", {"event": "truncated"}, {"event": "continuation"}, {"event": "reconnect"}, {"event": "server_restart"}, "b"]),
        &["a", "b"],
        &["1 Cut", "2 Continuation", "3 Reconnect", "4 Restart"],
    );
    check_told(json!([{"event": "message_start"}, "a", {"event": "message_start"}]), &["a"], &["2 NewTurn"]);
    check_told(
        json!([{"id": "m", "text": "a", "usage": 3, "tokens": [5, 6]}, {"id": "m", "finish": "stop"}]),
        &["a"],
        &["0 id m", "0 usage 3", "0 tokens 2", "1 finish stop"],
    );
    check_told(
        json!([{"event": "error", "type": "busy", "message": "later"}, {"event": "error"}]),
        &[],
        &["0 error busy: later", "1 error error: error"],
    );
    check_told(json!([{"event": "content_block_start", "text": "a"}, "a"]), &["a", "a"], &["0 Opening"]);
    check_told(
        json!([{"event": "content_block_stop"}, {"event": "content_block_stop"}, "a", {"event": "content_block_stop"}]),
        &["a"],
        &["0 Stop", "1 Stop", "3 Stop"],
    );
    // Characters that are cut.
    check_told(json!([{"hex": "e58c"}, {"hex": "97"}]), &["", "北"], &["1 JoinedSurrogate"]);
    check_told(json!([{"json_escape": "\\ud83d"}, {"json_escape": "\\ude0a"}]), &["", "😊"], &["1 JoinedSurrogate"]);
    check_told(json!([{"json_escape": "a\\u00"}, {"json_escape": "e9"}]), &["a", "é"], &["1 JoinedSurrogate"]);
    check_told(json!([{"hex": "e5"}]), &["", "\u{fffd}"], &["1 Replaced"]);
    check_told(json!([{"hex": "nothing"}]), &[], &["0 Malformed"]);
    // What nobody knows is a frame that says nothing.
    check_told(json!([{"event": "tomorrow", "news": [1]}, {"role": "assistant"}, {"text": "a", "seq": -1}]), &["a"], &["2 Odd"]);
}

#[test]
fn identities_are_sequence_generation_and_source_time() {
    let check = |given: Value, expected: &[Option<bool>]| {
        let reading = read(&chunks(given));
        let ids: Vec<_> = (0..reading.frame_count()).map(|id| reading.identity(stutterscope::core::reading::FrameId(id))).collect();
        let rising: Vec<_> = ids.windows(2).map(|pair| Some(pair[0]? < pair[1]?)).collect();
        assert_eq!(rising, expected, "{ids:?}");
    };
    check(json!([{"seq": 1}, {"seq": 2}, {"seq": 1}, {}]), &[Some(true), Some(false), None]);
    check(json!([{"id": 7}, {"id": 8}, {"id": "m"}]), &[Some(true), None]);
    check(json!([{"gen": 1, "seq": 9}, {"gen": 2, "seq": 0}]), &[Some(true)]);
    check(json!([{"src_us": 7, "text": "a"}, {"src_us": 5, "text": "b"}]), &[Some(false)]);
}

#[test]
fn chunks_are_expanded_as_the_file_says() {
    let check = |given: Value, expected: &[(u64, &str)], end: (u64, End)| {
        let labelled = chunks(given.clone());
        let reads = labelled.inputs.iter().filter_map(|input| match &input.what {
            What::Bytes(bytes) => Some((input.at.millis(), String::from_utf8(bytes.clone()).unwrap())),
            _ => None,
        });
        let expected: Vec<_> = expected.iter().map(|(at, line)| (*at, format!("{line}\n"))).collect();
        assert_eq!(reads.collect::<Vec<_>>(), expected, "{given}");
        let last = labelled.inputs.last().unwrap();
        assert_eq!((last.at.millis(), last.what.clone()), (end.0, What::End(end.1)), "{given}");
    };
    check(json!(["a\"b"]), &[(0, r#"{"text":"a\"b"}"#)], (0, End::Eof));
    check(
        json!([{"t_ms": 5, "text": "a", "repeat": 2}, {"t_ms": 20, "dt_ms": 10, "repeat": 3, "event": "ping"}]),
        &[
            (5, r#"{"text":"a"}"#),
            (5, r#"{"text":"a"}"#),
            (20, r#"{"event":"ping"}"#),
            (30, r#"{"event":"ping"}"#),
            (40, r#"{"event":"ping"}"#),
        ],
        (40, End::Eof),
    );
    check(
        json!([{"seqrep": ["a", {"ch": "reasoning", "text": "b"}], "repeat": 2, "seq": 1}]),
        &[
            (0, r#"{"text":"a","seq":1}"#),
            (0, r#"{"ch":"reasoning","text":"b","seq":1}"#),
            (0, r#"{"text":"a","seq":1}"#),
            (0, r#"{"ch":"reasoning","text":"b","seq":1}"#),
        ],
        (0, End::Eof),
    );
    check(
        json!([{"text": "añb", "repeat": 2, "rechunk": 4}]),
        &[(0, r#"{"text":"añba"}"#), (0, r#"{"text":"ñb"}"#)],
        (0, End::Eof),
    );
    // How it ended is no chunk.
    check(json!(["a", {"event": "eof"}]), &[(0, r#"{"text":"a"}"#)], (0, End::Reset));
    check(
        json!([{"t_ms": 1, "text": "a"}, {"t_ms": 9, "event": "idle_timeout"}]),
        &[(1, r#"{"text":"a"}"#)],
        (9, End::Us(OurEnd::IdleTimeout)),
    );
    check(json!([{"event": "eof"}, "a"]), &[(0, r#"{"event":"eof"}"#), (0, r#"{"text":"a"}"#)], (0, End::Eof));
    let clocked = |given| read(&chunks(given)).clocked();
    assert!(clocked(json!([{"t_ms": 0, "text": "a"}])) && !clocked(json!(["a"])));
}

#[test]
fn lines_that_are_no_cases_say_why() {
    let check = |line: &str, reason: &str| {
        let file = format!("\n{line}\n{{\"chunks\": [\"a\"]}}\n");
        let read: Vec<_> = cases(file.as_bytes()).collect();
        assert_eq!((read[0].0, read[1].0), (2, 3));
        let error = read[0].1.as_ref().unwrap_err().to_string();
        assert!(error.contains(reason), "{line}: {error}");
        assert_eq!(read[1].1.as_ref().unwrap().id, "line-3");
    };
    check("nonsense", "expected");
    check("{\"id\": \"x\"}", "missing field `chunks`");
    check("{\"chunks\": [1]}", "chunk 0: invalid type");
    check("{\"chunks\": [\"a\"], \"kind\": \"odd\"}", "unknown variant `odd`");
    check("{\"chunks\": [\"a\", {\"text\": \"b\", \"repeat\": 1000000000}]}", "chunk 1: it stands for more than");
    check("{\"chunks\": [{\"seqrep\": [\"a\", \"b\"], \"repeat\": 999999}]}", "more than");
    check("{\"chunks\": [{\"text\": \"0123456789abcdef\", \"repeat\": 1000000, \"rechunk\": 1}]}", "reads");
}

fn score(given: Value, strategy: Strategy) -> Score {
    let judged = eval::judge(&case(&given).into(), &Profile::default(), &[strategy]);
    let [Judged { score, .. }] = &judged[..] else { panic!("one strategy, one result") };
    *score
}

#[test]
fn scores_follow_the_labels() {
    let clean = json!({"id": "n", "class": "legit", "kind": "negative", "repair": "none", "chunks": ["18", "183", "3"], "expected_text": "181833"});
    let kept = score(clean.clone(), Strategy::None);
    assert!(kept.exact && kept.kept && !kept.harmed && !kept.alarmed);
    let cut = score(clean, Strategy::Growth);
    assert!(cut.harmed && !cut.exact && !cut.kept, "{cut:?}");

    let grows = json!({"id": "p", "class": "cumulative_full", "kind": "positive", "repair": "latch", "labels": [1, 2],
                       "chunks": ["a", "a b", "a b c", "a b c d"], "expected_text": "a b c d"});
    let repaired = score(grows.clone(), Strategy::Evidence);
    assert!(repaired.repairable && repaired.repaired() && repaired.flagged && !repaired.missed());
    assert_eq!(repaired.deltas, Some(2));
    let passed = score(grows, Strategy::None);
    assert!(passed.repairable && !passed.repaired() && passed.missed() && !passed.harmed && passed.deltas.is_none());

    // Text of the answer went with the rest.
    let lost = json!({"id": "l", "class": "token_loop", "kind": "positive", "repair": "flag", "chunks": ["18", "183", "3"], "expected_text": "181833"});
    assert!(score(lost, Strategy::Growth).harmed);

    // Arguments that are no whole JSON value are not run.
    let torn = json!({"id": "t", "class": "terminal_anomaly", "kind": "positive", "repair": "flag",
                      "chunks": [{"ch": "tool_args", "text": "{\"a"}, {"event": "eof"}], "expected_text": "", "expected_tool_args": []});
    assert!(score(torn, Strategy::None).exact);

    let doubt = json!({"id": "a", "class": "cumulative_full", "kind": "ambiguous", "repair": "signal", "chunks": ["ha", "haha"],
                       "expected_text": "hahaha", "alternatives": ["haha"]});
    assert!(score(doubt.clone(), Strategy::Evidence).named);
    assert!(!score(doubt, Strategy::None).named);
}

#[test]
fn a_signal_is_a_field_beside_the_text() {
    let check = |chunk: Value, signalled: bool| {
        let given = json!({"id": "s", "class": "holdback_resend", "kind": "positive", "repair": "signal", "chunks": ["a", chunk], "expected_text": "a"});
        assert_eq!(score(given.clone(), Strategy::None).repairable, signalled, "{given}");
    };
    check(json!("ab"), false);
    check(json!({"text": "ab", "ch": "content", "t_ms": 3}), false);
    for name in ["seq", "gen", "src_us"] {
        check(json!({"text": "ab", name: 2}), true);
    }
    check(json!({"text": "ab", "tokens": []}), true);
    check(json!({"text": "ab", "id": "m"}), true);
    check(json!({"event": "error"}), true);
    check(json!({"text": "ab", "snapshot": "ab"}), true);
}

#[test]
fn what_had_to_be_passed_on_cannot_be_asked_back() {
    let check = |chunks: Value, expected: &str, retraction: bool| {
        let given = json!({"id": "s", "class": "retry_restart", "kind": "positive", "repair": "exact", "chunks": chunks, "expected_text": expected});
        let score = score(given.clone(), Strategy::None);
        assert_eq!((score.retraction, score.repairable), (retraction, !retraction), "{given}");
    };
    check(json!(["Hello ", "wor", {"event": "error"}, "Hello ", "world"]), "Hello world", false);
    check(json!(["The capital is", {"event": "error"}, "It is Paris"]), "It is Paris", true);
    check(json!(["ac", "ount", {"mode": "snapshot", "text": "account"}]), "account", true);
    check(json!(["a", "ab", "abc"]), "abc", false);
    check(json!([{"seq": 0, "text": "a"}, {"seq": 2, "text": "c"}, {"seq": 1, "text": "b"}]), "abc", false);
    check(json!([{"id": "m", "text": "a"}, {"id": "n", "text": "x"}, {"id": "m", "text": "b"}]), "ab", false);
    check(json!(["{}", "\n", "\n"]), "{}", false);
    check(json!([{"text": "<think>x</think>", "reasoning": "x"}, "a"]), "a", false);
}

#[test]
fn the_cases_of_the_repository_are_cases_and_none_of_them_is_harmed() {
    let all: Vec<Case> = cases(FIXTURE.as_bytes()).map(|(_, case)| case.unwrap()).collect();
    let ids: BTreeSet<&str> = all.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids.len(), all.len());
    for labelled in all.into_iter().map(Labelled::from) {
        let judged = eval::judge(&labelled, &Profile::default(), &[Strategy::Evidence]);
        assert!(!judged[0].score.harmed, "{}: {}", labelled.id, judged[0].report.output);
        let mut engine = Engine::new(Profile::default());
        labelled.inputs.iter().for_each(|input| engine.fold(input));
        assert_eq!(engine.judgement.findings.len(), judged[0].report.findings.len(), "{}", labelled.id);
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("STUTTERSCOPE_CONFIG", "").env("STUTTERSCOPE_DATA_DIR", folder.join("data"));
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_command_prints_lines_and_sums() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cases.jsonl"), FIXTURE).unwrap();
    let run = |arguments: &[&str]| run(folder.path(), arguments);

    let output = run(&["eval", "cases.jsonl", "--format", "json"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let lines: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), FIXTURE.lines().count() * 6 + 1);
    let keys: Vec<&str> = lines[0].as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = ["id", "strategy", "verdict", "output", "reasoning", "tool_calls", "findings"];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    let sums = &lines.last().unwrap()["strategies"];
    for strategy in ["evidence", "v1", "v2", "v2-states", "growth", "none"] {
        let row = &sums[strategy];
        for key in ["negatives", "harmed", "positives", "flagged", "repairable", "repaired", "ambiguous", "named", "retraction"] {
            assert!(row[key].is_u64(), "{strategy}.{key}");
        }
        assert!(row["classes"]["cumulative_full"]["positives"].as_u64() > Some(1));
    }
    assert!(sums["v1"]["harmed"].as_u64() > sums["none"]["harmed"].as_u64());

    let output = run(&["eval", "cases.jsonl", "--strategy", "v1"]);
    let table = text(&output.stdout);
    assert!(table.contains("v1 got wrong") && table.contains("harmed: ") && table.contains("[-"), "{table}");
    assert!(run(&["eval", "cases.jsonl", "-v"]).stdout.len() > run(&["eval", "cases.jsonl"]).stdout.len());
    for line in text(&run(&["eval", "cases.jsonl", "-v"]).stdout).lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }

    // The same cases as sessions.
    let output = run(&["check", "cases.jsonl#2", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["format"], &report["output"]), (&json!("labelled"), &json!("今日は晴れです。")));
}

#[test]
fn recordings_are_scored_by_the_labels_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let frame = |text: &str| format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let body = |deltas: &[&str]| deltas.iter().map(|delta| frame(delta)).collect::<String>() + "data: [DONE]\n\n";
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let replay = ["The boat ", "left the harbour.", "The boat left the harbour.", " Then rain."];
    write("replay.sse", &body(&replay));
    let byte = replay[..2].iter().map(|delta| frame(delta).len()).sum::<usize>();
    let label = format!("Label(attempt: 0, byte: {byte}, channel: text, label: stutter(\"cumulative_replay\"))");
    write("replay.sse.notes.ron", &format!("StutterscopeNotes(format: 1, labels: [{label}])"));
    write("fine.sse", &body(&["18", "183", "3"]));
    write("fine.sse.notes.ron", "StutterscopeNotes(format: 1, stream: fine)");
    write("bare.sse", &body(&["a"]));

    let output = run(folder.path(), &["eval", ".", "--format", "json"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let sums: Value = serde_json::from_str(text(&output.stdout).lines().last().unwrap()).unwrap();
    let row = |strategy: &str, key: &str| sums["strategies"][strategy][key].as_u64().unwrap();
    for (strategy, harmed, repaired) in [("evidence", 0, 1), ("growth", 1, 0), ("none", 0, 0)] {
        assert_eq!((row(strategy, "negatives"), row(strategy, "repairable")), (1, 1));
        assert_eq!((row(strategy, "harmed"), row(strategy, "repaired")), (harmed, repaired), "{strategy}");
    }
    let output = run(folder.path(), &["eval", "bare.sse"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("bare.sse: no label says what the whole stream is (bare.sse.notes.ron)"));
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.jsonl"), "{\"id\": \"one\", \"chunks\": [\"a\"]}\n{\"id\": \"two\"\n").unwrap();
    fs::write(folder.path().join("empty.jsonl"), "\n").unwrap();
    let output = run(folder.path(), &["eval", "missing.jsonl", "bad.jsonl", "empty.jsonl", "--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.contains("cannot read missing.jsonl") && said.contains("bad.jsonl:2: ") && said.contains("empty.jsonl: "),
        "{said}"
    );
    assert_eq!(said.matches("hint: ").count(), 3, "{said}");
    assert_eq!(text(&output.stdout).lines().count(), 7);
}
