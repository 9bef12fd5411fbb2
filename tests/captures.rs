//! Every text of the recorded bodies, where they are at hand beside the repository; skipped elsewhere.

use std::{collections::BTreeMap, fs, path::Path};

use stutterscope::core::{
    input::{End, Input, Origin, Start, What},
    reading::{Channel, Reading},
    time::Micros,
};

fn read(bytes: &[u8], step: usize) -> Reading {
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
    let mut reading = Reading::default();
    let mut fold = |what| reading.fold(&Input { at: Micros::ZERO, what });
    fold(What::Start(Box::new(start)));
    bytes.chunks(step).for_each(|piece| fold(What::Bytes(piece.to_vec())));
    fold(What::End(End::Eof));
    reading
}

fn text(reading: &Reading, channel: Channel) -> String {
    let mut texts = BTreeMap::<_, String>::new();
    for delta in reading.delta_ids().map(|id| reading.delta(id)).filter(|delta| delta.key.channel == channel && !delta.snapshot) {
        texts.entry((delta.key.choice, delta.key.block)).or_default().push_str(delta.text);
    }
    texts.into_values().collect()
}

#[test]
fn texts_of_recorded_bodies_are_those_of_the_manifest() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures");
    let Ok(manifest) = fs::read_to_string(folder.join("MANIFEST.tsv")) else { return };
    let mut lines = manifest.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |row: &[&str], name: &str| row[header.iter().position(|column| *column == name).unwrap()].to_owned();
    let dialects = ["openai-chat", "anthropic", "ollama"];
    let (mut good, mut bad) = (0, Vec::new());
    for line in lines {
        let row: Vec<&str> = line.split('\t').collect();
        // Error bodies have no text at all, so the manifest has no length for it.
        if column(&row, "text_bytes").is_empty() || !dialects.contains(&column(&row, "format").as_str()) {
            continue;
        }
        let path = column(&row, "path");
        let Ok(body) = fs::read(folder.join(&path)) else { continue };
        let reading = read(&body, body.len().max(1));
        let text = text(&reading, Channel::Text);
        let expected = (column(&row, "text_len"), column(&row, "text_bytes"));
        let found = (text.chars().count().to_string(), text.len().to_string());
        if found == expected {
            good += 1;
        } else {
            bad.push(format!(
                "{path}: {found:?} instead of {expected:?}, dialect {:?}",
                reading.dialect().map(|(info, why)| (info.id, why))
            ));
        }
    }
    assert!(bad.is_empty(), "{good} good, {} bad:\n{}", bad.len(), bad.join("\n"));
}
