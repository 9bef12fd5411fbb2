//! The reader of recordings: an iterator of inputs that stops at the first damage and says where that was.

use std::io::{self, BufRead, Read};

use crate::{
    core::{
        input::{Input, What},
        time::Micros,
    },
    session::format::{self, FORMAT, Header, MAGIC},
};

/// Why a recording does not open at all.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// It does not begin as one.
    #[error("this is no recording: its first line does not begin with `{MAGIC}`\nhint: name a capture .sse, .ndjson or .json")]
    NotARecording,
    /// It ends inside its first line.
    #[error("the recording is torn inside its header (line 1, {bytes} bytes)\nhint: it ends before its first input; delete it")]
    Torn {
        /// How many bytes there are.
        bytes: usize,
    },
    /// Another format version wrote it.
    #[error("the recording has format {found}; this program reads format {FORMAT}\nhint: open it with stutterscope {program}")]
    Version {
        /// Its version.
        found: u32,
        /// The program that wrote it.
        program: String,
    },
    /// The header is not RON, or not a header.
    #[error("the recording's header is damaged: line 1, column {column}: {reason}\nhint: restore its first line")]
    Damaged {
        /// Column in the first line, from 1.
        column: usize,
        /// What the parser said.
        reason: String,
    },
    /// The file cannot be read.
    #[error("{0}\nhint: the file may be compressed and torn, or its disk failing")]
    Io(#[from] io::Error),
}

/// What a reader has to say beside the inputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// The file ends inside a record.
    #[error("the last record is torn (line {line}, byte {byte}: {reason}); everything before it was read")]
    Torn {
        /// Line on which the record begins, from 1.
        line: u64,
        /// Its first byte, from 0.
        byte: u64,
        /// What is missing.
        reason: String,
    },
    /// A record cannot be read; it and all that follows was left out.
    #[error("damaged at line {line}, byte {byte}: {reason}; everything before it was read, the rest was left out")]
    Damaged {
        /// Line on which the record begins, from 1.
        line: u64,
        /// Its first byte, from 0.
        byte: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Another version of the program recorded it; findings may differ from those seen then.
    #[error("recorded by stutterscope {recorded}, read by {}", env!("CARGO_PKG_VERSION"))]
    OtherProgram {
        /// The version that recorded.
        recorded: String,
    },
    /// There is no end: the program was killed, or is still recording.
    #[error("the recording stops before its session ended")]
    Unended,
    /// How somebody else's capture was made, as far as it bears on what is shown.
    #[error("{0}")]
    Capture(String),
}

impl Warning {
    /// True for what is only worth knowing: nothing is missing.
    pub fn is_info(&self) -> bool {
        matches!(self, Warning::OtherProgram { .. })
    }
}

/// Reads one recording, record by record; its memory is that of one record.
///
/// The Start comes first, from the header. [`Reader::warnings`] is complete when the iterator has ended.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    header: Header,
    started: bool,
    ended: bool,
    record: Vec<u8>,
    last: Micros,
    line: u64,
    byte: u64,
    warnings: Vec<Warning>,
}

/// Why one record cannot be read.
enum Fault {
    /// The source ended inside it.
    Torn(String),
    /// It is not a record.
    Damaged(String),
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When there is no whole header of this format version.
    pub fn new(mut source: R) -> Result<Reader<R>, HeaderError> {
        let mut line = Vec::new();
        source.read_until(b'\n', &mut line)?;
        let header = parse_header(&line)?;
        let mut warnings = Vec::new();
        if header.program != env!("CARGO_PKG_VERSION") {
            warnings.push(Warning::OtherProgram { recorded: header.program.clone() });
        }
        let byte = line.len() as u64;
        Ok(Reader { source, header, started: false, ended: false, record: line, last: Micros::ZERO, line: 2, byte, warnings })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What there is to say so far.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The stamp of the latest input.
    pub fn last_at(&self) -> Micros {
        self.last
    }

    fn record(&mut self) -> Result<Option<Input>, Fault> {
        self.record.clear();
        let broken = |error: io::Error| Fault::Torn(error.to_string());
        self.source.read_until(b'\n', &mut self.record).map_err(broken)?;
        let Some(&first) = self.record.first() else { return Ok(None) };
        if self.record.last() != Some(&b'\n') {
            return Err(match first {
                b'+' | b'(' => Fault::Torn("its line has no end".into()),
                _ => Fault::Damaged("it is no record".into()),
            });
        }
        let line = self.record.len();
        let input = match first {
            b'+' => self.read_bytes()?,
            b'(' => parse_input(&self.record[..line - 1])?,
            _ => return Err(Fault::Damaged("a record begins with `+` or `(`".into())),
        };
        if input.at < self.last {
            return Err(Fault::Damaged(format!("its time {} lies before that of the record before, {}", input.at.0, self.last.0)));
        }
        Ok(Some(input))
    }

    /// Reads the bytes that the line in `record` announces, behind it in the same buffer.
    fn read_bytes(&mut self) -> Result<Input, Fault> {
        let line = self.record.len();
        let (delta, wanted) = parse_numbers(&self.record[1..line - 1])
            .ok_or_else(|| Fault::Damaged("a read begins with `+MICROSECONDS LENGTH`".into()))?;
        let at = self.last.0.checked_add(delta).ok_or_else(|| Fault::Damaged("its time is out of range".into()))?;
        if let Some(bytes) = self.buffered_bytes(wanted)? {
            return Ok(Input { at: Micros(at), what: What::Bytes(bytes) });
        }
        // `take` lets the buffer grow with what is really there, whatever the length says.
        let got = self.source.by_ref().take(wanted.saturating_add(1)).read_to_end(&mut self.record);
        let got = got.map_err(|error| Fault::Torn(error.to_string()))? as u64;
        if got <= wanted {
            return Err(Fault::Torn(format!("it has {got} of {wanted} bytes")));
        }
        if self.record.last() != Some(&b'\n') {
            return Err(Fault::Damaged(format!("no line ends after its {wanted} bytes")));
        }
        let bytes = self.record[line..self.record.len() - 1].to_vec();
        Ok(Input { at: Micros(at), what: What::Bytes(bytes) })
    }
}

impl<R: BufRead> Reader<R> {
    /// A read of `wanted` bytes that the source has in its buffer already, as nearly all are: copied once.
    fn buffered_bytes(&mut self, wanted: u64) -> Result<Option<Vec<u8>>, Fault> {
        let buffer = self.source.fill_buf().map_err(|error| Fault::Torn(error.to_string()))?;
        let Some((bytes, rest)) = usize::try_from(wanted).ok().and_then(|wanted| buffer.split_at_checked(wanted)) else {
            return Ok(None);
        };
        if rest.first() != Some(&b'\n') {
            return Ok(None);
        }
        let bytes = bytes.to_vec();
        self.source.consume(bytes.len() + 1);
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64 + 1;
        self.byte += bytes.len() as u64 + 1;
        Ok(Some(bytes))
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        if !self.started {
            self.started = true;
            return Some(Input { at: Micros::ZERO, what: What::Start(Box::new(self.header.start.clone())) });
        }
        if self.ended {
            return None;
        }
        match self.record() {
            Ok(Some(input)) => {
                self.last = input.at;
                self.line += memchr::memchr_iter(b'\n', &self.record).count() as u64;
                self.byte += self.record.len() as u64;
                return Some(input);
            }
            Ok(None) => {}
            Err(Fault::Torn(reason)) => self.warnings.push(Warning::Torn { line: self.line, byte: self.byte, reason }),
            Err(Fault::Damaged(reason)) => self.warnings.push(Warning::Damaged { line: self.line, byte: self.byte, reason }),
        }
        self.ended = true;
        None
    }
}

fn parse_header(line: &[u8]) -> Result<Header, HeaderError> {
    #[derive(serde::Deserialize)]
    #[serde(rename = "Stutterscope")]
    struct Version {
        format: u32,
        #[serde(default)]
        program: String,
    }
    if line.last() != Some(&b'\n') && (line.starts_with(MAGIC.as_bytes()) || MAGIC.as_bytes().starts_with(line)) {
        return Err(HeaderError::Torn { bytes: line.len() });
    }
    if !line.starts_with(MAGIC.as_bytes()) {
        return Err(HeaderError::NotARecording);
    }
    let damaged =
        |error: ron::error::SpannedError| HeaderError::Damaged { column: error.span.start.col, reason: error.code.to_string() };
    let version: Version = format::options().from_bytes(line).map_err(damaged)?;
    if version.format != FORMAT {
        return Err(HeaderError::Version { found: version.format, program: version.program });
    }
    format::options().from_bytes(line).map_err(damaged)
}

fn parse_input(line: &[u8]) -> Result<Input, Fault> {
    let input: Input = format::options()
        .from_bytes(line)
        .map_err(|error| Fault::Damaged(format!("column {}: {}", error.span.start.col, error.code)))?;
    match input.what {
        // The Start is the header's, and a read is never written as RON.
        What::Start(_) | What::Bytes(_) => Err(Fault::Damaged("this input has no place in a line of its own".into())),
        _ => Ok(input),
    }
}

/// `1203 306`: plain decimal digits only, so that each record has one spelling.
fn parse_numbers(line: &[u8]) -> Option<(u64, u64)> {
    let space = memchr::memchr(b' ', line)?;
    Some((parse_number(&line[..space])?, parse_number(&line[space + 1..])?))
}

fn parse_number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
