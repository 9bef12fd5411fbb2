//! What was said already: words twice in a row, the last delta, half a text, the answer of the turn before.

use std::collections::BTreeMap;

use crate::core::{
    class::{Action, Certainty, Class, Layer, Level},
    detect::{
        Detector,
        answers::{Print, second_half},
        loops::clip,
        prompt::Prompt,
        words::{Said, Stutter},
    },
    judgement::{FindingId, Judgement, findings::Draft},
    params::Param,
    reading::{Channel, ChannelKey, DeltaId, Reading},
};

/// The answers of the turn before, and which completion is being read.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// By choice, texts of all blocks together, and the turn that they are of.
    last: BTreeMap<u16, (u32, Print)>,
    /// Counts turns.
    pub turn: u32,
    /// Counts the completions that began after another had finished, in one turn.
    pub completion: u32,
}

/// Shortest answer that is compared with the one before, in bytes, and shortest delta with the one before, in characters.
const ANSWER: u64 = 16;
const DELTA: usize = 16;
/// Times `answer.min_chars` from which on a doubled text is a warning.
const LONG: u64 = 4;

/// A finding about text that was said before.
struct Repeated {
    key: ChannelKey,
    first: DeltaId,
    class: Class,
    level: Level,
    certainty: Certainty,
    layer: Layer,
    evidence: String,
    readings: Vec<String>,
}

impl Judgement {
    /// Judges one word that was said several times in a row.
    pub(super) fn judge_word(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId, said: Said) {
        let rate = self.profile.params.get(Param::WordsRate);
        let channel = self.channels.entry(key);
        let (text, content) = (&channel.accepted, &mut channel.content);
        if content.json.holds(text, said.start) || content.fences.inside(text, said.start) || in_row(text, said.start) {
            return;
        }
        let stutter = content.words.weigh(text, said, rate);
        let Some(stutter) = stutter else {
            return self.score(Detector::Words, 500);
        };
        let words = content.words.distinct(text).iter().take(4).map(|word| format!("{:?}", clip(word, 40))).collect::<Vec<_>>();
        let word = clip(said.word(text), 40).to_string();
        let open = content.stutter;
        // What was too little to speak of counts once it is more.
        let told = if open.is_none() { content.words.recent().collect() } else { vec![said] };
        let copies = told.iter().flat_map(Said::copies).filter_map(|at| content.delta_at(at));
        let copies: Vec<DeltaId> = copies.collect();
        let first = copies.first().copied().unwrap_or(id);
        self.score(Detector::Words, if stutter == Stutter::Often { 1000 } else { 500 });
        let often = stutter == Stutter::Often;
        let evidence = match (often, open) {
            (false, None) => format!("{word:?} is said {} times in a row", said.times),
            _ => format!("{} are said again at once, {word:?} {} times in a row", words.join(", "), said.times),
        };
        let finding = match open {
            Some(open) => {
                self.extend(open, Some(first));
                open
            }
            None => {
                let readings = vec![format!("{word} {word}"), word];
                let (class, layer) = (Class::WordStutter, Layer::Model);
                let (level, certainty) = (Level::Note, Certainty::Ambiguous);
                let evidence = evidence.clone();
                self.repeated(reading, Repeated { key, first, class, level, certainty, layer, evidence, readings })
            }
        };
        copies[1..].iter().for_each(|copy| self.extend(finding, Some(*copy)));
        self.channel(key).content.stutter = Some(finding);
        let finding = &mut self.findings[finding.0 as usize];
        finding.evidence = evidence;
        if often {
            finding.level = Level::Warning;
            finding.certainty = Certainty::Likely;
            finding.readings.clear();
        }
    }

    /// The texts of all channels end here, with the turn or the attempt.
    pub(super) fn end_texts(&mut self, reading: &Reading) {
        let mut answers: BTreeMap<u16, (Print, ChannelKey, Option<DeltaId>)> = BTreeMap::new();
        for key in self.channels.keys() {
            self.end_text(reading, key);
            let Some(channel) = self.channels.get(key).filter(|_| key.channel == Channel::Text) else { continue };
            let first = channel.content.part.first;
            let (print, ..) = answers.entry(key.choice).or_insert((Print::default(), key, first));
            *print = print.and(channel.accepted.trim());
        }
        for (choice, (print, key, first)) in answers {
            if print.is_empty() {
                continue;
            }
            let turn = self.session.answers.turn;
            let before = self.session.answers.last.insert(choice, (turn, print));
            let again = before.is_some_and(|(of, before)| of != turn && before == print) && print.len() >= ANSWER;
            if let Some(first) = first.filter(|_| again) {
                self.answer_again(reading, key, first);
            }
        }
    }

    /// A delta comes in another completion than the ones before it: what it belongs to is a text of its own.
    pub(super) fn begin_part(&mut self, reading: &Reading, key: ChannelKey, start: usize, id: DeltaId) {
        self.compare_part(reading, key, start);
        let completion = self.session.answers.completion;
        let channel = self.channels.entry(key);
        let part = &mut channel.content.part;
        let print = Print::of(&channel.accepted[part.start..start]);
        part.before = if print.is_empty() { part.before } else { print };
        (part.start, part.first, part.completion) = (start, Some(id), completion);
    }

    fn compare_part(&mut self, reading: &Reading, key: ChannelKey, end: usize) {
        let Some(channel) = self.channels.get(key).filter(|_| key.channel == Channel::Text) else { return };
        let part = channel.content.part;
        if part.before.len() >= ANSWER
            && Print::of(&channel.accepted[part.start..end]) == part.before
            && let Some(first) = part.first
        {
            self.answer_again(reading, key, first);
        }
    }

    fn answer_again(&mut self, reading: &Reading, key: ChannelKey, first: DeltaId) {
        let evidence = format!("the answer that begins with delta {} is the one before it, word for word", first.0);
        let (class, level, certainty) = (Class::WholeAnswerRepeat, Level::Warning, Certainty::Proved);
        self.repeated(
            reading,
            Repeated { key, first, class, level, certainty, layer: Layer::Model, evidence, readings: Vec::new() },
        );
    }

    fn end_text(&mut self, reading: &Reading, key: ChannelKey) {
        let channel = self.channels.entry(key);
        let mut said = Vec::new();
        if key.channel != Channel::ToolArguments {
            channel.content.words.finish(&channel.accepted, &mut said);
        }
        let end = channel.accepted.len();
        let Some(last) = channel.content.last_delta().filter(|_| channel.content.ended < end) else { return };
        channel.content.ended = end;
        for said in said {
            self.judge_word(reading, key, last, said);
        }
        if key.channel == Channel::ToolArguments {
            return;
        }
        self.compare_part(reading, key, end);
        if let Some(repeated) = self.halves(reading, key).or_else(|| self.last_twice(reading, key)) {
            self.repeated(reading, repeated);
        }
    }

    /// The second half of a text is its first half.
    fn halves(&mut self, reading: &Reading, key: ChannelKey) -> Option<Repeated> {
        let least = self.profile.params.get(Param::AnswerMinChars);
        let channel = self.channels.entry(key);
        let text = &channel.accepted;
        let second = second_half(text)?;
        let chars = text[second..].trim_end().chars().count() as u64;
        let spoken = text[second..].chars().any(char::is_alphabetic) && !channel.content.json.holds(text, 0);
        if chars < least || !spoken || channel.content.goes_round() || self.asked_twice(reading) {
            return None;
        }
        let channel = self.channels.get(key)?;
        let first = channel.content.delta_at(second)?;
        let long = chars >= least * LONG;
        Some(Repeated {
            key,
            first,
            class: Class::WholeAnswerRepeat,
            level: if long { Level::Warning } else { Level::Note },
            certainty: Certainty::Likely,
            layer: Layer::Model,
            evidence: format!("the second half of the text is the first half again, {chars} characters from delta {} on", first.0),
            readings: Vec::new(),
        })
    }

    /// The last delta is the one before it once more, and nothing tells whether it was sent twice or said twice.
    fn last_twice(&mut self, reading: &Reading, key: ChannelKey) -> Option<Repeated> {
        let channel = self.channels.entry(key);
        let (text, first) = channel.content.last_again(&channel.accepted)?;
        let spoken = text.chars().count() >= DELTA && text.trim().contains(' ') && text.chars().any(char::is_alphabetic);
        if !spoken || channel.content.goes_round() || channel.content.json.holds(&channel.accepted, 0) {
            return None;
        }
        let said = clip(text, 100).to_string();
        let readings = vec![[said.as_str(), said.as_str()].concat(), said.clone()];
        (!self.asked_twice(reading)).then_some(Repeated {
            key,
            first,
            class: Class::WholeAnswerRepeat,
            level: Level::Note,
            certainty: Certainty::Ambiguous,
            layer: Layer::Unknown,
            evidence: format!("the last delta is the one before it again: {said:?}"),
            readings,
        })
    }

    fn asked_twice(&mut self, reading: &Reading) -> bool {
        let body = || reading.start().map_or("", |start| &start.body);
        self.session.prompt.get_or_insert_with(|| Prompt::of(body())).asks("") >= 2
    }

    fn repeated(&mut self, reading: &Reading, repeated: Repeated) -> FindingId {
        let Repeated { key, first, class, level, certainty, layer, evidence, readings } = repeated;
        let cause = self.session.cause.take();
        let draft = Draft { class, score: 1000, certainty, action: Action::Flag, layer, evidence };
        let known = self.findings.len();
        let id = self.add(reading, draft, Some(key), Some(reading.delta(first).frame), Some(first));
        if level == Level::Note {
            self.session.cause = cause;
        }
        if self.findings.len() > known {
            let finding = &mut self.findings[id.0 as usize];
            (finding.level, finding.readings) = (level, readings);
        }
        id
    }
}

/// Longest beginning of a row that is looked at, in bytes.
const ROW: usize = 512;

/// True if byte `at` of `text` stands in a row of a table.
fn in_row(text: &str, at: usize) -> bool {
    let from = at.saturating_sub(ROW);
    text.as_bytes()[from..at].iter().rev().take_while(|byte| **byte != b'\n').any(|byte| *byte == b'|')
}
