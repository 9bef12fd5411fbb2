//! The earlier systems' own vectors: what their tests asserted, what their defects did, what their score computed.

#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use stutterscope::core::{
    detect::strategies::{
        Chunk, Machine, Op,
        growth::Growth,
        lines::{LineFilter, parse},
        payload, prefix_related,
        v1::still_stuttering,
        v2::{Rule, V2},
        v2_score::{Detector, EXACT_BYTES, Settings, common_prefix, levenshtein, string_similarity, token_estimate},
    },
    machine::State,
    params::Strategy,
    time::Micros,
};

fn text_line(text: &str) -> Vec<u8> {
    let content = serde_json::to_string(text).unwrap();
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{content}}},\"finish_reason\":null}}]}}\n").into_bytes()
}

/// A fixture's word for a line: `text:…`, `raw:…`, or a name.
fn line(word: &str) -> Vec<u8> {
    if let Some(text) = word.strip_prefix("text:") {
        return text_line(text);
    }
    if let Some(raw) = word.strip_prefix("raw:") {
        return raw.as_bytes().to_vec();
    }
    let line = match word {
        "role" => r#"data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}"#,
        "finish" => r#"data: {"choices":[{"finish_reason":"stop","delta":{"content":""},"index":0}]}"#,
        "tool" => r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}}]}"#,
        "usage" => r#"data: {"choices":[],"usage":{"total_tokens":7}}"#,
        "done" => "data: [DONE]",
        "blank" => "",
        // Written by the filter only.
        "void" => "data: ",
        other => panic!("unknown word {other}"),
    };
    format!("{line}\n").into_bytes()
}

/// What a line looks like when it is passed on: payloads get a blank line, every other line is as it came.
fn written(word: &str) -> String {
    let line = String::from_utf8(line(word)).unwrap();
    if line.starts_with("data: ") { format!("{line}\n") } else { line }
}

#[derive(Deserialize)]
struct LineCase {
    name: String,
    gap_ms: u64,
    feed: Vec<String>,
    v1: Vec<String>,
    v2: Vec<String>,
    #[serde(rename = "v2-states")]
    v2_states: Vec<String>,
    #[serde(default)]
    lost: std::collections::BTreeMap<String, u32>,
}

#[test]
fn lines_come_out_as_the_earlier_systems_wrote_them() {
    let cases: Vec<LineCase> = serde_json::from_str(include_str!("fixtures/strategies/lines.json")).unwrap();
    for case in &cases {
        let rows = [(Strategy::V1, &case.v1), (Strategy::V2, &case.v2), (Strategy::V2States, &case.v2_states)];
        for (strategy, expected) in rows {
            let mut filter = LineFilter::new(strategy).unwrap();
            let mut out = Vec::new();
            for (index, word) in case.feed.iter().enumerate() {
                let at = Micros::from_millis(case.gap_ms * index as u64);
                out.extend(filter.feed(&line(word), at).into_iter().map(|emission| String::from_utf8(emission.bytes).unwrap()));
            }
            let expected: Vec<_> = expected.iter().map(|word| written(word)).collect();
            assert_eq!(out, expected, "{} under {}", case.name, strategy.name());
            assert_eq!(filter.finish(), case.lost.get(strategy.name()).copied(), "{} under {}", case.name, strategy.name());
        }
    }
}

#[test]
fn emissions_name_the_line_they_come_from() {
    let mut filter = LineFilter::new(Strategy::V2States).unwrap();
    let mut sources = Vec::new();
    for word in ["text:Let me", "tool", "text:x"] {
        sources.extend(filter.feed(&line(word), Micros::ZERO).into_iter().map(|emission| emission.line));
    }
    assert_eq!(sources, [Some(1), Some(0), Some(2)]);
    let void = LineFilter::new(Strategy::V1).unwrap().feed(&line("done"), Micros::ZERO);
    assert_eq!(void.iter().map(|emission| emission.line).collect::<Vec<_>>(), [None, Some(0)]);
}

#[test]
fn strategies_that_are_not_about_lines_have_no_line_filter() {
    for strategy in [Strategy::Evidence, Strategy::Growth, Strategy::None] {
        assert!(LineFilter::new(strategy).is_none());
    }
}

#[test]
fn prefix_relation() {
    let rows = [
        ("Hello", "Hello world", true),
        ("Hello world", "Hello", true),
        ("Hello", "Hello", true),
        ("Hello", "World", false),
        ("", "Hello", true),
        ("Hello", "", true),
    ];
    for (one, other, expected) in rows {
        assert_eq!(prefix_related(one.as_bytes(), other.as_bytes()), expected, "{one} / {other}");
    }
}

#[test]
fn v1_decision() {
    let malformed = "raw:data: {\"choices\":[{\"delta\":\n";
    let rows = [
        (None, "text:Hello", true),
        (Some("Hello"), "text:Hello world", true),
        (Some("Hello"), "text:Hello", true),
        (Some("Hello"), "text:World", false),
        (Some("Hello"), "done", false),
        (Some("Hello"), malformed, false),
    ];
    for (held, current, expected) in rows {
        assert_eq!(still_stuttering(held.map(str::as_bytes), &parse(&line(current))), expected, "{held:?} / {current}");
    }
}

#[test]
fn payload_parse_and_content_extract() {
    let frame = |content: &str, finish: &str| {
        format!(
            r#"{{"choices":[{{"finish_reason":{finish},"logprobs":null,"delta":{{"content":"{content}"}},"index":0}}],"object":"chat.completion.chunk","usage":null,"created":1756647301,"system_fingerprint":null,"model":"qwen3-coder-plus","id":"chatcmpl-1"}}"#
        )
    };
    assert_eq!(payload::content(frame("Hello", "null").as_bytes()), Some(Some(b"Hello".to_vec())));
    assert_eq!(payload::content(frame("Hello world", "null").as_bytes()), Some(Some(b"Hello world".to_vec())));
    assert_eq!(payload::content(frame("", "\"stop\"").as_bytes()), Some(Some(Vec::new())));
    for refused in ["[DONE]", r#"{"choices":[{"delta":{"content":"Hello""#, "event: some_event"] {
        assert_eq!(payload::content(refused.as_bytes()), None, "{refused}");
    }
}

#[test]
fn parser() {
    let rows: [(&str, Chunk); 11] = [
        ("", Chunk::Empty),
        ("   \n", Chunk::Empty),
        ("event: message\n", Chunk::Unknown),
        ("data: [DONE]\n", Chunk::Done),
        ("data: [DONE]\r\n", Chunk::Malformed),
        ("data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n", Chunk::Data(Some(b"Hello".to_vec()))),
        ("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n", Chunk::Data(None)),
        ("data: {\"choices\":[{\"delta\":\n", Chunk::Malformed),
        ("data: {\"invalid\":\"structure\"}\n", Chunk::Data(None)),
        ("Data: {}\n", Chunk::Unknown),
        ("data:{}\n", Chunk::Unknown),
    ];
    for (line, expected) in rows {
        assert_eq!(parse(line.as_bytes()), expected, "{line:?}");
    }
}

/// Feeds words to a fresh processor of the shipped kind.
fn processed(words: &[&str]) -> (V2, Vec<Op>) {
    let mut machine = V2::new(Rule::Prefix);
    let mut ops = Vec::new();
    for (index, word) in words.iter().enumerate() {
        machine.step(index as u32, parse(&line(word)), Micros::ZERO, &mut ops);
    }
    (machine, ops)
}

#[test]
fn processor() {
    let (machine, _) = processed(&["blank", "text:Hello"]);
    assert_eq!((machine.state(), machine.held()), (State::Stuttering, Some(1)));

    let (machine, _) = processed(&["text:Hello", "text:Hello world"]);
    assert_eq!((machine.state(), machine.held()), (State::Stuttering, Some(1)));
    let (machine, ops) = processed(&["text:Hello", "text:Hello world", "text:Different"]);
    assert_eq!((machine.state(), machine.held()), (State::NormalFlow, None));
    assert!(ops.ends_with(&[Op::Emit(1), Op::Emit(2)]));

    let (machine, _) = processed(&["raw:data: {\"choices\":\n"]);
    assert_eq!((machine.state(), machine.error_count()), (State::Initial, 1));

    let (mut machine, _) = processed(&["text:Hello"]);
    machine.cancel();
    assert_eq!(machine.state(), State::Terminating);

    let (machine, ops) = processed(&["done"]);
    assert_eq!((machine.state(), ops), (State::Terminating, vec![Op::Emit(0)]));
    let (machine, ops) = processed(&["role"]);
    assert_eq!((machine.state(), ops), (State::NormalFlow, vec![Op::Emit(0)]));
}

#[test]
fn processor_counts_and_names_its_changes() {
    let (machine, _) = processed(&["blank", "text:Let me", "tool", "raw:: ping\n", "text:x", "raw:: ping\n", "done", "text:y"]);
    assert_eq!((machine.chunk_count(), machine.error_count()), (4, 1));
    let expected = [
        (State::Initial, State::Stuttering, "first content chunk"),
        (State::Stuttering, State::NormalFlow, "stuttering resolved"),
        (State::NormalFlow, State::Terminating, "received DONE"),
    ];
    assert_eq!(machine.changes(), expected);
}

#[derive(Deserialize)]
struct ScoreCase {
    name: String,
    texts: Vec<String>,
    gap_ms: u64,
    /// One for each text after the first: the confidence with as many decimals as are known, and the action.
    scores: Vec<String>,
}

#[test]
fn scores_are_the_earlier_systems_to_the_last_known_decimal() {
    let cases: Vec<ScoreCase> = serde_json::from_str(include_str!("fixtures/strategies/scores.json")).unwrap();
    for case in &cases {
        let mut detector = Detector::default();
        let first = detector.analyse(case.texts[0].as_bytes(), b"", Micros::ZERO);
        assert!(first.stuttering && first.thousandths() == 1_000 && first.reason() == "first chunk");
        for (index, expected) in case.scores.iter().enumerate() {
            let at = Micros::from_millis(case.gap_ms * (index as u64 + 1));
            let score = detector.analyse(case.texts[index + 1].as_bytes(), case.texts[index].as_bytes(), at);
            let (number, action) = expected.split_once(' ').unwrap();
            let half_a_digit = 0.5 / 10f64.powi(number.len() as i32 - 2);
            let distance = (score.confidence - number.parse::<f64>().unwrap()).abs();
            assert!(distance <= half_a_digit + 1e-9, "{} at {}: {score:?} is not {expected}", case.name, index + 1);
            assert_eq!(if score.stuttering { "hold" } else { "flush" }, action, "{} at {}", case.name, index + 1);
        }
    }
}

#[test]
fn score_parts() {
    let mut detector = Detector::default();
    detector.analyse(b"Hello", b"", Micros::ZERO);
    let score = detector.analyse(b"Hello world", b"Hello", Micros::ZERO);
    let parts = score.factors.unwrap().map(|factor| (factor.confidence * 1_000.0) as u16);
    assert_eq!(parts, [454, 1_000, 1_000, 227]);
    assert_eq!(score.thousandths(), 627);

    assert_eq!(string_similarity(b"hello", b"hello"), 1.0);
    assert!(string_similarity(b"hello", b"helloworld") >= 0.4);
    assert_eq!(string_similarity(b"abc", b"def"), 0.0);
    assert_eq!(string_similarity(b"", b"hello"), 0.0);

    let mut detector = Detector::new(Settings { window: 3, ..Settings::default() });
    for text in ["a", "b", "c", "d", "e"] {
        detector.analyse(text.as_bytes(), b"", Micros::ZERO);
    }
    assert_eq!(detector.len(), 3);
}

#[test]
fn a_reason_joins_what_is_over_one_half() {
    let mut detector = Detector::default();
    detector.analyse(b"Hello world", b"", Micros::ZERO);
    let score = detector.analyse(b"Hello world!", b"Hello world", Micros::ZERO);
    let expected = "prefix relationship detected, increasing length pattern, rapid succession timing, high content similarity";
    assert_eq!(score.reason(), expected);
    let score = detector.analyse(b"xyz", b"Hello world!", Micros::from_millis(1_900));
    assert_eq!(score.reason(), "combined analysis indicates no stuttering");
}

#[test]
fn distances() {
    let rows = [
        ("", "", 0),
        ("hello", "", 5),
        ("", "world", 5),
        ("hello", "hello", 0),
        ("hello", "helloworld", 5),
        ("kitten", "sitting", 3),
    ];
    for (one, other, expected) in rows {
        assert_eq!(levenshtein(one.as_bytes(), other.as_bytes()), expected, "{one} / {other}");
        assert_eq!(levenshtein(other.as_bytes(), one.as_bytes()), expected, "{other} / {one}");
    }
    // Growth is exact whatever the length; unrelated text counts as different past the bound.
    let (long, longer) = (vec![b'a'; 1 << 20], vec![b'a'; (1 << 20) + 7]);
    assert_eq!(levenshtein(&long, &longer), 7);
    assert_eq!(levenshtein(&long, &vec![b'b'; 1 << 20]), 1 << 20);
    assert_eq!(levenshtein(&vec![b'a'; EXACT_BYTES], &vec![b'b'; EXACT_BYTES]), EXACT_BYTES);
}

#[test]
fn common_prefixes_and_tokens() {
    let rows = [("hello", "helloworld", "hello"), ("abc", "def", ""), ("prefix_test", "prefix_other", "prefix_")];
    for (one, other, expected) in rows {
        assert_eq!(common_prefix(one.as_bytes(), other.as_bytes()), expected.as_bytes());
    }
    let rows =
        [("", 0), ("hello", 1), ("hello world", 2), ("hello, world!", 2), ("The quick brown fox jumps over the lazy dog.", 9)];
    for (text, expected) in rows {
        assert_eq!(token_estimate(text), expected, "{text}");
    }
}

#[derive(Deserialize)]
struct GrowthCase {
    name: String,
    deltas: Vec<String>,
    passed: Vec<String>,
}

#[test]
fn growth_passes_what_a_delta_adds() {
    let cases: Vec<GrowthCase> = serde_json::from_str(include_str!("fixtures/strategies/growth.json")).unwrap();
    for case in &cases {
        let mut growth = Growth::default();
        let mut passed = Vec::new();
        for delta in &case.deltas {
            let from = growth.step(delta).map_or(0, |(range, _)| {
                assert_eq!(range.start, 0);
                range.end
            });
            passed.push(&delta[from..]);
        }
        assert_eq!(passed, case.passed, "{}", case.name);
    }
}

#[test]
fn growth_knows_its_mode_and_the_true_length() {
    let mut growth = Growth::default();
    let increments: Vec<_> = (0..200).map(|number| format!("{number:07};")).collect();
    for increment in &increments {
        assert_eq!(growth.step(increment), None);
    }
    assert_eq!((growth.total(), growth.cumulative()), (1_600, false));
    let whole = format!("{} and the end.\n", increments.concat());
    assert_eq!(growth.step(&whole).unwrap().0, 0..1_600);
    assert_eq!((growth.total(), growth.cumulative()), (1_614, true));
}

#[test]
fn a_long_stream_costs_no_more_a_byte_than_a_short_one() {
    // 4 MB of cumulative text under each strategy; a quadratic rule would need minutes.
    let mut machines: Vec<_> = [Strategy::V1, Strategy::V2, Strategy::V2States].into_iter().filter_map(Machine::new).collect();
    let (mut growth, mut ops, mut text) = (Growth::default(), Vec::new(), String::new());
    for source in 0..400 {
        text.push_str("fifty bytes of text that is not like what was said");
        growth.step(&text);
        for machine in &mut machines {
            machine.step(source, Chunk::Data(Some(text.clone().into_bytes())), Micros::ZERO, &mut ops);
        }
    }
    assert_eq!(growth.total(), text.len());
    assert!(machines.iter().all(|machine| machine.held().is_none() || machine.held() == Some(399)));
}
