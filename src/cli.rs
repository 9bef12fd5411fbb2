//! The command line: one file per subcommand.

use std::{io, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};

pub mod check;
pub mod compare;
pub mod completions;
pub mod curl;
pub mod interrupt;
pub mod judging;
pub mod released;
pub mod open;
pub mod repair;
pub mod replay;
pub mod sessions;
pub mod demo;
pub mod eval;
pub mod proxy;
pub mod send;
pub mod tune;

const AFTER_HELP: &str = "\
Examples:
  stutterscope                               look at the embedded demo provider
  stutterscope check captures/ --format json judge every capture in a folder
  curl -N … | stutterscope check -           judge a live stream as it arrives
  stutterscope replay run.session --speed 2  play a recording to standard output";

/// A terminal debugger for streaming LLM providers.
#[derive(Debug, Parser)]
#[command(name = "stutterscope", version, about, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do; the terminal interface when left out.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at a recording, a capture or a live pipe
    Open(open::Args),
    /// Judge recordings and captures
    Check(check::Args),
    /// Compare two sessions, or several judges of one
    #[command(visible_alias = "diff")]
    Compare(compare::Args),
    /// Fit thresholds to labelled sessions, and write a profile
    Tune(tune::Args),
    /// Play a recording to standard output in its own time
    Replay(replay::Args),
    /// Judge labelled cases with every strategy: repaired, harmed, flagged, missed
    Eval(eval::Args),
    /// Take proved stutter out of a stream: the same wire format out, unbuffered
    Repair(repair::Args),
    /// List the recordings
    Sessions(sessions::Args),
    /// Send one request and print what is released, with a verdict at the end
    Send(Box<send::Args>),
    /// Send what a pasted curl command line asks for
    Curl(Box<curl::Args>),
    /// Watch the calls of a real client on their way to its provider
    Proxy(proxy::Args),
    /// Serve the demo provider alone
    Demo(demo::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
}

/// Why a command ended without its result.
#[derive(Debug)]
pub struct Failure {
    /// The exit code: 2 usage, configuration or unreadable input; 3 provider or transport; 130 interrupted.
    pub code: u8,
    /// What is said on standard error: the thing, the place and a hint.
    pub message: String,
}

impl Failure {
    /// Usage, configuration or unreadable input.
    pub fn usage(error: impl ToString) -> Failure {
        Failure { code: 2, message: error.to_string() }
    }

    /// Provider or transport.
    pub fn transport(error: impl ToString) -> Failure {
        Failure { code: 3, message: error.to_string() }
    }
}

impl From<io::Error> for Failure {
    /// A reader that went away wants no more, which is no failure; see [`run`].
    fn from(error: io::Error) -> Failure {
        let code = if error.kind() == io::ErrorKind::BrokenPipe { 0 } else { 2 };
        Failure { code, message: format!("cannot write the result: {error}\nhint: check what standard output is connected to") }
    }
}

/// What a subcommand ends with: an exit code, or a failure.
pub type Outcome = Result<ExitCode, Failure>;

/// Parses the arguments, runs the subcommand and says how it ended.
#[allow(clippy::print_stderr)]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // Help into a closed pipe is success too.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let outcome = match cli.command {
        None => open::interface(),
        Some(Command::Open(args)) => open::run(args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Compare(args)) => compare::run(&args),
        Some(Command::Tune(args)) => tune::run(&args),
        Some(Command::Replay(args)) => replay::run(&args),
        Some(Command::Eval(args)) => eval::run(&args),
        Some(Command::Repair(args)) => repair::run(&args),
        Some(Command::Sessions(args)) => sessions::run(&args),
        Some(Command::Send(args)) => send::run(*args),
        Some(Command::Curl(args)) => curl::run(*args),
        Some(Command::Proxy(args)) => proxy::run(&args),
        Some(Command::Demo(args)) => demo::run(&args),
        Some(Command::Completions(args)) => completions::run(&args, &mut Cli::command()),
    };
    match outcome {
        Ok(code) => code,
        Err(Failure { code: 0, .. }) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("stutterscope: {}", crate::sanitise::sanitise_block(&failure.message));
            ExitCode::from(failure.code)
        }
    }
}

/// Now, as a Start records it.
pub fn wall_time() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
