//! Text as it is released: what `send` and `replay` write to standard output.

use std::io::{self, IsTerminal, Write};

use crate::{
    core::{engine::Engine, output::Fate, reading::Channel},
    sanitise::sanitise_block,
};

/// Follows an engine and writes the text of choice 0 the moment it is released. Nothing that was written is taken back.
pub struct ReleasedText<W> {
    out: W,
    terminal: bool,
    frames: u32,
    line_open: bool,
}

impl ReleasedText<io::Stdout> {
    /// Writes to standard output; for a terminal everything is sanitised.
    pub fn stdout() -> ReleasedText<io::Stdout> {
        ReleasedText::new(io::stdout(), io::stdout().is_terminal())
    }
}

impl<W: Write> ReleasedText<W> {
    /// Writes to `out`, sanitised if it is a `terminal`.
    pub fn new(out: W, terminal: bool) -> ReleasedText<W> {
        ReleasedText { out, terminal, frames: 0, line_open: false }
    }

    /// Writes and flushes what `engine` has released since the last call.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write(&mut self, engine: &Engine) -> io::Result<()> {
        let Engine { reading, judgement } = engine;
        let released = judgement.output.released.min(reading.frame_count());
        let mut text = String::new();
        for delta in judgement.output.deltas_at(reading, self.frames..released.max(self.frames)) {
            let row = reading.delta(delta);
            if row.key.choice != 0 || row.key.channel != Channel::Text {
                continue;
            }
            for segment in judgement.output.segments(reading, delta, released) {
                if segment.fate == Fate::Emitted {
                    text.push_str(&row.text[segment.range.start as usize..segment.range.end as usize]);
                }
            }
        }
        self.frames = self.frames.max(released);
        if text.is_empty() {
            return Ok(());
        }
        self.line_open = !text.ends_with('\n');
        let shown = if self.terminal { sanitise_block(&text) } else { text.as_str().into() };
        self.out.write_all(shown.as_bytes())?;
        self.out.flush()
    }

    /// Ends an open line on a terminal, so that the prompt does not stand behind the text.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        if self.terminal && std::mem::take(&mut self.line_open) {
            self.out.write_all(b"\n")?;
        }
        self.out.flush()
    }
}
