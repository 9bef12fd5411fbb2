//! Hindsight on a finished session, beside what was passed on.

use std::collections::BTreeMap;

use crate::{
    compare::{pieces::Run, sessions},
    core::{
        hindsight::{self, Change},
        judgement::Judgement,
        reading::{Channel, ChannelKey, Reading},
    },
};

/// What hindsight reads otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondLook {
    /// What is read otherwise, and why.
    pub changes: Vec<Change>,
    /// The texts that differ: in runs that streaming passed on, that hindsight would have passed on, or both.
    pub runs: BTreeMap<ChannelKey, Vec<Run>>,
}

impl SecondLook {
    /// The second look at a session; `None` before its end, and where it sees what streaming saw.
    pub fn of(reading: &Reading, judgement: &Judgement) -> Option<SecondLook> {
        let look = hindsight::look_back(reading, judgement)?;
        let mut seen = BTreeMap::<ChannelKey, String>::new();
        for (key, text) in look.texts {
            // Blocks are one text but for tool calls, as in what was passed on.
            let block = if key.channel == Channel::ToolArguments { key.block } else { 0 };
            seen.entry(ChannelKey { block, ..key }).or_default().push_str(&text);
        }
        let passed = sessions::flows(reading, &judgement.output);
        let keys = passed.keys().chain(seen.keys().filter(|key| !passed.contains_key(key)));
        let pairs = keys.map(|key| {
            let (then, now) = (passed.get(key).map_or("", |flow| &flow.text), seen.get(key).map_or("", String::as_str));
            (*key, then, now)
        });
        let runs = pairs.filter(|(_, then, now)| then != now).map(|(key, then, now)| (key, sessions::words(then, now)));
        Some(SecondLook { changes: look.changes, runs: runs.collect() })
    }
}
