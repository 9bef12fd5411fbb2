//! `stutterscope eval FILE...`: judge labelled cases and sessions with every strategy.

use std::{io, path::PathBuf, process::ExitCode};

use clap::ValueEnum;

use crate::{
    cli::{
        Failure, Outcome,
        judging::{Judging, JudgingArgs},
    },
    core::{
        input::Input,
        params::{STRATEGIES, Strategy},
    },
    eval,
    sanitise::sanitise_block,
};

mod load;
mod printer;

use printer::Printer;

const AFTER_HELP: &str = "\
Examples:
  stutterscope eval cases.jsonl                    every strategy, by class and in all
  stutterscope eval cases.jsonl --strategy v2 -v   one strategy, with every stream that it got wrong
  stutterscope eval cases.jsonl --format json      a line per stream and strategy, and one of sums
  stutterscope eval --generated 10000 --seed 7     streams made for the purpose
  stutterscope eval runs/                          the recordings of a folder that were labelled in the interface

What a recording is compared with are its labels (NAME.notes.ron): without the deltas that are labelled
as redundant, its text is what should have come out.

Exit code: 0 all was judged, 2 a file or a line could not be read.";

/// Arguments of `eval`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Files of labelled cases (.jsonl, one case a line), recordings with labels beside them, or
    /// folders of both
    #[arg(value_name = "FILE", required_unless_present = "generated")]
    pub files: Vec<PathBuf>,
    /// Judge so many clean streams made from a seed, and a stuttered one for every four of them
    #[arg(long, value_name = "COUNT")]
    pub generated: Option<u64>,
    /// The seed of generated streams: another one makes other streams
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// In the text form, list what each strategy got wrong, not only ours
    #[arg(short, long)]
    pub verbose: bool,
    /// How streams are judged
    #[command(flatten)]
    pub judging: JudgingArgs,
}

/// Forms of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people
    Text,
    /// One JSON object a line
    Json,
    /// The strategies side by side, as the README shows them
    Markdown,
}

/// Judges every case of every file, and prints what each strategy made of it.
///
/// # Errors
/// When the configuration cannot be used or standard output cannot be written.
pub fn run(args: &Args) -> Outcome {
    let judging = Judging::load(&args.judging)?;
    let profile = judging.profile(None);
    let strategies: Vec<Strategy> = match args.judging.strategy {
        Some(_) => vec![profile.strategy],
        None => STRATEGIES.iter().map(|row| row.0).collect(),
    };
    let mut printer = Printer::new(args.format, args.verbose, &args.files, &strategies);
    let mut unreadable = false;
    for path in &args.files {
        load::each(path, &judging, &mut |labelled| match labelled {
            Ok(labelled) => {
                let start = labelled.inputs.iter().find_map(Input::start);
                let profile = judging.knowing(profile.clone(), start);
                printer.judged(&labelled, &eval::judge(&labelled, &profile, &strategies))
            }
            Err(error) => {
                unreadable = true;
                complain(&error);
                Ok(())
            }
        })?;
    }
    for labelled in eval::generated(args.seed, args.generated.unwrap_or(0)) {
        printer.judged(&labelled, &eval::judge(&labelled, &profile, &strategies))?;
    }
    printer.finish()?;
    Ok(ExitCode::from(if unreadable { 2 } else { 0 }))
}

#[allow(clippy::print_stderr)]
fn complain(message: &str) {
    eprintln!("stutterscope: {}", sanitise_block(message));
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        io::Error::from(error).into()
    }
}
