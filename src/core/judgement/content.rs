//! What the model itself does to a channel's text: loops are flagged, a flood after a closed JSON value is cut.

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::{Detector, content::Json},
    judgement::{Judgement, findings::Draft},
    params::Param,
    reading::{ChannelKey, DeltaId, FrameId, Reading},
};

impl Judgement {
    pub(super) fn follow_loop(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId) {
        let channel = self.channels.entry(key);
        let Some(run) = channel.repeat.feed(&channel.accepted).map(|run| run.aligned(&channel.accepted)) else {
            self.score(Detector::Loop, 0);
            return;
        };
        let params = &self.profile.params;
        let unit = String::from_utf8_lossy(&channel.accepted.as_bytes()[run.start..run.start + run.period]);
        // One character, or no letter at all, is mostly data, a ruler or art: ten times as many copies are asked for.
        let weak = unit.chars().count() < 2 || !unit.chars().any(char::is_alphabetic);
        let needed = params.get(Param::LoopCopies) * if weak { 10 } else { 1 };
        let (copies, chars) = (run.copies(), run.chars(&channel.accepted));
        let enough = copies >= needed && chars >= params.get(Param::LoopMinChars) && !unit.chars().all(char::is_whitespace);
        let evidence = (enough && !channel.fences.inside(&channel.accepted))
            .then(|| format!("{copies} copies of {unit:?} back to back ({chars} characters)"));
        let reported = channel.looped.filter(|(start, _)| *start == run.start).map(|(_, finding)| finding);
        self.score(Detector::Loop, (copies * 1000 / needed.max(1)).min(1000) as u16);
        let Some(evidence) = evidence else { return };
        let finding = match reported {
            Some(open) => {
                self.extend(open, Some(id));
                open
            }
            None => {
                let draft = Draft::flag(Class::TokenLoop, Layer::Model, evidence.clone());
                self.add(reading, draft, Some(key), Some(reading.delta(id).frame), Some(id))
            }
        };
        self.channel(key).looped = Some((run.start, finding));
        let finding = &mut self.findings[finding.0 as usize];
        finding.count = u32::try_from(copies).unwrap_or(u32::MAX);
        finding.evidence = evidence;
    }

    /// Whitespace without end after a closed JSON value is taken out; true if this delta was.
    pub(super) fn flood(&mut self, reading: &Reading, key: ChannelKey, frame: FrameId, id: DeltaId) -> bool {
        let limit = self.profile.params.get(Param::FloodChars);
        let text = reading.delta(id).text;
        let channel = self.channels.entry(key);
        if channel.json != Json::Closed || !text.trim_end().is_empty() {
            self.score(Detector::Flood, 0);
            return false;
        }
        let blanks = channel.blanks + text.chars().count() as u64;
        self.score(Detector::Flood, (blanks * 1000 / limit.max(1)).min(1000) as u16);
        let channel = self.channels.entry(key);
        if blanks <= limit || !channel.held.is_empty() {
            return false;
        }
        // Brackets that balance look closed; only JSON is.
        let known = channel.open.iter().any(|open| self.findings[open.0 as usize].class == Class::WhitespaceFlood);
        if !known && serde_json::from_str::<serde::de::IgnoredAny>(&channel.accepted).is_err() {
            channel.json = Json::No;
            return false;
        }
        channel.blanks = blanks;
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
