//! The core against its floor, in one run: framing plus serde_json into a borrowed struct is what no reader of this wire can
//! do without. Ratios are printed at the end, from interleaved rounds, because single timings move with the machine.
//!
//! `cargo bench --bench core`
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::{borrow::Cow, fs, hint::black_box, time::Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use serde::Deserialize;
use stutterscope::core::{
    engine::Engine,
    input::{Input, What},
    judgement::Judgement,
    params::Profile,
    reading::Reading,
};
use stutterscope::session::{format::Header, writer::Recorder};
use support::{Envelope, session};

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
        let inputs = session(count, Envelope::Padded);
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
fn ratios(count: usize, envelope: Envelope) {
    let inputs = session(count, envelope);
    let reading = read(&inputs);
    let time = |run: &dyn Fn()| {
        let begin = Instant::now();
        run();
        begin.elapsed().as_secs_f64()
    };
    let mut rows: Vec<[f64; 4]> = (0..15)
        .map(|_| {
            [
                time(&|| {
                    black_box(floor(&inputs));
                }),
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
    println!("\n{count} deltas, {envelope:?} envelope: floor {floor_ns:.0} ns a delta; ratios are floor / measured, interleaved");
    println!("  reading            {:.2} of the floor's speed", median(&|row| row[0] / row[1]));
    println!("  full core          {:.2} of the floor's speed", median(&|row| row[0] / row[2]));
    println!("  judging (all detectors) costs {:.2} of the floor a delta", median(&|row| row[3] / row[0]));
    println!("  judging again      {:.2} ms", median(&|row| row[3]) * 1e3);
}

/// Opens a recording of `count` reads from the page cache and judges it.
fn loading(count: usize) {
    let inputs = session(count, Envelope::Padded);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.session");
    let What::Start(start) = &inputs[0].what else { unreachable!("a session begins with Start") };
    let mut recorder = Recorder::create(&path, &Header::new((**start).clone(), &Profile::default())).unwrap();
    inputs.iter().for_each(|input| recorder.append(input));
    recorder.finish();
    drop(inputs);
    let bytes = fs::metadata(&path).unwrap().len();
    let begin = Instant::now();
    let mut engine = Engine::new(Profile::default());
    for input in stutterscope::session::open(&path).unwrap() {
        engine.fold(&input);
    }
    let seconds = begin.elapsed().as_secs_f64();
    assert_eq!(engine.reading.delta_count() as usize, count);
    println!("\n{count} reads ({} MiB) opened and judged in {seconds:.2} s", bytes >> 20);
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    criterion_groups(&mut criterion);
    criterion.final_summary();
    for envelope in [Envelope::Constant, Envelope::Padded] {
        ratios(10_000, envelope);
        ratios(100_000, envelope);
    }
    loading(100_000);
    loading(1_000_000);
}
