//! Every recorded body in `fixtures/wire`: what is read from it, that no split changes it, and that no frame is unknown.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use stutterscope::core::{
    input::{End, Input, Start, What},
    reading::{Channel, FrameId, FrameKind, Note, Reading},
    time::Micros,
};

/// Bodies by file name.
fn bodies() -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let wire = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        matches!(ending, Some("sse" | "ndjson" | "json" | "eventstream")) && !path.ends_with("sse-conformance.json")
    };
    let bodies = files.filter(wire).map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()));
    bodies.collect()
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Reading {
    let start = Start { ..Start::default() };
    let mut reading = Reading::default();
    let mut fold = |what| reading.fold(&Input { at: Micros::ZERO, what });
    fold(What::Start(Box::new(start)));
    pieces.for_each(|piece| fold(What::Bytes(piece.to_vec())));
    fold(What::End(End::Eof));
    reading
}

fn kinds(reading: &Reading) -> impl Iterator<Item = FrameKind> {
    (0..reading.frame_count()).map(|id| reading.frame(FrameId(id)).kind)
}

/// Everything that is read from a body, in words.
fn told(reading: &Reading) -> String {
    let mut out = String::new();
    let dialect = reading.dialect().map_or("unknown", |(info, _)| info.id);
    writeln!(out, "{dialect}, {:?}", reading.framing().unwrap()).unwrap();
    let mut count = BTreeMap::<String, u32>::new();
    kinds(reading).for_each(|kind| *count.entry(format!("{kind:?}")).or_default() += 1);
    writeln!(out, "frames {count:?}").unwrap();
    let mut texts = BTreeMap::<_, (String, usize)>::new();
    for delta in reading.delta_ids().map(|id| reading.delta(id)) {
        let (text, restated) = texts.entry(delta.key).or_default();
        if delta.snapshot { *restated += delta.text.len() } else { text.push_str(delta.text) }
    }
    for (key, (text, restated)) in texts {
        writeln!(out, "{}/{} {}: {text:?}, {restated} bytes restated", key.choice, key.block, key.channel.word()).unwrap();
    }
    let identities = (0..reading.frame_count()).filter_map(|id| Some(reading.identity(FrameId(id))?.number));
    let identities: Vec<u64> = identities.collect();
    if let (Some(first), Some(last)) = (identities.first(), identities.last()) {
        let rising = identities.is_sorted();
        writeln!(out, "{} identities {first}..={last}, rising: {rising}", identities.len()).unwrap();
    }
    // Usage that runs along is told once, at its end.
    let last_usage = reading.notes().iter().rposition(|(_, note)| matches!(note, Note::Usage(_)));
    for (index, (_, note)) in reading.notes().iter().enumerate() {
        if !matches!(note, Note::Usage(_)) || Some(index) == last_usage {
            writeln!(out, "{note:?}").unwrap();
        }
    }
    out
}

#[test]
fn every_body_reads_as_golden() {
    let mut golden = String::new();
    for (name, body) in bodies() {
        writeln!(golden, "== {name}\n{}", told(&read(std::iter::once(body.as_slice())))).unwrap();
    }
    insta::assert_snapshot!("wire", golden);
}

/// Frames, deltas and notes, but not the chunks.
fn content(reading: &Reading) -> (Vec<(u32, u32, FrameKind)>, String, String) {
    let frames = (0..reading.frame_count()).map(|id| reading.frame(FrameId(id)));
    let frames = frames.map(|frame| (frame.start, frame.end, frame.kind)).collect();
    let mut deltas = String::new();
    for delta in reading.delta_ids().map(|id| reading.delta(id)) {
        writeln!(deltas, "{delta:?}").unwrap();
    }
    (frames, deltas, told(reading))
}

#[test]
fn no_split_changes_what_is_read() {
    for (name, body) in bodies() {
        let whole = content(&read(std::iter::once(body.as_slice())));
        for size in [1, 2, 3, 7, 61, 997] {
            assert_eq!(content(&read(body.chunks(size))), whole, "{name} in pieces of {size}");
        }
        // Two pieces, cut at every place near a frame's end and at some others.
        let ends = whole.0.iter().take(5).flat_map(|(_, end, _)| (end.saturating_sub(3)..end + 3).map(|at| at as usize));
        for at in ends.chain((0..16).map(|step| step * body.len() / 16)).filter(|at| *at <= body.len()) {
            let (one, two) = body.split_at(at);
            assert_eq!(content(&read([one, two].into_iter())), whole, "{name} cut at {at}");
        }
    }
}

#[test]
fn cut_bodies_lose_their_end_only() {
    for (name, body) in bodies() {
        let whole = read(std::iter::once(body.as_slice()));
        for part in 1..8 {
            let cut = read(std::iter::once(&body[..body.len() * part / 8]));
            let text = |reading: &Reading| -> String {
                let deltas = reading.delta_ids().map(|id| reading.delta(id));
                deltas.filter(|delta| delta.key.channel == Channel::Text && !delta.snapshot).map(|delta| delta.text).collect()
            };
            // A body of one JSON value has no frame before its end.
            assert!(text(&whole).starts_with(&text(&cut)), "{name} cut at {part}/8");
        }
    }
}

/// Bodies with frames that no dialect knows, each with the reason; `fixtures/wire/unknown_frames.ron`.
fn known_to_be_unknown() -> BTreeMap<String, String> {
    ron::from_str(include_str!("fixtures/wire/unknown_frames.ron")).unwrap()
}

/// Bodies with frames that cannot be read, each with the reason; `fixtures/wire/malformed_frames.ron`.
fn known_to_be_malformed() -> BTreeMap<String, String> {
    ron::from_str(include_str!("fixtures/wire/malformed_frames.ron")).unwrap()
}

fn check_unknown(name: &str, body: &[u8]) {
    let reading = read(std::iter::once(body));
    let count = |wanted: FrameKind| kinds(&reading).filter(|kind| *kind == wanted).count();
    for (kind, reason) in
        [(FrameKind::Unknown, known_to_be_unknown().remove(name)), (FrameKind::Malformed, known_to_be_malformed().remove(name))]
    {
        let count = count(kind);
        assert_eq!(count > 0, reason.is_some(), "{name}: {count} {kind:?} frames, and the list says {reason:?}");
    }
    let odd = reading.notes().iter().find(|(_, note)| matches!(note, Note::Odd(_)));
    assert_eq!(odd, None, "{name}");
}

#[test]
fn no_frame_is_unknown_but_those_on_the_list() {
    for (name, body) in bodies() {
        check_unknown(&name, &body);
    }
    // The whole collection lies beside the repository where it was made; elsewhere the fixtures must do.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures");
    let Ok(manifest) = fs::read_to_string(folder.join("MANIFEST.tsv")) else { return };
    for path in manifest.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        check_unknown(path, &fs::read(folder.join(path)).unwrap());
    }
}
