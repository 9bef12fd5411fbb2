//! `stutterscope check [PATH|-]...`: judge recordings, captures and live pipes.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use clap::ValueEnum;
use serde::Serialize;

use crate::{
    cli::{
        Failure, Outcome,
        judging::{Judging, JudgingArgs},
    },
    core::{class::Level, engine::Engine, input::Input, time::Micros},
    report::{Report, text::to_text, to_json},
    sanitise::sanitise_block,
    session::{
        self, Source,
        pipe::{self, Stdin},
        source,
    },
};

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
    for target in targets(&args.paths)? {
        let name = target.name();
        match judge(&target, &judging) {
            Ok(engine) => {
                let report = Report::of(&engine.reading, &engine.judgement, &name);
                failed |= args.fail_on.fails(&report);
                print(args.format, &report)?;
            }
            Err(error) => {
                unreadable = true;
                print_error(args.format, &name, &error)?;
            }
        }
    }
    Ok(ExitCode::from(if unreadable { 2 } else { u8::from(failed) }))
}

/// Something to be judged.
enum Target {
    File(PathBuf),
    Stdin,
    /// What cannot even be tried, and why.
    Unusable(PathBuf, String),
}

impl Target {
    fn name(&self) -> String {
        match self {
            Target::File(path) | Target::Unusable(path, _) => path.to_string_lossy().into_owned(),
            Target::Stdin => "-".into(),
        }
    }
}

/// What the arguments name: folders in sorted order, recursively; the rest as given.
fn targets(paths: &[PathBuf]) -> Result<Vec<Target>, Failure> {
    use io::IsTerminal;
    let mut targets = Vec::new();
    if paths.is_empty() && io::stdin().is_terminal() {
        return Err(Failure::usage(
            "there is nothing to check\nhint: name a recording, a capture or a folder, or pipe a stream in",
        ));
    }
    if paths.is_empty() {
        targets.push(Target::Stdin);
    }
    for path in paths {
        if path.as_os_str() == "-" {
            targets.push(Target::Stdin);
        } else if path.is_dir() {
            let mut files = Vec::new();
            match walk(path, &mut files) {
                Ok(()) if files.is_empty() => {
                    let error =
                        "the folder has no recording or capture in it\nhint: .session, .sse, .ndjson, .jsonl and .json are read";
                    targets.push(Target::Unusable(path.clone(), error.into()));
                }
                Ok(()) => targets.extend(files.into_iter().map(Target::File)),
                Err(error) => targets.push(Target::Unusable(path.clone(), format!("cannot list the folder: {error}"))),
            }
        } else {
            targets.push(Target::File(path.clone()));
        }
    }
    Ok(targets)
}

const EXTENSIONS: [&str; 6] = [".session", ".session.zst", ".sse", ".ndjson", ".jsonl", ".json"];

/// Collects the files below `folder` that look like sessions. Links to folders are not followed: they may lead in circles.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else if EXTENSIONS.iter().any(|extension| name.to_string_lossy().ends_with(extension)) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn judge(target: &Target, judging: &Judging) -> Result<Engine, String> {
    match target {
        Target::File(path) => fold(session::open(path).map_err(|error| error.to_string())?, &path.to_string_lossy(), judging),
        Target::Unusable(_, error) => Err(error.clone()),
        Target::Stdin => match pipe::stdin().map_err(|error| format!("cannot read standard input: {error}"))? {
            Stdin::Stored(stored) => {
                let source = source::from_reader(stored, Path::new("-"), false).map_err(|error| error.to_string())?;
                fold(source, "-", judging)
            }
            Stdin::Live(live) => Ok(fold_live(live, judging)),
        },
    }
}

#[allow(clippy::print_stderr)]
fn fold(mut source: Source, name: &str, judging: &Judging) -> Result<Engine, String> {
    let mut engine = Engine::new(judging.profile(source.header()));
    for input in source.by_ref() {
        engine.fold(&judging.adjust(input));
    }
    for warning in source.warnings() {
        eprintln!("{}: {}", sanitise_block(name), sanitise_block(&warning.to_string()));
    }
    Ok(engine)
}

/// Folds a pipe as it arrives. Deadlines need no timer here: each fires before the input that follows it.
fn fold_live(source: impl Read, judging: &Judging) -> Engine {
    let mut engine = Engine::new(judging.profile(None));
    let epoch = Instant::now();
    pipe::read(source, super::wall_time(), |what| {
        let at = Micros(u64::try_from(epoch.elapsed().as_micros()).unwrap_or(u64::MAX));
        let at = if matches!(what, crate::core::input::What::Start(_)) { Micros::ZERO } else { at };
        engine.fold(&judging.adjust(Input { at, what }));
    });
    engine
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
