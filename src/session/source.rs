//! Opening a file, whatever it is: a recording, a compressed one, or a capture made by others.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use crate::{
    core::input::{End, Input, OurEnd, What},
    session::{
        format::{Header, MAGIC},
        import::Capture,
        reader::{HeaderError, Reader, Warning},
    },
};

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const BUFFER: usize = 1 << 20;

/// How a file ends that lies beside a capture and gives the sizes of the reads it came in: `NAME.reads.json` beside `NAME.sse`.
pub const READS: &str = ".reads.json";

/// A file that cannot be opened as a session.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system does not give it.
    #[error("cannot read {path}: {source}\nhint: check the name and its permissions; `stutterscope sessions` lists recordings")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Its header cannot be used.
    #[error("{path}: {source}")]
    Header {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: HeaderError,
    },
}

/// An opened session: an iterator of its inputs, to be folded as they come.
pub enum Source {
    /// One of ours.
    Recording(Box<Recording>),
    /// A capture without times.
    Capture(Capture),
}

/// A recording whose inputs always end with an End.
pub struct Recording {
    reader: Reader<Box<dyn BufRead + Send>>,
    open: bool,
    unended: bool,
}

impl Iterator for Recording {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        if let Some(input) = self.reader.next() {
            match input.what {
                What::End(_) => self.open = false,
                What::Start(_) | What::Attempt(_) | What::Head(_) | What::Bytes(_) => self.open = true,
                _ => {}
            }
            return Some(input);
        }
        // A recording that was cut off must still be judged as a whole: this side stopped, so the end is ours.
        std::mem::take(&mut self.open).then(|| {
            self.unended = true;
            Input { at: self.reader.last_at(), what: What::End(End::Us(OurEnd::Shutdown)) }
        })
    }
}

impl Source {
    /// The recording's header; a capture has none.
    pub fn header(&self) -> Option<&Header> {
        match self {
            Source::Recording(recording) => Some(recording.reader.header()),
            Source::Capture(_) => None,
        }
    }

    /// What there is to say; complete once all inputs were taken.
    pub fn warnings(&self) -> Vec<Warning> {
        match self {
            Source::Recording(recording) => {
                let unended = recording.unended.then_some(Warning::Unended);
                recording.reader.warnings().iter().cloned().chain(unended).collect()
            }
            Source::Capture(_) => Vec::new(),
        }
    }
}

impl Iterator for Source {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        match self {
            Source::Recording(recording) => recording.next(),
            Source::Capture(capture) => capture.next(),
        }
    }
}

/// Opens `path`: what begins as a recording is one, compressed or not, and so is what is named `.session`; anything else is a
/// capture.
///
/// # Errors
/// When the file cannot be read, or is a recording without a usable header.
pub fn open(path: &Path) -> Result<Source, LoadError> {
    let failed = |source| LoadError::Io { path: path.to_path_buf(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let named = name.ends_with(".session") || name.ends_with(".session.zst");
    let mut source = from_reader(Box::new(file), path, named)?;
    if let Source::Capture(capture) = &mut source
        && let Some(reads) = reads_of(path)
    {
        capture.cut_into(reads);
    }
    Ok(source)
}

/// The sizes of the reads of the capture at `path`: `{"read_sizes": [715, 139]}` in a file beside it, if there is one.
fn reads_of(path: &Path) -> Option<Vec<usize>> {
    #[derive(serde::Deserialize)]
    struct Reads {
        read_sizes: Vec<usize>,
    }
    let file = File::open(path.with_extension(&READS[1..])).ok()?;
    serde_json::from_reader(BufReader::new(file)).ok().map(|Reads { read_sizes }| read_sizes)
}

/// As [`open`], over any reader; `path` is for errors, `recording` insists on a recording.
///
/// # Errors
/// As [`open`].
pub fn from_reader(source: Box<dyn Read + Send>, path: &Path, recording: bool) -> Result<Source, LoadError> {
    let failed = |source| LoadError::Io { path: path.to_path_buf(), source };
    let mut source: Box<dyn BufRead + Send> = Box::new(BufReader::with_capacity(BUFFER, source));
    if source.fill_buf().map_err(failed)?.starts_with(&ZSTD_MAGIC) {
        let decoder = zstd::stream::read::Decoder::with_buffer(source).map_err(failed)?;
        source = Box::new(BufReader::with_capacity(BUFFER, decoder));
    }
    if recording || source.fill_buf().map_err(failed)?.starts_with(MAGIC.as_bytes()) {
        let reader = Reader::new(source).map_err(|source| LoadError::Header { path: path.to_path_buf(), source })?;
        return Ok(Source::Recording(Box::new(Recording { reader, open: false, unended: false })));
    }
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(failed)?;
    Ok(Source::Capture(Capture::new(bytes)))
}

/// Whether a file that begins like this is a recording, as far as the first bytes tell; all compressed files are taken for one.
pub fn is_recording(beginning: &[u8]) -> bool {
    beginning.starts_with(MAGIC.as_bytes()) || beginning.starts_with(&ZSTD_MAGIC)
}

/// A session in memory.
#[derive(Debug)]
pub struct Loaded {
    /// Its inputs, ending with an End.
    pub inputs: Vec<Input>,
    /// What there is to say about the file.
    pub warnings: Vec<Warning>,
    /// The recording's header; a capture has none.
    pub header: Option<Header>,
}

/// Loads all of `path`. To fold without keeping the inputs, iterate over [`open`].
///
/// # Errors
/// As [`open`].
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    let mut source = open(path)?;
    let inputs = source.by_ref().collect();
    Ok(Loaded { inputs, warnings: source.warnings(), header: source.header().cloned() })
}
