//! Whitespace without end: cut after a closed JSON value, flagged elsewhere.

use crate::core::{
    class::{Action, Certainty, Class, Layer, Level},
    detect::Detector,
    json_value,
    judgement::{FindingId, Judgement, findings::Draft},
    params::Param,
    reading::{ChannelKey, Delta, DeltaId, FrameId, Reading},
};

/// Whitespace in a row at the end of a channel's text, cut or not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Blanks {
    /// Where they begin.
    start: usize,
    /// Characters.
    pub chars: u64,
    /// Ends of lines among them.
    lines: u64,
    /// What was said of them.
    pub finding: Option<FindingId>,
}

impl Blanks {
    /// None yet, after `start` bytes of text.
    pub fn after(start: usize) -> Blanks {
        Blanks { start, ..Blanks::default() }
    }

    /// What stands at the end of `new`, the text from byte `from` on, if that is words with a space or two around them, as most
    /// deltas are; `newline` says that a line ends in it.
    #[inline]
    pub fn around_words(new: &str, from: usize, newline: bool) -> Option<Blanks> {
        let solid = solid(new);
        let chars = new.len() - solid;
        let inside = chars == 0 && !new.bytes().next().is_some_and(is_blank);
        (solid > 0 && (inside || chars <= FEW && !newline)).then(|| Blanks { chars: chars as u64, ..Blanks::after(from + solid) })
    }
}

/// True for what JSON allows between values.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Bytes of `text` up to the whitespace at its end.
fn solid(text: &str) -> usize {
    text.bytes().rposition(|byte| !is_blank(byte)).map_or(0, |last| last + 1)
}

/// So much whitespace at the end of a word, in bytes, is looked at no further.
const FEW: usize = 2;

impl Judgement {
    /// Whitespace after a closed JSON value is held until it is more than any text needs; then all of it that is held is taken
    /// out, and what follows too. True if this delta is decided or held.
    pub(super) fn flood(&mut self, reading: &Reading, id: DeltaId, delta: &Delta<'_>) -> bool {
        let Delta { key, frame, text, .. } = *delta;
        if !text.bytes().all(is_blank) || !self.is_closed(reading, key) {
            self.score(Detector::Flood, 0);
            return false;
        }
        let limit = self.profile.params.get(Param::FloodChars);
        let channel = self.channels.entry(key);
        let held: Vec<DeltaId> = channel.held.clone();
        let waiting = held.iter().map(|held| reading.delta(*held).text);
        // What else is held is another doubt's.
        if waiting.clone().any(|text| !text.bytes().all(is_blank)) || !self.is_json(reading, key) {
            return false;
        }
        let waiting: u64 = waiting.map(|text| text.chars().count() as u64).sum();
        let passed = self.channel(key).content.blanks.chars;
        let blanks = passed + waiting + text.chars().count() as u64;
        self.score(Detector::Flood, (blanks * 1000 / limit.max(1)).min(1000) as u16);
        if blanks > limit {
            self.channel(key).content.blanks.chars = blanks;
            for held in self.channels.decide(key) {
                self.cut_blanks(reading, key, reading.delta(held).frame, held, 0);
            }
            self.cut_blanks(reading, key, frame, id, 0);
        } else {
            self.hold(reading, key, frame, id, "whitespace follows a closed JSON value");
        }
        let channel = self.channel(key);
        channel.last = Some(id);
        channel.count += 1;
        true
    }

    /// Follows the whitespace that delta `id` brought, in the accepted text from byte `from` on. What ends a delta behind a JSON
    /// value is cut if it alone is a flood.
    pub(super) fn follow_blanks(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId, from: usize) {
        let channel = self.channels.entry(key);
        let new = &channel.accepted[from..];
        let solid = solid(new);
        let lead = new.bytes().take_while(|byte| is_blank(*byte)).count();
        let tail = new[solid..].to_owned();
        let lead = new[..lead].to_owned();
        self.count_blanks(reading, key, id, &lead);
        if solid == 0 {
            return;
        }
        self.channel(key).content.blanks = Blanks::after(from + solid);
        let limit = self.profile.params.get(Param::FloodChars);
        if tail.len() as u64 <= limit || !self.is_closed(reading, key) || !self.is_json(reading, key) {
            self.count_blanks(reading, key, id, &tail);
            return;
        }
        let channel = self.channel(key);
        channel.accepted.truncate(from + solid);
        channel.content.blanks.chars = tail.len() as u64;
        let delta = reading.delta(id);
        self.cut_blanks(reading, key, delta.frame, id, delta.text.len() - tail.len());
    }

    /// Counts whitespace that passes, and flags it when there are more ends of lines in it than any text needs.
    fn count_blanks(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId, blanks: &str) {
        let params = &self.profile.params;
        let (few, many) = (params.get(Param::LoopFew), params.get(Param::LoopCopies));
        let state = &mut self.channel(key).content.blanks;
        state.chars += blanks.chars().count() as u64;
        state.lines += blanks.bytes().filter(|byte| *byte == b'\n').count() as u64;
        let Blanks { start, chars, lines, finding } = *state;
        if lines <= few || blanks.is_empty() || self.is_closed(reading, key) {
            return;
        }
        let evidence = format!("{lines} ends of lines in {chars} characters of nothing but whitespace");
        let finding = match finding {
            Some(open) => {
                self.extend(open, Some(id));
                open
            }
            None => {
                let cause = self.session.cause.take();
                let draft = Draft::flag(Class::WhitespaceFlood, Layer::Model, evidence.clone());
                let finding = self.add(reading, draft, Some(key), Some(reading.delta(id).frame), Some(id));
                self.session.cause = cause;
                finding
            }
        };
        self.channel(key).content.blanks.finding = Some(finding);
        self.channel(key).content.flooded = Some(start);
        let finding = &mut self.findings[finding.0 as usize];
        finding.count = u32::try_from(lines).unwrap_or(u32::MAX);
        finding.evidence = evidence;
        finding.level = if lines > many { Level::Warning } else { Level::Note };
    }

    /// True if the text may be a JSON value that has closed: all of it, or the end of it if JSON was asked for.
    fn is_closed(&mut self, reading: &Reading, key: ChannelKey) -> bool {
        let channel = self.channels.entry(key);
        if channel.content.json.is_closed() {
            return true;
        }
        let ends = channel.accepted[..channel.content.blanks.start].ends_with(['}', ']']);
        ends && self.json_asked(reading) && !self.channel(key).content.json.is_open()
    }

    /// True if the text is JSON, or JSON was asked for. Brackets that balance look closed; only JSON is.
    fn is_json(&mut self, reading: &Reading, key: ChannelKey) -> bool {
        if self.open_finding(key, Class::WhitespaceFlood).is_some() || self.json_asked(reading) {
            return true;
        }
        let channel = self.channels.entry(key);
        let valid = serde_json::from_str::<serde::de::IgnoredAny>(&channel.accepted).is_ok();
        if !valid {
            channel.content.json.refute();
        }
        valid
    }

    fn json_asked(&mut self, reading: &Reading) -> bool {
        let asked = || reading.start().is_some_and(|start| json_value::asked(&start.body));
        *self.session.json_asked.get_or_insert_with(asked)
    }

    fn cut_blanks(&mut self, reading: &Reading, key: ChannelKey, frame: FrameId, id: DeltaId, from: usize) {
        let blanks = self.channel(key).content.blanks.chars;
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
        self.cut(id, from as u32..reading.delta(id).text.len() as u32, finding);
    }
}
