//! What is still undecided when a hold ends: the profile, or what the endpoint did before, may act on what is only likely.

use std::ops::Range;

use crate::core::{
    class::{Action, Certainty, Class, Layer, Level},
    detect::facts::Match,
    judgement::{Judgement, findings::Draft},
    reading::{Channel, ChannelKey, DeltaId, Reading},
};

/// Fewest characters that must be repeated for a repetition to be likely by itself: of 2,411 recorded streams two had a delta that began
/// with all the text before it where that was so long, and none whose second delta was the first one again.
const LIKELY_CHARS: usize = 4;

/// What a hold looks like as repetition.
struct Suspicion {
    class: Class,
    /// What would be redundant, by delta, in order.
    ranges: Vec<(DeltaId, Range<u32>)>,
    /// Characters of the first redundant range.
    chars: usize,
}

impl Judgement {
    /// Takes what is held in `key` for the repetition that it looks like, if the profile acts on what is likely or this endpoint was
    /// proved to repeat so before; true if it did. `why` says what ended the hold.
    pub(super) fn act_on_doubt(&mut self, reading: &Reading, key: ChannelKey, why: &str) -> bool {
        let Some(suspicion) = self.suspect(reading, key) else { return false };
        let Suspicion { class, ranges, chars } = suspicion;
        let habit = self.profile.habit(class);
        if habit.is_none() && chars < LIKELY_CHARS || self.profile.action(class, Certainty::Likely) != Action::Suppress {
            return false;
        }
        let first = ranges[0].0;
        let repeats = match class {
            Class::FirstChunkDouble => format!("delta {} is the first one again", first.0),
            _ => format!("delta {} starts with the whole text so far", first.0),
        };
        let reason = match habit {
            Some(1) => "this endpoint did so in 1 earlier session".to_owned(),
            Some(sessions) => format!("this endpoint did so in {sessions} earlier sessions"),
            None => format!("{chars} characters are hardly repeated by chance"),
        };
        let (certainty, action, layer) = (Certainty::Likely, Action::Suppress, Layer::Unknown);
        let evidence = format!("{repeats}, and {why} before proof came; {reason}");
        let draft = Draft { class, score: 900, certainty, action, layer, evidence };
        let finding = self.add(reading, draft, Some(key), Some(reading.delta(first).frame), Some(first));
        self.findings[finding.0 as usize].level = Level::Warning;
        let channel = self.channel(key);
        channel.cumulative.give_up();
        channel.double.reset(false);
        for delta in self.channels.decide(key) {
            let known = ranges.iter().find(|(cut, _)| *cut == delta).map_or(0..0, |(_, range)| range.clone());
            if delta != first {
                self.extend(finding, Some(delta));
            }
            self.cut(delta, known.clone(), finding);
            self.accept(reading, key, delta, known.end);
        }
        true
    }

    /// How the text held in `key` repeats what was passed on, if all of it does.
    fn suspect(&self, reading: &Reading, key: ChannelKey) -> Option<Suspicion> {
        let channel = self.channels.get(key)?;
        let [first, ..] = channel.held[..] else { return None };
        let mut known = channel.accepted.as_str();
        let class = match Match::of(reading.delta(first).text, known) {
            Match::Equals if channel.held.len() == 1 => Class::FirstChunkDouble,
            Match::Extends => Class::CumulativeFull,
            _ => return None,
        };
        let chars = known.chars().count();
        let mut ranges = Vec::new();
        for delta in channel.held.iter().copied() {
            let text = reading.delta(delta).text;
            if !matches!(Match::of(text, known), Match::Equals | Match::Extends) {
                return None;
            }
            ranges.push((delta, 0..known.len() as u32));
            known = text;
        }
        // Arguments say themselves which reading holds: the one that is JSON, if the other is not.
        let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        if key.channel == Channel::ToolArguments {
            let additive = channel.held.iter().fold(channel.accepted.clone(), |text, delta| text + reading.delta(*delta).text);
            if !is_json(known) || is_json(&additive) {
                return None;
            }
        }
        Some(Suspicion { class, ranges, chars })
    }
}
