//! Where inputs come from while the interface runs: requests, the pipe, files. The only part of it that does I/O.

mod proxy;

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
};

use crate::{
    app::{
        Action, App, Effect,
        comparing::Compared,
        compose::Request,
        session::SessionId,
        shared::{Fresh, judge},
        state::OpenedFile,
        update,
    },
    config::Config,
    core::{
        dialect,
        input::{Origin, OurEnd, What},
        params::Profile,
    },
    net::{
        client::{self, Save, SharedDesk},
        demo::DemoServer,
        providers::Provider,
        request::{Draft, RequestSpec},
    },
    session::{self, format::Header, library, live::LiveLog, notes, pipe},
};

pub use proxy::Proxy;

/// How long a cancelled request may take to close its recording when the program ends.
const PATIENCE: Duration = Duration::from_millis(500);

/// Title of a session that standard input brings.
pub const PIPE: &str = "pipe";

struct Live {
    session: SessionId,
    log: Arc<LiveLog>,
    cancel: Option<Cancel>,
    task: Option<JoinHandle<()>>,
}

/// What ends a stream.
enum Cancel {
    /// Of a request that this program sent.
    Sent(watch::Sender<Option<OurEnd>>),
    /// Of a call that passes through the proxy.
    Proxied(watch::Sender<bool>),
}

impl Cancel {
    /// The user wants no more.
    fn cancel(&self) {
        match self {
            Cancel::Sent(end) => drop(end.send_replace(Some(OurEnd::Cancelled))),
            Cancel::Proxied(cancelled) => drop(cancelled.send_replace(true)),
        }
    }

    /// The profile wants no more of a loop. A call of somebody else's passes as it comes.
    fn end_loop(&self) {
        if let Cancel::Sent(end) = self {
            end.send_if_modified(|end| end.is_none() && end.replace(OurEnd::Loop).is_none());
        }
    }
}

/// Everything that brings inputs.
pub struct Sources {
    config: Config,
    desk: SharedDesk,
    demo: Option<DemoServer>,
    proxy: Option<Proxy>,
    live: Vec<Live>,
    wake: Arc<Notify>,
    /// What other threads finished.
    done: mpsc::UnboundedReceiver<Action>,
    finish: mpsc::UnboundedSender<Action>,
}

impl Sources {
    /// Nothing is under way yet.
    pub fn new(config: Config) -> Sources {
        let desk = Arc::new(Mutex::new(config.desk()));
        let (finish, done) = mpsc::unbounded_channel();
        Sources { config, desk, demo: None, proxy: None, live: Vec::new(), wake: Arc::default(), done, finish }
    }

    /// Waits until some live session changed.
    pub async fn changed(&self) {
        self.wake.notified().await;
    }

    /// Hands everything that came to the sessions; returns whether anything did. What that asks for goes to `effects`.
    pub fn drain(&mut self, app: &mut App, effects: &mut Vec<Effect>) -> bool {
        let mut any = self.take_calls(app);
        while let Ok(action) = self.done.try_recv() {
            effects.extend(update(app, action));
            any = true;
        }
        let mut remarks = Vec::new();
        self.live.retain(|live| {
            // Asked before draining: what was pushed before the close is in this drain or an earlier one.
            let closed = live.log.is_closed();
            let mut inputs = Vec::new();
            let now = live.log.drain(&mut inputs);
            any |= closed || !inputs.is_empty();
            effects.extend(update(app, Action::Arrived { session: live.session, inputs, now, closed }));
            remarks.extend(live.log.take_recording_error().map(|error| error.to_string()));
            !closed
        });
        for remark in remarks {
            update(app, Action::Say(remark));
        }
        any
    }

    /// How long until a live session's judgement has something to do without input; `None` if nothing is live.
    pub fn next_deadline(&self, app: &App) -> Option<Duration> {
        let due = |live: &Live| {
            let session = app.sessions.iter().find(|session| session.id == live.session)?;
            // While it is judged anew its time waits, too.
            let deadline = session.engine.judgement.next_deadline().filter(|_| !session.engine.judging());
            let deadline = deadline.map(|at| Duration::from_micros(at.since(live.log.now()).0));
            Some(deadline.unwrap_or(Duration::MAX))
        };
        self.live.iter().filter_map(due).min()
    }

    /// Pushes an input of this program's own to every live session.
    pub fn push_all(&self, what: &What) {
        for live in &self.live {
            live.log.push(what.clone());
        }
    }

    /// Carries out what concerns sessions and files.
    pub async fn carry_out(&mut self, app: &mut App, effect: Effect) {
        match effect {
            Effect::Send(session, request) => {
                let profile = app.session().map_or_else(Profile::default, |session| session.engine.judgement.profile.clone());
                // The composer knows those of the configuration and what was pasted.
                let providers = app.composer.providers.clone();
                match self.send(session, request, &profile, &providers).await {
                    Ok((path, remarks)) => {
                        if let Some(path) = path {
                            update(app, Action::Recording(session, path));
                        }
                        if !remarks.is_empty() {
                            update(app, Action::Say(remarks.join("; ")));
                        }
                    }
                    Err(reason) => drop(update(app, Action::Failed(session, reason))),
                }
            }
            Effect::Cancel(session) => {
                for live in self.live.iter().filter(|live| live.session == session) {
                    match &live.cancel {
                        Some(cancel) => cancel.cancel(),
                        // A pipe cannot be asked to stop; it is no longer listened to.
                        None => live.log.close(),
                    }
                }
                self.wake.notify_one();
            }
            Effect::EndLoop(session) => {
                let cancel = self.live.iter().filter(|live| live.session == session).filter_map(|live| live.cancel.as_ref());
                cancel.for_each(Cancel::end_loop);
            }
            Effect::Open(path) => {
                update(app, Action::Say(format!("opening {}", path.display())));
                // Reading, unpacking and judging a large recording must not stop the keys.
                self.in_background(move || match open(&path) {
                    Ok(file) => Action::Opened(Box::new(file)),
                    Err(reason) => Action::Say(reason),
                });
            }
            Effect::Judge(id, profile) => {
                let Some(session) = app.sessions.iter().find(|session| session.id == id) else { return };
                let reading = session.engine.reading.clone();
                self.in_background(move || {
                    let judgement = judge(&reading, profile);
                    // The session may only go on once nobody else has its reading.
                    drop(reading);
                    Action::Judged(id, Box::new(Fresh(judgement)))
                });
            }
            Effect::Compare(id, profile) => {
                let Some(session) = app.sessions.iter().find(|session| session.id == id) else { return };
                let reading = session.engine.reading.clone();
                self.in_background(move || {
                    let compared = Compared::of(&reading, &profile);
                    // The session may only go on once nobody else has its reading.
                    drop(reading);
                    Action::Compared(id, Box::new(compared))
                });
            }
            Effect::Note { session, recording, notes, before } => {
                let action = match notes::write(&recording, &notes, &before) {
                    Ok(text) => Action::Noted(session, Box::new(notes), text),
                    Err(error) => Action::Say(error.to_string()),
                };
                update(app, action);
            }
            Effect::List => {
                let action = match library::list() {
                    Ok(entries) => Action::Listed(entries),
                    Err(error) => Action::Say(format!("cannot list {}: {error}", library::folder().display())),
                };
                update(app, action);
            }
            Effect::Copy(path) => {
                let text = match copy(&path) {
                    Ok(name) => format!("saved {}", name.display()),
                    Err(error) => format!("cannot copy {} here: {error}", path.display()),
                };
                update(app, Action::Say(text));
            }
            // The loop's own.
            Effect::Mouse(_) | Effect::Redraw | Effect::Suspend | Effect::Quit => {}
        }
    }

    /// Does `work` on a thread of its own; [`Sources::drain`] hands on what comes of it.
    fn in_background(&self, work: impl FnOnce() -> Action + Send + 'static) {
        let (finish, wake) = (self.finish.clone(), self.wake.clone());
        tokio::task::spawn_blocking(move || {
            // Nobody listens any more when the program ends.
            let _ = finish.send(work());
            wake.notify_one();
        });
    }

    async fn send(
        &mut self,
        session: SessionId,
        request: Request,
        profile: &Profile,
        providers: &[Provider],
    ) -> Result<(Option<PathBuf>, Vec<String>), String> {
        let provider = providers.iter().find(|provider| provider.name == request.provider).cloned();
        let mut provider = provider.ok_or_else(|| format!("there is no provider `{}`; c composes a request", request.provider))?;
        if provider.is_demo() {
            self.point_at_demo(&mut provider).await?;
        }
        let (prompt, body) = if request.is_body { (None, Some(request.text)) } else { (Some(request.text), None) };
        let draft = Draft {
            prompt,
            body,
            model: Some(request.model).filter(|model| !model.is_empty()),
            base_url: None,
            headers: Vec::new(),
            unchecked: false,
            timeouts: self.config.timeouts,
            max_attempts: self.config.max_attempts,
        };
        let built = RequestSpec::build_all(&provider, providers, draft, |name| std::env::var(name).ok());
        let (spec, remarks) = built.map_err(|error| error.to_string())?;
        let log = client::open(&spec, profile, Save::Library).map_err(|error| error.to_string())?;
        let (cancel, cancelled) = watch::channel(None);
        let task = tokio::spawn(client::run(spec, self.desk.clone(), log.clone(), cancelled));
        let path = log.path();
        self.add(Live { session, log, cancel: Some(Cancel::Sent(cancel)), task: Some(task) });
        Ok((path, remarks))
    }

    async fn point_at_demo(&mut self, provider: &mut Provider) -> Result<(), String> {
        if self.demo.is_none() {
            let server = DemoServer::start(0, 1.0).await;
            self.demo = Some(server.map_err(|error| format!("the demo provider cannot start: {error}"))?);
        }
        if let (Some(server), Some(dialect)) = (&self.demo, dialect::by_id(&provider.dialect)) {
            provider.base_url = server.base_url(dialect);
        }
        Ok(())
    }

    /// Reads `source` as a live session, on a thread of its own: a read of a pipe cannot be stopped.
    pub fn pipe(&mut self, app: &mut App, source: Box<dyn Read + Send>) {
        let wall = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        update(app, Action::Piped(PIPE.into()));
        let Some(session) = app.session().map(|session| session.id) else { return };
        let start = session::import::start(Origin::Pipe, true, wall.clone());
        let recorder = library::autosave(&Header::new(start, &self.config.profile), PIPE);
        let recorder = recorder.map_err(|error| update(app, Action::Say(error.to_string()))).ok();
        let log = LiveLog::new(recorder);
        if let Some(path) = log.path() {
            update(app, Action::Recording(session, path));
        }
        if let Err(error) = pipe::spawn(source, wall, log.clone()) {
            update(app, Action::Failed(session, format!("cannot read standard input: {error}")));
        }
        self.add(Live { session, log, cancel: None, task: None });
    }

    fn add(&mut self, live: Live) {
        let (log, wake) = (live.log.clone(), self.wake.clone());
        tokio::spawn(async move {
            while !log.is_closed() {
                log.changed().await;
                wake.notify_one();
            }
            wake.notify_one();
        });
        self.live.push(live);
    }

    /// Cancels what is under way and lets the recordings be closed.
    pub async fn stop(&mut self) {
        if let Some(proxy) = self.proxy.take() {
            let _ = tokio::time::timeout(PATIENCE, proxy.stop()).await;
        }
        for live in &mut self.live {
            if let Some(cancel) = &live.cancel {
                cancel.cancel();
            }
            if let Some(task) = live.task.take() {
                let _ = tokio::time::timeout(PATIENCE, task).await;
            }
        }
    }
}

fn open(path: &Path) -> Result<OpenedFile, String> {
    let source = session::open(path).map_err(|error| error.to_string())?;
    let title = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let mut file = opened(title, Some(path.to_path_buf()), source);
    file.notes = notes::read(path).map_err(|error| error.to_string());
    Ok(file)
}

/// What `source` holds, taken to its end.
pub fn opened(title: String, path: Option<PathBuf>, mut source: session::Source) -> OpenedFile {
    let profile = source.header().map_or_else(Profile::default, Header::profile);
    let mut file = OpenedFile::fold(title, path, source.by_ref(), profile);
    file.remarks = source.warnings().iter().filter(|warning| !warning.is_info()).map(ToString::to_string).collect();
    file
}

/// Copies `path` into the current folder under a name that is not taken.
fn copy(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut target = PathBuf::from(name);
    let mut number = 1;
    while target.exists() {
        number += 1;
        target = PathBuf::from(format!("{number}-{}", name.to_string_lossy()));
    }
    fs::copy(path, &target)?;
    // Labels that cannot be read stay where they are.
    if let Ok((noted, _)) = notes::read(path) {
        notes::write(&target, &noted, "").map_err(io::Error::other)?;
    }
    Ok(target)
}
