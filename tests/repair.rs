//! Repair: what is clean comes out byte for byte; what stutters comes out as the judge reads it, in the same wire format.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{collections::BTreeMap, fs, path::Path as FilePath};

use stutterscope::{
    cli::repair::{last_attempt, path::Path},
    core::{
        class::{Certainty, Class, Family},
        engine::Engine,
        input::{End, Input, Origin, Start, What},
        params::Profile,
        reading::{Channel, ChannelKey, DeltaId, FrameId},
        time::Micros,
    },
    session,
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
    let start = Start {
        wall: String::new(),
        origin: Origin::Capture,
        clocked: false,
        provider: String::new(),
        dialect: None,
        url: String::new(),
        model: String::new(),
        headers: Vec::new(),
        body: String::new(),
    };
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
    for delta in engine.reading.delta_ids() {
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
    if engine.judgement.output.cuts.is_empty() {
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
