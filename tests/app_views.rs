//! What the view adds to a judgement: suppressions undone, hindsight, habits, the end that a profile would have made.
#![allow(clippy::unwrap_used)]

mod screen_support;
mod support;

use screen_support::{app_with, press, render};
use stutterscope::{
    app::{Action, App, state::OutputView, update, update::begin},
    core::{
        class::Class,
        params::{Param, Profile},
    },
    net::providers,
    tui::Theme,
};

const THEME: Theme = Theme { colours: true, ascii: false };

/// Opens one labelled stream.
fn labelled(chunks: &str) -> App {
    let line = format!(
        r#"{{"id":"one","class":"none","kind":"negative","provider_format":"text","repair":"none","chunks":{chunks},"expected_text":"","labels":[],"source":"","note":""}}"#
    );
    let (_, case) = stutterscope::session::import::cases::cases(line.as_bytes()).next().unwrap();
    app_with("one", &case.unwrap().exchange.into_inputs(), false)
}

/// The lines of the output pane that `keys` lead to, zoomed.
fn shown(app: &mut App, keys: &[&str]) -> String {
    press(app, keys);
    let screen = render(app, THEME, 100, 30);
    let lines = screen.lines().filter_map(|line| line.strip_prefix('┃')?.strip_suffix('┃'));
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_suppression_and_every_reorder_is_undone_in_the_view() {
    let check = |chunks: &str, repaired: &str, undone: &str| {
        let mut app = labelled(chunks);
        let clean = ["G", "4", "z", "v"];
        assert_eq!(shown(&mut app, &clean), repaired, "{chunks}");
        let verdict = app.session().unwrap().verdict;
        assert_eq!(shown(&mut app, &["x"]), undone, "{chunks}");
        assert!(render(&app, THEME, 120, 40).contains("1 undone"));
        assert_eq!(app.session().unwrap().verdict, verdict, "what was judged stays");
        // Another threshold judges anew; what was undone is found again.
        app.tuning_row = Param::StallGap as usize + 1;
        press(&mut app, &["z", "6", "right", "4", "z"]);
        assert_eq!(shown(&mut app, &[]), undone, "{chunks}");
        assert_eq!(shown(&mut app, &["x"]), repaired, "{chunks}");
    };
    check(r#"["He","Hello","Hello you","Hello you there"]"#, "Hello you there", "HeHelloHello youHello you there");
    let out_of_order = r#"[{"seq":0,"text":"The "},{"seq":2,"text":"brown "},{"seq":1,"text":"quick "},{"seq":3,"text":"fox"}]"#;
    check(out_of_order, "The quick brown fox", "The brown quick fox");
    let mut app = labelled(r#"["All"," is"," well."]"#);
    press(&mut app, &["G", "x"]);
    assert!(app.notice.as_deref().unwrap().contains("there is no finding up to the cursor"));
}

#[test]
fn hindsight_stands_beside_what_was_passed_on() {
    let chunks = r#"[{"t_ms":0,"text":"He"},{"t_ms":40,"text":"Hello"},{"t_ms":2040,"text":"Hello you"},{"t_ms":2080,"text":"Hello you there"},{"t_ms":2120,"text":"Hello you there, all"}]"#;
    let mut app = labelled(chunks);
    assert!(render(&app, THEME, 120, 40).contains("STUTTER │ hindsight: 1 change"));
    assert_eq!(shown(&mut app, &["G", "4", "z", "v"]), "HeHello you there, all");
    let view = shown(&mut app, &["v", "v"]);
    assert_eq!(app.output_view, OutputView::Hindsight);
    assert!(view.contains("cumulative_full: ") && view.contains("[-HeHello-]{+Hello+} you there, all"), "{view}");
    // A judge that takes nothing out has nothing to look back on with other eyes.
    app.tuning_row = 0;
    press(&mut app, &["z", "6", "L", "L", "L", "L", "L", "L"]);
    assert!(app.session().unwrap().engine.second_look.is_none());
    press(&mut app, &["4", "v"]);
    assert_eq!(app.output_view, OutputView::Diff);
}

#[test]
fn the_view_says_where_a_habit_decided() {
    use stutterscope::app::state::OpenedFile;
    let inputs = support::session(&["ha", "haha"], 40);
    let opened = |habits| {
        let mut app = App::new(providers::all(&Default::default()));
        let profile = Profile { habits, ..Profile::default() };
        update(&mut app, Action::Opened(Box::new(OpenedFile::fold("doubt".into(), None, inputs.clone(), profile))));
        press(&mut app, &["G"]);
        render(&app, THEME, 120, 40)
    };
    let told = ["│ by habit │", "1 cumulative_full by habit frame 1 starts", "habits: cumulative_full 3×"];
    let (without, with) = (opened(Vec::new()), opened(vec![(Class::CumulativeFull, 3)]));
    for part in told {
        assert!(with.contains(part) && !without.contains(part), "{part}\n{with}");
    }
}

/// What is known of an endpoint belongs to the session that asks it, and not to the next one.
#[test]
fn habits_of_one_endpoint_are_not_those_of_another() {
    let mut app = App::new(providers::all(&Default::default()));
    begin(&mut app);
    let first = app.session().unwrap().id;
    update(&mut app, Action::Known(first, vec![(Class::CumulativeFull, 3)]));
    assert_eq!(app.session().unwrap().engine.profile().habits, [(Class::CumulativeFull, 3)]);
    app.tuning_row = 1;
    press(&mut app, &["6", "right", "r"]);
    begin(&mut app);
    assert_ne!(app.session().unwrap().id, first);
    assert!(app.session().unwrap().engine.profile().habits.is_empty());
}

/// Moving `loop.stop` over a recording shows from where on it would have been ended.
#[test]
fn a_threshold_shows_where_a_loop_would_have_been_ended() {
    let mut app = app_with("looping", &support::session(&[" court"; 300], 5), false);
    app.tuning_row = Param::LoopStop as usize + 1;
    let ended = |app: &App| render(app, THEME, 120, 40).contains("· loop.stop");
    press(&mut app, &["6", "right", "right", "right", "1", "G", ","]);
    assert_eq!(app.session().unwrap().engine.judgement.stop.map(|stop| stop.copies), Some(150));
    assert!(ended(&app), "{}", render(&app, THEME, 120, 40));
    press(&mut app, &["g", "."]);
    assert!(!ended(&app), "the loop had not begun");
}
