//! The live log: one queue of inputs between the task that reads the wire and the loop that folds.
//!
//! The reader pushes, the consumer drains; both take the same lock, so that stamps never go back and the consumer's `now` is
//! never earlier than a stamp it has not seen. The queue has no bound of its own: it holds what came since the last
//! [`LiveLog::drain`], and every consumer drains at least once a screen frame. Reading is never slowed by drawing.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::{
    core::{
        input::{Input, PauseCause, What},
        time::Micros,
    },
    session::writer::Recorder,
};

/// How often somebody must look at the clock of a log with a [pulse](LiveLog::pulse).
pub const PULSE: Duration = Duration::from_millis(100);

/// A time in which nobody looked is a suspension from this on. A loaded machine delays a pulse too, by less; should it be by
/// more, then nobody read meanwhile, and the gap is not the provider's either.
const SUSPENDED: Micros = Micros::from_millis(1_000);

/// A session in flight. Cheap to share: net pushes, the consumer drains.
pub struct LiveLog {
    epoch: Instant,
    state: Mutex<State>,
    pushed: Notify,
}

struct State {
    queue: Vec<Input>,
    recorder: Option<Recorder>,
    last: Micros,
    closed: bool,
    /// Somebody looks at the clock every [`PULSE`].
    pulse: bool,
    /// Time in which the process was suspended.
    suspended: Micros,
}

impl State {
    fn push(&mut self, at: Micros, what: What) {
        let input = Input { at, what };
        if let Some(recorder) = &mut self.recorder {
            recorder.append(&input);
        }
        self.queue.push(input);
    }

    /// The time has come to `now`. A suspension is noticed here, before anything is stamped after it, and is itself stamped where
    /// it began: so no deadline fires inside it, whoever looks first.
    fn advance(&mut self, now: Micros) {
        if self.pulse
            && !self.closed
            && let Some(us) = suspended(self.last, now)
        {
            self.suspended = self.suspended + us;
            self.push(self.last, What::Paused { us: us.0, cause: PauseCause::Suspended });
        }
        self.last = self.last.max(now);
    }
}

/// For how long the process was suspended, if it was, when the clock that is looked at every [`PULSE`] goes from `last` to `now`.
fn suspended(last: Micros, now: Micros) -> Option<Micros> {
    Some(now.since(last)).filter(|gap| *gap >= SUSPENDED)
}

impl LiveLog {
    /// An empty log whose time zero is now. Push [`What::Start`] first.
    pub fn new(recorder: Option<Recorder>) -> Arc<LiveLog> {
        Arc::new(LiveLog {
            epoch: Instant::now(),
            state: Mutex::new(State {
                queue: Vec::new(),
                recorder,
                last: Micros::ZERO,
                closed: false,
                pulse: false,
                suspended: Micros::ZERO,
            }),
            pushed: Notify::new(),
        })
    }

    // A panic elsewhere while the lock was held leaves a queue that is still whole: each step under the lock is an append.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn elapsed(&self, state: &mut State) -> Micros {
        state.advance(Micros(u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)));
        state.last
    }

    /// Keeps this log's pulse, by which a suspension (Ctrl-Z, SIGSTOP) is noticed; poll it beside what reads the wire. Never ends.
    ///
    /// The clock stands still while the machine sleeps, so that is no gap at all.
    pub async fn pulse(&self) {
        // What was before is not known to have been watched.
        {
            let mut state = self.lock();
            self.elapsed(&mut state);
            state.pulse = true;
        }
        let _stopped = Pulse(self);
        loop {
            tokio::time::sleep(PULSE).await;
            self.now();
        }
    }

    /// Time in which the process was suspended, as far as the log's pulse noticed.
    pub fn suspended(&self) -> Micros {
        self.lock().suspended
    }

    /// Stamps `what`, records it, queues it and wakes the consumer. Returns the stamp; a Start is stamped zero, and a pause, which
    /// is told when it is over, where it began, but not before what was stamped last.
    ///
    /// After [`LiveLog::close`] nothing is taken any more.
    pub fn push(&self, what: What) -> Micros {
        let mut state = self.lock();
        let last = state.last;
        let at = match what {
            What::Start(_) => Micros::ZERO,
            What::Paused { us, .. } => self.elapsed(&mut state).since(Micros(us)).max(last),
            _ => self.elapsed(&mut state),
        };
        // Whoever stopped the process may say so; the pulse has noticed already.
        let known = state.pulse && matches!(what, What::Paused { cause: PauseCause::Suspended, .. });
        if state.closed || known {
            return at;
        }
        state.push(at, what);
        drop(state);
        self.pushed.notify_waiters();
        self.pushed.notify_one();
        at
    }

    /// Moves everything queued to the end of `into` and returns the time now. Every later push is stamped at or after it, so
    /// the consumer may fold `into` and then advance to it.
    pub fn drain(&self, into: &mut Vec<Input>) -> Micros {
        let mut state = self.lock();
        // First the clock, for it may bring a suspension.
        let now = self.elapsed(&mut state);
        into.append(&mut state.queue);
        now
    }

    /// The time now, in microseconds since the log began.
    pub fn now(&self) -> Micros {
        self.elapsed(&mut self.lock())
    }

    /// Waits until something was pushed, or the log was closed, since the last wait. May wake without news; drain and see.
    pub async fn changed(&self) {
        self.pushed.notified().await;
    }

    /// Says that no input follows; the recording is completed in the background.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        if let Some(recorder) = &mut state.recorder {
            recorder.finish();
        }
        drop(state);
        self.pushed.notify_waiters();
        self.pushed.notify_one();
    }

    /// True once the log was closed; a last [`LiveLog::drain`] may still bring inputs.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Where the session is recorded, if it is.
    pub fn path(&self) -> Option<PathBuf> {
        self.lock().recorder.as_ref().map(|recorder| recorder.path().to_path_buf())
    }

    /// Why recording stopped, the first time this is asked after it did. The session itself goes on.
    pub fn take_recording_error(&self) -> Option<crate::session::writer::RecordError> {
        self.lock().recorder.as_mut().and_then(Recorder::take_error)
    }
}

/// Without a pulse a long silence means nothing.
struct Pulse<'a>(&'a LiveLog);

impl Drop for Pulse<'_> {
    fn drop(&mut self) {
        self.0.lock().pulse = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::input::End;

    #[test]
    fn a_suspension_is_told_from_a_late_pulse() {
        let check = |last: u64, now: u64, wanted: Option<u64>| {
            assert_eq!(suspended(Micros::from_millis(last), Micros::from_millis(now)), wanted.map(Micros::from_millis));
        };
        check(500, 600, None);
        check(500, 1_499, None);
        check(500, 1_500, Some(1_000));
        check(500, 60_500, Some(60_000));
        check(500, 400, None);
    }

    #[test]
    fn a_suspension_stands_where_it_began_and_before_all_that_follows() {
        let mut state =
            State { queue: Vec::new(), recorder: None, last: Micros(7), closed: false, pulse: true, suspended: Micros::ZERO };
        state.advance(Micros(100_000));
        state.advance(Micros(5_100_000));
        state.push(state.last, What::Cancel);
        let pause = What::Paused { us: 5_000_000, cause: PauseCause::Suspended };
        let wanted = [Input { at: Micros(100_000), what: pause }, Input { at: Micros(5_100_000), what: What::Cancel }];
        assert_eq!((&state.queue[..], state.suspended), (&wanted[..], Micros(5_000_000)));
        state.pulse = false;
        state.advance(Micros(90_000_000));
        assert_eq!(state.queue.len(), 2, "without a pulse nobody promised to look");
    }

    #[test]
    fn stamps_never_go_back_and_drain_returns_a_later_now() {
        let log = LiveLog::new(None);
        let first = log.push(What::Bytes(vec![1]));
        let second = log.push(What::Bytes(vec![2]));
        let mut inputs = Vec::new();
        let now = log.drain(&mut inputs);
        assert!(first <= second && second <= now);
        assert_eq!(inputs.len(), 2);
        assert!(log.push(What::End(End::Eof)) >= now);
    }

    #[test]
    fn a_pause_that_somebody_tells_is_stamped_where_it_began() {
        let log = LiveLog::new(None);
        let read = log.push(What::Bytes(vec![1]));
        let hour = What::Paused { us: 3_600_000_000, cause: PauseCause::Breakpoint };
        assert_eq!(log.push(hour), read, "but not before what was stamped last");
        assert!(log.now() >= read);
    }

    #[tokio::test]
    async fn a_push_before_the_wait_is_not_missed_and_nothing_is_taken_after_close() {
        let log = LiveLog::new(None);
        log.push(What::Cancel);
        log.changed().await;
        log.close();
        log.changed().await;
        log.push(What::Cancel);
        let mut inputs = Vec::new();
        log.drain(&mut inputs);
        assert_eq!(inputs.len(), 1);
        assert!(log.is_closed());
    }
}
