//! `stutterscope replay FILE`: a recording's released text, in its own time.

use std::{
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use crate::{
    cli::{
        Failure, Outcome,
        interrupt::Interrupt,
        judging::{Judging, JudgingArgs},
        released::ReleasedText,
    },
    core::{engine::Engine, time::Micros},
    sanitise::sanitise_block,
    session,
};

const AFTER_HELP: &str = "\
Examples:
  stutterscope replay run.session              as it was seen, gaps and holds included
  stutterscope replay run.session --speed 4    four times as fast
  stutterscope replay run.session --speed max --strategy none > as-received.txt";

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The recording; a capture without times is written at once
    pub file: PathBuf,
    /// Times its own speed, or max for no waiting
    #[arg(long, default_value = "1", value_parser = parse_speed, value_name = "FACTOR|max")]
    pub speed: Speed,
    /// How the session is judged
    #[command(flatten)]
    pub judging: JudgingArgs,
}

/// How fast a recording is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// This many times its own speed.
    Times(f64),
    /// Without waiting.
    Max,
}

fn parse_speed(text: &str) -> Result<Speed, String> {
    match text.strip_suffix('x').unwrap_or(text).parse() {
        _ if text == "max" => Ok(Speed::Max),
        Ok(factor) if (0.001..=1e6).contains(&factor) => Ok(Speed::Times(factor)),
        _ => Err(format!("`{text}` is no speed\nhint: say 2 for twice as fast, 0.5 for half, or max")),
    }
}

/// Plays the file.
///
/// # Errors
/// When the file cannot be read or standard output cannot be written.
#[allow(clippy::print_stderr)]
pub fn run(args: &Args) -> Outcome {
    let judging = Judging::load(&args.judging)?;
    let mut source = session::open(&args.file).map_err(Failure::usage)?;
    let _interrupt = Interrupt::watch()?;
    let mut engine = Engine::new(judging.profile_of(&source));
    let mut text = ReleasedText::stdout();
    let clock = Clock { epoch: Instant::now(), speed: args.speed };
    for input in source.by_ref() {
        // A hold that ran out released its text then, not with the next input.
        while let Some(deadline) = engine.judgement.next_deadline().filter(|deadline| *deadline < input.at) {
            clock.wait_for(deadline);
            engine.advance(deadline);
            text.write(&engine)?;
        }
        clock.wait_for(input.at);
        engine.fold(&judging.adjust(input));
        text.write(&engine)?;
    }
    text.finish()?;
    for warning in source.warnings() {
        eprintln!("{}: {}", sanitise_block(&args.file.to_string_lossy()), sanitise_block(&warning.to_string()));
    }
    Ok(ExitCode::SUCCESS)
}

struct Clock {
    epoch: Instant,
    speed: Speed,
}

impl Clock {
    fn wait_for(&self, at: Micros) {
        if let Speed::Times(factor) = self.speed {
            let due = Duration::from_micros(at.0).div_f64(factor);
            thread::sleep(due.saturating_sub(self.epoch.elapsed()));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_factors_or_max() {
        assert_eq!(parse_speed("max"), Ok(Speed::Max));
        assert_eq!(parse_speed("2"), Ok(Speed::Times(2.0)));
        assert_eq!(parse_speed("0.5x"), Ok(Speed::Times(0.5)));
        for bad in ["0", "-1", "fast", "NaN", "inf", ""] {
            assert!(parse_speed(bad).unwrap_err().contains("hint: "), "{bad}");
        }
    }
}
