//! The common case, cheaply: one more delta of a text that flows, while nothing is in doubt.
//!
//! Nearly every frame of a clean stream is such a frame, and of all the steps of [`Judgement::judge_frame`] few have anything to do for
//! it. Which steps those are is settled once, when a frame was judged at length; then the frames after it are judged by these steps
//! alone, until one comes that is not so plain.

use crate::core::{
    detect::{Detector, TEXT_DETECTORS, facts::Match, rewrite::near},
    judgement::{Judgement, resume::Resume},
    machine::State,
    params::Strategy,
    reading::{ChannelKey, DeltaId, Frame, FrameId, FrameKind, Reading},
};

/// Detectors that say nothing of such a frame: what they said last must have been nothing.
fn are_silent(lit: u32) -> bool {
    TEXT_DETECTORS.iter().chain(&[Detector::Flood, Detector::Damage]).all(|detector| lit & 1 << *detector as u32 == 0)
}

impl Judgement {
    /// The channel whose next delta may simply flow: no step but those of [`Self::flow`] has anything to do for a plain one.
    pub(super) fn calm_channel(&self) -> Option<ChannelKey> {
        #[cfg(test)]
        if self.wary {
            return None;
        }
        // In this state nothing is held, cut, broken or over, and text was passed on.
        if self.state != State::NormalFlow || self.profile.strategy != Strategy::Evidence || !are_silent(self.lit) {
            return None;
        }
        let session = &self.session;
        let ends = session.terminated || !session.finished.is_empty();
        let order = session.order.is_open() || !session.waits_for_nothing() || !session.completions.is_plain();
        if ends || order || !session.said.says_nothing() || !session.snapshots.is_empty() {
            return None;
        }
        let (key, channel) = self.channels.latest()?;
        let follows = channel.count > 0 && channel.held.is_empty() && matches!(channel.resume, Resume::No);
        let part = channel.content.part.first.is_some() && channel.content.part.completion == session.answers.completion;
        (follows && part && channel.hypotheses.idle()).then_some(key)
    }

    /// Judges frame `id` if it brings one more plain delta of the calm channel, and nothing else. False if it is not so simple; then
    /// nothing was done.
    pub(super) fn flow(&mut self, reading: &Reading, id: FrameId, frame: &Frame) -> bool {
        let Some(key) = self.calm else { return false };
        let says_more = reading.notes().get(self.walk.note).is_some_and(|(noted, _)| *noted <= id);
        if frame.kind != FrameKind::Delta
            || frame.deltas_end - frame.first_delta != 1
            || says_more
            || reading.identity(id).is_some()
        {
            return false;
        }
        let place = DeltaId(frame.first_delta);
        let delta = reading.delta(place);
        // Whitespace may be a flood, and characters may be lost.
        let words = delta.text.bytes().any(|byte| byte > b' ')
            && (delta.text.is_ascii() || !delta.text.contains(char::REPLACEMENT_CHARACTER));
        if delta.key != key || delta.snapshot || !words {
            return false;
        }
        let channel = self.channels.entry(key);
        let again = channel.last.map_or(Match::Nothing, |last| Match::of(delta.text, reading.delta(last).text));
        let related = match Match::of(delta.text, &channel.accepted) {
            Match::Nothing => false,
            Match::Differs => near(delta.text, &channel.accepted),
            Match::Equals | Match::Extends | Match::Shrinks => true,
        };
        if related || matches!(again, Match::Equals | Match::Extends) {
            return false;
        }
        channel.distinct += 1;
        channel.hypotheses.unrelated(place, self.walk.at, channel.count);
        channel.last = Some(place);
        channel.count += 1;
        self.keep_time(reading, id, frame, &[]);
        self.session.completions.goes_on(true);
        self.session.ends.speaks(key.choice);
        self.accept(reading, key, place, 0);
        if self.condition.cut || self.session.cause.is_some() {
            self.settle("text flows");
        } else {
            self.output.released = self.walk.frame;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, strategy::Strategy};

    use super::*;
    use crate::core::{
        input::{Attempt, End, Head, Input, Origin, Start, What},
        params::Profile,
        time::Micros,
    };

    /// One read: its events, and the milliseconds before it.
    type Read = (Vec<String>, u64);

    fn text() -> impl Strategy<Value = String> {
        const WORDS: &[&str] = &[
            "a",
            " the",
            " the",
            " word",
            " stream",
            "ha",
            "haha",
            ".",
            " ",
            "\n\n",
            "  ",
            "{\"a\":1}",
            "1",
            "10",
            "你",
            "，",
            "\u{fffd}",
        ];
        const LONG: &[&str] = &["The answer is here, and it is long enough to matter.", "The answer is here, and it goes on"];
        prop_oneof![6 => proptest::sample::select(WORDS), 1 => proptest::sample::select(LONG), 1 => Just("")]
            .prop_map(str::to_owned)
    }

    /// Events that flow, mostly, and those that end it.
    fn event() -> impl Strategy<Value = String> {
        let delta = |choice: u8, field: &str, text: &str| {
            let text = serde_json::Value::from(text);
            format!(r#"{{"id":"c","choices":[{{"index":{choice},"delta":{{"{field}":{text}}},"finish_reason":null}}]}}"#)
        };
        const OTHER: &[&str] = &[
            r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            r#"{"id":"other","choices":[{"index":0,"delta":{"content":" the"},"finish_reason":null}]}"#,
            r#"{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":9,"total_tokens":10}}"#,
            r#"{"error":{"message":"overloaded","type":"server_error"}}"#,
            "not json",
            "[DONE]",
        ];
        prop_oneof![
            30 => text().prop_map(move |text| delta(0, "content", &text)),
            2 => text().prop_map(move |text| delta(1, "content", &text)),
            2 => text().prop_map(move |text| delta(0, "reasoning_content", &text)),
            1 => proptest::sample::select(OTHER).prop_map(str::to_owned),
        ]
    }

    fn reads() -> impl Strategy<Value = Vec<Read>> {
        let gap = prop_oneof![8 => 0..40_u64, 1 => Just(9_000), 1 => Just(70_000)];
        proptest::collection::vec((proptest::collection::vec(event(), 1..3), gap), 1..80)
    }

    fn judged(reading: &Reading, wary: bool) -> Judgement {
        let mut judgement = Judgement { wary, ..Judgement::new(Profile::default()) };
        judgement.catch_up(reading);
        judgement
    }

    proptest! {
        #[test]
        fn what_flows_is_judged_as_it_is_at_length(reads in reads(), clocked: bool) {
            let start = Start { origin: Origin::Sent, clocked, dialect: Some("openai-chat".into()), ..Start::default() };
            let head = Head { status: 200, headers: vec![("content-type".into(), "text/event-stream".into())] };
            let attempt = Attempt { number: 0, endpoint: "http://test".into(), model: "test".into() };
            let mut reading = Reading::default();
            let mut at = 0;
            for what in [What::Start(Box::new(start)), What::Attempt(attempt), What::Head(head)] {
                reading.fold(&Input { at: Micros::ZERO, what });
            }
            for (events, gap) in reads {
                at += if clocked { gap } else { 0 };
                let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
                reading.fold(&Input { at: Micros::from_millis(at), what: What::Bytes(body.into_bytes()) });
            }
            reading.fold(&Input { at: Micros::from_millis(at), what: What::End(End::Eof) });
            let (quick, wary) = (judged(&reading, false), judged(&reading, true));
            prop_assert_eq!(&quick.findings, &wary.findings);
            prop_assert_eq!(&quick.transitions, &wary.transitions);
            prop_assert_eq!(&quick.scores, &wary.scores);
            prop_assert_eq!(&quick.output, &wary.output);
            prop_assert_eq!(quick.ended, wary.ended);
        }
    }
}
