//! Sessions that a person labelled, as labelled streams.

use std::{collections::BTreeMap, ops::Range};

use super::Labelled;
use crate::{
    compare::cuts::without,
    core::{
        class::Family,
        input::Input,
        reading::{Channel, DeltaId, Reading},
    },
    session::{
        import::cases::{Kind, Label, Repair},
        notes::{Expected, Notes, Side},
    },
};

/// The session of these inputs with what its notes say of it; `None` if that is nothing about the whole.
pub fn labelled(id: String, inputs: Vec<Input>, notes: &Notes) -> Option<Labelled> {
    let mut reading = Reading::default();
    for input in &inputs {
        reading.fold(input);
    }
    let expected = Expected::of(notes, &reading)?;
    let (class, kind) = match expected.side {
        Side::Positive(class) => (class.name(), Kind::Positive),
        Side::Negative => ("legit", Kind::Negative),
        Side::Partial => return None,
    };
    let family = match expected.side {
        Side::Positive(class) => Some(class.info().family),
        _ => None,
    };
    let redundant = expected.redundant.filter(|redundant| kind == Kind::Negative || !redundant.is_empty());
    let repair = match (&redundant, family) {
        (_, None) => Repair::None,
        (Some(_), Some(Family::Framing | Family::Redelivery)) => Repair::Latch,
        _ => Repair::Flag,
    };
    let text = |channel| redundant.as_ref().map(|redundant| left(&reading, redundant, channel));
    let first = redundant.as_ref().and_then(|redundant| redundant.keys().next()).map(|delta| reading.delta(*delta).frame.0);
    let label = Label {
        class: class.to_owned(),
        kind,
        repair,
        text: text(Channel::Text),
        reasoning: text(Channel::Reasoning),
        first,
        ..Label::default()
    };
    Some(Labelled { id, inputs, label })
}

/// What is left of a channel of the first choice, its blocks in order.
fn left(reading: &Reading, redundant: &BTreeMap<DeltaId, Vec<Range<u32>>>, channel: Channel) -> String {
    let mut blocks = BTreeMap::<u16, String>::new();
    for delta in reading.delta_ids() {
        let row = reading.delta(delta);
        if row.snapshot || row.key.choice != 0 || row.key.channel != channel {
            continue;
        }
        let whole = 0..row.text.len() as u32;
        let text = blocks.entry(row.key.block).or_default();
        for range in without(std::slice::from_ref(&whole), redundant.get(&delta).map_or(&[], Vec::as_slice)) {
            text.push_str(&row.text[range.start as usize..range.end as usize]);
        }
    }
    blocks.into_values().collect()
}
