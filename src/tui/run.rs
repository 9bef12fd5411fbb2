//! The loop: what arrives and what is pressed become actions, their effects are carried out, and what changed is drawn.
//!
//! Nothing ticks while nothing happens: the loop sleeps until a key, a push to a live log, a deadline of the judgement, or the
//! next step of play. At most thirty frames a second are drawn, except that a key is answered at once.

use std::{
    io::{self, Read},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt;
use ratatui::layout::Rect;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    app::{Action, App, Effect, session::Mode, state::OpenedFile, update, update::begin},
    config::Config,
    core::input::{PauseCause, What},
    tui::{
        Theme, keymap,
        live::{PIPE, Proxy, Sources},
        mouse,
        terminal::{Guard, note_recording},
    },
};

/// Shortest time between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// Time between two steps of a live session's clock on the screen.
const CLOCK: Duration = Duration::from_millis(250);

/// Names a key that panics when it is pressed: the test that a panic gives the terminal back needs a panic.
const PANIC_KEY: &str = "STUTTERSCOPE_TEST_PANIC_KEY";

/// What the interface starts with.
pub enum Opening {
    /// Nothing configured: the demo provider's opener is sent at once.
    Demo,
    /// A provider is configured: the composer.
    Composer,
    /// A recording or capture.
    File(PathBuf),
    /// A live pipe.
    Pipe(Box<dyn Read + Send>),
    /// The calls through a proxy.
    Proxy(Proxy),
    /// A recording or capture that came through a pipe.
    Loaded(Box<OpenedFile>),
}

/// Runs the interface until the user leaves or the system ends it.
///
/// # Errors
/// When the terminal cannot be used.
pub async fn run(opening: Opening, config: Config, theme: Theme) -> io::Result<ExitCode> {
    let mut app = App::new(config.all_providers());
    app.profile = config.profile.clone();
    app.composer.choose(config.provider.as_deref(), config.model.as_deref());
    let mut sources = Sources::new(config);
    let mut queue = Vec::new();
    match opening {
        Opening::Demo => queue.extend(begin(&mut app)),
        Opening::Composer => drop(update(&mut app, Action::Run(crate::app::Command::Compose))),
        Opening::File(path) => queue.push(Effect::Open(path)),
        Opening::Pipe(source) => sources.pipe(&mut app, source),
        Opening::Proxy(proxy) => sources.watch(&mut app, proxy),
        Opening::Loaded(file) => drop(update(&mut app, Action::Opened(file))),
    }
    app.mouse = mouse::by_default(|name| std::env::var(name).ok());
    let mut guard = Guard::enter(app.mouse)?;
    let outcome = turn(&mut app, &mut sources, &mut guard, queue, theme).await;
    sources.stop().await;
    drop(guard);
    farewell(&app);
    outcome
}

/// Says where what was watched can be found again.
#[allow(clippy::print_stderr)]
fn farewell(app: &App) {
    let own = |session: &&crate::app::Session| session.request.is_some() || session.title == PIPE;
    for session in app.sessions.iter().filter(own) {
        if let Some(path) = &session.path {
            eprintln!("recorded: {}", path.display());
        }
    }
}

async fn turn(
    app: &mut App,
    sources: &mut Sources,
    guard: &mut Guard,
    mut effects: Vec<Effect>,
    theme: Theme,
) -> io::Result<ExitCode> {
    let mut keys = EventStream::new();
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    let mut stopped = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?;
    let (mut drawn, mut played) = (None::<Instant>, Instant::now());
    // What is due at once: a first frame.
    let (mut dirty, mut urgent) = (true, true);
    loop {
        for effect in std::mem::take(&mut effects) {
            match effect {
                Effect::Quit => return Ok(ExitCode::SUCCESS),
                Effect::Redraw => guard.redraw()?,
                Effect::Mouse(ours) => guard.mouse(ours)?,
                Effect::Suspend => suspend(sources, guard)?,
                effect => {
                    sources.carry_out(app, effect).await;
                }
            }
            (dirty, urgent) = (true, true);
        }
        dirty |= sources.drain(app, &mut effects);
        if !effects.is_empty() {
            continue;
        }
        if playing(app) {
            let elapsed = played.elapsed();
            update(app, Action::Tick(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)));
            dirty = true;
        }
        played = Instant::now();
        let since = drawn.map_or(FRAME, |at| at.elapsed());
        if dirty && (urgent || since >= FRAME) {
            note_recording(app.session().and_then(|session| session.path.clone()));
            guard.draw(app, &theme)?;
            drawn = Some(Instant::now());
            (dirty, urgent) = (false, false);
        }
        let wait = if dirty {
            Some(FRAME.saturating_sub(since))
        } else if playing(app) {
            Some(FRAME)
        } else {
            sources.next_deadline(app).map(|deadline| deadline.min(CLOCK))
        };
        tokio::select! {
            event = keys.next() => match event {
                // Somebody pulled the terminal away: the recording is complete, there is nobody to show it to.
                None | Some(Err(_)) => return Ok(ExitCode::from(129)),
                Some(Ok(event)) => {
                    effects.extend(handle(app, event, guard.area()?));
                    (dirty, urgent) = (true, true);
                }
            },
            () = sources.changed() => {}
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => dirty |= wait.is_some_and(|wait| wait >= FRAME),
            _ = terminated.recv() => return Ok(ExitCode::from(143)),
            _ = hung_up.recv() => return Ok(ExitCode::from(129)),
            _ = stopped.recv() => effects.push(Effect::Suspend),
        }
    }
}

fn playing(app: &App) -> bool {
    app.session().is_some_and(|session| session.mode == Mode::Playing)
}

fn handle(app: &mut App, event: Event, area: Rect) -> Vec<Effect> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            let asked = std::env::var(PANIC_KEY).ok();
            assert!(asked.is_none() || asked != keymap::name(&key), "{PANIC_KEY} asks for this panic");
            let action = keymap::action(app, key);
            action.map(|action| update(app, action)).unwrap_or_default()
        }
        Event::Mouse(event) => {
            let action = mouse::action(app, area, event);
            action.map(|action| update(app, action)).unwrap_or_default()
        }
        Event::Paste(text) => update(app, Action::Paste(text)),
        _ => Vec::new(),
    }
}

/// Stops the process; what was not read meanwhile is told apart from what was not sent.
fn suspend(sources: &Sources, guard: &mut Guard) -> io::Result<()> {
    let began = Instant::now();
    guard.suspend()?;
    let us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    sources.push_all(&What::Paused { us, cause: PauseCause::Suspended });
    Ok(())
}
