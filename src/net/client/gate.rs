//! The Desk from a session's point of view: shared, on a clock, for one endpoint and model.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use crate::core::desk::{Choice, Desk, DeskConfig, EndpointKey, Failed, GateRecord, NoRetry, Permit, Verdict};

/// The Desk, as the sessions of one process share it.
pub type SharedDesk = Arc<Mutex<Desk>>;

/// The Desk's clock: microseconds since an instant of this process.
#[derive(Debug, Clone, Copy)]
pub struct DeskClock {
    epoch: Instant,
    ahead_us: u64,
}

impl DeskClock {
    /// A clock that shows zero now. All sessions that share a Desk must share its clock.
    pub fn start() -> DeskClock {
        DeskClock { epoch: Instant::now(), ahead_us: 0 }
    }

    /// The clock of this process, which began when it was first asked for.
    pub fn process() -> DeskClock {
        static CLOCK: OnceLock<DeskClock> = OnceLock::new();
        *CLOCK.get_or_init(DeskClock::start)
    }

    /// The same clock, so many microseconds ahead.
    pub fn ahead(self, us: u64) -> DeskClock {
        DeskClock { ahead_us: self.ahead_us.saturating_add(us), ..self }
    }

    /// What it shows.
    pub fn now_us(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX).saturating_add(self.ahead_us)
    }
}

/// The Desk, asked for one session. Each method is one decision: the clock is read once, under the Desk's lock.
pub struct Gate {
    /// The Desk.
    pub desk: SharedDesk,
    /// Its clock.
    pub clock: DeskClock,
}

impl Gate {
    fn decide<T>(&self, decision: impl FnOnce(&mut Desk, u64) -> T) -> T {
        // Every call of the Desk leaves it whole, so a panic elsewhere while the lock was held does no harm.
        let mut desk: MutexGuard<'_, Desk> = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        decision(&mut desk, self.clock.now_us())
    }

    /// How the Desk behaves.
    pub fn config(&self) -> DeskConfig {
        self.decide(|desk, _| desk.config().clone())
    }

    /// The session begins.
    pub fn request(&self) {
        self.decide(|desk, now_us| desk.request(now_us));
    }

    /// May an attempt at one of `keys` start?
    pub fn choose(&self, keys: &[EndpointKey]) -> Choice {
        self.decide(|desk, now_us| desk.choose(now_us, keys))
    }

    /// The attempt's first content came.
    pub fn first_content(&self, key: &EndpointKey, permit: Permit) -> Option<GateRecord> {
        self.decide(|desk, now_us| desk.first_content(now_us, key, permit))
    }

    /// The attempt ended. If it `failed` in a way that might be repeated, also when it will be, by the Desk's clock.
    ///
    /// Both answers count from the same moment, so that a wait for Retry-After ends when the Desk says it does.
    pub fn report(
        &self,
        key: &EndpointKey,
        permit: Permit,
        verdict: Verdict,
        failed: Option<&Failed>,
    ) -> (GateRecord, Option<Result<u64, NoRetry>>) {
        self.decide(|desk, now_us| {
            let record = desk.report(now_us, key, permit, verdict);
            let retry = failed.map(|failed| desk.retry(now_us, failed).map(|wait_us| now_us.saturating_add(wait_us)));
            (record, retry)
        })
    }

    /// Gives a permit back.
    fn release(&self, key: &EndpointKey, permit: Permit) {
        self.decide(|desk, now_us| desk.release(now_us, key, permit));
    }

    /// Waits until the Desk's clock shows `until_us`.
    pub async fn wait_until(&self, until_us: u64) {
        // The timer may be early by its resolution; the clock decides.
        while let Some(us) = until_us.checked_sub(self.clock.now_us()).filter(|us| *us > 0) {
            tokio::time::sleep(Duration::from_micros(us)).await;
        }
    }
}

/// A permit that goes back to the Desk if the session is dropped before its attempt ended.
pub struct Held<'a> {
    /// Where it goes back to.
    pub gate: &'a Gate,
    /// For which endpoint and model.
    pub key: &'a EndpointKey,
    /// The permit, until the attempt's end was reported.
    pub permit: Option<Permit>,
}

impl Held<'_> {
    /// The attempt's first content came.
    pub fn first_content(&self) -> Option<GateRecord> {
        self.permit.and_then(|permit| self.gate.first_content(self.key, permit))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.gate.release(self.key, permit);
        }
    }
}
