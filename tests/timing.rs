//! Stalls, keep-alives that hide them, and bursts: tables of what arrived when, and what is said of it.

mod support;

use rstest::rstest;
use stutterscope::{
    core::{
        class::{Layer, Level},
        engine::Engine,
        input::{Attempt, Head, Input, PauseCause, What},
        params::Profile,
        time::Micros,
    },
    report::Verdict,
};
use support::{classes, eof, finish, frame, judge, read, start, text};

/// What comes, and how long after what came before it, in milliseconds.
#[derive(Debug, Clone, Copy)]
enum Came {
    /// The response head.
    Head(u64),
    /// A text, or the rest of half a one.
    Text(u64),
    /// So many texts at once.
    Lump(u64, u64),
    /// So many texts, each after that time.
    Texts(u64, u64),
    Thought(u64),
    Arguments(u64, &'static str),
    /// A comment.
    Ping(u64),
    /// A data frame that carries nothing.
    Empty(u64),
    /// Half a frame; the rest comes with the next text.
    Half(u64),
    /// This program does not read for so long.
    Pause(u64, u64),
    Finish(u64),
    End(u64),
}
use Came::*;

const CHUNK: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":";

fn inputs(rows: &[Came]) -> Vec<Input> {
    let attempt = Attempt { number: 0, endpoint: "http://test".into(), model: "test".into() };
    let mut inputs = vec![start(true), Input { at: Micros(0), what: What::Attempt(attempt) }];
    let (mut at, mut half, mut words) = (0, String::new(), 0..);
    let mut word = move || frame("content", &format!(" {}", words.next().unwrap_or(0)));
    for came in rows {
        let mut push = |at, bytes: String| inputs.push(read(at, bytes));
        match *came {
            Head(ms) => {
                at += ms;
                let head = Head { status: 200, headers: vec![("content-type".into(), "text/event-stream".into())] };
                inputs.push(Input { at: Micros::from_millis(at), what: What::Head(head) });
            }
            Text(ms) => {
                at += ms;
                let rest = std::mem::take(&mut half);
                push(at, if rest.is_empty() { word() } else { rest });
            }
            Texts(count, ms) => {
                for _ in 0..count {
                    at += ms;
                    push(at, word());
                }
            }
            Lump(count, ms) => {
                at += ms;
                push(at, (0..count).map(|_| word()).collect());
            }
            Thought(ms) => {
                at += ms;
                push(at, word().replace("\"content\"", "\"reasoning_content\""));
            }
            Arguments(ms, text) => {
                at += ms;
                let text = serde_json::to_string(text).unwrap_or_default();
                push(
                    at,
                    format!(
                        "{CHUNK}[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":{text}}}}}]}}}}]}}\n\n"
                    ),
                );
            }
            Ping(ms) => {
                at += ms;
                push(at, ": ping\n\n".into());
            }
            Empty(ms) => {
                at += ms;
                push(at, format!("{CHUNK}[]}}\n\n"));
            }
            Half(ms) => {
                at += ms;
                let mut whole = word();
                half = whole.split_off(30);
                push(at, whole);
            }
            Pause(ms, us) => {
                let pause = What::Paused { us: us * 1_000, cause: PauseCause::Suspended };
                inputs.push(Input { at: Micros::from_millis(at + ms), what: pause });
            }
            Finish(ms) => {
                at += ms;
                push(at, finish());
            }
            End(ms) => {
                at += ms;
                inputs.push(eof(at));
            }
        }
    }
    inputs
}

fn of(rows: &[&[Came]]) -> Engine {
    let rows = rows.concat();
    judge(&inputs(&rows), Profile::default())
}

/// Checks the only finding: class, level, layer and parts of its sentence; none, if `class` is empty.
fn check(engine: &Engine, class: &str, level: Level, layer: Layer, parts: &[&str]) {
    let findings = &engine.judgement.findings;
    if class.is_empty() {
        assert!(findings.is_empty(), "{findings:#?}");
        return;
    }
    assert_eq!(classes(engine), [class], "{findings:#?}");
    let finding = &findings[0];
    assert_eq!((finding.level, finding.layer), (level, layer), "{}", finding.evidence);
    for part in parts {
        assert!(finding.evidence.contains(part), "{part:?} is not in {:?}", finding.evidence);
    }
    let verdict = if level == Level::Note { Verdict::Clean } else { Verdict::Flagged };
    assert_eq!(Verdict::of(findings), verdict);
}

const OPEN: &[Came] = &[Head(200), Texts(8, 40)];
const CLOSE: &[Came] = &[Texts(8, 40), Finish(20), End(1)];

#[rstest]
#[case::before_the_headers(&[Head(61_000), Text(40)], Layer::Server, &["nothing to show for 61000 ms before the headers: the limit is 60000 ms; no keep-alive and no byte came"])]
#[case::before_the_first_text(&[Head(100), Text(61_000)], Layer::Server, &["nothing to show for 61000 ms before the first text: the limit is 60000 ms;"])]
#[case::in_the_text(&[Head(100), Texts(8, 40), Text(7_000)], Layer::Server, &["no text for 7000 ms in the text: the limit is 5000 ms, the stream's median gap about 3", "no byte came"])]
#[case::in_the_reasoning(&[Head(100), Texts(8, 40), Thought(40), Thought(31_000), Text(40)], Layer::Server, &["in the reasoning: the limit is 30000 ms"])]
#[case::in_tool_arguments(&[Head(100), Texts(8, 40), Arguments(40, "{\"a\": "), Arguments(31_000, "1}")], Layer::Server, &["in tool arguments: the limit is 30000 ms"])]
#[case::while_half_a_frame_came(&[Head(100), Texts(8, 40), Half(2_000), Text(4_000)], Layer::Server, &["for 6000 ms", "bytes came, the last 4000 ms before"])]
#[case::before_there_is_a_pace(&[Head(100), Text(40), Text(61_000)], Layer::Server, &["no pace of its own yet"])]
#[case::what_was_sent_meanwhile_comes_at_once(&[Head(100), Texts(8, 40), Lump(120, 7_000)], Layer::Transport, &["then 44 frames at once, which were sent meanwhile"])]
#[case::a_small_lump_is_not_what_was_sent_meanwhile(&[Head(100), Texts(8, 40), Lump(6, 7_000)], Layer::Server, &[])]
fn stalls(#[case] rows: &[Came], #[case] layer: Layer, #[case] parts: &[&str]) {
    check(&of(&[rows, CLOSE]), "stall", Level::Warning, layer, parts);
}

/// While a silence lasts, nobody knows who is silent.
#[test]
fn a_silence_that_never_ends_is_not_blamed() {
    let engine = of(&[OPEN, &[End(20_000)]]);
    assert_eq!(classes(&engine), ["stall", "terminal_anomaly"]);
    let stall = &engine.judgement.findings[0];
    assert_eq!((stall.layer, stall.span), (Layer::Unknown, Some(Micros::from_millis(20_000))));
    assert!(stall.hint.contains("a second request"), "{}", stall.hint);
}

#[rstest]
#[case::two_and_a_half_seconds_a_token(&[Head(100), Texts(8, 2_500)])]
#[case::seven_seconds_a_token(&[Head(100), Texts(12, 7_000)])]
#[case::seven_seconds_a_token_and_one_of_thirty(&[Head(100), Texts(12, 7_000), Text(30_000)])]
#[case::a_prefill_of_45_seconds(&[Head(45_000), Texts(8, 20)])]
#[case::a_prefill_after_the_head(&[Head(100), Texts(1, 45_000), Texts(8, 20)])]
#[case::comments_before_the_first_text(&[Head(100), Ping(0), Ping(10_000), Ping(10_000), Text(6_000)])]
#[case::thinking_between_its_summaries(&[Head(100), Texts(8, 40), Thought(40), Thought(20_000), Thought(15_000)])]
#[case::pings_in_a_short_gap(&[Head(100), Texts(8, 40), Ping(1_000), Ping(1_000), Ping(1_000), Text(1_000)])]
#[case::a_pause_of_this_program(&[Head(100), Texts(8, 40), Pause(500, 60_000), Text(60_800)])]
#[case::a_pause_before_the_head(&[Pause(100, 60_000), Head(61_000), Texts(8, 40)])]
fn no_stall(#[case] rows: &[Came]) {
    let engine = of(&[rows, &[Finish(20), End(1)]]);
    check(&engine, "", Level::Note, Layer::Unknown, &[]);
}

#[rstest]
#[case::pings_in_long_thinking(&[Head(100), Text(40), Ping(27_241), Ping(30_012), Text(13_747)], Level::Note, &["for 71000 ms", "2 keep-alives came"])]
#[case::pings_in_a_quick_stream(&[Head(100), Texts(8, 40), Ping(3_000), Ping(3_000), Text(2_000)], Level::Note, &["for 8000 ms"])]
#[case::pings_for_two_minutes(&[Head(100), Texts(8, 40), Ping(30_000), Ping(30_000), Ping(30_000), Ping(29_000), Text(1_000)], Level::Warning, &["for 120000 ms", "4 keep-alives"])]
#[case::empty_data_for_two_minutes(&[Head(100), Text(40), Empty(30_000), Empty(30_000), Empty(30_000), Empty(30_000)], Level::Warning, &["keep-alives came"])]
fn keepalives(#[case] rows: &[Came], #[case] level: Level, #[case] parts: &[&str]) {
    check(&of(&[rows, CLOSE]), "keepalive_masked", level, Layer::Server, parts);
}

/// A warning comes when keep-alives stop being an excuse, by the clock and not by the next input.
#[test]
fn the_second_deadline_is_computed_too() {
    let rows = [OPEN, &[Ping(2_000), Ping(2_000), Ping(2_000)]].concat();
    let mut engine = Engine::new(Profile::default());
    inputs(&rows).iter().for_each(|input| engine.fold(input));
    let since = Micros::from_millis(200 + 8 * 40);
    assert_eq!(engine.judgement.findings[0].level, Level::Note);
    assert_eq!(engine.judgement.next_deadline(), Some(since + Micros::from_millis(90_000)));
    engine.advance(since + Micros::from_millis(90_000));
    assert_eq!((engine.judgement.findings[0].level, engine.judgement.next_deadline()), (Level::Warning, None));
}

/// The deadline is fixed when the gap begins: what would change the pace cannot move it.
#[rstest]
#[case(40, 5_000)]
#[case(2_000, 16_000)]
#[case(60, 5_000)]
fn the_deadline_follows_the_pace(#[case] gap_ms: u64, #[case] limit_ms: u64) {
    let mut engine = Engine::new(Profile::default());
    inputs(&[Head(100), Texts(9, gap_ms)]).iter().for_each(|input| engine.fold(input));
    let last = Micros::from_millis(100 + 9 * gap_ms);
    let limit = engine.judgement.next_deadline().map(|at| at.since(last).millis()).unwrap_or_default();
    assert!(limit.abs_diff(limit_ms) <= limit_ms / 16, "{limit}");
}

#[rstest]
#[case::a_buffer_that_fills(&[Head(100), Lump(65, 17_500), Lump(65, 16_500), Lump(65, 16_500)], Layer::Proxy, &["3 bursts of about 65 frames", "one every 16500 ms", "the first text after 17600 ms"])]
#[case::small_and_even(&[Head(10), Lump(8, 90), Lump(8, 44), Lump(8, 44), Lump(8, 44)], Layer::Server, &["4 bursts of about 8 frames", "one every 44 ms", "decodes in batches"])]
#[case::small_and_even_but_late(&[Head(10), Lump(8, 277), Lump(8, 44), Lump(8, 44)], Layer::Unknown, &["the first text was late"])]
#[case::uneven_number_even_time(&[Head(10), Lump(10, 400), Lump(14, 420), Lump(9, 410), Lump(12, 430)], Layer::Proxy, &["collects what the server sends"])]
fn bursts(#[case] rows: &[Came], #[case] layer: Layer, #[case] parts: &[&str]) {
    check(&of(&[rows, &[Finish(20), End(1)]]), "proxy_burst", Level::Warning, layer, parts);
}

#[rstest]
#[case::one_clump(&[Head(100), Text(0), Text(30), Text(220), Text(1), Text(1), Text(28)])]
#[case::one_large_clump(&[Head(100), Texts(10, 30), Lump(20, 600), Texts(10, 30)])]
#[case::a_frame_a_read(&[Head(100), Texts(60, 10)])]
#[case::two_or_three_a_read(&[Head(100), Lump(2, 30), Lump(3, 25), Lump(2, 31), Lump(1, 20), Lump(3, 40), Lump(2, 30), Lump(3, 30)])]
#[case::always_three_a_read(&[Head(100), Lump(3, 30), Lump(3, 30), Lump(3, 30), Lump(3, 30), Lump(3, 30)])]
#[case::a_fast_model_in_uneven_reads(&[Head(100), Lump(9, 30), Lump(17, 22), Lump(7, 60), Lump(25, 31), Lump(12, 90), Lump(6, 24)])]
#[case::what_waited_while_this_program_did_not_read(&[Head(10), Pause(1, 400), Lump(10, 420), Pause(1, 400), Lump(10, 420), Pause(1, 400), Lump(10, 420), Pause(1, 400), Lump(10, 420)])]
fn no_burst(#[case] rows: &[Came]) {
    check(&of(&[rows, &[Finish(20), End(1)]]), "", Level::Note, Layer::Unknown, &[]);
}

const ARGUMENTS: &str = "{\"path\": \"a.txt\", \"content\": \"many lines\"}";

#[rstest]
#[case::after_a_long_silence(40_000, ARGUMENTS, &[("proxy_burst", Level::Warning)])]
#[case::after_a_short_one(8_000, ARGUMENTS, &[("proxy_burst", Level::Note)])]
#[case::at_once(900, ARGUMENTS, &[])]
#[case::too_short_to_have_taken_long(40_000, "{\"a\": 1}", &[])]
#[case::a_piece(40_000, "{\"path\": \"a.txt\", \"content\": \"many", &[("terminal_anomaly", Level::Note)])]
fn kept_arguments(#[case] gap_ms: u64, #[case] arguments: &'static str, #[case] found: &[(&str, Level)]) {
    let engine = of(&[&[Head(100), Text(40), Arguments(gap_ms, arguments), Finish(20), End(1)]]);
    let findings = &engine.judgement.findings;
    let said: Vec<_> = findings.iter().filter(|finding| finding.class.name() != "stall").collect();
    assert_eq!(said.iter().map(|finding| (finding.class.name(), finding.level)).collect::<Vec<_>>(), found, "{findings:#?}");
    let mut kept = said.iter().filter(|finding| finding.class.name() == "proxy_burst");
    assert!(kept.all(|finding| finding.layer == Layer::Server && finding.evidence.contains("at their end")), "{said:?}");
}

/// Compression without flushes is told by the response's head.
#[test]
fn compressed_bursts() {
    let mut rows = inputs(&[Head(10), Lump(10, 400), Lump(14, 420), Lump(9, 410), Finish(20), End(1)]);
    let reads = rows.iter().filter(|input| matches!(input.what, What::Bytes(_))).count();
    let (mut plain, mut read) = (Vec::new(), 0);
    for input in &mut rows {
        match &mut input.what {
            What::Head(head) => head.headers.push(("content-encoding".into(), "deflate".into())),
            What::Bytes(bytes) => {
                plain.extend_from_slice(bytes);
                read += 1;
                *bytes = stored(bytes, read == 1, (read == reads).then_some(&plain));
            }
            _ => {}
        }
    }
    let engine = judge(&rows, Profile::default());
    check(&engine, "proxy_burst", Level::Warning, Layer::Proxy, &["the body is compressed (deflate)"]);
    assert!(text(&engine).starts_with(" 0 1 2"));
}

/// `bytes` as a stored block of a zlib stream, which begins with it or ends with it, `all` being its plain text.
fn stored(bytes: &[u8], begins: bool, all: Option<&Vec<u8>>) -> Vec<u8> {
    let len = bytes.len() as u16;
    let begin: &[u8] = if begins { &[0x78, 0x01] } else { &[] };
    let check = all.map(|all| {
        let (one, two) = all.iter().fold((1_u32, 0_u32), |(one, two), byte| {
            let one = (one + u32::from(*byte)) % 65_521;
            (one, (two + one) % 65_521)
        });
        (two << 16 | one).to_be_bytes()
    });
    let block = [&[u8::from(all.is_some())][..], &len.to_le_bytes(), &(!len).to_le_bytes(), bytes].concat();
    [begin, &block, check.as_ref().map_or(&[], |check| &check[..])].concat()
}
