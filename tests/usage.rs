//! Token counts: the provider's own, an estimate where there is none, and counts that cannot be the text's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;
use stutterscope::{
    core::{engine::Engine, params::Profile},
    report::{Report, text::to_text},
    session::import::Capture,
};

fn report(frames: &[serde_json::Value]) -> Report {
    let body: String = frames.iter().map(|frame| format!("data: {frame}\n\n")).collect();
    let mut engine = Engine::new(Profile::default());
    Capture::new((body + "data: [DONE]\n\n").into_bytes()).for_each(|input| engine.fold(&input));
    Report::of(&engine.reading, &engine.judgement, "a.sse")
}

fn chunk(text: &str, usage: &serde_json::Value) -> serde_json::Value {
    json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}], "usage": usage})
}

fn counted(output: u64, hidden: u64) -> serde_json::Value {
    json!({"prompt_tokens": 24, "completion_tokens": output, "completion_tokens_details": {"reasoning_tokens": hidden}})
}

fn finish(usage: &serde_json::Value) -> serde_json::Value {
    json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage})
}

/// Checks whether an answer of `text` whose tokens are counted so is odd, and why.
fn check(text: &str, usage: &serde_json::Value, odd: Option<&str>) {
    let report = report(&[chunk(text, &json!(null)), finish(usage)]);
    let evidence: Vec<_> = report.findings.iter().map(|finding| (finding.class.name(), finding.evidence.as_str())).collect();
    match odd {
        Some(odd) => {
            assert!(evidence.len() == 1 && evidence[0].0 == "usage_anomaly" && evidence[0].1.contains(odd), "{evidence:?}")
        }
        None => assert!(evidence.is_empty(), "{evidence:?}"),
    }
    assert_eq!(report.verdict.word(), "clean", "a note at most");
}

/// More than 900 characters in which nothing is said twice.
const PROSE: &str = "The ferry left the island before sunrise, while the lamps along the quay were still burning. Two fishermen waved from \
    their boat and went back to mending nets. Below deck a child counted suitcases, lost her place at eleven, and began \
    telling her brother about whales instead. The captain had crossed this strait for thirty years and no longer looked at \
    charts; he watched how gulls turned above the reef, and listened to the engine. Near noon the wind rose. Cups slid over \
    tables, somebody laughed too loudly, and an old woman opened her umbrella indoors to make everybody forget their \
    stomachs. When the lighthouse of the mainland came out of the haze, white and very small, all of them crowded to the \
    rail as if nobody had believed in it. A dog barked first. Then came ropes, shouts, a smell of coal and fresh bread, and \
    the narrow bridge on which each passenger hesitated for a moment before stepping down among strangers who were waiting \
    with open arms.";

#[test]
fn counts_that_cannot_be_the_texts_are_noted() {
    let long: String = PROSE.chars().take(900).collect();
    check(&long, &counted(200, 0), None);
    check(&long, &counted(44, 0), Some("44 tokens for 900 characters of text: too few"));
    check(&long, &counted(45, 0), None);
    check("Hi", &counted(288, 0), None);
    check("Hi", &counted(289, 0), Some("289 tokens for 2 characters of text: something else"));
    check("Hi", &counted(9_000, 8_900), None);
    // Nothing is known of an answer without text, or of one without a count.
    check("", &counted(9_000, 0), None);
    check(&long, &json!(null), None);
    check(&long, &counted(0, 0), None);
}

#[test]
fn a_running_count_that_adds_up_whole_texts_is_noted() {
    for (step, odd) in [(1_u64, false), (0, true)] {
        let frames: Vec<_> =
            (1..=9_u64).map(|n| chunk("some more ", &counted(if step == 1 { n * 2 } else { n * (n + 1) }, 0))).collect();
        let report = report(&[frames, vec![finish(&json!(null))]].concat());
        let found = report.findings.iter().filter(|finding| finding.class.name() == "usage_anomaly").collect::<Vec<_>>();
        let part = if odd { "n(n+1)/2" } else { "a running total" };
        assert!(found.len() == 1 && found[0].evidence.contains(part), "{found:?}");
    }
}

#[test]
fn text_that_was_taken_out_is_not_counted() {
    // Each delta repeats all before it; the count is of the text that was meant.
    let text = "The quick brown fox jumps over the lazy dog and runs away. ".repeat(4);
    let grown: Vec<_> = (1..=text.len() / 4).map(|n| chunk(&text[..n * 4], &json!(null))).collect();
    let report = report(&[grown, vec![finish(&counted(55, 0))]].concat());
    assert_eq!(report.output, text);
    assert!(report.findings.iter().all(|finding| finding.class.name() == "cumulative_full"), "{:?}", report.findings);
}

#[test]
fn an_estimate_says_that_it_is_one() {
    let given = report(&[chunk("Hello there", &json!(null)), finish(&counted(3, 0))]);
    let usage = given.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.total, usage.estimated, usage.basis), (Some(24), Some(3), Some(27), false, None));
    assert!(to_text(&given).contains(" · usage 24 in, 3 out\n"), "{}", to_text(&given));
    let none = report(&[chunk("Hello there", &json!(null)), finish(&json!(null))]);
    let usage = none.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.estimated, usage.basis), (None, Some(3), true, Some("bytes / 4")));
    assert!(to_text(&none).contains(" · usage ~3 out (estimate, bytes / 4)\n"), "{}", to_text(&none));
    assert_eq!(report(&[finish(&json!(null))]).usage, None);
}

#[test]
fn json_is_told_on_a_line() {
    let whole = report(&[chunk("{\"a\": 1, ", &json!(null)), chunk("\"b\": [{}]}", &json!(null)), finish(&json!(null))]);
    assert!(to_text(&whole).contains("\n  json: complete object, 2 keys\n"), "{}", to_text(&whole));
    let cut = report(&[chunk("{\"items\": [1, 2, {\"name\": \"he", &json!(null)), finish(&json!(null))]);
    let line = "\n  json: cut at $.items[2].name; closed for display: {\"items\":[1,2,{\"name\":\"he\"}]}\n";
    assert!(to_text(&cut).contains(line), "{}", to_text(&cut));
    let prose = report(&[chunk("See [1] and {x}.", &json!(null)), finish(&json!(null))]);
    assert_eq!(prose.json, None);
}

/// The counts of the frames of an answer, each with some text, and what is said of them.
#[test]
fn counts_on_every_frame() {
    let rows: [(&[u64], &str, &str); 7] = [
        (&[1, 2, 3], "usage_anomaly", "3 frames carry a running total of tokens, up to 3: take the last"),
        (&[1, 2, 3, 3], "usage_anomaly", "running total"),
        (&[2, 2, 2], "usage_anomaly", "each of 3 frames with text counts 2 tokens"),
        (&[5, 9, 4], "usage_anomaly", "falls from 9 to 4"),
        (&[1, 3], "", ""),
        (&[0, 0, 0, 4], "", ""),
        (&[40, 40], "under_emission", "frame 0 counts 40 tokens when 10 characters had come"),
    ];
    let words = ["some more ", "and some ", "of a third", "the last. "];
    for (counts, class, part) in rows {
        let frames: Vec<_> = counts.iter().zip(words).map(|(count, word)| chunk(word, &counted(*count, 0))).collect();
        let report = report(&[frames, vec![finish(&json!(null))]].concat());
        let said: Vec<_> = report.findings.iter().map(|finding| (finding.class.name(), finding.evidence.as_str())).collect();
        match class {
            "" => assert!(said.is_empty(), "{counts:?}: {said:?}"),
            class => assert!(said.len() == 1 && said[0].0 == class && said[0].1.contains(part), "{counts:?}: {said:?}"),
        }
        assert_eq!(report.verdict.word(), "clean", "a note at most");
    }
}

/// Where the count is of both copies, the server generated both, or counts what it sent and not what it meant.
#[test]
fn a_count_of_what_came_twice_is_noted() {
    let text = "The quick brown fox jumps over the lazy dog and runs away. ".repeat(2);
    let grown: Vec<_> = (1..=8).map(|n| chunk(&text[..text.len() * n / 8], &json!(null))).collect();
    for (tokens, both) in [(30, false), (130, true)] {
        let report = report(&[grown.clone(), vec![finish(&counted(tokens, 0))]].concat());
        assert_eq!(report.output, text);
        let noted = report.findings.iter().any(|finding| finding.evidence.contains("it counts what came twice"));
        assert_eq!(noted, both, "{:?}", report.findings);
    }
}
