//! Our framer of server-sent events against another one (the crate `sse-stream`), on random streams in random pieces.
//!
//! Both follow the WHATWG text; what they say of the same bytes differs by design in these ways, which [`ours`] and [`theirs`] undo:
//!
//! - a block without data (`event:`, `id:` or `retry:` alone) is a frame here and an event there; a browser dispatches neither
//! - a comment is a frame here and nothing there
//! - a block that the end of the body cut off is a frame here (unterminated) and nothing there
//! - a block with only unknown fields, or only an id with a NUL, is a frame here and nothing there
//! - bytes that are not UTF-8 end the other one's stream with an error; here they are read on, so the bodies are valid UTF-8
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;
use sse_stream::SseStream;
use stutterscope::core::frame::{
    RawFrame, RawKind,
    sse::{Block, SseFramer},
};

/// A dispatched event.
#[derive(Debug, PartialEq)]
struct Event {
    event: String,
    data: String,
    id: Option<String>,
    retry: Option<u64>,
}

fn ours(body: &[u8], ends: &[usize]) -> Vec<Event> {
    let mut framer = SseFramer::new(0, u64::MAX);
    let mut frames: Vec<RawFrame> = Vec::new();
    for end in ends {
        frames.extend(std::iter::from_fn(|| framer.next(&body[..*end])));
    }
    frames.extend(framer.finish(body));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let dispatched = frames.iter().filter(|frame| frame.kind == RawKind::Data && !frame.unterminated);
    dispatched
        .map(|frame| {
            let block = Block::read(&body[frame.start as usize..frame.end as usize]);
            Event { event: text(block.event), data: text(&block.data.unwrap()), id: block.id.map(text), retry: block.retry }
        })
        .collect()
}

fn theirs(body: &[u8], ends: &[usize]) -> Vec<Event> {
    let mut start = 0;
    let pieces: Vec<io::Result<Bytes>> =
        ends.iter().map(|end| Ok(Bytes::copy_from_slice(&body[std::mem::replace(&mut start, *end)..*end]))).collect();
    let events = SseStream::from_bytes_stream(stream::iter(pieces)).collect::<Vec<_>>();
    let events = events.now_or_never().expect("a stream of what is there never waits");
    let dispatched = events.into_iter().map(Result::unwrap).filter(|event| event.data.is_some());
    dispatched
        .map(|event| Event { event: event.event.unwrap_or_default(), data: event.data.unwrap(), id: event.id, retry: event.retry })
        .collect()
}

/// Lines, parts of lines and line ends.
fn token() -> impl Strategy<Value = String> {
    let ends = prop::sample::select(&["\n", "\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n", "\n\r", "\r\n\n"][..]);
    let names = prop::sample::select(
        &["data", "data", "data", "event", "id", "retry", "", "Data", "data ", " data", "dat", "eventx", "i", "\u{feff}data"][..],
    );
    let values = prop::sample::select(
        &[
            "",
            "x",
            " x",
            "  x",
            "{\"a\":1}",
            "10",
            "007",
            "-1",
            "99999999999999999999",
            "a\0b",
            "é🌍",
            "[DONE]",
            ":",
            "\t",
            "\u{feff}",
        ][..],
    );
    let colons = prop::sample::select(&[":", ": ", ":  ", "", "::", " :"][..]);
    prop_oneof![
        8 => (names, colons, values, ends.clone()).prop_map(|(name, colon, value, end)| format!("{name}{colon}{value}{end}")),
        3 => ends.prop_map(str::to_owned),
        1 => Just("\u{feff}".to_owned()),
        1 => "[a-z:\\r\\n \u{0}é]{0,6}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_framers_dispatch_the_same_events(
        tokens in prop::collection::vec(token(), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let body = tokens.concat().into_bytes();
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).chain([body.len()]).collect();
        ends.sort_unstable();
        prop_assert_eq!(ours(&body, &ends), theirs(&body, &ends), "{:?} cut at {:?}", String::from_utf8_lossy(&body), ends);
    }
}
