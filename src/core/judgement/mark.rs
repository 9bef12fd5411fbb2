//! Inputs that are not bytes: attempts begin, end, and with the last of them the session.

use crate::core::{
    class::{Action, Certainty, Class, Layer, Level},
    desk::GateDecision,
    detect::{snapshot::Snapshots, timing::Phase, usage},
    dialect::Ending,
    input::{End, Origin, OurEnd, What},
    judgement::{Finding, Judgement, damage::blame_error, findings::Draft},
    machine::EndReason,
    reading::{FrameId, Mark, Reading},
    time::Micros,
};

impl Judgement {
    /// Judges one mark, after the frames that it completed.
    pub(super) fn judge_mark(&mut self, reading: &Reading, mark: &Mark) {
        let otherwise = match &mark.what {
            What::Start(start) => {
                if matches!(start.origin, Origin::Pipe | Origin::Capture) {
                    self.session.progress.begin(mark.at, Phase::First, &self.profile.params);
                }
                "the session began"
            }
            What::Attempt(attempt) => {
                self.begin_attempt(reading, attempt.number, mark.at);
                "an attempt began"
            }
            What::Head(head) => {
                self.session.status = Some(head.status);
                self.session.encoding =
                    head.header("content-encoding").filter(|name| !matches!(*name, "" | "identity")).map(str::to_owned);
                self.end_gap(mark.at, true);
                self.session.progress.head(mark.at, &self.profile.params);
                "the response head arrived"
            }
            What::Paused { us, .. } => {
                self.session.progress.shift(Micros(*us));
                self.session.burst.interrupt();
                "this program did not read"
            }
            What::Draw { purpose, .. } => {
                self.session.will_retry |= purpose.starts_with("retry");
                "a number was drawn"
            }
            What::End(end) => {
                self.end_attempt(reading, end);
                "the attempt ended"
            }
            What::Gate(record) => {
                self.session.will_retry |= matches!(record.decision, GateDecision::FellBack(_));
                ""
            }
            What::Cancel | What::Bytes(_) => "",
        };
        self.settle(otherwise);
    }

    fn begin_attempt(&mut self, reading: &Reading, number: u32, at: Micros) {
        self.let_go(reading, "an attempt began", true);
        self.session.completions.begin();
        self.session.identities.begin_attempt();
        self.session.order.forget_next();
        // An answer that was finished is not tried again.
        if self.session.finished.is_empty() {
            self.expect_restart("another attempt began", true);
        }
        self.session.attempt = number;
        self.session.status = None;
        self.session.finished.clear();
        self.session.terminated = false;
        self.session.late = false;
        self.session.failed = false;
        self.session.will_retry = false;
        self.session.first_frame = self.walk.frame;
        self.session.progress.begin(at, Phase::Headers, &self.profile.params);
        self.session.encoding = None;
        self.session.burst.interrupt();
        self.session.carried |= self.session.flowed;
        self.forget_ends();
        self.session.snapshots = Snapshots::begin(self.deltas_judged(reading));
        self.session.shattered = None;
    }

    /// One past the last delta of the frames that were judged.
    fn deltas_judged(&self, reading: &Reading) -> u32 {
        self.walk.frame.checked_sub(1).map_or(0, |frame| reading.frame(FrameId(frame)).deltas_end)
    }

    fn end_attempt(&mut self, reading: &Reading, end: &End) {
        self.let_go(reading, "the stream ended", true);
        self.end_texts(reading);
        self.weigh_loops_by_usage(reading);
        self.end_strategy(reading);
        self.end_gap(self.walk.at, false);
        self.session.progress.end();
        if let Some(bursts) = self.session.burst.finish(&self.profile.params) {
            self.judge_lump(reading, bursts);
            self.judge_bursts(reading, bursts, FrameId(self.walk.frame.saturating_sub(1)));
        }
        if self.ended.is_some() {
            return;
        }
        let reason = self.end_reason(reading, end);
        self.report_end(reading, end, reason);
        self.weigh_snapshots(reading, self.deltas_judged(reading));
        self.doubt_seams(reading, self.deltas_judged(reading));
        if matches!(reason, EndReason::Finished | EndReason::Cut) {
            self.weigh_usage(reading);
        }
        if reason == EndReason::Finished {
            let last = self.walk.frame.checked_sub(1).map(FrameId);
            self.look_for_unfinished(reading, last);
            self.look_for_open_calls(reading);
            self.look_for_silence(reading, last);
        }
        // Said once for the attempt that ends here; another end, while waiting for the next attempt, is the session's.
        if std::mem::take(&mut self.session.will_retry) {
            self.condition.unhealed = true;
            self.session.cause = Some(format!("attempt {} failed and is tried again", self.session.attempt));
        } else {
            let looped =
                self.stop.filter(|_| reason == EndReason::Loop).map(|stop| &self.findings[stop.finding.0 as usize].evidence);
            let why = looped.map_or_else(|| reason.word().to_owned(), |evidence| format!("{}, {evidence}", reason.word()));
            self.session.cause.get_or_insert_with(|| format!("the session ended: {why}"));
            if reason == EndReason::Finished {
                self.forgive_failed_attempts();
            }
            self.ended = Some(reason);
        }
    }

    fn end_reason(&self, reading: &Reading, end: &End) -> EndReason {
        let ending = reading.dialect().map_or(Ending::Finish, |(dialect, _)| dialect.ending);
        let (finished, terminated) = (!self.session.finished.is_empty(), self.session.terminated);
        // Where only the body's end says that the answer is whole, a body without its end says that it is not.
        let complete = match ending {
            Ending::Silence if *end == End::Reset => finished || terminated,
            ending => ending.complete(finished, terminated),
        };
        match end {
            End::Us(OurEnd::Cancelled | OurEnd::Shutdown) => EndReason::Cancelled,
            End::Us(OurEnd::ConnectTimeout | OurEnd::FirstByteTimeout | OurEnd::IdleTimeout | OurEnd::TotalTimeout) => {
                EndReason::TimedOut
            }
            End::Us(OurEnd::BreakerOpen | OurEnd::RateLimited | OurEnd::Invalid) => EndReason::Refused,
            End::Us(OurEnd::Loop) => EndReason::Loop,
            End::Error { .. } => EndReason::Error,
            End::Eof | End::Reset if self.session.failed || self.session.status.is_some_and(|status| status >= 400) => {
                EndReason::Error
            }
            End::Eof | End::Reset if complete => EndReason::Finished,
            // Nobody can say how a stream of an unknown dialect ends.
            End::Eof if reading.dialect_at(self.walk.frame).is_none() && self.findings.iter().any(is_unknown_frame) => {
                EndReason::Finished
            }
            End::Eof | End::Reset => EndReason::Cut,
        }
    }

    /// Notes a token count that cannot be the text's. It says nothing about how the session ends.
    fn weigh_usage(&mut self, reading: &Reading) {
        let frames = self.session.first_frame..self.walk.frame;
        let cause = self.session.cause.take();
        if let Some(doubt) = usage::doubt(reading, &self.output, frames.clone()) {
            let (class, layer, evidence) = (Class::UsageAnomaly, Layer::Server, doubt.evidence);
            let draft = Draft { class, score: 1000, certainty: Certainty::Likely, action: Action::Flag, layer, evidence };
            self.add(reading, draft, None, Some(doubt.frame), None);
        }
        if let Some(doubt) = usage::ahead(reading, &self.output, frames) {
            let (class, layer, evidence) = (Class::UnderEmission, Layer::Server, doubt.evidence);
            let draft = Draft { class, score: 500, certainty: Certainty::Ambiguous, action: Action::Keep, layer, evidence };
            let finding = self.add(reading, draft, None, Some(doubt.frame), None);
            self.findings[finding.0 as usize].hint = "ask the same without streaming, and compare the two texts";
        }
        self.session.cause = cause;
    }

    /// An attempt that failed before it said anything costs nothing once another one has answered.
    fn forgive_failed_attempts(&mut self) {
        if self.session.carried {
            return;
        }
        let attempt = self.session.attempt;
        for finding in self.findings.iter_mut().filter(|finding| finding.attempt < attempt) {
            finding.lost = false;
        }
    }

    fn report_end(&mut self, reading: &Reading, end: &End, reason: EndReason) {
        let frames = self.walk.frame - self.session.first_frame;
        let last = (frames > 0).then(|| FrameId(self.walk.frame - 1));
        let (class, layer, evidence) = match (reason, end) {
            (EndReason::Cut, End::Reset) => {
                (Class::TerminalAnomaly, Layer::Transport, "the connection was cut before the stream was complete".to_string())
            }
            (EndReason::Cut, _) if frames == 0 => (Class::TerminalAnomaly, Layer::Server, "the body is empty".to_string()),
            (EndReason::Cut, _) => {
                let dialect = reading.dialect_at(self.walk.frame).map_or("its dialect", |dialect| dialect.title);
                (Class::TerminalAnomaly, Layer::Unknown, format!("the body ended without the end that {dialect} has"))
            }
            (EndReason::Finished, _) if reading.dialect_at(self.walk.frame).is_none() => return self.report_unread(),
            (EndReason::TimedOut, End::Us(end)) => {
                (Class::TerminalAnomaly, Layer::Unknown, format!("this program gave up: {}", our_words(*end)))
            }
            (EndReason::Error, End::Error { message, .. }) if frames > 0 => {
                let evidence = format!("the transport failed before the stream was complete: {message}");
                (Class::TerminalAnomaly, Layer::Transport, evidence)
            }
            (EndReason::Error, End::Error { message, .. }) => {
                (Class::ProviderError, Layer::Transport, format!("the transport failed: {message}"))
            }
            (EndReason::Error, _) if !self.session.failed => {
                let status = self.session.status.unwrap_or(0);
                (Class::ProviderError, blame_error("", "", Some(status)).0, format!("the provider answered with status {status}"))
            }
            _ => return,
        };
        let lost = class == Class::TerminalAnomaly && reason != EndReason::Finished;
        let evidence = if lost { evidence + &self.cut_calls() } else { evidence };
        self.add(reading, Draft::flag(class, layer, evidence), None, last, None);
    }

    /// Nothing was read of a body whose dialect is unknown, so nothing was judged: somebody should know.
    fn report_unread(&mut self) {
        if let Some(finding) = self.findings.iter_mut().find(|finding| is_unknown_frame(finding)) {
            finding.level = Level::Warning;
            finding.evidence = "no frame fits a dialect that this program reads, so nothing was judged".into();
        }
    }
}

fn is_unknown_frame(finding: &Finding) -> bool {
    finding.class == Class::UnknownFrame
}

fn our_words(end: OurEnd) -> &'static str {
    match end {
        OurEnd::Cancelled => "cancelled",
        OurEnd::ConnectTimeout => "no connection within the connect timeout",
        OurEnd::FirstByteTimeout => "no byte within the first-byte timeout",
        OurEnd::IdleTimeout => "no byte within the idle timeout",
        OurEnd::TotalTimeout => "the whole exchange took too long",
        OurEnd::BreakerOpen => "the breaker is open",
        OurEnd::RateLimited => "the rate limit is reached",
        OurEnd::Loop => "a loop was ended",
        OurEnd::Invalid => "the request is invalid",
        OurEnd::Shutdown => "the program is shutting down",
    }
}
