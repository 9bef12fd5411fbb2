//! Judging is linear in the bytes whatever comes. Each row is a session on which some step once looked at all that came
//! before: at this size that takes minutes, and a linear step well under a second.

mod support;

use std::time::{Duration, Instant};

use rstest::rstest;
use stutterscope::core::{
    input::{Input, What},
    judgement::Judgement,
    params::Profile,
    reading::Reading,
};
use support::{eof, opening, read};

const DELTAS: usize = 60_000;

fn delta(choice: usize, text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":{choice},\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

fn check(dialect: &str, body: String) {
    let mut inputs: Vec<Input> = opening();
    if let What::Start(start) = &mut inputs[0].what {
        start.dialect = Some(dialect.into());
    }
    inputs.extend([read(1, body), eof(1)]);
    let mut reading = Reading::default();
    inputs.iter().for_each(|input| reading.fold(input));
    let began = Instant::now();
    Judgement::new(Profile::default()).catch_up(&reading);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[rstest]
#[case::one_long_loop((0..DELTAS).map(|_| delta(0, " court")).collect())]
#[case::every_channel_holds((0..DELTAS / 2).flat_map(|choice| [delta(choice, "a"), delta(choice, "ab")]).collect())]
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

fn vec_of(count: usize, item: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(item).collect()
}
