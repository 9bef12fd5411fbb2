//! The JSON view of the output pane, drawn by the real code.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod screen_support;
mod support;

use screen_support::{app_with, press, render};
use stutterscope::{app::App, core::input::Input, session::import::Capture, tui::Theme};

fn inputs(deltas: &[&str]) -> Vec<Input> {
    let frame = |text: &&str| {
        let chunk = serde_json::json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]});
        format!("data: {chunk}\n\n")
    };
    Capture::new(deltas.iter().map(frame).collect::<String>().into_bytes()).into_iter().collect()
}

/// The app at the end of an answer of `deltas`, with the output pane in its JSON view.
fn shown(deltas: &[&str]) -> App {
    let mut app = app_with("answer", &inputs(deltas), false);
    press(&mut app, &["G", "4", "v", "v", "v"]);
    app
}

fn screen(app: &App) -> String {
    render(app, Theme { colours: false, ascii: true }, 120, 40)
}

#[test]
fn a_value_completes() {
    let pieces = ["{\"name\": \"Ada\", ", "\"items\": [1, 2, {\"kind\": \"no", "te\"}], \"done\": tr", "ue}"];
    insta::assert_snapshot!("json_cut", screen(&shown(&pieces[..2])));
    let whole = screen(&shown(&pieces));
    assert!(whole.contains("diff clean raw [json]") && whole.contains("  \"done\": true"), "{whole}");
    assert!(!whole.contains("at $"), "{whole}");
}

#[test]
fn the_view_is_offered_where_there_is_json() {
    let prose = screen(&shown(&["See [1] for ", "more."]));
    assert!(prose.contains("[diff] clean raw") && !prose.contains("raw json") && prose.contains("See [1] for more."), "{prose}");
    let values = screen(&shown(&["{\"a\": 1}\n", "{\"b\": [1, 2}\n", "{\"ok\": 1}"]));
    assert!(values.contains("1 before this one") && values.contains("1 broken") && values.contains("\"ok\": 1"), "{values}");
}

#[test]
fn deep_and_long_values_cost_no_more_than_the_screen() {
    let deep = screen(&shown(&["{\"a\": ", &"[".repeat(200_000)]));
    assert!(deep.contains("levels deeper"), "{deep}");
    let long = screen(&shown(&["[", &"\"some text\", ".repeat(40_000)]));
    assert!(long.contains("too long for this view"), "{long}");
}
