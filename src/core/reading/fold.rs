//! The fold: inputs to columns.
//!
//! Per exchange the body is decoded, sniffed, framed and read; a new attempt starts all of that anew, only the dialect stays
//! known. Every step keeps its position, so a fold is linear in the bytes over all inputs.

use serde::de::IgnoredAny;

use super::{ChunkRow, DeltaRow, FrameId, FrameKind, FrameRow, Identity, Mark, Note, Reading, text::Pending};
use crate::core::{
    decode::Decoder,
    dialect::{self, DialectInfo, FrameView, Reader, Sink, error},
    frame::{
        Framer, Framing, Payload, RawFrame, RawKind,
        sniff::{self, Hint, Sniffer},
        sse::{Block, fields, place_of},
    },
    input::{Head, Input, Start, What},
};

/// Where the fold stands in the exchange that is being read.
#[derive(Default)]
pub(super) struct Wire {
    dialect: Option<Choice>,
    /// What the dialect was told to be, and how many frames had been read by then; ascending.
    told: Vec<(u32, &'static DialectInfo)>,
    reader: Option<Box<dyn Reader>>,
    framer: Option<Framer>,
    sniffer: Sniffer,
    hint: Hint,
    status: Option<u16>,
    decoder: Option<Decoder>,
    /// The rest of this body is not read: it could not be decoded, or there is too much of it.
    given_up: bool,
    /// Offset of the exchange's first byte in the body.
    origin: usize,
    pending: Pending,
    sink: Sink,
}

const BY_PATH: &str = "told by the request's path";

/// A dialect, and how we know.
struct Choice {
    info: &'static DialectInfo,
    reason: String,
    /// False while the frames may still overrule it.
    certain: bool,
}

impl Wire {
    pub fn dialect(&self) -> Option<(&'static DialectInfo, &str)> {
        self.dialect.as_ref().map(|choice| (choice.info, choice.reason.as_str()))
    }

    /// The dialect as it was known when `frames` frames had been read.
    pub fn dialect_at(&self, frames: u32) -> Option<&'static DialectInfo> {
        let known = self.told.partition_point(|(told, _)| *told <= frames);
        known.checked_sub(1).map(|index| self.told[index].1)
    }

    pub fn framing(&self) -> Option<Framing> {
        self.framer.as_ref().map(Framer::framing)
    }

    fn started(&mut self, start: &Start) {
        let given = start.dialect.as_deref().and_then(dialect::by_id);
        self.dialect = match given {
            Some(info) => Some(Choice { info, reason: "given by the session".into(), certain: true }),
            None => dialect::by_url(&start.url).map(|info| Choice { info, reason: BY_PATH.into(), certain: false }),
        };
        self.hint.dialect = self.dialect.as_ref().map(|choice| choice.info.framing);
        self.told(0);
    }

    /// Keeps the dialect as it is known now that `frames` frames have been read.
    fn told(&mut self, frames: u32) {
        if let Some(Choice { info, .. }) = self.dialect
            && self.told.last().is_none_or(|(_, told)| !std::ptr::eq(*told, info) && told.id != info.id)
        {
            self.told.push((frames, info));
        }
    }

    fn reset(&mut self, origin: usize) {
        self.reader = None;
        self.framer = None;
        self.sniffer = Sniffer::default();
        self.hint = Hint { dialect: self.dialect.as_ref().map(|choice| choice.info.framing), ..Hint::default() };
        self.status = None;
        self.decoder = None;
        self.given_up = false;
        self.origin = origin;
    }

    fn head(&mut self, head: &Head) {
        self.status = Some(head.status);
        self.hint.failed = head.status >= 400;
        self.hint.declared = head.header("content-type").and_then(sniff::declared);
        self.decoder = head.header("content-encoding").and_then(Decoder::of_header);
    }

    /// Settles the dialect by a frame with data, if it is not settled.
    fn recognise(&mut self, view: &FrameView<'_>) {
        if self.dialect.as_ref().is_some_and(|choice| choice.certain) {
            return;
        }
        let Some((info, score)) = dialect::by_frame(view) else { return };
        match &mut self.dialect {
            Some(choice) if score < 3 || choice.info.id == info.id => choice.certain |= choice.info.id == info.id && score > 1,
            Some(choice) => {
                let reason = match choice.reason == BY_PATH {
                    true => format!("told by the first frames, though the request's path says {}", choice.info.id),
                    false => "told by the first frames".into(),
                };
                *choice = Choice { info, reason, certain: true };
                self.reader = None;
            }
            None => self.dialect = Some(Choice { info, reason: "told by the first frames".into(), certain: score > 1 }),
        }
    }
}

impl Reading {
    /// Folds one input. Never fails: what cannot be read becomes notes.
    pub fn fold(&mut self, input: &Input) {
        match &input.what {
            What::Bytes(bytes) => {
                // The row comes first: frames know the chunk that completed them.
                let end = self.body.len() as u32;
                self.chunks.push(ChunkRow { at: input.at, end, frames: self.frame_count() });
                self.bytes(bytes);
                let (end, frames) = (self.body.len() as u32, self.frame_count());
                if let Some(row) = self.chunks.last_mut() {
                    (row.end, row.frames) = (end, frames);
                }
                self.note_split();
            }
            what => {
                match what {
                    What::Start(start) => {
                        self.clocked |= start.clocked && self.marks.is_empty();
                        self.wire.started(start);
                    }
                    What::Attempt(_) => {
                        self.end_of_body();
                        self.wire.reset(self.body.len());
                    }
                    What::Head(head) => self.wire.head(head),
                    What::End(_) => self.end_of_body(),
                    _ => {}
                }
                let (chunks, frames) = (self.chunk_count(), self.frame_count());
                self.marks.push(Mark { at: input.at, chunks, frames, what: what.clone() });
            }
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.wire.given_up {
            return;
        }
        let before = self.body.len();
        let room = usize::try_from(self.limits.body).unwrap_or(usize::MAX).saturating_sub(before);
        let outcome = match &mut self.wire.decoder {
            None => {
                let taken = bytes.len().min(room);
                self.body.extend_from_slice(&bytes[..taken]);
                if taken < bytes.len() { Err(Note::TooLarge { limit: self.limits.body }) } else { Ok(()) }
            }
            Some(decoder) => {
                decoder.decode(bytes, &mut self.body, room).map_err(|failure| failure.note(self.limits.body, self.body.len()))
            }
        };
        self.frames_so_far(false);
        if let Err(note) = outcome {
            self.give_up(note);
        }
    }

    /// Leaves the rest of the body unread and says so in a frame without bytes.
    fn give_up(&mut self, note: Note) {
        self.wire.given_up = true;
        self.frames_so_far(true);
        self.last_frame();
        let end = self.body.len() as u64;
        self.wire.sink.clear();
        self.wire.sink.kind = Some(FrameKind::Malformed);
        self.wire.sink.note(note);
        let raw = RawFrame { start: end, end, kind: RawKind::TooLarge, unterminated: false, payload: Payload::None };
        self.push_frame(&raw);
    }

    fn frames_so_far(&mut self, ended: bool) {
        if self.wire.framer.is_none() {
            let Some(framing) = self.wire.sniffer.sniff(self.wire.hint, &self.body[self.wire.origin..], ended) else { return };
            self.wire.framer = Some(Framer::new(framing, self.wire.origin, self.limits.frame));
        }
        while let Some(raw) = self.wire.framer.as_mut().and_then(|framer| framer.next(&self.body)) {
            self.frame_in(&raw);
        }
    }

    fn end_of_body(&mut self) {
        if self.chunks.is_empty() {
            return;
        }
        self.frames_so_far(true);
        self.last_frame();
        let decoder = self.wire.decoder.take().filter(|_| !self.wire.given_up);
        if let Some(failure) = decoder.and_then(|decoder| decoder.finish().err()) {
            self.give_up(failure.note(self.limits.body, self.body.len()));
        }
        let lost = self.wire.pending.take();
        if !lost.is_empty() {
            // The first half of a character came, and nothing after it: it is shown where the stream broke off.
            self.wire.sink.clear();
            for key in &lost {
                self.wire.sink.add(*key, "\u{fffd}".as_bytes());
            }
            self.wire.sink.note(Note::Replaced(lost.len() as u32));
            let end = self.body.len() as u64;
            self.push_frame(&RawFrame { start: end, end, kind: RawKind::Empty, unterminated: true, payload: Payload::None });
        }
    }

    /// Reads what only the end of the body completes.
    fn last_frame(&mut self) {
        if let Some(raw) = self.wire.framer.as_mut().and_then(|framer| framer.finish(&self.body)) {
            self.frame_in(&raw);
        }
    }

    /// Reads one frame and appends its rows.
    fn frame_in(&mut self, raw: &RawFrame) {
        self.wire.sink.clear();
        match raw.kind {
            RawKind::Comment => self.wire.sink.kind = Some(FrameKind::KeepAlive),
            RawKind::Empty => self.stray(raw),
            RawKind::TooLarge => {
                self.wire.sink.kind = Some(FrameKind::Malformed);
                self.wire.sink.note(Note::TooLarge { limit: self.limits.frame });
            }
            RawKind::Damaged => {
                let what = if raw.unterminated { "the body ends inside a message" } else { "a checksum is wrong" };
                self.wire.sink.note(Note::Checksum { byte: raw.start as u32, message: what.into() });
            }
            RawKind::Data => self.data(raw),
        }
        self.push_frame(raw);
    }

    fn data(&mut self, raw: &RawFrame) {
        let bytes = &self.body[raw.start as usize..raw.end as usize];
        let wire = &mut self.wire;
        match raw.payload {
            Payload::Plain { event, id, data } => {
                let view = FrameView { event: event.of(&self.body), id: id.of(&self.body), data: data.of(&self.body) };
                read(wire, &view);
                shift(&mut wire.sink, data.start);
            }
            Payload::Message { kind, event, data } => {
                let view = FrameView { event: event.of(&self.body), id: kind.of(&self.body), data: data.of(&self.body) };
                read(wire, &view);
                shift(&mut wire.sink, data.start);
            }
            Payload::Block => {
                let block = Block::read(bytes);
                read(wire, &block.view());
                for note in &mut wire.sink.notes {
                    if let Note::Malformed { byte, .. } = note {
                        *byte = (raw.start as usize + place_of(bytes, *byte as usize)) as u32;
                    }
                }
            }
            Payload::None => {}
        }
        wire.told(self.frames.len() as u32 + 1);
    }

    /// A block without data is not dispatched, but some servers report errors in one: `error: {...}`, or JSON without a field. What
    /// else has no field of the format is kept and said: its text is lost to every client.
    fn stray(&mut self, raw: &RawFrame) {
        self.wire.sink.kind = Some(FrameKind::KeepAlive);
        let bytes = &self.body[raw.start as usize..raw.end as usize];
        if let Some(note) = stray_error(bytes.trim_ascii()) {
            self.wire.sink.kind = Some(FrameKind::Error);
            self.wire.sink.note(note);
            return;
        }
        let known = |name: &[u8]| matches!(name, b"" | b"data" | b"event" | b"id" | b"retry");
        let Some(field) = fields(bytes).find(|field| !known(field.name)).filter(|_| !raw.unterminated) else { return };
        if field.name.first() == Some(&b'{') || field.value.first() == Some(&b'{') {
            let message = "JSON in a line that is no data line".into();
            self.wire.sink.kind = None;
            self.wire.sink.note(Note::Malformed { byte: raw.start as u32, message });
        } else {
            self.wire.sink.kind = Some(FrameKind::Unknown);
        }
    }

    /// Notes whether the latest chunk ends inside a character, while its bytes are at hand.
    fn note_split(&mut self) {
        if self.wire.framing() == Some(Framing::EventStream) {
            return;
        }
        let tail = &self.body[self.body.len().saturating_sub(3)..];
        if tail.last().is_some_and(|last| !last.is_ascii()) && super::text::incomplete_suffix(tail) > 0 {
            self.splits.push(super::ChunkId(self.chunk_count() - 1));
        }
    }

    /// Appends the rows of a frame whose sink is filled.
    fn push_frame(&mut self, raw: &RawFrame) {
        let id = FrameId(self.frame_count());
        let sink = &mut self.wire.sink;
        let mut from = 0;
        for (key, end, snapshot) in &sink.deltas {
            let bytes = &sink.text[from..*end as usize];
            from = *end as usize;
            self.wire.pending.append(*key, *snapshot, bytes, &mut self.text, |note| sink.notes.push(note));
            self.deltas.push(DeltaRow { frame: id.0, text_end: self.text.len() as u32, key: *key, snapshot: *snapshot });
        }
        let kind = sink.kind.unwrap_or_else(|| kind_of(sink));
        self.frames.push(FrameRow {
            start: raw.start as u32,
            end: raw.end as u32,
            chunk: (self.chunks.len() as u32).saturating_sub(1),
            deltas_end: self.deltas.len() as u32,
            kind,
            unterminated: raw.unterminated,
        });
        if let Some(identity) = sink.identity {
            self.identify(id, identity);
        }
        // Most frames have none, and an empty drain is not free.
        if !self.wire.sink.notes.is_empty() {
            let notes = self.wire.sink.notes.drain(..);
            self.notes.extend(notes.map(|note| (id, note)));
        }
    }
}

/// Reads a frame's content in the dialect, or as an error where there is no dialect or no stream.
fn read(wire: &mut Wire, view: &FrameView<'_>) {
    let whole = matches!(wire.framer, Some(Framer::Json { .. }));
    if whole && wire.hint.failed {
        wire.sink.kind = Some(FrameKind::Error);
        wire.sink.note(error::of_body(wire.status, view.data));
        return;
    }
    if whole && let Some(page) = error::of_page(view.data) {
        wire.sink.kind = Some(FrameKind::Error);
        wire.sink.note(page);
        return;
    }
    wire.recognise(view);
    if let Some(choice) = &wire.dialect {
        let reader = wire.reader.get_or_insert_with(choice.info.reader);
        reader.read(view, &mut wire.sink);
    } else {
        unknown(view, &mut wire.sink);
    }
    // A numeric event id counts events, whatever the events are; a resumed stream is asked for by it.
    if wire.sink.identity.is_none() && !view.id.is_empty() {
        wire.sink.identity = number(view.id).map(Identity::sequence);
    }
    // Errors look alike in all dialects, and a gateway's may come before anything of the provider's.
    if wire.sink.kind == Some(FrameKind::Unknown)
        && let Some(note) = dialect::free(view.data).as_ref().and_then(error::of_value)
    {
        wire.sink.kind = Some(FrameKind::Error);
        wire.sink.note(note);
    }
}

/// A number in decimal digits.
fn number(digits: &[u8]) -> Option<u64> {
    let digits = digits.iter().all(u8::is_ascii_digit).then_some(digits)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The error that a block without data reports, if it does.
fn stray_error(block: &[u8]) -> Option<Note> {
    let json = block.strip_prefix(b"error:").unwrap_or(block).trim_ascii();
    if json.first() != Some(&b'{') {
        return None;
    }
    let value = dialect::free(json)?;
    error::of_value(&if json.len() < block.len() { serde_json::json!({ "error": value }) } else { value })
}

/// A frame before the dialect is known: only what all dialects share can be told of it.
fn unknown(view: &FrameView<'_>, sink: &mut Sink) {
    let data = view.data.trim_ascii();
    sink.kind = Some(match data {
        b"" => FrameKind::KeepAlive,
        b"[DONE]" => FrameKind::Terminator,
        _ => FrameKind::Unknown,
    });
    if sink.kind == Some(FrameKind::Unknown)
        && matches!(data.first(), Some(b'{' | b'['))
        && let Err(error) = serde_json::from_slice::<IgnoredAny>(view.data)
    {
        sink.kind = None;
        dialect::malformed(view.data, &error, sink);
    }
}

/// Makes offsets in a frame's data offsets in the body.
fn shift(sink: &mut Sink, by: usize) {
    for note in &mut sink.notes {
        if let Note::Malformed { byte, .. } = note {
            *byte += by as u32;
        }
    }
}

/// What a frame is by what was read from it.
fn kind_of(sink: &Sink) -> FrameKind {
    let mut kind = if sink.deltas.is_empty() { FrameKind::KeepAlive } else { FrameKind::Delta };
    for note in &sink.notes {
        match note {
            Note::Error { .. } => return FrameKind::Error,
            Note::Malformed { .. } | Note::Checksum { .. } | Note::TooLarge { .. } => kind = FrameKind::Malformed,
            Note::Finish { .. } | Note::Usage(_) | Note::Tool { .. } | Note::NewTurn | Note::Boundary(_)
                if kind == FrameKind::KeepAlive =>
            {
                kind = FrameKind::Control;
            }
            _ => {}
        }
    }
    kind
}
