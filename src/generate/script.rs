//! What a stream is made of, before a dialect writes it: steps, and what a server or a fault does to their frames.

use std::collections::BTreeMap;

use super::{FaultInfo, Texts, cuts::CUTS, random::Random, texts};
use crate::core::{
    dialect::{DialectInfo, WriterStep},
    reading::{Channel, ChannelKey, Usage},
};

/// A step, and which completion id its frame claims.
#[derive(Debug, Clone)]
pub struct Beat {
    /// What is written.
    pub step: WriterStep,
    /// 0 for the stream's own completion id, another number for another one.
    pub id: u8,
}

/// What a fault does to frames that are already written.
#[derive(Debug, Clone, Default)]
pub enum Tamper {
    /// Nothing.
    #[default]
    Nothing,
    /// The frames of the beats from `first` to `last` come again after the latter.
    Again {
        /// Index of the first beat.
        first: usize,
        /// Index of the last beat.
        last: usize,
    },
    /// The frames of beats `at` and `at + 1` change places.
    Swap(usize),
}

/// A stream before it is written.
#[derive(Debug, Clone)]
pub struct Script {
    /// What it is made of, in a few words.
    pub about: String,
    /// The steps, in order.
    pub beats: Vec<Beat>,
    /// What is done to the frames.
    pub tamper: Tamper,
    /// What the stream says.
    pub expected: Texts,
    /// True if a fault was put in: then identities mean what they say.
    pub faulty: bool,
    /// Number of choices; each finishes.
    pub choices: u16,
}

/// A piece of text in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index of its beat.
    pub beat: usize,
    /// Where its text goes.
    pub key: ChannelKey,
}

const CALL: Channel = Channel::ToolArguments;

impl Script {
    /// A clean script that `dialect` can write and that `fault`, if any, can be put into.
    pub fn new(random: &mut Random, dialect: &DialectInfo, fault: Option<&FaultInfo>) -> Script {
        let carries = |channel| dialect.carries.contains(&channel);
        let (kind, write) = match fault {
            Some(fault) => fault.text.map_or_else(|| *random.pick(texts::TEXTS), |write| ("made", write)),
            // A chunk of an agent that is one JSON object cannot be told from a model's own event.
            None if dialect.id == "bedrock-agent" => texts::TEXTS[0],
            None => *random.pick(texts::TEXTS),
        };
        let (cutting, cut) = match fault {
            Some(fault) => *random.pick(&CUTS[fault.cuts.clone()]),
            None => *random.pick(CUTS),
        };
        let choices =
            if fault.is_none() && MANY.contains(&dialect.id) && random.chance(15) { random.between(2, 3) as u16 } else { 1 };
        let mut script = Script {
            about: format!("{kind} {cutting}"),
            beats: Vec::new(),
            tamper: Tamper::Nothing,
            expected: BTreeMap::new(),
            faulty: fault.is_some(),
            choices,
        };
        script.push(WriterStep::Begin);
        if carries(Channel::Reasoning) && random.chance(30) {
            let text = texts::sentence(random) + " " + &texts::sentence(random);
            script.say(random, Channel::Reasoning, 0, &[text], cut);
        }
        let answers: Vec<String> = (0..choices).map(|_| write(random)).collect();
        script.say(random, Channel::Text, 0, &answers, cut);
        let wants_call = fault.is_some_and(|fault| fault.calls);
        if carries(CALL) && choices == 1 && (wants_call || fault.is_none() && random.chance(25)) {
            for block in 0..if wants_call { 1 } else { random.between(1, 2) } {
                let text = texts::arguments(random);
                script.push(WriterStep::Tool {
                    block: block as u16,
                    id: format!("call_{block}_{}", random.below(1000)),
                    name: "look_up".into(),
                });
                let whole = CUTS[CUTS.len() - 1].1;
                script.say(random, CALL, block as u16, &[text], if WHOLE_CALLS.contains(&dialect.id) { whole } else { cut });
            }
        }
        // Calls whose arguments are one value are written when they are complete: nothing comes between.
        let calm = script.beats.iter().position(|beat| matches!(beat.step, WriterStep::Tool { .. })).unwrap_or(script.beats.len());
        for _ in 0..random.below(3) {
            let at = random.between(1, calm);
            script.beats.insert(at, Beat { step: WriterStep::KeepAlive, id: 0 });
        }
        script.push(WriterStep::Finish { reason: String::new(), text: String::new() });
        let written: usize = script.expected.values().map(String::len).sum();
        if random.chance(70) {
            let output = (written / random.between(3, 5)).max(1) as u64;
            script.push(WriterStep::Usage(Usage { input: Some(20), output: Some(output), total: Some(20 + output) }));
        }
        script.push(WriterStep::End);
        script
    }

    fn push(&mut self, step: WriterStep) {
        self.beats.push(Beat { step, id: 0 });
    }

    /// Adds the pieces of one text per choice, choices in turn.
    fn say(&mut self, random: &mut Random, channel: Channel, block: u16, answers: &[String], cut: super::cuts::Cut) {
        let mut queues: Vec<_> = answers.iter().map(|text| cut(random, text).into_iter()).collect();
        for (choice, text) in answers.iter().enumerate() {
            self.expected.entry((choice as u16, channel)).or_default().push_str(text);
        }
        let mut left = queues.len();
        while left > 0 {
            left = 0;
            for (choice, queue) in queues.iter_mut().enumerate() {
                let Some(text) = queue.next() else { continue };
                left += 1;
                let key = ChannelKey { choice: choice as u16, block, channel };
                self.push(WriterStep::Text { key, text, preamble: false });
            }
        }
    }

    /// The places of choice 0's text in `channel`, in order.
    pub fn places(&self, channel: Channel) -> Vec<Place> {
        let place = |(beat, row): (usize, &Beat)| match &row.step {
            WriterStep::Text { key, .. } if key.channel == channel && key.choice == 0 => Some(Place { beat, key: *key }),
            _ => None,
        };
        self.beats.iter().enumerate().filter_map(place).collect()
    }

    /// The text at `place`.
    pub fn text(&self, place: Place) -> &str {
        match &self.beats[place.beat].step {
            WriterStep::Text { text, .. } => text,
            _ => "",
        }
    }

    /// Puts another text at `place`.
    pub fn replace(&mut self, place: Place, new: String) {
        if let WriterStep::Text { text, .. } = &mut self.beats[place.beat].step {
            *text = new;
        }
    }

    /// Inserts a delta before beat `at`.
    pub fn insert(&mut self, at: usize, key: ChannelKey, text: String, id: u8) {
        self.beats.insert(at, Beat { step: WriterStep::Text { key, text, preamble: false }, id });
    }
}

/// The dialects that send a call's arguments as one value.
const WHOLE_CALLS: &[&str] = &["ollama", "gemini"];
/// The dialects whose writers write several choices.
const MANY: &[&str] = &["openai-chat"];
