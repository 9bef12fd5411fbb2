//! One frame with less text: where a delta's text stands in its data, and the proof that nothing else changed.
//!
//! Readers do not say which string a delta came from. So every string that could be it is tried, and the edited frame is read
//! again: it must say all that the frame said, and of the delta what was to stay.

use std::ops::Range;

use super::{
    data::{with_data, with_view},
    elements::without_holders_of,
    literal::{Literal, decode, literals, without},
};
use crate::core::{
    dialect::{DialectInfo, FrameView, Sink, bedrock::base64},
    frame::Framing,
    reading::{Channel, ChannelKey, Note},
};

/// The most places that are tried for one delta.
const MOST_TRIES: usize = 16;

/// Keys under which text mostly stands; a string under another one is tried after them.
const TEXT_KEYS: &[&[u8]] = &[
    b"content",
    b"text",
    b"delta",
    b"reasoning_content",
    b"reasoning",
    b"thinking",
    b"arguments",
    b"partial_json",
    b"input",
    b"refusal",
    b"response",
    b"completion",
    b"outputText",
    b"generation",
    b"output",
];

/// A frame, and how it is to be read.
#[derive(Clone, Copy)]
pub struct Wire {
    /// How its body is cut into frames.
    pub framing: Framing,
    /// What its frames mean.
    pub dialect: &'static DialectInfo,
}

/// What is to go of one delta of a frame.
pub struct DeltaCut<'a> {
    /// Its text as the reading has it.
    pub text: &'a str,
    /// Byte ranges of the text that go, ascending; mostly one.
    pub gone: Vec<Range<usize>>,
}

impl DeltaCut<'_> {
    /// The text without what goes.
    fn rest(&self) -> Vec<u8> {
        let mut rest = Vec::new();
        let mut at = 0;
        for range in &self.gone {
            rest.extend_from_slice(&self.text.as_bytes()[at..range.start]);
            at = range.end;
        }
        rest.extend_from_slice(&self.text.as_bytes()[at..]);
        rest
    }
}

/// What a frame says when it is read by itself.
#[derive(Clone, PartialEq)]
struct Told {
    deltas: Vec<(ChannelKey, Vec<u8>, bool)>,
    notes: Vec<Note>,
}

impl Told {
    /// The same without the whole tool call whose arguments are delta `index`; the calls behind it are one place further on if
    /// `counted`, because their places number them.
    fn without_call(&self, index: usize, counted: bool) -> Told {
        let mut told = self.clone();
        let (gone, ..) = told.deltas.remove(index);
        let moved = |choice: u16, block: &mut u16| {
            if counted && choice == gone.choice && *block > gone.block {
                *block -= 1;
            }
        };
        told.notes
            .retain(|note| !matches!(note, Note::Tool { choice, block, .. } if (*choice, *block) == (gone.choice, gone.block)));
        for (key, ..) in told.deltas.iter_mut().filter(|(key, ..)| key.channel == Channel::ToolArguments) {
            moved(key.choice, &mut key.block);
        }
        for note in &mut told.notes {
            if let Note::Tool { choice, block, .. } = note {
                moved(*choice, block);
            }
        }
        told
    }
}

impl Wire {
    /// What `frame` says behind `first`, or as the first frame.
    fn read(self, first: Option<&[u8]>, frame: &[u8]) -> Option<Told> {
        let mut reader = (self.dialect.reader)();
        if let Some(first) = first {
            with_view(self.framing, first, |view| reader.read(view, &mut Sink::default()))?;
        }
        let mut sink = Sink::default();
        with_view(self.framing, frame, |view| reader.read(view, &mut sink))?;
        let mut from = 0;
        let deltas = sink.deltas.iter().map(|(key, end, snapshot)| {
            let text = sink.text[from..*end as usize].to_vec();
            from = *end as usize;
            (*key, text, *snapshot)
        });
        let deltas = deltas.collect();
        // These are about the text that goes.
        let about_text = |note: &Note| matches!(note, Note::Mirrored { .. } | Note::Opening | Note::Tokens(_));
        sink.notes.retain(|note| !about_text(note));
        Some(Told { deltas, notes: sink.notes })
    }

    /// `frame` without what is to go of its deltas, all of which `cuts` names in order. `None` if that cannot be done, or cannot be
    /// shown to change nothing else.
    pub fn trim(self, frame: &[u8], cuts: &[DeltaCut<'_>]) -> Option<Vec<u8>> {
        // A frame that restates a text may be the first to say it when it is read by itself; behind another one it is not.
        self.trim_behind(None, frame, cuts).or_else(|| self.trim_behind(Some(frame), frame, cuts))
    }

    fn trim_behind(self, first: Option<&[u8]>, frame: &[u8], cuts: &[DeltaCut<'_>]) -> Option<Vec<u8>> {
        let mut told = self.read(first, frame)?;
        let same =
            |(delta, cut): (&(ChannelKey, Vec<u8>, bool), &DeltaCut<'_>)| cut.gone.is_empty() || delta.1 == cut.text.as_bytes();
        if told.deltas.len() != cuts.len() || !told.deltas.iter().zip(cuts).all(same) {
            return None;
        }
        let mut current = frame.to_vec();
        // From the last one on: a delta that goes whole moves those behind it.
        for (index, cut) in cuts.iter().enumerate().rev().filter(|(_, cut)| !cut.gone.is_empty()) {
            let rest = cut.rest();
            let whole = rest.is_empty().then(|| told.clone());
            match &whole {
                Some(_) => drop(told.deltas.remove(index)),
                None => told.deltas[index].1 = rest,
            }
            let data = with_view(self.framing, &current, |view: &FrameView<'_>| view.data.to_vec())?;
            let trimmed = self.first_that_tells(first, &current, candidates(&data, cut), std::slice::from_ref(&told));
            current = match (trimmed, whole) {
                (Some((trimmed, _)), _) => trimmed,
                (None, Some(whole)) if whole.deltas[index].0.channel == Channel::ToolArguments => {
                    // Arguments that are no string go with the call that they belong to.
                    let left = [true, false].map(|counted| whole.without_call(index, counted));
                    let holders = without_holders_of(&data, cut.text.as_bytes());
                    let (dropped, kind) = self.first_that_tells(first, &current, holders, &left)?;
                    told = left[kind].clone();
                    dropped
                }
                (None, _) => return None,
            };
        }
        Some(current)
    }

    /// The first of these data with which `frame` says one of `wanted`, and which.
    fn first_that_tells(self, first: Option<&[u8]>, frame: &[u8], data: Vec<Vec<u8>>, wanted: &[Told]) -> Option<(Vec<u8>, usize)> {
        let edited = data.into_iter().take(MOST_TRIES).filter_map(|data| with_data(self.framing, frame, &data));
        edited.into_iter().find_map(|edited| {
            let now = self.read(first, &edited)?;
            let kind = wanted.iter().position(|wanted| *wanted == now)?;
            Some((edited, kind))
        })
    }
}

/// Every way to take `cut` out of `data`, the likeliest first.
fn candidates(data: &[u8], cut: &DeltaCut<'_>) -> Vec<Vec<u8>> {
    let text = cut.text.as_bytes();
    let mut strings: Vec<(Literal, Vec<u8>)> = literals(data)
        .into_iter()
        .map(|literal| (decode(&data[literal.range.clone()]), literal))
        .map(|(text, at)| (at, text))
        .collect();
    strings.sort_by_key(|(literal, _)| !TEXT_KEYS.contains(&&data[literal.key.clone()]));
    let replaced = |literal: &Literal, source: &[u8]| [&data[..literal.range.start], source, &data[literal.range.end..]].concat();
    let edited = |literal: &Literal, from: usize| {
        let gone: Vec<_> = cut.gone.iter().map(|range| range.start + from..range.end + from).collect();
        replaced(literal, &without(&data[literal.range.clone()], &gone))
    };
    let exact: Vec<&Literal> = strings.iter().filter(|(_, decoded)| decoded == text).map(|(literal, _)| literal).collect();
    let mut found: Vec<Vec<u8>> = exact.iter().map(|literal| edited(literal, 0)).collect();
    if exact.len() > 1 {
        // One text in two fields is one delta to a reader that knows them.
        let mut all = data.to_vec();
        let mut in_order = exact.clone();
        in_order.sort_by_key(|literal| std::cmp::Reverse(literal.range.start));
        for literal in in_order {
            let source = without(&data[literal.range.clone()], &cut.gone);
            all.splice(literal.range.clone(), source);
        }
        found.push(all);
    }
    for (literal, decoded) in strings.iter().filter(|(literal, _)| &data[literal.key.clone()] == b"bytes") {
        let inner = base64::decode(decoded).map(|inner| candidates(&inner, cut)).unwrap_or_default();
        found.extend(inner.iter().map(|inner| replaced(literal, base64::encode(inner).as_bytes())));
    }
    if data == text {
        found.push(cut.rest());
    }
    let within = |decoded: &[u8]| memchr::memmem::find(decoded, text).filter(|_| decoded != text && !text.is_empty());
    found.extend(strings.iter().filter_map(|(literal, decoded)| Some(edited(literal, within(decoded)?))));
    found
}
