//! One frame of the screen at 200x60, whatever the session's length: drawing costs the rows that are shown.
//!
//! `cargo bench --bench screen`
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::{hint::black_box, time::Instant};

use criterion::{BenchmarkId, Criterion};
use ratatui::{buffer::Buffer, layout::Rect};
use stutterscope::{
    app::{Action, App, state::OpenedFile, update},
    core::params::Profile,
    net::providers,
    tui::{Theme, draw},
};
use support::{Envelope, session};

const AREA: Rect = Rect::new(0, 0, 200, 60);
const THEME: Theme = Theme { colours: true, ascii: false };

/// An interface that shows a recording of `count` deltas, with the cursor in its middle.
fn app(count: usize) -> App {
    let mut app = App::new(providers::all(&Default::default()));
    let file = OpenedFile::fold("bench".into(), None, session(count, Envelope::Padded), Profile::default());
    update(&mut app, Action::Opened(Box::new(file)));
    app
}

fn frame(app: &App) -> Buffer {
    let mut buffer = Buffer::empty(AREA);
    draw(app, &THEME, AREA, &mut buffer);
    buffer
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let mut group = criterion.benchmark_group("frame 200x60");
    let apps = [100, 10_000, 100_000].map(|count| (count, app(count)));
    for (count, app) in &apps {
        group.bench_with_input(BenchmarkId::from_parameter(count), app, |bencher, app| bencher.iter(|| frame(black_box(app))));
    }
    group.finish();
    criterion.final_summary();
    let mut medians = Vec::new();
    for (count, app) in &apps {
        let mut times: Vec<f64> = (0..101)
            .map(|_| {
                let begin = Instant::now();
                black_box(frame(app));
                begin.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{count:>7} deltas: a frame takes {:.2} ms (median of 101)", times[50]);
        medians.push(times[50]);
    }
    println!("100,000 deltas cost {:.2} times the frame of 100", medians[2] / medians[0]);
}
