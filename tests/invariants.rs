//! The invariants of the design, as properties over arbitrary sessions, splits, times and bytes.

mod support;

use proptest::prelude::*;
use stutterscope::core::{
    class::{Action, Certainty},
    engine::Engine,
    input::{Attempt, End, Head, Input, OurEnd, PauseCause, What},
    output::Fate,
    params::{Param, Profile, Strategy as Judge},
    reading::{ChannelKey, DeltaId},
    time::{Micros, Moment},
};
use support::{columns::said, eof, finish, frame, judge, opening};

/// Texts that repeat, grow, shrink, close JSON and cut characters.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("ha".to_string()),
        Just("haha".to_string()),
        Just("hahaha".to_string()),
        Just("Hello".to_string()),
        Just("Hello world".to_string()),
        Just("Hello world, how are you today, my old friend?".to_string()),
        Just("\n".to_string()),
        Just("\n\n".to_string()),
        Just(" ".repeat(40)),
        Just("{\"a\": [1]}".to_string()),
        Just("🌍é".to_string()),
        Just(" VM".repeat(60)),
        "[a-c 🌍]{1,4}",
    ]
}

/// Deltas as a server with a given fault would send them.
fn any_deltas() -> impl Strategy<Value = Vec<String>> {
    (prop::collection::vec(any_text(), 0..24), 0_u8..5).prop_map(|(texts, fault)| match fault {
        0 => texts,
        1 => texts
            .iter()
            .scan(String::new(), |all, text| {
                all.push_str(text);
                Some(all.clone())
            })
            .collect(),
        2 => {
            let all = texts.concat();
            texts.into_iter().chain([all]).collect()
        }
        3 => texts.iter().flat_map(|text| [text.clone(), text.clone()]).collect(),
        _ => texts.iter().chain(&texts).cloned().collect(),
    })
}

/// A body, its reads' cut points (as fractions) and gaps, and how it ends.
fn any_session() -> impl Strategy<Value = Vec<Input>> {
    let channel = prop_oneof![4 => Just("content"), 1 => Just("reasoning_content")];
    (any_deltas(), prop::collection::vec((channel, 0_u64..4_000), 64), any::<bool>(), 0_u8..4).prop_map(
        |(deltas, rows, noise, end)| {
            let mut inputs = opening();
            let mut at = 5;
            for (delta, (field, gap)) in deltas.iter().zip(&rows) {
                at += gap;
                inputs.push(support::read(at, frame(field, delta)));
                if noise && gap % 7 == 0 {
                    inputs.push(support::read(at, ": ping\n\n"));
                }
                if noise && gap % 11 == 0 {
                    inputs.push(support::read(at, "data: {\"broken\": \n\n"));
                }
            }
            match end {
                0 => inputs.extend([support::read(at + 10, finish()), eof(at + 20)]),
                1 => inputs.push(Input { at: Micros::from_millis(at + 9_000), what: What::End(End::Us(OurEnd::IdleTimeout)) }),
                2 => inputs.push(Input { at: Micros::from_millis(at + 1), what: What::End(End::Reset) }),
                _ => inputs.push(eof(at + 10)),
            }
            inputs
        },
    )
}

fn keys(engine: &Engine) -> Vec<ChannelKey> {
    let mut keys: Vec<ChannelKey> = engine.reading.delta_ids().map(|delta| engine.reading.delta(delta).key).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn emitted(engine: &Engine, key: ChannelKey, moment: Moment) -> String {
    let output = &engine.judgement.output;
    let released = output.released_at(engine.reading.frame_count(), moment);
    let deltas = output.deltas(&engine.reading).filter(|delta| engine.reading.delta(*delta).key == key);
    let mut text = String::new();
    for delta in deltas {
        for segment in output.segments(&engine.reading, delta, released).iter().filter(|segment| segment.fate == Fate::Emitted) {
            text.push_str(&engine.reading.delta(delta).text[segment.range.start as usize..segment.range.end as usize]);
        }
    }
    text
}

/// A profile with every parameter somewhere in its range, often at an end of it.
fn any_profile() -> impl Strategy<Value = Profile> {
    let values = prop::collection::vec((0_u8..4, any::<u64>()), stutterscope::core::params::PARAMS.len());
    (values, 0_usize..6).prop_map(|(values, strategy)| {
        let mut profile = Profile { strategy: stutterscope::core::params::STRATEGIES[strategy].0, ..Profile::default() };
        for (info, (place, value)) in stutterscope::core::params::PARAMS.iter().zip(values) {
            let (low, high) = info.range;
            let value = match place {
                0 => low,
                1 => high,
                2 => low + value % 8,
                _ => low + value % (high - low + 1),
            };
            profile.params.set(info.param, value);
        }
        profile
    })
}

/// A session of several choices and channels, cut characters, retries, pauses and ends where none belong.
fn any_tangle() -> impl Strategy<Value = Vec<Input>> {
    let text = prop_oneof![4 => any_text(), 1 => Just("\\ud83d".to_string()), 1 => Just("\\ude0a".to_string())];
    let field = prop_oneof![3 => Just("content"), 1 => Just("reasoning_content"), 1 => Just("refusal")];
    (prop::collection::vec((0_u8..40, 0_u16..3, field, text, 0_u64..3_000), 0..40), any::<bool>()).prop_map(|(steps, clocked)| {
        let mut inputs = opening();
        if let What::Start(start) = &mut inputs[0].what {
            start.clocked = clocked;
        }
        let mut at = 5;
        let mut attempts = 1;
        for (step, choice, field, text, gap) in steps {
            at += gap;
            let what = match step {
                0 => What::End(End::Eof),
                1 => What::End(End::Reset),
                2 => What::Draw { purpose: "retry.jitter".into(), value: gap },
                3 => {
                    attempts += 1;
                    What::Attempt(Attempt { number: attempts - 1, endpoint: String::new(), model: String::new() })
                }
                4 => What::Head(Head { status: 200 + (gap % 300) as u16, headers: Vec::new() }),
                5 => What::Paused { us: gap * 900, cause: PauseCause::Suspended },
                6 => What::Bytes(finish().into_bytes()),
                7 => What::Bytes(Vec::new()),
                8 => What::Cancel,
                _ => {
                    let text = text.replace('"', "'").replace('\n', "\\n");
                    What::Bytes(
                        format!("data: {{\"choices\":[{{\"index\":{choice},\"delta\":{{\"{field}\":\"{text}\"}}}}]}}\n\n")
                            .into_bytes(),
                    )
                }
            };
            inputs.push(Input { at: if clocked { Micros::from_millis(at) } else { Micros::ZERO }, what });
        }
        inputs.push(Input { at: inputs.last().map_or(Micros::ZERO, |input| input.at), what: What::End(End::Eof) });
        inputs
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// Invariant 5: received = emitted + suppressed + restated + held, and at the end nothing is held.
    #[test]
    fn text_is_conserved(inputs in any_session()) {
        for (strategy, _, _) in stutterscope::core::params::STRATEGIES {
            let mut engine = Engine::new(Profile { strategy: *strategy, ..Profile::default() });
            for input in &inputs {
                engine.fold(input);
                for key in keys(&engine) {
                    let balance = engine.judgement.output.balance(&engine.reading, key);
                    prop_assert_eq!(balance.received, balance.emitted + balance.suppressed + balance.restated + balance.held);
                }
            }
            for key in keys(&engine) {
                prop_assert_eq!(engine.judgement.output.balance(&engine.reading, key).held, 0);
            }
        }
    }

    /// Invariant 5 and 6: every byte that was taken out has a proved finding that suppresses; without one all text comes out.
    #[test]
    fn nothing_is_taken_without_proof(inputs in any_session()) {
        let engine = judge(&inputs, Profile::default());
        for cut in &engine.judgement.output.cuts {
            let finding = engine.judgement.finding(cut.finding);
            prop_assert_eq!(finding.certainty, Certainty::Proved);
            prop_assert_eq!(finding.action, Action::Suppress);
        }
        if engine.judgement.output.cuts.is_empty() {
            for key in keys(&engine) {
                let all: String = engine.reading.delta_ids().map(|delta| engine.reading.delta(delta)).filter(|delta| delta.key == key).map(|delta| delta.text).collect();
                prop_assert_eq!(emitted(&engine, key, Moment::END), all);
            }
        }
    }

    /// Invariant 3: other reads of the same bytes at the same times change findings about reads only.
    #[test]
    fn chunking_does_not_matter(inputs in any_session(), cuts in prop::collection::vec(1_usize..40, 1..8)) {
        let mut pieces = Vec::new();
        let mut sizes = cuts.iter().cycle();
        for input in &inputs {
            let What::Bytes(bytes) = &input.what else { pieces.push(input.clone()); continue };
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at(rest.len().min(*sizes.next().expect("cycles")));
                pieces.push(Input { at: input.at, what: What::Bytes(piece.to_vec()) });
                rest = tail;
            }
        }
        prop_assert_eq!(said(&judge(&inputs, Profile::default())), said(&judge(&pieces, Profile::default())));
    }

    /// Invariant 4: folding with a clock that calls early and often is folding.
    #[test]
    fn replay_equals_live(inputs in any_session(), ticks in prop::collection::vec(1_u64..900, 1..8)) {
        let mut live = Engine::new(Profile::default());
        let mut now = 0;
        let mut tick = ticks.iter().cycle();
        for input in &inputs {
            while Micros::from_millis(now) < input.at {
                live.advance(Micros::from_millis(now));
                now += tick.next().expect("cycles");
            }
            live.fold(input);
        }
        let replay = judge(&inputs, Profile::default());
        prop_assert_eq!(said(&live), said(&replay));
        prop_assert_eq!(&live.judgement.scores, &replay.judgement.scores);
    }

    /// Invariant 8: what was passed on is never taken back, the first delta of a channel is never held, holds are bounded.
    #[test]
    fn streaming_stays_streaming(inputs in any_session()) {
        let mut engine = Engine::new(Profile::default());
        let mut before: Vec<(ChannelKey, String)> = Vec::new();
        let params = Profile::default().params;
        for input in &inputs {
            engine.fold(input);
            let now: Vec<(ChannelKey, String)> = keys(&engine).into_iter().map(|key| (key, emitted(&engine, key, Moment::END))).collect();
            for (key, text) in &before {
                let (_, later) = now.iter().find(|(other, _)| other == key).expect("channels do not go");
                prop_assert!(later.starts_with(text.as_str()), "{text:?} then {later:?}");
            }
            before = now;
        }
        for hold in &engine.judgement.output.holds {
            let released = hold.released.expect("nothing is held at the end");
            prop_assert!(released.at.since(hold.since.at) <= Micros::from_millis(params.get(Param::HoldTime)));
            prop_assert!(u64::from(hold.end - hold.first) <= 3 * params.get(Param::HoldDeltas) + 3);
            let first = engine.reading.deltas_of(stutterscope::core::reading::FrameId(hold.first)).map(DeltaId).next().expect("a hold begins with a delta");
            let key = engine.reading.delta(first).key;
            let earliest = engine.reading.delta_ids().find(|delta| engine.reading.delta(*delta).key == key);
            prop_assert!(earliest < Some(first), "the first delta of a channel was held");
        }
    }

    /// The output at a moment is what a session that ended there had passed on.
    #[test]
    fn the_past_is_what_it_was(inputs in any_session(), share in 0_usize..100) {
        let cut = inputs.len() * share / 100;
        let whole = judge(&inputs, Profile::default());
        let mut part = Engine::new(Profile::default());
        for input in &inputs[..cut] {
            part.fold(input);
        }
        let moment = Moment { frames: part.reading.frame_count(), at: part.reading.last_at() };
        for key in keys(&part) {
            prop_assert_eq!(emitted(&part, key, Moment::END), emitted(&whole, key, moment));
        }
        prop_assert_eq!(part.judgement.state(), whole.judgement.state_at(moment));
    }

    /// Invariant 2: whatever a server sends, in whatever dialect and under whatever strategy, nothing panics.
    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..400), dialect in 0_usize..4, judge in 0_usize..6) {
        let dialects = stutterscope::core::dialect::DIALECTS;
        let mut inputs = opening();
        if let What::Start(start) = &mut inputs[0].what {
            start.dialect = dialects.get(dialect).map(|dialect| dialect.id.to_string());
        }
        inputs.push(support::read(10, bytes));
        inputs.push(eof(20_000));
        let (strategy, _, _): (Judge, _, _) = stutterscope::core::params::STRATEGIES[judge];
        support::judge_by(&inputs, strategy);
    }

    /// All of it at once, whatever the thresholds: nothing panics, text is conserved, nothing is held at the end, and an early
    /// call of a deadline changes nothing.
    #[test]
    fn any_profile_keeps_the_invariants(inputs in any_tangle(), profile in any_profile()) {
        let whole = judge(&inputs, profile.clone());
        let mut live = Engine::new(profile);
        for input in &inputs {
            let due = live.judgement.next_deadline().filter(|due| *due < input.at && !matches!(input.what, What::Paused { .. }));
            due.into_iter().for_each(|due| live.advance(due));
            live.fold(input);
        }
        prop_assert_eq!(said(&live), said(&whole));
        for key in keys(&whole) {
            let balance = whole.judgement.output.balance(&whole.reading, key);
            prop_assert_eq!(balance.received, balance.emitted + balance.suppressed + balance.restated + balance.held);
            prop_assert_eq!(balance.held, 0);
        }
        for cut in &whole.judgement.output.cuts {
            prop_assert_eq!(whole.judgement.finding(cut.finding).action, Action::Suppress);
        }
        for (one, two) in whole.judgement.output.holds.iter().zip(whole.judgement.output.holds.iter().skip(1)) {
            prop_assert!(one.end <= two.first && one.released <= two.released && one.since <= two.since, "{one:?} {two:?}");
        }
    }
}
