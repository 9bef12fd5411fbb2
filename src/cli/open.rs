//! `stutterscope open` and `stutterscope` alone: the interface.

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use crate::{
    cli::{Failure, Outcome},
    config::{Config, Glyphs},
    session::{
        library,
        pipe::{self, Stdin},
        source,
    },
    tui::{
        Theme, live,
        run::{self, Opening},
    },
};

/// Arguments of `open`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A recording, a capture (.sse, .ndjson, .json, .har, curl -i, curl --trace, a cassette), or - for a live pipe; the latest recording when left out
    #[arg(value_name = "FILE|-")]
    pub file: Option<PathBuf>,
}

/// Opens a file, a pipe, or the latest recording.
///
/// # Errors
/// When there is nothing to open, no terminal, or a configuration that cannot be used.
pub fn run(args: Args) -> Outcome {
    let opening = match args.file {
        Some(path) if path.as_os_str() == "-" => standard_input()?,
        Some(path) => {
            // Said before the screen is taken, where it can be read.
            std::fs::metadata(source::file_and_number(&path).0).map_err(|error| {
                Failure::usage(format!("cannot open {}: {error}\nhint: `stutterscope sessions` lists recordings", path.display()))
            })?;
            Opening::File(path)
        }
        None => Opening::File(latest()?),
    };
    start(opening)
}

/// Standard input: a live pipe, or a recording or capture that somebody redirected.
fn standard_input() -> Result<Opening, Failure> {
    let failed =
        |error| Failure::usage(format!("cannot read standard input: {error}\nhint: pipe a stream into it, or name a file"));
    Ok(match pipe::stdin().map_err(failed)? {
        Stdin::Live(source) => Opening::Pipe(source),
        Stdin::Stored(source) => {
            let source = source::from_reader(source, Path::new("-"), false).and_then(source::first).map_err(Failure::usage)?;
            Opening::Loaded(Box::new(live::opened("standard input".into(), None, source)))
        }
    })
}

fn latest() -> Result<PathBuf, Failure> {
    let folder = library::folder();
    let latest = library::latest().map_err(|error| Failure::usage(format!("cannot list {}: {error}", folder.display())))?;
    latest.map(|entry| entry.path).ok_or_else(|| {
        Failure::usage(format!(
            "there is no recording in {} yet\nhint: run `stutterscope` or `stutterscope send`",
            folder.display()
        ))
    })
}

/// Starts the interface with nothing to open: on the demo provider, unless one is configured.
///
/// # Errors
/// As [`run()`].
pub fn interface() -> Outcome {
    let configured = Config::load().map_err(Failure::usage)?.provider.is_some();
    start(if configured { Opening::Composer } else { Opening::Demo })
}

/// Starts the interface with `opening`.
///
/// # Errors
/// When there is no terminal, or a configuration that cannot be used.
pub fn start(opening: Opening) -> Outcome {
    // Keys come from the terminal itself when standard input brings the stream.
    let keys = matches!(opening, Opening::Pipe(_) | Opening::Loaded(_)) || io::stdin().is_terminal();
    if !io::stdout().is_terminal() || !keys || std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return Err(Failure::usage(
            "the interface needs a terminal\nhint: without one, run `stutterscope check FILE`, `stutterscope send PROMPT` or `stutterscope --help`",
        ));
    }
    let config = Config::load().map_err(Failure::usage)?;
    let mut theme = Theme::from_environment(|name| std::env::var(name).ok());
    theme.ascii |= config.glyphs == Glyphs::Ascii;
    // Reading the wire must go on while the screen is drawn, so it has threads of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::usage)?;
    let outcome = runtime.block_on(run::run(opening, config, theme));
    runtime.shutdown_background();
    outcome.map_err(|error| {
        Failure::usage(format!("the terminal cannot be used: {error}\nhint: run `stutterscope check FILE` or `stutterscope send`"))
    })
}
