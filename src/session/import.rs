//! Captures made by others: a body alone, what `curl -i` wrote, and files that hold whole exchanges.
//!
//! A body has no times. Unless it is known in which reads it came, it is given one chunk a frame where frames are easy to
//! see, which changes chunk rows only. Times are kept where the capture has them.

use crate::core::input::{Origin, Start};

mod body;
mod capture;
pub mod cases;
mod cassette;
mod curl_trace;
mod exchange;
mod har;
mod node;
mod undot;

pub use capture::Capture;
pub use exchange::Exchange;

/// The Start of a session of which only the response is known.
pub fn start(origin: Origin, clocked: bool, wall: String) -> Start {
    Start {
        wall,
        origin,
        clocked,
        provider: String::new(),
        dialect: None,
        url: String::new(),
        model: String::new(),
        headers: Vec::new(),
        body: String::new(),
    }
}

/// A kind of file that holds whole exchanges, requests and answers, often several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// HTTP Archive, as browsers, proxies and Polly.js write it.
    Har,
    /// What `curl --trace` or `--trace-ascii` wrote.
    CurlTrace,
    /// A cassette of VCR or one of its kin, in YAML or JSON.
    Cassette,
    /// Labelled cases, one a line.
    Cases,
}

impl Kind {
    /// The kind of a file that begins like this, if it is one of these.
    pub fn of(beginning: &[u8]) -> Option<Kind> {
        const LOOK: usize = 4 << 10;
        let beginning = &beginning[..beginning.len().min(LOOK)];
        let beginning = beginning.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(beginning).trim_ascii_start();
        if curl_trace::begins(beginning) {
            Some(Kind::CurlTrace)
        } else if har::begins(beginning) {
            Some(Kind::Har)
        } else if cassette::begins(beginning) {
            Some(Kind::Cassette)
        } else {
            cases::begins(beginning).then_some(Kind::Cases)
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Har => "HAR",
            Kind::CurlTrace => "curl trace",
            Kind::Cassette => "cassette",
            Kind::Cases => "file of cases",
        }
    }

    /// Reads all of a file.
    pub fn read(self, bytes: &[u8]) -> Import {
        let mut import = match self {
            Kind::Har => har::read(bytes),
            Kind::CurlTrace => curl_trace::read(bytes),
            Kind::Cassette => cassette::read(bytes),
            Kind::Cases => cases::read(bytes),
        };
        if import.entries.is_empty() && import.broken.is_none() {
            import.broken = Some(ImportError::Nothing { kind: self.title(), count: import.seen });
        }
        import
    }
}

/// What a file held.
#[derive(Debug, Default)]
pub struct Import {
    /// The exchanges that hold a stream or the answer of a model, in the order of the file.
    pub entries: Vec<Entry>,
    /// How many exchanges there are, those of other things too.
    pub seen: u32,
    /// Why the file could not be read to its end; what was read before is in `entries`.
    pub broken: Option<ImportError>,
}

impl Import {
    /// Takes the next exchange of the file, if it is one of a model; one that cannot be read is taken in any case.
    fn push(&mut self, exchange: Result<Exchange, ImportError>) {
        self.seen += 1;
        if exchange.as_ref().map_or(true, Exchange::is_of_a_model) {
            self.entries.push(Entry { number: self.seen, exchange });
        }
    }

    /// Takes the next exchange of the file, whatever it is.
    fn push_any(&mut self, exchange: Exchange) {
        self.seen += 1;
        self.entries.push(Entry { number: self.seen, exchange: Ok(exchange) });
    }
}

/// One exchange of a file.
#[derive(Debug)]
pub struct Entry {
    /// Its number among all exchanges of the file, from 1.
    pub number: u32,
    /// The exchange, or why it cannot be read.
    pub exchange: Result<Exchange, ImportError>,
}

/// What is wrong with a file of exchanges, or with one of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The file breaks off or is damaged.
    #[error(
        "the {kind} is broken at line {line}, column {column}: {reason}\nhint: it may have been cut; what comes before is judged"
    )]
    Broken {
        /// What it is.
        kind: &'static str,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser said.
        reason: String,
    },
    /// One exchange is not as its format says.
    #[error("{place}: {reason}\nhint: {hint}")]
    Entry {
        /// Where in the file.
        place: String,
        /// What is wrong there.
        reason: String,
        /// What would do.
        hint: &'static str,
    },
    /// There is nothing in it to judge.
    #[error(
        "none of the {count} exchanges in the {kind} is a stream or the answer of a model\nhint: was it recorded with response bodies?"
    )]
    Nothing {
        /// What it is.
        kind: &'static str,
        /// How many exchanges it has.
        count: u32,
    },
}
