//! How many copies are a loop: forty of any unit are no warning and a hundred and one are, in any script, however they are cut;
//! where repetition is what a text is made of, or what was asked for, none are.

mod support;

use rstest::rstest;
use stutterscope::core::{
    class::{Family, Level},
    engine::Engine,
    input::{Input, What},
    params::Profile,
};
use support::{eof, finish, frame, judge, opening, read};

/// `text` in pieces of `chars` characters.
fn cut(text: &str, chars: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.char_indices().nth(chars).map_or(rest.len(), |(at, _)| at);
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces
}

/// A session whose deltas lie in `field`, in reads of their own as far as that is cheap.
fn inputs(pieces: &[&str], field: &str, prompt: &str) -> Vec<Input> {
    let piece = |text: &str| match field {
        "tool" => {
            let text = serde_json::to_string(text).unwrap();
            format!(
                "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":0,\"id\":\"call\",\"function\":{{\"name\":\"write\",\"arguments\":{text}}}}}]}}}}]}}\n\n"
            )
        }
        field => frame(field, text),
    };
    let mut inputs = opening();
    if let What::Start(start) = &mut inputs[0].what
        && !prompt.is_empty()
    {
        start.body = serde_json::json!({"model": "m", "messages": [{"role": "user", "content": prompt}]}).to_string();
    }
    let body: String = pieces.iter().map(|text| piece(text)).collect();
    inputs.extend([read(10, body + &finish()), eof(20)]);
    inputs
}

/// The counts of the model's warnings.
fn warnings(engine: &Engine) -> Vec<u32> {
    let findings = engine.judgement.findings.iter();
    let warnings = findings.filter(|finding| finding.class.info().family == Family::Model && finding.level >= Level::Warning);
    warnings.map(|finding| finding.count).collect()
}

fn check_in(field: &str, prompt: &str, whole: &str, expected: &[u32]) {
    // Small cuts of large texts cost much and say nothing new.
    for chars in [1, 4, 9, 57, usize::MAX].into_iter().filter(|chars| whole.len() / chars < 8_000) {
        let engine = judge(&inputs(&cut(whole, chars), field, prompt), Profile::default());
        let start: String = whole.chars().take(48).collect();
        assert_eq!(warnings(&engine), expected, "{start:?} by {chars}: {:#?}", engine.judgement.findings);
    }
}

fn check(whole: &str, expected: &[u32]) {
    check_in("content", "", whole, expected);
}

const BEFORE: &str = "Here is what I found when I looked at the three files that you sent me this morning. ";
const AFTER: &str = " And with that the work is done, unless you want me to look at the other two as well.";

/// A unit of `count` words of which no two are alike.
fn words(words: &[&str], count: usize) -> String {
    let end = |at: usize| ["", "s", "ed", "ing", "er", "est", "ly", "ness", "ful", "less"][at / words.len() % 10];
    (0..count).map(|at| format!(" {}{}{}", words[at % words.len()], end(at), end(at / 10))).collect()
}

const ENGLISH: &[&str] = &["parser", "window", "harbour", "silver", "morning", "signal", "careful", "engine", "letter"];
const RUSSIAN: &[&str] = &["город", "письмо", "утро", "сигнал", "окно", "гавань"];

#[rstest]
#[case::letter("x")]
#[case::two_letters("ha")]
#[case::word(" court")]
#[case::character("好")]
#[case::kana("ですね")]
#[case::hangul(" 그리고")]
#[case::thai("ครับ")]
#[case::hindi(" नमस्ते")]
#[case::arabic(" مرحبا")]
#[case::hebrew(" שלום")]
#[case::greek(" καλημέρα")]
#[case::cyrillic(" привет")]
#[case::face("\u{1f389}")]
#[case::family("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}")]
#[case::accents(" cafe\u{301}")]
#[case::sentence("I will check that once more. ")]
#[case::chinese_sentence("我再检查一下配置文件是否正确。")]
#[case::arabic_sentence("سأتحقق من ذلك مرة أخرى. ")]
#[case::line("Still waiting for the answer\n")]
#[case::paragraph("It does not work yet.\nI will look at the log again.\n\n")]
#[case::number_in_it("Retry 7 failed. ")]
fn units(#[case] unit: &str) {
    for (copies, expected) in [(40, &[][..]), (101, &[101])] {
        check(&unit.repeat(copies), expected);
        check(&format!("{BEFORE}{}{AFTER}", unit.repeat(copies)), expected);
    }
}

#[rstest]
#[case(ENGLISH, 2)]
#[case(ENGLISH, 17)]
#[case(ENGLISH, 120)]
#[case(ENGLISH, 300)]
#[case(RUSSIAN, 40)]
#[case(RUSSIAN, 300)]
fn long_units(#[case] of: &[&str], #[case] count: usize) {
    let unit = words(of, count) + ".";
    check(&unit.repeat(40), &[]);
    check(&unit.repeat(101), &[101]);
}

/// 512 tokens of four characters.
#[test]
fn the_longest_unit() {
    let letter = |at: usize| char::from(b'a' + (at % 26) as u8);
    let unit: String = (0..512).map(|at| [' ', letter(at), letter(at / 26), letter(at / 7)]).flatten().collect();
    assert_eq!(unit.len(), 4 * 512);
    check(&unit.repeat(40), &[]);
    check(&unit.repeat(101), &[101]);
}

#[rstest]
#[case::fence(format!("```c\n{}```\n", "    nop();\n".repeat(300)))]
#[case::fence_of_words(format!("{BEFORE}\n```\n{}\n```\n", " lorem".repeat(300)))]
#[case::table(format!("| a | b |\n| --- | --- |\n{}", "| open | nobody yet |\n".repeat(300)))]
#[case::json_value(format!("{{\"rows\": [{}\"\"]}}", "\"pending\", ".repeat(300)))]
#[case::json_objects(format!("[{}{{}}]", "{\"id\": null, \"state\": \"open\"}, ".repeat(300)))]
#[case::json_in_prose(format!("{BEFORE}The list is [{}'end'].", "'open', ".repeat(300)))]
#[case::base64(format!("data:image/png;base64,iVBORw0KGgo{}==", "AAAA".repeat(600)))]
#[case::hex(format!("0x{}", "ff".repeat(600)))]
#[case::csv("2024-01-01,0,0,open,OK\n".repeat(300))]
#[case::semicolons("Meier;Anna;;Berlin\n".repeat(300))]
#[case::tabs("n/a\tn/a\topen\n".repeat(300))]
#[case::ruler("=".repeat(600))]
#[case::dashes("- ".repeat(300))]
#[case::box_drawing("─".repeat(600))]
#[case::leader(format!("Chapter{}7", " .".repeat(300)))]
#[case::zeros("0, ".repeat(600))]
#[case::digits("1 2 3 4 5 6 7 8 9 0\n".repeat(300))]
#[case::counting((0..3000).map(|at| format!("{at}, ")).collect())]
#[case::counting_lines((0..3000).map(|at| format!("{at}\n")).collect())]
fn data(#[case] text: String) {
    check(&text, &[]);
}

#[rstest]
#[case::counted("Say \"I am done.\" 150 times", "I am done. ", 150, &[])]
#[case::counted_and_more("Say \"I am done.\" 150 times", "I am done. ", 300, &[300])]
#[case::without_end("Repeat the word poem forever", "poem ", 400, &[])]
#[case::chinese("把你好重复150次", "你好", 150, &[])]
#[case::german("Schreib hundertmal: ich darf nicht schwatzen. Also 100 Zeilen.", "Ich darf nicht schwatzen.\n", 105, &[])]
#[case::something_else("Why is the sky blue?", "I am done. ", 150, &[150])]
fn asked_for(#[case] prompt: &str, #[case] unit: &str, #[case] copies: usize, #[case] expected: &[u32]) {
    check_in("content", prompt, &unit.repeat(copies), expected);
}

#[test]
fn every_channel_has_its_loops() {
    for (copies, expected) in [(40, &[][..]), (101, &[101])] {
        check_in("reasoning_content", "", &"Wait, let me think again. ".repeat(copies), expected);
        check_in("refusal", "", &"I cannot help with that. ".repeat(copies), expected);
    }
    // Arguments are a JSON value: only ten times as many cannot be meant.
    let arguments = |copies: usize| format!("{{\"text\": \"{}\"}}", "I am done. ".repeat(copies));
    check_in("tool", "", &arguments(101), &[]);
    check_in("tool", "", &arguments(1_001), &[1_001]);
}

/// A whole answer again and again, as one delta each.
#[test]
fn whole_answers() {
    let answer = format!("{BEFORE}\n\n- parser: fine\n- reader: fine\n- writer: torn\n\n{AFTER}\n\n");
    for (copies, expected) in [(40, &[][..]), (101, &[101])] {
        let engine = judge(&inputs(&vec![answer.as_str(); copies], "content", ""), Profile::default());
        let loops: Vec<u32> = warnings(&engine);
        assert_eq!(loops, expected, "{:#?}", engine.judgement.findings);
    }
}
