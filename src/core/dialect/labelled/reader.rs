//! Reads chunks.

use serde::de::IgnoredAny;
use serde_json::{Value, value::RawValue};

use super::{
    CHANNELS,
    calls::Calls,
    chunk::{CHUNK, Chunk},
    escape::{self, Escapes},
    event::{Meaning, meaning},
    wholes::Wholes,
};
use crate::core::{
    dialect::{
        FrameView, Reader, Seen, Sink, error,
        json::{self, Text, TextOr},
        usage::usage_of,
    },
    reading::{Channel, ChannelKey, FrameKind, Identity, Note, Usage},
};

/// Reads chunks; knows what was said, which calls there are, and the latest thought.
#[derive(Default)]
pub(super) struct ChunkReader {
    seen: Seen,
    calls: Calls,
    wholes: Wholes,
    escapes: Escapes,
    /// The content block that text belongs to, and whether it has some.
    block: u16,
    used: bool,
    /// That block has been stopped.
    stopped: bool,
    /// Event and text of the frame before, if it was a typed thought.
    thought: Option<(Vec<u8>, Vec<u8>)>,
}

impl Reader for ChunkReader {
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink) {
        let data = frame.data.trim_ascii();
        if data.first() == Some(&b'"')
            && let Ok(text) = serde_json::from_slice::<Text<'_>>(data)
        {
            self.chunk(&Chunk { text, ..Chunk::default() }, data, sink);
            return;
        }
        json::parse(frame.data, &CHUNK, sink, |data, sink| {
            self.chunk(&serde_json::from_slice::<Chunk<'_>>(data)?, data, sink);
            Ok(())
        });
    }
}

impl ChunkReader {
    fn chunk(&mut self, chunk: &Chunk<'_>, data: &[u8], sink: &mut Sink) {
        let meaning = meaning(chunk.event.bytes());
        sink.identity = identity(chunk);
        if let Some(id) = chunk.id.and_then(|raw| serde_json::from_str::<Text<'_>>(raw.get()).ok()) {
            self.seen.id(id.bytes(), sink);
        }
        self.announce(meaning, chunk, sink);
        let thought = self.thought.take();
        if meaning != Meaning::Error {
            self.texts(meaning, chunk, data, thought, sink);
        }
        if matches!(meaning, Meaning::Opening | Meaning::BlockStart) && !sink.deltas.is_empty() {
            sink.note(Note::Opening);
        }
        if !chunk.finish.is_empty() {
            sink.note(Note::Finish { choice: 0, reason: chunk.finish.to_utf8() });
        }
        sink.note_usage(chunk.usage.and_then(usage));
        if let Some(tokens) = chunk.tokens.and_then(count) {
            sink.note(Note::Tokens(tokens));
        }
        sink.kind = match meaning {
            Meaning::Terminator => Some(FrameKind::Terminator),
            Meaning::KeepAlive if sink.deltas.is_empty() => Some(FrameKind::KeepAlive),
            // What the Reading makes of deltas and notes.
            Meaning::Delta | Meaning::Error => None,
            _ if sink.deltas.is_empty() => Some(FrameKind::Control),
            _ => None,
        };
        if meaning == Meaning::Delta && sink.deltas.is_empty() && sink.notes.is_empty() {
            sink.notes.extend(json::free(data).as_ref().and_then(error::of_value));
        }
    }

    /// What the event says beside text.
    fn announce(&mut self, meaning: Meaning, chunk: &Chunk<'_>, sink: &mut Sink) {
        match meaning {
            Meaning::Parts(boundary) => sink.note(Note::Boundary(boundary)),
            // The first message of a stream is no new one.
            Meaning::NewTurn if self.wholes.any() => {
                self.calls.new_turn();
                self.wholes.new_turn();
                sink.note(Note::NewTurn);
            }
            Meaning::BlockStart if self.used || self.stopped => self.next_block(),
            Meaning::BlockStop => {
                sink.note(Note::Stop { block: self.block });
                self.stopped = true;
            }
            Meaning::Error => {
                let kind = if chunk.kind.is_empty() { &chunk.event } else { &chunk.kind };
                let message = [&chunk.message, &chunk.text, &chunk.comment].into_iter().find(|text| !text.is_empty());
                let message = message.unwrap_or(&chunk.event);
                sink.note(Note::Error { kind: kind.to_utf8(), message: message.to_utf8() });
            }
            _ => {}
        }
        if meaning == Meaning::ToolCall
            || !chunk.tool_id.is_empty()
            || !chunk.name.is_empty() && channel(chunk) == Channel::ToolArguments
        {
            let (index, id) = (chunk.idx.unwrap_or(0), chunk.tool_id.bytes());
            let begins = meaning == Meaning::ToolCall && id.is_empty();
            let block = if begins { self.calls.begin(index, id) } else { self.calls.block(index, id) };
            sink.note(Note::Tool { choice: 0, block, id: chunk.tool_id.to_utf8(), name: chunk.name.to_utf8() });
        }
    }

    fn texts(&mut self, meaning: Meaning, chunk: &Chunk<'_>, data: &[u8], thought: Option<(Vec<u8>, Vec<u8>)>, sink: &mut Sink) {
        let channel = channel(chunk);
        // What comes behind a stop is another block, whether or not its start is told.
        if self.stopped && meaning != Meaning::BlockStop && says(chunk) {
            self.next_block();
        }
        let key = self.key(channel, chunk);
        if !chunk.text.is_empty() {
            // Other text shows that the rest of a cut escape does not come.
            let cut = self.escapes.flush();
            self.wholes.say(key, &cut, sink);
        }
        self.thoughts(chunk, data, sink);
        let whole = matches!(meaning, Meaning::Whole | Meaning::Terminator) || chunk.mode.bytes() == b"snapshot";
        if whole {
            self.wholes.restate(key, chunk.text.bytes(), sink);
        } else if let Some(tagged) = tagged_thought(chunk).filter(|_| channel == Channel::Text) {
            let (tagged, rest) = chunk.text.bytes().split_at(tagged);
            self.wholes.say(key, tagged, sink);
            mirrored(sink);
            self.wholes.say(key, rest, sink);
        } else {
            let stale = self.wholes.is_stale(key, chunk.text.bytes());
            self.wholes.say(key, chunk.text.bytes(), sink);
            if stale {
                mirrored(sink);
            } else if meaning == Meaning::Delta {
                self.typed_thought(channel, chunk, thought, sink);
            }
        }
        if !chunk.hex.is_empty() {
            match escape::hex(chunk.hex.bytes()) {
                Some(bytes) => self.wholes.say(key, &bytes, sink),
                None => sink.note(Note::Malformed { byte: 0, message: "`hex` is no pairs of hexadecimal digits".into() }),
            }
        }
        if !chunk.json_escape.is_empty() {
            let (text, joined) = self.escapes.text(chunk.json_escape.bytes());
            self.wholes.say(key, &text, sink);
            if joined {
                sink.note(Note::JoinedSurrogate);
            }
        }
        if !chunk.snapshot.is_empty() {
            if sink.deltas.is_empty() {
                self.wholes.restate(key, chunk.snapshot.bytes(), sink);
            } else {
                sink.snapshot(key, chunk.snapshot.bytes());
            }
        }
        self.used |= !sink.deltas.is_empty();
    }

    /// Thoughts under the names of fields, in the order in which they stand; one that another field says too is mirrored.
    fn thoughts(&mut self, chunk: &Chunk<'_>, data: &[u8], sink: &mut Sink) {
        let key = ChannelKey { choice: 0, block: self.block, channel: Channel::Reasoning };
        let mut plain = [&chunk.reasoning, &chunk.reasoning_content];
        let place = |name: &[u8]| memchr::memmem::find(data, name);
        if place(b"\"reasoning_content\"") < place(b"\"reasoning\"") {
            plain.reverse();
        }
        for (index, field) in plain.into_iter().enumerate() {
            self.wholes.say(key, field.bytes(), sink);
            if index > 0 && !field.is_empty() && field == plain[0] {
                mirrored(sink);
            }
        }
        let parts: Vec<&[u8]> = match &chunk.reasoning_details {
            TextOr::Text(text) => vec![text.bytes()],
            TextOr::Parts(parts) => parts.iter().flat_map(|part| [part.text.bytes(), part.summary.bytes()]).collect(),
        };
        let whole = parts.concat();
        if !whole.is_empty() && plain.iter().any(|field| field.bytes() == whole) {
            self.wholes.say(key, &whole, sink);
            mirrored(sink);
        } else {
            parts.into_iter().for_each(|part| self.wholes.say(key, part, sink));
        }
    }

    /// A thought under an event of its own repeats the frame before, if that said the same under another event.
    fn typed_thought(&mut self, channel: Channel, chunk: &Chunk<'_>, before: Option<(Vec<u8>, Vec<u8>)>, sink: &mut Sink) {
        let (event, text) = (chunk.event.bytes(), chunk.text.bytes());
        if channel != Channel::Reasoning || event.is_empty() || text.is_empty() {
            return;
        }
        if before.is_some_and(|(other, said)| other != event && said == text) {
            mirrored(sink);
        } else {
            self.thought = Some((event.to_vec(), text.to_vec()));
        }
    }

    fn next_block(&mut self) {
        self.block = self.block.saturating_add(1);
        (self.used, self.stopped) = (false, false);
    }

    fn key(&mut self, channel: Channel, chunk: &Chunk<'_>) -> ChannelKey {
        let block = match channel {
            // Only what has arguments is a call.
            Channel::ToolArguments if !chunk.text.is_empty() => self.calls.block(chunk.idx.unwrap_or(0), chunk.tool_id.bytes()),
            _ => self.block,
        };
        ChannelKey { choice: 0, block, channel }
    }
}

/// Whether a chunk carries text of any kind.
fn says(chunk: &Chunk<'_>) -> bool {
    let texts = [&chunk.text, &chunk.hex, &chunk.json_escape, &chunk.reasoning, &chunk.reasoning_content, &chunk.snapshot];
    let details = !matches!(&chunk.reasoning_details, TextOr::Text(text) if text.is_empty());
    details || texts.iter().any(|text| !text.is_empty())
}

fn channel(chunk: &Chunk<'_>) -> Channel {
    let word = |(word, _): &&(&str, Channel)| word.as_bytes() == chunk.ch.bytes();
    let otherwise = if chunk.event.bytes() == b"tool_call" { Channel::ToolArguments } else { Channel::Text };
    CHANNELS.iter().find(word).map_or(otherwise, |(_, channel)| *channel)
}

/// Says that the latest delta repeats what another field says.
fn mirrored(sink: &mut Sink) {
    if let Some(delta) = sink.deltas.len().checked_sub(1) {
        sink.note(Note::Mirrored { delta: delta as u32 });
    }
}

/// Length of the thought in tags with which the text begins, if a field of the same chunk says that thought too.
fn tagged_thought(chunk: &Chunk<'_>) -> Option<usize> {
    const CLOSE: &[u8] = b"</think>";
    let text = chunk.text.bytes();
    let end = memchr::memmem::find(text, CLOSE)?;
    let inner = text[..end].strip_prefix(b"<think>")?.trim_ascii();
    let fields = [&chunk.reasoning, &chunk.reasoning_content];
    let said = !inner.is_empty() && fields.iter().any(|field| field.bytes().trim_ascii() == inner);
    said.then_some(end + CLOSE.len())
}

/// A number of a sequence, or a time at the source, which is given in microseconds.
fn identity(chunk: &Chunk<'_>) -> Option<Identity> {
    let generation = u32::try_from(chunk.generation.unwrap_or(0)).unwrap_or(u32::MAX);
    let number = || serde_json::from_str::<u64>(chunk.id?.get()).ok();
    let sequence = chunk.seq.or_else(number).map(|seq| Identity::sequence(seq).of_generation(generation));
    sequence.or_else(|| chunk.src_us.map(|micros| Identity::time(micros.saturating_mul(1_000))))
}

/// A plain number counts the completion's tokens.
fn usage(raw: &RawValue) -> Option<Usage> {
    let value: Value = serde_json::from_str(raw.get()).ok()?;
    match value.as_u64() {
        Some(output) => Some(Usage { input: None, output: Some(output), total: None }),
        None => usage_of(&value),
    }
}

/// How many tokens: the length of a list, or the number itself.
fn count(raw: &RawValue) -> Option<u32> {
    let count = match serde_json::from_str::<Vec<IgnoredAny>>(raw.get()) {
        Ok(tokens) => tokens.len() as u64,
        Err(_) => serde_json::from_str(raw.get()).ok()?,
    };
    u32::try_from(count).ok()
}
