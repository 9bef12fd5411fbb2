//! The report as text for people. Everything from outside is sanitised here.

use std::fmt::{self, Write};

use super::{Certainty, FindingReport, Level, Report};
use crate::{
    core::time::Micros,
    report::Removed,
    sanitise::{sanitise, sanitise_block},
};

/// The most removed pieces that are shown for one finding, and the most characters of each.
const PIECES: usize = 4;
const PIECE: usize = 60;
/// The most characters of the line about JSON.
const LINE: usize = 240;

/// The report in plain words: a verdict line, then each finding with evidence, place, hint and removed text.
pub fn to_text(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &Report) -> fmt::Result {
    write!(out, "{}: {}", sanitise(&report.file), report.verdict.word())?;
    write!(out, " · {} · {}", report.format, count(report.deltas, "delta"))?;
    if report.suppressed_chars > 0 {
        write!(out, " · {} of {} chars suppressed", report.suppressed_chars, report.received_chars)?;
    }
    if let (Some(first), Some(all)) = (report.ttft_us, report.duration_us) {
        write!(out, " · first text after {}, ended after {}", Micros(first), Micros(all))?;
    }
    if let Some(usage) = &report.usage {
        write!(out, " · usage {}", usage.line(true))?;
    }
    out.push('\n');
    if let Some(json) = &report.json {
        writeln!(out, "  json: {}", shorten(&json.line, LINE))?;
    }
    if let Some(hindsight) = &report.hindsight {
        let reasons: Vec<_> = hindsight.changes.iter().map(|change| sanitise(&change.evidence)).collect();
        writeln!(out, "  with hindsight: {}", reasons.join("; "))?;
        writeln!(out, "    {}", shorten(&hindsight.output, LINE))?;
    }
    if let Some(stop) = &report.loop_stop {
        writeln!(out, "  {}", stop.line())?;
    }
    for finding in &report.findings {
        write_finding(out, finding, report.attempts.len())?;
    }
    Ok(())
}

fn write_finding(out: &mut String, finding: &FindingReport, attempts: usize) -> fmt::Result {
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let certainty = finding.certainty.word();
    let done = if finding.repaired { ", repaired" } else { "" };
    let possibly = if finding.certainty == Certainty::Ambiguous { "possibly: " } else { "" };
    writeln!(out, "  {level}: {possibly}{} ({}, {certainty}{done})", finding.class.info().title, finding.class.name())?;
    writeln!(out, "    {}", sanitise(&finding.evidence))?;
    out.push_str("    ");
    if attempts > 1 {
        write!(out, "in attempt {} of {attempts}, ", finding.attempt + 1)?;
    }
    out.push_str("at ");
    if let Some(at) = finding.first.at_us {
        write!(out, "{}, ", Micros(at))?;
    }
    if let Some(delta) = finding.first.delta {
        write!(out, "delta {delta}, ")?;
    }
    if let Some(frame) = finding.first.frame {
        write!(out, "frame {frame}, ")?;
    }
    writeln!(out, "line {}, bytes {}..{}", finding.first.line, finding.first.byte.0, finding.first.byte.1)?;
    if !finding.readings.is_empty() {
        let readings: Vec<String> = finding.readings.iter().map(|reading| quote(reading)).collect();
        writeln!(out, "    either {}", readings.join(" or "))?;
    }
    for Removed { at, text } in finding.removed.iter().take(PIECES) {
        writeln!(out, "    removed after {}: {}", count(*at, "char"), quote(text))?;
    }
    if let Some(more) = finding.removed.len().checked_sub(PIECES).filter(|more| *more > 0) {
        writeln!(out, "    and {more} more")?;
    }
    writeln!(out, "    hint: {}", sanitise_block(&finding.hint))
}

fn count(number: impl Into<u64>, noun: &str) -> String {
    let number = number.into();
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `text` on one line between quotes, shortened in the middle of long ones.
fn quote(text: &str) -> String {
    let chars = text.chars().count();
    let count = if chars > PIECE { format!(" ({chars} chars)") } else { String::new() };
    format!("\"{}\"{count}", shorten(text, PIECE))
}

/// `text` on one line, its middle left out if it has more than `most` characters.
fn shorten(text: &str, most: usize) -> String {
    let chars = text.chars().count();
    if chars <= most {
        return sanitise(text).into_owned();
    }
    let head: String = text.chars().take(most / 2).collect();
    let tail: String = text.chars().skip(chars - most / 3).collect();
    format!("{} … {}", sanitise(&head), sanitise(&tail))
}
