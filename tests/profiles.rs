//! The ready profiles: what each does about the same stream, and the files that name others.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fs, path::Path};

use stutterscope::{
    config::{ProfileName, profile},
    core::{
        class::{Action, Certainty, Class},
        engine::Engine,
        params::{Param, Strategy},
        profile::{PROFILES, Preset, Profile},
    },
    session::{self, format::Header},
};
use support::{classes, judge, session, text};

fn recordings() -> Vec<(String, Vec<stutterscope::core::input::Input>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|ending| ending == "session"));
    paths.map(|path| (path.display().to_string(), session::load(&path).unwrap().inputs)).collect()
}

#[test]
fn who_observes_sees_the_same_and_changes_nothing() {
    for (name, inputs) in recordings() {
        for strategy in [Strategy::Evidence, Strategy::V1, Strategy::Growth] {
            let safe = judge(&inputs, Profile { strategy, ..Profile::default() });
            let observed = judge(&inputs, Profile { strategy, ..Profile::of(Preset::Observe) });
            // The provider counted what it meant to say: beside text that was left as it came its count looks wrong.
            let seen = |engine| classes(engine).into_iter().filter(|class| *class != "usage_anomaly").collect::<Vec<_>>();
            assert_eq!(seen(&observed), seen(&safe), "{name}");
            assert!(observed.judgement.output.cuts.is_empty(), "{name} by {strategy:?}");
            assert!(observed.judgement.output.holds.is_empty(), "{name} by {strategy:?}");
            assert_eq!(observed.judgement.output.released, observed.reading.frame_count(), "{name}");
            let changed =
                observed.judgement.findings.iter().find(|finding| {
                    finding.repaired || matches!(finding.action, Action::Suppress | Action::Reorder | Action::Hold)
                });
            assert_eq!(changed, None, "{name} by {strategy:?}");
        }
    }
}

fn outputs(deltas: &[&str], expected: [&str; 3]) {
    for (info, expected) in PROFILES.iter().zip(expected) {
        let engine = judge(&session(deltas, 40), Profile::of(info.preset));
        assert_eq!(text(&engine), expected, "{deltas:?} by {}", info.name);
    }
}

#[test]
fn the_profiles_differ_in_what_they_act_on() {
    // Two growths are proof; one over a few characters is likely; over fewer it is nothing.
    outputs(&["He", "Hello", "Hello you"], ["HeHelloHello you", "Hello you", "Hello you"]);
    outputs(&["Hello", "Hello you"], ["HelloHello you", "HelloHello you", "Hello you"]);
    outputs(&["ha", "haha"], ["hahaha", "hahaha", "hahaha"]);
    outputs(&["one", " two", " three"], ["one two three"; 3]);
}

#[test]
fn what_is_only_likely_is_said_so() {
    let engine = judge(&session(&["Hello", "Hello you"], 40), Profile::of(Preset::Eager));
    let finding = &engine.judgement.findings[0];
    assert_eq!((finding.class, finding.certainty, finding.action), (Class::CumulativeFull, Certainty::Likely, Action::Suppress));
    assert!(finding.evidence.contains("5 characters"), "{}", finding.evidence);
}

#[test]
fn the_table_says_what_is_done_with_each_class() {
    let action = |preset, class, certainty| Profile::of(preset).action(class, certainty);
    for (class, expected) in [
        (Class::CumulativeFull, [Action::Flag, Action::Suppress, Action::Suppress]),
        (Class::OutOfOrder, [Action::Flag, Action::Reorder, Action::Reorder]),
        (Class::WhitespaceFlood, [Action::Flag, Action::Suppress, Action::Suppress]),
        (Class::TokenLoop, [Action::Flag; 3]),
        (Class::Stall, [Action::Flag; 3]),
    ] {
        let actions = PROFILES.iter().map(|info| action(info.preset, class, Certainty::Proved));
        assert_eq!(actions.collect::<Vec<_>>(), expected, "{class:?}");
    }
    let likely = PROFILES.iter().map(|info| action(info.preset, Class::CumulativeFull, Certainty::Likely));
    assert_eq!(likely.collect::<Vec<_>>(), [Action::Flag, Action::Keep, Action::Suppress]);
}

fn tuned() -> Profile {
    let mut profile = Profile { name: "mine \"and\" yours".into(), strategy: Strategy::V2, ..Profile::of(Preset::Eager) };
    profile.params.set(Param::ReplayMinChars, 24);
    profile.params.set(Param::StallGap, 3_000);
    profile
}

#[test]
fn a_written_profile_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    for profile in PROFILES.iter().map(|info| Profile::of(info.preset)).chain([tuned()]) {
        let path = folder.path().join("profile.ron");
        profile::write(&path, &profile).unwrap();
        assert_eq!(profile::read(&path).unwrap(), profile);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn errors_in_a_profile_name_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.ron");
    for (text, expected) in [
        ("(\n  bas: \"safe\",\n)", "mine.ron:2:"),
        ("(base: \"brave\")", "the profiles are observe, safe, eager"),
        ("(\n params: { \"stall.gap\": 1 })", "mine.ron:2:"),
        ("(params: { \"replay.min_chars\": 0 })", "goes from 1 to 1024"),
    ] {
        fs::write(&path, text).unwrap();
        let error = profile::read(&path).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("hint: "), "{text}: {error}");
    }
    let missing = profile::read(&folder.path().join("no.ron")).unwrap_err().to_string();
    assert!(missing.contains("no.ron") && missing.contains("hint: "), "{missing}");
    fs::write(&path, "()").unwrap();
    assert_eq!(profile::read(&path).unwrap(), Profile { name: "mine".into(), ..Profile::default() });
}

#[test]
fn a_name_is_a_ready_profile_or_a_file() {
    let parse = |name: &str| name.parse::<ProfileName>();
    assert_eq!(parse("eager"), Ok(ProfileName::Ready(Preset::Eager)));
    assert_eq!(parse("./eager"), Ok(ProfileName::File("./eager".into())));
    assert_eq!(parse("mine.ron"), Ok(ProfileName::File("mine.ron".into())));
    assert!(parse("eagre").unwrap_err().contains("hint: the profiles are observe"));
}

#[test]
fn a_recording_remembers_the_profile_and_what_was_known_of_the_endpoint() {
    let stutterscope::core::input::What::Start(start) = support::start(true).what else { unreachable!() };
    let mut profile = tuned();
    profile.habits = vec![(Class::CumulativeFull, 3), (Class::PerDeltaDouble, 1)];
    for profile in [profile, Profile::default(), Profile::of(Preset::Observe)] {
        let header = Header::new((*start).clone(), &profile);
        let line = header.to_line().unwrap();
        let read: Header = stutterscope::session::format::options().from_str(&line).unwrap();
        assert_eq!(read.profile(), profile, "{line}");
    }
}

fn with_habit(class: Class, preset: Preset) -> Engine {
    let profile = Profile { habits: vec![(class, 3)], ..Profile::of(preset) };
    judge(&session(&["ha", "haha"], 40), profile)
}

#[test]
fn a_habit_decides_what_stays_in_doubt_and_says_so() {
    let engine = with_habit(Class::CumulativeFull, Preset::Safe);
    assert_eq!(text(&engine), "haha");
    let finding = &engine.judgement.findings[0];
    assert_eq!(finding.certainty, Certainty::Likely);
    assert!(finding.evidence.contains("this endpoint did so in 3 earlier sessions"), "{}", finding.evidence);
    // Another class of habit says nothing about it, and who observes changes nothing.
    assert_eq!(text(&with_habit(Class::PerDeltaDouble, Preset::Safe)), "hahaha");
    assert_eq!(text(&with_habit(Class::CumulativeFull, Preset::Observe)), "hahaha");
}
