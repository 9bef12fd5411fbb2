//! Every dialect's reading against a floor of its own, in one run: lines by memchr (binary messages by their lengths and checksums), serde_json
//! into a struct that borrows the text alone, and the text appended. Medians of interleaved rounds (`ROUNDS`, 15 by default).
//!
//! Replicate's payload is the text itself, and its event's name says whether it is one: its floor looks at names, joins lines and ends
//! events where they end, instead of reading JSON.
//!
//! `cargo bench --bench dialects`, or with `-- FILTER` for the dialects whose name has it.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::{borrow::Cow, hint::black_box, time::Instant};

use base64::Engine;
use serde::Deserialize;
use stutterscope::core::{
    dialect::{DIALECTS, DialectInfo, WriterStart, WriterStep},
    frame::{Framing, event_stream::Crc32},
    input::{Attempt, End, Head, Input, Origin, Start, What},
    reading::{Channel, ChannelKey, Reading, Usage},
    time::Micros,
};

const WORDS: &[&str] =
    &[" the", " stream", " is", " read", ",", " and", " a", " server", " said", " it", ".", " once", "\n\n", " more", " byte"];

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow, with = "serde_bytes")] Cow<'a, [u8]>);

/// A struct that borrows one field of an object, to be nested.
macro_rules! object {
    ($name:ident { $field:ident: $kind:ty }) => {
        #[derive(Deserialize)]
        struct $name<'a> {
            #[serde(borrow)]
            $field: Option<$kind>,
        }
    };
}

object!(Delta { delta: Text<'a> });
object!(TextOf { text: Text<'a> });
object!(ValueOf { value: Text<'a> });
object!(ContentOf { content: Text<'a> });
object!(CompletionOf { completion: Text<'a> });
object!(GeneratedOf { generated_text: Text<'a> });
object!(Choices { choices: Vec<ChoiceOf<'a>> });
object!(ChoiceOf { delta: ContentOf<'a> });
object!(TextChoices { choices: Vec<TextOf<'a>> });
object!(TextDelta { delta: TextOf<'a> });
object!(Candidates { candidates: Vec<Candidate<'a>> });
object!(Candidate { content: Parts<'a> });
object!(Parts { parts: Vec<TextOf<'a>> });
object!(MessageOf { message: ContentOf<'a> });
object!(CohereDelta { delta: CohereMessage<'a> });
object!(CohereMessage { message: CohereContent<'a> });
object!(CohereContent { content: TextOf<'a> });
object!(Output { output: Messages<'a> });
object!(Messages { choices: Vec<MessageOf<'a>> });
object!(Token { token: TextOf<'a> });
object!(Results { results: Vec<GeneratedOf<'a>> });
object!(Assistant { delta: AssistantContent<'a> });
object!(AssistantContent { content: Vec<AssistantText<'a>> });
object!(AssistantText { text: ValueOf<'a> });
object!(BytesOf { bytes: Text<'a> });
object!(Tool { result: ToolContent<'a> });
object!(ToolContent { content: Vec<TextOf<'a>> });

type Floor = fn(&[u8], &mut Vec<u8>);

/// What the floor of a dialect does with a payload; `None` where its payload is no JSON.
fn floor_of(id: &str) -> Floor {
    macro_rules! path {
        ($first:ident $(. $step:ident)*) => {
            |data, out| {
                if let Ok(value) = serde_json::from_slice::<$first<'_>>(data)
                    && let Some(text) = path!(@ value $(. $step)*)
                {
                    out.extend_from_slice(&text.0);
                }
            }
        };
        (@ $value:ident . $field:ident) => { $value.$field.as_ref() };
        (@ $value:ident . $field:ident . first $(. $rest:ident)+) => {
            $value.$field.as_ref().and_then(|list| list.first()).and_then(|item| path!(@ item $(. $rest)+))
        };
        (@ $value:ident . $field:ident $(. $rest:ident)+) => {
            $value.$field.as_ref().and_then(|inner| path!(@ inner $(. $rest)+))
        };
    }
    match id {
        "openai-chat" => path!(Choices.choices.first.delta.content),
        "openai-responses" | "openai-transcription" => path!(Delta.delta),
        "anthropic" | "gemini-interactions" | "bedrock" => path!(TextDelta.delta.text),
        "gemini" => path!(Candidates.candidates.first.content.parts.first.text),
        "ollama" => path!(MessageOf.message.content),
        "cohere-v2" => path!(CohereDelta.delta.message.content.text),
        "cohere-v1" | "sglang" => path!(TextOf.text),
        "dashscope" => path!(Output.output.choices.first.message.content),
        "tgi" => path!(Token.token.text),
        "openai-completions" => path!(TextChoices.choices.first.text),
        "openai-assistants" => path!(Assistant.delta.content.first.text.value),
        "anthropic-complete" => path!(CompletionOf.completion),
        "watsonx" => path!(Results.results.first.generated_text),
        "writer-completions" => path!(ValueOf.value),
        "llamacpp" => path!(ContentOf.content),
        "mcp" => path!(Tool.result.content.first.text),
        "bedrock-agent" => |data, out| {
            if let Ok(BytesOf { bytes: Some(text) }) = serde_json::from_slice::<BytesOf<'_>>(data) {
                out.extend_from_slice(&base64::engine::general_purpose::STANDARD.decode(&text.0).unwrap());
            }
        },
        _ => |data, out| out.extend_from_slice(data),
    }
}

/// All payloads of the bodies, each read at the end of its read.
fn floor(framing: Framing, read: Floor, pieces: &[Vec<u8>]) -> usize {
    let (mut body, mut text, mut done) = (Vec::new(), Vec::new(), 0);
    for piece in pieces {
        body.extend_from_slice(piece);
        if framing == Framing::EventStream {
            while let Some(lengths) = body.get(done..done + 8) {
                let number = |at: usize| u32::from_be_bytes(lengths[at..at + 4].try_into().unwrap()) as usize;
                let Some(message) = body.get(done..done + number(0)) else { break };
                let (checked, sum) = message.split_at(message.len() - 4);
                assert_eq!(Crc32::of(checked).to_be_bytes(), *sum);
                read(&message[12 + number(4)..message.len() - 4], &mut text);
                done += message.len();
            }
            continue;
        }
        while let Some(end) = memchr::memchr(b'\n', &body[done..]) {
            let line = &body[done..done + end];
            done += end + 1;
            let data = match framing {
                Framing::Ndjson => Some(line),
                _ => line.strip_prefix(b"data:"),
            };
            if let Some(data) = data.filter(|data| !data.is_empty()) {
                read(data.trim_ascii(), &mut text);
            }
        }
    }
    text.len()
}

/// The same where only the event's name says what the data is, and the data is the text: the least that any reader of it does. Lines
/// may end in CR, and a text must be UTF-8, which JSON's floor leaves to the parser and to nobody.
fn floor_of_events(pieces: &[Vec<u8>]) -> usize {
    let (mut body, mut text, mut done) = (Vec::new(), String::new(), 0);
    let (mut output, mut data) = (false, None::<std::ops::Range<usize>>);
    for piece in pieces {
        body.extend_from_slice(piece);
        while let Some(end) = memchr::memchr2(b'\n', b'\r', &body[done..]) {
            let line = &body[done..done + end];
            if line.is_empty() {
                if let (true, Some(data)) = (output, data.take()) {
                    let lines = body[data].split(|byte| *byte == b'\n').map(|line| line.strip_prefix(b"data: ").unwrap_or(line));
                    lines.enumerate().for_each(|(number, line)| {
                        text.push_str(if number > 0 { "\n" } else { "" });
                        text.push_str(std::str::from_utf8(line).unwrap());
                    });
                }
                output = false;
            } else if let Some(name) = line.strip_prefix(b"event: ") {
                output = name == b"output";
            } else if line.starts_with(b"data: ") {
                let start = data.take().map_or(done, |data| data.start);
                data = Some(start..done + end);
            }
            done += end + 1;
        }
    }
    text.len()
}

fn inputs(info: &'static DialectInfo, pieces: &[Vec<u8>]) -> Vec<Input> {
    let start =
        Start { origin: Origin::Sent, clocked: true, provider: "bench".into(), dialect: Some(info.id.into()), ..Start::default() };
    let head = Head { status: 200, headers: vec![("content-type".into(), info.content_type.into())] };
    let opening = [
        What::Start(Box::new(start)),
        What::Attempt(Attempt { number: 0, endpoint: String::new(), model: String::new() }),
        What::Head(head),
    ];
    let bytes = pieces.iter().map(|piece| What::Bytes(piece.clone()));
    let all = opening.into_iter().chain(bytes).chain([What::End(End::Eof)]);
    all.map(|what| Input { at: Micros::ZERO, what }).collect()
}

fn read(inputs: &[Input]) -> Reading {
    let mut reading = Reading::default();
    inputs.iter().for_each(|input| reading.fold(input));
    reading
}

/// `count` text deltas as the dialect's writer says them, one read each.
fn pieces(info: &'static DialectInfo, count: usize) -> Vec<Vec<u8>> {
    let start = WriterStart { model: "bench-model-1".into(), id: "answer-9vK1yQ2mT8sLr4bX".into(), created: 1_756_618_477 };
    let mut writer = (info.writer)(&start);
    let mut pieces = Vec::new();
    let mut write = |step: WriterStep, number: usize| {
        let mut out = Vec::new();
        writer.write(&step, number as u64 * 20_000_000, &mut out);
        if !out.is_empty() {
            pieces.push(out);
        }
    };
    write(WriterStep::Usage(Usage { input: Some(9), output: Some(4), total: Some(13) }), 0);
    write(WriterStep::Begin, 0);
    for number in 0..count {
        let key = ChannelKey { choice: 0, block: 0, channel: Channel::Text };
        let text = WORDS[number * 7 % WORDS.len()].to_owned();
        write(WriterStep::Text { key, text, preamble: false }, number);
    }
    write(WriterStep::Finish { reason: String::new(), text: String::new() }, count);
    write(WriterStep::End, count);
    pieces
}

/// The same pieces with every increment of `marker` made all text so far, as DashScope sends it unasked.
fn cumulative(pieces: &[Vec<u8>], marker: &str) -> Vec<Vec<u8>> {
    let mut said = String::new();
    let grown = |piece: &Vec<u8>| {
        let text = String::from_utf8(piece.clone()).unwrap();
        let Some(start) = text.find(marker).map(|at| at + marker.len()) else { return piece.clone() };
        let end = start + text[start..].find('"').unwrap();
        said.push_str(&text[start..end]);
        format!("{}{said}{}", &text[..start], &text[end..]).into_bytes()
    };
    pieces.iter().map(grown).collect()
}

/// The same pieces with another id in each: no envelope holds.
fn renamed(pieces: &[Vec<u8>], id: &str) -> Vec<Vec<u8>> {
    let rename = |(number, piece): (usize, &Vec<u8>)| {
        String::from_utf8(piece.clone()).unwrap().replace(id, &format!("answer-{number:016x}")).into_bytes()
    };
    pieces.iter().enumerate().map(rename).collect()
}

fn measure(name: &str, info: &'static DialectInfo, pieces: &[Vec<u8>]) {
    let read_json = floor_of(info.id);
    let floor = |pieces: &[Vec<u8>]| match info.id {
        "replicate" => floor_of_events(pieces),
        _ => floor(info.framing, read_json, pieces),
    };
    let inputs = inputs(info, pieces);
    let said = floor(pieces);
    assert!(said > 0, "{name}: the floor reads nothing");
    let time = |run: &dyn Fn()| {
        let begin = Instant::now();
        run();
        begin.elapsed().as_secs_f64()
    };
    let mut ratios: Vec<(f64, f64)> = (0..std::env::var("ROUNDS").map_or(15, |rounds| rounds.parse().unwrap()))
        .map(|_| {
            let floor = time(&|| {
                black_box(floor(pieces));
            });
            (floor / time(&|| drop(black_box(read(&inputs)))), floor)
        })
        .collect();
    ratios.sort_by(|one, two| one.0.total_cmp(&two.0));
    let (ratio, floor) = ratios[ratios.len() / 2];
    println!(
        "{name:<32} reading at {ratio:.2} of its floor's speed, which takes {:.0} ns a frame",
        floor * 1e9 / pieces.len() as f64
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| name.contains(argument.as_str()));
    // Labelled cases are no wire.
    for info in DIALECTS.iter().filter(|info| info.id != "labelled") {
        // What repeats all text so far takes a square of its length.
        let count = if info.id == "sglang" { 1_000 } else { 5_000 };
        let plain = pieces(info, count);
        let mut rows = vec![(info.id.to_owned(), plain.clone())];
        match info.id {
            "dashscope" => {
                rows.push(("dashscope, cumulative".into(), cumulative(&pieces(info, 1_000), "\"content\":\"")));
            }
            "openai-chat" | "anthropic-complete" => {
                rows.push((format!("{}, another id a frame", info.id), renamed(&plain, "answer-9vK1yQ2mT8sLr4bX")));
            }
            _ => {}
        }
        for (name, pieces) in rows.iter().filter(|(name, _)| wanted(name)) {
            measure(name, info, pieces);
        }
    }
}
