//! What every attempt of a session pushes to, and what can end it.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    core::{
        desk::Timers,
        input::{OurEnd, What},
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
    /// Turns true when the user cancels.
    pub cancel: watch::Receiver<bool>,
}

impl Wire {
    /// Stamps and pushes an input; returns the stamp.
    pub fn push(&mut self, what: What) -> Micros {
        self.timers.fold(self.log.now(), &what);
        self.log.push(what)
    }

    /// Runs `future` until it is done, the user cancels, or a timeout is due.
    pub async fn guard<F: Future>(&mut self, future: F) -> Result<F::Output, OurEnd> {
        let now = self.log.now();
        let deadline = self.timers.next_deadline();
        let expired = async {
            match deadline {
                Some((at, end)) => {
                    tokio::time::sleep(Duration::from_micros(at.since(now).0)).await;
                    end
                }
                None => std::future::pending().await,
            }
        };
        let cancelled = async {
            // A sender that is gone cancels nothing any more.
            if self.cancel.wait_for(|cancel| *cancel).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        // Cancelling wins over a stream that never pauses; bytes that are there win over a timeout that they would have met.
        let result = tokio::select! {
            biased;
            () = cancelled => Err(OurEnd::Cancelled),
            output = future => Ok(output),
            end = expired => Err(end),
        };
        if matches!(result, Err(OurEnd::Cancelled)) {
            self.push(What::Cancel);
        }
        result
    }
}
