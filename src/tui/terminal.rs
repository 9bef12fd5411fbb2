//! The terminal, taken and given back: on quitting, on an error, on a panic, on a signal, and while suspended.

use std::{
    io::{self, Stdout, Write},
    panic,
    path::PathBuf,
    sync::{Mutex, Once, PoisonError},
};

use crossterm::{
    cursor, event, execute, queue,
    terminal::{self, BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen},
};
use ratatui::{Terminal, backend::CrosstermBackend, layout::Rect};

use crate::{
    app::App,
    tui::{Theme, draw},
};

/// The recording to name after a panic, for nothing is lost with the screen.
static RECORDING: Mutex<Option<PathBuf>> = Mutex::new(None);
static HOOK: Once = Once::new();

/// A terminal in raw mode on its alternate screen, until it is dropped.
pub struct Guard {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
}

impl Guard {
    /// Takes the terminal, and the mouse if asked. After this, a panic gives it back before its report is printed.
    ///
    /// # Errors
    /// When standard output or the terminal's keys cannot be used.
    pub fn enter(mouse: bool) -> io::Result<Guard> {
        HOOK.call_once(chain_hook);
        take(mouse)?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout())).inspect_err(|_| give_back())?;
        Ok(Guard { terminal, mouse })
    }

    /// Draws one frame; the terminal shows it at once or not at all.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, app: &App, theme: &Theme) -> io::Result<()> {
        queue!(io::stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| {
            let area = frame.area();
            draw(app, theme, area, frame.buffer_mut());
        })?;
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    /// Forgets what is on the screen, so that the next frame is drawn whole.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn redraw(&mut self) -> io::Result<()> {
        // Clearing alone would ask the terminal where its cursor is, and the answer might be taken for keys.
        let area = self.area()?;
        self.terminal.resize(area)
    }

    /// Takes the mouse, or leaves it to the terminal.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn mouse(&mut self, ours: bool) -> io::Result<()> {
        self.mouse = ours;
        if ours { execute!(io::stdout(), event::EnableMouseCapture) } else { execute!(io::stdout(), event::DisableMouseCapture) }
    }

    /// The size of the screen.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn area(&self) -> io::Result<Rect> {
        let size = self.terminal.size()?;
        Ok(Rect::new(0, 0, size.width, size.height))
    }

    /// Gives the terminal back, stops this process, and takes the terminal again once it is continued.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        take(self.mouse)?;
        self.redraw()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Notes where the session on the screen is recorded, to be said after a panic.
pub fn note_recording(path: Option<PathBuf>) {
    *RECORDING.lock().unwrap_or_else(PoisonError::into_inner) = path;
}

fn take(mouse: bool) -> io::Result<()> {
    terminal::enable_raw_mode()?;
    let mut out = io::stdout();
    execute!(out, EnterAlternateScreen, event::EnableBracketedPaste, cursor::Hide).inspect_err(|_| give_back())?;
    if mouse { execute!(out, event::EnableMouseCapture).inspect_err(|_| give_back()) } else { Ok(()) }
}

/// Undoes [`take`]; harmless when it is called twice. There is nobody left to tell of an error.
fn give_back() {
    let mut out = io::stdout();
    let _ = execute!(out, EndSynchronizedUpdate, event::DisableMouseCapture, event::DisableBracketedPaste);
    let _ = execute!(out, LeaveAlternateScreen, cursor::Show);
    let _ = out.flush();
    let _ = terminal::disable_raw_mode();
}

#[allow(clippy::print_stderr)]
fn chain_hook() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        give_back();
        report(info);
        let recording = RECORDING.try_lock().ok().and_then(|path| path.clone());
        if let Some(path) = recording {
            eprintln!("the session is recorded in {}", path.display());
        }
    }));
}
