//! `stutterscope compare A [B]`: two sessions, or several judges of one.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::ValueEnum;

use crate::{
    app::shared::judge,
    cli::{
        Failure, Outcome,
        judging::{Judging, JudgingArgs},
    },
    config::{ProfileName, StrategyName, parse_param},
    core::{
        judgement::Judgement,
        params::{Param, Strategy},
        reading::Reading,
    },
    report::to_json,
    sanitise::sanitise_block,
    session::{self, format::Header},
};

mod comparison;
mod printer;

use comparison::Comparison;

const AFTER_HELP: &str = "\
Examples:
  stutterscope compare run.session                                     what the repair changes: evidence against none
  stutterscope compare run.session --strategy evidence --strategy v2   two strategies on one session
  stutterscope compare run.session --strategy evidence --strategy v1 --strategy growth
  stutterscope compare run.session --profile safe --profile eager      two profiles on one session
  stutterscope compare run.session --param replay.min_chars=64         as recorded against another threshold
  stutterscope compare run.session --habits habits.ron                 as recorded against what is known of its endpoint
  stutterscope compare monday.session tuesday.session --format json    two sessions, one JSON object

What only the first has is shown as [-gone-], what only the second has as {+new+}. Two sessions are the same if their texts, tool
calls, finish reason, verdict and findings are; when and in how many pieces they came is shown and is no difference.

Exit code: 0 the same, 1 different, 2 something could not be read.";

/// How a comparison is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON object for each pair
    Json,
}

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A recording or capture
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// Another one; without it, A is judged in several ways
    #[arg(value_name = "B")]
    pub b: Option<PathBuf>,
    /// How the comparison is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Strategy: evidence, v1, v2, v2-states, growth or none; each is a side, the first one the side that the others are held against
    #[arg(long = "strategy", value_name = "NAME", help_heading = "Judging")]
    pub strategies: Vec<StrategyName>,
    /// Profile: observe, safe, eager, or a RON file; each is a side
    #[arg(long = "profile", value_name = "NAME|FILE", help_heading = "Judging")]
    pub profiles: Vec<ProfileName>,
    /// Set a parameter, such as stall.gap_ms=3000; all of them together are a side
    #[arg(long = "param", value_name = "ID=VALUE", value_parser = parse_param, help_heading = "Judging")]
    pub params: Vec<(Param, u64)>,
    /// Use what endpoints were proved to do in earlier sessions, as kept in this file; with one session alone, it is judged with
    /// and without them
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    pub habits: Option<PathBuf>,
}

impl Args {
    /// The ways in which one session is judged; the first is what the others are held against.
    fn sides(&self) -> Vec<JudgingArgs> {
        let strategy = |name: &StrategyName| JudgingArgs { strategy: Some(*name), ..JudgingArgs::default() };
        let profile = |name: &ProfileName| JudgingArgs { profile: Some(name.clone()), ..JudgingArgs::default() };
        let mut sides: Vec<JudgingArgs> = self.strategies.iter().map(strategy).chain(self.profiles.iter().map(profile)).collect();
        if !self.params.is_empty() {
            sides.push(JudgingArgs { params: self.params.clone(), ..JudgingArgs::default() });
        }
        let plain = JudgingArgs::default();
        match (sides.len(), &self.habits) {
            (0, None) => return [Strategy::Evidence, Strategy::None].map(|name| strategy(&StrategyName(name))).into(),
            // Alone they are a side; beside others they hold for all of them.
            (0, Some(_)) => return vec![plain, JudgingArgs { habits: self.habits.clone(), ..JudgingArgs::default() }],
            (1, _) => sides.insert(0, plain),
            _ => {}
        }
        sides.iter_mut().for_each(|side| side.habits.clone_from(&self.habits));
        sides
    }

    /// How two sessions are judged, both in the same way.
    fn both(&self) -> Result<JudgingArgs, Failure> {
        if self.strategies.len() > 1 || self.profiles.len() > 1 {
            return Err(Failure::usage(
                "two sessions are compared under one strategy and one profile\nhint: name one file to compare strategies or profiles",
            ));
        }
        Ok(JudgingArgs {
            strategy: self.strategies.first().copied(),
            profile: self.profiles.first().cloned(),
            params: self.params.clone(),
            habits: self.habits.clone(),
            ..JudgingArgs::default()
        })
    }
}

/// Compares and prints.
///
/// # Errors
/// When a file cannot be read, a profile cannot be used, or standard output cannot be written.
pub fn run(args: &Args) -> Outcome {
    let name = |path: &Path| path.to_string_lossy().into_owned();
    let comparisons = match &args.b {
        Some(b) => {
            let judging = Judging::load(&args.both()?)?;
            let judged = |path: &Path| -> Result<_, Failure> {
                let (reading, header) = read(path)?;
                let judgement = judge(&reading, judging.knowing(judging.profile(header.as_ref()), reading.start()));
                Ok((reading, judgement))
            };
            let (of_a, of_b) = (judged(&args.a)?, judged(b)?);
            vec![Comparison::of_sessions((&of_a.0, &of_a.1, &name(&args.a)), (&of_b.0, &of_b.1, &name(b)))]
        }
        None => {
            let sides = args.sides().iter().map(Judging::load).collect::<Result<Vec<_>, _>>()?;
            let (reading, header) = read(&args.a)?;
            let judged = sides.iter().map(|side| judge(&reading, side.knowing(side.profile(header.as_ref()), reading.start())));
            let judged: Vec<Judgement> = judged.collect();
            judged[1..].iter().map(|other| Comparison::of_judgements(&reading, &judged[0], other, &name(&args.a))).collect()
        }
    };
    let mut out = io::stdout().lock();
    for (index, comparison) in comparisons.iter().enumerate() {
        match args.format {
            Format::Json => writeln!(out, "{}", to_json(comparison).map_err(io::Error::other)?)?,
            Format::Text => {
                let between = if index > 0 { "\n" } else { "" };
                write!(out, "{between}{}", printer::to_text(comparison))?;
            }
        }
    }
    Ok(ExitCode::from(u8::from(!comparisons.iter().all(|comparison| comparison.same))))
}

/// Reads a session whole; what there is to say about its file goes to standard error.
#[allow(clippy::print_stderr)]
fn read(path: &Path) -> Result<(Reading, Option<Header>), Failure> {
    let mut source = session::open(path).map_err(Failure::usage)?;
    let mut reading = Reading::default();
    for input in source.by_ref() {
        reading.fold(&input);
    }
    for warning in source.warnings() {
        eprintln!("{}: {}", sanitise_block(&path.to_string_lossy()), sanitise_block(&warning.to_string()));
    }
    Ok((reading, source.header().cloned()))
}
