//! From a target to its judgement.

use std::{io, path::Path, sync::Arc};

use super::targets::Target;
use crate::{
    cli::{interrupt::Interrupt, judging::Judging, wall_time},
    core::{
        engine::Engine,
        input::{End, OurEnd, What},
    },
    sanitise::sanitise_block,
    session::{
        self, Source,
        live::LiveLog,
        pipe::{self, Stdin},
        source,
    },
};

/// A judged session, and whether an interrupt ended it.
pub struct Judged {
    /// The reading and its judgement.
    pub engine: Engine,
    /// True if it was live and an interrupt ended it.
    pub interrupted: bool,
}

/// Reads and judges one target.
///
/// # Errors
/// When it cannot be read; the message says why, and what would do.
pub fn judge(target: &Target, judging: &Judging, interrupt: &Interrupt) -> Result<Judged, String> {
    match target {
        Target::File(path) => fold(session::open(path).map_err(|error| error.to_string())?, &path.to_string_lossy(), judging),
        Target::Unusable(_, error) => Err(error.clone()),
        Target::Stdin => stdin(judging, interrupt),
    }
}

fn stdin(judging: &Judging, interrupt: &Interrupt) -> Result<Judged, String> {
    // Time begins before the first byte is waited for.
    let (log, wall) = (LiveLog::new(None), wall_time());
    let unreadable = |error: io::Error| format!("cannot read standard input: {error}\nhint: pipe a stream in, or name a file");
    match pipe::stdin().map_err(unreadable)? {
        Stdin::Stored(stored) => {
            let source = source::from_reader(stored, Path::new("-"), false).map_err(|error| error.to_string())?;
            fold(source, "-", judging)
        }
        Stdin::Live(live) => {
            interrupt.expect();
            pipe::spawn(live, wall, Arc::clone(&log)).map_err(unreadable)?;
            fold_live(&log, judging, interrupt).map_err(unreadable)
        }
    }
}

#[allow(clippy::print_stderr)]
fn fold(mut source: Source, name: &str, judging: &Judging) -> Result<Judged, String> {
    let mut engine = Engine::new(judging.profile(source.header()));
    for input in source.by_ref() {
        engine.fold(&judging.adjust(input));
    }
    for warning in source.warnings() {
        eprintln!("{}: {}", sanitise_block(name), sanitise_block(&warning.to_string()));
    }
    Ok(Judged { engine, interrupted: false })
}

/// Folds a pipe as it arrives, to its end or to an interrupt. Deadlines need no timer here: each fires before the input that
/// follows it.
fn fold_live(log: &LiveLog, judging: &Judging, interrupt: &Interrupt) -> io::Result<Judged> {
    let mut engine = Engine::new(judging.profile(None));
    let mut interrupted = false;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let mut inputs = Vec::new();
        loop {
            let closed = log.is_closed();
            log.drain(&mut inputs);
            for input in inputs.drain(..) {
                engine.fold(&judging.adjust(input));
            }
            if closed {
                break;
            }
            tokio::select! {
                biased;
                () = interrupt.arrived() => {
                    interrupted = true;
                    log.push(What::Cancel);
                    log.push(What::End(End::Us(OurEnd::Cancelled)));
                    log.close();
                }
                () = log.changed() => {}
            }
        }
    });
    interrupt.forget();
    Ok(Judged { engine, interrupted })
}
