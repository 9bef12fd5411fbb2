//! Back-pressure: while the client does not take what was read, nothing more is read, and that is not the provider's silence.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    core::{
        input::{PauseCause, What},
        time::Micros,
    },
    session::live::{LiveLog, PULSE},
};

/// A client that takes what it is given within this time is not slow.
const LEAST: Micros = Micros::from_millis(5);

/// Since when the client has had something to take.
#[derive(Debug, Default)]
pub struct Slow {
    waiting: Mutex<Option<Waiting>>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// Since then, or since the last pause that was pushed.
    since: Micros,
    /// How long the process had been suspended by then.
    suspended: Micros,
}

impl Slow {
    fn lock(&self) -> MutexGuard<'_, Option<Waiting>> {
        // The state is replaced whole, so a panic elsewhere leaves it whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client was given something.
    pub fn given(&self, log: &LiveLog) {
        *self.lock() = Some(Waiting { since: log.now(), suspended: log.suspended() });
    }

    /// The client asks for more.
    pub fn asked(&self, log: &LiveLog) {
        let mut waiting = self.lock();
        account(&mut waiting, log);
        *waiting = None;
    }

    /// Pushes a slow client's time while it passes, so that no deadline fires in it. Never ends.
    pub async fn watch(&self, log: &LiveLog) {
        loop {
            tokio::time::sleep(PULSE).await;
            account(&mut self.lock(), log);
        }
    }
}

/// Pushes the time since the last account as a pause, if it is one.
fn account(waiting: &mut Option<Waiting>, log: &LiveLog) {
    let Some(Waiting { since, suspended }) = *waiting else { return };
    let (now, total) = (log.now(), log.suspended());
    // While the process was suspended nobody could take anything either, and that is recorded already.
    let us = now.since(since).since(total.since(suspended));
    if us >= LEAST {
        log.push(What::Paused { us: us.0, cause: PauseCause::BackPressure });
        *waiting = Some(Waiting { since: now, suspended: total });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_client_that_lets_things_lie_is_slow() {
        let log = LiveLog::new(None);
        let slow = Slow::default();
        slow.asked(&log);
        slow.given(&log);
        *slow.lock() = Some(Waiting { since: log.now(), suspended: Micros::from_millis(1) });
        slow.asked(&log);
        assert!(slow.lock().is_none());
        let mut inputs = Vec::new();
        log.drain(&mut inputs);
        assert!(inputs.is_empty(), "{inputs:?}");

        let began = log.now();
        while log.now().since(began) < LEAST {}
        *slow.lock() = Some(Waiting { since: began, suspended: Micros::ZERO });
        slow.asked(&log);
        log.drain(&mut inputs);
        let [input] = &inputs[..] else { panic!("{inputs:?}") };
        assert!(matches!(input.what, What::Paused { us, cause: PauseCause::BackPressure } if us >= LEAST.0), "{input:?}");
    }
}
