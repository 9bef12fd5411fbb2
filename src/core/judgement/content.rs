//! What the model itself does to a channel's text: loops are flagged, a flood after a closed JSON value is cut.

use std::collections::VecDeque;

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::{
        Detector,
        content::{Fences, Json},
        repeat::{LONGEST, Repeat, Run},
    },
    judgement::{Judgement, findings::Draft, loops::Looped},
    params::Param,
    reading::{ChannelKey, DeltaId, FrameId, Reading},
};

/// What is followed in one channel's text beside its framing.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub json: Json,
    pub fences: Fences,
    pub repeat: Repeat,
    /// The loop at the end of the text, or the last one.
    pub looped: Option<Looped>,
    /// Whitespace characters in a row at the end of the accepted text, cut ones included.
    blanks: u64,
    /// Where the latest deltas begin in the accepted text.
    places: VecDeque<(u32, DeltaId)>,
}

/// Bytes of text back to which a delta is found again: a run is told within four copies.
const BACK: usize = 4 * LONGEST;

impl Content {
    /// Notes that the text from byte `start` on is delta `id`'s.
    fn place(&mut self, start: usize, id: DeltaId) {
        if self.places.get(1).is_some_and(|(next, _)| *next as usize + BACK < start) {
            self.places.pop_front();
        }
        self.places.push_back((start as u32, id));
    }

    /// The delta that byte `at` of the accepted text came in.
    pub fn delta_at(&self, at: usize) -> Option<DeltaId> {
        let index = self.places.partition_point(|(start, _)| *start as usize <= at);
        self.places.get(index.saturating_sub(1)).map(|(_, delta)| *delta)
    }

    /// The latest deltas, those after `first`.
    pub fn deltas_after(&self, first: DeltaId) -> impl Iterator<Item = DeltaId> + '_ {
        let from = self.places.partition_point(|(_, delta)| *delta <= first);
        self.places.range(from..).map(|(_, delta)| *delta)
    }
}

impl Judgement {
    /// Follows what delta `id` added to the channel's text, from byte `from` of that on.
    pub(super) fn follow_content(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId, from: usize) {
        let channel = self.channels.entry(key);
        let (text, content) = (&channel.accepted, &mut channel.content);
        let new = &text[from..];
        content.place(from, id);
        content.json.feed(new, from);
        let solid = new.trim_end();
        let blanks = new[solid.len()..].chars().count() as u64;
        content.blanks = if solid.is_empty() { content.blanks + blanks } else { blanks };
        let mut ended: Vec<Run> = Vec::new();
        let run = content.repeat.feed(text, &mut ended);
        for run in ended {
            self.judge_loop(reading, key, id, run);
        }
        match run {
            Some(run) => self.judge_loop(reading, key, id, run),
            None => self.score(Detector::Loop, 0),
        }
    }

    /// Whitespace without end after a closed JSON value is taken out; true if this delta was.
    pub(super) fn flood(&mut self, reading: &Reading, key: ChannelKey, frame: FrameId, id: DeltaId) -> bool {
        let limit = self.profile.params.get(Param::FloodChars);
        let text = reading.delta(id).text;
        let channel = self.channels.entry(key);
        if !channel.content.json.is_closed() || !text.trim_end().is_empty() {
            self.score(Detector::Flood, 0);
            return false;
        }
        let blanks = channel.content.blanks + text.chars().count() as u64;
        self.score(Detector::Flood, (blanks * 1000 / limit.max(1)).min(1000) as u16);
        let channel = self.channels.entry(key);
        if blanks <= limit || !channel.held.is_empty() {
            return false;
        }
        // Brackets that balance look closed; only JSON is.
        let known = channel.open.iter().any(|open| self.findings[open.0 as usize].class == Class::WhitespaceFlood);
        if !known && serde_json::from_str::<serde::de::IgnoredAny>(&channel.accepted).is_err() {
            channel.content.json.refute();
            return false;
        }
        channel.content.blanks = blanks;
        channel.last = Some(id);
        channel.count += 1;
        let draft = Draft {
            class: Class::WhitespaceFlood,
            score: 1000,
            certainty: Certainty::Proved,
            action: Action::Suppress,
            layer: Layer::Model,
            evidence: format!("{blanks} whitespace characters in a row after the JSON value closed"),
        };
        let evidence = draft.evidence.clone();
        let finding = self.find_in_channel(reading, key, frame, id, draft);
        self.findings[finding.0 as usize].evidence = evidence;
        self.cut(id, 0..text.len() as u32, finding);
        true
    }
}
