//! Looks over an attempt's body as it comes, for the Desk's sake: whether text has come, whether it is complete, what went wrong.
//!
//! The session's own reading belongs to whoever folds the log, who may be behind or gone when the Desk must be told; so the body
//! is parsed a second time here. That is linear in its bytes (a copy of each read and one parse of each frame, microseconds where
//! reads lie milliseconds apart), and it holds [`FORGET_AFTER`] bytes and one frame at most, whatever the answer's length.

use crate::{
    core::{
        class::{Family, Level},
        dialect::Ending,
        error::Fault,
        input::{End, Head, Input, Start, What},
        judgement::Judgement,
        params::Profile,
        reading::{FrameId, FrameKind, Note, Reading},
        time::Micros,
    },
    report::Verdict,
};

/// Body bytes after which what was read is forgotten, except for a frame that has begun.
const FORGET_AFTER: usize = 256 << 10;

/// The first bytes of an error body that are read for its message.
const ERROR_BODY: usize = 64 << 10;

/// What is known of one attempt's body.
pub struct Watch {
    start: Start,
    head: Option<Head>,
    reading: Reading,
    /// Judges the answer's first [`FORGET_AFTER`] bytes, if the Desk counts stutter.
    judgement: Option<Judgement>,
    stuttered: bool,
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
    /// A watch over an attempt that begins, of a session that began with `start`. It can `judge` whether the answer stutters, by
    /// the standard thresholds: what the user tries on the screen is not to move the breaker.
    pub fn new(start: Start, judge: bool) -> Watch {
        let mut watch = Watch {
            // What was asked does not matter here, and a body may be large.
            start: Start { headers: Vec::new(), body: String::new(), ..start },
            head: None,
            reading: Reading::default(),
            judgement: judge.then(|| Judgement::new(Profile::default())),
            stuttered: false,
            seen: 0,
            error_body: Vec::new(),
            content: false,
            finished: false,
            terminated: false,
            malformed: false,
            error: None,
        };
        watch.begin(Micros::ZERO);
        watch
    }

    /// The response head came.
    pub fn head(&mut self, at: Micros, head: Head) {
        self.head = Some(head.clone());
        self.fold(at, What::Head(head));
    }

    /// A read of the body came.
    pub fn bytes(&mut self, at: Micros, bytes: Vec<u8>) {
        if self.status() >= 300 {
            let room = ERROR_BODY - self.error_body.len();
            self.error_body.extend_from_slice(&bytes[..bytes.len().min(room)]);
            return;
        }
        self.fold(at, What::Bytes(bytes));
        // The state of a content-encoding cannot be begun anew; none is asked for, so such a body is kept.
        let encoded = self.head.as_ref().is_some_and(|head| head.header("content-encoding").is_some());
        if self.reading.body().len() > FORGET_AFTER && !encoded {
            self.forget(at);
        }
    }

    /// True once some delta came.
    pub fn has_content(&self) -> bool {
        self.content
    }

    /// True if the answer stuttered or went round in a loop; always false unless it is judged.
    pub fn stuttered(&self) -> bool {
        self.stuttered || self.judgement.as_ref().is_some_and(shows_stutter)
    }

    /// What went wrong with the attempt that ends with `end`, if anything did.
    pub fn fault(&mut self, at: Micros, end: &End) -> Option<Fault> {
        self.fold(at, What::End(end.clone()));
        if let Some(fault) = Fault::of_end(end) {
            return Some(fault);
        }
        if let Some(fault) = Fault::of_response(self.status(), &self.error_body) {
            return Some(fault);
        }
        if let Some((kind, message)) = &self.error {
            return Some(Fault::in_stream(kind, message));
        }
        let ending = self.reading.dialect().map_or(Ending::Finish, |(dialect, _)| dialect.ending);
        if !ending.complete(self.finished, self.terminated) {
            return Some(Fault::truncated());
        }
        self.malformed.then(Fault::malformed)
    }

    fn status(&self) -> u16 {
        self.head.as_ref().map_or(0, |head| head.status)
    }

    fn begin(&mut self, at: Micros) {
        self.fold(at, What::Start(Box::new(self.start.clone())));
        if let Some(head) = self.head.clone() {
            self.fold(at, What::Head(head));
        }
    }

    /// Begins anew with what has come of the next frame.
    fn forget(&mut self, at: Micros) {
        let last = self.reading.frame_count().checked_sub(1).map(|index| self.reading.frame(FrameId(index)));
        let Some(end) = last.map(|frame| frame.end as usize) else { return };
        self.stuttered = self.stuttered();
        self.judgement = None;
        let rest = self.reading.body()[end..].to_vec();
        self.reading = Reading::default();
        self.seen = 0;
        self.begin(at);
        if !rest.is_empty() {
            self.fold(at, What::Bytes(rest));
        }
    }

    fn fold(&mut self, at: Micros, what: What) {
        self.reading.fold(&Input { at, what });
        if let Some(judgement) = &mut self.judgement {
            judgement.catch_up(&self.reading);
        }
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
}

fn shows_stutter(judgement: &Judgement) -> bool {
    let findings = &judgement.findings;
    let looped = findings.iter().any(|finding| finding.class.info().family == Family::Model && finding.level >= Level::Warning);
    looped || Verdict::of(findings) == Verdict::Stutter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{dialect, input::Origin};

    fn watch(judge: bool) -> Watch {
        let start =
            Start { origin: Origin::Sent, clocked: true, dialect: Some(dialect::DIALECTS[0].id.into()), ..Start::default() };
        let mut watch = Watch::new(start, judge);
        watch.head(Micros::ZERO, Head { status: 200, headers: Vec::new() });
        watch
    }

    fn frame(text: &str) -> String {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    }

    const FINISH: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    #[test]
    fn it_holds_no_more_than_its_bound_however_reads_fall() {
        let mut watch = watch(false);
        let body: String = (0..20_000).map(|number| frame(&format!(" {number}"))).collect::<String>() + FINISH;
        let mut most = 0;
        // No read ends where a frame ends, but by chance.
        for bytes in body.as_bytes().chunks(1_009) {
            watch.bytes(Micros::ZERO, bytes.to_vec());
            most = most.max(watch.reading.body().len());
        }
        assert!(body.len() > 4 * FORGET_AFTER && most <= FORGET_AFTER + 1_009, "{most} of {} bytes", body.len());
        assert_eq!(watch.fault(Micros::ZERO, &End::Eof), None, "what was forgotten was judged before");
        assert!(watch.has_content());
    }

    #[test]
    fn stutter_is_seen_only_if_it_is_looked_for() {
        let told = |judge: bool, texts: &[&str]| {
            let mut watch = watch(judge);
            for (at, text) in (0..).zip(texts) {
                watch.bytes(Micros::from_millis(at * 50), frame(text).into_bytes());
            }
            watch.bytes(Micros::from_millis(1_000), FINISH.into());
            watch.fault(Micros::from_millis(1_000), &End::Eof);
            watch.stuttered()
        };
        let growing = ["Here", "Here is", "Here is a", "Here is a short", "Here is a short answer", "Here is a short answer."];
        let plain = ["Here", " is", " a", " short", " answer", "."];
        assert_eq!((told(true, &growing), told(false, &growing), told(true, &plain)), (true, false, false));
    }
}
