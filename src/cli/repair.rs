//! `stutterscope repair [FILE|-]`: the same wire format out, what is proved redundant missing.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path as FilePath, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use crate::{
    cli::{
        Failure, Outcome,
        check::FailOn,
        interrupt::Interrupt,
        judging::{Judging, JudgingArgs},
        send::follow::{note, summary},
        wall_time,
    },
    core::{
        engine::Engine,
        input::{End, Input, OurEnd, What},
    },
    report::Report,
    sanitise::sanitise_block,
    session::{self, Source, live::LiveLog, pipe, source},
};

pub mod path;

use path::Path;

const AFTER_HELP: &str = "\
Examples:
  curl -sN … | stutterscope repair | my-client       repair a live stream on its way
  stutterscope repair capture.sse > repaired.sse     what is clean comes out byte for byte
  stutterscope repair run.session | stutterscope check -

The report goes to standard error. If anything fails inside, the rest passes as it came, and the report says so.
Exit code: 0 clean, 1 findings at or above --fail-on (repaired or not), 2 something could not be read.";

/// Arguments of `repair`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A capture, a recording (the body of its last attempt), or - for standard input
    #[arg(value_name = "FILE|-")]
    pub file: Option<PathBuf>,
    /// Lowest level of a finding that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Warning, value_name = "LEVEL")]
    pub fail_on: FailOn,
    /// Say nothing on standard error but what failed
    #[arg(short, long)]
    pub quiet: bool,
    /// How the stream is judged
    #[command(flatten)]
    pub judging: JudgingArgs,
}

/// Repairs one body.
///
/// # Errors
/// When the input cannot be read or standard output cannot be written.
pub fn run(args: &Args) -> Outcome {
    let judging = Judging::load(&args.judging)?;
    let interrupt = Interrupt::watch()?;
    let file = args.file.as_deref().filter(|file| file.as_os_str() != "-");
    let name = file.map_or_else(|| "-".to_owned(), |file| file.to_string_lossy().into_owned());
    let mut out = Out { out: io::stdout(), terminal: io::stdout().is_terminal() };
    let mut interrupted = false;
    let path = match file {
        Some(file) => stored(session::open(file).map_err(Failure::usage)?, &judging, &mut out)?,
        None => {
            // Time begins before the first byte is waited for.
            let (log, wall) = (LiveLog::new(None), wall_time());
            match pipe::stdin().map_err(unreadable)? {
                pipe::Stdin::Stored(source) => {
                    let parts = source::from_reader(source, FilePath::new("-"), false).map_err(Failure::usage)?;
                    stored(source::first(parts).map_err(Failure::usage)?, &judging, &mut out)?
                }
                pipe::Stdin::Live(source) => {
                    pipe::spawn(source, wall, Arc::clone(&log)).map_err(unreadable)?;
                    interrupt.expect();
                    let path = Path::new(Engine::new(judging.profile(None)));
                    live(&log, &judging, path, &interrupt, &mut out, &mut interrupted)?
                }
            }
        }
    };
    let fails = tell(path, &name, args);
    Ok(ExitCode::from(if interrupted { interrupt.code() } else { fails }))
}

fn unreadable(error: io::Error) -> Failure {
    Failure::usage(format!("cannot read standard input: {error}\nhint: pipe a stream in, or name a file"))
}

/// Says what was found and done; the exit code.
fn tell(path: Path<Engine>, name: &str, args: &Args) -> u8 {
    let opened = path.opened().map(str::to_owned);
    let (trimmed, dropped) = (path.repair().trimmed, path.repair().dropped);
    let mut engine = path.into_judge();
    if let Some(reason) = &opened {
        engine.judgement.repair_stopped(&engine.reading, reason);
        note(&format!("{reason}; from there on every byte passed as it came"));
    }
    let report = Report::of(&engine.reading, &engine.judgement, name);
    if !args.quiet {
        summary(&report, None);
        if trimmed + dropped > 0 {
            note(&format!("{trimmed} frames were trimmed and {dropped} left out"));
        }
    }
    u8::from(args.fail_on.fails(&report))
}

/// The body of a file, from its last attempt if it has several.
fn stored(mut source: Source, judging: &Judging, out: &mut Out<impl Write>) -> Result<Path<Engine>, Failure> {
    let mut path = Path::new(Engine::new(judging.profile_of(&source)));
    let inputs: Vec<Input> = source.by_ref().map(|input| judging.adjust(input)).collect();
    for input in last_attempt(inputs) {
        out.write(&path.input(&input))?;
    }
    source.warnings().iter().for_each(|warning| note(&warning.to_string()));
    Ok(path)
}

/// The Start, and what follows the beginning of the last attempt that brought a body: what an earlier one sent is no part of it.
pub fn last_attempt(mut inputs: Vec<Input>) -> Vec<Input> {
    let body = inputs.iter().rposition(|input| matches!(input.what, What::Bytes(_))).unwrap_or(0);
    let begin = inputs[..body].iter().rposition(|input| matches!(input.what, What::Attempt(_)));
    let start = inputs.iter().position(|input| matches!(input.what, What::Start(_))).map_or(0, |start| start + 1);
    if let Some(begin) = begin.filter(|begin| *begin > start) {
        inputs.drain(start..begin);
    }
    // Another attempt that brought nothing does not follow this one's body.
    let end = inputs.iter().rposition(|input| matches!(input.what, What::Bytes(_))).unwrap_or(0);
    if let Some(next) = inputs[end..].iter().position(|input| matches!(input.what, What::Attempt(_))) {
        inputs.truncate(end + next);
    }
    inputs
}

/// A pipe as it comes: what is released is written at once, what is held when it is decided or its time is over.
fn live(
    log: &LiveLog,
    judging: &Judging,
    mut path: Path<Engine>,
    interrupt: &Interrupt,
    out: &mut Out<impl Write>,
    interrupted: &mut bool,
) -> Result<Path<Engine>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(unreadable)?;
    runtime.block_on(async {
        let mut inputs = Vec::new();
        loop {
            let closed = log.is_closed();
            let now = log.drain(&mut inputs);
            for input in inputs.drain(..) {
                out.write(&path.input(&judging.adjust(input)))?;
            }
            if closed {
                return Ok(path);
            }
            out.write(&path.advance(now))?;
            let wait = path.next_deadline().map(|deadline| Duration::from_micros(deadline.since(log.now()).0));
            tokio::select! {
                biased;
                () = interrupt.arrived() => {
                    *interrupted = true;
                    log.push(What::Cancel);
                    log.push(What::End(End::Us(OurEnd::Cancelled)));
                    log.close();
                }
                () = log.changed() => {}
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            }
        }
    })
}

/// Where the bytes go.
struct Out<W> {
    out: W,
    terminal: bool,
}

impl<W: Write> Out<W> {
    /// Writes and flushes; a terminal gets nothing that it would obey.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.terminal {
            self.out.write_all(sanitise_block(&String::from_utf8_lossy(bytes)).as_bytes())?;
        } else {
            self.out.write_all(bytes)?;
        }
        self.out.flush()
    }
}
