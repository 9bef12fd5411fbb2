//! What `check` prints: each report as it is there, and what only the end can say.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use clap::ValueEnum;
use serde::Serialize;

use crate::{
    core::engine::Engine,
    report::{Report, Verdict, diff::to_diff, github, junit::Suite, text::to_text, to_json},
    sanitise::sanitise_block,
};

/// Forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Json,
    /// GitHub workflow commands
    Github,
    /// A JUnit test suite
    Junit,
}

/// The line of a file that cannot be read.
#[derive(Serialize)]
struct Unreadable<'a> {
    schema: u32,
    file: &'a str,
    error: &'a str,
}

/// Prints reports in one form.
pub struct Printer {
    format: Format,
    diff: bool,
    verdicts: BTreeMap<Verdict, u32>,
    unreadable: u32,
    suite: Suite,
}

impl Printer {
    /// A printer; `diff` adds the text with its removals, where the form is text.
    pub fn new(format: Format, diff: bool) -> Printer {
        Printer { format, diff, verdicts: BTreeMap::new(), unreadable: 0, suite: Suite::default() }
    }

    /// Prints the report of one session, which failed the check or not.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn judged(&mut self, engine: &Engine, report: &Report, failed: bool) -> io::Result<()> {
        *self.verdicts.entry(report.verdict).or_default() += 1;
        match self.format {
            Format::Text if self.diff => out(&(to_text(report) + &to_diff(&engine.reading, &engine.judgement.output))),
            Format::Text => out(&to_text(report)),
            Format::Json => out(&(to_json(report).map_err(io::Error::other)? + "\n")),
            Format::Github => out(&github::to_github(report)),
            Format::Junit => {
                self.suite.judged(report, failed);
                Ok(())
            }
        }
    }

    /// Says why a file cannot be read.
    ///
    /// # Errors
    /// As [`Printer::judged`].
    #[allow(clippy::print_stderr)]
    pub fn unreadable(&mut self, file: &str, error: &str) -> io::Result<()> {
        self.unreadable += 1;
        match self.format {
            Format::Text => eprintln!("{}", sanitise_block(error)),
            Format::Json => out(&(to_json(&Unreadable { schema: 1, file, error }).map_err(io::Error::other)? + "\n"))?,
            Format::Github => out(&github::unreadable(file, error))?,
            Format::Junit => self.suite.unreadable(file, error),
        }
        Ok(())
    }

    /// Prints what comes after the last report: the sum of several, or the suite.
    ///
    /// # Errors
    /// As [`Printer::judged`].
    pub fn finish(self) -> io::Result<()> {
        let judged: u32 = self.verdicts.values().sum();
        match self.format {
            Format::Junit => out(&self.suite.finish()),
            Format::Text if judged + self.unreadable > 1 => {
                let unreadable = Some(self.unreadable).filter(|count| *count > 0).map(|count| format!("{count} unreadable"));
                let verdicts = self.verdicts.iter().rev().map(|(verdict, count)| format!("{count} {}", verdict.word()));
                let parts: Vec<_> = verdicts.chain(unreadable).collect();
                out(&format!("{} sessions: {}\n", judged + self.unreadable, parts.join(", ")))
            }
            _ => Ok(()),
        }
    }
}

fn out(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}
