//! Every vector of the conformance collection, whole and in pieces: the WHATWG text, the web platform tests, and what
//! providers do.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde::Deserialize;
use stutterscope::core::frame::{
    RawFrame, RawKind,
    sse::{Block, Dispatch, SseFramer, fields},
};

#[derive(Deserialize)]
struct Vector {
    name: String,
    input_base64: String,
    expected: Expected,
    #[serde(default)]
    split_at: serde_json::Value,
}

#[derive(Deserialize)]
struct Expected {
    events: Vec<Event>,
    retry: Option<u64>,
    last_event_id: String,
    comments: Option<Vec<String>>,
    incomplete_at_eof: bool,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Event {
    event: String,
    data: String,
    id: String,
}

/// What a browser would make of the frames, and what a debugger adds.
#[derive(Debug, PartialEq)]
struct Found {
    events: Vec<Event>,
    retry: Option<u64>,
    last_event_id: String,
    comments: Vec<String>,
    incomplete_at_eof: bool,
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The frames of `body`, which arrives up to each of `ends` in turn.
fn frames(body: &[u8], ends: impl IntoIterator<Item = usize>) -> Vec<RawFrame> {
    let mut framer = SseFramer::new(0, 1 << 20);
    let mut frames = Vec::new();
    for end in ends {
        frames.extend(std::iter::from_fn(|| framer.next(&body[..end])));
    }
    frames.extend(framer.finish(body));
    frames
}

fn found(body: &[u8], frames: &[RawFrame]) -> Found {
    let (mut dispatch, mut events, mut comments) = (Dispatch::default(), Vec::new(), Vec::new());
    for frame in frames {
        let bytes = &body[frame.start as usize..frame.end as usize];
        let block = Block::read(bytes);
        comments.extend(fields(bytes).filter(|field| field.name.is_empty()).map(|field| lossy(field.value)));
        dispatch.take(bytes, frame.unterminated);
        if frame.unterminated {
            continue;
        }
        assert_eq!(block.data.is_some(), frame.kind == RawKind::Data, "the framer and the second look agree");
        if let Some(data) = block.data {
            let event = if block.event.is_empty() { "message".to_owned() } else { lossy(block.event) };
            events.push(Event { event, data: lossy(&data), id: lossy(&dispatch.last_event_id) });
        }
    }
    Found {
        events,
        retry: dispatch.retry,
        last_event_id: lossy(&dispatch.last_event_id),
        comments,
        incomplete_at_eof: frames.last().is_some_and(|frame| frame.unterminated && frame.kind == RawKind::Data),
    }
}

fn pieces(len: usize, step: usize) -> impl Iterator<Item = usize> {
    (step..len).step_by(step).chain([len])
}

fn check(vector: &Vector) {
    let body = base64(&vector.input_base64);
    let whole = frames(&body, [body.len()]);
    for step in [1, 2, 3, 5, 7, 11, 64] {
        assert_eq!(frames(&body, pieces(body.len(), step)), whole, "{} in pieces of {step}", vector.name);
    }
    if let serde_json::Value::Array(ends) = &vector.split_at {
        let ends = ends.iter().map(|end| end.as_u64().unwrap() as usize).chain([body.len()]);
        assert_eq!(frames(&body, ends), whole, "{} in its given pieces", vector.name);
    }
    let found = found(&body, &whole);
    let expected = &vector.expected;
    assert_eq!(found.events, expected.events, "{}", vector.name);
    assert_eq!(found.retry, expected.retry, "{}: retry", vector.name);
    assert_eq!(found.last_event_id, expected.last_event_id, "{}: last event id", vector.name);
    assert_eq!(found.incomplete_at_eof, expected.incomplete_at_eof, "{}: incomplete", vector.name);
    if let Some(comments) = &expected.comments {
        assert_eq!(&found.comments, comments, "{}: comments", vector.name);
    }
}

fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for digit in text.bytes().filter_map(|byte| ALPHABET.iter().position(|known| *known == byte)) {
        bits = bits << 6 | digit as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

#[test]
fn every_vector_is_met_however_it_is_split() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("fixtures/wire/sse-conformance.json")).unwrap();
    assert_eq!(vectors.len(), 119);
    vectors.iter().for_each(check);
}
