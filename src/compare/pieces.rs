//! The text of a reading in pieces, by which of two outputs keeps them.

use std::{collections::BTreeMap, fmt::Write, ops::Range};

use serde::Serialize;

use crate::{
    compare::cuts::Taken,
    core::{
        output::{Fate, Output},
        reading::{ChannelKey, DeltaId, Reading},
    },
    report::diff::heading,
    sanitise::sanitise_block,
};

/// Which of two texts a piece is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeps {
    /// Both.
    Both,
    /// Only the first.
    A,
    /// Only the second.
    B,
}

/// A piece of one delta's text that at least one output passes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The delta.
    pub delta: DeltaId,
    /// Where it belongs.
    pub key: ChannelKey,
    /// The text.
    pub text: &'a str,
    /// Who keeps it.
    pub keeps: Keeps,
}

/// The pieces of these deltas' text that `a` or `b` passes on, in order of arrival.
pub fn pieces<'a>(reading: &'a Reading, a: &'a Output, b: &'a Output, deltas: Range<u32>) -> impl Iterator<Item = Piece<'a>> + 'a {
    deltas.map(DeltaId).flat_map(move |delta| {
        let row = reading.delta(delta);
        let (of_a, of_b) = (passed(reading, a, delta), passed(reading, b, delta));
        let mut ends: Vec<u32> = of_a.iter().chain(&of_b).flat_map(|range| [range.start, range.end]).collect();
        ends.sort_unstable();
        ends.dedup();
        let piece = move |window: &[u32]| {
            let within = |ranges: &Taken| ranges.iter().any(|range| range.start <= window[0] && window[1] <= range.end);
            let keeps = match (within(&of_a), within(&of_b)) {
                (true, true) => Keeps::Both,
                (true, false) => Keeps::A,
                (false, true) => Keeps::B,
                (false, false) => return None,
            };
            Some(Piece { delta, key: row.key, text: &row.text[window[0] as usize..window[1] as usize], keeps })
        };
        ends.windows(2).filter_map(piece).collect::<Vec<_>>()
    })
}

/// The ranges of a delta that an output passes on.
fn passed(reading: &Reading, output: &Output, delta: DeltaId) -> Taken {
    let segments = output.segments(reading, delta, output.released);
    segments.into_iter().filter(|segment| segment.fate == Fate::Emitted).map(|segment| segment.range).collect()
}

/// A run of text with one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Who keeps it.
    pub keeps: Keeps,
    /// The text.
    pub text: String,
}

/// Appends `text` to the runs, to the last one if that has the same owner.
pub fn push(runs: &mut Vec<Run>, keeps: Keeps, text: &str) {
    match runs.last_mut() {
        Some(last) if last.keeps == keeps => last.text.push_str(text),
        _ if text.is_empty() => {}
        _ => runs.push(Run { keeps, text: text.to_owned() }),
    }
}

/// The runs of each channel, whole.
pub fn runs(reading: &Reading, a: &Output, b: &Output) -> BTreeMap<ChannelKey, Vec<Run>> {
    let mut runs = BTreeMap::<ChannelKey, Vec<Run>>::new();
    for piece in pieces(reading, a, b, 0..reading.delta_count()) {
        push(runs.entry(piece.key).or_default(), piece.keeps, piece.text);
    }
    runs
}

/// The runs as text for people: what only the first has as `[-…-]`, what only the second has as `{+…+}`, each channel under a
/// heading. Long runs that both have are shown by their ends. Sanitised.
pub fn to_text(runs: &BTreeMap<ChannelKey, Vec<Run>>) -> String {
    let mut out = String::new();
    for (key, runs) in runs.iter().filter(|(_, runs)| runs.iter().any(|run| run.keeps != Keeps::Both)) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {}:", heading(key));
        let last = runs.len() - 1;
        let text: String = runs.iter().enumerate().map(|(index, run)| shown(run, index > 0, index < last)).collect();
        for line in sanitise_block(&text).lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    out
}

/// Characters of a common run that are shown on each side of a difference.
const CONTEXT: usize = 120;

fn shown(run: &Run, after: bool, before: bool) -> String {
    match run.keeps {
        Keeps::A => format!("[-{}-]", run.text),
        Keeps::B => format!("{{+{}+}}", run.text),
        Keeps::Both => {
            let chars = run.text.chars().count();
            let (head, tail) = (if after { CONTEXT } else { 0 }, if before { CONTEXT } else { 0 });
            if chars <= head + tail + CONTEXT / 2 {
                return run.text.clone();
            }
            let first: String = run.text.chars().take(head).collect();
            let last: String = run.text.chars().skip(chars - tail).collect();
            format!("{first}…{last}")
        }
    }
}
