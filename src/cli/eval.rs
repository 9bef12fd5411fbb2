//! `stutterscope eval FILE...`: judge labelled cases and sessions with every strategy.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::ValueEnum;

use crate::{
    cli::{
        Failure, Outcome,
        judging::{Judging, JudgingArgs},
    },
    core::params::{STRATEGIES, Strategy},
    eval::{self, Labelled},
    sanitise::sanitise_block,
    session::{self, import::cases, notes},
};

mod printer;

use printer::Printer;

const AFTER_HELP: &str = "\
Examples:
  stutterscope eval cases.jsonl                    every strategy, by class and in all
  stutterscope eval cases.jsonl --strategy v2 -v   one strategy, with every stream that it got wrong
  stutterscope eval cases.jsonl --format json      a line per stream and strategy, and one of sums
  stutterscope eval --generated 10000 --seed 7     streams made for the purpose

Exit code: 0 all was judged, 2 a file or a line could not be read.";

/// Arguments of `eval`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Files of labelled cases (.jsonl, one case a line), and labelled recordings
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
        let name = path.to_string_lossy();
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                unreadable = true;
                complain(&format!("cannot read {name}: {error}\nhint: name a file of labelled cases, one JSON object a line"));
                continue;
            }
        };
        if !cases::begins(&bytes) {
            match sessions(path) {
                Ok(labelled) if labelled.is_empty() => {
                    unreadable = true;
                    complain(&format!(
                        "{name}: no labels lie beside it\nhint: in the interface `a` labels a delta and `A` the whole stream"
                    ));
                }
                Ok(labelled) => {
                    for labelled in labelled {
                        printer.judged(&labelled, &eval::judge(&labelled, &profile, &strategies))?;
                    }
                }
                Err(reason) => {
                    unreadable = true;
                    complain(&reason);
                }
            }
            continue;
        }
        let mut any = false;
        for (line, case) in cases::cases(&bytes) {
            any = true;
            match case {
                Ok(case) => {
                    let labelled = Labelled::from(case);
                    printer.judged(&labelled, &eval::judge(&labelled, &profile, &strategies))?;
                }
                Err(error) => {
                    unreadable = true;
                    let error = error.to_string();
                    let reason = error.split_once(": ").map_or(error.as_str(), |(_, reason)| reason);
                    complain(&format!("{name}:{line}: {reason}"));
                }
            }
        }
        if !any {
            unreadable = true;
            complain(&format!("{name}: there is no case in it\nhint: a case is one JSON object a line"));
        }
    }
    for labelled in eval::generated(args.seed, args.generated.unwrap_or(0)) {
        printer.judged(&labelled, &eval::judge(&labelled, &profile, &strategies))?;
    }
    printer.finish()?;
    Ok(ExitCode::from(if unreadable { 2 } else { 0 }))
}

/// The sessions of a recording or capture that have labels.
fn sessions(path: &Path) -> Result<Vec<Labelled>, String> {
    let name = path.to_string_lossy();
    let mut labelled = Vec::new();
    for part in session::open_all(path).map_err(|error| error.to_string())? {
        let id = part.name(&name);
        let (noted, _) = notes::read(Path::new(&id)).map_err(|error| error.to_string())?;
        if noted.is_empty() {
            continue;
        }
        let inputs = part.source.map_err(|error| error.to_string())?.collect();
        labelled.extend(eval::notes::labelled(id, inputs, &noted));
    }
    Ok(labelled)
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
