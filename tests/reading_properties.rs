//! What holds of every reading, whatever bytes come and however they are split.

mod support;

use proptest::prelude::*;
use stutterscope::core::{
    dialect::{FrameView, Sink},
    input::{Attempt, End, Head, Input, Origin, Start, What},
    reading::{Limits, Note, Reading},
    time::Micros,
};
use support::columns::{check_shape, content};

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
    Wrapping { dialect: Some("gemini"), head: Some((200, Some("application/json; charset=UTF-8"), None)) },
    Wrapping { dialect: Some("openai-responses"), head: None },
    Wrapping { dialect: Some("dashscope"), head: None },
    Wrapping { dialect: None, head: Some((200, Some("application/vnd.amazon.eventstream"), None)) },
    Wrapping { dialect: None, head: Some((503, None, None)) },
];

fn reading(wrapping: Wrapping, pieces: &[&[u8]], limits: Limits) -> Reading {
    let start = Start { origin: Origin::Sent, clocked: true, dialect: wrapping.dialect.map(str::to_owned), ..Start::default() };
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

fn split<'a>(body: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    ends.push(body.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.iter().map(|end| &body[std::mem::replace(&mut start, *end)..*end]).collect()
}

/// A whole binary message: `contentBlockDelta` with `{"delta":{"text":"b"}}`.
const CONVERSE: &[u8] = include_bytes!("fixtures/wire/converse-delta.bin");

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
        b"[",
        b",\r\n",
        b"]",
        b"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"g}\\\"]\"}]}}]}",
        b"data: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"r\"}}\n\n",
        b"data: {\"type\":\"response.output_text.delta\",\"sequence_number\":4,\"delta\":\"x\"}\n\n",
        b"data: {\"type\":\"response.output_text.done\",\"sequence_number\":5,\"text\":\"x\"}\n\n",
        b"id:3\nevent:result\ndata:{\"output\":{\"text\":\"du\"},\"request_id\":\"q\"}\n\n",
        b"event: output\nid: 17:1\ndata: a\ndata: b\n\n",
        CONVERSE,
        CONVERSE.split_at(20).0,
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

/// Frames with places that may differ: a text, a padding, a number, a stamp, blanks.
const ENVELOPES: &[(&str, &str)] = &[
    ("openai-chat", r#"{"id":"a","choices":[{"index":1,"delta":{"content":"<text>"},"finish_reason":null}]}"#),
    ("openai-chat", r#"{"created":<number>,"choices":[{"delta":{"content":"<text>"}}],"obfuscation":"<padding>"}"#),
    ("openai-chat", r#"{"p":"<padding>","choices":[{"delta":{"content":"<text>"}}],"usage":{"prompt_tokens":<number>}}"#),
    ("openai-chat", r#"{"choices":[{"delta":{"reasoning_content":"<text>","content":null}}]}"#),
    ("openai-chat", r#"{"choices":[{"delta":{"reasoning_content":"a","reasoning":"<text>"}}]}"#),
    ("openai-chat", r#"{"choices":[{"delta":{"content":"<text>"},"finish_reason":"stop"}]}"#),
    ("openai-chat", r#"{"choices":[{"delta":{"content":"<text>"},"message":{"content":"<padding>"}}]}"#),
    ("openai-chat", r#"{"choices":[{"delta":{"content":"<text>"},"text":"<padding>"}]}"#),
    ("anthropic", r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"<text>"}<blank>}"#),
    ("anthropic", r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"a","thinking":"<text>"}}"#),
    ("ollama", r#"{"created_at":"<stamp>","message":{"content":"<text>"},"done":false}"#),
    ("ollama", r#"{"created_at":"<padding>","response":"<text>","done":false}"#),
    ("ollama", r#"{"message":{"content":"a","thinking":"<text>"},"done":false}"#),
    (
        "openai-responses",
        r#"{"type":"response.output_text.delta","sequence_number":<number>,"delta":"<text>","obfuscation":"<padding>"}"#,
    ),
    ("openai-responses", r#"{"delta":"<text>","type":"response.refusal.delta","sequence_number": <number> ,"content_index":3}"#),
    ("cohere-v2", r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"<text>"}}}}"#),
    ("cohere-v1", r#"{"event_type":"text-generation","text":"<text>"}"#),
    ("gemini-interactions", r#"{"event_type":"step.delta","index":1,"delta":{"type":"text","text":"<text>"}}"#),
    ("openai-transcription", r#"{"type":"transcript.text.delta","delta":"<text>"}"#),
    ("bedrock", r#"{"contentBlockIndex":0,"delta":{"text":"<text>"},"p":"<padding>"}"#),
];

/// What stands in the holes of one frame, filled into `envelope`.
fn filled(envelope: &str, (text, padding, number): &(Vec<u8>, Vec<u8>, u32)) -> Vec<u8> {
    let mut data = Vec::new();
    let mut rest = envelope;
    while let Some((before, after)) = rest.split_once('<') {
        data.extend_from_slice(before.as_bytes());
        let (hole, after) = after.split_once('>').expect("a closed hole");
        match hole {
            "text" => data.extend_from_slice(text),
            "padding" => data.extend_from_slice(padding),
            "number" => data.extend_from_slice(number.to_string().as_bytes()),
            "stamp" => data.extend_from_slice(format!("2026-11-21T03:47:{:02}.{number}Z", number % 70).as_bytes()),
            _ => data.resize(data.len() + (*number % 5) as usize, b' '),
        }
        rest = after;
    }
    data.extend_from_slice(rest.as_bytes());
    data
}

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
        holes in prop::collection::vec((inner(), inner(), any::<u32>()), 1..20),
        (dialect, envelope) in prop::sample::select(ENVELOPES),
    ) {
        let info = stutterscope::core::dialect::by_id(dialect).expect("a known dialect");
        let mut learned = (info.reader)();
        for hole in holes {
            let data = filled(envelope, &hole);
            // Bedrock tells its events by their header.
            let frame = FrameView { event: b"contentBlockDelta", id: b"", data: &data };
            let (mut fast, mut slow) = (Sink::default(), Sink::default());
            learned.read(&frame, &mut fast);
            (info.reader)().read(&frame, &mut slow);
            prop_assert_eq!(&fast.deltas, &slow.deltas);
            prop_assert_eq!(&fast.text, &slow.text);
            prop_assert_eq!(fast.kind, slow.kind);
            prop_assert_eq!(fast.identity, slow.identity);
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
