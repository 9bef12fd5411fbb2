//! A play in one dialect, as the writes of one response. Pure: the same play, dialect and number give the same bytes.

use std::ops::Range;

use crate::{
    core::dialect::{DialectInfo, Writer, WriterStart, WriterStep},
    net::demo::script::{Emit, Step, beats},
};

/// One write of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Microseconds after the response head, at speed 1.
    pub at_us: u64,
    /// What is written.
    pub bytes: Vec<u8>,
}

/// Seconds since 1970 at which the demo provider claims to have begun: fixed, so that every run gives the same bytes.
pub const EPOCH: u64 = 1_760_000_000;

/// How long the two writes of a halved frame are apart, in microseconds.
const HALVES_US: u64 = 40_000;

/// The writes of request `number` (from 0) of scenario `name`.
pub fn render(name: &str, number: u64, steps: &[Step], dialect: &DialectInfo) -> Vec<Write> {
    let start = WriterStart { model: format!("demo/{name}"), id: format!("demo-{name}-{number:04}"), created: EPOCH + number * 60 };
    let words = FINISH_WORDS.iter().filter(|row| row.0 == dialect.id).map(|row| (row.1, row.2)).collect();
    let mut page = Page { words, writer: (dialect.writer)(&start), writes: Vec::new(), frames: Vec::new(), at_us: 0 };
    for beat in beats(steps) {
        page.at_us += beat.gap_us;
        page.emit(&beat.emit, beat.gap_us == 0);
    }
    page.writes
}

/// Where a dialect has another word for the end than OpenAI, in which scenarios are written: dialect, OpenAI's, its own.
const FINISH_WORDS: &[(&str, &str, &str)] = &[
    ("anthropic", "length", "max_tokens"),
    ("anthropic", "tool_calls", "tool_use"),
    ("ollama", "tool_calls", "stop"),
    ("gemini", "length", "MAX_TOKENS"),
    ("gemini", "tool_calls", "STOP"),
];

struct Page {
    words: Vec<(&'static str, &'static str)>,
    writer: Box<dyn Writer>,
    writes: Vec<Write>,
    /// Of each frame: its stamp, the write it is in, and where.
    frames: Vec<(u64, usize, Range<usize>)>,
    at_us: u64,
}

impl Page {
    fn emit(&mut self, emit: &Emit, joins: bool) {
        // Frames of one write still have stamps of their own, as they were generated one after the other.
        let at_ns = self.at_us * 1_000 + self.frames.len() as u64 * 1_013;
        match emit {
            Emit::Whole(text) => self.writer.whole(text),
            Emit::Step(step) => self.put(step, at_ns, joins, |bytes| bytes),
            Emit::Torn(step) => self.put(step, at_ns, joins, torn),
            Emit::Stale(step) => {
                let older = self.frames.len().checked_sub(3).map_or(at_ns, |index| self.frames[index].0);
                self.put(step, older, joins, |bytes| bytes);
            }
            Emit::Again(count) => {
                let first = self.frames.len().saturating_sub(*count);
                let again: Vec<u8> = self.frames[first..]
                    .iter()
                    .flat_map(|(_, write, range)| &self.writes[*write].bytes[range.clone()])
                    .copied()
                    .collect();
                self.writes.push(Write { at_us: self.at_us, bytes: again });
            }
            Emit::Halved(step) => {
                self.put(step, at_ns, false, |bytes| bytes);
                let Some(write) = self.writes.last_mut() else { return };
                if let Some(cut) = write.bytes.iter().position(|byte| *byte >= 0xC0) {
                    let rest = write.bytes.split_off(cut + 1);
                    self.at_us += HALVES_US;
                    self.writes.push(Write { at_us: self.at_us, bytes: rest });
                }
            }
        }
    }

    fn put(&mut self, step: &WriterStep, at_ns: u64, joins: bool, change: fn(Vec<u8>) -> Vec<u8>) {
        let mut bytes = Vec::new();
        self.writer.write(&self.in_words(step), at_ns, &mut bytes);
        let bytes = change(with_halves(bytes));
        // A dialect may have no frame for a step.
        if bytes.is_empty() {
            return;
        }
        if self.writes.is_empty() || !joins {
            self.writes.push(Write { at_us: self.at_us, bytes: Vec::new() });
        }
        let index = self.writes.len() - 1;
        let write = &mut self.writes[index].bytes;
        let start = write.len();
        write.extend_from_slice(&bytes);
        let end = write.len();
        self.frames.push((at_ns, index, start..end));
    }
}

impl Page {
    /// The step with the dialect's own word for the end.
    fn in_words(&self, step: &WriterStep) -> WriterStep {
        let mut step = step.clone();
        if let WriterStep::Finish { reason, .. } = &mut step
            && let Some((_, own)) = self.words.iter().find(|(word, _)| reason == word)
        {
            (*own).clone_into(reason);
        }
        step
    }
}

/// Tears off the end of the last line that is not empty: the frame stays a frame, its JSON does not.
fn torn(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |index| index + 1);
    let tail = bytes.split_off(end);
    bytes.truncate(end.saturating_sub(9));
    bytes.extend_from_slice(&tail);
    bytes
}

/// Writes the characters that stand for surrogate halves (U+E800 to U+EFFF, see [`Act`](super::script::Act)) as escapes.
fn with_halves(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(&bytes) else { return bytes };
    if !text.chars().any(is_half) {
        return bytes;
    }
    let mut out = String::with_capacity(bytes.len());
    for character in text.chars() {
        match character {
            half if is_half(half) => out.push_str(&format!("\\u{:04x}", half as u32 - 0x1000)),
            other => out.push(other),
        }
    }
    out.into_bytes()
}

fn is_half(character: char) -> bool {
    ('\u{E800}'..='\u{EFFF}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_become_escapes_and_all_else_stays() {
        let check = |given: &str, wanted: &str| assert_eq!(with_halves(given.as_bytes().to_vec()), wanted.as_bytes());
        check("plain 🌊", "plain 🌊");
        check("a\u{E83C}b\u{EF0A}", "a\\ud83cb\\udf0a");
    }

    #[test]
    fn a_torn_frame_keeps_its_line_ends() {
        assert_eq!(torn(b"data: {\"a\": \"0123456789\"}\n\n".to_vec()), b"data: {\"a\": \"012\n\n");
        assert_eq!(torn(b"data: {\"a\": \"0123456789\"}\r\n\r\n".to_vec()), b"data: {\"a\": \"012\r\n\r\n");
        assert_eq!(torn(b"{}\n".to_vec()), b"\n");
    }
}
