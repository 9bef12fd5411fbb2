//! From a script to inputs: a dialect writes it, a server has its habits, and a connection cuts it into reads.

use super::{
    random::Random,
    script::{Script, Tamper},
};
use crate::core::{
    dialect::{DialectInfo, WriterStart, WriterStep},
    frame::Framing,
    input::{Attempt, End, Head, Input, Start, What},
    time::Micros,
};

/// The id that writers claim; every frame's own one takes its place.
const ID: &str = "gen-0000000000";

/// What a server does to the identities in its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identities {
    /// One completion id, numbers in sequence.
    Meant,
    /// A new completion id in every frame.
    Fresh,
    /// Two completion ids in turn.
    Alternating,
    /// Every number is 0.
    Zero,
    /// Numbers that mean nothing.
    Random,
}

/// The session of `script` in `dialect`.
pub fn inputs(random: &mut Random, dialect: &'static DialectInfo, script: Script) -> Vec<Input> {
    let identities = if script.faulty {
        Identities::Meant
    } else {
        use Identities::{Alternating, Fresh, Meant, Random, Zero};
        *random.pick(&[Meant, Meant, Meant, Fresh, Alternating, Zero, Random])
    };
    let frames = frames(random, dialect, &script, identities);
    session(random, dialect, frames)
}

/// One frame for each step that the dialect has a frame for.
fn frames(random: &mut Random, dialect: &DialectInfo, script: &Script, identities: Identities) -> Vec<Vec<u8>> {
    let start = WriterStart { model: "generated".into(), id: ID.into(), created: 1_760_000_000 };
    let mut writer = (dialect.writer)(&start);
    let mut frames: Vec<(usize, Vec<u8>)> = Vec::new();
    for (index, beat) in script.beats.iter().enumerate() {
        let mut bytes = Vec::new();
        writer.write(&beat.step, index as u64 * 20_000_000 + 17, &mut bytes);
        if matches!(beat.step, WriterStep::Finish { .. }) {
            let first = bytes.clone();
            for choice in 1..script.choices {
                bytes.extend(replaced(&first, "\"index\":0", &format!("\"index\":{choice}")));
            }
        }
        if bytes.is_empty() {
            continue;
        }
        if dialect.framing != Framing::EventStream {
            let number = match identities {
                Identities::Fresh => random.next() % 10_000_000_000,
                Identities::Alternating => index as u64 % 2,
                _ => u64::from(beat.id),
            };
            bytes = replaced(&bytes, ID, &format!("gen-{number:010}"));
            bytes = match identities {
                Identities::Zero => renumbered(&bytes, |_| 0),
                Identities::Random => renumbered(&bytes, |_| random.next() % 1000),
                _ => bytes,
            };
        }
        frames.push((index, bytes));
    }
    let at = |beat: usize| frames.iter().position(|(index, _)| *index == beat);
    match script.tamper {
        Tamper::Nothing => {}
        Tamper::Again { first, last } => {
            if let (Some(first), Some(last)) = (at(first), at(last)) {
                let copies = frames[first..=last].to_vec();
                frames.splice(last + 1..last + 1, copies);
            }
        }
        Tamper::Swap(beat) => {
            if let Some(at) = at(beat).filter(|at| at + 1 < frames.len()) {
                frames.swap(at, at + 1);
            }
        }
    }
    frames.into_iter().map(|(_, bytes)| bytes).collect()
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8_lossy(bytes).replace(from, to).into_bytes()
}

/// Gives every `sequence_number` another value.
fn renumbered(bytes: &[u8], mut number: impl FnMut(u64) -> u64) -> Vec<u8> {
    const KEY: &str = "\"sequence_number\":";
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::new();
    let mut rest = text.as_ref();
    while let Some(at) = rest.find(KEY) {
        let digits = rest[at + KEY.len()..].bytes().take_while(u8::is_ascii_digit).count();
        let end = at + KEY.len() + digits;
        let old = rest[at + KEY.len()..end].parse().unwrap_or(0);
        out.push_str(&rest[..at + KEY.len()]);
        out.push_str(&number(old).to_string());
        rest = &rest[end..];
    }
    out.push_str(rest);
    out.into_bytes()
}

/// Reads and their times, with or without a clock.
fn session(random: &mut Random, dialect: &'static DialectInfo, frames: Vec<Vec<u8>>) -> Vec<Input> {
    let clocked = random.chance(60);
    let start = Start {
        clocked,
        dialect: random.chance(50).then(|| dialect.id.to_string()),
        model: "generated".into(),
        ..Start::default()
    };
    let mut inputs = vec![Input { at: Micros::ZERO, what: What::Start(Box::new(start)) }];
    let mut push = |at: u64, what| inputs.push(Input { at: if clocked { Micros(at) } else { Micros::ZERO }, what });
    push(0, What::Attempt(Attempt { number: 0, endpoint: "http://127.0.0.1".into(), model: "generated".into() }));
    let headers = vec![("content-type".to_string(), dialect.content_type.to_string())];
    push(90_000, What::Head(Head { status: 200, headers }));
    let (mut at, pace, joined, torn) = (400_000, random.between(4, 90) as u64, random.chance(25), random.chance(25));
    let mut pending: Vec<u8> = Vec::new();
    for frame in frames {
        pending.extend(frame);
        if joined && random.chance(60) {
            continue;
        }
        at += pace * 1_000 * random.between(50, 170) as u64 / 100;
        if torn && pending.len() > 2 {
            let rest = pending.split_off(random.between(1, pending.len() - 1));
            push(at, What::Bytes(std::mem::replace(&mut pending, rest)));
            at += 300;
        }
        push(at, What::Bytes(std::mem::take(&mut pending)));
    }
    if !pending.is_empty() {
        push(at + 5_000, What::Bytes(pending));
    }
    push(at + 9_000, What::End(End::Eof));
    inputs
}
