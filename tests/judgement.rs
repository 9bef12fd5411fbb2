//! What the evidence strategy makes of sessions, as a table: deltas in, text and findings out.

mod support;

use rstest::rstest;
use stutterscope::core::{
    class::{Action, Class, Level},
    engine::Engine,
    input::{Input, PauseCause, What},
    params::{PARAMS, Param, Profile},
    time::Micros,
};
use support::{classes, eof, finish, frame, judge, opening, read, session, text};

fn check(engine: &Engine, expected_text: &str, expected_classes: &[&str]) {
    assert_eq!(text(engine), expected_text);
    assert_eq!(classes(engine), expected_classes, "{:#?}", engine.judgement.findings);
}

#[rstest]
#[case::increments(&["The", " quick", " fox"], "The quick fox", &[])]
#[case::one_delta(&["Hello"], "Hello", &[])]
#[case::fully_cumulative(&["1", "1+", "1+1", "1+1=2"], "1+1=2", &["cumulative_full"])]
#[case::one_growth_over_a_long_text(&["I will now look at the configuration.", "I will now look at the configuration. Done."], "I will now look at the configuration. Done.", &["cumulative_full"])]
#[case::growth_that_shrinks_back(&["**ds", "**dst", "**dstY", "**", "The Weight", " of Words"], "**dstYThe Weight of Words", &["cumulative_full"])]
#[case::hybrid_whose_growth_ends_the_text(&["The answer", " is", " forty", "The answer is forty-two, I think."], "The answer is forty-two, I think.", &["cumulative_full"])]
#[case::hybrid_whose_growth_is_refuted(&["The answer", " is", " forty", "The answer is forty-two, I think.", " So."], "The answer is forty", &[])]
#[case::rewind(&["The", "The cat", "The cat sat", "The cat", "The cat sat down"], "The cat sat down", &["cumulative_full"])]
#[case::edited_snapshot(&["I see the parser", "I see the parser now. I will add", "I see the parsr now. I will add the missing case."], "I see the parser now. I will add", &["cumulative_rewrite"])]
#[case::snapshots_go_on_after_an_edit(&["I see the parser", "I see the parser now. I will add", "I see the parsr now. I will add the", "I see the parsr now. I will add the missing case."], "I see the parser now. I will add the missing case.", &["cumulative_rewrite", "cumulative_full"])]
#[case::said_twice_before_it_grew(&["Alpha section is here. ", "Alpha section is here. ", "Alpha section is here. Beta."], "Alpha section is here. Alpha section is here. Alpha section is here. Beta.", &["cumulative_full"])]
#[case::other_whitespace(&["Here is the plan:\n- step one", "Here is the plan:\n\n- step one\n- step two"], "Here is the plan:\n- step one\n- step two", &["cumulative_rewrite"])]
#[case::lines_that_begin_alike(&["    assert_eq!(parse(first_argument, second_argument), Ok(1), \"one is read\");\n", "    assert_eq!(parse(first_argument, second_argument), Ok(1), \"two is read\");\n"], "", &[])]
#[case::chance_growth(&["1", "10", " apples"], "110 apples", &[])]
#[case::newlines(&["\n", "\n\n", "Done"], "\n\n\nDone", &[])]
#[case::undecided_at_the_end(&["Here", "Here is the plan"], "HereHere is the plan", &["cumulative_full"])]
#[case::replay(&["I'll check", " the config", " file.", "I'll check the config file.", " Then run it."], "I'll check the config file. Then run it.", &["cumulative_replay"])]
#[case::replay_of_what_came_before_a_held_growth(&["Hello there,", " my friend", "Hello there, my friend!", "Hello there, my friend", "."], "Hello there, my friendHello there, my friend!Hello there, my friend.", &[])]
#[case::snapshot_sent_again(&["Hello there,", "Hello there, my", "Hello there, my friend", "Hello there, my friend", "Hello there, my friend!"], "Hello there, my friend!", &["cumulative_full"])]
#[case::short_repeat(&["Ha", "Ha", "!"], "HaHa!", &[])]
#[case::last_line_again(&["Run the tests. All green. ", "All green. ", "Ship it."], "Run the tests. All green. All green. Ship it.", &[])]
fn text_and_classes(#[case] deltas: &[&str], #[case] expected: &str, #[case] found: &[&str]) {
    let deltas: Vec<&str> = deltas.to_vec();
    let engine = judge(&session(&deltas, 40), Profile::default());
    // A hybrid whose growth comes last stays undecided: its text is kept.
    if found.is_empty() {
        assert_eq!(text(&engine), deltas.concat());
    } else {
        check(&engine, expected, found);
    }
}

/// The original fault: the first delta twice, written by another serializer.
#[test]
fn first_delta_twice_by_another_serializer() {
    let preamble = |text: &str| {
        format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"finish_reason\":null,\"logprobs\":null,\"delta\":{{\"content\":\"{text}\"}},\"index\":0}}]}}\n\n"
        )
    };
    let ordinary = |text: &str| {
        format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null,\"index\":0,\"logprobs\":null}}]}}\n\n"
        )
    };
    let run = |frames: &[String]| {
        let mut inputs = opening();
        inputs.extend(frames.iter().enumerate().map(|(index, frame)| read(50 * index as u64 + 10, frame.clone())));
        inputs.extend([read(900, finish()), eof(901)]);
        judge(&inputs, Profile::default())
    };
    let double = run(&[preamble("**"), preamble("**"), ordinary("The Weight"), ordinary(" of Words")]);
    check(&double, "**The Weight of Words", &["first_chunk_double"]);
    // The same texts from one serializer are what the model said.
    let legitimate = run(&[ordinary("**"), ordinary("**"), ordinary("The Weight"), ordinary(" of Words")]);
    check(&legitimate, "****The Weight of Words", &[]);
}

#[test]
fn a_finish_frame_that_repeats_the_answer() {
    let mut inputs = opening();
    for (index, delta) in ["Hello", " there", "!"].iter().enumerate() {
        inputs.push(read(10 + index as u64, frame("content", delta)));
    }
    let last = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello there!\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    inputs.extend([read(40, last), eof(41)]);
    check(&judge(&inputs, Profile::default()), "Hello there!", &["final_aggregate"]);
}

#[test]
fn lines_that_come_again_with_their_stamp() {
    let line = |stamp: u32, text: &str| {
        format!(
            "{{\"model\":\"m\",\"created_at\":\"2026-01-01T00:00:00.{stamp:09}Z\",\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\"}},\"done\":false}}\n"
        )
    };
    let run = |lines: &[(u32, &str)]| {
        let mut inputs = support::ollama_opening();
        inputs.extend(lines.iter().enumerate().map(|(index, (stamp, text))| read(10 + 30 * index as u64, line(*stamp, text))));
        let done = "{\"model\":\"m\",\"created_at\":\"2026-01-01T00:00:09.000000001Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n";
        inputs.extend([read(900, done), eof(901)]);
        judge(&inputs, Profile::default())
    };
    let replayed = run(&[(1_000, "So"), (2_001, " opus"), (3_002, " IS"), (2_001, " opus"), (3_002, " IS"), (4_003, " faster.")]);
    check(&replayed, "So opus IS faster.", &["replay_by_seq"]);
    // Stamps that repeat with other text identify nothing.
    let coarse = run(&[(0, "So"), (0, " so"), (0, " so"), (0, " good.")]);
    assert_eq!(text(&coarse), "So so so good.");
}

#[rstest]
#[case::loops(" court", 150, &["token_loop"])]
#[case::asked_for(" hello", 40, &[])]
#[case::ruler("=", 300, &[])]
fn loops_are_flagged_and_kept(#[case] unit: &str, #[case] copies: usize, #[case] found: &[&str]) {
    let deltas = vec![unit; copies];
    let engine = judge(&session(&deltas, 5), Profile::default());
    check(&engine, &unit.repeat(copies), found);
}

/// A loop is told by whole characters, and another loop is another finding.
#[test]
fn loops_have_their_own_findings() {
    // The character before the loop ends in the byte that every copy ends in.
    let mut deltas = vec!["这是很长的开头，好", "\u{7528}"];
    deltas.extend(std::iter::repeat_n("\u{4f60}\u{4e28}", 150));
    deltas.push(" And now something else entirely, which goes on for a while, so that nothing repeats.");
    deltas.extend(std::iter::repeat_n(" court", 120));
    let engine = judge(&session(&deltas, 5), Profile::default());
    let evidence: Vec<&str> = engine.judgement.findings.iter().map(|finding| finding.evidence.as_str()).collect();
    assert_eq!(
        evidence,
        [
            "150 copies of \"\u{4f60}\u{4e28}\" back to back (300 characters)",
            "120 copies of \" court\" back to back (720 characters)"
        ]
    );
    assert_eq!(engine.judgement.findings.iter().map(|finding| finding.count).collect::<Vec<_>>(), [150, 120]);
}

#[test]
fn whitespace_without_end_after_json_is_cut_once_it_is_a_flood() {
    let mut deltas = vec!["{\"a\": 1}"];
    deltas.extend(std::iter::repeat_n(" \n", 100));
    let engine = judge(&session(&deltas, 5), Profile::default());
    assert_eq!(classes(&engine), ["whitespace_flood"]);
    let kept = text(&engine).len() as u64 - 8;
    assert!(kept <= Profile::default().params.get(Param::FloodChars), "{kept} characters of whitespace passed");
    let evidence = &engine.judgement.findings[0].evidence;
    assert!(evidence.starts_with("200 whitespace characters"), "{evidence}");
    // Brackets that balance are not yet JSON.
    let mut deltas = vec!["[Intro]"];
    deltas.extend(std::iter::repeat_n(" ", 100));
    deltas.push("a title");
    check(&judge(&session(&deltas, 5), Profile::default()), &deltas.concat(), &[]);
    let clean = judge(&session(&["{\"a\": 1}", "\n"], 5), Profile::default());
    check(&clean, "{\"a\": 1}\n", &[]);
}

/// A frame with a piece of the arguments of tool call 0.
fn tool_piece(text: &str) -> String {
    format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":\"{text}\"}}}}]}}}}]}}\n\n"
    )
}

/// A gap of `gap_ms` in mid stream with `pings` keep-alives in it.
fn with_gap(gap_ms: u64, pings: u64) -> Vec<Input> {
    let mut inputs = opening();
    // A pace of 20 ms, kept for long enough to be one.
    inputs.extend((0..5).map(|piece| read(20 + 20 * piece, frame("content", ["W", "o", "r", "ki", "ng"][piece as usize]))));
    inputs.extend((1..=pings).map(|ping| read(100 + gap_ms * ping / (pings + 1), ": ping\n\n")));
    inputs.push(read(100 + gap_ms, frame("content", " on it.")));
    inputs.extend([read(200 + gap_ms, finish()), eof(201 + gap_ms)]);
    inputs
}

#[rstest]
#[case::short(4_900, 0, &[])]
#[case::silent(7_000, 0, &["stall"])]
#[case::masked(7_000, 20, &["keepalive_masked"])]
#[case::masked_after_its_deadline(21_000, 4, &["keepalive_masked"])]
#[case::masked_for_too_long(120_000, 600, &["keepalive_masked"])]
#[case::masked_for_too_long_by_few(120_000, 7, &["keepalive_masked"])]
#[case::pings_in_a_short_gap(4_000, 20, &[])]
fn gaps(#[case] gap_ms: u64, #[case] pings: u64, #[case] found: &[&str]) {
    let engine = judge(&with_gap(gap_ms, pings), Profile::default());
    check(&engine, "Working on it.", found);
    if let Some(finding) = engine.judgement.findings.first() {
        assert_eq!(finding.level, if pings == 0 || gap_ms > 90_000 { Level::Warning } else { Level::Note }, "{finding:?}");
        assert_eq!(finding.moment.at, Micros::from_millis(5_100), "a stall is found at its deadline");
        assert_eq!(finding.span, Some(Micros::from_millis(gap_ms)));
        assert_eq!(finding.count, if pings == 0 { 1 } else { pings as u32 }, "a masked stall counts its keep-alives");
    }
}

#[test]
fn bursts_with_silence_between_them() {
    let mut inputs = opening();
    for burst in 0..4 {
        for word in 0..12_u64 {
            inputs.push(Input { at: Micros(burst * 600_000 + word * 80 + 1_000), ..read(0, frame("content", "word ")) });
        }
    }
    inputs.extend([read(2_500, finish()), eof(2_501)]);
    let engine = judge(&inputs, Profile::default());
    assert_eq!(classes(&engine), ["proxy_burst"]);
    assert_eq!(engine.judgement.findings[0].count, 4);
}

#[rstest]
#[case::cut_without_an_end("", &["terminal_anomaly"])]
#[case::malformed("data: {\"choices\": [\n\ndata: [DONE]\n\n", &["malformed_frame"])]
#[case::text_after_the_end("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\ud83d\\ude0a\"}}]}\n\n", &["terminal_anomaly"])]
#[case::text_after_the_finish("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"}}]}\n\ndata: [DONE]\n\n", &["terminal_anomaly"])]
#[case::every_tool_call_finishes("data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"a\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{\"name\":\"b\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n", &[])]
#[case::every_frame_finishes("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" w\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"or\"},\"finish_reason\":\"stop\"}]}\n\n", &[])]
#[case::another_completion_begins("data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: {\"id\":\"d\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n", &[])]
#[case::error_in_the_stream("data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}\n\n", &["provider_error"])]
fn damage(#[case] tail: &str, #[case] found: &[&str]) {
    let mut inputs = opening();
    inputs.push(read(10, frame("content", "Hello")));
    if !tail.is_empty() {
        inputs.push(read(20, tail));
    }
    inputs.push(eof(30));
    let engine = judge(&inputs, Profile::default());
    assert!(text(&engine).starts_with("Hello"));
    assert_eq!(classes(&engine), found, "{:#?}", engine.judgement.findings);
}

/// The ends of sessions: what is said once is said once, and what cannot be told is not said.
#[test]
fn ends() {
    let whole = |tail: Vec<Input>| {
        let mut inputs = opening();
        inputs.extend([read(10, frame("content", "Hello")), read(20, finish())]);
        inputs.extend(tail);
        judge(&inputs, Profile::default())
    };
    // A connection that stays open after the end keeps nobody waiting for text.
    check(&whole(vec![eof(60_000)]), "Hello", &[]);
    let cut = |ends: &[u64]| {
        let mut inputs = opening();
        inputs.push(read(10, frame("content", "Hello")));
        inputs.extend(ends.iter().map(|ms| eof(*ms)));
        judge(&inputs, Profile::default())
    };
    check(&cut(&[20, 30]), "Hello", &["terminal_anomaly"]);
    // Without a dialect nobody knows which end is missing; that nothing was read is what there is to say.
    let mut inputs = opening();
    if let What::Start(start) = &mut inputs[0].what {
        start.dialect = None;
        start.url = String::new();
    }
    inputs.extend([read(10, "data: {\"some\": \"dialect\"}\n\n"), eof(20)]);
    let unknown = judge(&inputs, Profile::default());
    assert_eq!(classes(&unknown), ["unknown_frame"], "{:#?}", unknown.judgement.findings);
}

/// Time in which this program did not read is nobody's stall and nobody's burst.
#[test]
fn pauses() {
    let pause = |at: u64, ms: u64| Input {
        at: Micros::from_millis(at),
        what: What::Paused { us: ms * 1_000, cause: PauseCause::Suspended },
    };
    let mut inputs = opening();
    inputs.push(read(100, frame("content", "Working")));
    inputs.extend([pause(600, 8_500), read(10_000, frame("content", " on it.")), read(10_100, finish()), eof(10_200)]);
    check(&judge(&inputs, Profile::default()), "Working on it.", &[]);
    let mut inputs = opening();
    for burst in 1..=4_u64 {
        inputs.push(pause(burst * 600 - 500, 500));
        inputs.push(read(burst * 600, (0..10).map(|_| frame("content", "word ")).collect::<String>()));
    }
    inputs.extend([read(2_500, finish()), eof(2_501)]);
    check(&judge(&inputs, Profile::default()), &"word ".repeat(40), &[]);
}

#[test]
fn a_character_cut_between_two_reads_is_whole() {
    let bytes = frame("content", "北京🌍").into_bytes();
    let middle = bytes.iter().position(|byte| *byte >= 0xf0).unwrap() + 2;
    let mut inputs = opening();
    inputs.extend([read(10, &bytes[..middle]), read(20, &bytes[middle..]), read(30, finish()), eof(31)]);
    let engine = judge(&inputs, Profile::default());
    check(&engine, "北京🌍", &["utf8_split"]);
    let halves = [r#"\ud83d"#, r#"\ude0a"#].map(|half| frame("content", "X").replace('X', half));
    let mut inputs = opening();
    inputs.extend([read(10, halves[0].clone()), read(20, halves[1].clone()), read(30, finish()), eof(31)]);
    check(&judge(&inputs, Profile::default()), "😊", &["utf8_split"]);
}

/// Every parameter moves something on some session; one that moves nothing has no place in the table.
#[test]
fn every_parameter_changes_something() {
    let long = "I will now look at the configuration file. ";
    let more = format!("{long}Done.");
    let growing: Vec<String> = (1..20).map(|words| (0..words).map(|word| format!("go{word} ")).collect()).collect();
    let growing: Vec<&str> = growing.iter().map(String::as_str).collect();
    let slow_growth = session(&["Here", "Here is", " more"], 1_000);
    let mut never_decided = vec!["Here"];
    never_decided.extend(std::iter::repeat_n("Here is", 12));
    let mut flood = vec!["{\"a\": 1}"];
    flood.extend(std::iter::repeat_n(" \n", 100));
    let mut bursts = opening();
    for burst in 0..4 {
        bursts.extend(
            (0..8_u64).map(|word| Input { at: Micros(burst * 400_000 + word * 80 + 1_000), ..read(0, frame("content", "word ")) }),
        );
    }
    bursts.push(eof(2_501));
    let ollama = {
        let line = |stamp: u32, text: &str| {
            format!(
                "{{\"created_at\":\"2026-01-01T00:00:00.{stamp:09}Z\",\"message\":{{\"content\":\"{text}\"}},\"done\":false}}\n"
            )
        };
        let mut inputs = support::ollama_opening();
        inputs.extend(
            [(1, "So"), (2_001, " it"), (3_001, " is"), (2_001, " it")]
                .iter()
                .enumerate()
                .map(|(index, (stamp, text))| read(10 + index as u64, line(*stamp, text))),
        );
        inputs
    };
    let slow_first = [opening(), vec![read(200, frame("content", "Hi"))]].concat();
    let mut slow_head = opening();
    slow_head[2].at = Micros::from_millis(200);
    let in_channel = |channel: &str| {
        let piece = |text: &str| match channel {
            "tool" => tool_piece(text),
            field => frame(field, text),
        };
        let mut inputs = opening();
        inputs.extend((0..6).map(|number| read(20 + 20 * number, piece("1"))));
        inputs.push(read(7_000, piece("2")));
        inputs
    };
    let pairs: Vec<String> = (0..24).map(|unit| format!(" u{}", unit / 2)).chain([" end".into()]).collect();
    let pairs: Vec<&str> = pairs.iter().map(String::as_str).collect();
    let arguments = {
        let delta = "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}  {}\"}}]}}]}\n\n";
        let mut inputs = opening();
        inputs.extend([read(10, delta.repeat(2)), read(20, finish()), eof(21)]);
        inputs
    };
    let labelled = |lines: &[&str]| {
        let mut inputs = support::ollama_opening();
        if let What::Start(start) = &mut inputs[0].what {
            start.dialect = Some("labelled".into());
        }
        inputs.extend(lines.iter().enumerate().map(|(index, line)| read(20 + index as u64, format!("{line}\n"))));
        inputs
    };
    let restarted = labelled(&[
        "\"I will now look at the configuration file, and then\"",
        "{\"event\":\"error\"}",
        "\"I will now look at the configuration file\"",
        "\".\"",
    ]);
    let stitched = labelled(&["\"Look at the file\"", "{\"event\":\"continuation\"}", "\"at the file now\""]);
    let rows: Vec<(Param, u64, Vec<Input>)> = vec![
        (Param::RestartMinChars, 60, restarted),
        (Param::StitchMinChars, 20, stitched),
        (Param::HoldTime, 200, slow_growth),
        (Param::HoldChars, 20, session(&never_decided, 10)),
        (Param::HoldDeltas, 3, session(&never_decided, 10)),
        (Param::CumulativeGrowths, 4, session(&growing, 40)),
        (Param::CumulativeMinChars, 100, session(&[long, &more], 40)),
        (Param::CumulativeEndChars, 20, session(&["Here is the plan", "Here is the plan: go"], 40)),
        (Param::PairingPairs, 4, session(&pairs, 20)),
        (Param::PairingMinChars, 60, session(&pairs, 20)),
        (Param::ToolArgsHold, 4, arguments),
        (Param::ReplayMinChars, 60, session(&["I'll check", " the file.", "I'll check the file.", " Ok."], 40)),
        (Param::ReplayMinDeltas, 4, session(&["I'll check", " the file.", "I'll check the file.", " Ok."], 40)),
        (Param::StampMinFrames, 10, ollama),
        (Param::LoopCopies, 400, session(&vec![" court"; 200], 5)),
        (Param::LoopFew, 90, session(&["Let me look at the configuration file again. "; 80], 5)),
        (Param::LoopStop, 150, session(&vec![" court"; 200], 5)),
        (Param::LoopMinChars, 4_000, session(&vec![" court"; 80], 5)),
        (Param::LoopBlock, 40_000, session(&[format!("{}. ", "so on and so forth, as I said before".repeat(3)).as_str(); 12], 5)),
        (
            Param::WordsRate,
            400,
            session(
                &[
                    "It was was early early and we had had coffee there there and then left left for the coast,",
                    " where boats boats lay in rows and the wind came over the hills, and old men sat and mended their nets nets at dusk.",
                ],
                5,
            ),
        ),
        (
            Param::AnswerMinChars,
            400,
            session(&["The build is fixed and the tests are green on both machines that we have.\n"; 2], 5),
        ),
        (Param::FloodChars, 200, session(&flood, 5)),
        (Param::StallGap, 9_000, with_gap(7_000, 0)),
        (Param::StallFirst, 100, slow_first),
        (Param::StallHeaders, 100, slow_head),
        (Param::StallReasoning, 5_000, in_channel("reasoning_content")),
        (Param::StallTool, 5_000, in_channel("tool")),
        (Param::StallTimes, 1_000, with_gap(7_000, 0)),
        (Param::KeepaliveCount, 100, with_gap(7_000, 20)),
        (Param::KeepaliveGap, 6_000, with_gap(7_000, 20)),
        (Param::BurstFrames, 20, bursts.clone()),
        (Param::BurstGap, 2_000, bursts.clone()),
        (Param::BurstCount, 10, bursts),
    ];
    for info in PARAMS {
        let (_, value, inputs) =
            rows.iter().find(|row| row.0 == info.param).unwrap_or_else(|| panic!("no session for {}", info.id));
        let mut other = Profile::default();
        other.params.set(info.param, *value);
        let said = |engine: &Engine| {
            let judgement = &engine.judgement;
            format!("{:?} {:?} {:?}", judgement.findings, judgement.output, judgement.stop)
        };
        assert_ne!(said(&judge(inputs, Profile::default())), said(&judge(inputs, other)), "{} changes nothing", info.id);
    }
}

#[test]
fn suppressed_text_keeps_its_place_and_its_finding() {
    let engine = judge(&session(&["1", "1+", "1+1"], 40), Profile::default());
    let cuts = &engine.judgement.output.cuts;
    assert_eq!(cuts.iter().map(|cut| (cut.delta.0, cut.range.clone())).collect::<Vec<_>>(), [(1, 0..1), (2, 0..2)]);
    let finding = engine.judgement.finding(cuts[0].finding);
    assert_eq!(
        (finding.class, finding.action, finding.deltas.as_slice(), finding.repaired),
        (Class::CumulativeFull, Action::Suppress, &[(1, 2)][..], true)
    );
}

/// A hold that began behind another channel's hold is told from its own beginning.
#[test]
fn holds_behind_holds_keep_their_beginning() {
    let inputs = [
        (0, "content", "Here"),
        (100, "reasoning_content", "So"),
        (200, "content", "Here is"),
        (300, "reasoning_content", "So it"),
        (400, "content", " more"),
        (500, "reasoning_content", " more"),
    ];
    let inputs = inputs.map(|(ms, field, delta)| read(ms + 10, frame(field, delta)));
    let engine = judge(&[opening(), inputs.to_vec(), vec![read(600, finish()), eof(601)]].concat(), Profile::default());
    let holds = &engine.judgement.output.holds;
    let spans: Vec<_> = holds.iter().map(|hold| (hold.first, hold.since.frames, hold.since.at.millis(), hold.end)).collect();
    assert_eq!(spans, [(2, 3, 210, 3), (3, 4, 310, 6)]);
}

/// Beyond a number of findings of one kind the last one counts on; what was kept never speaks for what was taken out.
#[test]
fn many_undecided_findings_leave_room_for_a_proved_one() {
    let choice = |choice: u32, text: &str| {
        format!("data: {{\"choices\":[{{\"index\":{choice},\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    };
    let mut inputs = opening();
    for number in 1..=300 {
        inputs.push(read(10, choice(number, "1") + &choice(number, "10")));
    }
    inputs.push(read(3_000, choice(0, "a") + &choice(0, "ab") + &choice(0, "abc") + &finish()));
    inputs.push(eof(3_001));
    let engine = judge(&inputs, Profile::default());
    let cut = &engine.judgement.output.cuts[0];
    assert_eq!(engine.judgement.finding(cut.finding).action, Action::Suppress);
    assert_eq!(classes(&engine).iter().filter(|class| **class == "cumulative_full").count(), 256 + 1);
    assert_eq!(engine.judgement.findings[255].count, 45);
}

/// A new turn says anew how it is framed: what the turn before left undecided is passed on, noted.
#[test]
fn a_new_turn_ends_the_holds_of_the_turn_before() {
    let start = |id: &str| format!("data: {{\"type\":\"message_start\",\"message\":{{\"id\":\"{id}\"}}}}\n\n");
    let delta = |text: &str| {
        format!(
            "data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
        )
    };
    let stop = "data: {\"type\":\"message_stop\"}\n\n";
    let run = |end: &str| {
        let mut inputs = opening();
        if let What::Start(start) = &mut inputs[0].what {
            start.dialect = Some("anthropic".into());
        }
        let first = [start("one"), delta("Here"), delta("Here is")].concat();
        inputs.extend([read(10, first), read(20, start("two") + &delta("Now")), read(30, end), eof(31)]);
        judge(&inputs, Profile::default())
    };
    let whole = run(stop);
    assert_eq!(classes(&whole), ["cumulative_full"]);
    assert!(whole.judgement.findings[0].evidence.contains("a new turn began"), "{:?}", whole.judgement.findings[0]);
    // The end of the first turn is not the end of the second.
    assert_eq!(classes(&run("")), ["cumulative_full", "terminal_anomaly"]);
}
