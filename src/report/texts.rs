//! The final texts and what was taken out of them, in one pass over the deltas.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::core::{
    output::{Fate, Output},
    reading::{Channel, ChannelKey, Note, Reading},
};

/// A piece of text that was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Where it stood: characters of the final text before it, in its choice and channel.
    pub at: u64,
    /// What it was.
    pub text: String,
}

/// A tool call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ToolCall {
    /// Its id, empty if none came.
    pub id: String,
    /// Its function, empty if none came.
    pub name: String,
    /// Its arguments, as the model wrote them.
    pub arguments: String,
}

/// All texts of a session.
pub struct Texts {
    /// Final text of each choice that has any channel.
    pub outputs: BTreeMap<u16, String>,
    /// Final reasoning of choice 0.
    pub reasoning: String,
    /// Tool calls in order of choice and block.
    pub tool_calls: Vec<ToolCall>,
    /// What was taken out, by index of its finding.
    pub removed: BTreeMap<u32, Vec<Removed>>,
    /// Characters that came.
    pub received_chars: u64,
    /// Characters that were taken out.
    pub suppressed_chars: u64,
}

/// One channel's final text, and the pieces taken out of it with their finding and place.
#[derive(Default)]
struct Text {
    emitted: String,
    chars: u64,
    removed: Vec<(u32, Removed)>,
}

impl Texts {
    /// The texts of `reading` as `output` leaves them.
    pub fn of(reading: &Reading, output: &Output) -> Texts {
        let mut texts = BTreeMap::<ChannelKey, Text>::new();
        let (mut received_chars, mut suppressed_chars) = (0, 0);
        for delta in output.deltas(reading) {
            let row = reading.delta(delta);
            let text = texts.entry(row.key).or_default();
            for segment in output.segments(reading, delta, output.released) {
                let piece = &row.text[segment.range.start as usize..segment.range.end as usize];
                let chars = piece.chars().count() as u64;
                received_chars += chars;
                match segment.fate {
                    Fate::Emitted => {
                        text.emitted.push_str(piece);
                        text.chars += chars;
                    }
                    Fate::Suppressed(finding) => {
                        suppressed_chars += chars;
                        text.removed.push((finding.0, Removed { at: text.chars, text: piece.to_owned() }));
                    }
                    Fate::Restated | Fate::Held => {}
                }
            }
        }
        Texts::join(reading, texts, received_chars, suppressed_chars)
    }

    fn join(reading: &Reading, texts: BTreeMap<ChannelKey, Text>, received_chars: u64, suppressed_chars: u64) -> Texts {
        let mut all = Texts {
            outputs: BTreeMap::new(),
            reasoning: String::new(),
            tool_calls: Vec::new(),
            removed: BTreeMap::new(),
            received_chars,
            suppressed_chars,
        };
        let mut calls = tool_calls(reading);
        // Keys ascend by choice, then block, so pieces are joined in the order in which they are read.
        let mut before = BTreeMap::<(u16, Channel), u64>::new();
        for (key, text) in texts {
            let place = before.entry((key.choice, key.channel)).or_default();
            // Each call's arguments are a text of their own.
            let base = if key.channel == Channel::ToolArguments { 0 } else { *place };
            *place += text.chars;
            let taken_out = text.emitted.is_empty() && !text.removed.is_empty();
            for (finding, mut piece) in text.removed {
                piece.at += base;
                all.removed.entry(finding).or_default().push(piece);
            }
            let output = all.outputs.entry(key.choice).or_default();
            match key.channel {
                // The first block is moved: most answers have no other, and they may be long.
                Channel::Text if output.is_empty() => *output = text.emitted,
                Channel::Text => output.push_str(&text.emitted),
                Channel::Reasoning if key.choice == 0 => all.reasoning.push_str(&text.emitted),
                // A call that was delivered again is none of its own.
                Channel::ToolArguments if taken_out => drop(calls.remove(&(key.choice, key.block))),
                Channel::ToolArguments => calls.entry((key.choice, key.block)).or_default().arguments = text.emitted,
                Channel::Reasoning | Channel::Refusal => {}
            }
        }
        for (choice, _) in calls.keys() {
            all.outputs.entry(*choice).or_default();
        }
        all.tool_calls = calls.into_values().collect();
        all
    }
}

/// The calls that began, without arguments. An id or name that comes again is the same call's.
pub(super) fn tool_calls(reading: &Reading) -> BTreeMap<(u16, u16), ToolCall> {
    let mut calls = BTreeMap::<(u16, u16), ToolCall>::new();
    for (_, note) in reading.notes() {
        if let Note::Tool { choice, block, id, name } = note {
            let call = calls.entry((*choice, *block)).or_default();
            if call.id.is_empty() {
                call.id.clone_from(id);
            }
            if call.name.is_empty() {
                call.name.clone_from(name);
            }
        }
    }
    calls
}
