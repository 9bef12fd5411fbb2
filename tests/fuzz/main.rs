//! Fuzzing without another toolchain: bodies mutated from a seed, judged whole and in pieces, live and replayed.
//!
//! Each framing and each dialect is a target. `cargo test` runs a few cases of each. A longer run takes its time and its
//! first seed from the environment:
//!
//! ```text
//! STUTTERSCOPE_FUZZ_SECONDS=60 STUTTERSCOPE_FUZZ_SEED=7 cargo test --test fuzz -- --ignored [target]
//! ```
//!
//! A case that fails is made smaller and printed with its seed; the same seed makes the same case.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and says how")]

mod corpus;
mod mutate;
mod properties;
#[path = "../support/mod.rs"]
mod support;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use rstest::rstest;
use stutterscope::core::{
    dialect,
    frame::Framing,
    input::{End, OurEnd},
    params::STRATEGIES,
};

use self::{
    corpus::{Seed, seeds},
    mutate::{Random, mutate},
    properties::{Wrapping, check},
};

/// Cases of a target in a run of all tests.
const CASES: u64 = 48;
/// Longest body that is tried, in bytes: a token loop of a long recording is not the better for its length.
const LONGEST: usize = 16 << 10;

/// A body, how it is announced and where it is cut.
struct Case {
    wrapping: Wrapping,
    body: Vec<u8>,
    pieces: Vec<usize>,
    step: usize,
}

fn case(number: u64, target: &str, seeds: &[Seed]) -> Case {
    let mut random = Random(number);
    let own: Vec<&Seed> = seeds.iter().filter(|seed| seed.dialect == Some(target) || seed.framing == framing_of(target)).collect();
    let seed = if own.is_empty() || random.below(16) == 0 { random.pick(seeds) } else { *random.pick(&own) };
    let other = random.pick(seeds);
    let clip = |body: &[u8], random: &mut Random| {
        let start = if random.below(3) == 0 { random.below(body.len()) } else { 0 };
        body[start..body.len().min(start + LONGEST)].to_vec()
    };
    let (body, other) = (clip(&seed.body, &mut random), clip(&other.body, &mut random));
    let body = match seed.framing {
        Some(Framing::EventStream) if random.below(2) == 0 => corpus::remade(&body, |data| mutate(data, &other, &mut random)),
        _ => mutate(&body, &other, &mut random),
    };
    let mut pieces: Vec<usize> = (0..random.below(6)).map(|_| random.below(body.len() + 1)).chain([body.len()]).collect();
    pieces.sort_unstable();
    let dialect = dialect::by_id(target).map(|info| info.id);
    let wrapping = Wrapping {
        dialect: dialect.filter(|_| random.below(4) > 0),
        content_type: match (random.below(4), framing_of(target), dialect::by_id(target)) {
            (0, ..) => "",
            (1, ..) => random.pick::<&str>(&["text/event-stream", "application/x-ndjson", "application/json", "text/html"]),
            (_, _, Some(info)) => info.content_type,
            (_, Some(framing), _) => content_type(framing),
            _ => "",
        },
        strategy: if random.below(3) == 0 { random.pick(STRATEGIES).0 } else { Default::default() },
        end: random.pick(&[End::Eof, End::Eof, End::Reset, End::Us(OurEnd::IdleTimeout)]).clone(),
    };
    let step = *random.pick(&[1, 1, 2, 3, 7, 64, 1_000]);
    Case { wrapping, body, pieces, step }
}

fn framing_of(target: &str) -> Option<Framing> {
    match target {
        "sse" => Some(Framing::Sse),
        "ndjson" => Some(Framing::Ndjson),
        "json-array" => Some(Framing::JsonArray),
        "event-stream" => Some(Framing::EventStream),
        "json" => Some(Framing::Json),
        _ => None,
    }
}

fn content_type(framing: Framing) -> &'static str {
    match framing {
        Framing::Sse => "text/event-stream",
        Framing::Ndjson => "application/x-ndjson",
        Framing::JsonArray | Framing::Json => "application/json",
        Framing::EventStream => "application/vnd.amazon.eventstream",
    }
}

fn holds(case: &Case) -> bool {
    catch_unwind(AssertUnwindSafe(|| check(&case.wrapping, &case.body, &case.pieces, case.step))).is_ok()
}

/// Takes pieces out of a failing case while it still fails.
fn shrink(mut case: Case) -> Case {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut size = case.body.len().next_power_of_two();
    while size > 0 {
        let mut at = 0;
        while at < case.body.len() {
            let end = (at + size).min(case.body.len());
            let body = [&case.body[..at], &case.body[end..]].concat();
            let mut pieces: Vec<usize> =
                case.pieces.iter().map(|cut| if *cut >= end { cut - (end - at) } else { (*cut).min(at) }).collect();
            pieces.dedup();
            let smaller = Case { wrapping: case.wrapping.clone(), body, pieces, step: case.step };
            if holds(&smaller) { at = end } else { case = smaller }
        }
        size /= 2;
    }
    std::panic::set_hook(quiet);
    case
}

fn try_one(number: u64, target: &str, seeds: &[Seed]) {
    let case = case(number, target, seeds);
    if holds(&case) {
        return;
    }
    let case = shrink(case);
    eprintln!("target {target}, seed {number}: {:?} {:?} step {}", case.wrapping, case.pieces, case.step);
    eprintln!("b\"{}\"", case.body.escape_ascii());
    check(&case.wrapping, &case.body, &case.pieces, case.step);
    unreachable!("the case failed before");
}

fn number_of(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{variable} is no number: {value}")))
}

fn targets() -> Vec<&'static str> {
    let framings = ["sse", "ndjson", "json-array", "event-stream", "json"];
    framings.into_iter().chain(dialect::DIALECTS.iter().map(|info| info.id)).collect()
}

#[test]
fn some_cases_of_every_target() {
    let seeds = seeds();
    for target in targets() {
        (0..CASES).for_each(|number| try_one(number, target, &seeds));
    }
}

/// What servers sent and what was recorded is read the same however it is split, at every byte.
#[test]
fn every_fixture_at_every_split() {
    for seed in seeds() {
        let wrapping = Wrapping { dialect: None, content_type: "", strategy: Default::default(), end: End::Eof };
        let body = &seed.body[..seed.body.len().min(LONGEST)];
        [1, 2, 3, 5, 64, 1_000].into_iter().for_each(|step| check(&wrapping, body, &[body.len()], step));
        properties::every_split(&wrapping, body);
    }
}

#[rstest]
#[ignore = "takes as long as it is told to"]
fn fuzz(
    #[values(
        "sse",
        "ndjson",
        "json-array",
        "event-stream",
        "json",
        "openai-chat",
        "openai-responses",
        "anthropic",
        "gemini",
        "ollama",
        "cohere-v2",
        "bedrock",
        "bedrock-agent",
        "dashscope",
        "tgi",
        "llamacpp",
        "sglang",
        "openai-completions",
        "openai-assistants",
        "openai-transcription",
        "anthropic-complete",
        "gemini-interactions",
        "cohere-v1",
        "watsonx",
        "replicate",
        "mcp",
        "writer-completions",
        "labelled"
    )]
    target: &str,
) {
    let (seeds, began) = (seeds(), Instant::now());
    let budget = Duration::from_secs(number_of("STUTTERSCOPE_FUZZ_SECONDS", 60));
    let first = number_of("STUTTERSCOPE_FUZZ_SEED", 1);
    let mut count = 0;
    while began.elapsed() < budget {
        try_one(first.wrapping_mul(1 << 32).wrapping_add(count), target, &seeds);
        count += 1;
    }
    eprintln!("{target}: {count} cases");
}

#[test]
fn every_dialect_is_a_target() {
    let named = include_str!("main.rs");
    assert!(targets().iter().all(|target| named.contains(&format!("\"{target}\""))), "{:?}", targets());
}
