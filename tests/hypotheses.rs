//! What the judge makes of a channel's text beside "each delta adds its text", as tables: deltas in, text and findings out.

mod support;

use rstest::rstest;
use stutterscope::core::{
    class::Certainty,
    engine::Engine,
    input::{Input, What},
    params::Profile,
    reading::{Channel, ChannelKey},
    time::Micros,
};
use support::{classes, eof, finish, frame, judge, opening, read, session, text};

fn check(engine: &Engine, expected_text: &str, expected_classes: &[&str]) {
    assert_eq!(text(engine), expected_text);
    assert_eq!(classes(engine), expected_classes, "{:#?}", engine.judgement.findings);
}

/// Deltas of one text channel, `gap_ms` apart: the text that comes out, and the classes that are proved or flagged.
fn proved(engine: &Engine) -> Vec<&'static str> {
    let sure = engine.judgement.findings.iter().filter(|finding| finding.certainty != Certainty::Ambiguous);
    sure.map(|finding| finding.class.name()).collect()
}

#[rstest]
#[case::two_units(&["Hello", "Hello", "!", "!"], "Hello!")]
#[case::three_units(&["Git", "Git", "Hub", "Hub", " issue", " issue"], "GitHub issue")]
#[case::eight_pairs_prove_it_while_text_flows(
    &["One", "One", " more", " more", " time", " time", " and", " and", " then", " then", " we", " we", " go", " go", " on", " on", "."],
    "One more time and then we go on."
)]
#[case::a_doubled_growth(&["a", "a", "ab", "ab", "abc", "abc"], "abc")]
fn doubled_deltas(#[case] deltas: &[&str], #[case] expected: &str) {
    let engine = judge(&session(deltas, 40), Profile::default());
    assert_eq!(text(&engine), expected, "{:#?}", engine.judgement.findings);
}

#[rstest]
#[case::one_pair(&["ok", "ok"])]
#[case::powers_of_ten(&["1", "10", "100", "1000", " are powers"])]
#[case::roman_numbers(&["V", "VI", "VII", "VIII", "."])]
#[case::counting(&["1", "12", "123", "1234", " is the last line"])]
#[case::stars(&["\n*", "\n**", "\n***", "\n****", "\nDone."])]
#[case::a_triangle(&["\nab", "\nabab", "\nababab", "\nabababab", "\nababababab", "\nabababababab", "\nababababababab", "\nabababababababab", "\nababababababababab", "\nDone."])]
#[case::lines_that_grow_from_the_first(&["\nab", "\nabc", "\nabcd", "\nabcde.", "\nSo."])]
#[case::paths_that_grow(&["The folders:", "\n/usr", "\n/usr/local", "\n/usr/local/lib", "\n/usr/local/lib/python3", "\n/usr/local/lib/python3/site-packages", "\n"])]
#[case::addresses_that_grow(&["https://a.example\n", "https://a.example/b\n", "https://a.example/b/c\n", "https://a.example/b/c?d=1\n", "Done."])]
#[case::words_that_grow(&["Autocomplete:", " automate", " automated", " automation;", " automaton"])]
#[case::words_that_grow_and_grow(&["The forms are", " understand", " understanding", " understandings", "."])]
#[case::signs_said_twice(&["高", "高", "兴", "兴", "快", "快", "乐", "乐"])]
#[case::letters_said_twice(&["A", "A", "B", "B", "C", "C", "D", "D"])]
#[case::reduplication(&["高", "高", "兴", "兴"])]
#[case::more_of_it(&["咕", "咕", "嘎", "嘎", "，我开始处理"])]
#[case::one_unit(&["ab", "ab", "ab", "ab"])]
#[case::laughter(&["ha", " ha", " ha", "!"])]
#[case::imports(&["from utils import parse_config\n", "from utils import parse_config\n", "from utils import load_config\n"])]
#[case::tags(&["<div><div><div>", "\n", "</div>\n", "</div>\n", "</div>\n"])]
#[case::indentation(&["if x:\n", "        ", "        ", "        ", "return y"])]
#[case::a_remainder(&["Hello", "Hello", " you", " you", "."])]
#[case::two_units_over_and_over(&["ha", "ha", " ho", " ho", "ha", "ha", " ho", " ho", "ha", "ha", " ho", " ho", "ha", "ha", " ho", " ho", "ha", "ha", " x"])]
#[case::a_loop(&["court", " court", " court", " court", " court", " court", " court", " court", " court", " court", " court", " court", " court", " court", " court", " court", " court", " court", " court"])]
#[case::doubled_letters(&["a", "a", "b", "b", "c", "c", "d", "d", "e", "e", "f", "f", "g", "g", "h", "h", "i", "i", "j", "j", "k", "k", "l", "l", "m", "m", "n", "n", "o", "o", "p", "p", "q", "q", "r", "r", "s", "s", "t", "t", "u", "u", "v", "v", "w", "w", "x", "x", "y", "y", "z", "z", "!"])]
fn repetition_that_the_model_means(#[case] deltas: &[&str]) {
    let engine = judge(&session(deltas, 5), Profile::default());
    assert_eq!(text(&engine), deltas.concat());
    assert_eq!(proved(&engine), [""; 0], "{:#?}", engine.judgement.findings);
}

/// Pairs that begin in mid stream are proved by the eighth; what left before is named.
#[test]
fn pairs_that_begin_in_mid_stream() {
    let units: Vec<String> = (0..12).map(|unit| format!(" unit{unit}")).collect();
    let deltas: Vec<&str> = ["It", " is"].into_iter().chain(units.iter().flat_map(|unit| [unit.as_str(), unit])).collect();
    let engine = judge(&session(&deltas, 40), Profile::default());
    assert_eq!(classes(&engine), ["per_delta_double"]);
    let finding = &engine.judgement.findings[0];
    assert!(!finding.repaired && finding.count == 12, "{finding:#?}");
    assert!(finding.evidence.ends_with("7 of its deltas had been passed on by then"), "{}", finding.evidence);
    let doubled: String = units[..7].iter().map(|unit| unit.repeat(2)).collect();
    assert_eq!(text(&engine), format!("It is{doubled}{}", units[7..].concat()));
    assert!(engine.judgement.output.holds.is_empty());
}

/// A thought that is delivered twice is decided when the answer begins, and only it is repaired.
#[test]
fn only_one_channel_is_doubled() {
    let thought = ["The", " user is", " greeting", " me with"];
    let mut inputs = opening();
    inputs.extend(
        thought
            .iter()
            .flat_map(|unit| [unit, unit])
            .enumerate()
            .map(|(at, unit)| read(10 + at as u64, frame("reasoning_content", unit))),
    );
    inputs.push(read(40, frame("content", "Hi!")));
    let engine = judge(&inputs, Profile::default());
    assert_eq!(engine.judgement.output.text(&engine.reading, 0, Channel::Reasoning), thought.concat());
    assert_eq!(text(&engine), "Hi!");
    assert_eq!(classes(&engine), ["per_delta_double"]);
}

/// Twins that come together while pairs do not need half as many pairs.
#[test]
fn twins_in_time() {
    let units = ["One", " more", " time", " and", " another"];
    let run = |twin_us: u64| {
        let mut inputs = opening();
        for (pair, unit) in units.iter().enumerate() {
            let at = 100_000 + 40_000 * pair as u64;
            inputs.extend([at, at + twin_us].map(|at| Input { at: Micros(at), ..read(0, frame("content", unit)) }));
        }
        inputs.push(read(400, frame("content", ".")));
        inputs.push(read(500, frame("content", " So")));
        inputs.extend([read(900, finish()), eof(901)]);
        judge(&inputs, Profile::default())
    };
    check(&run(900), "One more time and another. So", &["per_delta_double"]);
    let apart = run(20_000);
    assert_eq!(text(&apart), units.iter().map(|unit| unit.repeat(2)).collect::<String>() + ". So");
}

/// Growth that is slower than a hold is watched on: what it repeats is cut from the proof on, and what left before is named.
#[test]
fn growth_slower_than_a_hold() {
    let engine =
        judge(&session(&["The", "The cat", "The cat sat", "The cat sat down", "The cat sat down."], 2_000), Profile::default());
    assert_eq!(text(&engine), "TheThe cat sat down.");
    assert_eq!(classes(&engine), ["cumulative_full", "cumulative_full"]);
    let finding = &engine.judgement.findings[1];
    assert_eq!((finding.certainty, finding.repaired, finding.count), (Certainty::Proved, false, 4), "{finding:#?}");
    // One more delta that does not grow, and all was text to add.
    let refuted = judge(&session(&["1", "10", " 100", " 1000"], 2_000), Profile::default());
    assert_eq!(text(&refuted), "110 100 1000");
}

/// A preamble that is sent twice, and then text that grows: both are repaired.
#[test]
fn a_double_preamble_on_a_cumulative_stream() {
    let preamble = "data: {\"id\":\"c\",\"choices\":[{\"finish_reason\":null,\"delta\":{\"content\":\"**\"},\"index\":0}]}\n\n";
    let ordinary = |text: &str| {
        format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
        )
    };
    let mut inputs = opening();
    inputs.extend([
        read(10, preamble),
        read(20, preamble),
        read(30, ordinary("**The")),
        read(40, ordinary("**The Weight")),
        read(50, finish()),
        eof(51),
    ]);
    check(&judge(&inputs, Profile::default()), "**The Weight", &["first_chunk_double", "cumulative_full"]);
}

/// Snapshots that begin anew are told by their growth, whatever came before them.
#[rstest]
#[case::in_mid_stream(&["Intro", " first. ", "Then we look", "Then we look at", "Then we look at it."], "Intro first. Then we look at it.")]
#[case::after_snapshots(&["I'll", "I'll read", "I'll read it.", " Now", " Now I", " Now I edit"], "I'll read it. Now I edit")]
#[case::short_growth_is_none(&["Intro", " 1", " 10", " 100"], "Intro 1 10 100")]
#[case::one_growth_is_none(&["Intro", " first. ", "Then we look", "Then we look at", " it"], "Intro first. Then we lookThen we look at it")]
fn snapshots_that_begin_anew(#[case] deltas: &[&str], #[case] expected: &str) {
    assert_eq!(text(&judge(&session(deltas, 40), Profile::default())), expected);
}

/// A replay of all text before and after a tool call, and one that is none: the same sentence before another call.
#[rstest]
#[case::replay(&["Looking ", "it up. ", "|", "Found three matches. ", "Looking it up. Found three matches. ", "So."], "Looking it up. Found three matches. So.")]
#[case::sentence(&["Checking. ", "|", "Checking. ", "Done."], "Checking. Checking. Done.")]
#[case::growth_ends_where_the_call_begins(&["I will check", "I will check the file.", "|", " Done."], "I will check the file. Done.")]
fn across_a_tool_call(#[case] deltas: &[&str], #[case] expected: &str) {
    let frame = |delta: &str| if delta == "|" { arguments(0, "a", "{}") } else { frame("content", delta) };
    let mut inputs = opening();
    inputs.extend(deltas.iter().enumerate().map(|(at, delta)| read(10 + 30 * at as u64, frame(delta))));
    inputs.extend([read(900, finish()), eof(901)]);
    assert_eq!(text(&judge(&inputs, Profile::default())), expected);
}

/// A replay is told while another doubt still holds text.
#[test]
fn a_replay_while_text_is_held() {
    let deltas = ["Now", "Now", " we look", " at the file.", "NowNow we look at the file.", " Done"];
    check(&judge(&session(&deltas, 40), Profile::default()), "NowNow we look at the file. Done", &["cumulative_replay"]);
}

/// One delta of a tool call's arguments; the call is announced where `id` is given.
fn arguments(index: u16, id: &str, text: &str) -> String {
    let text = serde_json::json!(text);
    let id = if id.is_empty() { String::new() } else { format!("\"id\":\"{id}\",") };
    let name = if id.is_empty() { "" } else { "\"name\":\"f\"," };
    let call = format!("{{\"index\":{index},{id}\"function\":{{{name}\"arguments\":{text}}}}}");
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{call}]}},\"finish_reason\":null}}]}}\n\n")
}

fn call(deltas: &[&str], gap_ms: u64) -> Engine {
    let mut inputs = opening();
    let mut at = 10;
    for delta in deltas {
        inputs.push(read(at, arguments(0, if at == 10 { "c" } else { "" }, delta)));
        at += gap_ms;
    }
    inputs.extend([read(at, finish()), eof(at + 1)]);
    judge(&inputs, Profile::default())
}

#[rstest]
#[case::snapshots(&["{\"q", "{\"query\":\"ru", "{\"query\":\"rust\"}"], "{\"query\":\"rust\"}", &["tool_args_cumulative"])]
#[case::copies(&["{\"path\":\"a.txt\"}", "{\"path\":\"a.txt\"}", "{\"path\":\"a.txt\"}"], "{\"path\":\"a.txt\"}", &["tool_args_cumulative"])]
#[case::all_again_at_the_end(&["{\"path\":", "\"a.txt\"}", "{\"path\":\"a.txt\"}"], "{\"path\":\"a.txt\"}", &["tool_args_cumulative"])]
#[case::all_again_in_pieces(&["{\"path\":", "\"a.txt\"}", "{\"path\":", "\"a.txt\"}"], "{\"path\":\"a.txt\"}", &["tool_args_cumulative"])]
#[case::doubled(&["{\"a", "{\"a", "\":1}", "\":1}"], "{\"a\":1}", &["per_delta_double"])]
#[case::nested(&["[", "[", "0", "],", "[0]]"], "[[0],[0]]", &[])]
#[case::nested_twice(&["[[", "[[", "0]]", "]]"], "[[[[0]]]]", &[])]
#[case::numbers(&["1", "1"], "11", &[])]
#[case::plain(&["{\"a\":", "1}"], "{\"a\":1}", &[])]
#[case::no_json(&["*** Begin", "*** Begin", " Patch"], "*** Begin*** Begin Patch", &[])]
fn tool_arguments(#[case] deltas: &[&str], #[case] expected: &str, #[case] found: &[&str]) {
    for gap_ms in [10, 1_900] {
        let engine = call(deltas, gap_ms);
        let key = ChannelKey { choice: 0, block: 0, channel: Channel::ToolArguments };
        let out = engine.judgement.output.balance(&engine.reading, key);
        assert_eq!(
            engine.judgement.output.text(&engine.reading, 0, Channel::ToolArguments),
            expected,
            "{:#?}",
            engine.judgement.findings
        );
        assert_eq!(proved(&engine), found, "{:#?}", engine.judgement.findings);
        assert_eq!(out.held, 0);
    }
}

/// Another call in the place of one that ended repeats nothing.
#[test]
fn calls_of_other_ids_share_an_index() {
    let mut inputs = opening();
    inputs.extend([("a", 10), ("b", 30)].map(|(id, at)| read(at, arguments(0, id, "{}"))));
    inputs.extend([read(40, finish()), eof(41)]);
    let engine = judge(&inputs, Profile::default());
    assert_eq!(proved(&engine), [""; 0], "{:#?}", engine.judgement.findings);
}

/// The next call ends the one before it.
#[test]
fn another_call_begins() {
    let mut inputs = opening();
    for (at, (index, id, text)) in
        [(0, "a", "{\"q"), (0, "", "{\"q\":1}"), (1, "b", "{\"q\":1}"), (1, "", "")].into_iter().enumerate()
    {
        inputs.push(read(10 + at as u64, arguments(index, id, text)));
    }
    let engine = judge(&inputs, Profile::default());
    assert_eq!(engine.judgement.output.text(&engine.reading, 0, Channel::ToolArguments), "{\"q\":1}{\"q\":1}");
    assert_eq!(classes(&engine), ["tool_args_cumulative"]);
}

/// A typed snapshot says which reading of what is held is the text.
#[rstest]
#[case::once("ok", "ok", &["per_delta_double"])]
#[case::twice("okok", "okok", &[])]
#[case::neither("other", "okok", &["per_delta_double", "under_emission"])]
fn a_typed_snapshot_decides(#[case] whole: &str, #[case] expected: &str, #[case] found: &[&str]) {
    let event = |kind: &str, rest: &str| {
        read(10, format!("event: {kind}\ndata: {{\"type\":\"{kind}\",\"output_index\":0,\"content_index\":0,{rest}}}\n\n"))
    };
    let mut inputs = opening();
    if let What::Start(start) = &mut inputs[0].what {
        start.dialect = Some("openai-responses".into());
    }
    inputs.extend(["ok", "ok"].map(|text| event("response.output_text.delta", &format!("\"delta\":\"{text}\""))));
    inputs.push(event("response.output_text.done", &format!("\"text\":\"{whole}\"")));
    inputs.push(event("response.completed", "\"response\":{}"));
    inputs.push(eof(11));
    let engine = judge(&inputs, Profile::default());
    let text = engine.judgement.output.text(&engine.reading, 0, Channel::Text);
    assert_eq!((text.as_str(), classes(&engine).as_slice()), (expected, found), "{:#?}", engine.judgement.findings);
}

/// What a frame says beside its text is proof: the type that opens a block, the tokens it brings, the fields it has.
#[rstest]
#[case::opened_twice(
    &[r#"{"event":"content_block_start","text":"Sure"}"#, r#"{"event":"content_block_delta","text":"Sure"}"#, r#""!""#],
    "Sure!", "", &["first_chunk_double"]
)]
#[case::opened_with_text_of_its_own(
    &[r#"{"event":"content_block_start","text":"The"}"#, r#"{"event":"content_block_delta","text":" answer"}"#, r#"" is 4.""#],
    "The answer is 4.", "", &[]
)]
#[case::opened_and_said_later(
    &[r#"{"event":"content_block_start","text":"ha"}"#, r#"" Ha""#, r#"" Ha""#, r#""!""#], "ha Ha Ha!", "", &[]
)]
#[case::sent_with_the_next_token(
    &[r#"{"text":" Alice","tokens":[30505]}"#, r#"{"text":" Alice!","tokens":[4999]}"#, r#"{"text":" So","tokens":[2]}"#],
    " Alice! So", "", &["holdback_resend"]
)]
#[case::sent_without_a_token(
    &[r#"{"text":" a","tokens":[264]}"#, r#"{"text":" a","tokens":[]}"#, r#"{"text":" height","tokens":[2673]}"#],
    " a height", "", &["holdback_resend"]
)]
#[case::a_token_that_begins_alike(
    &[r#"{"text":" in","tokens":[304]}"#, r#"{"text":" into","tokens":[1139]}"#, r#"{"text":" it","tokens":[1]}"#], " in into it", "", &[]
)]
#[case::two_tokens(
    &[r#"{"text":" a","tokens":[264]}"#, r#"{"text":" a!","tokens":[264, 3]}"#, r#"{"text":" b","tokens":[3]}"#], " a a! b", "", &[]
)]
#[case::one_thought_in_two_fields(
    &[r#"{"reasoning":"The","reasoning_content":"The"}"#, r#"{"reasoning":" user","reasoning_content":" user"}"#],
    "", "The user", &["channel_mirror"]
)]
#[case::a_thought_in_a_tag_too(
    &[r#"{"text":"<think>So it is</think>","reasoning_content":"So it is"}"#, r#""Hi.""#], "Hi.", "So it is", &["channel_mirror"]
)]
#[case::the_answer_restates_the_thought(
    &[r#"{"ch":"reasoning","text":"The answer is 4."}"#, r#""The answer is 4.""#], "The answer is 4.", "The answer is 4.", &[]
)]
fn what_the_frame_says(#[case] chunks: &[&str], #[case] expected: &str, #[case] thought: &str, #[case] found: &[&str]) {
    let mut inputs = support::ollama_opening();
    if let What::Start(start) = &mut inputs[0].what {
        start.dialect = Some("labelled".into());
    }
    inputs.extend(chunks.iter().enumerate().map(|(at, chunk)| read(10 + 40 * at as u64, format!("{chunk}\n"))));
    inputs.extend([read(900, "{\"finish\":\"stop\"}\n"), eof(901)]);
    let engine = judge(&inputs, Profile::default());
    let out = |channel| engine.judgement.output.text(&engine.reading, 0, channel);
    assert_eq!((out(Channel::Text).as_str(), out(Channel::Reasoning).as_str()), (expected, thought));
    assert_eq!(classes(&engine), found, "{:#?}", engine.judgement.findings);
    for key in [Channel::Text, Channel::Reasoning].map(|channel| ChannelKey { choice: 0, block: 0, channel }) {
        let sum = engine.judgement.output.balance(&engine.reading, key);
        assert_eq!((sum.received, sum.held), (sum.emitted + sum.suppressed, 0));
    }
}
