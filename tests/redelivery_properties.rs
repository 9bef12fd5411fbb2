//! Properties of numbered frames: order and copies are mended, whatever they are; numbers that mean nothing change nothing.

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use stutterscope::core::{
    engine::Engine,
    input::{Input, What},
    params::{Param, Profile},
    reading::{Channel, ChannelKey},
    time::Micros,
};
use support::{columns, eof, judge, opening, read};

fn labelled(chunks: &[Value], gap_ms: u64) -> Vec<Input> {
    let mut inputs = opening();
    for input in &mut inputs {
        match &mut input.what {
            What::Start(start) => start.dialect = Some("labelled".into()),
            What::Head(head) => head.headers = vec![("content-type".into(), "application/x-ndjson".into())],
            _ => {}
        }
    }
    inputs.extend(chunks.iter().enumerate().map(|(at, chunk)| read(20 + gap_ms * at as u64, format!("{chunk}\n"))));
    inputs.push(eof(40 + gap_ms * chunks.len() as u64));
    inputs
}

fn text(engine: &Engine) -> String {
    engine.judgement.output.text(&engine.reading, 0, Channel::Text)
}

fn word(number: u64) -> String {
    format!("w{number} ")
}

fn numbered(numbers: &[u64]) -> Vec<Value> {
    numbers.iter().map(|number| json!({"seq": number, "text": word(*number)})).collect()
}

/// The numbers from `start` on, shuffled within windows of `window`, after some in their order.
fn shuffled() -> impl Strategy<Value = (u64, Vec<u64>)> {
    (0_u64..50, prop::collection::vec(prop::collection::vec(any::<u32>(), 1..16), 1..6)).prop_map(|(start, windows)| {
        let mut numbers: Vec<u64> = (start..start + 9).collect();
        for keys in windows {
            let from = start + numbers.len() as u64;
            let mut window: Vec<_> = keys.iter().zip(from..).collect();
            window.sort();
            numbers.extend(window.into_iter().map(|(_, number)| number));
        }
        (start, numbers)
    })
}

/// Identities that identify nothing, by chunk.
fn meaningless() -> impl Strategy<Value = Vec<(Value, String)>> {
    // Two ids in turn over three chunks are one excursion and back: what a leak looks like.
    let texts = prop::collection::vec("[ab]{1,3} ", 4..40);
    (texts, 0_u8..10, any::<u64>()).prop_map(|(texts, kind, seed)| {
        let identity = |index: u64| {
            let noise = (seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            match kind {
                0 => json!({"seq": 0}),
                1 => json!({"seq": seed >> 20}),
                2 => json!({"seq": noise >> 16}),
                3 => json!({"seq": 1_700_000_000 + index / 3}),
                4 => json!({"seq": 1_000 - index}),
                5 => json!({"seq": 2 * index}),
                6 => json!({"seq": 10 * index + noise % 7}),
                7 => json!({"id": format!("c{noise}")}),
                8 => json!({"id": if index.is_multiple_of(2) { "a" } else { "b" }}),
                _ => json!({"src_us": noise >> 20}),
            }
        };
        // Each text once, so that nothing but the identity could accuse it.
        texts.into_iter().enumerate().map(|(index, text)| (identity(index as u64), format!("{index}{text}"))).collect()
    })
}

fn chunks(identities: &[(Value, String)]) -> Vec<Value> {
    let chunk = |(identity, text): &(Value, String)| {
        let mut chunk = identity.clone();
        chunk["text"] = json!(text);
        chunk
    };
    identities.iter().map(chunk).collect()
}

/// Anything at all: numbers, ids, boundaries and texts that begin alike.
fn anything() -> impl Strategy<Value = Vec<Value>> {
    let chunk = (0_u8..16, 0_u64..8, 0_u8..3, prop_oneof![Just("ha"), Just("haha"), Just("Hello world, "), Just("x")]).prop_map(
        |(kind, number, id, text)| match kind {
            0 => json!({"event": "reconnect"}),
            1 => json!({"event": "error"}),
            2 => json!({"event": "continuation"}),
            3 => json!({"event": "server_restart"}),
            4 => json!({"event": "message_start"}),
            5 => json!({"event": "ping"}),
            6 => json!({"finish": "stop", "seq": number}),
            7 => json!({"id": id.to_string(), "text": text}),
            8 => json!({"src_us": number, "text": text}),
            9 => json!({"gen": id, "seq": number, "text": text}),
            10 => json!({"ch": "reasoning", "seq": number, "text": text}),
            11 => json!({"text": text}),
            _ => json!({"seq": number, "text": text}),
        },
    );
    prop::collection::vec(chunk, 0..48)
}

fn keys(engine: &Engine) -> Vec<ChannelKey> {
    let mut keys: Vec<ChannelKey> = engine.reading.delta_ids().map(|delta| engine.reading.delta(delta).key).collect();
    keys.sort();
    keys.dedup();
    keys
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn shuffled_frames_come_out_in_order((start, numbers) in shuffled()) {
        let engine = judge(&labelled(&numbered(&numbers), 5), Profile::default());
        let expected: String = (start..start + numbers.len() as u64).map(word).collect();
        prop_assert_eq!(text(&engine), expected, "{:?}", numbers);
    }

    #[test]
    fn copies_come_out_once((start, numbers) in shuffled(), copies in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..9), 1..5)) {
        let mut all = numbers.clone();
        for (place, count) in copies {
            // A run that was delivered is delivered again.
            let end = place.index(all.len()) + 1;
            let run = all[end.saturating_sub(count)..end].to_vec();
            all.splice(end..end, run);
        }
        let engine = judge(&labelled(&numbered(&all), 2), Profile::default());
        let seen_first = all.iter().take(3).collect::<std::collections::BTreeSet<_>>().len() == 3;
        prop_assume!(seen_first);
        let expected: String = (start..start + numbers.len() as u64).map(word).collect();
        prop_assert_eq!(text(&engine), expected, "{:?}", all);
    }

    #[test]
    fn numbers_that_mean_nothing_change_nothing(identities in meaningless()) {
        let engine = judge(&labelled(&chunks(&identities), 5), Profile::default());
        let all: String = identities.iter().map(|(_, text)| text.as_str()).collect();
        prop_assert_eq!(text(&engine), all, "{:?}", identities);
        let held: u32 = engine.judgement.output.holds.iter().map(|hold| hold.end - hold.first).sum();
        prop_assert!(held <= 3, "{held} frames were held: {:?}", engine.judgement.output.holds);
    }

    /// Conservation, split invariance, replay equals live, bounded holds, append-only output: whatever comes.
    #[test]
    fn the_invariants_hold(chunks in anything(), gap in 0_u64..700, cuts in prop::collection::vec(1_usize..50, 1..6), params in prop::collection::vec((0_usize..8, 0_u64..40), 0..3)) {
        let mut profile = Profile::default();
        for (index, value) in params {
            let tuned = [Param::HoldTime, Param::HoldChars, Param::HoldDeltas, Param::StampMinFrames, Param::RestartMinChars, Param::StitchMinChars];
            if let Some(param) = tuned.get(index) {
                profile.params.set(*param, value * if *param == Param::HoldTime { 50 } else { 1 });
            }
        }
        let inputs = labelled(&chunks, gap);
        let mut live = Engine::new(profile.clone());
        let mut before = Vec::<(ChannelKey, String)>::new();
        for input in &inputs {
            for due in std::iter::from_fn(|| live.judgement.next_deadline().filter(|due| *due < input.at)).take(1).collect::<Vec<_>>() {
                live.advance(due);
            }
            live.fold(input);
            let now: Vec<(ChannelKey, String)> = keys(&live).into_iter().map(|key| (key, emitted(&live, key))).collect();
            for (key, text) in &before {
                let later = now.iter().find(|(other, _)| other == key).map(|(_, later)| later.as_str()).unwrap_or_default();
                prop_assert!(later.starts_with(text.as_str()), "{text:?} then {later:?}");
            }
            before = now;
        }
        let whole = judge(&inputs, profile.clone());
        prop_assert_eq!(columns::said(&live), columns::said(&whole));
        let mut sizes = cuts.iter().cycle();
        let mut pieces = Vec::new();
        for input in &inputs {
            let What::Bytes(bytes) = &input.what else { pieces.push(input.clone()); continue };
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at(rest.len().min(*sizes.next().expect("cycles")));
                pieces.push(Input { at: input.at, what: What::Bytes(piece.to_vec()) });
                rest = tail;
            }
        }
        let split = judge(&pieces, profile.clone());
        prop_assert_eq!(&split.judgement.output, &whole.judgement.output);
        prop_assert_eq!(split.judgement.findings.len(), whole.judgement.findings.len());
        for key in keys(&whole) {
            let balance = whole.judgement.output.balance(&whole.reading, key);
            prop_assert_eq!(balance.received, balance.emitted + balance.suppressed + balance.restated);
        }
        let mut frames: Vec<u32> = whole.judgement.output.frames(0..whole.reading.frame_count()).map(|frame| frame.0).collect();
        for (position, frame) in frames.iter().enumerate() {
            let frame = stutterscope::core::reading::FrameId(*frame);
            prop_assert_eq!(whole.judgement.output.position(frame), position as u32);
        }
        frames.sort_unstable();
        prop_assert_eq!(frames, (0..whole.reading.frame_count()).collect::<Vec<_>>());
        let holds = &whole.judgement.output.holds;
        for hold in holds {
            let released = hold.released.expect("nothing is held at the end");
            let limit = Micros::from_millis(profile.params.get(Param::HoldTime));
            prop_assert!(released.at.since(hold.since.at) <= limit, "{hold:?}");
        }
        for (one, two) in holds.iter().zip(holds.iter().skip(1)) {
            prop_assert!(one.end <= two.first && one.released <= two.released && one.since <= two.since, "{one:?} {two:?}");
        }
    }
}

/// What has come out of a channel so far.
fn emitted(engine: &Engine, key: ChannelKey) -> String {
    use stutterscope::core::output::Fate;
    let output = &engine.judgement.output;
    let mut text = String::new();
    for delta in output.deltas(&engine.reading).filter(|delta| engine.reading.delta(*delta).key == key) {
        for segment in output.segments(&engine.reading, delta, output.released) {
            if segment.fate == Fate::Emitted {
                text.push_str(&engine.reading.delta(delta).text[segment.range.start as usize..segment.range.end as usize]);
            }
        }
    }
    text
}
