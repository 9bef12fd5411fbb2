//! The screen, drawn by the real code: snapshots at three sizes, and every size without a panic.
#![allow(clippy::unwrap_used)]

mod support;
mod screen_support;

use ratatui::{buffer::Buffer, layout::Rect};
use screen_support::{app_with, demo_inputs, noted, press, render};
use stutterscope::{
    app::App,
    tui::{Theme, draw},
};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];
const THEME: Theme = Theme { colours: true, ascii: false };

/// Snapshots `app` under `name` at the three sizes.
fn check(name: &str, app: &App) {
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), render(app, THEME, width, height));
    }
}

#[test]
fn live_demo() {
    let inputs = demo_inputs("tour");
    let app = app_with("demo/tour", &inputs[..60], true);
    check("live", &app);
}

#[test]
fn replay_at_a_finding() {
    let mut app = app_with("demo/tour", &demo_inputs("tour"), false);
    press(&mut app, &["g", "]"]);
    check("finding", &app);
}

#[test]
fn cumulative_text_stays_in_its_place() {
    let mut app = app_with("demo/cumulative", &demo_inputs("cumulative"), false);
    press(&mut app, &["G"]);
    check("cumulative", &app);
}

#[test]
fn tuning_changes_the_findings() {
    let mut app = app_with("demo/tour", &demo_inputs("tour"), false);
    press(&mut app, &["t", "right", "right", "right", "right", "right"]);
    check("tuning", &app);
}

#[test]
fn composer() {
    let mut app = app_with("demo/tour", &demo_inputs("tour"), false);
    press(&mut app, &["c", "down", "down"]);
    check("composer", &app);
}

#[test]
fn help_filtered() {
    let mut app = app_with("demo/tour", &demo_inputs("tour"), false);
    press(&mut app, &["?", "f", "i", "n", "d"]);
    check("help", &app);
}

#[test]
fn strategies_side_by_side() {
    let mut app = app_with("demo/tour", &demo_inputs("tour"), false);
    press(&mut app, &["d", "down", "down"]);
    check("compare", &app);
}

#[test]
fn labels() {
    let mut app = app_with("demo/tour", &demo_inputs("tour"), false);
    press(&mut app, &["g", "]"]);
    for keys in [&["a", "enter"][..], &[".", "a", "f", "i", "n", "e", "enter"], &["A", "enter", ","]] {
        let effects = press(&mut app, keys);
        noted(&mut app, effects);
    }
    check("labelled", &app);
    press(&mut app, &["a"]);
    check("labels", &app);
}

#[test]
fn sessions() {
    let mut app = app_with("demo/tour", &demo_inputs("tour"), false);
    press(&mut app, &["s"]);
    check("sessions", &app);
}

#[test]
fn narrow_and_tiny() {
    let mut app = app_with("demo/tour", &demo_inputs("tour"), false);
    press(&mut app, &["g", "]"]);
    insta::assert_snapshot!("narrow_60x16", render(&app, THEME, 60, 16));
    insta::assert_snapshot!("tiny_39x9", render(&app, THEME, 39, 9));
    insta::assert_snapshot!("ascii_80x24", render(&app, Theme { colours: false, ascii: true }, 80, 24));
}

#[test]
fn no_colour_sets_no_colour() {
    let mut app = app_with("demo/tour", &demo_inputs("tour"), false);
    press(&mut app, &["g", "]"]);
    let area = Rect::new(0, 0, 120, 40);
    let mut buf = Buffer::empty(area);
    draw(&app, &Theme { colours: false, ascii: false }, area, &mut buf);
    for cell in buf.content() {
        assert_eq!((cell.fg, cell.bg), (ratatui::style::Color::Reset, ratatui::style::Color::Reset), "{cell:?}");
    }
}

#[test]
fn every_size_draws_every_state() {
    let tour = demo_inputs("tour");
    let states: [&[&str]; 12] = [
        &["G"],
        &["g"],
        &["g", "]", "z"],
        &["t"],
        &["5", "v"],
        &["5", "v", "v", "z"],
        &["c"],
        &["?"],
        &["4", "z", "v"],
        &["d", "down", "down"],
        &["g", "]", "a"],
        &["A"],
    ];
    let apps = states.map(|keys| {
        let mut app = app_with("demo/tour", &tour, false);
        press(&mut app, keys);
        app
    });
    // Every size in one of the states, the states in turn; and every state at every third or seventh size.
    for (width, height) in (1..=200).flat_map(|width| (1..=60).map(move |height| (width, height))) {
        render(&apps[usize::from(width * 7 + height) % apps.len()], THEME, width, height);
    }
    for app in &apps {
        for width in (1..=200).step_by(7).chain([40, 79, 80, 120, 180]) {
            for height in (1..=60).step_by(3).chain([10, 20, 24, 32, 50]) {
                render(app, Theme { colours: false, ascii: true }, width, height);
            }
        }
    }
    let empty = App::new(Vec::new());
    (1..=200).step_by(9).for_each(|width| drop(render(&empty, THEME, width, 20)));
}

#[test]
fn nothing_a_server_sends_reaches_the_terminal_as_control() {
    let mut inputs = support::opening();
    for text in ["\u{1b}[2J\u{7}", "a\u{202e}b", "x\u{9b}31m", "\r\n\t"] {
        inputs.push(support::read(20, support::frame("content", text)));
    }
    inputs.push(support::read(30, b"data: \x1b[31m{\"broken\x9b\n\n".to_vec()));
    inputs.push(support::eof(40));
    for keys in [&["G"][..], &["5"], &["5", "v"], &["4", "v"]] {
        let mut app = app_with("\u{1b}title", &inputs, false);
        press(&mut app, keys);
        for (width, height) in SIZES {
            let area = Rect::new(0, 0, width, height);
            let mut buf = Buffer::empty(area);
            draw(&app, &THEME, area, &mut buf);
            for cell in buf.content() {
                assert!(!cell.symbol().chars().any(stutterscope::sanitise::is_unsafe), "{:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn a_frame_costs_what_is_on_the_screen() {
    let session = |deltas: u32| {
        let mut inputs = support::opening();
        let mut at = 10;
        for index in 0..deltas {
            at += 5;
            inputs.push(support::read(at, support::frame("content", &format!(" word{index}"))));
        }
        inputs.push(support::eof(at + 1));
        let mut app = app_with("long", &inputs, false);
        press(&mut app, &["G", ",", ","]);
        app
    };
    let (short, long) = (session(400), session(100_000));
    // The best of several, for other programs run too.
    let cost = |app: &App| {
        let once = || {
            let began = std::time::Instant::now();
            render(app, THEME, 200, 60);
            began.elapsed()
        };
        (0..10).map(|_| once()).min().unwrap()
    };
    let (short, long) = (cost(&short), cost(&long));
    assert!(long < short * 3, "{long:?} for 100,000 deltas, {short:?} for 400");
}
