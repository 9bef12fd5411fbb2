//! Ctrl-C: exit code 130, after a live session's end was told where there is one.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::{runtime, sync::Notify};

use crate::cli::Failure;

/// The exit code after an interrupt.
pub const INTERRUPTED: u8 = 130;

/// Watches for interrupts. One ends the program at once, unless somebody waits for it to end something in order; a second
/// one always does.
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    awaited: AtomicBool,
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
        let mut signals = runtime.block_on(async { tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()) })?;
        thread::Builder::new().name("interrupt".into()).spawn(move || {
            runtime.block_on(async {
                while signals.recv().await.is_some() {
                    if !told.awaited.swap(false, Ordering::AcqRel) {
                        std::process::exit(INTERRUPTED.into());
                    }
                    told.arrived.notify_one();
                }
            });
        })?;
        Ok(Interrupt { shared })
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
