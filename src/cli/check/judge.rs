//! From a target to its judgement.

use std::{io, iter, path::Path, sync::Arc};

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
        pipe,
        source::{self, Part},
    },
};

/// A judged session, and whether an interrupt ended it.
pub struct Judged {
    /// The reading and its judgement.
    pub engine: Engine,
    /// True if it was live and an interrupt ended it.
    pub interrupted: bool,
}

/// One session of a target: the name it is reported under, and what came of it.
pub type Session = (String, Result<Judged, String>);

/// Reads and judges the sessions of one target, each when it is asked for. What cannot be read is told, and what would do.
pub fn judge<'a>(target: &'a Target, judging: &'a Judging, interrupt: &Interrupt) -> Box<dyn Iterator<Item = Session> + 'a> {
    let name = target.name();
    let parts = match target {
        Target::File(path) => session::open_all(path).map_err(|error| error.to_string()),
        Target::Unusable(_, error) => Err(error.clone()),
        Target::Stdin => match stdin(judging, interrupt) {
            Ok(Stdin::Stored(parts)) => Ok(parts),
            Ok(Stdin::Live(judged)) => return Box::new(iter::once((name, Ok(*judged)))),
            Err(error) => Err(error),
        },
    };
    match parts {
        Ok(parts) => Box::new(parts.into_iter().map(move |part| {
            let name = part.name(&name);
            let judged = part.source.map_err(|error| error.to_string()).map(|source| fold(source, &name, judging));
            (name, judged)
        })),
        Err(error) => Box::new(iter::once((name, Err(error)))),
    }
}

/// What standard input brought.
enum Stdin {
    Stored(Vec<Part>),
    Live(Box<Judged>),
}

fn stdin(judging: &Judging, interrupt: &Interrupt) -> Result<Stdin, String> {
    // Time begins before the first byte is waited for.
    let (log, wall) = (LiveLog::new(None), wall_time());
    let unreadable = |error: io::Error| format!("cannot read standard input: {error}\nhint: pipe a stream in, or name a file");
    match pipe::stdin().map_err(unreadable)? {
        pipe::Stdin::Stored(stored) => {
            source::from_reader(stored, Path::new("-"), false).map(Stdin::Stored).map_err(|error| error.to_string())
        }
        pipe::Stdin::Live(live) => {
            interrupt.expect();
            pipe::spawn(live, wall, Arc::clone(&log)).map_err(unreadable)?;
            fold_live(&log, judging, interrupt).map(Box::new).map(Stdin::Live).map_err(unreadable)
        }
    }
}

#[allow(clippy::print_stderr)]
fn fold(mut source: Source, name: &str, judging: &Judging) -> Judged {
    let mut engine = Engine::new(judging.profile_of(&source));
    for input in source.by_ref() {
        engine.fold(&judging.adjust(input));
    }
    for warning in source.warnings() {
        eprintln!("{}: {}", sanitise_block(name), sanitise_block(&warning.to_string()));
    }
    Judged { engine, interrupted: false }
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
