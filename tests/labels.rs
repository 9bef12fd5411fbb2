//! Labels: anchors that find their deltas again, and what output they ask for.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::single_range_in_vec_init, reason = "a list of ranges may have one")]

mod screen_support;
mod support;

use std::path::Path;

use screen_support::{noted, press};
use stutterscope::app::Effect;
use stutterscope::{
    core::{
        class::Class,
        engine::Engine,
        input::{Attempt, End, Input, What},
        params::Strategy,
        reading::{Channel, DeltaId},
        time::Micros,
    },
    session::notes::{Anchors, DeltaLabel, Expected, Label, Notes, Side, resolve},
};
use support::{frame, judge_by, opening, read, session};

fn engine(deltas: &[&str]) -> Engine {
    judge_by(&session(deltas, 10), Strategy::Evidence)
}

/// Notes that call these deltas a fault of `class`.
fn labelled(engine: &Engine, deltas: &[u32], class: Class) -> Notes {
    let anchors = Anchors::of(&engine.reading);
    let mut notes = Notes::default();
    for delta in deltas {
        notes.set(DeltaLabel::new(anchors.anchor(DeltaId(*delta)), Label::Stutter(class), ""));
    }
    notes
}

#[test]
fn every_delta_is_found_by_its_anchor() {
    let mut inputs = opening();
    inputs.push(read(10, frame("content", "one") + &frame("reasoning_content", "two")));
    inputs.push(Input { at: Micros::from_millis(20), what: What::End(End::Reset) });
    let attempt = Attempt { number: 1, endpoint: "http://test".into(), model: "test".into() };
    inputs.push(Input { at: Micros::from_millis(30), what: What::Attempt(attempt) });
    inputs.push(read(40, frame("content", "one") + &frame("content", " two")));
    inputs.push(support::eof(50));
    let folders =
        ["sessions/hybrid.session", "sessions/tool-call.session", "sessions/malformed.session", "sessions/error-then-good.session"];
    let recorded =
        folders.map(|name| stutterscope::session::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap().inputs);
    for inputs in recorded.iter().chain([&inputs]) {
        let engine = judge_by(inputs, Strategy::None);
        let anchors = Anchors::of(&engine.reading);
        assert!(engine.reading.delta_count() > 2);
        let all: Vec<_> = engine.reading.delta_ids().map(|delta| anchors.anchor(delta)).collect();
        for (delta, anchor) in engine.reading.delta_ids().zip(&all) {
            assert_eq!(anchors.delta(*anchor), Some(delta), "{anchor:?}");
        }
        assert!(all.iter().enumerate().all(|(index, anchor)| !all[..index].contains(anchor)));
    }
    let engine = judge_by(&inputs, Strategy::None);
    let anchor = Anchors::of(&engine.reading).anchor(DeltaId(2));
    assert_eq!((anchor.attempt, anchor.byte, anchor.channel), (1, 0, Channel::Text));
}

#[test]
fn anchors_of_another_session_are_lost_and_counted() {
    let engine = engine(&["Hello", " world"]);
    let notes = labelled(&engine, &[0, 1], Class::PerDeltaDouble);
    let shorter = self::engine(&["Hello"]);
    let (found, lost) = resolve(&notes, &shorter.reading);
    assert_eq!((found.len(), lost), (1, 1));
}

/// What the labels leave of the text.
fn check(deltas: &[&str], labels: &[u32], class: Class, expected: &str) {
    let engine = engine(deltas);
    let notes = labelled(&engine, labels, class);
    let wanted = Expected::of(&notes, &engine.reading).unwrap();
    let redundant = wanted.redundant.unwrap();
    let mut text = String::new();
    for delta in engine.reading.delta_ids() {
        let (row, mut at) = (engine.reading.delta(delta).text, 0);
        for range in redundant.get(&delta).into_iter().flatten() {
            text.push_str(&row[at..range.start as usize]);
            at = range.end as usize;
        }
        text.push_str(&row[at..]);
    }
    assert_eq!(text, expected, "{deltas:?}");
    assert_eq!(wanted.side, Side::Positive(class));
}

#[test]
fn labels_say_what_is_redundant() {
    check(&["Hel", "Hello", "Hello you"], &[1, 2], Class::CumulativeFull, "Hello you");
    check(&["Read ", "files", "Read files", " now"], &[2], Class::CumulativeReplay, "Read files now");
    check(&["Read ", "files", "Read files now."], &[2], Class::FinalAggregate, "Read files now.");
    check(&["a", "a", "b", "b"], &[1, 3], Class::PerDeltaDouble, "ab");
    check(&["first we", "we copy"], &[1], Class::OverlapStitch, "first we copy");
    check(&["na", "na", "na"], &[1, 2], Class::TokenLoop, "nanana");
}

#[test]
fn a_range_says_it_exactly() {
    let engine = engine(&["Hello wor", "world!"]);
    let mut notes = labelled(&engine, &[1], Class::RetryRestart);
    notes.labels[0].redundant = Some((0, 3));
    let expected = Expected::of(&notes, &engine.reading).unwrap();
    assert_eq!(expected.redundant.unwrap()[&DeltaId(1)], [0..3]);
    // A range outside of the text is none.
    notes.labels[0].redundant = Some((0, 300));
    let expected = Expected::of(&notes, &engine.reading).unwrap();
    assert_eq!(expected.redundant.unwrap()[&DeltaId(1)], [0..6]);
}

#[test]
fn streams_have_a_side() {
    let engine = engine(&["a", "b"]);
    let side = |notes: &Notes| Expected::of(notes, &engine.reading).map(|expected| expected.side);
    assert_eq!(side(&Notes::default()), None);
    let fine = Notes { stream: Some(Label::Fine), ..Notes::default() };
    assert_eq!(side(&fine), Some(Side::Negative));
    let faulty = Notes { stream: Some(Label::Stutter(Class::Stall)), ..Notes::default() };
    assert_eq!(side(&faulty), Some(Side::Positive(Class::Stall)));
    assert_eq!(Expected::of(&faulty, &engine.reading).unwrap().redundant, Some(Default::default()), "a stall takes nothing out");
    let untold = Notes { stream: Some(Label::Stutter(Class::PerDeltaDouble)), ..Notes::default() };
    assert_eq!(Expected::of(&untold, &engine.reading).unwrap().redundant, None, "nobody said which delta");
    let mut partial = Notes::default();
    partial.set(DeltaLabel::new(Anchors::of(&engine.reading).anchor(DeltaId(1)), Label::Fine, ""));
    assert_eq!(side(&partial), Some(Side::Partial));
    let moved = labelled(&engine, &[1], Class::OutOfOrder);
    assert_eq!(Expected::of(&moved, &engine.reading).unwrap().redundant, None, "text would have to be moved");
}

/// Opens the tour, as a recording.
fn tour() -> stutterscope::app::App {
    screen_support::app_with("demo/tour", &screen_support::demo_inputs("tour"), false)
}

#[test]
fn one_key_labels_the_delta_at_the_cursor() {
    let mut app = tour();
    press(&mut app, &["g", "]", "a"]);
    let effects = press(&mut app, &["enter"]);
    let [Effect::Note { recording, notes, before, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((recording.to_str(), before.as_str()), (Some("/recordings/one.session"), ""));
    assert_eq!(notes.labels.len(), 1);
    let session = app.session().unwrap();
    let frame = session.cursor.frame(&session.engine.reading).unwrap();
    assert_eq!(session.label_of(frame), None, "what is not written is not shown");
    noted(&mut app, effects);
    let session = app.session().unwrap();
    // What was found there is offered first.
    assert_eq!(session.label_of(frame), Some(Label::Stutter(Class::CumulativeReplay)));
    // It is about what came in: another judgement changes nothing of it.
    press(&mut app, &["t", "L", "L", "L", "L", "esc"]);
    assert_eq!(app.session().unwrap().label_of(frame), Some(Label::Stutter(Class::CumulativeReplay)));
    let effects = press(&mut app, &["a", "f", "i", "n", "e", "enter"]);
    noted(&mut app, effects);
    assert_eq!(app.session().unwrap().label_of(frame), Some(Label::Fine));
    let effects = press(&mut app, &["a", "enter"]);
    noted(&mut app, effects);
    assert!(app.session().unwrap().noted.notes.is_empty(), "the first row takes the label away");
}

#[test]
fn labels_do_not_contradict_each_other() {
    let mut app = tour();
    let effects = press(&mut app, &["A", "f", "i", "n", "e", "enter"]);
    noted(&mut app, effects);
    assert_eq!(app.session().unwrap().noted.notes.stream, Some(Label::Fine));
    assert_eq!(press(&mut app, &["g", "]", "a", "enter"]), []);
    assert!(app.notice.as_ref().unwrap().contains("labelled as fine"), "{:?}", app.notice);
    for keys in [&["A", "enter"][..], &["a", "enter"]] {
        let effects = press(&mut app, keys);
        noted(&mut app, effects);
    }
    assert_eq!(press(&mut app, &["A", "f", "i", "n", "e", "enter"]), []);
    assert!(app.notice.as_ref().unwrap().contains("remove that label first"), "{:?}", app.notice);
}

#[test]
fn what_cannot_be_labelled_says_why() {
    let mut app = screen_support::app_with("demo/tour", &screen_support::demo_inputs("tour")[..60], true);
    press(&mut app, &["a"]);
    assert!(app.notice.as_ref().unwrap().contains("no file"), "{:?}", app.notice);
    assert!(app.overlays.is_empty());
    let mut app = tour();
    app.sessions[0].noted.error = Some("run.notes.ron:1:2: broken".into());
    press(&mut app, &["A"]);
    assert!(app.notice.as_ref().unwrap().contains("run.notes.ron:1:2"), "what cannot be read is not written over");
    let mut app = tour();
    press(&mut app, &["g", "a"]);
    assert!(app.notice.as_ref().unwrap().contains("no delta at the cursor"), "{:?}", app.notice);
}

#[test]
fn each_delta_of_a_frame_can_be_labelled() {
    let mut inputs = opening();
    let both = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"The\",\"content\":\"The\"}}]}\n\n";
    inputs.push(read(10, both));
    inputs.push(support::eof(50));
    let mut app = screen_support::app_with("two", &inputs, false);
    press(&mut app, &["g", "."]);
    let session = app.session().unwrap();
    assert_eq!(session.engine.reading.delta_count(), 2);
    for (keys, delta) in [(&["a", "left", "f", "i", "n", "enter"][..], 0), (&["a", "right", "right", "f", "i", "n", "enter"], 1)] {
        let effects = press(&mut app, keys);
        noted(&mut app, effects);
        assert!(app.session().unwrap().noted.labels.contains_key(&DeltaId(delta)), "{keys:?}");
    }
}
