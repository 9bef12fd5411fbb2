//! Identity, order, attempts and continuations: what is delivered again, out of its place, or not at all. Tables of chunks in, text and
//! findings out.

mod support;

use rstest::rstest;
use serde_json::{Value, json};
use stutterscope::core::{
    class::{Action, Certainty},
    engine::Engine,
    input::{Attempt, End, Input, What},
    judgement::Finding,
    machine::State,
    params::Profile,
    profile::Preset,
    reading::{Channel, FrameId},
    time::Micros,
};
use support::{eof, judge, opening, read};

/// A session of labelled chunks, one read each, 20 ms apart.
fn labelled(chunks: &[Value]) -> Vec<Input> {
    let mut inputs = opening();
    for input in &mut inputs {
        match &mut input.what {
            What::Start(start) => start.dialect = Some("labelled".into()),
            What::Head(head) => head.headers = vec![("content-type".into(), "application/x-ndjson".into())],
            _ => {}
        }
    }
    inputs.extend(chunks.iter().enumerate().map(|(index, chunk)| read(20 + 20 * index as u64, format!("{chunk}\n"))));
    inputs.push(eof(40 + 20 * chunks.len() as u64));
    inputs
}

fn run(chunks: &Value) -> Engine {
    judge(&labelled(chunks.as_array().expect("a list of chunks")), Profile::default())
}

fn text(engine: &Engine, channel: Channel) -> String {
    engine.judgement.output.text(&engine.reading, 0, channel)
}

/// The findings in a few words: class, action, and whether it is proved.
fn words(engine: &Engine) -> Vec<String> {
    let certainty = |finding: &Finding| match finding.certainty {
        Certainty::Proved => "proved",
        Certainty::Likely => "likely",
        Certainty::Ambiguous => "ambiguous",
    };
    let action = |finding: &Finding| format!("{:?}", finding.action).to_lowercase();
    let word = |finding: &Finding| format!("{} {} {}", finding.class.name(), certainty(finding), action(finding));
    engine.judgement.findings.iter().map(word).collect()
}

fn check(chunks: Value, expected: &str, found: &[&str]) {
    let engine = run(&chunks);
    assert_eq!(text(&engine, Channel::Text), expected, "{chunks}");
    assert_eq!(words(&engine), found, "{chunks}\n{:#?}", engine.judgement.findings);
    // What only looks on changes nothing.
    let chunks = chunks.as_array().expect("a list of chunks");
    let observed = judge(&labelled(chunks), Profile::of(Preset::Observe));
    let all: String = chunks.iter().filter_map(|chunk| chunk["text"].as_str().or(chunk.as_str())).collect();
    assert_eq!(text(&observed, Channel::Text), all);
    assert_eq!(observed.judgement.output.holds, []);
}

/// Chunks with these numbers; each says its own number's letter.
fn numbered(numbers: &[u64]) -> Value {
    numbers.iter().map(|number| json!({"seq": number, "text": format!("{} ", letter(*number))})).collect()
}

fn letter(number: u64) -> char {
    char::from(b'A' + (number % 26) as u8)
}

fn letters(numbers: &[u64]) -> String {
    numbers.iter().map(|number| format!("{} ", letter(*number))).collect()
}

const REPLAYED: &str = "replay_by_seq proved suppress";
const MEANINGLESS: &str = "replay_by_seq ambiguous keep";
const REORDERED: &str = "out_of_order proved reorder";
const EARLY: &str = "out_of_order likely flag";
const BROKEN: &str = "provider_error proved flag";

#[rstest]
#[case::whole(&[1, 2, 3, 1, 2, 3, 4], &[1, 2, 3, 4], &[REPLAYED])]
#[case::twice(&[1, 2, 3, 1, 2, 3, 1, 2, 3, 4], &[1, 2, 3, 4], &[REPLAYED])]
#[case::partly(&[5, 6, 7, 8, 7, 8, 9], &[5, 6, 7, 8, 9], &[REPLAYED])]
#[case::each_one(&[1, 2, 3, 3, 4, 4, 5, 5], &[1, 2, 3, 4, 5], &[REPLAYED])]
#[case::too_few_to_tell(&[1, 1], &[1, 1], &["first_chunk_double ambiguous keep"])]
fn what_comes_again_with_its_number_is_dropped(#[case] numbers: &[u64], #[case] expected: &[u64], #[case] found: &[&str]) {
    let engine = run(&numbered(numbers));
    assert_eq!(text(&engine, Channel::Text), letters(expected));
    if found == [REPLAYED] {
        assert_eq!(words(&engine), found, "{:#?}", engine.judgement.findings);
    }
}

#[rstest]
#[case::one_before(json!([{"seq": 0, "text": "Goo"}, {"event": "reconnect"}, {"seq": 0, "text": "Goo"}, {"seq": 1, "text": "d day"}]), "Good day", &[REPLAYED])]
#[case::other_text(json!([{"seq": 0, "text": "Goo"}, {"event": "reconnect"}, {"seq": 0, "text": "d day"}]), "Good day", &[MEANINGLESS])]
#[case::from_where_it_was(json!([{"seq": 0, "text": "Goo"}, {"event": "reconnect"}, {"seq": 1, "text": "d day"}]), "Good day", &[])]
#[case::once_only(json!([{"seq": 0, "text": "ha"}, {"event": "reconnect"}, {"seq": 0, "text": "ha"}, {"seq": 0, "text": "ha"}, "!"]), "haha!", &[REPLAYED])]
#[case::another_numbering(json!([{"seq": 7, "text": "Go"}, {"seq": 8, "text": "od"}, {"event": "server_restart"}, {"seq": 1, "text": " d"}, {"seq": 2, "text": "ay"}]), "Good day", &[])]
#[case::another_generation(json!([{"gen": 4, "seq": 41, "text": "Good"}, {"gen": 5, "seq": 1, "text": " day"}, {"gen": 5, "seq": 2, "text": "!"}, {"gen": 5, "seq": 1, "text": " day"}]), "Good day!", &[REPLAYED])]
fn boundaries_say_what_numbers_mean(#[case] chunks: Value, #[case] expected: &str, #[case] found: &[&str]) {
    let engine = run(&chunks);
    assert_eq!(text(&engine, Channel::Text), expected, "{:#?}", engine.judgement.findings);
    assert_eq!(words(&engine), found, "{:#?}", engine.judgement.findings);
}

#[rstest]
#[case::one_early(&[0, 2, 1, 3], &[0, 1, 2, 3], &[REORDERED])]
#[case::one_late(&[0, 1, 2, 3, 5, 6, 7, 4, 8], &[0, 1, 2, 3, 4, 5, 6, 7, 8], &[REORDERED])]
#[case::interleaved_with_a_replay(&[1, 4, 2, 3, 4, 5], &[1, 2, 3, 4, 5], &[REORDERED, REPLAYED])]
#[case::last_two(&[3, 4, 5, 7, 6], &[3, 4, 5, 6, 7], &[REORDERED])]
#[case::two_gaps(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 10, 12, 14], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], &[REORDERED])]
#[case::one_missing(&[0, 1, 2, 4, 5, 6], &[0, 1, 2, 4, 5, 6], &[EARLY, "sequence_gap proved flag"])]
#[case::one_missing_of_few(&[0, 1, 3, 4], &[0, 1, 3, 4], &[EARLY, "sequence_gap likely flag"])]
#[case::steps_of_two(&[0, 2, 4, 6, 8, 10], &[0, 2, 4, 6, 8, 10], &[])]
#[case::steps_of_ten(&[10, 20, 30, 40], &[10, 20, 30, 40], &[])]
#[case::filled_by_chance(&[3, 5, 4, 9, 8, 12], &[3, 5, 4, 9, 8, 12], &[MEANINGLESS])]
#[case::falling(&[9, 8, 7], &[9, 8, 7], &[MEANINGLESS])]
fn numbers_put_frames_in_order(#[case] numbers: &[u64], #[case] expected: &[u64], #[case] found: &[&str]) {
    check(numbered(numbers), &letters(expected), found);
}

/// A gap that stays open is one finding that counts what is missing; a number that comes too late is another.
#[test]
fn gaps_are_counted() {
    let mut numbers: Vec<u64> = vec![0, 1, 2, 3, 7];
    numbers.extend(8..80);
    numbers.extend([5, 80, 90, 91, 92]);
    let engine = run(&numbered(&numbers));
    assert_eq!(text(&engine, Channel::Text), letters(&numbers));
    let findings: Vec<_> = engine.judgement.findings.iter().map(|finding| (finding.class.name(), finding.count)).collect();
    let expected = [("out_of_order", 1), ("sequence_gap", 3), ("out_of_order", 1), ("out_of_order", 1), ("sequence_gap", 9)];
    assert_eq!(findings, expected, "{:#?}", engine.judgement.findings);
    let hold = &engine.judgement.output.holds[0];
    assert!(hold.end - hold.first <= 66, "{hold:?}");
    assert!(engine.judgement.transitions.iter().any(|transition| transition.to == State::Recovering));
}

/// A path that is always two frames late keeps a gap open for the whole stream; each frame waits no longer than it must.
#[test]
fn a_late_path_is_put_in_order_all_along() {
    let mut numbers: Vec<u64> = (0..3_000).collect();
    numbers.sort_by_key(|number| if *number > 12 && number % 2 == 1 { number * 2 + 7 } else { number * 2 });
    let engine = run(&numbered(&numbers));
    assert_eq!(text(&engine, Channel::Text), letters(&(0..3_000).collect::<Vec<_>>()));
    let found = words(&engine);
    assert_eq!(found.iter().filter(|found| *found == REORDERED).count(), 1);
    assert!(found.iter().all(|found| !found.starts_with("sequence_gap")));
    assert_eq!(engine.judgement.output.reorders.len(), 1);
    let longest = engine.judgement.output.holds.iter().filter_map(|hold| Some(hold.released?.at.since(hold.since.at))).max();
    assert!(longest <= Some(Micros::from_millis(100)), "{longest:?}");
}

#[test]
fn a_frame_that_waits_makes_the_session_stutter() {
    let mut engine = Engine::new(Profile::default());
    let inputs = labelled(numbered(&[0, 1, 2, 4, 3, 5]).as_array().expect("chunks"));
    let states = inputs.iter().map(|input| {
        engine.fold(input);
        (engine.judgement.output.released, engine.judgement.state())
    });
    let states: Vec<_> = states.skip(3).collect();
    use State::{NormalFlow as Flow, Stuttering as Stutter, Terminating as End};
    assert_eq!(states, [(1, Flow), (2, Flow), (3, Flow), (3, Stutter), (5, Flow), (6, Flow), (6, End)]);
    let frames: Vec<u32> = engine.judgement.output.frames(0..6).map(|frame| frame.0).collect();
    assert_eq!(frames, [0, 1, 2, 4, 3, 5]);
    assert_eq!(engine.judgement.output.position(FrameId(3)), 4);
}

/// Finish, usage and calls wait behind held text.
#[test]
fn nothing_overtakes_what_waits() {
    let chunks = json!([
        {"seq": 0, "text": "A"}, {"seq": 1, "text": "B"}, {"seq": 2, "text": "C"}, {"seq": 4, "text": "E"},
        {"ch": "tool_args", "tool_id": "t", "name": "f", "text": "{}"}, {"seq": 3, "text": "D"}, {"seq": 5, "finish": "stop"},
    ]);
    let engine = run(&chunks);
    assert_eq!(text(&engine, Channel::Text), "ABCDE");
    let frames: Vec<u32> = engine.judgement.output.frames(0..7).map(|frame| frame.0).collect();
    assert_eq!(frames, [0, 1, 2, 5, 3, 4, 6]);
    assert_eq!(words(&engine), [REORDERED]);
}

#[rstest]
#[case::fell(json!([{"src_us": 835_633, "text": " can"}, {"src_us": 834_956, "text": "How"}]), &[EARLY])]
#[case::rises(json!([{"src_us": 5, "text": "How"}, {"src_us": 9, "text": " can"}, {"src_us": 9, "text": " I"}]), &[MEANINGLESS])]
#[case::no_times(json!([{"src_us": 9, "text": "a"}, {"src_us": 2, "text": "b"}, {"src_us": 8, "text": "c"}, {"src_us": 3, "text": "d"}]), &[EARLY, MEANINGLESS])]
fn times_at_the_source_tell_the_order(#[case] chunks: Value, #[case] found: &[&str]) {
    let engine = run(&chunks);
    let all: String = chunks.as_array().expect("chunks").iter().filter_map(|chunk| chunk["text"].as_str()).collect();
    assert_eq!(text(&engine, Channel::Text), all);
    assert_eq!(words(&engine), found, "{:#?}", engine.judgement.findings);
    assert!(engine.judgement.findings.iter().all(|finding| !finding.repaired));
}

/// Chunks under these ids, one letter each; each says its own word.
fn under(ids: &str) -> Value {
    ids.chars().enumerate().map(|(index, id)| json!({"id": id.to_string(), "text": format!("w{index} ")})).collect()
}

const LEAKED: &str = "cross_stream_leak proved suppress";

#[rstest]
#[case::once("aba", "02", &[LEAKED])]
#[case::two_in_a_row("aabbaaaaa", "0145678", &[LEAKED])]
#[case::twice("aaabaaaabaaaa", "012456791011", &[LEAKED, LEAKED])]
#[case::stays("aabbbbbbbb", "0123456789", &[])]
#[case::stays_at_the_end("aab", "012", &[])]
#[case::fresh("abcdefgh", "01234567", &[])]
#[case::in_turn("abababab", "01234567", &[])]
#[case::two_by_two("aabbaabbaabb", "01234567891011", &[])]
fn text_under_another_id(#[case] ids: &str, #[case] expected: &str, #[case] found: &[&str]) {
    let engine = run(&under(ids));
    let kept: String = text(&engine, Channel::Text).chars().filter(char::is_ascii_digit).collect();
    let expected = if ids == "aaabaaaabaaaa" { "0124567910".to_owned() + "1112" } else { expected.to_owned() };
    assert_eq!(kept, expected, "{:#?}", engine.judgement.findings);
    assert_eq!(words(&engine), found, "{:#?}", engine.judgement.findings);
}

/// After a finish another id is another completion.
#[test]
fn another_completion_may_follow() {
    let chunks = json!([
        {"id": "a", "text": "one"}, {"id": "a", "finish": "stop"}, {"id": "b", "text": "two"}, {"id": "b", "finish": "stop"},
        {"id": "a", "text": "three"},
    ]);
    let engine = run(&chunks);
    assert_eq!(text(&engine, Channel::Text), "onetwothree");
    assert_eq!(engine.judgement.output.holds, []);
}

const RESTARTED: &str = "retry_restart proved suppress";
const REWORDED: &str = "retry_restart likely flag";

#[rstest]
#[case::to_its_end(json!(["Good ", "morning", {"event": "error"}, "Good ", "morning", ", all"]), "Good morning, all", &[BROKEN, RESTARTED])]
#[case::past_its_end(json!(["Good ", "mor", {"event": "error"}, "Good morning, all"]), "Good morning, all", &[BROKEN, RESTARTED])]
#[case::other_pieces(json!(["Good mor", "ning", {"event": "error"}, "Go", "od m", "orning,", " all"]), "Good morning, all", &[BROKEN, RESTARTED])]
#[case::twice(json!(["Good ", {"event": "error"}, "Good ", "mor", {"event": "error"}, "Good ", "morning"]), "Good morning", &[BROKEN, RESTARTED, BROKEN])]
#[case::reworded(json!(["Good mor", {"event": "error"}, "A good day", " to all"]), "Good morA good day to all", &[BROKEN, REWORDED])]
#[case::reworded_later(json!(["Good mor", {"event": "error"}, "Good ", "day"]), "Good morGood day", &[BROKEN, REWORDED])]
#[case::under_another_id(json!([{"id": "a", "text": "Good "}, {"id": "a", "text": "mor"}, {"id": "b", "text": "Good "}, {"id": "b", "text": "morning"}]), "Good morning", &[RESTARTED])]
#[case::under_another_id_in_one(json!([{"id": "a", "text": "Good mor"}, {"id": "b", "text": "Good morning"}, {"id": "b", "finish": "stop"}]), "Good morning", &[RESTARTED])]
#[case::under_another_id_reworded(json!([{"id": "a", "text": "Good mor"}, {"id": "b", "text": "A good "}, {"id": "b", "text": "day"}]), "Good morA good day", &[])]
#[case::no_boundary(json!(["Good ", "mor", "Good ", "day"]), "Good morGood day", &[])]
#[case::short_under_fresh_ids(json!([{"id": "a", "text": "ha"}, {"id": "b", "text": "ha"}, {"id": "c", "text": "ha"}, {"id": "d", "text": "!"}]), "hahaha!", &[])]
fn a_retry_starts_again(#[case] chunks: Value, #[case] expected: &str, #[case] found: &[&str]) {
    check(chunks, expected, found);
}

#[test]
fn arguments_of_a_retried_call_are_the_retry_s() {
    let args = |text: &str| json!({"ch": "tool_args", "text": text});
    for (chunks, expected, found) in [
        (
            json!([args("{\"path\":\"a.t"), {"event": "error"}, args("{\"path\":\"a.txt\"}")]),
            "{\"path\":\"a.txt\"}",
            [BROKEN, RESTARTED],
        ),
        (
            json!([args("{\"path\":\"a.t"), {"event": "error"}, args("{\"file\":"), args("\"b\"}")]),
            "{\"path\":\"a.t{\"file\":\"b\"}",
            [BROKEN, REWORDED],
        ),
    ] {
        let engine = run(&chunks);
        assert_eq!(text(&engine, Channel::ToolArguments), expected);
        assert_eq!(words(&engine), found);
    }
}

/// A long repetition is taken out as it comes, before its end is reached.
#[test]
fn a_long_retry_is_not_held() {
    let words: Vec<String> = (0..200).map(|word| format!("word{word} ")).collect();
    let mut chunks: Vec<Value> = words.iter().map(|word| json!(word)).collect();
    chunks.push(json!({"event": "error"}));
    chunks.extend(words.iter().map(|word| json!(word)));
    chunks.push(json!("and more"));
    let engine = run(&json!(chunks));
    assert_eq!(text(&engine, Channel::Text), words.concat() + "and more");
    let longest = engine.judgement.output.holds.iter().map(|hold| hold.end - hold.first).max();
    assert!(longest <= Some(8), "{longest:?}");
}

/// A message that begins anew after an error, with blocks of its own, takes the place of the one that failed.
#[test]
fn another_message_starts_again() {
    let event = |name: &str, rest: &str| format!("event: {name}\ndata: {{\"type\":\"{name}\",{rest}}}\n\n");
    let start = |id: &str| {
        let message = format!("\"message\":{{\"id\":\"{id}\",\"role\":\"assistant\",\"content\":[]}}");
        let block = "\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}";
        [event("message_start", &message), event("content_block_start", block)].concat()
    };
    let delta = |text: &str| {
        event("content_block_delta", &format!("\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}"))
    };
    let error = event("error", "\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}");
    let stop = event("message_delta", "\"delta\":{\"stop_reason\":\"end_turn\"}") + &event("message_stop", "\"x\":0");
    let run = |between: &str| {
        let first = [start("m1"), delta("Good "), delta("mor"), between.to_owned()];
        let second = [start("m2"), delta("Good "), delta("morning"), stop.clone()];
        let mut inputs = opening();
        if let What::Start(start) = &mut inputs[0].what {
            start.dialect = Some("anthropic".into());
        }
        inputs.extend(first.iter().chain(&second).enumerate().map(|(at, frame)| read(10 + 10 * at as u64, frame.clone())));
        inputs.push(eof(100));
        text(&judge(&inputs, Profile::default()), Channel::Text)
    };
    assert_eq!(run(&error), "Good morning");
    // A turn that was finished is not tried again.
    assert_eq!(run(&stop), "Good morGood morning");
}

/// An attempt after one that failed, in the frames of a real wire.
#[test]
fn another_attempt_starts_again() {
    let attempt = |number| Attempt { number, endpoint: "http://test".into(), model: "test".into() };
    let mut inputs = opening();
    let mut at = 10;
    for (number, deltas) in [(0, &["Good ", "mor"][..]), (1, &["Good ", "morn", "ing"])] {
        if number > 0 {
            inputs.push(Input { at: Micros::from_millis(at), what: What::Draw { purpose: "retry.jitter".into(), value: 1 } });
            inputs.push(Input { at: Micros::from_millis(at), what: What::End(End::Reset) });
            inputs.push(Input { at: Micros::from_millis(at), what: What::Attempt(attempt(number)) });
        }
        for delta in deltas {
            inputs.push(read(at, support::frame("content", delta)));
            at += 10;
        }
    }
    inputs.extend([read(at, support::finish()), eof(at)]);
    let engine = judge(&inputs, Profile::default());
    assert_eq!(text(&engine, Channel::Text), "Good morning");
    assert!(words(&engine).contains(&RESTARTED.to_owned()), "{:#?}", engine.judgement.findings);
}

const STITCHED: &str = "overlap_stitch proved suppress";
const UNSTITCHED: &str = "overlap_stitch ambiguous keep";

#[rstest]
#[case::in_one(&["The train leaves at nine: first we"], &["at nine: first we eat."], "The train leaves at nine: first we eat.", &[STITCHED])]
#[case::in_pieces(&["The train leaves ", "at nine: first we"], &["at ni", "ne: fir", "st we e", "at."], "The train leaves at nine: first we eat.", &[STITCHED])]
#[case::all_of_it(&["The train leaves"], &["The train", " leaves at nine."], "The train leaves at nine.", &[STITCHED])]
#[case::to_its_end(&["The train leaves at nine"], &["at nine"], "The train leaves at nineat nine", &[UNSTITCHED])]
#[case::ends_in_it(&["The train leaves at nine"], &["leaves at nine"], "The train leaves at nine", &[STITCHED])]
#[case::too_little(&["The train leaves at n"], &["n", "ine."], "The train leaves at nnine.", &[UNSTITCHED])]
#[case::nothing(&["The train leaves at n"], &["ine."], "The train leaves at nine.", &[UNSTITCHED])]
#[case::anew(&["The train leaves at n"], &["Sure! Here is when the train leaves."], "The train leaves at nSure! Here is when the train leaves.", &[UNSTITCHED])]
fn a_continuation_repeats_the_end(#[case] before: &[&str], #[case] after: &[&str], #[case] expected: &str, #[case] found: &[&str]) {
    let chunks = |boundary: &[Value]| -> Value {
        let text = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect::<Vec<_>>();
        [text(before), boundary.to_vec(), text(after)].concat().into()
    };
    check(chunks(&[json!({"event": "truncated"}), json!({"event": "continuation"})]), expected, found);
    // Never where none was announced.
    let plain = run(&chunks(&[]));
    assert_eq!(text(&plain, Channel::Text), [before.concat(), after.concat()].concat());
}

/// SSE event ids are numbers, too, whatever the events are.
#[test]
fn event_ids_identify() {
    let mut inputs = opening();
    for (at, (id, delta)) in [(1, "Good"), (2, " mor"), (3, "ning"), (2, " mor"), (3, "ning"), (4, "!")].iter().enumerate() {
        inputs.push(read(10 + at as u64, format!("id: {id}\n{}", support::frame("content", delta))));
    }
    inputs.extend([read(90, support::finish()), eof(91)]);
    let engine = judge(&inputs, Profile::default());
    assert_eq!(text(&engine, Channel::Text), "Good morning!");
    assert_eq!(words(&engine), [REPLAYED]);
}

/// A response that is sent again from its start, under its id, is no new turn.
#[test]
fn a_response_sent_again_is_dropped() {
    let event = |number: u64, rest: &str| format!("data: {{{rest},\"sequence_number\":{number}}}\n\n");
    let created = |number, id: &str| event(number, &format!("\"type\":\"response.created\",\"response\":{{\"id\":\"{id}\"}}"));
    let delta = |number, text: &str| {
        let place = "\"item_id\":\"i\",\"output_index\":0,\"content_index\":0";
        event(number, &format!("\"type\":\"response.output_text.delta\",{place},\"delta\":\"{text}\""))
    };
    let run = |second: &str| {
        let frames = [
            created(0, "r1"),
            delta(1, "Good"),
            delta(2, " day"),
            created(0, second),
            delta(1, "Good"),
            delta(2, " day"),
            delta(3, "!"),
        ];
        let mut inputs = opening();
        if let What::Start(start) = &mut inputs[0].what {
            start.dialect = Some("openai-responses".into());
        }
        inputs.extend(frames.iter().enumerate().map(|(at, frame)| read(10 + at as u64, frame.clone())));
        inputs.push(eof(90));
        text(&judge(&inputs, Profile::default()), Channel::Text)
    };
    assert_eq!(run("r1"), "Good day!");
    assert_eq!(run("r2"), "Good dayGood day!");
}

/// Every finding that takes out or moves text says so.
#[test]
fn actions_are_told() {
    let engine = run(&numbered(&[0, 2, 1, 3, 1]));
    let actions: Vec<_> = engine.judgement.findings.iter().map(|finding| (finding.action, finding.repaired)).collect();
    assert_eq!(actions, [(Action::Reorder, true), (Action::Suppress, true)]);
}

/// What waits to know whose text it is waits no longer than the stream, whatever ends the completion.
#[test]
fn nothing_is_held_beyond_the_end() {
    let chunks = [
        json!({"id": "a", "text": "one "}),
        json!({"text": "two "}),
        json!({"id": "b", "text": "three "}),
        json!({"id": "c"}),
        json!({"id": "a", "finish": "stop"}),
        json!({"event": "error"}),
    ];
    for number in 0..chunks.len().pow(5) {
        let digits = (0..5).map(|place| number / chunks.len().pow(place) % chunks.len());
        let stream: Vec<Value> = digits.map(|digit| chunks[digit].clone()).collect();
        let output = judge(&labelled(&stream), Profile::default()).judgement.output;
        assert_eq!(output.released, 5, "{stream:?}");
        assert!(output.holds.iter().all(|hold| hold.released.is_some()), "{stream:?}");
    }
}
