//! JSON in an answer, followed as it comes: which values are whole, and how the one that is not could be closed for display.
//!
//! A [`Follower`] looks at each byte once and keeps places in the text, never a copy. Prose before, between and after values is
//! passed over, code fences are looked into if they say JSON or nothing. A value with an error in it is *broken*: it is left where
//! its brackets close, or where they can no longer close, and the search goes on behind it.

use std::ops::Range;

mod asked;
mod grammar;
mod shape;
mod tokens;

#[cfg(test)]
mod tests;

pub use asked::{asked, begins};
pub use shape::{compact, describe, path, pretty};

use grammar::State;

/// Follows one text that only ever grows.
#[derive(Debug, Clone, Default)]
pub struct Follower {
    /// A string, number or word at the top is a value, if it is all there is.
    scalars: bool,
    fed: usize,
    state: State,
    /// The brackets that close what is open, outermost first.
    stack: Vec<u8>,
    /// How many of them lie outside the value that is read strictly; above zero only inside a broken value.
    base: usize,
    /// Where the outermost open value begins, and the one that is read strictly.
    start: usize,
    inner_start: usize,
    /// How far the open value is kept when it is closed for display, and what follows it before the brackets.
    keep: usize,
    tail: &'static str,
    /// The open value is no mere bracket in prose: a key or an item is whole.
    committed: bool,
    /// The value was begun without a bracket.
    lone: bool,
    values: Vec<Range<usize>>,
    /// Whole values inside the broken one; they count unless its brackets close.
    inside: Vec<Range<usize>>,
    broken: u32,
    prose: bool,
    fenced: bool,
}

/// A half-finished value, closed for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial<'a> {
    /// All of it that came, from its first bracket to the end of the text.
    pub source: &'a str,
    /// What is kept of it: a key without a value, a comma or half an escape at the end is left out.
    pub kept: &'a str,
    /// What closes it: the rest of a word or string, then the brackets in the right order.
    pub closing: String,
}

impl Partial<'_> {
    /// The closed value.
    pub fn closed(&self) -> String {
        format!("{}{}", self.kept, self.closing)
    }
}

impl Follower {
    /// A follower of nothing yet. With `scalars`, a whole answer that is a string, number or word is a value too, as a request
    /// for JSON may mean it.
    pub fn new(scalars: bool) -> Follower {
        Follower { scalars, ..Follower::default() }
    }

    /// Follows `text`, of which all that was given before is the beginning. Costs what is new.
    pub fn follow(&mut self, text: &str) {
        let from = self.fed.min(text.len());
        for (new, byte) in text.as_bytes()[from..].iter().enumerate() {
            self.step(text, from + new, *byte);
        }
        self.fed = text.len();
    }

    /// The whole values, as byte ranges of the text, in order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = Range<usize>> + '_ {
        let number = self.at_number().then_some(self.start..self.keep);
        self.values.iter().chain(&self.inside).cloned().chain(number)
    }

    /// The last whole value in `text`, which is the text that was followed.
    pub fn last<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.values().next_back().and_then(|range| text.get(range))
    }

    /// The half-finished value at the end of `text`, which is the text that was followed; `None` while no value is open or the
    /// open one is broken.
    pub fn partial<'a>(&self, text: &'a str) -> Option<Partial<'a>> {
        if !self.open() || self.is_broken() || self.at_number() {
            return None;
        }
        let brackets = self.stack.iter().rev().map(|byte| char::from(*byte));
        Some(Partial {
            source: text.get(self.start..)?,
            kept: text.get(self.start..self.keep.max(self.start))?,
            closing: self.tail.chars().chain(brackets).collect(),
        })
    }

    /// How many values had an error in them, the open one included.
    pub fn broken(&self) -> u32 {
        self.broken + u32::from(self.is_broken())
    }

    /// True if there is a value, and all of them are whole.
    pub fn complete(&self) -> bool {
        self.values().next().is_some() && self.broken() == 0 && (!self.open() || self.at_number())
    }

    /// True if the text is unmistakably JSON and nothing else, fences aside.
    pub fn nothing_else(&self) -> bool {
        !self.prose && self.broken() == 0 && (self.values().next().is_some() || self.open() && self.committed)
    }

    /// True in a number at the top that could end here: it is whole, for nothing closes it.
    fn at_number(&self) -> bool {
        self.stack.is_empty() && matches!(self.state, State::Number(number) if number.whole())
    }

    fn open(&self) -> bool {
        !matches!(self.state, State::Prose { .. } | State::Info { .. } | State::Foreign { .. })
    }

    fn is_broken(&self) -> bool {
        self.base > 0 && self.open() || matches!(self.state, State::Broken { .. })
    }
}
