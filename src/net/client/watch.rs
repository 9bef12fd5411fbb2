//! Looks over an attempt's body as it comes: whether text has come, whether it is complete, and what went wrong.
//!
//! The session's own reading belongs to whoever folds the log; this one exists for the Desk's sake and forgets as it goes.

use crate::core::{
    error::Fault,
    input::{End, Head, Input, Start, What},
    reading::{FrameId, FrameKind, Note, Reading},
    time::Micros,
};

/// Body bytes after which what was read is forgotten, at the next end of a frame.
const FORGET_AFTER: usize = 256 << 10;

/// The first bytes of an error body that are read for its message.
const ERROR_BODY: usize = 64 << 10;

/// What is known of one attempt's body.
pub struct Watch {
    start: Start,
    head: Option<Head>,
    reading: Reading,
    /// Frames of `reading` that were looked at.
    seen: u32,
    error_body: Vec<u8>,
    content: bool,
    finished: bool,
    terminated: bool,
    malformed: bool,
    error: Option<(String, String)>,
}

impl Watch {
    /// A watch over an attempt that begins, of a session that began with `start`.
    pub fn new(start: Start) -> Watch {
        let mut watch = Watch {
            start,
            head: None,
            reading: Reading::default(),
            seen: 0,
            error_body: Vec::new(),
            content: false,
            finished: false,
            terminated: false,
            malformed: false,
            error: None,
        };
        watch.begin();
        watch
    }

    /// The response head came.
    pub fn head(&mut self, head: &Head) {
        self.head = Some(head.clone());
        self.fold(What::Head(head.clone()));
    }

    /// A read of the body came.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if self.status() >= 300 {
            let room = ERROR_BODY - self.error_body.len();
            self.error_body.extend_from_slice(&bytes[..bytes.len().min(room)]);
            return;
        }
        self.fold(What::Bytes(bytes.to_vec()));
        if self.reading.body().len() > FORGET_AFTER && self.at_frame_end() {
            self.reading = Reading::default();
            self.seen = 0;
            self.begin();
        }
    }

    /// True once some delta came.
    pub fn has_content(&self) -> bool {
        self.content
    }

    /// What went wrong with the attempt that ends with `end`, if anything did.
    pub fn fault(&mut self, end: &End) -> Option<Fault> {
        self.fold(What::End(end.clone()));
        if let Some(fault) = Fault::of_end(end) {
            return Some(fault);
        }
        if let Some(fault) = Fault::of_response(self.status(), &self.error_body) {
            return Some(fault);
        }
        if let Some((kind, message)) = &self.error {
            return Some(Fault::in_stream(kind, message));
        }
        let needs_terminator = self.reading.dialect().is_some_and(|(dialect, _)| dialect.needs_terminator);
        if !self.terminated && (!self.finished || needs_terminator) {
            return Some(Fault::truncated());
        }
        self.malformed.then(Fault::malformed)
    }

    fn status(&self) -> u16 {
        self.head.as_ref().map_or(0, |head| head.status)
    }

    fn begin(&mut self) {
        self.fold(What::Start(Box::new(self.start.clone())));
        if let Some(head) = self.head.clone() {
            self.fold(What::Head(head));
        }
    }

    fn fold(&mut self, what: What) {
        // Times mean nothing here.
        self.reading.fold(&Input { at: Micros::ZERO, what });
        for index in self.seen..self.reading.frame_count() {
            let frame = FrameId(index);
            match self.reading.frame(frame).kind {
                FrameKind::Delta => self.content = true,
                FrameKind::Terminator => self.terminated = true,
                FrameKind::Malformed => self.malformed = true,
                _ => {}
            }
            for (_, note) in self.reading.notes_of(frame) {
                match note {
                    Note::Finish { .. } => self.finished = true,
                    Note::Error { kind, message } => self.error = Some((kind.clone(), message.clone())),
                    _ => {}
                }
            }
        }
        self.seen = self.reading.frame_count();
    }

    fn at_frame_end(&self) -> bool {
        let last = self.reading.frame_count().checked_sub(1).map(|index| self.reading.frame(FrameId(index)));
        last.is_some_and(|frame| frame.end as usize == self.reading.body().len())
    }
}
