//! The live log: one queue of inputs between the task that reads the wire and the loop that folds.
//!
//! The reader pushes, the consumer drains; both take the same lock, so that stamps never go back and the consumer's `now` is
//! never earlier than a stamp it has not seen. The queue has no bound of its own: it holds what came since the last
//! [`LiveLog::drain`], and every consumer drains at least once a screen frame. Reading is never slowed by drawing.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::Notify;

use crate::{
    core::{
        input::{Input, What},
        time::Micros,
    },
    session::writer::Recorder,
};

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
}

impl LiveLog {
    /// An empty log whose time zero is now. Push [`What::Start`] first.
    pub fn new(recorder: Option<Recorder>) -> Arc<LiveLog> {
        Arc::new(LiveLog {
            epoch: Instant::now(),
            state: Mutex::new(State { queue: Vec::new(), recorder, last: Micros::ZERO, closed: false }),
            pushed: Notify::new(),
        })
    }

    // A panic elsewhere while the lock was held leaves a queue that is still whole: each step under the lock is an append.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn elapsed(&self, state: &mut State) -> Micros {
        let now = Micros(u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX));
        state.last = state.last.max(now);
        state.last
    }

    /// Stamps `what`, records it, queues it and wakes the consumer. Returns the stamp; a Start is stamped zero.
    ///
    /// After [`LiveLog::close`] nothing is taken any more.
    pub fn push(&self, what: What) -> Micros {
        let mut state = self.lock();
        let at = if matches!(what, What::Start(_)) { Micros::ZERO } else { self.elapsed(&mut state) };
        if state.closed {
            return at;
        }
        let input = Input { at, what };
        if let Some(recorder) = &mut state.recorder {
            recorder.append(&input);
        }
        state.queue.push(input);
        drop(state);
        self.pushed.notify_waiters();
        self.pushed.notify_one();
        at
    }

    /// Moves everything queued to the end of `into` and returns the time now. Every later push is stamped at or after it, so
    /// the consumer may fold `into` and then advance to it.
    pub fn drain(&self, into: &mut Vec<Input>) -> Micros {
        let mut state = self.lock();
        into.append(&mut state.queue);
        self.elapsed(&mut state)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::input::End;

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
