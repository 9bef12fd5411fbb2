//! Follows a session: folds what comes, and writes released text to standard output, everything else to standard error.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    time::Duration,
};

use tokio::sync::watch;

use crate::{
    cli::{Failure, interrupt::Interrupt, released::ReleasedText},
    core::{
        desk::{EndpointKey, GateDecision, GateRecord, retry::retry_after},
        engine::Engine,
        input::{OurEnd, What},
    },
    report::{Report, text::to_text},
    sanitise::{sanitise, sanitise_block},
    session::live::LiveLog,
};

/// What following a session came to.
pub struct Followed {
    /// The session, folded and judged.
    pub engine: Engine,
    /// True if the user interrupted it.
    pub interrupted: bool,
    /// True if whoever read standard output went away.
    pub broken_pipe: bool,
}

/// Folds what comes and prints what is released, until the log is closed. Deadlines fire when they are due, and a loop that the
/// profile does not want is ended.
///
/// # Errors
/// When standard output fails otherwise than by a reader that went away.
pub async fn follow(
    log: &LiveLog,
    mut engine: Engine,
    mut printer: Printer,
    interrupt: &Interrupt,
    cancel: &watch::Sender<Option<OurEnd>>,
) -> Result<Followed, Failure> {
    interrupt.expect();
    let mut inputs = Vec::new();
    let (mut interrupted, mut broken_pipe, mut stopped) = (false, false, false);
    loop {
        // Asked before draining: what was pushed before the close is in this drain or an earlier one.
        let closed = log.is_closed();
        let now = log.drain(&mut inputs);
        let mut written = Ok(());
        for input in inputs.drain(..) {
            engine.fold(&input);
            written = written.and_then(|()| printer.input(&input.what));
        }
        engine.advance(now);
        // Asked once: what the user wants meanwhile is the later word.
        if engine.judgement.wants_stop(&engine.reading) && !std::mem::replace(&mut stopped, true) {
            cancel.send_if_modified(|end| end.is_none() && end.replace(OurEnd::Loop).is_none());
        }
        written = written.and_then(|()| printer.release(&engine));
        if closed {
            written = written.and_then(|()| printer.finish());
        }
        if let Err(error) = written {
            // Whoever read us wants no more, so neither do we of the provider.
            cancel.send_replace(Some(OurEnd::Cancelled));
            printer.muted = true;
            broken_pipe = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                return Err(error.into());
            }
        }
        if closed {
            return Ok(Followed { engine, interrupted, broken_pipe });
        }
        let wait = engine.judgement.next_deadline().map(|deadline| Duration::from_micros(deadline.since(log.now()).0));
        tokio::select! {
            () = log.changed() => {}
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            // A second interrupt is not expected and ends the program at once.
            () = interrupt.arrived() => {
                interrupted = true;
                cancel.send_replace(Some(OurEnd::Cancelled));
            }
        }
    }
}

/// Writes what a session brings.
pub struct Printer {
    text: ReleasedText<io::Stdout>,
    raw: bool,
    verbose: bool,
    muted: bool,
    attempts: u32,
    status: Option<u16>,
    /// What the provider asked to wait, in microseconds.
    wish_us: Option<u64>,
}

impl Printer {
    /// A printer of the released text, or of the wire's bytes if `raw`; heads too if `verbose`.
    pub fn new(raw: bool, verbose: bool) -> Printer {
        Printer { text: ReleasedText::stdout(), raw, verbose, muted: false, attempts: 0, status: None, wish_us: None }
    }

    /// Shows what an input says by itself.
    fn input(&mut self, what: &What) -> io::Result<()> {
        match what {
            What::Bytes(bytes) if self.raw && !self.muted => return write_raw(bytes),
            What::Start(start) if self.verbose => head('>', &start.url, &start.headers),
            What::Attempt(attempt) => {
                (self.attempts, self.status, self.wish_us) = (attempt.number + 1, None, None);
                if self.verbose && attempt.number > 0 {
                    lines([format!("> attempt {}: {} {}", self.attempts, attempt.endpoint, attempt.model)]);
                }
            }
            What::Head(response) => {
                self.status = Some(response.status);
                self.wish_us = retry_after(&response.headers, Some(chrono::Utc::now()));
                if self.verbose {
                    head('<', &response.status.to_string(), &response.headers);
                }
            }
            What::Draw { purpose, .. } if purpose.starts_with("retry") => {
                let when = self.wish_us.map_or(String::new(), |us| format!(" in {} s, as it asks", us.div_ceil(1_000_000)));
                note(&format!("attempt {} failed {} and is tried again{when}", self.attempts, self.how()));
            }
            What::Gate(GateRecord { decision: GateDecision::FellBack(to), .. }) => {
                let (attempts, how, EndpointKey { endpoint, model }) = (self.attempts, self.how(), to);
                note(&format!("attempt {attempts} failed {how}; {endpoint} is asked for {model} instead"));
            }
            _ => {}
        }
        Ok(())
    }

    /// How the attempt in progress failed.
    fn how(&self) -> String {
        self.status.map_or("without an answer".to_owned(), |status| format!("with status {status}"))
    }

    /// Writes the text that was released since the last call, at once.
    fn release(&mut self, engine: &Engine) -> io::Result<()> {
        if self.raw || self.muted { Ok(()) } else { self.text.write(engine) }
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.muted { Ok(()) } else { self.text.finish() }
    }
}

/// The wire's bytes as they came; a terminal gets them sanitised.
fn write_raw(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        out.write_all(sanitise_block(&String::from_utf8_lossy(bytes)).as_bytes())?;
    } else {
        out.write_all(bytes)?;
    }
    out.flush()
}

fn head(mark: char, first: &str, headers: &[(String, String)]) {
    lines([format!("{mark} {first}")].into_iter().chain(headers.iter().map(|(name, value)| format!("{mark} {name}: {value}"))));
}

/// Something to know, on standard error.
pub fn note(text: &str) {
    lines(text.lines().map(|line| format!("stutterscope: {line}")));
}

/// Verdict, findings and the recording's place, on standard error.
pub fn summary(report: &Report, recording: Option<&Path>) {
    let place = recording.map(|path| format!("recorded in {}", path.display()));
    lines(to_text(report).lines().map(str::to_owned).chain(place));
}

fn lines(lines: impl IntoIterator<Item = String>) {
    let mut err = io::stderr().lock();
    for line in lines {
        // Without standard error there is nobody to tell.
        let _ = writeln!(err, "{}", sanitise(&line));
    }
}
