//! Recordings with labels beside them, as labelled streams.

use std::collections::BTreeMap;

use super::Labelled;
use crate::{
    core::{
        class::Class,
        input::Input,
        reading::{Channel, ChannelKey, DeltaId, Reading},
    },
    session::{
        import::cases::{Kind, Label, Repair},
        notes::{Expected, Notes, Side},
    },
};

/// A session of these inputs with what `notes` say of it; `None` if they say nothing of the whole.
pub fn labelled(id: String, inputs: Vec<Input>, notes: &Notes) -> Option<Labelled> {
    let mut reading = Reading::default();
    inputs.iter().for_each(|input| reading.fold(input));
    let expected = Expected::of(notes, &reading)?;
    let label = match expected.side {
        Side::Negative => Label { class: LEGIT.into(), ..Label::default() },
        Side::Positive(class) => positive(class, &expected, &reading),
        Side::Partial => return None,
    };
    Some(Labelled { id, inputs, label })
}

/// The class of what is no fault, as in the files of cases.
const LEGIT: &str = "legit";

fn positive(class: Class, expected: &Expected, reading: &Reading) -> Label {
    let label = Label { class: class.name().into(), kind: Kind::Positive, repair: Repair::Flag, ..Label::default() };
    // Where the labels do not say what is redundant, there is nothing to compare with.
    let Some(redundant) = expected.redundant.as_ref().filter(|redundant| !redundant.is_empty()) else { return label };
    let texts = texts(reading, redundant);
    let of = |wanted: Channel| {
        let blocks = texts.iter().filter(|(key, _)| key.choice == 0 && key.channel == wanted);
        blocks.map(|(_, text)| text.as_str()).collect::<String>()
    };
    let calls = texts.iter().filter(|(key, text)| key.channel == Channel::ToolArguments && !text.is_empty());
    let first = redundant.keys().next().map(|delta| reading.delta(*delta).frame.0);
    Label {
        repair: Repair::Latch,
        text: Some(of(Channel::Text)),
        reasoning: Some(of(Channel::Reasoning)),
        tool_arguments: Some(calls.map(|(_, text)| text.clone()).collect()),
        first,
        ..label
    }
}

/// The texts that remain without the redundant ranges.
fn texts(reading: &Reading, redundant: &BTreeMap<DeltaId, Vec<std::ops::Range<u32>>>) -> BTreeMap<ChannelKey, String> {
    let mut texts = BTreeMap::<ChannelKey, String>::new();
    for delta in reading.delta_ids() {
        let row = reading.delta(delta);
        if row.snapshot {
            continue;
        }
        let text = texts.entry(row.key).or_default();
        let mut at = 0;
        for range in redundant.get(&delta).into_iter().flatten() {
            text.push_str(row.text.get(at..range.start as usize).unwrap_or_default());
            at = range.end as usize;
        }
        text.push_str(row.text.get(at..).unwrap_or_default());
    }
    texts
}
