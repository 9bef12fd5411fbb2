//! What must hold of every body, whatever it is.

use stutterscope::core::{
    engine::Engine,
    input::{Attempt, End, Head, Input, Origin, Start, What},
    params::{Profile, Strategy},
    reading::{Note, Reading},
    time::Micros,
};

use crate::support::columns::{check_conservation, check_cover, check_shape, content, said};

/// How an exchange is announced and judged.
#[derive(Debug, Clone)]
pub struct Wrapping {
    /// Dialect given by the session.
    pub dialect: Option<&'static str>,
    /// Content type of the head, empty for no head.
    pub content_type: &'static str,
    /// How it is judged.
    pub strategy: Strategy,
    /// How the exchange ends.
    pub end: End,
}

/// The inputs of `body` read in `pieces` (ends of reads, ascending), 700 ms apart.
pub fn inputs(wrapping: &Wrapping, body: &[u8], pieces: &[usize]) -> Vec<Input> {
    let start = Start { origin: Origin::Sent, clocked: true, dialect: wrapping.dialect.map(str::to_owned), ..Start::default() };
    let mut inputs =
        vec![What::Start(Box::new(start)), What::Attempt(Attempt { number: 0, endpoint: String::new(), model: String::new() })];
    if !wrapping.content_type.is_empty() {
        inputs.push(What::Head(Head { status: 200, headers: vec![("content-type".into(), wrapping.content_type.into())] }));
    }
    let mut inputs: Vec<Input> = inputs.into_iter().map(|what| Input { at: Micros::ZERO, what }).collect();
    let (mut from, mut at) = (0, Micros::ZERO);
    for end in pieces {
        at = at + Micros::from_millis(700);
        inputs.push(Input { at, what: What::Bytes(body[from..*end].to_vec()) });
        from = *end;
    }
    inputs.push(Input { at: at + Micros::from_millis(700), what: What::End(wrapping.end.clone()) });
    inputs
}

/// Each read cut into reads of `step` bytes at the same time.
fn cut(inputs: &[Input], step: usize) -> Vec<Input> {
    let mut pieces = Vec::new();
    for input in inputs {
        match &input.what {
            What::Bytes(bytes) => {
                pieces.extend(bytes.chunks(step).map(|piece| Input { at: input.at, what: What::Bytes(piece.to_vec()) }));
            }
            _ => pieces.push(input.clone()),
        }
    }
    pieces
}

fn replayed(inputs: &[Input], profile: Profile) -> Engine {
    let mut engine = Engine::new(profile);
    inputs.iter().for_each(|input| engine.fold(input));
    engine
}

fn read(inputs: &[Input]) -> Reading {
    let mut reading = Reading::default();
    inputs.iter().for_each(|input| reading.fold(input));
    reading
}

/// Folds with a clock that fires every deadline as soon as it is due.
fn live(inputs: &[Input], profile: Profile) -> Engine {
    let mut engine = Engine::new(profile);
    for input in inputs {
        while let Some(due) = engine.judgement.next_deadline().filter(|due| *due < input.at) {
            engine.advance(due);
        }
        engine.fold(input);
    }
    engine
}

/// Panics if something does not hold: shape and cover of the columns, the split property of reading and judging, replay equals
/// live, conservation, and that a report can be made.
pub fn check(wrapping: &Wrapping, body: &[u8], pieces: &[usize], step: usize) {
    let whole = inputs(wrapping, body, pieces);
    let cut = cut(&whole, step);
    let profile = Profile { strategy: wrapping.strategy, ..Profile::default() };
    let replay = replayed(&whole, profile.clone());
    check_shape(&replay.reading);
    let notes = replay.reading.notes();
    if !notes.iter().any(|(_, note)| matches!(note, Note::TooLarge { .. })) {
        check_cover(&replay.reading);
    }
    assert_eq!(content(&read(&cut)), content(&replay.reading), "other reads of the same bytes were read otherwise");
    let live = live(&cut, profile);
    assert_eq!(said(&live), said(&replay), "live, in other reads, was judged otherwise than the replay");
    if wrapping.strategy == Strategy::default() {
        assert_eq!(live.judgement.scores, replay.judgement.scores);
    }
    check_conservation(&replay);
    let report = stutterscope::report::Report::of(&replay.reading, &replay.judgement, "-");
    drop(stutterscope::report::to_json(&report));
}

/// One read and two reads of every length give the same frames, deltas and output. Long bodies are cut at some places only.
pub fn every_split(wrapping: &Wrapping, body: &[u8]) {
    let whole = replayed(&inputs(wrapping, body, &[body.len()]), Profile::default());
    let step = (body.len() / 256).max(1);
    for end in (0..body.len()).step_by(step) {
        let mut two = inputs(wrapping, body, &[body.len()]);
        let last = two.len() - 2;
        let at = two[last].at;
        two[last].what = What::Bytes(body[..end].to_vec());
        two.insert(last + 1, Input { at, what: What::Bytes(body[end..].to_vec()) });
        let two = replayed(&two, Profile::default());
        assert_eq!(content(&two.reading), content(&whole.reading), "cut at {end}");
        assert_eq!(said(&two), said(&whole), "cut at {end}");
    }
}
