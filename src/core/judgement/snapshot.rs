//! Typed snapshots against what came by deltas, and against what this program passed on.

use crate::core::{
    class::{Action, Certainty, Class, Layer, Level},
    detect::snapshot::{Compared, Digest, Snapshots, compare},
    judgement::{FindingId, Judgement, findings::Draft},
    params::Strategy,
    reading::{ChannelKey, DeltaId, Reading},
};

/// Dialects whose frames only add text; one that gives the whole text is worth a note there.
const ADDING: &[&str] = &["openai-chat", "labelled"];

impl Judgement {
    /// At the end of a turn or attempt: does the last snapshot of each channel say what its deltas said, and what came out?
    /// It ends before delta number `end`.
    pub(super) fn weigh_snapshots(&mut self, reading: &Reading, end: u32) {
        let snapshots = std::mem::replace(&mut self.session.snapshots, Snapshots::begin(end));
        // What an attempt before had passed on stands in the output too.
        let ours = self.profile.strategy == Strategy::Evidence && !self.session.carried;
        let cause = self.session.cause.take();
        let mut doubted = Vec::new();
        for (key, told, delta, then) in snapshots.told() {
            let snapshot = reading.delta(delta).text;
            let digest = Digest::of(snapshot);
            let emitted = self.channels.get(key).map_or("", |channel| channel.accepted.as_str());
            let out = ours && Digest::of(emitted) == digest;
            let came = told.received == digest || then == digest;
            // Whitespace that was cut at the end is no harm.
            if !out && ours && emitted.trim_end() == snapshot.trim_end() {
                continue;
            }
            if out && told.received != Digest::default() {
                self.note_restated(reading, key, delta);
                continue;
            }
            if came && ours && told.received == digest && !out {
                self.blame_ourselves(reading, key, delta, emitted.to_owned());
            } else if !came && !out {
                doubted.push((key, delta));
            }
        }
        let keys: Vec<ChannelKey> = doubted.iter().map(|(key, _)| *key).collect();
        let texts = if keys.is_empty() { Default::default() } else { snapshots.received(reading, &keys, end) };
        for (key, delta) in doubted {
            self.doubt_deltas(reading, key, delta, &texts[&key]);
        }
        self.session.cause = cause;
    }

    /// The whole text came once more, typed as what it is, in a dialect whose frames only add: it was read once.
    fn note_restated(&mut self, reading: &Reading, key: ChannelKey, delta: DeltaId) {
        if reading.dialect_at(self.walk.frame).is_none_or(|dialect| !ADDING.contains(&dialect.id)) {
            return;
        }
        let frame = reading.delta(delta).frame;
        let chars = reading.delta(delta).text.chars().count();
        let evidence = format!("frame {} gives all {chars} characters again as a whole message, and not as text to add", frame.0);
        let draft = Draft { action: Action::Keep, ..Draft::flag(Class::FinalAggregate, Layer::Server, evidence) };
        let finding = self.add(reading, draft, Some(key), Some(frame), Some(delta));
        self.findings[finding.0 as usize].level = Level::Note;
        let tail = delta.0.checked_sub(1).map(|before| reading.delta(DeltaId(before)));
        if let Some(tail) = tail.filter(|tail| tail.frame == frame && tail.key == key) {
            let late = tail.text.chars().count();
            let evidence =
                format!("the last {late} of {chars} characters came by no delta, but with the whole message of frame {}", frame.0);
            self.suspect_deltas(reading, Class::UnderEmission, evidence, key, delta);
        }
    }

    /// All of a text came, the snapshot confirms it, and we passed on something else.
    fn blame_ourselves(&mut self, reading: &Reading, key: ChannelKey, delta: DeltaId, emitted: String) {
        let snapshot = reading.delta(delta).text;
        let at = emitted.chars().zip(snapshot.chars()).take_while(|(one, two)| one == two).count();
        let evidence = format!(
            "this program passed on {} characters, but the snapshot has {}, as the deltas had; they part at character {at}",
            emitted.chars().count(),
            snapshot.chars().count(),
        );
        let finding = self.add_about(reading, Layer::Client, evidence, key, delta);
        self.findings[finding.0 as usize].hint = "compare the strategies on this recording; the text that came is in it, whole";
    }

    fn doubt_deltas(&mut self, reading: &Reading, key: ChannelKey, delta: DeltaId, received: &str) {
        let snapshot = reading.delta(delta).text;
        let (came, whole) = (received.chars().count(), snapshot.chars().count());
        let frame = reading.delta(delta).frame;
        // Text Generation Inference with return_full_text.
        let after_prompt = reading.dialect_at(self.walk.frame).is_some_and(|dialect| dialect.id == "tgi");
        match compare(received, snapshot, key.channel, after_prompt) {
            Compared::Agrees => {}
            Compared::Short { missing, at } => {
                let evidence = format!(
                    "{missing} of {whole} characters did not come by deltas: frame {} gives the whole text, and the first that is missing \
                     stands after character {at}, where it has {:?}",
                    frame.0,
                    snapshot.chars().skip(at).take(20).collect::<String>()
                );
                let finding = self.add_about(reading, Layer::Server, evidence, key, delta);
                self.findings[finding.0 as usize].hint = "take the text of the closing frame; what came before is not all of it";
            }
            // What was taken out already has its finding.
            Compared::Times(_) if self.findings.iter().any(|finding| finding.key == Some(key) && finding.repaired) => {}
            Compared::Times(times) => {
                let evidence = format!(
                    "the deltas bring {came} characters, {times} times the {whole} that frame {} gives as the whole text",
                    frame.0
                );
                self.suspect_deltas(reading, Class::PerDeltaDouble, evidence, key, delta);
            }
            Compared::Parts(at) => {
                let evidence = format!(
                    "frame {} gives a whole text of {whole} characters that differs from the {came} that came by deltas, from character {at} on",
                    frame.0
                );
                // It says all so far, and the most of that as the deltas did: it was edited.
                let edited = at * 2 > came.min(whole);
                let class = if edited { Class::CumulativeRewrite } else { Class::UnderEmission };
                self.suspect_deltas(reading, class, evidence, key, delta);
            }
        }
    }

    fn add_about(&mut self, reading: &Reading, layer: Layer, evidence: String, key: ChannelKey, delta: DeltaId) -> FindingId {
        let draft = Draft::flag(Class::UnderEmission, layer, evidence);
        self.add(reading, draft, Some(key), Some(reading.delta(delta).frame), Some(delta))
    }

    fn suspect_deltas(&mut self, reading: &Reading, class: Class, evidence: String, key: ChannelKey, delta: DeltaId) {
        let layer = Layer::Server;
        let draft = Draft { class, score: 500, certainty: Certainty::Likely, action: Action::Keep, layer, evidence };
        let finding = self.add(reading, draft, Some(key), Some(reading.delta(delta).frame), Some(delta));
        self.findings[finding.0 as usize].level = Level::Note;
    }
}
