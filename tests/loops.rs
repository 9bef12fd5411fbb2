//! What is said of repetition, as a table: texts of many kinds, cut in many ways, and what each must give. Exact loops give the same
//! findings whatever the cuts.

mod support;

use rstest::rstest;
use stutterscope::core::{
    class::{Family, Level},
    engine::Engine,
    input::{Input, What},
    params::Profile,
};
use support::{eof, finish, frame, judge, opening, read, session, text};

/// A finding as the tables have it: class, level, count.
type Row = (&'static str, Level, u32);

fn of_model(engine: &Engine) -> Vec<Row> {
    let findings = engine.judgement.findings.iter().filter(|finding| finding.class.info().family == Family::Model);
    findings.map(|finding| (finding.class.name(), finding.level, finding.count)).collect()
}

/// `text` in pieces: by characters, words, lines, or whole.
fn cuts(text: &str) -> Vec<Vec<&str>> {
    let by_chars = |count: usize| {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.char_indices().nth(count).map_or(rest.len(), |(at, _)| at);
            pieces.push(&rest[..end]);
            rest = &rest[end..];
        }
        pieces
    };
    let words = text.split_inclusive(' ').collect();
    let lines = text.split_inclusive('\n').collect();
    vec![by_chars(1), by_chars(3), by_chars(7), words, lines, vec![text]]
}

/// All deltas in one read, so that large texts stay cheap.
fn inputs(pieces: &[&str], prompt: &str) -> Vec<Input> {
    let mut inputs = opening();
    if let What::Start(start) = &mut inputs[0].what
        && !prompt.is_empty()
    {
        start.body = serde_json::json!({"model": "m", "messages": [{"role": "user", "content": prompt}]}).to_string();
    }
    let body: String = pieces.iter().map(|piece| frame("content", piece)).collect();
    inputs.extend([read(10, body + &finish()), eof(20)]);
    inputs
}

fn check(whole: &str, prompt: &str, expected: &[Row]) {
    for pieces in cuts(whole) {
        let engine = judge(&inputs(&pieces, prompt), Profile::default());
        assert_eq!(text(&engine), whole, "nothing of the model's is taken out");
        let findings = &engine.judgement.findings;
        assert_eq!(
            of_model(&engine),
            expected,
            "{} pieces of {:?}: {findings:#?}",
            pieces.len(),
            whole.chars().take(60).collect::<String>()
        );
    }
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

const INTRO: &str = "Here is what I found when I looked at the three files that you sent me this morning. ";
const OUTRO: &str = " And with that the work is done, unless you want me to look at the other two as well.";
const PARAGRAPH: &str = "The test still fails because the mock is made before the patch is applied, so the handler keeps the old one; I should \
                         move the patch above the import, but the import is hoisted, so the patch has to go into a setup file, which means ";

#[rstest]
#[case::token(" court".repeat(150), &[("token_loop", Level::Warning, 150)])]
#[case::token_at_the_end(format!("{INTRO}{}", " court".repeat(150)), &[("token_loop", Level::Warning, 150)])]
#[case::token_that_ends(format!("{INTRO}{}{OUTRO}", " court".repeat(150)), &[("token_loop", Level::Warning, 150)])]
#[case::two_loops(format!("{INTRO}{}{OUTRO}{}", " court".repeat(120), " VM".repeat(200)), &[("token_loop", Level::Warning, 120), ("token_loop", Level::Warning, 200)])]
#[case::one_letter("a".repeat(101), &[("token_loop", Level::Warning, 101)])]
#[case::pictures("\u{1f389}".repeat(140), &[("token_loop", Level::Warning, 140)])]
#[case::cyrillic(" привет".repeat(130), &[("token_loop", Level::Warning, 130)])]
#[case::chinese("好的".repeat(300), &[("token_loop", Level::Warning, 300)])]
#[case::chinese_sentence("我再检查一下配置文件是否已经正确地加载了。".repeat(150), &[("phrase_loop", Level::Warning, 150)])]
#[case::arabic(" مرحبا".repeat(130), &[("token_loop", Level::Warning, 130)])]
#[case::brackets(format!("f(x) = {}", "(".repeat(4_000)), &[("token_loop", Level::Warning, 4_000)])]
#[case::sentence("I am done. ".repeat(201), &[("phrase_loop", Level::Warning, 201)])]
#[case::log_lines("[retry] connection refused\n".repeat(150), &[("phrase_loop", Level::Warning, 150)])]
#[case::special_token("<fim_prefix>".repeat(31), &[("token_loop", Level::Note, 31)])]
#[case::special_token_without_end("<|im_end|>".repeat(400), &[("token_loop", Level::Warning, 400)])]
#[case::padding("[PAD]".repeat(20), &[("token_loop", Level::Note, 20)])]
#[case::paragraph(PARAGRAPH.repeat(30), &[("phrase_loop", Level::Note, 30)])]
#[case::block_of_lines(lines(92, |at| format!("    row_{at:02} = load({})\n", at * 37 % 92)).repeat(12), &[("phrase_loop", Level::Note, 12)])]
#[case::long_list(lines(24, |at| format!("Item {at:02}: pending\n")).repeat(35), &[("phrase_loop", Level::Note, 35)])]
#[case::empty_lines(format!("{INTRO}{}{OUTRO}", "\n".repeat(500)), &[("whitespace_flood", Level::Warning, 500)])]
#[case::sixty_sentences("I will update the progress list to reflect the new step. ".repeat(60), &[("phrase_loop", Level::Warning, 60)])]
#[case::eighty_pairs("foo bar ".repeat(80), &[("token_loop", Level::Note, 80)])]
fn loops(#[case] text: String, #[case] expected: &[Row]) {
    check(&text, "", expected);
}

#[rstest]
#[case::prose(format!("{INTRO}{OUTRO}{PARAGRAPH}"))]
#[case::forty_pictures("\u{1f60a}".repeat(40))]
#[case::forty_words("hello ".repeat(40))]
#[case::contents_page(lines(20, |at| format!("Chapter {at} {} {}\n", ". ".repeat(35), at * 17)))]
#[case::ruler(format!("Title\n{}\nBody", "=".repeat(400)))]
#[case::box_drawing(format!("┌{0}┐\n│{1}│\n└{0}┘\n", "─".repeat(118), " ".repeat(118)))]
#[case::zeros(format!("[{}0]", "0, ".repeat(300)))]
#[case::grid("0 0 0 0 0 0 0 0 0 0\n".repeat(200))]
#[case::byte_pattern(format!("48 8B 05 {}C3", "?? ".repeat(120)))]
#[case::hex_dump(format!("00 1F 8B {}", "FF ".repeat(300)))]
#[case::hex_mask(format!("0x{}", "ff".repeat(64)))]
#[case::base64(format!("data:audio/mp3;base64,SUQz{}==", "VVVV".repeat(240)))]
#[case::base64_without_a_name(format!("UklGRiQAAABXQVZF{}", "AAAA".repeat(200)))]
#[case::escapes("\\x00".repeat(200))]
#[case::table(format!("| a | b |\n| --- | --- |\n{}", "| 0 | pending |\n".repeat(150)))]
#[case::align_row(format!("| {} |\n|{}\n", "A | ".repeat(60), " :--- |".repeat(150)))]
#[case::csv("2024-01-01,0,0,0,OK\n".repeat(150))]
#[case::tsv("n/a\tn/a\tnone\n".repeat(150))]
#[case::json_list(format!("{{\"rows\": [{}\"\"]}}", "\"\", ".repeat(300)))]
#[case::json_words(format!("[{}\"pending\"]", "\"pending\", ".repeat(200)))]
#[case::list_in_prose(format!("The array is ['x', {}'y'], as you asked.", "'pending', ".repeat(200)))]
#[case::code_in_a_fence(format!("```c\n{}```\n", "    asm(\"nop\");\n".repeat(150)))]
#[case::imports("from utils import parse_config\n".repeat(3))]
#[case::closing_tags("</div>\n".repeat(11))]
#[case::log("[retry] connection refused\n".repeat(9))]
#[case::bottles(lines(99, |at| format!("{0} bottles of beer on the wall, {0} bottles of beer.\nTake one down and pass it around.\n", 99 - at)))]
#[case::numbers(lines(400, |at| format!("{at}, ")))]
#[case::chant(format!("{INTRO}{}{OUTRO}", "tick ".repeat(12)))]
#[case::refrain(lines(6, |at| format!("Verse {at} goes its own way down to the sea\nRow, row, row your boat\nGently down the stream\n\n")))]
#[case::laughter(format!("{}that was good.", "ha".repeat(40)))]
#[case::blank_lines(format!("One.{}Two.{}", "\n".repeat(30), " ".repeat(70)))]
fn what_is_no_loop(#[case] text: String) {
    check(&text, "", &[]);
}

/// Copies that are alike but for their numbers.
#[rstest]
#[case::in_a_line(lines(150, |at| format!("Step {at}: do it again. ")), &[("phrase_loop", Level::Warning, 150)])]
#[case::behind_text(format!("{INTRO}{}{OUTRO}", lines(150, |at| format!("Attempt {at} failed, so I will try again. "))), &[("phrase_loop", Level::Warning, 150)])]
#[case::two_numbers(lines(150, |at| format!("Now file {at} of {} is read and nothing is found. ", at + 7)), &[("phrase_loop", Level::Warning, 150)])]
#[case::clock(lines(150, |at| format!("At {:02}:{:02} I am still waiting for it. ", 8 + at / 60, at % 60)), &[("phrase_loop", Level::Warning, 150)])]
#[case::down(lines(150, |at| format!("There are {} tries left for me. ", 200 - at)), &[("phrase_loop", Level::Warning, 150)])]
#[case::two_steps(lines(150, |at| format!("Step {}: wait for it. Step {}: then go on. ", 2 * at, 2 * at + 1)), &[("phrase_loop", Level::Warning, 150)])]
#[case::chinese(lines(150, |at| format!("第{at}步：再检查一次配置文件。")), &[("phrase_loop", Level::Warning, 150)])]
#[case::chinese_numbers(lines(150, |at| format!("第{}步：再检查一次配置文件。", ["一", "二", "三", "十", "十一", "二十", "百", "九"][at * at * at % 97 % 8])), &[("phrase_loop", Level::Warning, 150)])]
#[case::russian(lines(150, |at| format!("Шаг {at}: проверяю ещё раз. ")), &[("phrase_loop", Level::Warning, 150)])]
#[case::arabic(lines(150, |at| format!("الخطوة {at}: أعد المحاولة. ")), &[("phrase_loop", Level::Warning, 150)])]
#[case::fewer(lines(90, |at| format!("Step {at}: do it again. ")), &[("phrase_loop", Level::Note, 90)])]
#[case::few(lines(40, |at| format!("Step {at}: do it again. ")), &[])]
#[case::lines_are_a_list_or_a_loop(lines(200, |at| format!("Line {at}: item number {at} of two hundred.\n")), &[("phrase_loop", Level::Note, 200)])]
#[case::few_lines(lines(100, |at| format!("Line {at}: item number {at} of a hundred.\n")), &[])]
#[case::lines_without_end(lines(1_100, |at| format!("Step {at}: let me look at the file again.\n")), &[("phrase_loop", Level::Warning, 1_100)])]
fn what_counts_on(#[case] text: String, #[case] expected: &[Row]) {
    check(&text, "", expected);
}

#[rstest]
#[case::log(lines(400, |at| format!("2026-01-01T00:{:02}:{:02}Z INFO the worker has finished one job\n", at / 60, at % 60)))]
#[case::log_in_brackets(lines(400, |at| format!("[{at:06}] the worker has finished one job\n")))]
#[case::syslog(lines(400, |at| format!("Jan 01 00:{:02}:{:02} host sshd[{}]: session opened\n", at / 60, at % 60, at + 1_000)))]
#[case::numbered_list(lines(400, |at| format!("{at}. The same thing once more, as it was.\n")))]
#[case::bullets(lines(400, |at| format!("- The room {at} is on the first floor.\n")))]
#[case::other_things(lines(400, |at| format!("Item {at} of the list is {}{}. ", ["red", "blue", "green"][at * at % 7 % 3], "x".repeat(at * 31 % 11))))]
#[case::chapters(lines(400, |at| format!("Chapter {at}, ")))]
#[case::code(lines(400, |at| format!("    let value_{at} = read(input, {at})?;\n")))]
#[case::statements(lines(400, |at| format!("INSERT INTO people VALUES ({at}, 'nobody', {});\n", at * 3)))]
#[case::fence(format!("```\n{}```\n", lines(400, |at| format!("worker {at} has finished its job. "))))]
#[case::json(format!("[{}\"\"]", lines(400, |at| format!("\"the worker {at} is done.\", "))))]
#[case::markup(lines(400, |at| format!("<li>The item of number {at} is here.</li>")))]
#[case::table(format!("| a | b |\n| --- | --- |\n{}", lines(400, |at| format!("| the worker {at} | has finished its job |\n"))))]
#[case::csv(lines(400, |at| format!("{at},the worker is idle,{},OK\n", at * 7)))]
#[case::tsv(lines(400, |at| format!("the worker is idle\t{at}\t{}\n", at * 7)))]
#[case::numbers(lines(4_000, |at| format!("{}, ", 100_000 + at)))]
#[case::mail(lines(400, |at| format!("Please write to user{at}@example.com. ")))]
fn what_counts_and_is_no_loop(#[case] text: String) {
    check(&text, "", &[]);
}

#[rstest]
#[case::asked_for("Count 150 sheep for me, one sentence each. Write 150 sentences.", 150, &[])]
#[case::asked_for_and_no_end("Write 150 lines", 400, &[("phrase_loop", Level::Warning, 400)])]
#[case::not_asked_for("Why is the sky blue?", 150, &[("phrase_loop", Level::Warning, 150)])]
fn the_request_decides_what_may_count(#[case] prompt: &str, #[case] copies: usize, #[case] expected: &[Row]) {
    check(&lines(copies, |at| format!("Here comes the sheep of number {at}.\n")), prompt, expected);
}

/// Between what passes and what cannot be meant, the request decides; where it is not known both readings are told.
#[rstest]
#[case::nobody_knows("", 60, &[("token_loop", Level::Note, 60)])]
#[case::asked_for("Say hello world 60 times.", 60, &[])]
#[case::asked_for_and_no_end("Say hello world 60 times.", 150, &[("token_loop", Level::Warning, 150)])]
#[case::many_asked_for("Please repeat hello world 200 times", 200, &[])]
#[case::not_asked_for("Why is the sky blue?", 60, &[("token_loop", Level::Warning, 60)])]
fn the_request_decides(#[case] prompt: &str, #[case] copies: usize, #[case] expected: &[Row]) {
    check(&"hello world ".repeat(copies), prompt, expected);
    if prompt.is_empty() {
        let engine = judge(&inputs(&["hello world "; 60], prompt), Profile::default());
        assert_eq!(engine.judgement.findings[0].readings.len(), 2);
    }
}

#[test]
fn a_loop_begins_where_its_second_copy_does() {
    let mut deltas = vec!["The ruling", " of the", " court"];
    deltas.extend([" court"; 300]);
    deltas.push(" and so on, as they say.");
    let engine = judge(&session(&deltas, 5), Profile::default());
    let finding = &engine.judgement.findings[0];
    assert_eq!((finding.first_delta.unwrap().0, finding.count), (3, 301));
    assert_eq!(finding.deltas, [(3, 303)]);
    assert_eq!(finding.evidence, "301 copies of \" court\" back to back (1806 characters)");
}

fn stuttered(words: &[&str]) -> Vec<Row> {
    of_model(&judge(&session(words, 5), Profile::default()))
}

#[rstest]
#[case::several(&["It is", " confirmed", " confirmed", " confirmed", " by", " query", " query", " query"], &[("word_stutter", Level::Warning, 4)])]
#[case::one_long_word(&["We", " remember", " remember", " it."], &[("word_stutter", Level::Note, 1)])]
#[case::often(&["It was was early early and we had had coffee there there and then left left for the coast,", " where boats boats lay in rows and the wind came over the hills, and old men sat and mended their nets nets until the sun was low."], &[("word_stutter", Level::Warning, 5)])]
#[case::seldom(&["It was early early and we had coffee there there."], &[])]
#[case::without_spaces(&["我们", "快速批量转换", "快速批量转换文档", "快速批量转换文档", "吧"], &[("word_stutter", Level::Note, 1)])]
#[case::had_had(&["He said that that was all he had had."], &[])]
#[case::emphasis(&["It is very very good, really, really good; no no, bye bye."], &[])]
#[case::clock(&["tick", " tick", " tick", " tick"], &[])]
#[case::reduplication(&["いろ", "いろ", "な人 orang-orang धीरे धीरे 高高兴兴 쿵쿵"], &[])]
#[case::one_word_is_not_several(&["Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo, say the linguists."], &[("word_stutter", Level::Note, 2)])]
#[case::columns(&["true true true false\nfalse true true true\nfalse false true true\n"], &[])]
#[case::commas(&["Merrily, merrily, merrily, merrily, life is but a dream"], &[])]
#[case::in_a_fence(&["```\nstring string string\nnumber number number\n```\n"], &[])]
fn words(#[case] deltas: &[&str], #[case] expected: &[Row]) {
    assert_eq!(stuttered(deltas), expected);
}

/// Few words in any order double by chance.
#[test]
fn chance_is_no_stutter() {
    const WORDS: &[&str] = &["amber", "stone", "river", "cloud", "lantern", "meadow", "harbour", "willow"];
    let mut state = 7_u64;
    let text: String = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{} ", WORDS[(state >> 33) as usize % WORDS.len()])
    })
    .take(2_000)
    .collect();
    let rows = stuttered(&[&text]);
    assert!(rows.iter().all(|(_, level, _)| *level == Level::Note), "{rows:?}");
}

#[rstest]
#[case::last_delta_again(&["It was late. ", "She closed the door and left.", "She closed the door and left."], &[("whole_answer_repeat", Level::Note, 1)])]
#[case::short_last_delta_again(&["It was late. ", "So late.", "So late."], &[])]
#[case::text_twice(&["The build is fixed and the tests are green on both machines that we have.\n"; 2], &[("whole_answer_repeat", Level::Note, 1)])]
#[case::long_text_twice(&[INTRO, OUTRO, PARAGRAPH, INTRO, OUTRO, PARAGRAPH], &[("whole_answer_repeat", Level::Warning, 1)])]
#[case::text_and_more(&[INTRO, PARAGRAPH, INTRO, "and more"], &[])]
fn answers(#[case] deltas: &[&str], #[case] expected: &[Row]) {
    assert_eq!(of_model(&judge(&session(deltas, 5), Profile::default())), expected);
}

/// Whitespace after a JSON value is cut once it is a flood, however it comes; elsewhere it is flagged and kept.
#[rstest]
#[case::one_by_one(&[], "", 0, &[("whitespace_flood", Level::Warning, 300)])]
#[case::one_delta(&[300], "", 0, &[("whitespace_flood", Level::Warning, 1)])]
#[case::with_the_bracket(&[0, 300], "", 0, &[("whitespace_flood", Level::Warning, 1)])]
#[case::not_json(&[300], "Sure: ", 300, &[("whitespace_flood", Level::Warning, 150)])]
fn floods(#[case] lens: &[usize], #[case] before: &str, #[case] kept: usize, #[case] expected: &[Row]) {
    let value = format!("{before}{{\"a\": 1}}");
    let flood = "\n ".repeat(150);
    let pieces: Vec<String> = match lens {
        [] => std::iter::once(value.clone()).chain(flood.chars().map(String::from)).collect(),
        [0, _] => vec![value.clone() + &flood],
        _ => vec![value.clone(), flood.clone()],
    };
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let engine = judge(&session(&pieces, 5), Profile::default());
    assert_eq!(of_model(&engine), expected, "{:#?}", engine.judgement.findings);
    assert_eq!(text(&engine), value + &flood[..kept]);
}

/// The end of an answer in JSON whose beginning was sent before is no value, but it was asked for.
#[test]
fn a_flood_after_json_that_was_asked_for() {
    let mut deltas = vec![" adventures", ".\"", "}\n\n"];
    deltas.extend([" \n"; 100]);
    let unasked = judge(&session(&deltas, 5), Profile::default());
    assert_eq!(of_model(&unasked), [("whitespace_flood", Level::Warning, 102)]);
    assert_eq!(text(&unasked), deltas.concat());
    let mut inputs = session(&deltas, 5);
    if let What::Start(start) = &mut inputs[0].what {
        start.body = r#"{"messages":[],"response_format":{"type":"json_object"}}"#.into();
    }
    let asked = judge(&inputs, Profile::default());
    assert_eq!(text(&asked).trim_end(), " adventures.\"}");
    assert!(text(&asked).len() < 80, "{:?}", text(&asked));
}

/// A turn that gives the answer of the turn before; what is short, or only opens a block, says nothing.
#[rstest]
#[case::again("The build is fixed.", "The build is fixed.", &[("whole_answer_repeat", Level::Warning, 1)])]
#[case::other("The build is fixed.", "The build is broken", &[])]
#[case::more("The build is fixed.", "The build is fixed. So are the tests.", &[])]
#[case::short("All done.", "All done.", &[])]
fn turns(#[case] first: &str, #[case] second: &str, #[case] expected: &[Row]) {
    let turn = |text: &str| {
        let (head, tail) = text.split_at(5);
        let delta = |text: &str| {
            format!(
                "data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
            )
        };
        let start = "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\n";
        [start, &delta(head), &delta(tail), "data: {\"type\":\"message_stop\"}\n\n"].concat()
    };
    let mut inputs = opening();
    if let What::Start(start) = &mut inputs[0].what {
        start.dialect = Some("anthropic".into());
    }
    inputs.extend([read(10, turn(first)), read(20, turn(second)), eof(30)]);
    assert_eq!(of_model(&judge(&inputs, Profile::default())), expected);

    // The same, told by another completion id after the finish.
    let completion = |id: &str, text: &str| {
        let (head, tail) = text.split_at(5);
        let frame = |text: &str| {
            format!("data: {{\"id\":\"{id}\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
        };
        let finish =
            format!("data: {{\"id\":\"{id}\",\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n");
        frame(head) + &frame(tail) + &finish
    };
    let mut inputs = opening();
    inputs.extend([read(10, completion("r1", first) + &completion("r2", second) + "data: [DONE]\n\n"), eof(30)]);
    assert_eq!(of_model(&judge(&inputs, Profile::default())), expected);
}
