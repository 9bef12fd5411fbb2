//! `stutterscope completions SHELL`.

use std::{io::Write, process::ExitCode};

use clap_complete::{Shell, generate};

use crate::cli::Outcome;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  stutterscope completions bash > ~/.local/share/bash-completion/completions/stutterscope")]
pub struct Args {
    /// The shell
    pub shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &Args, command: &mut clap::Command) -> Outcome {
    let mut script = Vec::new();
    generate(args.shell, command, "stutterscope", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
