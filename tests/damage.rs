//! Ends said twice, late or never, calls announced twice, snapshots that disagree, characters decoded in pieces: tables of frames
//! and what is said of them.

mod support;

use rstest::rstest;
use stutterscope::{
    core::{
        class::{Class, Layer, Level},
        engine::Engine,
        input::{Attempt, End, Input, What},
        params::Profile,
        time::Micros,
    },
    report::Verdict,
};
use support::{eof, finish, frame, judge, opening, read, text};

/// A session of `body` in `dialect`, one read.
fn of(dialect: &str, body: &[String], end: End) -> Engine {
    let mut inputs = opening();
    if let What::Start(start) = &mut inputs[0].what {
        start.dialect = Some(dialect.into());
    }
    inputs.push(read(10, body.concat()));
    inputs.push(Input { at: Micros::from_millis(20), what: What::End(end) });
    judge(&inputs, Profile::default())
}

/// Checks each finding's class, level and layer, a part of its sentence, and the verdict.
fn check(engine: &Engine, found: &[(&str, Level, Layer, &str)], verdict: &str) {
    let findings = &engine.judgement.findings;
    let said: Vec<_> = findings.iter().map(|finding| (finding.class.name(), finding.level, finding.layer)).collect();
    assert_eq!(said, found.iter().map(|row| (row.0, row.1, row.2)).collect::<Vec<_>>(), "{findings:#?}");
    for (finding, (.., part)) in findings.iter().zip(found) {
        assert!(finding.evidence.contains(part), "{part:?} is not in {:?}", finding.evidence);
    }
    assert_eq!(Verdict::of(findings).word(), verdict, "{findings:#?}");
}

fn chat(choice: &str) -> String {
    format!("data: {{\"choices\":[{choice}]}}\n\n")
}

fn said(text: &str) -> String {
    frame("content", text)
}

fn stop(choice: u16, reason: &str) -> String {
    chat(&format!("{{\"index\":{choice},\"delta\":{{}},\"finish_reason\":\"{reason}\"}}"))
}

fn in_choice(choice: u16, text: &str) -> String {
    chat(&format!("{{\"index\":{choice},\"delta\":{{\"content\":\"{text}\"}}}}"))
}

fn call(index: u16, id: &str, name: &str, arguments: &str) -> String {
    let arguments = arguments.replace('"', "\\\"");
    chat(&format!(
        "{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":{index},\"id\":\"{id}\",\"type\":\"function\",\"function\":{{\"name\":\"{name}\",\"arguments\":\"{arguments}\"}}}}]}}}}"
    ))
}

const DONE: &str = "data: [DONE]\n\n";
const NOTE: Level = Level::Note;
const WARNING: Level = Level::Warning;
const ERROR: Level = Level::Error;

#[rstest]
#[case::text_after_the_finish(&[said("Hel"), stop(0, "stop"), said("lo"), DONE.into()], &[("terminal_anomaly", WARNING, Layer::Server, "it is kept")], "flagged")]
#[case::text_after_the_terminator(&[said("Hel"), DONE.into(), said("lo")], &[("terminal_anomaly", WARNING, Layer::Server, "after the stream had ended")], "flagged")]
#[case::the_terminator_twice(&[said("Hi"), stop(0, "stop"), DONE.into(), DONE.into()], &[("terminal_anomaly", NOTE, Layer::Server, "the terminator again")], "clean")]
#[case::another_reason(&[said("Hi"), stop(0, "stop"), stop(0, "length"), DONE.into()], &[("terminal_anomaly", NOTE, Layer::Server, "\"length\", after \"stop\"")], "clean")]
#[case::the_same_reason(&[said("Hi"), stop(0, "stop"), stop(0, "stop"), DONE.into()], &[], "clean")]
#[case::no_finish_but_a_terminator(&[said("Hi"), DONE.into()], &[], "clean")]
#[case::neither(&[said("Hi")], &[("terminal_anomaly", WARNING, Layer::Unknown, "ended without the end")], "broken")]
#[case::one_of_two_choices(&[in_choice(0, "a"), in_choice(1, "b"), in_choice(0, "x"), in_choice(1, "c"), stop(0, "stop")], &[("terminal_anomaly", WARNING, Layer::Server, "choice 1 has no finish")], "broken")]
#[case::one_of_two_choices_and_the_terminator(&[in_choice(0, "a"), in_choice(1, "b"), in_choice(1, "c"), stop(0, "stop"), DONE.into()], &[("terminal_anomaly", NOTE, Layer::Server, "choice 1 has no finish")], "clean")]
#[case::choices_that_count_tokens(&[in_choice(1, "a"), in_choice(2, "b"), in_choice(3, "c"), stop(3, "stop")], &[], "clean")]
#[case::a_call_that_is_cut(&[call(0, "a", "write", "{\"text\": \"half")], &[("terminal_anomaly", WARNING, Layer::Unknown, "the arguments of tool call 0 (write) are not whole: it must not run")], "broken")]
#[case::a_call_cut_by_a_limit(&[call(0, "a", "write", "{\"text\": \"half"), stop(0, "length"), DONE.into()], &[("terminal_anomaly", NOTE, Layer::Model, "it must not run")], "clean")]
#[case::a_whole_call(&[call(0, "a", "write", "{\"text\": 1}"), stop(0, "tool_calls"), DONE.into()], &[], "clean")]
fn ends(#[case] body: &[String], #[case] found: &[(&str, Level, Layer, &str)], #[case] verdict: &str) {
    check(&of("openai-chat", body, End::Eof), found, verdict);
}

#[rstest]
#[case::id_and_name_in_every_frame(&[call(0, "a", "look", ""), call(0, "a", "look", "{"), call(0, "a", "look", "}")], &[("tool_call_dup", NOTE, Layer::Server, "announces tool call 0 (look) again")], 2)]
#[case::finished_twice(&[call(0, "a", "look", "{}"), stop(0, "tool_calls")], &[("tool_call_dup", NOTE, Layer::Server, "they are to run once")], 1)]
#[case::one_id_for_two(&[call(0, "a", "look", "{}"), call(1, "a", "look", "{}")], &[("tool_call_dup", NOTE, Layer::Server, "calls 0 and 1 have one id, \"a\"")], 1)]
#[case::parallel(&[call(0, "a", "look", "{}"), call(1, "b", "look", "{}")], &[], 0)]
#[case::in_pieces(&[call(0, "a", "look", ""), call(0, "", "", "{"), call(0, "", "", "}")], &[], 0)]
fn calls(#[case] body: &[String], #[case] found: &[(&str, Level, Layer, &str)], #[case] count: u32) {
    let body = [body, &[stop(0, "tool_calls"), DONE.into()]].concat();
    let engine = of("openai-chat", &body, End::Eof);
    check(&engine, found, "clean");
    assert_eq!(engine.judgement.findings.iter().map(|finding| finding.count).sum::<u32>(), count);
}

#[test]
fn a_block_that_stops_twice() {
    let event = |rest: &str| format!("data: {{\"type\":{rest}}}\n\n");
    let stop = event("\"content_block_stop\",\"index\":0");
    let body = [
        event("\"message_start\",\"message\":{\"id\":\"m\"}"),
        event("\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"So.\"}"),
        stop.clone(),
        stop,
        event("\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}"),
        event("\"message_stop\""),
    ];
    check(
        &of("anthropic", &body, End::Eof),
        &[("terminal_anomaly", NOTE, Layer::Server, "stops block 0, which had been stopped")],
        "clean",
    );
}

/// A Responses stream of these deltas, and a closing event with `whole`.
fn response(deltas: &[&str], whole: &str) -> Vec<String> {
    let event = |kind: &str, rest: String| format!("event: response.{kind}\ndata: {{\"type\":\"response.{kind}\",{rest}}}\n\n");
    let text = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let mut body = vec![event("created", "\"response\":{\"id\":\"r\",\"status\":\"in_progress\"}".into())];
    let place = "\"output_index\":0,\"content_index\":0";
    body.extend(deltas.iter().map(|delta| event("output_text.delta", format!("{place},\"delta\":{}", text(delta)))));
    body.push(event("output_text.done", format!("{place},\"text\":{}", text(whole))));
    body.push(event("completed", "\"response\":{\"id\":\"r\",\"status\":\"completed\",\"output\":[]}".into()));
    body
}

#[rstest]
#[case::says_the_same(&["pass", "word"], "password", &[], "clean")]
#[case::spaces_at_the_ends(&["pass", "word\n"], "password", &[], "clean")]
#[case::has_a_character_more(&["pas", "word"], "password", &[("under_emission", ERROR, Layer::Server, "1 of 8 characters did not come by deltas: frame 3 gives the whole text, and the first that is missing stands after character 3")], "broken")]
#[case::has_its_end(&["The command ran"], "The command ran well.", &[("under_emission", ERROR, Layer::Server, "6 of 21")], "broken")]
#[case::leaves_out_a_mark(&["As said [1]", " there."], "As said there.", &[], "clean")]
#[case::says_something_else(&["It is ", "forty-two."], "It is forty-three.", &[("cumulative_rewrite", NOTE, Layer::Server, "from character 13 on")], "clean")]
#[case::says_another_thing(&["It is ", "forty-two."], "No.", &[("under_emission", NOTE, Layer::Server, "from character 0 on")], "clean")]
#[case::says_it_once(&["It ", "It ", "is ", "is ", "so.", "so."], "It is so.", &[("per_delta_double", ERROR, Layer::Server, "")], "stutter")]
#[case::confirms_a_repair(&["It is", "It is so", "It is so now", "It is so now."], "It is so now.", &[("cumulative_full", ERROR, Layer::Server, "")], "stutter")]
fn snapshots(#[case] deltas: &[&str], #[case] whole: &str, #[case] found: &[(&str, Level, Layer, &str)], #[case] verdict: &str) {
    check(&of("openai-responses", &response(deltas, whole), End::Eof), found, verdict);
}

/// Deltas that come after a snapshot are not missing from it.
#[test]
fn a_snapshot_that_comes_early() {
    let mut body = response(&["Hel", "lo"], "Hello");
    body.swap(2, 3);
    let engine = of("openai-responses", &body, End::Eof);
    check(&engine, &[], "clean");
    assert_eq!(text(&engine), "Hello");
}

/// What all deltas say and the snapshot confirms must come out: here the rule against replays takes a refrain, wrongly.
#[test]
fn our_own_harm_is_found() {
    let long = "A sentence that stands twice, as a refrain does. ";
    let engine =
        of("openai-responses", &response(&[long, "And. ", &format!("{long}And. ")], &format!("{long}And. {long}And. ")), End::Eof);
    let ours = engine.judgement.findings.iter().find(|finding| finding.class == Class::UnderEmission);
    assert_eq!(
        ours.map(|finding| (finding.level, finding.layer)),
        Some((ERROR, Layer::Client)),
        "{:#?}",
        engine.judgement.findings
    );
    assert!(
        ours.is_some_and(|finding| finding.evidence.contains("this program passed on 54 characters, but the snapshot has 108"))
    );
}

#[rstest]
#[case::each_byte_alone(&["\u{fffd}", "\u{fffd}", "\u{fffd}", "\u{fffd}"], true)]
#[case::in_one_delta(&["a \u{fffd}\u{fffd} b"], true)]
#[case::across_two(&["a\u{fffd}", "\u{fffd}b"], true)]
#[case::one_that_the_model_wrote(&["the sign \u{fffd} stands for", " what is lost"], false)]
#[case::two_apart(&["\u{fffd}", " and ", "\u{fffd}"], false)]
fn characters_decoded_in_pieces(#[case] deltas: &[&str], #[case] found: bool) {
    let body: Vec<String> = deltas.iter().map(|delta| said(delta)).chain([finish()]).collect();
    let engine = of("openai-chat", &body, End::Eof);
    let row = ("utf8_split", WARNING, Layer::Server, "cannot be known here");
    check(&engine, if found { std::slice::from_ref(&row) } else { &[] }, if found { "flagged" } else { "clean" });
    assert_eq!(text(&engine), deltas.concat());
}

/// A cut between two reads is the transport's, one between two deltas the server's: two findings.
#[test]
fn cut_characters_have_two_layers() {
    let bytes = said("北京").into_bytes();
    let middle = bytes.iter().position(|byte| *byte >= 0xe0).unwrap_or(0) + 1;
    let halves = [r#"\ud83d"#, r#"\ude0a"#].map(|half| said("X").replace('X', half));
    let mut inputs = opening();
    inputs.extend([read(10, &bytes[..middle]), read(20, &bytes[middle..]), read(30, halves.concat() + &finish()), eof(31)]);
    let engine = judge(&inputs, Profile::default());
    let rows = [("utf8_split", NOTE, Layer::Transport, "read 0 ends inside"), ("utf8_split", NOTE, Layer::Server, "joined")];
    check(&engine, &rows, "clean");
    assert_eq!(text(&engine), "北京😊");
}

/// An attempt that failed before its first word is a blemish once another one has answered; one that said something is not.
#[rstest]
#[case::before_its_first_word("", "flagged")]
#[case::after_some_words("Some words", "broken")]
fn failed_attempts(#[case] before: &str, #[case] verdict: &str) {
    let draw = What::Draw { purpose: "retry.jitter".into(), value: 1 };
    let again = Attempt { number: 1, endpoint: "http://test".into(), model: "test".into() };
    let mut inputs = opening();
    if !before.is_empty() {
        inputs.push(read(10, said(before)));
    }
    inputs.push(Input { at: Micros::from_millis(20), what: draw });
    inputs.push(Input { at: Micros::from_millis(20), what: What::End(End::Reset) });
    inputs.push(Input { at: Micros::from_millis(30), what: What::Attempt(again) });
    inputs.extend([read(40, said("Quite another answer.")), read(50, finish()), eof(51)]);
    let engine = judge(&inputs, Profile::default());
    assert_eq!(Verdict::of(&engine.judgement.findings).word(), verdict, "{:#?}", engine.judgement.findings);
}
