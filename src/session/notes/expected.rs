//! From labels to what a repair should have passed on.
//!
//! A delta that is labelled as a fault of framing or redelivery is redundant; every other text is to be kept. How much of it is
//! redundant:
//!
//! ```text
//! the label gives a byte range                  that range
//! cumulative_full, cumulative_replay, final_aggregate,
//! tool_args_cumulative                          all text so far, if the delta begins with that; else all of the delta
//! holdback_resend, overlap_stitch               the longest end of the text so far with which the delta begins; else all of it
//! other classes                                 all of it
//! ```
//!
//! What the model said, when it came, and damage are flagged and never taken out, so such labels make nothing redundant.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
    ops::Range,
};

use super::{DeltaLabel, Label, Notes, resolve};
use crate::core::{
    class::{Class, Family},
    reading::{ChannelKey, DeltaId, Reading},
};

/// What a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Nothing is wrong with it: it must pass whole, without a warning.
    Negative,
    /// Something of this class is.
    Positive(Class),
    /// The labels say of some deltas that they are fine and nothing of the whole.
    Partial,
}

/// What the labels of a session say about its output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// What the stream is.
    pub side: Side,
    /// What a repair takes out; `None` where the labels do not say, or where text would have to be moved.
    pub redundant: Option<BTreeMap<DeltaId, Vec<Range<u32>>>>,
    /// Deltas of which nothing may be taken, whatever the rest.
    pub fine: BTreeSet<DeltaId>,
    /// Labels that are about no delta of this reading.
    pub lost: usize,
}

impl Expected {
    /// What `notes` say about `reading`; `None` if they say nothing of it.
    pub fn of(notes: &Notes, reading: &Reading) -> Option<Expected> {
        let (labels, lost) = resolve(notes, reading);
        let faults = labels.values().filter_map(|label| match label.label {
            Label::Stutter(class) => Some(class),
            Label::Fine => None,
        });
        let mut classes: Vec<Class> = faults.collect();
        let side = match (notes.stream, classes.first()) {
            (Some(Label::Stutter(class)), _) => Side::Positive(class),
            // A fault that is pointed at weighs more than a word about the whole.
            (_, Some(_)) => Side::Positive(most_frequent(&mut classes)),
            (Some(Label::Fine), None) => Side::Negative,
            (None, None) if labels.is_empty() => return None,
            (None, None) => Side::Partial,
        };
        let redundant = match side {
            Side::Negative | Side::Partial => Some(BTreeMap::new()),
            Side::Positive(class) => repair(class, &labels, reading),
        };
        let fine = labels.iter().filter(|(_, label)| label.label == Label::Fine).map(|(delta, _)| *delta).collect();
        Some(Expected { side, redundant, fine, lost })
    }
}

fn most_frequent(classes: &mut [Class]) -> Class {
    classes.sort_unstable();
    let runs = classes.chunk_by(|a, b| a == b);
    // Of equally frequent ones the first in the table's order.
    let best = runs.rev().max_by_key(|run| run.len());
    best.map_or(Class::CumulativeFull, |run| run[0])
}

/// True if text of this class is redundant where it is labelled.
fn is_redundant(class: Class) -> bool {
    matches!(class.info().family, Family::Framing | Family::Redelivery)
        || matches!(class, Class::WhitespaceFlood | Class::CrossStreamLeak)
}

fn repair(stream: Class, labels: &BTreeMap<DeltaId, &DeltaLabel>, reading: &Reading) -> Option<BTreeMap<DeltaId, Vec<Range<u32>>>> {
    if !is_redundant(stream) {
        return Some(BTreeMap::new());
    }
    let moved = |label: &&DeltaLabel| label.label == Label::Stutter(Class::OutOfOrder);
    let faults = labels.values().filter(|label| label.label != Label::Fine);
    if faults.count() == 0 || labels.values().any(moved) {
        return None;
    }
    let mut texts = BTreeMap::<ChannelKey, String>::new();
    let mut redundant = BTreeMap::new();
    for delta in reading.delta_ids() {
        let row = reading.delta(delta);
        if row.snapshot {
            continue;
        }
        let so_far = texts.entry(row.key).or_default();
        let range = match labels.get(&delta).map(|label| (label.label, label.redundant)) {
            Some((Label::Stutter(class), given)) if is_redundant(class) => {
                given.and_then(|(from, to)| within(row.text, from, to)).unwrap_or_else(|| by_rule(class, so_far, row.text))
            }
            _ => 0..0,
        };
        so_far.push_str(&row.text[..range.start]);
        so_far.push_str(&row.text[range.end..]);
        if range.start < range.end {
            redundant.insert(delta, iter::once(range.start as u32..range.end as u32).collect());
        }
    }
    Some(redundant)
}

/// The range if it lies in `text`, on borders of characters.
fn within(text: &str, from: u32, to: u32) -> Option<Range<usize>> {
    text.get(from as usize..to as usize).map(|_| from as usize..to as usize)
}

fn by_rule(class: Class, so_far: &str, text: &str) -> Range<usize> {
    match class {
        Class::CumulativeFull | Class::CumulativeReplay | Class::FinalAggregate | Class::ToolArgsCumulative
            if text.starts_with(so_far) && !so_far.is_empty() =>
        {
            0..so_far.len()
        }
        Class::HoldbackResend | Class::OverlapStitch => 0..overlap(so_far, text).unwrap_or(text.len()),
        _ => 0..text.len(),
    }
}

/// The most bytes of an overlap that are looked for.
const LONGEST_OVERLAP: usize = 4_096;

/// Bytes of the longest end of `so_far` with which `text` begins, if there is one.
fn overlap(so_far: &str, text: &str) -> Option<usize> {
    let most = so_far.len().min(text.len()).min(LONGEST_OVERLAP);
    (1..=most).rev().find(|bytes| text.get(..*bytes).is_some_and(|beginning| so_far.ends_with(beginning)))
}
