//! What `eval` prints: a line per stream and strategy as it is judged, or tables at the end.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
};

use serde::Serialize;

use super::Format;
use crate::{
    core::params::Strategy,
    eval::{Judged, Labelled, Score, Tally, diff, table},
    report::{FindingReport, Report, ToolCall, Verdict, to_json},
    sanitise::sanitise,
    session::import::cases::{Kind, Label},
};

/// Columns of the text form.
const WIDTH: usize = 100;

/// A line of the JSON form.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    strategy: &'static str,
    verdict: Verdict,
    output: &'a str,
    reasoning: &'a str,
    tool_calls: &'a [ToolCall],
    findings: &'a [FindingReport],
}

/// The last line of the JSON form.
#[derive(Serialize)]
struct Sums<'a> {
    strategies: BTreeMap<&'static str, &'a Tally>,
}

/// Prints results in one form.
pub struct Printer {
    format: Format,
    verbose: bool,
    /// Names of the files.
    files: Vec<String>,
    tallies: Vec<(Strategy, Tally)>,
    /// What each strategy got wrong, as lines.
    failures: BTreeMap<Strategy, Vec<String>>,
}

impl Printer {
    /// A printer for these strategies.
    pub fn new(format: Format, verbose: bool, files: &[PathBuf], strategies: &[Strategy]) -> Printer {
        let files = files.iter().map(|file| sanitise(&file.to_string_lossy()).into_owned()).collect();
        let tallies = strategies.iter().map(|strategy| (*strategy, Tally::default())).collect();
        Printer { format, verbose, files, tallies, failures: BTreeMap::new() }
    }

    /// Takes one stream as each strategy judged it.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn judged(&mut self, labelled: &Labelled, judged: &[Judged]) -> io::Result<()> {
        for Judged { strategy, report, score } in judged {
            if let Some((_, tally)) = self.tallies.iter_mut().find(|(known, _)| known == strategy) {
                tally.add(&labelled.label.class, score);
            }
            match self.format {
                Format::Markdown => {}
                Format::Json => out(&json_line(&labelled.id, *strategy, report)?)?,
                Format::Text => {
                    if let Some(reason) = failure(&labelled.label, report, score) {
                        let line = format!("  {:<28} {reason}\n", sanitise(&labelled.id));
                        self.failures.entry(*strategy).or_default().push(line);
                    }
                }
            }
        }
        Ok(())
    }

    /// Prints what only the end can say.
    ///
    /// # Errors
    /// As [`Printer::judged`].
    pub fn finish(self) -> io::Result<()> {
        match self.format {
            Format::Text => self.finish_text(),
            Format::Markdown => out(&table::markdown(&[(&self.files.join(", "), &self.tallies)])),
            Format::Json => {
                let strategies = self.tallies.iter().map(|(strategy, tally)| (strategy.name(), tally)).collect();
                out(&(to_json(&Sums { strategies })? + "\n"))
            }
        }
    }

    fn finish_text(&self) -> io::Result<()> {
        let mut text = String::new();
        for (index, (strategy, tally)) in self.tallies.iter().enumerate() {
            if index > 0 && !self.verbose {
                break;
            }
            text += &format!("{}\n{}\n", strategy.name(), table::classes(tally));
            if let Some(failures) = self.failures.get(strategy) {
                text += &format!("{} got wrong:\n{}\n", strategy.name(), failures.concat());
            }
        }
        if self.tallies.len() > 1 {
            text += &format!("{}\n", table::repaired(&self.tallies));
        }
        text += &table::summary(&self.tallies);
        out(&(text + "\n" + table::LEGEND))
    }
}

fn json_line(id: &str, strategy: Strategy, report: &Report) -> io::Result<String> {
    let line = Line {
        id,
        strategy: strategy.name(),
        verdict: report.verdict,
        output: &report.output,
        reasoning: &report.reasoning,
        tool_calls: &report.tool_calls,
        findings: &report.findings,
    };
    Ok(to_json(&line)? + "\n")
}

/// What a strategy got wrong on a stream, if it did.
fn failure(label: &Label, report: &Report, score: &Score) -> Option<String> {
    let what = match score.kind {
        Kind::Negative | Kind::Ambiguous if score.harmed => "harmed",
        Kind::Negative if score.alarmed => return Some(format!("called {}: {}", report.verdict.word(), findings(report))),
        Kind::Negative => return None,
        Kind::Ambiguous if score.named => return None,
        Kind::Ambiguous if !score.kept => "changed",
        Kind::Ambiguous => return Some(format!("doubt not named: {}", findings(report))),
        Kind::Positive if score.harmed => "lost text",
        Kind::Positive if score.missed() => "missed",
        Kind::Positive if score.repairable && !score.exact => "not repaired",
        Kind::Positive if !score.flagged => return Some(format!("repaired, but not flagged: {}", findings(report))),
        Kind::Positive => return None,
    };
    let arguments = |report: &Report| report.tool_calls.iter().map(|call| call.arguments.as_str()).collect::<Vec<_>>().join(" ");
    let expected =
        [&label.text, &label.reasoning, &label.tool_arguments.as_ref().map(|arguments| arguments.join(" "))].map(Clone::clone);
    let came = [report.output.clone(), report.reasoning.clone(), arguments(report)];
    let width = WIDTH - 33 - what.len();
    let different = expected.iter().zip(&came).find_map(|(expected, came)| {
        expected.as_ref().filter(|expected| *expected != came).map(|expected| diff::line(expected, came, width))
    });
    Some(format!("{what}: {}", different.unwrap_or_else(|| findings(report))))
}

/// The classes that were found, for a stream whose text is right.
fn findings(report: &Report) -> String {
    let names: Vec<_> = report.findings.iter().map(|finding| finding.class.name()).collect();
    if names.is_empty() { "nothing found".into() } else { names.join(", ") }
}

fn out(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}
