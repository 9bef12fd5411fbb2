//! `stutterscope tune FILE...`: fit thresholds to labelled sessions, and say what that is worth.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::{
    cli::{
        Failure, Outcome,
        judging::{Judging, JudgingArgs},
    },
    config::{Glyphs, profile},
    core::{params::Param, profile::Profile, reading::Reading},
    sanitise::sanitise_block,
    session::{
        self,
        import::cases,
        notes::{self, Expected},
    },
    tui::Theme,
    tune::{self, Case, Example, Fit, Wanted},
};

mod printer;

const AFTER_HELP: &str = "\
Examples:
  stutterscope tune runs/ -o mine.ron              fit to the labelled recordings of a folder, write a profile
  stutterscope tune cases.jsonl runs/              labelled cases, too
  stutterscope tune a.session b.session --seed 7   another split in halves
  stutterscope check run.session --profile mine.ron

In the interface `a` labels the delta at the cursor and `A` the whole stream; labels lie in NAME.notes.ron beside the recording.
Thresholds are moved on one half of the sessions, no further than it takes to repair, then to flag more of them, and never so far
that a session labelled as fine loses text or that more of those are flagged, in either half. The other half says what that is
worth. The holding limits (hold.*) are left as they are.

Exit code: 0 fitted, whether or not a threshold moved; 2 a file could not be read, or there are too few labels.";

/// Arguments of `tune`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Labelled recordings or captures, folders with recordings, or labelled cases (.jsonl)
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Write the fitted profile here instead of printing it
    #[arg(short, long, value_name = "FILE.ron")]
    pub output: Option<PathBuf>,
    /// Another seed splits the sessions in other halves
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    pub seed: u64,
    /// What the fit begins with
    #[command(flatten)]
    pub judging: JudgingArgs,
}

/// Fits, prints tables and curves, and writes the profile.
///
/// # Errors
/// When a file cannot be read, there are too few labels, or no profile in reach harms nothing.
pub fn run(args: &Args) -> Outcome {
    let judging = Judging::load(&args.judging)?;
    let base = judging.profile(None);
    let examples = examples(&args.files, &judging)?;
    let halves = tune::split(&examples, args.seed).map_err(Failure::usage)?;
    let fit = tune::fit(&examples, &halves, &base);
    let (fitted, reported) = (fit.fitted.1, fit.reported.1);
    if fitted.harmed + reported.harmed > 0 {
        return Err(Failure::usage(harmful(&examples, &fit)));
    }
    let theme = Theme::from_environment(|name| std::env::var(name).ok());
    let ascii = theme.ascii || judging.config().glyphs == Glyphs::Ascii;
    let mut out = io::stdout().lock();
    write!(out, "{}", printer::tables(&fit, args.seed, &halves))?;
    for (param, before, after) in &fit.moved {
        let points = tune::curve::against(&examples, &halves, &fit.profile, *param, *before);
        write!(out, "{}", printer::curves(*param, *before, *after, &points, ascii))?;
    }
    let moved: Vec<Param> = fit.moved.iter().map(|(param, ..)| *param).collect();
    let scaled = if moved.is_empty() { tune::search::thresholds().map(|info| info.param).collect() } else { moved };
    let points = tune::curve::roc(&examples, &halves, &fit.profile, &scaled);
    write!(out, "{}", printer::roc(&points, fit.moved.is_empty(), ascii))?;
    out.flush()?;
    keep(args.output.as_deref(), fit.profile, &mut out)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the profile to its file, or prints it.
fn keep(path: Option<&Path>, mut fitted: Profile, out: &mut impl Write) -> Result<(), Failure> {
    let Some(path) = path else {
        fitted.name = "tuned".into();
        write!(out, "\nthe profile (-o FILE.ron writes it):\n{}", profile::to_ron(&fitted))?;
        return Ok(());
    };
    fitted.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    profile::write(path, &fitted)
        .map_err(|error| Failure::usage(format!("cannot write {}: {error}\nhint: choose another place with -o", path.display())))?;
    let path = sanitise_block(&path.to_string_lossy()).into_owned();
    writeln!(out, "\nwritten to {path}; use it with --profile {path}")?;
    Ok(())
}

/// Says which sessions lose text whatever the thresholds.
fn harmful(examples: &[Example], fit: &Fit) -> String {
    let outcomes = tune::judge_all(examples, &fit.profile);
    let harmed = examples
        .iter()
        .zip(&outcomes)
        .filter(|(example, outcome)| outcome.harmed && !matches!(example.side(), notes::Side::Positive(_)));
    let names: Vec<&str> = harmed.map(|(example, _)| example.id.as_str()).take(5).collect();
    format!(
        "under every profile in reach text labelled as fine is taken out of {}; nothing was written\nhint: look at it with `stutterscope compare FILE`, and correct the label if the repair is right",
        names.join(", ")
    )
}

/// Reads every session that has labels.
fn examples(files: &[PathBuf], judging: &Judging) -> Result<Vec<Example>, Failure> {
    let mut examples = Vec::new();
    for file in files {
        for path in recordings(file)? {
            read(&path, judging, &mut examples)?;
        }
    }
    Ok(examples)
}

/// The file itself, or the recordings right in a folder, by name.
fn recordings(file: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !file.is_dir() {
        return Ok(vec![file.to_path_buf()]);
    }
    let unreadable = |error: io::Error| {
        Failure::usage(format!("cannot list {}: {error}\nhint: check the name and its permissions", file.display()))
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(file).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.to_string_lossy();
        if name.ends_with(".session") || name.ends_with(".session.zst") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Reads the cases of a file, which say themselves what is to become of them.
fn read_cases(path: &Path, bytes: &[u8], examples: &mut Vec<Example>) -> Result<(), Failure> {
    for (line, case) in cases::cases(bytes) {
        let failed = |reason: String| Failure::usage(format!("{}:{line}: {reason}", path.display()));
        let case = case.map_err(|error| failed(error.to_string()))?;
        let mut reading = Reading::default();
        for input in case.exchange.into_inputs() {
            reading.fold(&input);
        }
        let wanted = Case::new(&reading, case.label).map_err(failed)?;
        examples.push(Example { id: case.id, reading, wanted: Wanted::Case(Box::new(wanted)), habits: Vec::new() });
    }
    Ok(())
}

/// Reads the sessions of one file that have labels.
#[allow(clippy::print_stderr)]
fn read(path: &Path, judging: &Judging, examples: &mut Vec<Example>) -> Result<(), Failure> {
    let name = path.to_string_lossy();
    if path.extension().is_some_and(|extension| extension == "jsonl") {
        let bytes =
            std::fs::read(path).map_err(|error| Failure::usage(format!("cannot read {name}: {error}\nhint: check the name")))?;
        if cases::begins(&bytes) {
            return read_cases(path, &bytes, examples);
        }
    }
    for part in session::open_all(path).map_err(Failure::usage)? {
        let id = part.name(&name);
        let (notes, _) = notes::read(Path::new(&id)).map_err(Failure::usage)?;
        if notes.is_empty() {
            continue;
        }
        let mut reading = Reading::default();
        for input in part.source.map_err(Failure::usage)? {
            reading.fold(&judging.adjust(input));
        }
        let Some(expected) = Expected::of(&notes, &reading) else { continue };
        if expected.lost > 0 {
            let id = sanitise_block(&id);
            eprintln!(
                "{id}: {} of its labels are about no delta of it\nhint: it was read in another dialect, or replaced",
                expected.lost
            );
        }
        // The folder is not part of the name: a copy elsewhere falls into the same half.
        let id = Path::new(&id).file_name().map_or(id.clone(), |name| name.to_string_lossy().into_owned());
        let habits = judging.knowing(Profile::default(), reading.start()).habits;
        examples.push(Example { id, reading, wanted: Wanted::Labels(expected), habits });
    }
    Ok(())
}
