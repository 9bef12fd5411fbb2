//! Reading, judging and reporting are linear in the bytes whatever comes. Each row is a session made so that some step might
//! look at all that came before: at this size that takes minutes, and a linear step well under a second.

mod support;

use std::time::{Duration, Instant};

use rstest::rstest;
use stutterscope::{
    core::{
        input::{Input, What},
        judgement::Judgement,
        params::{Profile, STRATEGIES},
        reading::Reading,
    },
    report::Report,
};
use support::{eof, opening, read};

const DELTAS: usize = 40_000;

fn delta(choice: usize, text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":{choice},\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

fn check(dialect: &str, body: String) {
    let mut inputs: Vec<Input> = opening();
    if let What::Start(start) = &mut inputs[0].what {
        start.dialect = Some(dialect.into());
    }
    inputs.extend([read(1, body), eof(1)]);
    let began = Instant::now();
    let mut reading = Reading::default();
    inputs.iter().for_each(|input| reading.fold(input));
    in_time(began, "reading");
    for (strategy, name, _) in STRATEGIES {
        let began = Instant::now();
        let mut judgement = Judgement::new(Profile { strategy: *strategy, ..Profile::default() });
        judgement.catch_up(&reading);
        in_time(began, name);
        let began = Instant::now();
        Report::of(&reading, &judgement, "-");
        in_time(began, "the report");
    }
}

fn in_time(began: Instant, what: &str) {
    assert!(began.elapsed() < Duration::from_secs(20), "{what}: {:?}", began.elapsed());
}

#[rstest]
#[case::one_long_loop((0..DELTAS).map(|_| delta(0, " court")).collect())]
#[case::a_loop_that_counts((0..DELTAS).map(|at| delta(0, &format!("Step {at}: do it again. "))).collect())]
#[case::numbers_between_the_same(
    (0..DELTAS).map(|at| delta(0, &format!("the same words {} and {}", at * at % 8_191, ["so", "on", "it"][at * at % 7 % 3]))).collect()
)]
#[case::digits_that_recur((0..DELTAS).map(|at| delta(0, &format!("{:03}12345678", at * 7_919 % 1_000))).collect())]
#[case::every_channel_holds((0..DELTAS / 2).flat_map(|choice| [delta(choice, "a"), delta(choice, "ab")]).collect())]
#[case::every_channel_proves_what_it_held(
    ["a", "ab", "abc"].iter().flat_map(|text| (0..DELTAS / 2).rev().map(|choice| delta(choice, text))).collect()
)]
#[case::halves_in_every_channel(
    ["\\ud83d", "\\ude00"].iter().flat_map(|half| (0..DELTAS).map(|choice| delta(choice, half))).collect()
)]
#[case::a_large_frame_twice(choices("a").repeat(2))]
#[case::large_frames_after_twins([choices("a").repeat(2), choices("b")].concat())]
#[case::every_delta_repeats_a_short_text(delta(0, "a long text, longer than others").repeat(DELTAS))]
#[case::blanks_after_json([delta(0, "{}"), delta(0, "\\n").repeat(DELTAS)].concat())]
#[case::blanks_after_what_only_looks_closed([delta(0, "{]"), delta(0, "\\n").repeat(DELTAS)].concat())]
#[case::loops_that_begin_and_end((0..DELTAS).map(|at| delta(0, if at % 200 == 0 { "x" } else { "abcd" })).collect())]
#[case::growth_that_is_refuted((0..DELTAS).map(|at| delta(at / 3, ["a", "ab", "x"][at % 3])).collect())]
#[case::deltas_that_begin_as_the_text_does([delta(0, &"as it was ".repeat(DELTAS)), delta(0, "as it was, so").repeat(DELTAS)].concat())]
#[case::pairs_of_one_unit_after_another((0..DELTAS).map(|at| delta(0, &format!("unit {}", at / 2))).collect())]
#[case::pairs_in_every_channel((0..DELTAS).map(|at| delta(at / 2, "unit")).collect())]
#[case::growth_that_is_watched([delta(0, "a"), delta(0, "ab").repeat(DELTAS)].concat())]
#[case::arguments_that_repeat_to_the_end(arguments(0, "{}").repeat(DELTAS))]
#[case::arguments_that_only_look_closed([arguments(0, "{"), arguments(0, "{}}").repeat(DELTAS), arguments(0, "{").repeat(DELTAS)].concat())]
#[case::calls_that_take_turns((0..DELTAS).map(|at| arguments(at % 2, "{}")).collect())]
#[case::arguments_and_finishes(
    [arguments(0, "{}"), "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n".into()].concat().repeat(DELTAS / 2)
)]
#[case::damage_and_text_in_turn([delta(0, "word "), "data: {\n\n".into()].concat().repeat(DELTAS))]
#[case::tools_in_every_block((0..DELTAS).map(tool).collect())]
#[case::one_block_of_many_lines("data: {}\n".repeat(DELTAS * 10))]
#[case::one_line_of_brackets(format!("data: {}\n\n", "[".repeat(DELTAS * 100)))]
#[case::lines_of_no_field("x\n".repeat(DELTAS * 10))]
#[case::finishes_without_end(
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n".repeat(DELTAS)
)]
#[case::one_frame_finishes_every_choice(format!(
    "data: {{\"choices\":[{}]}}\n\n",
    vec_of(DELTAS, |choice| format!("{{\"index\":{choice},\"delta\":{{\"content\":\"a\"}},\"finish_reason\":\"stop\"}}")).join(",")
))]
fn openai_chat(#[case] body: String) {
    check("openai-chat", body);
}

#[test]
fn turns_after_many_blocks() {
    let start = "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\n";
    let blocks = vec_of(DELTAS / 2, |block| {
        format!(
            "data: {{\"type\":\"content_block_delta\",\"index\":{block},\"delta\":{{\"type\":\"text_delta\",\"text\":\"a\"}}}}\n\n"
        )
    });
    check("anthropic", format!("{start}{}{}", blocks.concat(), start.repeat(DELTAS / 2)));
}

#[test]
fn items_that_are_repeated_one_by_one() {
    let event = |kind: &str, rest: String| format!("event: {kind}\ndata: {{\"type\":\"{kind}\",{rest}}}\n\n");
    let said = (0..DELTAS)
        .map(|item| event("response.output_text.delta", format!("\"output_index\":{item},\"content_index\":0,\"delta\":\"a\"")));
    let done = (0..DELTAS).map(|item| {
        let content = "\"content\":[{\"type\":\"output_text\",\"text\":\"a\"}]";
        let item = format!("\"output_index\":{item},\"item\":{{\"type\":\"message\",{content}}}");
        event("response.output_item.done", item)
    });
    check("openai-responses", said.chain(done).collect());
}

/// One delta of the arguments of call `index`.
fn arguments(index: usize, text: &str) -> String {
    let call = format!("{{\"index\":{index},\"function\":{{\"arguments\":\"{text}\"}}}}");
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{call}]}}}}]}}\n\n")
}

/// A frame with one text in every choice.
fn choices(text: &str) -> String {
    let choices = vec_of(DELTAS, |choice| format!("{{\"index\":{choice},\"delta\":{{\"content\":\"{text}\"}}}}"));
    format!("data: {{\"choices\":[{}]}}\n\n", choices.join(","))
}

/// A tool call in its own block.
fn tool(block: usize) -> String {
    let call = format!("{{\"index\":{block},\"id\":\"c{block}\",\"function\":{{\"name\":\"f\",\"arguments\":\"{{}}\"}}}}");
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{call}]}}}}]}}\n\n")
}

fn vec_of(count: usize, item: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(item).collect()
}
