//! Exchanges that end early, begin anew, cannot be decoded or cut characters in half.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use stutterscope::core::{
    input::{Attempt, End, Head, Input, What},
    reading::{Channel, ChunkId, FrameId, FrameKind, Note, Reading},
    time::Micros,
};

#[path = "support/dialects.rs"]
mod support;
use support::{kinds, notes, read, text};

/// Folds `inputs`, a millisecond apart.
fn fold(inputs: Vec<What>) -> Reading {
    let mut reading = Reading::default();
    for (what, at_ms) in inputs.into_iter().zip(0..) {
        reading.fold(&Input { at: Micros::from_millis(at_ms), what });
    }
    reading
}

fn attempt(number: u32) -> What {
    What::Attempt(Attempt { number, endpoint: "https://example.test".into(), model: "m".into() })
}

fn head(status: u16, headers: &[(&str, &str)]) -> What {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    What::Head(Head { status, headers })
}

#[test]
fn each_attempt_is_framed_and_read_anew() {
    let reading = fold(vec![
        attempt(0),
        head(503, &[]),
        What::Bytes(b"{\"error\":{\"type\":\"busy\",\"message\":\"later\"}}".to_vec()),
        What::End(End::Eof),
        attempt(1),
        head(200, &[("content-type", "text/event-stream")]),
        What::Bytes(b"data: {\"choices\":[{\"delta\":{\"content\":\"a".to_vec()),
        What::End(End::Reset),
        attempt(2),
        head(200, &[("content-type", "text/event-stream")]),
        What::Bytes(b"data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}".to_vec()),
        What::End(End::Eof),
    ]);
    assert_eq!(kinds(&reading), [FrameKind::Error, FrameKind::Malformed, FrameKind::Delta]);
    assert_eq!(text(&reading, Channel::Text), "b");
    let unterminated: Vec<bool> = (0..3).map(|id| reading.frame(FrameId(id)).unterminated).collect();
    assert_eq!(unterminated, [false, true, true]);
    let ends: Vec<u32> = reading.marks().iter().filter(|mark| matches!(mark.what, What::End(_))).map(|mark| mark.frames).collect();
    assert_eq!(ends, [1, 2, 3], "each end counts the frame that it completed");
    let times: Vec<u64> = (0..3).map(|id| reading.frame_at(FrameId(id)).millis()).collect();
    assert_eq!(times, [3, 7, 11], "a frame that the end completed has the end's time");
}

#[test]
fn an_undecodable_body_is_a_note_and_keeps_what_came_before() {
    let reading = fold(vec![
        attempt(0),
        head(200, &[("content-encoding", "gzip")]),
        What::Bytes(b"data: x\n\n".to_vec()),
        What::End(End::Eof),
    ]);
    assert_eq!(kinds(&reading), [FrameKind::Malformed]);
    assert_eq!((notes(&reading), reading.body().len()), (vec!["malformed at 0".to_owned()], 0));
}

#[test]
fn reads_that_end_inside_a_character_are_told() {
    let pieces: [&[u8]; 4] = [b"data: \xE4\xBD", b"\xA0\xF0", b"\x9F\x98\x80", b"\n\n"];
    let reading = fold(pieces.iter().map(|piece| What::Bytes(piece.to_vec())).collect());
    let splits: Vec<bool> = (0..4).map(|id| reading.chunk_splits_char(ChunkId(id))).collect();
    assert_eq!(splits, [true, true, false, false]);
}

#[test]
fn halves_of_characters_are_joined_across_frames_and_lost_ones_replaced() {
    let frame = |text: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let reading = read("", None, [frame("a\\ud83d"), frame("\\ude00b"), frame("c\\ud83d")].concat().as_bytes());
    assert_eq!(text(&reading, Channel::Text), "a😀bc\u{fffd}");
    let told: Vec<&Note> = reading.notes().iter().map(|(_, note)| note).collect();
    assert_eq!(told, [&Note::JoinedSurrogate, &Note::Replaced(1)]);
}
