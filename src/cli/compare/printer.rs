//! A comparison as text for people. Everything from outside is sanitised here.

use std::fmt::{self, Write};

use crate::{
    cli::compare::comparison::{Comparison, Parting, Place},
    compare::{Side, pieces},
    core::time::Micros,
    report::diff::heading,
    sanitise::sanitise,
};

/// The most characters of a delta that are shown.
const PIECE: usize = 80;

/// The comparison in plain words: both sides, where they part, what each found, and the text with its differences.
pub fn to_text(comparison: &Comparison) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, comparison);
    out
}

fn write(out: &mut String, comparison: &Comparison) -> fmt::Result {
    let (a, b) = (&comparison.a, &comparison.b);
    for (letter, side) in [("A", a), ("B", b)] {
        side_line(out, letter, side)?;
    }
    match &comparison.parting {
        None if comparison.same => writeln!(out, "the same")?,
        None => writeln!(out, "the texts are the same")?,
        Some(parting) if comparison.one_session => one_session(out, comparison, parting)?,
        Some(parting) => two_sessions(out, parting)?,
    }
    if !comparison.findings.is_empty() {
        writeln!(out, "\n{:<24} {:>8} {:>8}", "findings", "A", "B")?;
        for (class, of_a, of_b) in &comparison.findings {
            writeln!(out, "  {:<22} {of_a:>8} {of_b:>8}", class.name())?;
        }
    }
    if !comparison.one_session {
        numbers(out, a, b)?;
    }
    let diff = pieces::to_text(&comparison.runs);
    if !diff.is_empty() {
        write!(out, "\nonly in A [-…-], only in B {{+…+}}:\n{diff}")?;
    }
    Ok(())
}

fn side_line(out: &mut String, letter: &str, side: &Side) -> fmt::Result {
    write!(out, "{letter}  {} · {} · {}", sanitise(&side.file), sanitise(&side.judged), side.verdict.word())?;
    if side.suppressed_chars > 0 {
        write!(out, " · {} of {} chars taken out", side.suppressed_chars, side.received_chars)?;
    }
    if side.held_deltas > 0 {
        write!(out, " · {} of {} deltas held", side.held_deltas, side.deltas)?;
    }
    writeln!(out)
}

fn one_session(out: &mut String, comparison: &Comparison, parting: &Parting) -> fmt::Result {
    let Some(place) = &parting.a else { return Ok(()) };
    writeln!(out, "they part first at {}, {}", where_is(place), heading(&parting.key))?;
    writeln!(out, "  after    {}", quote(&parting.before))?;
    writeln!(out, "  came     {}", quote(&place.text))?;
    for (letter, place) in [("A", &parting.a), ("B", &parting.b)] {
        let Some(place) = place else { continue };
        if place.taken.is_empty() {
            writeln!(out, "  {letter} passes it on whole")?;
            continue;
        }
        let taken: Vec<String> = place.taken.iter().map(|text| quote(text)).collect();
        write!(out, "  {letter} takes out {}", taken.join(" and "))?;
        if let (Some(class), Some(evidence)) = (place.class, &place.evidence) {
            write!(out, " ({}: {})", class.name(), sanitise(evidence.trim_end_matches('.')))?;
        }
        writeln!(out)?;
    }
    let deltas = comparison.parting_deltas.unwrap_or(0);
    let (of_a, of_b) = comparison.only.unwrap_or_default();
    let noun = if deltas == 1 { "delta" } else { "deltas" };
    writeln!(out, "  they part at {deltas} {noun}: {of_a} chars only in A, {of_b} only in B")
}

fn two_sessions(out: &mut String, parting: &Parting) -> fmt::Result {
    writeln!(out, "they part first in {}", heading(&parting.key))?;
    writeln!(out, "  after    {}", quote(&parting.before))?;
    for (letter, place) in [("A", &parting.a), ("B", &parting.b)] {
        match place {
            Some(place) => writeln!(out, "  {letter} {}: {}", where_is(place), quote(&place.text))?,
            None => writeln!(out, "  {letter} has no such text")?,
        }
    }
    Ok(())
}

fn where_is(place: &Place) -> String {
    let at = place.at_us.map_or(String::new(), |at| format!(", {}", Micros(at)));
    format!("delta {}, frame {}{at}", place.delta, place.frame)
}

fn numbers(out: &mut String, a: &Side, b: &Side) -> fmt::Result {
    let time = |us: Option<u64>| us.map_or("-".into(), |us| Micros(us).to_string());
    let count = |number: u32| number.to_string();
    writeln!(out, "\n{:<24} {:>12} {:>12}", "numbers", "A", "B")?;
    for (name, of_a, of_b) in [
        ("first text after", time(a.ttft_us), time(b.ttft_us)),
        ("median gap", time(a.median_gap_us), time(b.median_gap_us)),
        ("duration", time(a.duration_us), time(b.duration_us)),
        ("reads", count(a.chunks), count(b.chunks)),
        ("frames", count(a.frames), count(b.frames)),
        ("deltas", count(a.deltas), count(b.deltas)),
        ("chars received", a.received_chars.to_string(), b.received_chars.to_string()),
        ("finish reason", word(a), word(b)),
    ] {
        writeln!(out, "  {name:<22} {of_a:>12} {of_b:>12}")?;
    }
    Ok(())
}

fn word(side: &Side) -> String {
    side.finish_reason.as_deref().map_or("-".into(), |reason| sanitise(reason).into_owned())
}

/// `text` on one line between quotes, shortened in the middle of long ones.
fn quote(text: &str) -> String {
    let chars = text.chars().count();
    if chars <= PIECE {
        return format!("\"{}\"", sanitise(text));
    }
    let head: String = text.chars().take(PIECE / 2).collect();
    let tail: String = text.chars().skip(chars - PIECE / 3).collect();
    format!("\"{} … {}\" ({chars} chars)", sanitise(&head), sanitise(&tail))
}
