//! What holds of every reading, whatever bytes come and however they are split.

use proptest::prelude::*;
use stutterscope::core::{
    dialect::{FrameView, Sink},
    input::{Attempt, End, Head, Input, Origin, Start, What},
    reading::{ChannelKey, ChunkId, Frame, FrameId, Limits, Note, Reading},
    time::Micros,
};

/// How an exchange is announced.
#[derive(Debug, Clone, Copy)]
struct Wrapping {
    dialect: Option<&'static str>,
    head: Option<(u16, Option<&'static str>, Option<&'static str>)>,
}

const WRAPPINGS: &[Wrapping] = &[
    Wrapping { dialect: None, head: None },
    Wrapping { dialect: Some("openai-chat"), head: None },
    Wrapping { dialect: Some("anthropic"), head: Some((200, Some("text/event-stream"), None)) },
    Wrapping { dialect: Some("ollama"), head: Some((200, Some("application/x-ndjson"), None)) },
    Wrapping { dialect: None, head: Some((200, Some("application/json"), None)) },
    Wrapping { dialect: None, head: Some((503, None, None)) },
];

fn reading(wrapping: Wrapping, pieces: &[&[u8]], limits: Limits) -> Reading {
    let start = Start {
        wall: String::new(),
        origin: Origin::Sent,
        clocked: true,
        provider: String::new(),
        dialect: wrapping.dialect.map(str::to_owned),
        url: String::new(),
        model: String::new(),
        headers: Vec::new(),
        body: String::new(),
    };
    let mut reading = Reading::with_limits(limits);
    let mut at = 0;
    let mut fold = |what| {
        reading.fold(&Input { at: Micros(at), what });
        at += 1;
    };
    fold(What::Start(Box::new(start)));
    fold(What::Attempt(Attempt { number: 0, endpoint: String::new(), model: String::new() }));
    if let Some((status, kind, encoding)) = wrapping.head {
        let kind = kind.map(|kind| ("content-type".to_owned(), kind.to_owned()));
        let encoding = encoding.map(|encoding| ("content-encoding".to_owned(), encoding.to_owned()));
        fold(What::Head(Head { status, headers: kind.into_iter().chain(encoding).collect() }));
    }
    pieces.iter().for_each(|piece| fold(What::Bytes(piece.to_vec())));
    fold(What::End(End::Eof));
    check_shape(&reading);
    reading
}

/// Everything but the chunk rows: what a split must not change.
type Content = (Vec<Frame>, Vec<(FrameId, ChannelKey, String, bool)>, Vec<(FrameId, Note)>, Option<&'static str>);

fn content(reading: &Reading) -> Content {
    let frames = (0..reading.frame_count()).map(|id| Frame { chunk: ChunkId(0), ..reading.frame(FrameId(id)) });
    let deltas = reading.delta_ids().map(|id| reading.delta(id));
    (
        frames.collect(),
        deltas.map(|delta| (delta.frame, delta.key, delta.text.to_owned(), delta.snapshot)).collect(),
        reading.notes().to_vec(),
        reading.dialect().map(|(info, _)| info.id),
    )
}

/// The columns fit each other: ranges ascend, ids exist, every time is one of an input.
fn check_shape(reading: &Reading) {
    let (mut byte, mut delta) = (0, 0);
    for id in (0..reading.frame_count()).map(FrameId) {
        let frame = reading.frame(id);
        assert!(byte <= frame.start && frame.start <= frame.end, "{frame:?}");
        assert_eq!(frame.first_delta, delta);
        (byte, delta) = (frame.end, frame.deltas_end);
        assert!(reading.frame_at(id) <= reading.last_at());
        for delta in reading.deltas_of(id) {
            assert_eq!(reading.delta(stutterscope::core::reading::DeltaId(delta)).frame, id);
        }
    }
    assert!(byte as usize <= reading.body().len());
    assert_eq!(delta, reading.delta_count());
    assert!(reading.notes().is_sorted_by_key(|(frame, _)| *frame));
    for chunk in (0..reading.chunk_count()).map(ChunkId) {
        let row = reading.chunk(chunk);
        assert!(row.start <= row.end && row.first_frame <= row.frames);
        (row.first_frame..row.frames).for_each(|frame| assert_eq!(reading.frame_at(FrameId(frame)), row.at));
        reading.chunk_splits_char(chunk);
    }
}

fn split<'a>(body: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    ends.push(body.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.iter().map(|end| &body[std::mem::replace(&mut start, *end)..*end]).collect()
}

/// Pieces that streams are made of, whole, broken and out of place.
fn token() -> impl Strategy<Value = Vec<u8>> {
    let fixed: &[&[u8]] = &[
        b"\n",
        b"\n\n",
        b"\r",
        b"\r\n",
        b"\r\n\r\n",
        b"\xEF\xBB\xBF",
        b": keep-alive\n",
        b"event: ping\n",
        b"event: content_block_delta\n",
        b"data",
        b"data: ",
        b"data:[DONE]\n\n",
        b"id: 7\n",
        b"id: \0\n",
        b"retry: 10\n",
        b"error: {\"message\":\"x\"}\n\n",
        b"data: {\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"H\\u00e9\"}}]}\n\n",
        b"data: {\"id\":\"a\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"\\ud83d\"}}]}\n\n",
        b"data: {\"id\":\"b\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"\\ude00!\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1}}\n\n",
        b"data: {\"choices\":[{\"delta\":{\"content\":\"\xE4\xBD\"}}]}\r\n\r\n",
        b"data: {\"choices\":[{\"delta\":{\"content\":7,\"tool_calls\":[{\"index\":2,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}\n\n",
        b"data: {\"choices\":[{\"delta\":{\"content\":\"cut",
        b"data: {\"a\":1}\ndata: {\"b\":2}\n\n",
        b"data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":3}}}\n\n",
        b"data: {\"type\":\"content_block_delta\",\"index\":3,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n",
        b"data: {\"type\":\"message_stop\"}\n\n",
        b"{\"model\":\"m\",\"created_at\":\"2026-11-21T03:47:00.5Z\",\"message\":{\"content\":\"hi\"},\"done\":false}\n",
        b"{\"model\":\"m\",\"created_at\":\"2026-11-21T03:47:01.5Z\",\"response\":\"\",\"done\":true,\"eval_count\":2}\n",
        b"{\"error\":\"x\"}\n",
        b"{\n \"error\": {\"message\": \"m\"}\n}",
    ];
    prop_oneof![
        6 => prop::sample::select(fixed.to_vec()).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(token(), 0..16).prop_map(|tokens| tokens.concat())
}

/// The inside of a JSON string, more or less.
fn inner() -> impl Strategy<Value = Vec<u8>> {
    let fixed: &[&[u8]] = &[
        b"",
        b"a",
        b" the",
        b"\\n",
        b"\\u00e9",
        b"\\ud83d",
        b"\\\"",
        b"\"",
        b"\\",
        b"\xE4",
        b"\",\"content\":\"",
        b"\"},\"x\":{\"y\":\"",
        "é".as_bytes(),
    ];
    prop::collection::vec(prop::sample::select(fixed.to_vec()), 0..4).prop_map(|parts| parts.concat())
}

const ENVELOPES: &[(&str, &str, &str)] = &[
    ("openai-chat", r#"{"id":"a","choices":[{"index":1,"delta":{"content":""#, r#""},"finish_reason":null}]}"#),
    ("openai-chat", r#"{"choices":[{"delta":{"reasoning_content":""#, r#"","content":null}}]}"#),
    ("openai-chat", r#"{"choices":[{"delta":{"reasoning_content":"a","reasoning":""#, r#""}}]}"#),
    ("openai-chat", r#"{"choices":[{"delta":{"content":""#, r#""},"finish_reason":"stop"}]}"#),
    ("anthropic", r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":""#, r#""}  }"#),
    ("anthropic", r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"a","thinking":""#, r#""}}"#),
    ("ollama", r#"{"message":{"content":""#, r#""},"done":false}"#),
];

fn small_limits() -> impl Strategy<Value = Limits> {
    prop_oneof![
        4 => Just(Limits::default()),
        1 => (1_u64..200, 1_u64..600).prop_map(|(frame, body)| Limits { frame, body }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_split_changes_chunk_rows_only(
        body in body(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        wrapping in prop::sample::select(WRAPPINGS),
        limits in small_limits(),
    ) {
        let whole = content(&reading(wrapping, &[&body], limits));
        prop_assert_eq!(&content(&reading(wrapping, &split(&body, &cuts), limits)), &whole);
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        prop_assert_eq!(&content(&reading(wrapping, &bytes, limits)), &whole);
    }

    #[test]
    fn a_learned_envelope_reads_what_a_parser_reads(
        texts in prop::collection::vec(inner(), 1..20),
        (dialect, before, after) in prop::sample::select(ENVELOPES),
    ) {
        let info = stutterscope::core::dialect::by_id(dialect).expect("a known dialect");
        let mut learned = (info.reader)();
        for text in texts {
            let data = [before.as_bytes(), &text, after.as_bytes()].concat();
            let frame = FrameView { data: &data, ..FrameView::default() };
            let (mut fast, mut slow) = (Sink::default(), Sink::default());
            learned.read(&frame, &mut fast);
            (info.reader)().read(&frame, &mut slow);
            prop_assert_eq!(&fast.deltas, &slow.deltas);
            prop_assert_eq!(&fast.text, &slow.text);
            prop_assert_eq!(fast.kind, slow.kind);
            let malformed = |sink: &Sink| sink.notes.iter().any(|note| matches!(note, Note::Malformed { .. }));
            prop_assert_eq!(malformed(&fast), malformed(&slow));
        }
    }

    #[test]
    fn no_bytes_of_any_encoding_panic(
        body in prop::collection::vec(any::<u8>(), 0..200),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        encoding in prop::sample::select(&["gzip", "deflate", "br", "zstd", "gzip, br", "compress"][..]),
    ) {
        let wrapping = Wrapping { dialect: None, head: Some((200, None, Some(encoding))) };
        reading(wrapping, &split(&body, &cuts), Limits::default());
    }
}
