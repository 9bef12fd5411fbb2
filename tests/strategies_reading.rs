//! The earlier systems' strategies over real bytes: framed and read as every session is, then decided frame by frame.

#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::{any, prop, prop_assert_eq, proptest};
use serde::Deserialize;
use stutterscope::core::{
    detect::strategies::{Decision, Loss, Runner},
    dialect::{WriterStart, WriterStep, by_id},
    input::{Input, What},
    params::Strategy,
    reading::{Channel, ChannelKey, FrameId, Reading},
    time::Micros,
};
use support::{classes, eof, finish, frame, judge_by, opening, read, session, text};

/// Every decision, each frame judged as soon as it was read.
fn decide(inputs: &[Input], strategy: Strategy) -> Vec<Decision> {
    let (mut reading, mut runner, mut out) = (Reading::default(), Runner::new(strategy).unwrap(), Vec::new());
    let mut next = 0;
    for input in inputs {
        reading.fold(input);
        while next < reading.frame_count() {
            let frame = FrameId(next);
            runner.step(&reading, frame, reading.frame_at(frame), &mut out);
            next += 1;
        }
    }
    runner.end(&mut out);
    let mut again = Vec::new();
    for frame in (0..reading.frame_count()).map(FrameId) {
        runner.step(&reading, frame, reading.frame_at(frame), &mut again);
    }
    runner.end(&mut again);
    assert_eq!(out, again, "judged again, after everything was read");
    out
}

fn passed(decisions: &[Decision]) -> Vec<u32> {
    let frame = |decision: &Decision| match decision {
        Decision::Pass(frame) => Some(frame.0),
        _ => None,
    };
    decisions.iter().filter_map(frame).collect()
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
}

/// The bytes of one event, or `None` for a blank line, which is no event.
fn event(word: &str) -> Option<String> {
    if let Some(text) = word.strip_prefix("text:") {
        return Some(frame("content", text));
    }
    let line = match word {
        "role" => r#"data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}"#,
        "finish" => r#"data: {"choices":[{"finish_reason":"stop","delta":{"content":""},"index":0}]}"#,
        "tool" => r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}}]}"#,
        "usage" => r#"data: {"choices":[],"usage":{"total_tokens":7}}"#,
        "done" => "data: [DONE]",
        "blank" => return None,
        raw => raw.strip_prefix("raw:").unwrap(),
    };
    match line.trim() {
        "" => None,
        _ if word.starts_with("raw:") && !line.ends_with('\n') => Some(line.into()),
        _ => Some(format!("{}\n\n", line.strip_suffix('\n').unwrap_or(line))),
    }
}

#[test]
fn frames_leave_as_the_lines_of_the_earlier_systems_did() {
    let cases: Vec<LineCase> = serde_json::from_str(include_str!("fixtures/strategies/lines.json")).unwrap();
    for case in &cases {
        let words: Vec<_> = case.feed.iter().filter(|word| event(word).is_some()).collect();
        let mut inputs = opening();
        for (index, word) in case.feed.iter().enumerate() {
            inputs.extend(event(word).map(|bytes| read(100 + case.gap_ms * index as u64, bytes)));
        }
        inputs.push(eof(100_000));
        for (strategy, expected) in [(Strategy::V1, &case.v1), (Strategy::V2, &case.v2), (Strategy::V2States, &case.v2_states)] {
            let decisions = decide(&inputs, strategy);
            let left: Vec<_> = passed(&decisions).into_iter().map(|frame| words[frame as usize].as_str()).collect();
            let expected: Vec<_> = expected.iter().map(String::as_str).filter(|word| *word != "void").collect();
            assert_eq!(left, expected, "{} under {}", case.name, strategy.name());
            every_frame_is_settled_once(&decisions, words.len());
        }
    }
}

fn every_frame_is_settled_once(decisions: &[Decision], frames: usize) {
    let mut settled = vec![0; frames];
    for decision in decisions {
        match decision {
            Decision::Pass(frame) | Decision::Drop(frame, _) => settled[frame.index()] += 1,
            Decision::Hold(frame) => assert_eq!(settled[frame.index()], 0),
            Decision::Trim(..) | Decision::Void => {}
        }
    }
    assert!(settled.iter().all(|count| *count == 1), "{decisions:?}");
}

/// The text of choice 0 that leaves, and all that came.
fn outcome(inputs: &[Input], strategy: Strategy) -> String {
    text(&judge_by(inputs, strategy))
}

/// The strategies in the order in which the rows below give their text.
const ALL: [Strategy; 5] = [Strategy::V1, Strategy::V2, Strategy::V2States, Strategy::Growth, Strategy::None];

#[test]
fn judged_sessions_show_each_strategys_text() {
    let rows: [(&[&str], [&str; 5]); 7] = [
        (&["**", "**", "The Weight"], ["**The Weight", "**The Weight", "**The Weight", "****The Weight", "****The Weight"]),
        (&["**ds", "**dst", "**", "The"], ["**The", "**dst**The", "**The", "**dstThe", "**ds**dst**The"]),
        (&["1", "10", " apples"], ["10 apples", "110 apples", "10 apples", "10 apples", "110 apples"]),
        (&["A", "B", "C", "C", "D"], ["ABCCD"; 5]),
        (&["Hel", "Hello", "Hello you"], ["Hello you", "HelHelloHello you", "Hello you", "Hello you", "HelHelloHello you"]),
        (&["Hi", "The", "The cat"], ["HiTheThe cat", "HiTheThe cat", "HiTheThe cat", "HiTheThe cat", "HiTheThe cat"]),
        (&["B", "Bonus", " time"], ["Bonus time", "BBonus time", "Bonus time", "Bonus time", "BBonus time"]),
    ];
    for (deltas, expected) in rows {
        let inputs = session(deltas, 0);
        let left: Vec<_> = ALL.iter().map(|strategy| outcome(&inputs, *strategy)).collect();
        assert_eq!(left, expected, "{deltas:?}");
    }
}

#[test]
fn text_is_conserved_under_every_strategy() {
    let inputs = session(&["Hel", "Hello", "Hello you", "Hello", " there"], 40);
    for strategy in ALL {
        let engine = judge_by(&inputs, strategy);
        let balance = engine.judgement.output.balance(&engine.reading, support::TEXT);
        assert_eq!(balance.received, balance.emitted + balance.suppressed, "{}", strategy.name());
        assert_eq!(balance.suppressed > 0, !classes(&engine).is_empty(), "{}", strategy.name());
    }
}

#[test]
fn the_end_loses_what_is_held() {
    let mut inputs = opening();
    inputs.extend([read(100, frame("content", "Hello")), read(200, frame("content", "Hello world")), eof(300)]);
    for strategy in [Strategy::V1, Strategy::V2States] {
        let lost =
            [Decision::Drop(FrameId(0), Loss::Replaced), Decision::Hold(FrameId(1)), Decision::Drop(FrameId(1), Loss::HeldAtEnd)];
        assert_eq!(decide(&inputs, strategy)[1..], lost, "{}", strategy.name());
        assert_eq!(outcome(&inputs, strategy), "");
    }
    assert_eq!(outcome(&inputs, Strategy::None), "HelloHello world");
}

#[test]
fn a_text_that_the_score_took_out_says_so() {
    let inputs = session(&["ha", "ha", "ho"], 30);
    let decisions = decide(&inputs, Strategy::V2);
    assert_eq!(decisions[..2], [Decision::Hold(FrameId(0)), Decision::Drop(FrameId(0), Loss::Outscored(791))]);
    let engine = judge_by(&inputs, Strategy::V2);
    assert_eq!((text(&engine).as_str(), engine.judgement.findings[0].score), ("haho", 791));
}

#[test]
fn a_frame_that_overtakes_the_held_one_is_noted_and_no_other() {
    let tool = "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}\n\n";
    let mut inputs = opening();
    inputs.extend([read(100, frame("content", "Let me")), read(200, tool), read(300, frame("content", "x")), read(400, finish())]);
    inputs.push(eof(400));
    let engine = judge_by(&inputs, Strategy::V2States);
    assert_eq!(engine.judgement.output.overtaking, [(FrameId(1), FrameId(0))]);
    assert_eq!(passed(&decide(&inputs, Strategy::V2States))[..3], [1, 0, 2]);
    assert!(judge_by(&inputs, Strategy::V1).judgement.output.overtaking.is_empty());
}

/// A stream of `dialect`, one read for each step.
fn written(dialect: &str, steps: &[WriterStep]) -> Vec<Input> {
    let info = by_id(dialect).unwrap();
    let mut writer = (info.writer)(&WriterStart { model: "m".into(), id: "c".into(), created: 1 });
    let mut inputs = opening();
    for input in &mut inputs {
        match &mut input.what {
            What::Start(start) => start.dialect = Some(dialect.into()),
            What::Head(head) => head.headers = vec![("content-type".into(), info.content_type.into())],
            _ => {}
        }
    }
    let mut at = 100;
    for step in steps {
        let mut bytes = Vec::new();
        writer.write(step, at * 1_000_000, &mut bytes);
        if !bytes.is_empty() {
            inputs.push(read(at, bytes));
        }
        at += 10;
    }
    inputs.push(eof(at));
    inputs
}

fn texts(channel: Channel, texts: &[&str]) -> Vec<WriterStep> {
    let key = ChannelKey { choice: 0, block: 0, channel };
    let step = |text: &&str| WriterStep::Text { key, text: (*text).into(), preamble: false };
    texts.iter().map(step).collect()
}

fn whole(middle: Vec<WriterStep>) -> Vec<WriterStep> {
    let last = [WriterStep::Finish { reason: String::new(), text: String::new() }, WriterStep::End];
    [WriterStep::Begin].into_iter().chain(middle).chain(last).collect()
}

#[test]
fn other_dialects_are_judged_by_the_text_of_choice_0() {
    let steps = whole(texts(Channel::Text, &["**", "**", "The Weight", " of Words"]));
    for dialect in ["anthropic", "ollama"] {
        let inputs = written(dialect, &steps);
        for strategy in [Strategy::V1, Strategy::V2, Strategy::V2States] {
            assert_eq!(outcome(&inputs, strategy), "**The Weight of Words", "{} on {dialect}", strategy.name());
            let decisions = decide(&inputs, strategy);
            assert_eq!(decisions.iter().filter(|decision| matches!(decision, Decision::Drop(..))).count(), 1, "{decisions:?}");
        }
        for strategy in [Strategy::Growth, Strategy::None] {
            assert_eq!(outcome(&inputs, strategy), "****The Weight of Words", "{} on {dialect}", strategy.name());
        }
    }
    // The role frame that comes first here has an empty text, which is a text to v1 and is replaced like one.
    let inputs = written("openai-chat", &steps);
    assert_eq!(outcome(&inputs, Strategy::V1), "**The Weight of Words");
    assert_eq!(decide(&inputs, Strategy::V1)[..2], [Decision::Hold(FrameId(0)), Decision::Drop(FrameId(0), Loss::Replaced)]);
}

#[test]
fn a_held_text_of_another_dialect_leaves_with_the_terminator() {
    let steps = whole(texts(Channel::Text, &["Hel", "Hello"]));
    for dialect in ["anthropic", "ollama"] {
        assert_eq!(outcome(&written(dialect, &steps), Strategy::V1), "Hello", "{dialect}");
    }
}

#[test]
fn growth_keeps_channels_apart() {
    let mut steps = Vec::new();
    let reasoning = texts(Channel::Reasoning, &["So", "So it", "So it is"]);
    for (thought, said) in reasoning.into_iter().zip(texts(Channel::Text, &["Yes", "Yes, I", "Yes, I do"])) {
        steps.extend([thought, said]);
    }
    let engine = judge_by(&written("openai-chat", &whole(steps)), Strategy::Growth);
    assert_eq!(text(&engine), "Yes, I do");
    assert_eq!(engine.judgement.output.text(&engine.reading, 0, Channel::Reasoning), "So it is");
}

#[test]
fn growth_that_takes_a_whole_delta_lets_its_finish_reason_pass() {
    let line = "x".repeat(64);
    let last = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{line}\"}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
    );
    let mut inputs = opening();
    inputs.extend([read(100, frame("content", &line)), read(200, last), eof(200)]);
    assert_eq!(passed(&decide(&inputs, Strategy::Growth)), [0, 1, 2]);
    assert_eq!(outcome(&inputs, Strategy::Growth), line);
}

#[test]
fn a_runner_begins_anew_after_an_end() {
    let inputs = session(&["Hi", "there"], 10);
    let mut reading = Reading::default();
    inputs.iter().for_each(|input| reading.fold(input));
    let mut runner = Runner::new(Strategy::V1).unwrap();
    let mut first = Vec::new();
    runner.step(&reading, FrameId(0), Micros::ZERO, &mut first);
    assert_eq!(runner.held(), Some(FrameId(0)));
    runner.end(&mut first);
    assert_eq!((runner.held(), &first[1]), (None, &Decision::Drop(FrameId(0), Loss::HeldAtEnd)));
    assert!(Runner::new(Strategy::Evidence).is_none());
}

const PIECES: &[&str] = &[
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"He\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\r\n\r\n",
    "data:{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"Hel\",\"reasoning_content\":\"Hm\"}}]}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"He\"}}\n\n",
    "{\"model\":\"m\",\"created_at\":\"2026-08-07T06:08:14.947137Z\",\"message\":{\"role\":\"assistant\",\"content\":\"Hel\"},\"done\":false}\n",
    "data: {\"error\":{\"message\":\"overloaded\"}}\n\n",
    "data: {\"choices\":\n\n",
    "data: [DONE]\n\n",
    ": ping\n\n",
    "event: message\n",
    "data:\n\n",
    "\u{FEFF}",
    "\r",
    "\n",
    "x",
];

proptest! {
    /// Whatever comes, in whatever reads: every frame is settled once, judging again decides the same, and no text is lost
    /// without a finding.
    #[test]
    fn every_frame_of_any_stream_is_settled_once(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        dialect in prop::sample::select(&[None, Some("openai-chat"), Some("anthropic"), Some("ollama")][..]),
    ) {
        let body = pieces.concat().into_bytes();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).chain([0, body.len()]).collect();
        cuts.sort_unstable();
        let mut inputs = opening();
        if let What::Start(start) = &mut inputs[0].what {
            start.dialect = dialect.map(Into::into);
            start.url = String::new();
        }
        inputs.extend(cuts.windows(2).map(|cut| read(100, &body[cut[0]..cut[1]])));
        inputs.push(eof(100));
        for strategy in ALL {
            let engine = judge_by(&inputs, strategy);
            every_frame_is_settled_once(&decide(&inputs, strategy), engine.reading.frame_count() as usize);
            let balance = engine.judgement.output.balance(&engine.reading, support::TEXT);
            prop_assert_eq!(balance.received, balance.emitted + balance.suppressed + balance.restated);
        }
    }
}
