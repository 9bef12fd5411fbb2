//! What the model itself does to a channel's text, followed delta by delta.

use std::collections::VecDeque;

use crate::core::{
    detect::{
        Detector,
        answers::Print,
        content::{Fences, Json},
        lines::{Alike, Lines},
        repeat::{LONGEST, Repeat, Run},
        words::{Said, Words},
    },
    judgement::{FindingId, Judgement, flood::Blanks, loops::Looped},
    reading::{Channel, ChannelKey, DeltaId, Reading},
};

/// What is followed in one channel's text beside its framing.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub json: Json,
    pub fences: Fences,
    pub repeat: Repeat,
    /// The loop at the end of the text, or the last one.
    pub looped: Option<Looped>,
    /// The same of loops whose copies differ in their numbers.
    pub counting: Option<Looped>,
    pub blanks: Blanks,
    /// Where the whitespace begins that was flagged last.
    pub flooded: Option<usize>,
    pub words: Words,
    pub lines: Lines,
    /// The finding about lines that are alike.
    pub alike: Option<FindingId>,
    /// The finding about words said again.
    pub stutter: Option<FindingId>,
    pub part: Part,
    /// How long the text was when it ended last.
    pub ended: usize,
    /// Where the latest deltas begin in the accepted text.
    places: VecDeque<(u32, DeltaId)>,
}

/// The text of one completion, in a channel that may carry several.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Part {
    /// Where it begins.
    pub start: usize,
    /// Its first delta.
    pub first: Option<DeltaId>,
    /// The number of its completion.
    pub completion: u32,
    /// The part before it.
    pub before: Print,
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

    /// The latest delta.
    pub fn last_delta(&self) -> Option<DeltaId> {
        self.places.back().map(|(_, delta)| *delta)
    }

    /// What the last delta added to `text`, and that delta, if the one before it added the same.
    pub fn last_again<'a>(&self, text: &'a str) -> Option<(&'a str, DeltaId)> {
        let (start, delta) = *self.places.back()?;
        let (before, _) = *self.places.get(self.places.len().checked_sub(2)?)?;
        let (before, start) = (before as usize, start as usize);
        let (last, once) = (&text[start..], &text[..before]);
        // Three in a row are a list, or a loop.
        (text[before..start] == *last && !once.ends_with(last)).then(|| (&text[start..], delta))
    }

    /// True if the text ends in a run of three copies or more, or a loop was found last.
    pub fn goes_round(&self) -> bool {
        self.repeat.run().is_some() || [self.looped, self.counting].iter().flatten().any(|looped| looped.finding.is_some())
    }

    /// Where the loop of which `run` is the run is kept.
    pub fn loop_of_mut(&mut self, run: Run) -> &mut Option<Looped> {
        if run.counted.is_some() { &mut self.counting } else { &mut self.looped }
    }

    /// The last loop of the kind that `run` is of.
    pub fn loop_of(&self, run: Run) -> Option<Looped> {
        if run.counted.is_some() { self.counting } else { self.looped }
    }

    /// The latest deltas, those after `first`.
    pub fn deltas_after(&self, first: DeltaId) -> impl Iterator<Item = DeltaId> + '_ {
        let from = self.places.partition_point(|(_, delta)| *delta <= first);
        self.places.range(from..).map(|(_, delta)| *delta)
    }
}

impl Judgement {
    /// Adds `new`, a part of delta `id`, to the channel's text, and follows what it says.
    pub(super) fn add_text(&mut self, reading: &Reading, key: ChannelKey, id: DeltaId, new: &str) {
        let mut channel = self.channels.entry(key);
        let from = channel.accepted.len();
        channel.accepted.push_str(new);
        if channel.content.part.completion != self.session.answers.completion {
            self.begin_part(reading, key, from, id);
            channel = self.channels.entry(key);
        }
        let content = &mut channel.content;
        content.part.first.get_or_insert(id);
        content.place(from, id);
        content.json.feed(new, from);
        let newline = new.bytes().any(|byte| byte == b'\n');
        match Blanks::around_words(new, from, newline) {
            Some(blanks) => content.blanks = blanks,
            None => {
                self.follow_blanks(reading, key, id, from);
                channel = self.channels.entry(key);
            }
        }
        let (text, content) = (&channel.accepted, &mut channel.content);
        let mut ended: Vec<Run> = Vec::new();
        content.repeat.feed(text, &mut ended);
        let (run, counting) = (content.repeat.run(), content.repeat.drift());
        let mut said: Vec<Said> = Vec::new();
        let mut alike: Vec<(usize, Alike)> = Vec::new();
        if key.channel != Channel::ToolArguments {
            content.words.feed(text, &mut said);
            if newline {
                content.lines.feed(text, |at, how| alike.push((at, how)));
            }
            let new = &text[from..];
            if !new.is_ascii() && is_word(new) && content.last_again(text).is_some() {
                content.words.again(text, from, &mut said);
            }
        }
        for (at, alike) in alike {
            self.judge_lines(reading, key, id, at, alike);
        }
        for said in said {
            self.judge_word(reading, key, id, said);
        }
        for run in ended {
            self.judge_loop(reading, key, id, run);
        }
        match run {
            Some(run) => self.judge_loop(reading, key, id, run),
            None => self.score(Detector::Loop, 0),
        }
        if let Some(run) = counting {
            self.judge_loop(reading, key, id, run);
        }
    }
}

/// Four letters or more of a script that may do without spaces.
fn is_word(text: &str) -> bool {
    text.chars().nth(3).is_some() && text.chars().all(char::is_alphabetic)
}
