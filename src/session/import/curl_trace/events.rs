//! A trace's blocks: a line that says what happened, and a dump of the bytes.

use std::{
    iter::{Enumerate, Peekable},
    slice,
};

/// What a block is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something curl says.
    Info,
    /// A request head.
    SentHeader,
    /// A piece of a request body.
    SentData,
    /// A line of a response head.
    ReceivedHeader,
    /// A read of a response body.
    ReceivedData,
    /// TLS records and the rest.
    Other,
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is about.
    pub kind: Kind,
    /// Microseconds since a midnight, if the trace has times; they go on over midnight.
    pub time: Option<u64>,
    /// Its bytes; for [`Kind::Info`] the text.
    pub bytes: Vec<u8>,
}

impl Event {
    /// The bytes as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// True for the first line of a trace.
pub fn begins(beginning: &[u8]) -> bool {
    headline(beginning.split(|byte| *byte == b'\n').next().unwrap_or_default()).is_some()
}

/// The line that begins a block, taken apart.
struct Headline<'a> {
    kind: Kind,
    time: Option<u64>,
    text: &'a [u8],
}

const DAY_US: u64 = 86_400_000_000;

/// `10:00:00.123456 [0-0] <= Recv data, 715 bytes (0x2cb)`, where time and ids may be missing.
fn headline(line: &[u8]) -> Option<Headline<'_>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (time, rest) = match time(line) {
        Some((time, rest)) => (Some(time), rest),
        None => (None, line),
    };
    let rest = match rest.strip_prefix(b"[") {
        Some(rest) => rest[memchr::memchr(b']', &rest[..rest.len().min(32)])? + 1..].strip_prefix(b" ")?,
        None => rest,
    };
    let (arrow, text) = rest.split_at_checked(3)?;
    let begins = |words: &str| text.starts_with(words.as_bytes());
    let kind = match arrow {
        b"== " if begins("Info:") => Kind::Info,
        b"=> " if begins("Send header") => Kind::SentHeader,
        b"=> " if begins("Send data") => Kind::SentData,
        b"<= " if begins("Recv header") => Kind::ReceivedHeader,
        b"<= " if begins("Recv data") => Kind::ReceivedData,
        b"=> " | b"<= " if begins("Send SSL") || begins("Recv SSL") => Kind::Other,
        _ => return None,
    };
    Some(Headline { kind, time, text })
}

/// `HH:MM:SS.micros ` in microseconds, with what follows.
fn time(line: &[u8]) -> Option<(u64, &[u8])> {
    let (time, rest) = line.split_at_checked(15)?;
    let number = |range: std::ops::Range<usize>| -> Option<u64> {
        std::str::from_utf8(&time[range]).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
    };
    if (time[2], time[5], time[8]) != (b':', b':', b'.') {
        return None;
    }
    let seconds = number(0..2)? * 3_600 + number(3..5)? * 60 + number(6..8)?;
    Some((seconds * 1_000_000 + number(9..15)?, rest.strip_prefix(b" ")?))
}

/// The number of bytes that a headline announces: `, 715 bytes (0x2cb)`.
fn announced(text: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(text).ok()?;
    text.split_once(", ")?.1.split(' ').next()?.parse().ok()
}

/// A line of a dump: its offset, and what follows `0040: `.
fn dump_line(line: &[u8]) -> Option<(usize, &[u8])> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let rest = line[digits..].strip_prefix(b": ").filter(|_| (4..=16).contains(&digits))?;
    Some((usize::from_str_radix(std::str::from_utf8(&line[..digits]).ok()?, 16).ok()?, rest))
}

/// The bytes of the hexadecimal part of a dump line; `None` if it is no such line.
fn hex(line: &[u8]) -> Option<Vec<u8>> {
    const WIDTH: usize = 16;
    let mut bytes = Vec::with_capacity(WIDTH);
    for cell in line.get(..WIDTH * 3)?.chunks_exact(3) {
        match cell {
            b"   " => break,
            [high, low, b' '] => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                bytes.push((digit(*high)? * 16 + digit(*low)?) as u8);
            }
            _ => return None,
        }
    }
    Some(bytes)
}

type Lines<'a> = slice::Split<'a, u8, fn(&u8) -> bool>;

/// The blocks of a trace.
pub struct Events<'a> {
    lines: Peekable<Enumerate<Lines<'a>>>,
    ascii: bool,
    last: Option<u64>,
    cut: Option<(usize, String)>,
}

impl<'a> Events<'a> {
    /// The blocks of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Events<'a> {
        let newline: fn(&u8) -> bool = |byte| *byte == b'\n';
        let ascii = bytes.split(newline).find_map(dump_line).is_some_and(|(_, rest)| hex(rest).is_none());
        Events { lines: bytes.split(newline).enumerate().peekable(), ascii, last: None, cut: None }
    }

    /// True if the dumps have no hexadecimal part.
    pub fn ascii(&self) -> bool {
        self.ascii
    }

    /// Line, from 1, of the block that is not whole, and what is missing.
    pub fn cut(&self) -> Option<(usize, String)> {
        self.cut.clone()
    }

    /// The time of an event, going on over midnight.
    fn time(&mut self, time: Option<u64>) -> Option<u64> {
        let mut time = time?;
        if let Some(last) = self.last {
            // Only a step back by most of a day is a midnight; a smaller one is a clock that was set.
            time += last / DAY_US * DAY_US;
            if time + DAY_US / 2 < last {
                time += DAY_US;
            }
            time = time.max(last);
        }
        self.last = Some(time);
        Some(time)
    }

    /// The bytes of the dump lines that come next; `len` is how many there are.
    fn dump(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut text: Option<(usize, &[u8])> = None;
        // In the text form, two bytes that no line shows are a line break.
        let break_before = |bytes: &mut Vec<u8>, offset: usize| {
            if offset == bytes.len() + 2 {
                bytes.extend_from_slice(b"\r\n");
            }
        };
        while let Some((_, line)) = self.lines.peek() {
            if headline(line).is_some() {
                break;
            }
            if let Some((offset, rest)) = dump_line(line) {
                match hex(rest).filter(|_| !self.ascii) {
                    Some(part) => bytes.extend(part),
                    None => {
                        text = Some((offset, rest));
                        break_before(&mut bytes, offset);
                        bytes.extend_from_slice(rest);
                    }
                }
            }
            self.lines.next();
        }
        if text.is_some() {
            break_before(&mut bytes, len);
        }
        bytes
    }
}

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            let (number, line) = self.lines.next()?;
            let Some(Headline { kind, time, text }) = headline(line) else { continue };
            let time = self.time(time);
            let bytes = match announced(text).filter(|_| kind != Kind::Info) {
                None => text.strip_prefix(b"Info:").unwrap_or(text).trim_ascii().to_vec(),
                Some(len) => {
                    let mut bytes = self.dump(len);
                    if bytes.len() < len && kind != Kind::Other && self.cut.is_none() {
                        self.cut = Some((number + 1, format!("{} of {len} bytes are there", bytes.len())));
                    }
                    bytes.truncate(len);
                    bytes
                }
            };
            return Some(Event { kind, time, bytes });
        }
    }
}
