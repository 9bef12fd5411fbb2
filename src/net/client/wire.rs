//! What every attempt of a session pushes to, and what can end it.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    core::{
        desk::{Timeouts, Timers},
        input::{OurEnd, PauseCause, What},
        time::Micros,
    },
    session::{live::LiveLog, redact::Secrets},
};

/// What every attempt of a session pushes to, and what can end it.
pub struct Wire {
    /// Takes every input.
    pub log: Arc<LiveLog>,
    /// Which timeout is next.
    pub timers: Timers,
    /// What is masked before it is pushed.
    pub secrets: Secrets,
    /// Says why when the stream is to be ended: the user cancels, or a policy ends a loop.
    pub cancel: watch::Receiver<Option<OurEnd>>,
    /// How much of the time in which the process was suspended the timers know of.
    suspended: Micros,
}

impl Wire {
    /// A wire on which nothing has happened.
    pub fn new(log: Arc<LiveLog>, timeouts: Timeouts, secrets: Secrets, cancel: watch::Receiver<Option<OurEnd>>) -> Wire {
        Wire { log, timers: Timers::new(timeouts), secrets, cancel, suspended: Micros::ZERO }
    }

    /// The time now. A suspension that the log has noticed is told to the timers.
    fn now(&mut self) -> Micros {
        let now = self.log.now();
        let total = self.log.suspended();
        let us = total.since(std::mem::replace(&mut self.suspended, total)).0;
        if us > 0 {
            self.timers.fold(now, &What::Paused { us, cause: PauseCause::Suspended });
        }
        now
    }

    /// Stamps and pushes an input; returns the stamp.
    pub fn push(&mut self, what: What) -> Micros {
        let now = self.now();
        self.timers.fold(now, &what);
        self.log.push(what)
    }

    /// Runs `future` until it is done, somebody wants no more, or a timeout is due.
    pub async fn guard<F: Future>(&mut self, future: F) -> Result<F::Output, OurEnd> {
        let mut future = pin!(future);
        let result = loop {
            let now = self.now();
            let deadline = self.timers.next_deadline();
            let expired = async {
                match deadline {
                    Some((at, _)) => tokio::time::sleep(Duration::from_micros(at.since(now).0)).await,
                    None => std::future::pending().await,
                }
            };
            let cancelled = async {
                // A sender that is gone cancels nothing any more.
                match self.cancel.wait_for(Option::is_some).await.map(|end| *end) {
                    Ok(Some(end)) => end,
                    _ => std::future::pending().await,
                }
            };
            // Cancelling wins over a stream that never pauses; bytes that are there win over a timeout that they would have met.
            tokio::select! {
                biased;
                end = cancelled => break Err(end),
                output = &mut future => break Ok(output),
                () = expired => {}
            }
            // While the process was suspended nobody could be late.
            let now = self.now();
            if let Some(end) = self.timers.due(now) {
                break Err(end);
            }
        };
        if matches!(result, Err(OurEnd::Cancelled)) {
            self.push(What::Cancel);
        }
        result
    }
}
