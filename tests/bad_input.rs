//! Bad input, one row each: what is found, about which bytes, and that everything else is still read.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io::Write,
    time::{Duration, Instant},
};

use rstest::rstest;
use stutterscope::core::{
    class::Class,
    engine::Engine,
    input::{Attempt, Head, Input, What},
    reading::{Channel, FrameId, Limits, Note, Reading},
    time::Micros,
};
use support::{eof, read, start, text};

/// A delta of the visible text.
fn good(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

/// The finish frame and the terminator.
const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// `bad` between two good deltas and before a good end.
fn amid(bad: impl AsRef<[u8]>) -> Vec<u8> {
    [good("Hel").as_bytes(), bad.as_ref(), good("lo").as_bytes(), END.as_bytes()].concat()
}

fn opening(dialect: Option<&str>, status: u16, content_type: &str) -> Vec<Input> {
    let mut first = start(true);
    if let What::Start(start) = &mut first.what {
        start.dialect = dialect.map(str::to_owned);
    }
    let attempt = Attempt { number: 0, endpoint: "http://test".into(), model: "test".into() };
    let head = Head { status, headers: vec![("content-type".into(), content_type.into())] };
    vec![first, Input { at: Micros(0), what: What::Attempt(attempt) }, Input { at: Micros(0), what: What::Head(head) }]
}

fn judged(inputs: &[Input]) -> Engine {
    support::judge(inputs, Default::default())
}

/// The classes found, each with the bytes that it is about first.
fn found(engine: &Engine) -> Vec<(&'static str, String)> {
    let body = engine.reading.body();
    let findings = engine.judgement.findings.iter();
    findings
        .map(|finding| {
            let bytes = &body[finding.bytes.start as usize..finding.bytes.end as usize];
            (finding.class.name(), bytes.escape_ascii().to_string())
        })
        .collect()
}

fn check(status: u16, content_type: &str, body: &[u8], findings: &[(&str, &[u8])], expected: &str) {
    let expected_findings: Vec<_> = findings.iter().map(|(class, bytes)| (*class, bytes.escape_ascii().to_string())).collect();
    for step in [body.len().max(1), 1, 7] {
        let mut inputs = opening(Some("openai-chat"), status, content_type);
        inputs.extend(body.chunks(step).map(|piece| read(1, piece)));
        inputs.push(eof(2));
        let engine = judged(&inputs);
        let found: Vec<_> = found(&engine).into_iter().filter(|(class, _)| *class != "utf8_split").collect();
        assert_eq!(found, expected_findings, "in reads of {step}");
        assert_eq!(text(&engine), expected, "in reads of {step}");
    }
}

#[rstest]
#[case::json_that_is_none(b"data: {\"choices\": nope}\n\n", "malformed_frame")]
#[case::json_cut_in_half(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\n\n", "malformed_frame")]
#[case::two_objects_in_one_frame(b"data: {\"choices\":[]}{\"choices\":[]}\n\n", "malformed_frame")]
#[case::nothing_but_brackets(&[b"data: ".as_slice(), &[b'['; 10_000], b"\n\n"].concat(), "malformed_frame")]
#[case::brackets_that_close(&[b"data: ".as_slice(), &[b'['; 10_000], &[b']'; 10_000], b"\n\n"].concat(), "unknown_frame")]
#[case::braces_in_a_field(&[b"data: {\"x\":".as_slice(), &b"{\"a\":".repeat(10_000), b"\n\n"].concat(), "malformed_frame")]
#[case::a_nul_in_the_json(b"data: {\"choices\":\0[]}\n\n", "malformed_frame")]
#[case::a_bare_nul(b"data: \0\n\n", "malformed_frame")]
#[case::a_number_that_is_none(b"data: {\"choices\":[{\"index\":01}]}\n\n", "malformed_frame")]
#[case::json_without_a_field(b"{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n", "malformed_frame")]
#[case::invalid_bytes_in_a_field_name(b"d\xFFta: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n", "malformed_frame")]
#[case::a_byte_order_mark_in_the_middle(
    b"\xEF\xBB\xBFdata: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n",
    "malformed_frame"
)]
#[case::unknown_fields(b"foo: bar\nDATA: x\n\n", "unknown_frame")]
#[case::html_between_frames(b"<p>oops</p>\n\n", "unknown_frame")]
#[case::a_byte_order_mark_before_json(b"data: \xEF\xBB\xBF{\"choices\":[]}\n\n", "malformed_frame")]
#[case::words(b"data: Internal Server Error\n\n", "malformed_frame")]
#[case::html_in_a_frame(b"data: <html><body>502 Bad Gateway</body></html>\n\n", "malformed_frame")]
fn damage_in_the_middle_is_said_and_passed(#[case] bad: &[u8], #[case] class: &str) {
    check(200, "text/event-stream", &amid(bad), &[(class, bad)], "Hello");
}

#[rstest]
#[case::event_without_data(b"event: delta\n\n")]
#[case::id_without_data(b"id: 7\n\n")]
#[case::empty_data(b"data:\n\n")]
#[case::empty_lines(b"\n\n\n\n")]
#[case::comments(b":\n: ping\n\n")]
#[case::a_nul_in_a_comment(b": \0\n\n")]
fn what_a_browser_passes_over_is_passed_over(#[case] odd: &[u8]) {
    check(200, "text/event-stream", &amid(odd), &[], "Hello");
}

#[rstest]
#[case::halves_that_meet(&["\\ud83d", "\\ude00"], "\u{1f600}", &["utf8_split"])]
#[case::halves_that_meet_around_other_frames(&["\\ud83d", "", "\\ude00!"], "\u{1f600}!", &["utf8_split"])]
#[case::a_first_half_alone(&["\\ud83d", "x"], "\u{fffd}x", &["encoding_error"])]
#[case::a_second_half_alone(&["a", "\\ude00", "x"], "a\u{fffd}x", &["encoding_error"])]
#[case::a_first_half_that_ends_the_stream(&["a", "\\ud83d"], "a\u{fffd}", &["encoding_error"])]
#[case::halves_in_the_wrong_order(&["a\\ude00", "\\ud83d", "x"], "a\u{fffd}\u{fffd}x", &["encoding_error", "encoding_error"])]
#[case::an_escaped_nul(&["a\\u0000", "b"], "a\0b", &[])]
fn halves_of_characters(#[case] deltas: &[&str], #[case] expected: &str, #[case] classes: &[&str]) {
    let body = deltas.iter().map(|delta| good(delta)).collect::<String>() + END;
    let mut inputs = opening(Some("openai-chat"), 200, "text/event-stream");
    inputs.extend([read(1, body), eof(2)]);
    let engine = judged(&inputs);
    assert_eq!((text(&engine).as_str(), support::classes(&engine).as_slice()), (expected, classes));
}

#[rstest]
#[case::invalid_bytes(b"data: {\"choices\":[{\"delta\":{\"content\":\"a\xFFb\"}}]}\n\n", &["encoding_error"], "Hela\u{fffd}blo")]
#[case::an_overlong_form(b"data: {\"choices\":[{\"delta\":{\"content\":\"\xC0\x80\"}}]}\n\n", &["encoding_error"], "Hel\u{fffd}\u{fffd}lo")]
#[case::invalid_bytes_in_a_key(b"data: {\"\xFF\":1,\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n", &["encoding_error"], "Helxlo")]
#[case::a_line_end_in_a_string(b"data: {\"choices\":[{\"delta\":{\"content\":\"a\ndata: b\"}}]}\n\n", &[], "Hela\nblo")]
#[case::a_nul_in_a_string(b"data: {\"choices\":[{\"delta\":{\"content\":\"a\0b\"}}]}\n\n", &[], "Hela\0blo")]
#[case::a_key_twice(b"data: {\"choices\":[{\"delta\":{\"content\":\"x\",\"content\":\"y\"}}]}\n\n", &[], "Helylo")]
#[case::a_huge_number(b"data: {\"created\":1e999,\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n", &[], "Helxlo")]
#[case::a_huge_count(b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":99999999999999999999}}\n\n", &["unknown_frame"], "Hello")]
#[case::a_negative_count(b"data: {\"choices\":[],\"usage\":{\"total_tokens\":-1}}\n\n", &["unknown_frame"], "Hello")]
#[case::a_count_as_float(b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9.0}}\n\n", &[], "Hello")]
#[case::a_count_in_words(b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":\"nine\"}}\n\n", &["unknown_frame"], "Hello")]
#[case::an_index_as_string(b"data: {\"choices\":[{\"index\":\"0\",\"delta\":{\"content\":\"x\"}}]}\n\n", &[], "Helxlo")]
#[case::an_index_as_float(b"data: {\"choices\":[{\"index\":0.5,\"delta\":{\"content\":\"x\"}}]}\n\n", &["unknown_frame"], "Helxlo")]
#[case::a_pair_beside_an_odd_value(b"data: {\"id\":7,\"choices\":[{\"delta\":{\"content\":\"\\ud83d\\ude00\"}}]}\n\n", &["unknown_frame"], "Hel\u{1f600}lo")]
#[case::an_object_for_text(b"data: {\"choices\":[{\"delta\":{\"content\":{\"x\":1}}}]}\n\n", &["unknown_frame"], "Hello")]
#[case::a_huge_index(
    b"data: {\"choices\":[{\"index\":99999999999,\"delta\":{\"content\":\"x\"}}]}\n\n",
    &["unknown_frame"],
    "Hello"
)]
#[case::line_ends_of_three_kinds(b"data: {\"choices\":\rdata: [{\"delta\":\r\ndata: {\"content\":\"x\"}}]}\r\n\r", &[], "Helxlo")]
fn odd_but_read(#[case] bad: &[u8], #[case] classes: &[&str], #[case] expected: &str) {
    let findings: Vec<_> = classes.iter().map(|class| (*class, bad)).collect();
    check(200, "text/event-stream", &amid(bad), &findings, expected);
}

#[test]
fn a_stream_with_carriage_returns_alone() {
    let body = format!("{}{}{END}", good("Hel"), good("lo")).replace('\n', "\r");
    check(200, "text/event-stream", body.as_bytes(), &[], "Hello");
}

#[rstest]
#[case::nothing(200, "text/event-stream", "", "terminal_anomaly")]
#[case::white_space(200, "text/event-stream", "\n\n \n", "terminal_anomaly")]
#[case::html(200, "text/event-stream", "<!DOCTYPE html><html><body>Sign in</body></html>", "provider_error")]
#[case::html_of_a_failure(502, "text/html", "<html><h1>502 Bad Gateway</h1></html>", "provider_error")]
#[case::an_error_with_status_200(200, "application/json", "{\"error\":{\"message\":\"no\",\"type\":\"quota\"}}", "provider_error")]
#[case::an_error_as_a_stream(200, "text/event-stream", "{\"error\":{\"message\":\"no\",\"type\":\"quota\"}}", "provider_error")]
#[case::an_error_that_is_cut(503, "application/json", "{\"error\":{\"mess", "provider_error")]
fn a_body_that_is_no_stream(#[case] status: u16, #[case] content_type: &str, #[case] body: &str, #[case] class: &str) {
    for dialect in [Some("openai-chat"), None] {
        let mut inputs = opening(dialect, status, content_type);
        inputs.extend([read(1, body), eof(2)]);
        let engine = judged(&inputs);
        let found = found(&engine);
        assert_eq!(found.first().map(|(class, _)| *class), Some(class), "{found:?}");
        assert_eq!(text(&engine), "");
    }
}

/// A reading of `body` in reads of `step` bytes.
fn reading(limits: Limits, body: &[u8], step: usize) -> Reading {
    let mut reading = Reading::with_limits(limits);
    let inputs = opening(Some("openai-chat"), 200, "text/event-stream").into_iter();
    inputs.chain(body.chunks(step).map(|piece| read(1, piece))).chain([eof(1)]).for_each(|input| reading.fold(&input));
    reading
}

const SMALL: Limits = Limits { frame: 1_000, body: 10_000 };

#[rstest]
#[case::one_line([b"data: ".as_slice(), &[b'x'; 5_000], b"\n\n"].concat())]
#[case::one_line_without_an_end([b"data: ".as_slice(), &[b'x'; 50_000]].concat())]
#[case::many_lines([b"data: x\n".repeat(500).as_slice(), b"\n"].concat())]
#[case::a_comment([b":".as_slice(), &[b'x'; 5_000], b"\n\n"].concat())]
#[case::a_field_name([b"x".repeat(5_000).as_slice(), b"\n\n"].concat())]
fn what_is_too_large_is_kept_to_the_limit_and_said(#[case] large: Vec<u8>) {
    let body = amid(&large);
    for step in [body.len(), 100, 7] {
        let reading = reading(SMALL, &body, step);
        assert_eq!(reading.body(), &body[..body.len().min(10_000)], "bytes are kept up to the limit");
        let first = reading.notes().iter().find(|(_, note)| matches!(note, Note::TooLarge { .. })).unwrap().0;
        assert_eq!(reading.frame(first).start as usize, good("Hel").len());
        let texts: Vec<_> = reading.delta_ids().map(|id| reading.delta(id).text).collect();
        assert_eq!(texts.concat(), if body.len() > 10_000 { "Hel" } else { "Hello" });
        // The judgement speaks of the same bytes.
        let mut judgement = stutterscope::core::judgement::Judgement::new(Default::default());
        judgement.catch_up(&reading);
        let finding = judgement.findings.iter().find(|finding| finding.class == Class::LimitExceeded).unwrap();
        assert_eq!(finding.bytes.start as usize, good("Hel").len());
    }
}

/// Sixteen megabytes are the largest frame that is read; what is larger costs its bytes and one row.
fn check_line(len: usize) {
    let mut body = good("Hel").into_bytes();
    body.extend(b"data: {\"choices\":[{\"delta\":{\"content\":\"");
    body.resize(body.len() + len, b'x');
    body.extend(b"\"}}]}\n\n");
    body.extend([good("lo").as_bytes(), END.as_bytes()].concat());
    let reading = reading(Limits::default(), &body, 16_384);
    assert_eq!((reading.body().len(), reading.frame_count(), reading.delta_count()), (body.len(), 5, 2));
    assert!(reading.notes().contains(&(FrameId(1), Note::TooLarge { limit: 16 << 20 })));
}

#[test]
fn a_line_over_the_limit_is_not_read() {
    check_line(17 << 20);
}

#[test]
#[ignore = "needs 300 MB of memory"]
fn a_line_of_a_hundred_megabytes_is_not_read() {
    check_line(100 << 20);
}

#[rstest]
#[case::blank_lines(b"\n\n", 0)]
#[case::empty_data(b"data:\n\n", 1)]
#[case::empty_comments(b":\n", 1)]
#[case::empty_events(b"event:\n\n", 1)]
fn a_million_empty_frames(#[case] frame: &[u8], #[case] rows: u32) {
    const MILLION: usize = 1_000_000;
    let body = amid(frame.repeat(MILLION));
    let reading = reading(Limits::default(), &body, 16_384);
    assert_eq!(reading.frame_count(), rows * MILLION as u32 + 4);
    let began = Instant::now();
    let mut judgement = stutterscope::core::judgement::Judgement::new(Default::default());
    judgement.catch_up(&reading);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!((judgement.findings.len(), judgement.output.text(&reading, 0, Channel::Text)), (0, "Hello".into()));
}

#[test]
fn a_bomb_of_an_encoding_stops_at_the_limit() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(good("Hello").as_bytes()).unwrap();
    (0..1_024).for_each(|_| encoder.write_all(&[b'\n'; 65_536]).unwrap());
    let body = encoder.finish().unwrap();
    assert!(body.len() < 10_000, "64 MB in {} bytes", body.len());
    let mut reading = Reading::with_limits(SMALL);
    let mut inputs = opening(Some("openai-chat"), 200, "text/event-stream");
    if let What::Head(head) = &mut inputs[2].what {
        head.headers.push(("content-encoding".into(), "zstd".into()));
    }
    inputs.extend(body.chunks(100).map(|piece| read(1, piece)));
    inputs.push(eof(2));
    inputs.iter().for_each(|input| reading.fold(input));
    assert_eq!((reading.body().len(), reading.frame_count(), reading.delta_count()), (10_000, 2, 1));
    assert!(reading.notes().contains(&(FrameId(1), Note::TooLarge { limit: 10_000 })));
}

#[test]
fn a_flood_of_headers_is_kept_and_harmless() {
    let mut inputs = opening(Some("openai-chat"), 200, "text/event-stream");
    if let What::Head(head) = &mut inputs[2].what {
        head.headers.extend((0..100_000).map(|number| (format!("x-{number}"), "\u{1b}[2J".to_owned())));
    }
    inputs.extend([read(1, [good("Hello").as_str(), END].concat()), eof(2)]);
    let engine = judged(&inputs);
    assert_eq!((text(&engine).as_str(), engine.judgement.findings.len()), ("Hello", 0));
}
