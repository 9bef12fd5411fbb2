//! What `send` writes: released text to standard output, everything else to standard error.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
};

use crate::{
    core::{
        engine::Engine,
        input::What,
        output::Fate,
        reading::{Channel, DeltaId, FrameId},
    },
    sanitise::{sanitise, sanitise_block},
};

/// Writes to standard output what was released and not written yet.
pub struct Printer {
    out: io::Stdout,
    /// A terminal shows text only sanitised; a pipe gets it as it is.
    terminal: bool,
    raw: bool,
    verbose: bool,
    muted: bool,
    /// Frames `0..printed` were written.
    printed: u32,
    last: u8,
}

impl Printer {
    /// A printer of the released text, or of the wire's bytes if `raw`.
    pub fn new(out: io::Stdout, raw: bool, verbose: bool) -> Printer {
        Printer { terminal: out.is_terminal(), out, raw, verbose, muted: false, printed: 0, last: b'\n' }
    }

    /// Writes nothing any more.
    pub fn mute(&mut self) {
        self.muted = true;
    }

    /// Shows what an input says by itself.
    pub fn input(&mut self, what: &What) -> io::Result<()> {
        match what {
            What::Bytes(bytes) if self.raw => self.write(bytes),
            What::Start(start) if self.verbose => {
                lines(
                    [format!("> {}", start.url)]
                        .into_iter()
                        .chain(start.headers.iter().map(|(name, value)| format!("> {name}: {value}"))),
                );
                Ok(())
            }
            What::Head(head) if self.verbose => {
                let headers = head.headers.iter().map(|(name, value)| format!("< {name}: {value}"));
                lines([format!("< {}", head.status)].into_iter().chain(headers));
                Ok(())
            }
            What::Attempt(attempt) if self.verbose && attempt.number > 0 => {
                lines([format!("* attempt {}", attempt.number + 1)]);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Writes the text of choice 0 that was released since the last call, at once.
    pub fn release(&mut self, engine: &Engine) -> io::Result<()> {
        let (reading, output) = (&engine.reading, &engine.judgement.output);
        let from = std::mem::replace(&mut self.printed, output.released);
        if self.raw {
            return Ok(());
        }
        let mut text = String::new();
        for delta in (from..output.released).flat_map(|frame| reading.deltas_of(FrameId(frame))).map(DeltaId) {
            let row = reading.delta(delta);
            if row.key.choice != 0 || row.key.channel != Channel::Text {
                continue;
            }
            for segment in output.segments(reading, delta, output.released) {
                if segment.fate == Fate::Emitted {
                    text.push_str(&row.text[segment.range.start as usize..segment.range.end as usize]);
                }
            }
        }
        self.write(text.as_bytes())
    }

    /// Ends the last line on a terminal.
    pub fn finish(&mut self) -> io::Result<()> {
        if self.terminal && self.last != b'\n' { self.write(b"\n") } else { Ok(()) }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (false, Some(last)) = (self.muted, bytes.last()) else { return Ok(()) };
        self.last = *last;
        // One lock for write and flush: the text leaves whole and now.
        let mut out = self.out.lock();
        if self.terminal {
            out.write_all(sanitise_block(&String::from_utf8_lossy(bytes)).as_bytes())?;
        } else {
            out.write_all(bytes)?;
        }
        out.flush()
    }
}

/// One line on standard error.
pub fn note(text: &str) {
    lines(text.lines().map(|line| format!("stutterscope: {line}")));
}

/// Verdict, findings and the recording's place, on standard error.
pub fn summary(engine: &Engine, recording: Option<&Path>) {
    let (reading, judgement) = (&engine.reading, &engine.judgement);
    let mut out = Vec::new();
    let ended = judgement.ended.map_or("not ended", |reason| reason.word());
    out.push(format!(
        "{} · {} deltas in {} frames · {} · {ended}",
        verdict(engine),
        reading.delta_count(),
        reading.frame_count(),
        reading.last_at()
    ));
    for finding in &judgement.findings {
        let level = match finding.level {
            crate::core::class::Level::Error => "error",
            crate::core::class::Level::Warning => "warning",
            crate::core::class::Level::Note => "note",
        };
        let repaired = if finding.repaired { "; repaired" } else { "" };
        out.push(format!("{level} {}: {}{repaired}", finding.class.name(), finding.evidence));
    }
    out.extend(recording.map(|path| format!("recorded in {}", path.display())));
    lines(out.into_iter());
}

fn verdict(_engine: &Engine) -> &'static str {
    "verdict"
}

fn lines(lines: impl IntoIterator<Item = String>) {
    let mut err = io::stderr().lock();
    for line in lines {
        // Without standard error there is nobody to tell.
        let _ = writeln!(err, "{}", sanitise(&line));
    }
}
