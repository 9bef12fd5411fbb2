//! Repair: what is clean comes out byte for byte; what stutters comes out as the judge reads it, in the same wire format.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{collections::BTreeMap, fs, path::Path as FilePath};

use stutterscope::{
    cli::repair::{
        last_attempt,
        path::{Judge, Path},
    },
    core::{
        class::{Certainty, Class, Family},
        engine::Engine,
        input::{End, Input, Start, What},
        judgement::FindingId,
        output::Cut,
        params::Profile,
        reading::ChannelKey,
        repair::Repair,
        time::{Micros, Moment},
    },
    generate, session,
};

fn folder(name: &str) -> Vec<(String, std::path::PathBuf)> {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path)).collect();
    files.sort();
    files
}

/// Recorded bodies by file name.
fn bodies() -> BTreeMap<String, Vec<u8>> {
    let wire = |name: &str| {
        [".sse", ".ndjson", ".json", ".eventstream"].iter().any(|ending| name.ends_with(ending)) && name != "sse-conformance.json"
    };
    folder("tests/fixtures/wire")
        .into_iter()
        .filter(|(name, _)| wire(name))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

/// The inputs of each recording, from its last attempt on.
fn recordings() -> Vec<(String, Vec<Input>)> {
    let files = folder("sessions").into_iter().filter(|(name, _)| name.ends_with(".session"));
    files.map(|(name, path)| (name, last_attempt(session::load(&path).unwrap().inputs))).collect()
}

/// The inputs of a capture whose reads are these.
fn inputs<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Vec<Input> {
    let start = Start { ..Start::default() };
    let input = |what| Input { at: Micros::ZERO, what };
    let mut inputs = vec![input(What::Start(Box::new(start)))];
    inputs.extend(reads.into_iter().map(|read| input(What::Bytes(read.to_vec()))));
    inputs.push(input(What::End(End::Eof)));
    inputs
}

/// The repaired bytes, and the path with what was judged.
fn repair(inputs: &[Input]) -> (Vec<u8>, Path<Engine>) {
    let mut path = Path::new(Engine::new(Profile::default()));
    let bytes = inputs.iter().flat_map(|input| path.input(input)).collect();
    (bytes, path)
}

fn judged(inputs: &[Input]) -> Engine {
    support::judge(inputs, Profile::default())
}

fn received(inputs: &[Input]) -> Vec<u8> {
    let read = |input: &Input| if let What::Bytes(bytes) = &input.what { bytes.clone() } else { Vec::new() };
    inputs.iter().flat_map(read).collect()
}

/// All that comes out, by channel; typed snapshots are no part of it.
fn texts(engine: &Engine) -> BTreeMap<ChannelKey, String> {
    let mut texts = BTreeMap::<ChannelKey, String>::new();
    for delta in engine.judgement.output.deltas(&engine.reading) {
        let row = engine.reading.delta(delta);
        for segment in engine.judgement.output.segments(&engine.reading, delta, engine.judgement.output.released) {
            if segment.fate == stutterscope::core::output::Fate::Emitted {
                let text = &row.text[segment.range.start as usize..segment.range.end as usize];
                texts.entry(row.key).or_default().push_str(text);
            }
        }
    }
    texts
}

fn repairs(engine: &Engine) -> Vec<Class> {
    let proved = engine.judgement.findings.iter().filter(|finding| {
        matches!(finding.class.info().family, Family::Framing | Family::Redelivery) && finding.certainty == Certainty::Proved
    });
    proved.map(|finding| finding.class).collect()
}

/// What must hold of any body: clean ones pass as they are; others read as the judge had it, and need no second repair.
fn check(name: &str, inputs: &[Input]) -> Vec<u8> {
    let engine = judged(inputs);
    let (bytes, path) = repair(inputs);
    assert_eq!(path.opened(), None, "{name}");
    let output = &engine.judgement.output;
    if output.cuts.is_empty() && output.reorders.is_empty() {
        assert!(bytes == received(inputs), "{name}: a clean stream was changed");
        return bytes;
    }
    assert_ne!(bytes, received(inputs), "{name}");
    let mut again: Vec<Input> = inputs.iter().filter(|input| !matches!(input.what, What::Bytes(_))).cloned().collect();
    let end = again.iter().position(|input| matches!(input.what, What::End(_))).unwrap();
    again.insert(end, Input { at: again[end].at, what: What::Bytes(bytes.clone()) });
    let second = judged(&again);
    assert_eq!(texts(&second), texts(&engine), "{name}");
    let (twice, _) = repair(&again);
    assert!(twice == bytes, "{name}: repairing again changes {:?} to {:?}", text(&bytes), text(&twice));
    assert_eq!(repairs(&second), [], "{name}: {}", text(&bytes));
    bytes
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_recorded_body_comes_out_as_it_should() {
    for (name, body) in bodies() {
        let whole = check(&name, &inputs([body.as_slice()]));
        for size in [1, 7, 61, 997] {
            let (pieces, _) = repair(&inputs(body.chunks(size)));
            assert!(pieces == whole, "{name} in pieces of {size}");
        }
    }
}

#[test]
fn every_recording_comes_out_as_it_should() {
    let changed = recordings().iter().filter(|(name, inputs)| check(name, inputs) != received(inputs)).count();
    assert!(changed >= 6, "{changed}");
}

/// What one delta keeps of its text.
type Keep = fn(usize, &str) -> std::ops::Range<usize>;

/// Takes out of every delta of `body` what `keep` does not name, and reads the result again.
fn cut(name: &str, body: &[u8], keep: Keep) {
    let mut engine = judged(&inputs([body]));
    engine.judgement.repair_stopped(&engine.reading, "a finding to blame");
    let (finding, moment) = (FindingId(engine.judgement.findings.len() as u32 - 1), Moment::END);
    engine.judgement.output.cuts.clear();
    let mut expected = BTreeMap::<ChannelKey, String>::new();
    for (index, delta) in engine.reading.delta_ids().enumerate() {
        let row = engine.reading.delta(delta);
        if row.snapshot {
            continue;
        }
        let kept = keep(index, row.text);
        expected.entry(row.key).or_default().push_str(&row.text[kept.clone()]);
        for range in [0..kept.start as u32, kept.end as u32..row.text.len() as u32] {
            if !range.is_empty() {
                engine.judgement.output.cuts.push(Cut { delta, range, finding, moment });
            }
        }
    }
    if expected.values().any(String::is_empty) {
        // A typed snapshot would bring back a text of which nothing is left.
        return;
    }
    let mut bytes = Vec::new();
    let outcome = Repair::default().write(&engine.reading, &engine.judgement, &mut bytes);
    assert_eq!(outcome, Ok(()), "{name}");
    let again = judged(&inputs([bytes.as_slice()]));
    let mut found = BTreeMap::<ChannelKey, String>::new();
    for row in again.reading.delta_ids().map(|delta| again.reading.delta(delta)).filter(|row| !row.snapshot) {
        found.entry(row.key).or_default().push_str(row.text);
    }
    assert_eq!(found, expected, "{name}: {}", text(&bytes));
}

/// Fixtures whose arguments are an object and no string: a piece of them cannot be taken out, see below.
const NOT_TRIMMED: [&str; 3] = ["gemini-array-tool.json", "gemini-tool.sse", "ollama-tools.ndjson"];

#[test]
fn text_can_be_taken_out_of_every_frame() {
    for (name, body) in &bodies() {
        // Of an object none of it or all.
        cut(name, body, |index, text| if index % 3 == 1 { 0..0 } else { 0..text.len() });
        cut(name, body, |index, text| if index % 2 == 0 { 0..0 } else { 0..text.len() });
        if NOT_TRIMMED.contains(&name.as_str()) {
            continue;
        }
        cut(name, body, |_, text| text.chars().next().map_or(0, char::len_utf8)..text.len());
        cut(name, body, |_, text| 0..text.char_indices().next_back().filter(|(at, _)| *at > 0).map_or(text.len(), |(at, _)| at));
    }
}

/// Takes delta `delta` of `body` out whole; what is written.
fn without_delta(body: &str, delta: u32) -> String {
    let mut engine = judged(&inputs([body.as_bytes()]));
    engine.judgement.repair_stopped(&engine.reading, "a finding to blame");
    let finding = FindingId(engine.judgement.findings.len() as u32 - 1);
    let delta = stutterscope::core::reading::DeltaId(delta);
    let range = 0..engine.reading.delta(delta).text.len() as u32;
    engine.judgement.output.cuts = vec![Cut { delta, range, finding, moment: Moment::END }];
    let mut bytes = Vec::new();
    Repair::default().write(&engine.reading, &engine.judgement, &mut bytes).unwrap();
    text(&bytes)
}

#[test]
fn a_call_whose_arguments_are_an_object_goes_whole() {
    let gemini = |parts: &[&str]| {
        format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{}],\"role\":\"model\"}},\"finishReason\":\"STOP\"}}],\"usageMetadata\":{{\"totalTokenCount\":7}}}}\r\n\r\n",
            parts.join(",")
        )
    };
    let call =
        |name: &str| format!("{{\"functionCall\":{{\"name\":\"{name}\",\"args\":{{\"q\": [1]}}}},\"thoughtSignature\":\"x\"}}");
    let (one, two, said) = (call("one"), call("two"), "{\"text\":\"I look.\"}");
    let body = gemini(&[said, &one, &two]);
    assert_eq!(without_delta(&body, 1), gemini(&[said, &two]));
    assert_eq!(without_delta(&body, 2), gemini(&[said, &one]));
    let ollama = |calls: &str| {
        format!(
            "{{\"model\":\"m\",\"created_at\":\"2025-06-09T17:58:55.337823Z\",\"message\":{{\"role\":\"assistant\",\"content\":\"So\",\"tool_calls\":[{calls}]}},\"done\":true}}\n"
        )
    };
    let call = |city: &str| format!("{{\"function\":{{\"name\":\"weather\",\"arguments\":{{\"city\":\"{city}\"}}}}}}");
    let (one, two) = (call("Ulm"), call("Köln"));
    let body = ollama(&format!("{one}, {two}"));
    assert_eq!((without_delta(&body, 1), without_delta(&body, 2)), (ollama(&two), ollama(&one)));
    assert_eq!(without_delta(&ollama(&one), 1), ollama(""));
}

/// A call that came again with its frame comes once, and so it is read again.
#[test]
fn a_call_that_is_delivered_again_goes_with_its_frame() {
    let line = |time: &str, content: &str, call: &str, done: bool| {
        format!(
            "{{\"model\":\"m\",\"created_at\":\"2025-06-09T17:58:{time}Z\",\"message\":{{\"role\":\"assistant\",\"content\":\"{content}\"{call}}},\"done\":{done}}}\n"
        )
    };
    let call = ",\"tool_calls\":[{\"function\":{\"name\":\"weather\",\"arguments\":{\"city\":\"Ulm\"}}}]";
    let lines = [
        line("55.100000001", "I will look", "", false),
        line("55.200000001", " at it", "", false),
        line("55.300000001", ".", call, false),
    ];
    let end = line("56.100000001", "", "", true);
    let body = lines.concat() + &lines[1..].concat() + &end;
    let expected = lines.concat() + &end;
    assert_eq!(text(&check("a call again", &inputs([body.as_bytes()]))), expected);
    let engine = judged(&inputs([body.as_bytes()]));
    let calls = stutterscope::report::Report::of(&engine.reading, &engine.judgement, "").tool_calls;
    let said: Vec<&str> = calls.iter().map(|call| call.arguments.as_str()).collect();
    assert_eq!((support::text(&engine).as_str(), &said[..]), ("I will look at it.", &["{\"city\":\"Ulm\"}"][..]));
}

#[test]
fn frames_that_repeat_all_text_so_far_do_so_with_the_repaired_text() {
    let event = |text: &str, tokens: u32, finish: &str| {
        format!(
            "id:{tokens}\nevent:result\n:HTTP_STATUS/200\ndata:{{\"output\":{{\"choices\":[{{\"message\":{{\"content\":\"{text}\",\"role\":\"assistant\"}},\"finish_reason\":\"{finish}\"}}]}},\"usage\":{{\"output_tokens\":{tokens},\"input_tokens\":3}},\"request_id\":\"r\"}}\n\n"
        )
    };
    let body = |events: &[(&str, u32)]| -> String {
        let finish = |tokens: u32| if tokens == 5 { "stop" } else { "null" };
        events.iter().map(|(text, tokens)| event(text, *tokens, finish(*tokens))).collect()
    };
    let came = [("A\\u00e9", 1), ("A\\u00e9 b", 2), ("A\\u00e9 b c", 3), ("A\\u00e9 b c d", 4), ("A\\u00e9 b c d", 5)];
    // The first text, and then what is known and what is new by turns. The third event has nothing left to say.
    let expected = [("A\\u00e9", 1), ("A\\u00e9 b", 2), ("A\\u00e9 b d", 4), ("A\\u00e9 b d", 5)];
    assert_eq!(without_delta(&body(&came), 4), body(&expected));
}

fn sse(text: &str) -> String {
    support::frame("content", text)
}

/// A stream of snapshots is repaired to these bytes.
fn repaired(body: &str, expected: &str) {
    let (bytes, path) = repair(&inputs([body.as_bytes()]));
    assert_eq!((text(&bytes).as_str(), path.opened()), (expected, None));
    check("itself", &inputs([body.as_bytes()]));
    for size in 1..body.len().min(40) {
        let (pieces, _) = repair(&inputs(body.as_bytes().chunks(size)));
        assert_eq!(text(&pieces), expected, "in pieces of {size}");
    }
}

#[test]
fn only_the_string_that_holds_the_text_changes() {
    let frame = |text: &str| {
        format!(
            ": note\r\ndata: {{\"x_new\": [1, \"{text}\" ],\r\ndata:  \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}] }}\r\nevent: x\r\n\r\n"
        )
    };
    let three = |one: &str, two: &str, three: &str| {
        let frame = |unknown: &str, text: &str| {
            frame(unknown).replace(&format!("\"content\":\"{unknown}\""), &format!("\"content\":\"{text}\""))
        };
        format!("\u{feff}\r\n{}{}{}data: [DONE]", frame("a\\u00e9", one), frame("a\\u00e9b\\n", two), frame("a\\u00e9b\\nc", three))
    };
    // The unknown field holds the same text and keeps it.
    repaired(&three("a\\u00e9", "a\\u00e9b\\n", "a\\u00e9b\\nc"), &three("a\\u00e9", "b\\n", "c"));
}

#[test]
fn what_a_frame_says_beside_its_text_stays() {
    let frame = |text: &str, more: &str| {
        format!("data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}{more}}}]}}\n\n")
    };
    let finish = ",\"finish_reason\":\"stop\"";
    let body = frame("I will check", "") + &frame(" the file.", "") + &frame("I will check the file.", finish) + "data: [DONE]\n\n";
    repaired(&body, &(frame("I will check", "") + &frame(" the file.", "") + &frame("", finish) + "data: [DONE]\n\n"));
    // A frame that says nothing else goes whole; one with a field that the others do not have stays, without its text.
    let again = |more: &str| {
        frame("I will check", "") + &frame(" the file.", "") + &frame("I will check the file.", more) + &frame(" Done.", finish)
    };
    let kept = |middle: &str| frame("I will check", "") + &frame(" the file.", "") + middle + &frame(" Done.", finish);
    repaired(&again(""), &kept(""));
    repaired(&again(",\"x_source\":7"), &kept(&frame("", ",\"x_source\":7")));
}

#[test]
fn an_array_stays_an_array() {
    let element =
        |text: &str| format!("{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}],\"role\":\"model\"}}}}]}}");
    let texts = ["The answer is", " forty-two.", "The answer is forty-two.", " Yes."];
    let body = format!("[{}\n]\n", texts.map(element).join("\n,\r\n"));
    let (bytes, _) = repair(&inputs([body.as_bytes()]));
    assert_eq!(
        text(&bytes),
        format!("[{}\n\r\n\n,\r\n{}\n]\n", [element(texts[0]), element(texts[1])].join("\n,\r\n"), element(texts[3]))
    );
    assert!(serde_json::from_slice::<Vec<serde_json::Value>>(&bytes).is_ok_and(|elements| elements.len() == 3));
}

#[test]
fn messages_keep_their_checksums_and_base64_its_json() {
    let chunk = |text: &str| {
        use stutterscope::core::frame::event_stream;
        let inner =
            format!("{{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}");
        let payload = format!("{{\"bytes\":\"{}\",\"p\":\"abc\"}}", base64(inner.as_bytes()));
        let mut message = Vec::new();
        event_stream::write("event", "chunk", payload.as_bytes(), &mut message);
        message
    };
    let body = [chunk("He"), chunk("Hello"), chunk("Hello you")].concat();
    let expected = [chunk("He"), chunk("llo"), chunk(" you")].concat();
    assert_eq!(repair(&inputs([body.as_slice()])).0, expected);
}

/// Base64 as the wire has it.
fn base64(bytes: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
        let symbol = |place: usize| if place <= group.len() { char::from(SYMBOLS[bits >> (18 - 6 * place) & 63]) } else { '=' };
        [symbol(0), symbol(1), symbol(2), symbol(3)]
    };
    bytes.chunks(3).flat_map(group).collect()
}

/// An engine that fails at one of its inputs.
struct Failing {
    engine: Engine,
    inputs_left: u32,
}

impl Judge for Failing {
    fn fold(&mut self, input: &Input) {
        self.inputs_left = self.inputs_left.checked_sub(1).expect("this engine fails here");
        self.engine.fold(input);
    }

    fn advance(&mut self, now: Micros) {
        self.engine.advance(now);
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }
}

#[test]
fn an_internal_error_opens_the_path() {
    let deltas = ["He", "Hello", "Hello you", "Hello you there", "Hello you there, world"];
    let frames: Vec<String> = deltas.iter().map(|text| sse(text)).collect();
    // One read ends inside a frame, so that bytes wait when the judge fails.
    let body = frames.concat();
    let reads: Vec<&[u8]> = body.as_bytes().chunks(frames[0].len() + 10).collect();
    let inputs = inputs(reads.iter().copied());
    for inputs_left in 0..=inputs.len() as u32 {
        let mut path = Path::new(Failing { engine: Engine::new(Profile::default()), inputs_left });
        let bytes: Vec<u8> = inputs.iter().flat_map(|input| path.input(input)).collect();
        let failed = inputs_left < inputs.len() as u32;
        assert_eq!(path.opened().is_some(), failed, "{inputs_left}");
        // Repaired as far as it was judged, and from there on as it came: no byte is lost.
        let whole = (0..=frames.len()).find(|whole| text(&bytes).ends_with(&frames[*whole..].concat())).unwrap();
        let text = support::text(&judged(&self::inputs([bytes.as_slice()])));
        assert!(text.ends_with(deltas[deltas.len() - 1]) || !failed || whole == frames.len(), "{inputs_left}: {text}");
        assert!(bytes.len() >= repair(&inputs).0.len());
        if inputs_left <= 1 {
            assert!(bytes == body.as_bytes(), "{inputs_left}");
        }
    }
}

#[test]
fn text_that_cannot_be_taken_out_opens_the_path() {
    let body = &bodies()["ollama-tools.ndjson"];
    let mut engine = judged(&inputs([body.as_slice()]));
    engine.judgement.repair_stopped(&engine.reading, "a finding to blame");
    let finding = FindingId(engine.judgement.findings.len() as u32 - 1);
    let arguments = engine.reading.delta_ids().find(|delta| engine.reading.delta(*delta).text.starts_with('{')).unwrap();
    engine.judgement.output.cuts = vec![Cut { delta: arguments, range: 0..3, finding, moment: Moment::END }];
    let (mut bytes, mut repair) = (Vec::new(), Repair::default());
    let fault = repair.write(&engine.reading, &engine.judgement, &mut bytes).unwrap_err();
    assert_eq!(fault.frame, engine.reading.delta(arguments).frame);
    assert_eq!(bytes, &body[..repair.written(&engine.reading)], "what came before passed, and the rest is still there");
    let finding = engine.judgement.findings.last().unwrap();
    assert_eq!(
        (finding.class, finding.evidence.as_str()),
        (Class::RepairStopped, "a finding to blame; the rest passed as it came")
    );
}

#[test]
fn generated_streams_come_out_as_they_should() {
    for number in 0..300 {
        let stream = generate::clean(5, number);
        check(&stream.id, &last_attempt(stream.inputs));
    }
    for number in 0..300 {
        let stream = generate::stuttered(5, number);
        let inputs = last_attempt(stream.inputs);
        let whole = check(&stream.id, &inputs);
        // The same bytes at the same times in other reads.
        let halves = |input: &Input| match &input.what {
            What::Bytes(bytes) => {
                let (one, two) = bytes.split_at(bytes.len() / 2);
                [one, two].map(|half| Input { at: input.at, what: What::Bytes(half.to_vec()) }).to_vec()
            }
            _ => vec![input.clone()],
        };
        let split: Vec<Input> = inputs.iter().flat_map(halves).collect();
        assert!(repair(&split).0 == whole, "{} in other reads", stream.id);
    }
}
