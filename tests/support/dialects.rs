//! Bodies read without being judged, and what was read in words.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;

use stutterscope::core::{
    input::{End, Head, Input, Start, What},
    reading::{Channel, FrameId, FrameKind, Note, Reading},
    time::Micros,
};

/// A reading of `bytes`, as the answer from `url`.
pub fn read(url: &str, head: Option<Head>, bytes: &[u8]) -> Reading {
    let start = Start { url: url.to_owned(), ..Start::default() };
    let mut reading = Reading::default();
    let mut fold = |what| reading.fold(&Input { at: Micros::ZERO, what });
    fold(What::Start(Box::new(start)));
    head.into_iter().for_each(|head| fold(What::Head(head)));
    bytes.chunks(100).for_each(|piece| fold(What::Bytes(piece.to_vec())));
    fold(What::End(End::Eof));
    reading
}

/// The text of one channel: choices and blocks in ascending order.
pub fn text(reading: &Reading, channel: Channel) -> String {
    let mut texts = BTreeMap::<_, String>::new();
    for delta in reading.delta_ids().map(|id| reading.delta(id)).filter(|delta| delta.key.channel == channel && !delta.snapshot) {
        texts.entry((delta.key.choice, delta.key.block)).or_default().push_str(delta.text);
    }
    texts.into_values().collect()
}

/// Notes worth comparing, as short words.
pub fn notes(reading: &Reading) -> Vec<String> {
    let word = |note: &Note| match note {
        Note::Finish { choice, reason } => Some(format!("finish {choice} {reason}")),
        Note::Usage(usage) => Some(format!("usage {:?} {:?}", usage.input, usage.output)),
        Note::Error { kind, message } => Some(format!("error {kind}: {}", message.split(',').next().unwrap_or_default())),
        Note::Tool { block, id, name, .. } => Some(format!("tool {block} {id} {name}")),
        Note::Malformed { byte, .. } => Some(format!("malformed at {byte}")),
        Note::NewTurn => Some("new turn".into()),
        Note::Mirrored { delta } => Some(format!("mirrored {delta}")),
        Note::Opening => Some("opening".into()),
        Note::SaidTwice => Some("said twice".into()),
        Note::Tokens(count) => Some(format!("tokens {count}")),
        Note::Odd(what) => Some(format!("odd: {what}")),
        _ => None,
    };
    reading.notes().iter().filter_map(|(_, note)| word(note)).collect()
}

/// What each frame is.
pub fn kinds(reading: &Reading) -> Vec<FrameKind> {
    (0..reading.frame_count()).map(|id| reading.frame(FrameId(id)).kind).collect()
}
