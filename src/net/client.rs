//! The client: one session's attempts, from the Desk's permit to the last byte.
//!
//! Everything it learns becomes an input of the session's log, stamped where it was read; everything it decides (retry,
//! timeout, cancel) becomes one too. It folds nothing for display.

mod attempt;
mod gate;
mod session;
pub(in crate::net) mod transport;
mod watch;
mod wire;

use std::{path::Path, sync::Arc};

use secrecy::ExposeSecret;
use tokio::sync::watch as signal;

use gate::Gate;
use session::Session;
use wire::Wire;

use crate::{
    core::{
        input::{OurEnd, What},
        params::Profile,
    },
    net::request::RequestSpec,
    session::{
        format::Header,
        library,
        live::LiveLog,
        redact::Secrets,
        writer::{RecordError, Recorder},
    },
};
pub use gate::{DeskClock, SharedDesk};

/// Where a session is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Save<'a> {
    /// Nowhere.
    No,
    /// In the library, named after the time and the model.
    Library,
    /// In this file, which must not exist.
    At(&'a Path),
}

/// Opens the log of a session that will send `spec`, recorded as `save` says, and pushes its Start.
///
/// # Errors
/// When the recording cannot be begun; nothing was sent then.
pub fn open(spec: &RequestSpec, profile: &Profile, save: Save<'_>) -> Result<Arc<LiveLog>, RecordError> {
    let mut start = spec.start(chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
    let secrets = secrets(spec);
    secrets.mask_headers(&mut start.headers);
    start.body = secrets.mask_text(&start.body);
    start.url = secrets.mask_text(&start.url);
    let recorder = match save {
        Save::No => None,
        Save::Library => Some(library::autosave(&Header::new(start.clone(), profile), &spec.model)?),
        Save::At(path) => Some(Recorder::create(path, &Header::new(start.clone(), profile))?),
    };
    let log = LiveLog::new(recorder);
    log.push(What::Start(Box::new(start)));
    Ok(log)
}

fn secrets(spec: &RequestSpec) -> Secrets {
    let secrets = spec.secrets();
    Secrets::new(secrets.iter().map(|secret| secret.expose_secret()))
}

/// Sends `spec` and pushes what happens to `log`, which [`open`] gave, until the session's last input; then closes it.
///
/// Stops early when `cancel` says why, and what `Some` says is the end: the stream is dropped, and the log ends with
/// `End(Us(Cancelled))` for a user and `End(Us(Loop))` for a policy.
pub async fn run(spec: RequestSpec, desk: SharedDesk, log: Arc<LiveLog>, cancel: signal::Receiver<Option<OurEnd>>) {
    run_by(DeskClock::process(), spec, desk, log, cancel).await;
}

/// As [`run`], with the Desk on `clock`.
pub async fn run_by(
    clock: DeskClock,
    spec: RequestSpec,
    desk: SharedDesk,
    log: Arc<LiveLog>,
    cancel: signal::Receiver<Option<OurEnd>>,
) {
    // The log is closed even if this future is dropped half way, for somebody waits for it.
    let closing = Closing(log.clone());
    let wire = Wire::new(log.clone(), spec.timeouts, secrets(&spec), cancel);
    tokio::select! {
        () = Session::new(spec, Gate { desk, clock }, wire).run() => {}
        () = log.pulse() => {}
    }
    drop(closing);
}

struct Closing(Arc<LiveLog>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}
