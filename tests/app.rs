//! The interface's state: keys and actions in, state and effects out. No terminal.
#![allow(clippy::unwrap_used)]

mod screen_support;
mod support;

use std::collections::BTreeSet;

use screen_support::{app_with, demo_inputs, press, render};
use stutterscope::{
    app::{
        ACTIONS, Action, App, Command, Context, Effect, Overlay, Pane,
        session::Mode,
        state::{InspectorView, OutputView},
        update,
        update::begin,
    },
    core::{
        input::{End, Input, What},
        params::{Param, Profile},
        time::Micros,
    },
    net::providers,
    report::Verdict,
    tui::Theme,
};

const THEME: Theme = Theme { colours: true, ascii: false };

fn tour() -> App {
    app_with("demo/tour", &demo_inputs("tour"), false)
}

/// Presses `keys` on the opened tour and compares the frame at the cursor.
fn check_frame(keys: &[&str], expected: Option<u32>) {
    let mut app = tour();
    press(&mut app, keys);
    let session = app.session().unwrap();
    let frame = session.cursor.frame(&session.engine.reading);
    assert_eq!(frame.map(|frame| frame.0), expected, "{keys:?}");
}

#[test]
fn keys_move_the_one_cursor() {
    for (keys, expected) in [
        (&["g"][..], None),
        (&["g", "."], Some(1)),
        (&["g", "right", "l"], Some(2)),
        (&["g", ".", ".", ","], Some(1)),
        (&["g", "L"], Some(10)),
        (&["g", "L", "H"], None),
        (&["g", "]"], Some(36)),
        (&["g", "]", "]"], Some(119)),
        (&["g", "]", "]", "]"], Some(119)),
        (&["g", "]", "]", "["], Some(36)),
        (&["g", "}"], Some(1)),
        (&["G"], Some(121)),
        (&["G", "{"], Some(121)),
        (&["G", "{", "{"], Some(119)),
        (&["g", "down", "j", "down", "down"], Some(0)),
        (&["g", "pgdn"], Some(16)),
        (&["g", "2", "down", "down"], Some(36)),
        (&["g", "3", "down"], Some(36)),
        (&["g", "4", "down", "down"], Some(2)),
    ] {
        check_frame(keys, expected);
    }
}

#[test]
fn gaps_are_found_and_the_cursor_stands_inside_a_stall() {
    let mut inputs = support::opening();
    // Four gaps give the stream a pace.
    inputs.extend((1..=9).map(|number| support::read(20 * number, support::frame("content", &format!("{number} ")))));
    inputs.push(support::read(9_000, support::frame("content", " two")));
    inputs.push(support::eof(9_010));
    let mut app = app_with("stall", &inputs, false);
    press(&mut app, &["g", ")"]);
    let session = app.session().unwrap();
    assert_eq!(session.cursor.at, Micros::from_millis(9_000));
    press(&mut app, &["g", "]"]);
    let session = app.session().unwrap();
    // The stall was found five seconds after the first text, between two frames.
    assert_eq!(session.cursor.at, Micros::from_millis(5_180));
    assert_eq!(session.moment().frames, 9);
}

#[test]
fn following_stops_when_the_cursor_is_moved_and_one_key_goes_live_again() {
    let inputs = demo_inputs("tour");
    let mut app = app_with("demo/tour", &inputs[..30], true);
    assert_eq!(app.session().unwrap().mode, Mode::Follow);
    press(&mut app, &[","]);
    assert_eq!(app.session().unwrap().mode, Mode::Paused);
    let (id, row) = (app.session().unwrap().id, app.session().unwrap().cursor.row);
    let arrive = |app: &mut App, from: usize, to: usize, closed: bool| {
        let now = inputs[to - 1].at;
        update(app, Action::Arrived { session: id, inputs: inputs[from..to].to_vec(), now, closed });
    };
    arrive(&mut app, 30, 40, false);
    assert_eq!(app.session().unwrap().cursor.row, row, "reading goes on, the view stays");
    press(&mut app, &["G"]);
    assert_eq!(app.session().unwrap().mode, Mode::Follow);
    arrive(&mut app, 40, inputs.len(), true);
    let session = app.session().unwrap();
    assert!(!session.live);
    assert_eq!(session.moment().frames, session.engine.reading.frame_count());
    // Live and opened from a file are the same.
    assert_eq!(session.engine.judgement.findings, tour().session().unwrap().engine.judgement.findings);
}

#[test]
fn play_runs_in_the_sessions_own_time() {
    let mut app = tour();
    press(&mut app, &["g", "space"]);
    assert_eq!(app.session().unwrap().mode, Mode::Playing);
    update(&mut app, Action::Tick(1_000_000));
    assert_eq!(app.session().unwrap().cursor.at, Micros(1_000_000));
    press(&mut app, &[">", ">"]);
    assert_eq!(app.session().unwrap().rate(), 400);
    update(&mut app, Action::Tick(500_000));
    assert_eq!(app.session().unwrap().cursor.at, Micros(3_000_000));
    press(&mut app, &["<", "space"]);
    update(&mut app, Action::Tick(500_000));
    assert_eq!(app.session().unwrap().cursor.at, Micros(3_000_000), "paused");
    press(&mut app, &["space"]);
    update(&mut app, Action::Tick(60_000_000));
    assert_eq!(app.session().unwrap().mode, Mode::Paused, "stops at the end");
}

#[test]
fn tuning_judges_anew_keeps_the_cursor_and_can_be_undone() {
    let mut app = tour();
    press(&mut app, &["g", "]", "t"]);
    let before = app.session().unwrap().cursor;
    // The pane opens on the parameter that decided the finding at the cursor.
    assert_eq!(app.tuning_row, Param::ReplayMinChars as usize + 1);
    press(&mut app, &["L", "L", "L", "L"]);
    let session = app.session().unwrap();
    assert_eq!(session.engine.judgement.profile.params.get(Param::ReplayMinChars), 256);
    assert_eq!((session.change.before, session.change.after, session.change.removed), (2, 0, 2));
    assert!(session.change.characters > 0);
    assert_eq!((session.verdict, session.cursor), (Verdict::Clean, before));
    press(&mut app, &["u"]);
    assert_eq!(app.session().unwrap().engine.judgement.profile.params.get(Param::ReplayMinChars), 128);
    press(&mut app, &["U"]);
    assert_eq!(app.session().unwrap().engine.judgement.profile.params.get(Param::ReplayMinChars), 256);
    press(&mut app, &["0"]);
    let session = app.session().unwrap();
    assert_eq!((session.change.added, session.change.removed, session.change.characters), (0, 0, 0));
    assert_eq!(session.verdict, Verdict::Stutter);
    press(&mut app, &["left"]);
    assert_eq!(app.session().unwrap().engine.judgement.profile.params.get(Param::ReplayMinChars), 12);
}

#[test]
fn panes_views_and_layers() {
    let mut app = tour();
    press(&mut app, &["tab", "tab"]);
    assert_eq!((app.focus, app.beside), (Pane::Scores, Pane::Scores));
    press(&mut app, &["backtab", "z"]);
    assert_eq!((app.focus, app.zoomed), (Pane::States, true));
    press(&mut app, &["q"]);
    assert!(!app.zoomed);
    press(&mut app, &["4", "v"]);
    assert_eq!(app.output_view, OutputView::Clean);
    press(&mut app, &["5", "v", "v", "down"]);
    assert_eq!((app.inspector_view, app.inspector_scroll), (InspectorView::Head, 1));
    assert_eq!(press(&mut app, &["q"]), []);
    assert_eq!(app.focus, Pane::Chunks);
    assert_eq!(press(&mut app, &["esc", "esc"]), [], "Esc never quits");
    assert_eq!(press(&mut app, &["q"]), [Effect::Quit]);
    assert_eq!(press(&mut app, &["Q"]), [Effect::Quit]);
}

#[test]
fn quitting_is_asked_once_and_anything_else_takes_it_back() {
    let mut app = tour();
    assert_eq!(press(&mut app, &["ctrl-c", "g", "ctrl-c"]), []);
    assert_eq!(press(&mut app, &["ctrl-c"]), [Effect::Quit]);
    let mut live = app_with("live", &demo_inputs("tour")[..20], true);
    let id = live.session().unwrap().id;
    assert_eq!(press(&mut live, &["ctrl-c", "ctrl-c"]), [Effect::Cancel(id), Effect::Quit]);
}

#[test]
fn the_composer_takes_every_letter_and_sends_with_one_key() {
    let mut app = tour();
    press(&mut app, &["c"]);
    press(&mut app, &["backtab", "tab", "tab", "q", "?", "1", "space"]);
    assert_eq!(app.overlays, [Overlay::Composer]);
    assert!(app.composer.request().text.starts_with("q?1 "), "{:?}", app.composer.request());
    let effects = press(&mut app, &["ctrl-s"]);
    let [Effect::Send(_, request)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((request.provider.as_str(), request.model.as_str(), request.is_body), ("demo", "demo/tour", false));
    assert!(app.overlays.is_empty() && app.session().unwrap().live);
    // The same again, and the recorded one's own body.
    assert!(matches!(&press(&mut app, &["r"])[..], [Effect::Send(_, again)] if again == request));
    let effects = press(&mut tour(), &["r"]);
    assert!(matches!(&effects[..], [Effect::Send(_, again)] if again.is_body && again.model == "demo/tour"), "{effects:?}");
}

#[test]
fn a_broken_body_is_named_where_it_breaks_and_not_sent() {
    let mut app = tour();
    let open = app.sessions.len();
    press(&mut app, &["c", "ctrl-b"]);
    update(&mut app, Action::Paste("{\n \"model\" 1}".into()));
    assert_eq!(press(&mut app, &["ctrl-s"]), []);
    assert_eq!(app.overlays, [Overlay::Composer]);
    assert!(app.composer.fault.as_ref().unwrap().starts_with("line 2, column 10: expected `:`"), "{:?}", app.composer.fault);
    assert_eq!(app.composer.body.cursor(), (1, 9), "the text cursor stands there");
    assert_eq!(app.sessions.len(), open);
    press(&mut app, &["space"]);
    assert_eq!(app.composer.fault, None);
}

#[test]
fn a_request_that_cannot_be_sent_leaves_no_empty_session() {
    let mut app = tour();
    let effects = press(&mut app, &["c", "ctrl-s"]);
    let [Effect::Send(id, _)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(app.current, 1);
    update(&mut app, Action::Failed(*id, "there is no key".into()));
    assert_eq!((app.sessions.len(), app.current), (1, 0));
    assert_eq!(app.notice.as_deref(), Some("there is no key"));
}

#[test]
fn the_mouse_seeks_focuses_and_steps() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    use ratatui::layout::Rect;
    let area = Rect::new(0, 0, 120, 40);
    let mut app = tour();
    let mouse = |app: &mut App, kind, column, row| {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        if let Some(action) = stutterscope::tui::mouse::action(app, area, event) {
            update(app, action);
        }
    };
    let frame = |app: &App| {
        let session = app.session().unwrap();
        session.cursor.frame(&session.engine.reading).map(|frame| frame.0)
    };
    let click = MouseEventKind::Down(MouseButton::Left);
    press(&mut app, &["g", "4"]);
    // The seventh line of the chunks: four marks, then frames.
    mouse(&mut app, click, 10, 4 + 6);
    assert_eq!((app.focus, frame(&app)), (Pane::Chunks, Some(2)));
    mouse(&mut app, MouseEventKind::ScrollDown, 10, 10);
    assert_eq!(frame(&app), Some(3));
    mouse(&mut app, MouseEventKind::ScrollUp, 10, 10);
    assert_eq!(frame(&app), Some(2));
    // The last column of the timeline, then the first.
    mouse(&mut app, click, 119, 1);
    let end = app.session().unwrap().engine.reading.last_at();
    assert!(app.session().unwrap().cursor.at.0 > end.0 * 98 / 100);
    mouse(&mut app, click, 0, 2);
    assert_eq!(frame(&app), None);
    // The second transition, behind the first one and its cause in two lines.
    mouse(&mut app, click, 60, 4 + 1 + 3);
    assert_eq!(app.focus, Pane::States);
    press(&mut app, &["t"]);
    mouse(&mut app, click, 80, 29);
    assert_eq!((app.focus, app.tuning_row), (Pane::Tuning, 6));
    press(&mut app, &["?"]);
    mouse(&mut app, click, 40, 5);
    assert_eq!(app.overlays, [Overlay::Help(stutterscope::app::state::Picker { selected: 3, ..Default::default() })]);
    press(&mut app, &["esc", "q"]);
    assert_eq!(press(&mut app, &["m", "m"]), [Effect::Mouse(true), Effect::Mouse(false)]);
}

#[test]
fn the_composer_picks_scenarios_providers_and_bodies() {
    let mut app = tour();
    press(&mut app, &["c", "down"]);
    assert_eq!(app.composer.request().model, "demo/clean");
    press(&mut app, &["o", "u", "t", "a"]);
    assert_eq!(app.composer.request().model, "demo/outage");
    press(&mut app, &["backtab", "down", "down", "down", "down", "down", "tab", "m", "1"]);
    let request = app.composer.request();
    assert_eq!((request.provider.as_str(), request.model.as_str()), ("openai", "m1"));
    press(&mut app, &["ctrl-b", "enter"]);
    assert!(app.composer.request().is_body);
    assert!(app.composer.request().text.starts_with('\n'), "Enter is a new line in a body");
    update(&mut app, Action::Paste("{}".into()));
    assert!(app.composer.request().text.contains("{}"));
}

#[test]
fn of_a_proxys_calls_only_the_latest_stay_in_memory() {
    let mut app = tour();
    let shown = app.session().unwrap().id;
    for number in 0..100 {
        update(&mut app, Action::Called(format!("{number}. m"), Default::default()));
        let id = app.sessions.last().unwrap().id;
        update(&mut app, Action::Recording(id, format!("/recorded/{number}").into()));
        let end = Input { at: Micros(1), what: What::End(End::Eof) };
        update(&mut app, Action::Arrived { session: id, inputs: vec![end], now: Micros(1), closed: number != 3 });
    }
    assert!(app.sessions.len() < 40, "{}", app.sessions.len());
    assert!(app.sessions.iter().any(|session| session.title == "3. m"), "one that still goes on stays");
    assert_eq!(app.sessions.last().unwrap().title, "99. m");
    assert!(app.sessions.iter().any(|session| session.id == shown), "so does what has no recording");
    for number in 0..100 {
        update(&mut app, Action::Called(format!("{number}. unrecorded"), Default::default()));
        let id = app.sessions.last().unwrap().id;
        let end = Input { at: Micros(1), what: What::End(End::Eof) };
        update(&mut app, Action::Arrived { session: id, inputs: vec![end], now: Micros(1), closed: true });
    }
    assert!(app.sessions.len() < 40, "{}", app.sessions.len());
    assert!(app.sessions.iter().any(|session| session.id == shown), "what is no call stays");
    assert_eq!(app.notice.as_deref(), Some("66. unrecorded is gone: of calls that are not recorded the last 32 are kept"));
}

#[test]
fn a_pasted_command_says_what_it_leaves_out() {
    let mut app = tour();
    press(&mut app, &["c"]);
    let command = r#"curl http://127.0.0.1:9/v1/chat/completions -d '{"model": "m", "stream": true, "messages": []}' | jq ."#;
    update(&mut app, Action::Paste(command.into()));
    let request = app.composer.request();
    assert_eq!((request.provider.as_str(), request.is_body), ("pasted", true));
    let left_out = ["the body is sent as application/json; curl would call it a form", "what follows `|` is left out"];
    assert_eq!(app.composer.remarks, left_out);
    press(&mut app, &["backtab", "backtab", "up"]);
    assert!(app.composer.remarks.is_empty(), "another provider is picked");
}

#[test]
fn help_is_filtered_and_runs_what_it_shows() {
    let mut app = tour();
    press(&mut app, &["g", "?", "n", "e", "x", "t", "space", "f", "i", "n", "enter"]);
    assert!(app.overlays.is_empty());
    let session = app.session().unwrap();
    assert_eq!(session.cursor.frame(&session.engine.reading).map(|frame| frame.0), Some(36));
    press(&mut app, &["?", "z", "z", "z", "backspace", "enter", "esc"]);
    assert!(app.overlays.is_empty());
    assert_eq!(app.help_rows("").len(), ACTIONS.len());
}

#[test]
fn sessions_are_listed_and_opened() {
    let mut app = tour();
    assert_eq!(begin(&mut app).len(), 1);
    assert_eq!(app.current, 1);
    assert_eq!(press(&mut app, &["s", "down", "enter"]), [Effect::List]);
    assert_eq!(app.current, 0);
    assert_eq!(press(&mut app, &["w"]), [Effect::Copy("/recordings/one.session".into())]);
}

#[test]
fn every_command_has_a_row_and_no_key_means_two_things() {
    let mut ids = BTreeSet::new();
    let mut keys = BTreeSet::new();
    for (index, row) in ACTIONS.iter().enumerate() {
        assert_eq!(row.command as usize, index);
        assert!(ids.insert(row.id), "{} is there twice", row.id);
        assert!(!row.keys.is_empty() && !row.title.is_empty(), "{}", row.id);
        for key in row.keys {
            assert!(keys.insert((row.context, key)), "{key} means two things: {}", row.id);
            assert_eq!(Command::resolve(key, &[row.context]), Some(row.command));
            assert_eq!(stutterscope::tui::keymap::name(&screen_support::key(key)).as_deref(), Some(*key));
            // What holds everywhere must not be taken by anything else.
            assert!(row.context == Context::Everywhere || Command::resolve(key, &[Context::Everywhere]).is_none(), "{key}");
        }
    }
}

#[test]
fn every_command_may_run_at_any_time() {
    for live in [false, true] {
        for row in ACTIONS {
            let mut app = app_with("demo/tour", &demo_inputs("tour")[..20], live);
            update(&mut app, Action::Run(row.command));
            let mut empty = App::new(providers::all(&Default::default()));
            update(&mut empty, Action::Run(row.command));
        }
    }
}

#[test]
fn rows_are_frames_and_marks_in_order() {
    use stutterscope::app::rows::{self, Row};
    let app = tour();
    let reading = &app.session().unwrap().engine.reading;
    let (mut frames, mut marks) = (0, 0);
    let mut last = stutterscope::core::time::Moment::default();
    for row in 0..rows::count(reading) {
        match rows::get(reading, row).unwrap() {
            Row::Frame(frame) => {
                assert_eq!((frame.0, rows::of_frame(reading, frame.0)), (frames, row));
                frames += 1;
            }
            Row::Mark(mark) => {
                assert_eq!(*mark, reading.marks()[marks]);
                marks += 1;
            }
        }
        let moment = rows::moment(reading, row);
        assert!(moment >= last);
        last = moment;
    }
    assert_eq!((frames, marks), (reading.frame_count(), reading.marks().len()));
    assert!(rows::get(reading, rows::count(reading)).is_none());
}

/// A live session of `deltas` deltas, one each millisecond.
fn long(deltas: u32) -> (App, Vec<stutterscope::core::input::Input>) {
    let mut inputs = support::opening();
    inputs.extend((0..deltas).map(|index| support::read(10 + u64::from(index), support::frame("content", &format!(" w{index}")))));
    let app = app_with("long", &inputs, true);
    (app, inputs)
}

#[test]
fn a_large_session_is_judged_in_the_background_and_only_the_latest_parameters_count() {
    use stutterscope::app::shared::{Fresh, HEAVY, judge};
    let (mut app, _) = long(HEAVY);
    let id = app.session().unwrap().id;
    app.tuning_row = Param::StallGap as usize + 1;
    // The first key starts a judge, the others only say what is wanted; nothing is judged here.
    let effects = press(&mut app, &["6", "right", "right", "right"]);
    let [Effect::Judge(judged, first)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(*judged, id);
    let wanted = app.session().unwrap().engine.profile().clone();
    assert!(wanted.params.get(Param::StallGap) > first.params.get(Param::StallGap));
    assert!(app.session().unwrap().engine.judging());
    assert_eq!(app.session().unwrap().engine.judgement.profile, Profile::default(), "the old result is shown");
    assert!(render(&app, THEME, 120, 40).contains("judging"), "and the screen says so");

    // What arrives meanwhile waits, for the judge has the reading.
    let reading = app.session().unwrap().engine.reading.clone();
    let frames = reading.frame_count();
    let next = support::read(90_000, support::frame("content", " late"));
    update(&mut app, Action::Arrived { session: id, inputs: vec![next], now: Micros::from_millis(90_001), closed: false });
    assert_eq!(app.session().unwrap().engine.reading.frame_count(), frames);

    // The first result is not wanted any more: the judge begins again, with what came.
    let stale = Fresh::of(&reading, first.clone());
    drop(reading);
    let effects = update(&mut app, Action::Judged(id, Box::new(stale)));
    assert!(matches!(&effects[..], [Effect::Judge(_, profile)] if *profile == wanted), "{effects:?}");
    let session = app.session().unwrap();
    assert_eq!((session.engine.reading.frame_count(), session.engine.judging()), (frames + 1, true));

    let fresh = Fresh::of(&app.session().unwrap().engine.reading, wanted.clone());
    assert!(update(&mut app, Action::Judged(id, Box::new(fresh))).is_empty());
    let session = app.session().unwrap();
    assert!(!session.engine.judging());
    assert_eq!(session.engine.judgement.profile, wanted);
    // The same as if there had been no other thread.
    let direct = judge(&session.engine.reading, wanted.clone());
    assert_eq!(session.engine.judgement.findings, direct.findings);
    // A way back leads over all three steps.
    assert_eq!(press(&mut app, &["u"]).len(), 1);
    assert_eq!(app.session().unwrap().engine.profile().params.get(Param::StallGap), wanted.params.get(Param::StallGap) - 250);
}
