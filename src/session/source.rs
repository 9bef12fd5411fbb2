//! Opening a file, whatever it is: a recording, a compressed one, or a capture made by others.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use crate::{
    core::input::{End, Input, OurEnd, Start, What},
    session::{
        format::{Header, MAGIC},
        import::{Capture, Entry, Exchange, Import, ImportError, Kind},
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
    /// It holds exchanges, and not one that can be read.
    #[error("{path}: {source}")]
    Import {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ImportError,
    },
    /// It holds no exchange of this number.
    #[error("{path} has no session #{number}\nhint: it has {}", numbers(known))]
    Number {
        /// The file.
        path: PathBuf,
        /// The number asked for.
        number: u32,
        /// Those that there are.
        known: Vec<u32>,
    },
}

fn numbers(known: &[u32]) -> String {
    const MOST: usize = 12;
    let mut names: Vec<_> = known.iter().take(MOST).map(|number| format!("#{number}")).collect();
    names.extend((known.len() > MOST).then(|| "…".to_owned()));
    names.join(", ")
}

/// An opened session: an iterator of its inputs, to be folded as they come.
pub enum Source {
    /// One of ours.
    Recording(Box<Recording>),
    /// A capture without times.
    Capture(Capture),
    /// An exchange of a file that holds whole ones.
    Exchange(Imported),
}

/// An exchange of a file that holds whole ones, as inputs.
pub struct Imported {
    inputs: std::vec::IntoIter<Input>,
    remarks: Vec<String>,
}

impl Imported {
    fn new(exchange: Exchange) -> Imported {
        let remarks = exchange.remarks.clone();
        Imported { inputs: exchange.into_inputs().into_iter(), remarks }
    }
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
            Source::Capture(_) | Source::Exchange(_) => None,
        }
    }

    /// How the session begins; asked before its inputs are taken. A capture of a body alone does not say.
    pub fn start(&self) -> Option<&Start> {
        match self {
            Source::Recording(recording) => Some(&recording.reader.header().start),
            Source::Capture(_) => None,
            Source::Exchange(imported) => imported.inputs.as_slice().iter().find_map(Input::start),
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
            Source::Exchange(imported) => imported.remarks.iter().cloned().map(Warning::Capture).collect(),
        }
    }
}

impl Iterator for Source {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        match self {
            Source::Recording(recording) => recording.next(),
            Source::Capture(capture) => capture.next(),
            Source::Exchange(imported) => imported.inputs.next(),
        }
    }
}

/// One of the sessions that a file holds.
pub struct Part {
    /// Its number in the file, from 1; `None` where the file is one session.
    pub number: Option<u32>,
    /// The session, or why it cannot be read.
    pub source: Result<Source, LoadError>,
}

impl Part {
    /// The name of this part of `file`: `x.har#3`.
    pub fn name(&self, file: &str) -> String {
        self.number.map_or_else(|| file.to_owned(), |number| format!("{file}#{number}"))
    }
}

/// Opens `path`: what begins as a recording is one, compressed or not, and so is what is named `.session`; anything else is a
/// capture. Of a file that holds several sessions this is the first that can be read; `x.har#3` names another.
///
/// # Errors
/// When the file cannot be read, or is a recording without a usable header, or holds no session.
pub fn open(path: &Path) -> Result<Source, LoadError> {
    first(open_all(path)?)
}

/// The first of these that can be read, which says how many there are; if none can, why the first cannot.
///
/// # Errors
/// When none can be read.
pub fn first(mut parts: Vec<Part>) -> Result<Source, LoadError> {
    let count = parts.len();
    let index = parts.iter().position(|part| part.source.is_ok()).unwrap_or(0);
    let Part { number, mut source } = parts.swap_remove(index);
    if let (Ok(Source::Exchange(imported)), Some(number)) = (&mut source, number)
        && count > 1
    {
        imported.remarks.insert(0, format!("this is #{number} of the {count} sessions in the file; FILE#N opens another"));
    }
    source
}

/// The file that `path` names, with the number of the session in it: `x.har#3`, unless there is a file of that very name.
pub fn file_and_number(path: &Path) -> (PathBuf, Option<u32>) {
    let split = || {
        let (file, number) = path.to_str()?.rsplit_once('#')?;
        Some((PathBuf::from(file), number.parse().ok()?))
    };
    match split().filter(|(file, _)| !path.exists() && file.exists()) {
        Some((file, number)) => (file, Some(number)),
        None => (path.to_path_buf(), None),
    }
}

/// Opens every session in the file at `path`; there is one at least.
///
/// # Errors
/// As [`open`], but a session of several that cannot be read is told in its place.
pub fn open_all(path: &Path) -> Result<Vec<Part>, LoadError> {
    let (file, number) = file_and_number(path);
    let mut parts = open_file(&file)?;
    if let Some(number) = number {
        let known: Vec<_> = parts.iter().filter_map(|part| part.number).collect();
        parts.retain(|part| part.number == Some(number) || part.number.is_none() && number == 1);
        if parts.is_empty() {
            return Err(LoadError::Number { path: file, number, known });
        }
        // The path has the number in it already.
        parts.iter_mut().for_each(|part| part.number = None);
    }
    Ok(parts)
}

fn open_file(path: &Path) -> Result<Vec<Part>, LoadError> {
    let failed = |source| LoadError::Io { path: path.to_path_buf(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let named = name.ends_with(".session") || name.ends_with(".session.zst");
    let mut parts = from_reader(Box::new(file), path, named)?;
    if let [Part { source: Ok(Source::Capture(capture)), .. }] = &mut parts[..]
        && let Some(reads) = reads_of(path)
    {
        capture.cut_into(reads);
    }
    Ok(parts)
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

/// As [`open_all`], over any reader; `path` is for errors, `recording` insists on a recording.
///
/// # Errors
/// As [`open_all`].
pub fn from_reader(source: Box<dyn Read + Send>, path: &Path, recording: bool) -> Result<Vec<Part>, LoadError> {
    let failed = |source| LoadError::Io { path: path.to_path_buf(), source };
    let mut source: Box<dyn BufRead + Send> = Box::new(BufReader::with_capacity(BUFFER, source));
    if source.fill_buf().map_err(failed)?.starts_with(&ZSTD_MAGIC) {
        let decoder = zstd::stream::read::Decoder::with_buffer(source).map_err(failed)?;
        source = Box::new(BufReader::with_capacity(BUFFER, decoder));
    }
    if recording || source.fill_buf().map_err(failed)?.starts_with(MAGIC.as_bytes()) {
        let reader = Reader::new(source).map_err(|source| LoadError::Header { path: path.to_path_buf(), source })?;
        return Ok(alone(Source::Recording(Box::new(Recording { reader, open: false, unended: false }))));
    }
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(failed)?;
    match Kind::of(&bytes) {
        Some(kind) => Ok(parts(kind.read(&bytes), path)),
        None => Ok(alone(Source::Capture(Capture::new(bytes)))),
    }
}

fn alone(source: Source) -> Vec<Part> {
    vec![Part { number: None, source: Ok(source) }]
}

/// The sessions of an import, and behind them why there are no more of them, if it broke off.
fn parts(import: Import, path: &Path) -> Vec<Part> {
    let failed = |source| LoadError::Import { path: path.to_path_buf(), source };
    let several = import.entries.len() > 1;
    let entries = import.entries.into_iter().map(|Entry { number, exchange }| Part {
        number: several.then_some(number),
        source: exchange.map(Imported::new).map(Source::Exchange).map_err(failed),
    });
    let broken = import.broken.map(|broken| Part { number: None, source: Err(failed(broken)) });
    entries.chain(broken).collect()
}

/// Whether a file that begins like this was stored, and is no stream in progress: a recording, as far as the first bytes tell, or
/// a file of exchanges. All compressed files are taken for recordings.
pub fn is_stored(beginning: &[u8]) -> bool {
    beginning.starts_with(MAGIC.as_bytes()) || beginning.starts_with(&ZSTD_MAGIC) || Kind::of(beginning).is_some()
}

/// Whether the file at `path` holds exchanges, as far as its beginning tells.
pub fn holds_exchanges(path: &Path) -> bool {
    const LOOK: u64 = 4 << 10;
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LOOK).read_to_end(&mut beginning));
    read.is_ok() && Kind::of(&beginning).is_some()
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
