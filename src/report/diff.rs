//! The output with what was taken out still standing in it, as `[-gone-]`.

use std::{collections::BTreeMap, fmt::Write};

use crate::{
    core::{
        output::{Fate, Output},
        reading::{Channel, ChannelKey, Reading},
    },
    sanitise::sanitise_block,
};

/// Every text of the session, each block of a choice and channel under its own heading; removals stand where they were, between
/// `[-` and `-]`. Sanitised, and empty if no text came.
pub fn to_diff(reading: &Reading, output: &Output) -> String {
    let mut texts = BTreeMap::<ChannelKey, String>::new();
    for delta in output.deltas(reading) {
        let row = reading.delta(delta);
        let text = texts.entry(row.key).or_default();
        for segment in output.segments(reading, delta, output.released) {
            let piece = &row.text[segment.range.start as usize..segment.range.end as usize];
            // Writing to a String cannot fail.
            let _ = match segment.fate {
                Fate::Emitted => write!(text, "{piece}"),
                Fate::Suppressed(_) => write!(text, "[-{piece}-]"),
                Fate::Restated | Fate::Held => Ok(()),
            };
        }
    }
    let mut out = String::new();
    for (key, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
        let _ = writeln!(out, "  {}:", heading(key));
        for line in sanitise_block(text).lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    out
}

/// The name of a text: its channel, and its choice and block where they are not the first.
pub fn heading(key: &ChannelKey) -> String {
    let channel = match key.channel {
        Channel::Text => "text",
        Channel::Reasoning => "reasoning",
        Channel::ToolArguments => "tool arguments",
        Channel::Refusal => "refusal",
    };
    match (key.choice, key.block) {
        (0, 0) => channel.to_owned(),
        (0, block) => format!("{channel}, block {block}"),
        (choice, 0) => format!("{channel}, choice {choice}"),
        (choice, block) => format!("{channel}, choice {choice}, block {block}"),
    }
}
