//! The recorder: every record is handed to the system whole, in one write, as soon as it is there.
//!
//! So a crash or kill of this program loses nothing that was appended; a crash of the machine loses what came since the last
//! fsync, which a thread of its own does once a second. Reading never waits for the disk.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    core::{
        input::{Input, What},
        time::Micros,
    },
    session::format::{self, Header},
};

const SYNC_EVERY: Duration = Duration::from_secs(1);

/// A recording that cannot be begun or continued.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file cannot be created.
    #[error("cannot create the recording {path}: {source}\nhint: choose another place with -o, or set STUTTERSCOPE_DATA_DIR")]
    Create {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A record cannot be written; the recording ends before it.
    #[error("recording to {path} stopped: {source}\nhint: the session goes on unrecorded; free some space before the next one")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Writes one recording.
pub struct Recorder {
    path: PathBuf,
    file: Arc<File>,
    record: Vec<u8>,
    last: Micros,
    error: Option<RecordError>,
    failed: bool,
    syncer: Syncer,
}

impl Recorder {
    /// Creates `path` (mode 0600; it must not exist, and no link is followed) and writes the header.
    ///
    /// # Errors
    /// When the file exists, cannot be created or does not take the header.
    pub fn create(path: &Path, header: &Header) -> Result<Recorder, RecordError> {
        let failed = |source| RecordError::Create { path: path.to_path_buf(), source };
        let flags = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
        // `create_new` already refuses a link as the last part of the path; the flag says so to systems where it would not.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(flags).open(path).map_err(failed)?;
        Recorder::over(file, path, header)
    }

    /// Records into `file`, which is open for writing, such as a pipe to another program; `path` is the name it is told under.
    ///
    /// # Errors
    /// When it does not take the header.
    pub fn over(file: File, path: &Path, header: &Header) -> Result<Recorder, RecordError> {
        let failed = |source| RecordError::Create { path: path.to_path_buf(), source };
        let line = header.to_line().map_err(|error| failed(io::Error::other(error)))?;
        (&file).write_all(line.as_bytes()).map_err(failed)?;
        let file = Arc::new(file);
        let syncer = Syncer::start(Arc::clone(&file)).map_err(failed)?;
        Ok(Recorder { path: path.to_path_buf(), file, record: Vec::new(), last: Micros::ZERO, error: None, failed: false, syncer })
    }

    /// Where it records.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one input. A Start is in the header already and is skipped.
    ///
    /// A write error ends the recording, not the session: it is kept for [`Recorder::take_error`], and later inputs are
    /// dropped, because a gap would read as a shorter silence.
    pub fn append(&mut self, input: &Input) {
        if self.failed || matches!(input.what, What::Start(_)) {
            return;
        }
        self.record.clear();
        let written = format::write_record(&mut self.record, self.last, input)
            .map_err(io::Error::other)
            .and_then(|()| (&*self.file).write_all(&self.record));
        match written {
            Ok(()) => {
                self.last = input.at;
                self.syncer.dirty.store(true, Ordering::Release);
            }
            Err(source) => {
                self.failed = true;
                self.error = Some(RecordError::Write { path: self.path.clone(), source });
            }
        }
    }

    /// The error that ended the recording, once.
    pub fn take_error(&mut self) -> Option<RecordError> {
        self.error.take()
    }

    /// Asks for the last fsync, without waiting for it. Dropping the recorder waits.
    pub fn finish(&mut self) {
        self.syncer.stop = None;
    }
}

/// A thread that calls fsync. It ends when `stop` is dropped, after a last fsync.
struct Syncer {
    dirty: Arc<AtomicBool>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    fn start(file: Arc<File>) -> io::Result<Syncer> {
        let dirty = Arc::new(AtomicBool::new(true));
        let (stop, stopped) = mpsc::channel::<()>();
        let flag = Arc::clone(&dirty);
        let thread = thread::Builder::new().name("recording-sync".into()).spawn(move || {
            loop {
                let ended = stopped.recv_timeout(SYNC_EVERY) != Err(RecvTimeoutError::Timeout);
                if flag.swap(false, Ordering::AcqRel) {
                    // A failed fsync has no remedy here; a disk that is full or gone shows at the next write.
                    let _ = file.sync_data();
                }
                if ended {
                    break;
                }
            }
        })?;
        Ok(Syncer { dirty, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
