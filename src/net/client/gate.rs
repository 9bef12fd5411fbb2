//! The Desk from a session's point of view: shared, on a clock, for one endpoint and model.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

use crate::core::desk::{Desk, EndpointKey, GateRecord, Permit, Verdict};

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

/// The Desk, asked for one endpoint and model.
pub struct Gate {
    /// The Desk.
    pub desk: SharedDesk,
    /// Its clock.
    pub clock: DeskClock,
    /// The endpoint and model.
    pub key: EndpointKey,
}

impl Gate {
    // Every call of the Desk leaves it whole, so a panic elsewhere while the lock was held does no harm.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn ask(&self) -> GateRecord {
        self.desk().ask(self.clock.now_us(), &self.key)
    }

    pub fn first_content(&self, permit: Permit) -> Option<GateRecord> {
        self.desk().first_content(self.clock.now_us(), &self.key, permit)
    }

    pub fn report(&self, permit: Permit, verdict: Verdict) -> GateRecord {
        self.desk().report(self.clock.now_us(), &self.key, permit, verdict)
    }
}

/// A permit that goes back to the Desk if the session is dropped before its attempt ended.
pub struct Held<'a> {
    /// Where it goes back to.
    pub gate: &'a Gate,
    /// The permit, until the attempt's end was reported.
    pub permit: Option<Permit>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.gate.desk().release(self.gate.clock.now_us(), &self.gate.key, permit);
        }
    }
}
