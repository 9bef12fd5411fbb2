//! The core against its floor, in one run: framing plus serde_json into a borrowed struct is what no reader of this wire can
//! do without. Ratios are printed at the end, from interleaved rounds, because single timings move with the machine.
//!
//! `cargo bench --bench core`
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::{borrow::Cow, hint::black_box, time::Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use serde::Deserialize;
use stutterscope::core::{
    engine::Engine,
    input::{Attempt, End, Head, Input, Origin, Start, What},
    judgement::Judgement,
    params::Profile,
    reading::Reading,
    time::Micros,
};

const WORDS: &[&str] =
    &[" the", " stream", " is", " read", ",", " and", " a", " server", " said", " it", ".", " once", "\n\n", " more", " byte"];

/// `count` openai-chat frames of about 306 bytes, one read each, a few milliseconds apart.
fn session(count: usize) -> Vec<Input> {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let head = Head { status: 200, headers: vec![("content-type".into(), "text/event-stream".into())] };
    let start = Start {
        wall: String::new(),
        origin: Origin::Sent,
        clocked: true,
        provider: "bench".into(),
        dialect: Some("openai-chat".into()),
        url: "POST http://bench/v1/chat/completions".into(),
        model: "bench".into(),
        headers: Vec::new(),
        body: String::new(),
    };
    let mut inputs = vec![
        Input { at: Micros::ZERO, what: What::Start(Box::new(start)) },
        Input {
            at: Micros::ZERO,
            what: What::Attempt(Attempt { number: 0, endpoint: "http://bench".into(), model: "bench".into() }),
        },
        Input { at: Micros(900), what: What::Head(head) },
    ];
    let mut at = 1_000;
    for _ in 0..count {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        at += 3_000 + random % 30_000;
        let text = serde_json::to_string(WORDS[random as usize % WORDS.len()]).unwrap();
        let frame = format!(
            "data: {{\"id\":\"chatcmpl-9vK1yQ2mT8sLr4bXcN7dPz0aWfEhU\",\"object\":\"chat.completion.chunk\",\"created\":1756618477,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0392822090\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text}}},\"logprobs\":null,\"finish_reason\":null}}],\"obfuscation\":\"a1B2c3D4e\"}}\n\n"
        );
        inputs.push(Input { at: Micros(at), what: What::Bytes(frame.into_bytes()) });
    }
    inputs.push(Input { at: Micros(at + 1), what: What::Bytes(b"data: [DONE]\n\n".to_vec()) });
    inputs.push(Input { at: Micros(at + 2), what: What::End(End::Eof) });
    inputs
}

#[derive(Deserialize)]
struct Floor<'a> {
    #[serde(borrow)]
    choices: Vec<FloorChoice<'a>>,
}

#[derive(Deserialize)]
struct FloorChoice<'a> {
    #[serde(borrow)]
    delta: FloorDelta<'a>,
}

#[derive(Deserialize)]
struct FloorDelta<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow, with = "serde_bytes")] Cow<'a, [u8]>);

/// Lines by memchr, JSON into the borrowed struct, text appended: what every reader has to do.
fn floor(inputs: &[Input]) -> usize {
    let mut body = Vec::new();
    let mut text = Vec::new();
    let mut done = 0;
    for input in inputs {
        let What::Bytes(bytes) = &input.what else { continue };
        body.extend_from_slice(bytes);
        while let Some(end) = memchr::memchr(b'\n', &body[done..]) {
            let line = &body[done..done + end];
            done += end + 1;
            let Some(data) = line.strip_prefix(b"data: ") else { continue };
            if let Ok(frame) = serde_json::from_slice::<Floor<'_>>(data)
                && let Some(content) = frame.choices.first().and_then(|choice| choice.delta.content.as_ref())
            {
                text.extend_from_slice(&content.0);
            }
        }
    }
    text.len()
}

fn read(inputs: &[Input]) -> Reading {
    let mut reading = Reading::default();
    inputs.iter().for_each(|input| reading.fold(input));
    reading
}

fn full(inputs: &[Input]) -> Engine {
    let mut engine = Engine::new(Profile::default());
    inputs.iter().for_each(|input| engine.fold(input));
    engine
}

fn rejudge(reading: &Reading) -> Judgement {
    let mut judgement = Judgement::new(Profile::default());
    judgement.catch_up(reading);
    judgement
}

fn criterion_groups(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core");
    group.sample_size(20);
    for count in [10_000, 100_000] {
        let inputs = session(count);
        let reading = read(&inputs);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::new("floor", count), &inputs, |bencher, inputs| {
            bencher.iter(|| floor(black_box(inputs)))
        });
        group
            .bench_with_input(BenchmarkId::new("read", count), &inputs, |bencher, inputs| bencher.iter(|| read(black_box(inputs))));
        group
            .bench_with_input(BenchmarkId::new("full", count), &inputs, |bencher, inputs| bencher.iter(|| full(black_box(inputs))));
        group.bench_with_input(BenchmarkId::new("rejudge", count), &reading, |bencher, reading| {
            bencher.iter(|| rejudge(black_box(reading)))
        });
    }
    group.finish();
}

/// Medians of interleaved rounds, as ratios to the floor of the same round.
fn ratios(count: usize) {
    let inputs = session(count);
    let reading = read(&inputs);
    let time = |run: &dyn Fn()| {
        let begin = Instant::now();
        run();
        begin.elapsed().as_secs_f64()
    };
    let mut rows: Vec<[f64; 4]> = (0..15)
        .map(|_| {
            [
                time(&|| drop(black_box(floor(&inputs)))),
                time(&|| drop(black_box(read(&inputs)))),
                time(&|| drop(black_box(full(&inputs)))),
                time(&|| drop(black_box(rejudge(&reading)))),
            ]
        })
        .collect();
    let mut median = |pick: &dyn Fn(&[f64; 4]) -> f64| {
        rows.sort_by(|one, two| pick(one).total_cmp(&pick(two)));
        pick(&rows[rows.len() / 2])
    };
    let floor_ns = median(&|row| row[0]) * 1e9 / count as f64;
    println!("\n{count} deltas: floor {floor_ns:.0} ns a delta; ratios are floor / measured, interleaved");
    println!("  reading            {:.2} of the floor's speed", median(&|row| row[0] / row[1]));
    println!("  full core          {:.2} of the floor's speed", median(&|row| row[0] / row[2]));
    println!("  judging (all detectors) costs {:.2} of the floor a delta", median(&|row| row[3] / row[0]));
    println!("  judging again      {:.2} ms", median(&|row| row[3]) * 1e3);
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    criterion_groups(&mut criterion);
    criterion.final_summary();
    ratios(10_000);
    ratios(100_000);
}
