//! The client: one session's attempts, from the Desk's permit to the last byte.
//!
//! Everything it learns becomes an input of the session's log, stamped where it was read; everything it decides (retry,
//! timeout, cancel) becomes one too. It folds nothing for display.

mod attempt;
mod gate;
mod transport;
mod watch;
mod wire;

use std::{path::Path, sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use tokio::sync::watch as signal;

use gate::{Gate, Held};
use wire::Wire;

use crate::{
    core::{
        desk::{EndpointKey, GateDecision, Outcome, RetryConfig, Timers, retry::Failed},
        error::Fault,
        input::{Attempt, End, OurEnd, What},
        params::Profile,
        time::Micros,
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
/// Stops early when `cancel` turns true: the stream is dropped and the log ends with `End(Us(Cancelled))`.
pub async fn run(spec: RequestSpec, desk: SharedDesk, log: Arc<LiveLog>, cancel: signal::Receiver<bool>) {
    run_by(DeskClock::process(), spec, desk, log, cancel).await;
}

/// As [`run`], with the Desk on `clock`.
pub async fn run_by(clock: DeskClock, spec: RequestSpec, desk: SharedDesk, log: Arc<LiveLog>, cancel: signal::Receiver<bool>) {
    // The log is closed even if this future is dropped half way, for somebody waits for it.
    let closing = Closing(log.clone());
    let key = EndpointKey::new(spec.base_url.clone(), spec.model.clone());
    let wire = Wire { timers: Timers::new(spec.timeouts), secrets: secrets(&spec), log, cancel };
    Session { gate: Gate { desk, clock, key }, wire, spec }.run().await;
    drop(closing);
}

struct Closing(Arc<LiveLog>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

struct Session {
    spec: RequestSpec,
    gate: Gate,
    wire: Wire,
}

impl Session {
    async fn run(mut self) {
        let http = transport::client(&self.spec);
        for number in 0.. {
            let attempt = Attempt { number, endpoint: self.spec.base_url.clone(), model: self.spec.model.clone() };
            self.wire.push(What::Attempt(attempt));
            let record = self.gate.ask();
            let (decision, permit) = (record.decision.clone(), record.permit());
            self.wire.push(What::Gate(record));
            let Some(permit) = permit else {
                let refused = matches!(decision, GateDecision::Refused { .. });
                self.wire.push(What::End(End::Us(if refused { OurEnd::BreakerOpen } else { OurEnd::RateLimited })));
                return;
            };
            let mut held = Held { gate: &self.gate, permit: Some(permit) };
            let outcome = match &http {
                Ok(http) => attempt::run(http, &self.spec, &mut self.wire, &self.gate, permit).await,
                Err(error) => attempt::Finished::failed(transport::classify(error)),
            };
            let draw = draw();
            let wait = outcome.fault.as_ref().and_then(|fault| self.retry_wait(fault, &outcome, number + 1, draw));
            if wait.is_some() {
                // Said before the end, so that the end is known not to be the session's.
                self.wire.push(What::Draw { purpose: "retry.jitter".into(), value: draw });
            }
            self.wire.push(What::End(outcome.end));
            held.permit = None;
            let verdict = outcome.fault.map(|fault| {
                let draw = self::draw();
                self.wire.push(What::Draw { purpose: "breaker.jitter".into(), value: draw });
                fault.verdict(outcome.retry_after_us, Some(draw))
            });
            let verdict = verdict.unwrap_or_else(|| Outcome::Success.into());
            self.wire.push(What::Gate(self.gate.report(permit, verdict)));
            let Some(wait) = wait else { return };
            if let Err(end) = self.wire.guard(tokio::time::sleep(Duration::from_micros(wait.0))).await {
                self.wire.push(What::End(End::Us(end)));
                return;
            }
        }
    }

    /// How long to wait before the next attempt, if there is to be one.
    fn retry_wait(&self, fault: &Fault, outcome: &attempt::Finished, attempts: u32, draw: u64) -> Option<Micros> {
        let config = RetryConfig { max_attempts: self.spec.max_attempts, ..RetryConfig::default() };
        let failed =
            Failed { attempts, class: fault.class, passed_on: outcome.answered, retry_after_us: outcome.retry_after_us, draw };
        let timed_out = matches!(outcome.end, End::Us(end) if end != OurEnd::ConnectTimeout);
        if timed_out {
            return None;
        }
        // The Desk counts the wish from the report, a moment later than now.
        config.decide(&failed).ok().map(|us| Micros(us.saturating_add(2_000)))
    }
}

/// A random number. The standard library's keys are as random as jitter needs.
fn draw() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}
