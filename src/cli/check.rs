//! `stutterscope check [PATH|-]...`: judge recordings, captures and live pipes.

use std::{path::PathBuf, process::ExitCode};

use clap::ValueEnum;

use crate::{
    cli::{
        Outcome,
        interrupt::Interrupt,
        judging::{Judging, JudgingArgs},
        send::input::duration,
    },
    core::{class::Level, params::Param},
    report::Report,
    sanitise::sanitise,
};

mod judge;
mod printer;
mod targets;

use judge::judge;
pub use printer::Format;
use printer::Printer;

const AFTER_HELP: &str = "\
Examples:
  stutterscope check run.session                       one recording, for people
  stutterscope check captures/ --format json           every capture in a folder, one JSON object a line
  curl -N … | stutterscope check -                     a live stream, judged with its arrival times
  stutterscope check a.sse --param replay.min_chars=4  under another threshold
  stutterscope check a.session --diff --max-gap 2s     the text with its removals; two silent seconds are a stall

Exit code: 0 clean, 1 findings at or above --fail-on, 2 something could not be read.";

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Recordings (.session, .session.zst), captures (.sse, .ndjson, .json, .har, curl -i,
    /// curl --trace, cassettes), folders, or - for standard input
    #[arg(value_name = "PATH|-")]
    pub paths: Vec<PathBuf>,
    /// How the reports are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Lowest level of a finding that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Warning, value_name = "LEVEL")]
    pub fail_on: FailOn,
    /// In the text form, print the output too, with what was taken out as [-gone-]
    #[arg(long)]
    pub diff: bool,
    /// Longest time to the first text; longer is a stall
    #[arg(long, value_name = "TIME", value_parser = limit)]
    pub max_ttft: Option<u64>,
    /// Longest time without text; longer is a stall
    #[arg(long, value_name = "TIME", value_parser = limit)]
    pub max_gap: Option<u64>,
    /// How sessions are judged
    #[command(flatten)]
    pub judging: JudgingArgs,
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
    /// True if `report` has a finding of this level or above.
    pub fn fails(self, report: &Report) -> bool {
        let least = match self {
            FailOn::Error => Level::Error,
            FailOn::Warning => Level::Warning,
            FailOn::Note => Level::Note,
            FailOn::Never => return false,
        };
        report.level().is_some_and(|level| level >= least)
    }
}

/// A limit on a time, in milliseconds.
fn limit(text: &str) -> Result<u64, String> {
    let (low, high) = Param::StallGap.info().range;
    let limit = duration(text)?.millis();
    if (low..=high).contains(&limit) {
        Ok(limit)
    } else {
        Err(format!("a limit lies between {low} ms and {} s\nhint: a time looks like 2s or 500ms", high / 1_000))
    }
}

impl Args {
    /// The flags for judging, with the limits among the parameters.
    fn judging(&self) -> JudgingArgs {
        let limits = [(Param::StallFirst, self.max_ttft), (Param::StallGap, self.max_gap)];
        let mut judging = self.judging.clone();
        judging.params.extend(limits.into_iter().filter_map(|(param, limit)| Some((param, limit?))));
        judging
    }

    /// Says where a limit could not be checked.
    #[allow(clippy::print_stderr)]
    fn check_limits(&self, report: &Report) {
        if report.duration_us.is_none() && (self.max_ttft.is_some() || self.max_gap.is_some()) {
            eprintln!("{}: it has no arrival times, so --max-ttft and --max-gap say nothing about it", sanitise(&report.file));
        }
    }
}

/// Judges everything that is named, in order, and prints a report of each.
///
/// # Errors
/// When the configuration cannot be used or standard output cannot be written.
pub fn run(args: &Args) -> Outcome {
    let judging = Judging::load(&args.judging())?;
    let (mut unreadable, mut failed, mut interrupted) = (false, false, false);
    let interrupt = Interrupt::watch()?;
    let mut printer = Printer::new(args.format, args.diff);
    let targets = targets::targets(&args.paths)?;
    for (name, judged) in targets.iter().flat_map(|target| judge(target, &judging, &interrupt)) {
        match judged {
            Ok(judged) => {
                let report = Report::of(&judged.engine.reading, &judged.engine.judgement, &name);
                let fails = args.fail_on.fails(&report);
                failed |= fails;
                args.check_limits(&report);
                printer.judged(&judged.engine, &report, fails)?;
                interrupted = judged.interrupted;
            }
            Err(error) => {
                unreadable = true;
                printer.unreadable(&name, &error)?;
            }
        }
        if interrupted {
            break;
        }
    }
    printer.finish()?;
    Ok(ExitCode::from(match () {
        () if interrupted => interrupt.code(),
        () if unreadable => 2,
        () => u8::from(failed),
    }))
}
