//! `stutterscope check [PATH|-]...`: judge recordings, captures and live pipes.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::ValueEnum;
use serde::Serialize;

use crate::{
    cli::{
        Failure, Outcome,
        interrupt::{INTERRUPTED, Interrupt},
        judging::{Judging, JudgingArgs},
    },
    core::class::Level,
    report::{Report, text::to_text, to_json},
    sanitise::sanitise_block,
};

mod judge;
mod targets;

use judge::judge;

const AFTER_HELP: &str = "\
Examples:
  stutterscope check run.session                       one recording, for people
  stutterscope check captures/ --format json           every capture in a folder, one JSON object a line
  curl -N … | stutterscope check -                     a live stream, judged with its arrival times
  stutterscope check a.sse --param replay.min_chars=4  under another threshold

Exit code: 0 clean, 1 findings at or above --fail-on, 2 something could not be read.";

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Recordings (.session, .session.zst), captures (.sse, .ndjson, .json, curl -i), folders, or - for standard input
    #[arg(value_name = "PATH|-")]
    pub paths: Vec<PathBuf>,
    /// How the reports are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Lowest level of a finding that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Warning, value_name = "LEVEL")]
    pub fail_on: FailOn,
    /// How sessions are judged
    #[command(flatten)]
    pub judging: JudgingArgs,
}

/// Forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// From which level on findings fail the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Proved faults and losses
    Error,
    /// What a person should look at, too
    Warning,
    /// Everything
    Note,
    /// Nothing
    Never,
}

impl FailOn {
    fn fails(self, report: &Report) -> bool {
        let least = match self {
            FailOn::Error => Level::Error,
            FailOn::Warning => Level::Warning,
            FailOn::Note => Level::Note,
            FailOn::Never => return false,
        };
        report.level().is_some_and(|level| level >= least)
    }
}

/// The line of a file that cannot be read.
#[derive(Serialize)]
struct Unreadable<'a> {
    schema: u32,
    file: &'a str,
    error: &'a str,
}

/// Judges everything that is named, in order, and prints a report of each.
///
/// # Errors
/// When the configuration cannot be used or standard output cannot be written.
pub fn run(args: &Args) -> Outcome {
    let judging = Judging::load(&args.judging)?;
    let mut unreadable = false;
    let mut failed = false;
    let interrupt = Interrupt::watch()?;
    for target in targets::targets(&args.paths)? {
        let name = target.name();
        match judge(&target, &judging, &interrupt) {
            Ok(judged) => {
                let report = Report::of(&judged.engine.reading, &judged.engine.judgement, &name);
                failed |= args.fail_on.fails(&report);
                print(args.format, &report)?;
                if judged.interrupted {
                    return Ok(ExitCode::from(INTERRUPTED));
                }
            }
            Err(error) => {
                unreadable = true;
                print_error(args.format, &name, &error)?;
            }
        }
    }
    Ok(ExitCode::from(if unreadable { 2 } else { u8::from(failed) }))
}

fn print(format: Format, report: &Report) -> Result<(), Failure> {
    let text = match format {
        Format::Text => to_text(report),
        Format::Json => to_json(report).map_err(io::Error::other)? + "\n",
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

#[allow(clippy::print_stderr)]
fn print_error(format: Format, file: &str, error: &str) -> Result<(), Failure> {
    if format == Format::Json {
        let line = to_json(&Unreadable { schema: 1, file, error }).map_err(io::Error::other)? + "\n";
        io::stdout().write_all(line.as_bytes())?;
    } else {
        eprintln!("{}", sanitise_block(error));
    }
    Ok(())
}
