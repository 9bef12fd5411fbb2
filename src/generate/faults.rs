//! Faults: what is done to a clean script, and whether a repair can undo it without taking back what was passed on.

use std::ops::Range;

use super::{
    random::Random,
    script::{Beat, Script, Tamper},
    texts::{self, Write},
};
use crate::core::{
    class::Class,
    dialect::{DialectInfo, WriterStep},
    reading::{Channel, ChannelKey},
};

/// A row of [`FAULTS`].
pub struct FaultInfo {
    /// What it is.
    pub class: Class,
    /// The dialects that it is put into; empty for all that carry the channel it needs.
    dialects: &'static [&'static str],
    /// The texts that it needs, if not any.
    pub text: Option<Write>,
    /// The cuts that it is tried with, as indices of the table of cuts.
    pub cuts: Range<usize>,
    /// True if it is put into a tool call.
    pub calls: bool,
    /// Puts it into a script; true if it can be repaired exactly.
    pub apply: fn(&mut Script, &mut Random) -> bool,
}

/// Dialects whose frames repeat no text of other frames by their own rules.
const PLAIN: &[&str] = &["openai-chat", "anthropic", "ollama", "gemini", "cohere-v2", "bedrock", "watsonx"];
/// Dialects that carry the completion's id in every frame.
const WITH_ID: &[&str] = &["openai-chat"];
/// Dialects that number their frames.
const NUMBERED: &[&str] = &["openai-responses"];

/// Every fault.
pub const FAULTS: &[FaultInfo] = &[
    FaultInfo { class: Class::CumulativeFull, dialects: PLAIN, text: Some(story), cuts: 1..9, calls: false, apply: cumulative },
    FaultInfo { class: Class::CumulativeFull, dialects: PLAIN, text: Some(story), cuts: 1..9, calls: false, apply: hybrid },
    FaultInfo { class: Class::CumulativeReplay, dialects: PLAIN, text: Some(story), cuts: 1..6, calls: false, apply: replay },
    FaultInfo { class: Class::FinalAggregate, dialects: PLAIN, text: Some(story), cuts: 1..6, calls: false, apply: aggregate },
    FaultInfo { class: Class::FirstChunkDouble, dialects: WITH_ID, text: Some(story), cuts: 1..6, calls: false, apply: preamble },
    FaultInfo { class: Class::PerDeltaDouble, dialects: PLAIN, text: Some(story), cuts: 1..6, calls: false, apply: doubled },
    FaultInfo {
        class: Class::ToolArgsCumulative,
        dialects: &["openai-chat", "anthropic"],
        text: None,
        cuts: 1..4,
        calls: true,
        apply: arguments,
    },
    FaultInfo { class: Class::ReplayBySeq, dialects: NUMBERED, text: Some(story), cuts: 1..6, calls: false, apply: again },
    FaultInfo { class: Class::OutOfOrder, dialects: NUMBERED, text: Some(story), cuts: 1..6, calls: false, apply: swapped },
    FaultInfo { class: Class::RetryRestart, dialects: WITH_ID, text: Some(story), cuts: 1..6, calls: false, apply: restarted },
    FaultInfo { class: Class::CrossStreamLeak, dialects: WITH_ID, text: Some(story), cuts: 1..6, calls: false, apply: leaked },
    FaultInfo { class: Class::TokenLoop, dialects: PLAIN, text: Some(story), cuts: 1..6, calls: false, apply: token_loop },
    FaultInfo { class: Class::PhraseLoop, dialects: PLAIN, text: Some(story), cuts: 1..6, calls: false, apply: phrase_loop },
    FaultInfo { class: Class::WhitespaceFlood, dialects: PLAIN, text: Some(value), cuts: 1..6, calls: false, apply: flood },
];

impl FaultInfo {
    /// True if the fault can be put into a stream of `dialect`.
    pub fn fits(&self, dialect: &DialectInfo) -> bool {
        self.dialects.contains(&dialect.id)
    }
}

/// Prose of some length.
fn story(random: &mut Random) -> String {
    let sentences: Vec<String> = (0..random.between(3, 14)).map(|_| texts::sentence(random)).collect();
    sentences.join(" ")
}

fn value(random: &mut Random) -> String {
    serde_json::json!({"answer": texts::sentence(random), "steps": [texts::sentence(random), texts::sentence(random)]}).to_string()
}

/// Puts all text so far before each piece of `channel` from the piece `from` on.
fn accumulate(script: &mut Script, channel: Channel, from: usize) -> bool {
    let places = script.places(channel);
    let mut so_far = String::new();
    for (index, place) in places.iter().enumerate() {
        so_far.push_str(script.text(*place));
        if index >= from {
            script.replace(*place, so_far.clone());
        }
    }
    places.len() >= from + 3
}

fn cumulative(script: &mut Script, random: &mut Random) -> bool {
    let channel =
        if !script.places(Channel::Reasoning).is_empty() && random.chance(40) { Channel::Reasoning } else { Channel::Text };
    accumulate(script, channel, 0)
}

fn hybrid(script: &mut Script, random: &mut Random) -> bool {
    let count = script.places(Channel::Text).len();
    let from = random.below(count.max(1));
    accumulate(script, Channel::Text, from)
}

fn replay(script: &mut Script, random: &mut Random) -> bool {
    let places = script.places(Channel::Text);
    let at = random.below(places.len());
    let so_far: String = places[..=at].iter().map(|place| script.text(*place)).collect();
    let enough = at >= 2 && so_far.chars().count() >= 16;
    let place = places[at];
    script.insert(place.beat + 1, place.key, so_far, 0);
    enough
}

fn aggregate(script: &mut Script, random: &mut Random) -> bool {
    let places = script.places(Channel::Text);
    let all: String = places.iter().map(|place| script.text(*place)).collect();
    let Some(last) = places.last().copied() else { return false };
    let at = script.beats.iter().position(|beat| matches!(beat.step, WriterStep::Finish { .. }));
    match at {
        Some(at) if random.chance(50) && script.places(Channel::ToolArguments).is_empty() => {
            script.beats[at].step = WriterStep::Finish { reason: String::new(), text: all };
        }
        _ => script.insert(last.beat + 1, last.key, all, 0),
    }
    places.len() >= 3
}

fn preamble(script: &mut Script, _: &mut Random) -> bool {
    let places = script.places(Channel::Text);
    let first = places[0];
    let reasons = !script.places(Channel::Reasoning).is_empty();
    if let WriterStep::Text { preamble, .. } = &mut script.beats[first.beat].step {
        *preamble = true;
    }
    let twin = script.beats[first.beat].clone();
    script.beats.insert(first.beat + 1, twin);
    places.len() >= 2 && !reasons
}

fn doubled(script: &mut Script, random: &mut Random) -> bool {
    let reasons = !script.places(Channel::Reasoning).is_empty() && random.chance(40);
    let places = script.places(if reasons { Channel::Reasoning } else { Channel::Text });
    for place in places.iter().rev() {
        let twin = script.beats[place.beat].clone();
        script.beats.insert(place.beat + 1, twin);
    }
    places.len() >= 8
}

fn arguments(script: &mut Script, random: &mut Random) -> bool {
    let places = script.places(Channel::ToolArguments);
    if random.chance(40) && places.len() > 1 {
        // The whole value again and again.
        let all: String = places.iter().map(|place| script.text(*place)).collect();
        for place in &places {
            script.replace(*place, all.clone());
        }
    } else {
        accumulate(script, Channel::ToolArguments, 0);
    }
    places.len() >= 2
}

fn again(script: &mut Script, random: &mut Random) -> bool {
    let places = script.places(Channel::Text);
    let last = random.below(places.len());
    let first = random.below(last + 1);
    script.tamper = Tamper::Again { first: places[first].beat, last: places[last].beat };
    // Frames that only count are numbered too, so the numbers are known to be numbers.
    last >= 2
}

fn swapped(script: &mut Script, random: &mut Random) -> bool {
    let places = script.places(Channel::Text);
    if places.len() < 5 {
        return false;
    }
    let at = random.between(2, places.len() - 2);
    script.tamper = Tamper::Swap(places[at].beat);
    true
}

/// Fails after some text and starts again under another id.
fn restarted(script: &mut Script, random: &mut Random) -> bool {
    let places = script.places(Channel::Text);
    let at = random.below(places.len());
    let end = places[at].beat + 1;
    let sent: Vec<Beat> = script.beats[places[0].beat..end].to_vec();
    for beat in &mut script.beats[places[0].beat..] {
        beat.id = 1;
    }
    let announced = random.chance(60);
    let mut before: Vec<Beat> = sent.into_iter().map(|beat| Beat { id: 0, ..beat }).collect();
    if announced {
        let error = WriterStep::Error { kind: "server_error".into(), message: "The server had an error; trying again.".into() };
        before.push(Beat { step: error, id: 0 });
    }
    let start = places[0].beat;
    script.beats.splice(start..start, before);
    // The last piece may be cut, as a connection cuts it.
    at >= 2
}

fn leaked(script: &mut Script, random: &mut Random) -> bool {
    let places = script.places(Channel::Text);
    if places.len() < 4 {
        return false;
    }
    let at = places[random.between(1, places.len() - 2)];
    let key = ChannelKey { choice: 0, block: 0, channel: Channel::Text };
    for piece in 0..random.between(1, 2) {
        script.insert(at.beat + 1, key, format!(" {} cars{piece}", texts::sentence(random)), 7);
    }
    true
}

fn token_loop(script: &mut Script, random: &mut Random) -> bool {
    let unit = *random.pick(&[" court", " VM", "ha ", "((((", "的", " and again"]);
    repeat(script, unit, random.between(110, 400));
    false
}

fn phrase_loop(script: &mut Script, random: &mut Random) -> bool {
    let unit = format!("{} {}\n", texts::sentence(random), texts::sentence(random));
    repeat(script, &unit, random.between(105, 180));
    false
}

/// Adds copies of `unit` to the answer: the model said them.
fn repeat(script: &mut Script, unit: &str, copies: usize) {
    let Some(last) = script.places(Channel::Text).last().copied() else { return };
    for _ in 0..copies {
        script.insert(last.beat + 1, last.key, unit.to_string(), 0);
    }
    script.expected.entry((0, Channel::Text)).or_default().push_str(&unit.repeat(copies));
}

/// Whitespace after the value; what comes after the value up to the limit is passed on, so the texts are compared trimmed.
fn flood(script: &mut Script, random: &mut Random) -> bool {
    let Some(last) = script.places(Channel::Text).last().copied() else { return false };
    for _ in 0..random.between(120, 400) {
        script.insert(last.beat + 1, last.key, (*random.pick(&["\n", " ", " \n", "  "])).to_string(), 0);
    }
    true
}
