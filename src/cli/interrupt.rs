//! Ctrl-C and a request to terminate: exit code 130 or 143, after a live session's end was told where there is one.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    thread,
};

use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    sync::Notify,
};

use crate::cli::Failure;

/// The exit code after an interrupt.
const INTERRUPTED: u8 = 130;

/// The exit code after a request to terminate.
const TERMINATED: u8 = 143;

/// Watches for interrupts and requests to terminate. One ends the program at once, unless somebody waits for it to end something in order; a second
/// one always does.
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    awaited: AtomicBool,
    /// The exit code of the latest one.
    code: AtomicU8,
    arrived: Notify,
}

impl Interrupt {
    /// Begins to watch, on a thread of its own.
    ///
    /// # Errors
    /// When the system gives no thread or no signals.
    pub fn watch() -> Result<Interrupt, Failure> {
        let failed =
            |error| Failure::usage(format!("cannot watch for interrupts: {error}\nhint: the system is out of threads or files"));
        Interrupt::start().map_err(failed)
    }

    fn start() -> io::Result<Interrupt> {
        let shared = Arc::<Shared>::default();
        let told = Arc::clone(&shared);
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        // The handler is in place when this returns, not some time later.
        let (mut interrupts, mut terminations) =
            runtime.block_on(async { io::Result::Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)) })?;
        thread::Builder::new().name("interrupt".into()).spawn(move || {
            runtime.block_on(async {
                loop {
                    let code = tokio::select! {
                        Some(()) = interrupts.recv() => INTERRUPTED,
                        Some(()) = terminations.recv() => TERMINATED,
                        else => break,
                    };
                    told.code.store(code, Ordering::Release);
                    if !told.awaited.swap(false, Ordering::AcqRel) {
                        std::process::exit(code.into());
                    }
                    told.arrived.notify_one();
                }
            });
        })?;
        Ok(Interrupt { shared })
    }

    /// The exit code of the latest one.
    pub fn code(&self) -> u8 {
        self.shared.code.load(Ordering::Acquire)
    }

    /// From now on an interrupt does not end the program: somebody will wait for it.
    pub fn expect(&self) {
        self.shared.awaited.store(true, Ordering::Release);
    }

    /// Waits for an interrupt that was [expected](Interrupt::expect).
    pub async fn arrived(&self) {
        self.shared.arrived.notified().await;
    }

    /// Says that nobody waits any more.
    pub fn forget(&self) {
        self.shared.awaited.store(false, Ordering::Release);
    }
}
