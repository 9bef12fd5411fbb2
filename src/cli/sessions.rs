//! `stutterscope sessions`: the library of recordings.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::ValueEnum;
use serde::Serialize;

use crate::{
    cli::{Failure, Outcome},
    report::to_json,
    sanitise::sanitise,
    session::{
        habits,
        library::{self, Entry},
    },
};

const AFTER_HELP: &str = "\
Examples:
  stutterscope sessions                    newest first
  stutterscope sessions --format json      one JSON object a line
  ls \"$(stutterscope sessions --path)\"     the folder itself";

/// Forms of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Arguments of `sessions`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Print the folder and nothing else
    #[arg(long)]
    pub path: bool,
    /// Print where habits are kept, which live sessions use and add to if the configuration has `habits: true`
    #[arg(long, conflicts_with = "path")]
    pub habits: bool,
}

/// One line of the list.
#[derive(Serialize)]
struct Row<'a> {
    schema: u32,
    name: &'a str,
    path: String,
    bytes: u64,
    when: Option<&'a str>,
    provider: Option<&'a str>,
    model: Option<&'a str>,
    error: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(entry: &'a Entry) -> Row<'a> {
        let start = entry.header.as_ref().ok().map(|header| &header.start);
        Row {
            schema: 1,
            name: &entry.name,
            path: entry.path.to_string_lossy().into_owned(),
            bytes: entry.bytes,
            when: start.map(|start| start.wall.as_str()),
            provider: start.map(|start| start.provider.as_str()),
            model: start.map(|start| start.model.as_str()),
            error: entry.header.as_ref().err().map(String::as_str),
        }
    }
}

/// Lists the recordings.
///
/// # Errors
/// When the folder cannot be listed or standard output cannot be written.
pub fn run(args: &Args) -> Outcome {
    let folder = library::folder();
    let mut out = io::stdout().lock();
    if args.path {
        writeln!(out, "{}", folder.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.habits {
        writeln!(out, "{}", habits::default_path().display())?;
        return Ok(ExitCode::SUCCESS);
    }
    let entries = library::list().map_err(|error| {
        Failure::usage(format!(
            "cannot list {}: {error}\nhint: check its permissions, or set STUTTERSCOPE_DATA_DIR",
            folder.display()
        ))
    })?;
    for row in entries.iter().map(Row::of) {
        match args.format {
            Format::Json => writeln!(out, "{}", to_json(&row).map_err(io::Error::other)?)?,
            Format::Text => writeln!(out, "{}", line(&row))?,
        }
    }
    if entries.is_empty() && args.format == Format::Text {
        writeln!(out, "no recordings in {}\nhint: every run is recorded there; try `stutterscope send --help`", folder.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn line(row: &Row<'_>) -> String {
    let what = match row.error {
        Some(error) => error.lines().next().unwrap_or_default().to_owned(),
        None => format!("{:<12} {}", row.provider.unwrap_or_default(), row.model.unwrap_or_default()),
    };
    format!("{:<48} {:>9}  {}", sanitise(row.name), size(row.bytes), sanitise(&what))
}

/// `812 B`, `3.4 KB`: decimal, as `ls --si` has it.
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}
