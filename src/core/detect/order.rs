//! out_of_order and sequence_gap: frames whose numbers went up by one so far, and then do not.
//!
//! A forward jump opens a gap: the frame and those behind it wait for the numbers between. When they come, the frames go on in order. When
//! they do not come within the bounds of a hold, the frames go on as they are, and the gap is named.
//!
//! Numbers that are not consecutive (token counts, stamps, steps of two) jump at once and again, so a stream that has not shown
//! `SHOWN` numbers in a row is doubted first: nothing of it moves before the number after the filled gap came in its place, and
//! a second jump refutes it. After two jumps that nothing filled no gap is waited for again.

use std::ops::Range;

/// So many numbers in a row, each one more than the one before, show that they are consecutive.
const SHOWN: u32 = 3;
/// After so many, or once a gap was filled, several gaps may be open at once.
const SETTLED: u32 = 8;
/// Jumps that nothing filled, after which no gap is waited for.
const MOST_UNFILLED: u32 = 2;
/// Ranges of missing numbers that are remembered.
const MOST_MISSING: usize = 16;

/// What an offered frame did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It goes on in its turn.
    Passes,
    /// It waits for numbers that are missing before it.
    Waits,
    /// It filled the gap, or confirmed that it is filled: all that waited goes on, in the order of the numbers.
    Filled,
    /// Numbers are not consecutive here: all that waited goes on, in the order in which it came.
    Refuted,
    /// Its number was missing, and what follows it has gone on already.
    Late,
    /// So many numbers are missing before it that they are not waited for.
    Skipped(u64),
}

/// What giving up a gap came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp {
    /// Nothing was missing after all.
    Complete,
    /// Numbers are missing.
    Missing {
        /// How many.
        count: u64,
        /// The first of them.
        first: u64,
        /// True if the numbers before had shown that they are consecutive.
        shown: bool,
        /// How many numbers speak for it: those in a row before the gap, and those behind it.
        numbers: u64,
    },
}

#[derive(Debug)]
struct Waiting<T> {
    /// Its own number, or that of the frame it came after.
    number: u64,
    /// False for a frame that only came after another one.
    own: bool,
    arrival: u32,
    item: T,
}

#[derive(Debug)]
struct Gap<T> {
    waiting: Vec<Waiting<T>>,
    arrived: u32,
    /// The number of the latest frame.
    latest: u64,
    /// The greatest number that waits.
    greatest: u64,
    /// Numbers that wait or came while waiting, without repetition.
    distinct: u64,
    jumps: u32,
}

/// State of one numbering.
#[derive(Debug)]
pub struct Order<T> {
    /// The number that comes next.
    next: Option<u64>,
    /// Numbers in a row, each one more than the one before.
    run: u32,
    fills: u32,
    unfilled: u32,
    missing: Vec<Range<u64>>,
    gap: Option<Gap<T>>,
}

impl<T> Default for Order<T> {
    fn default() -> Order<T> {
        Order { next: None, run: 0, fills: 0, unfilled: 0, missing: Vec::new(), gap: None }
    }
}

impl<T> Order<T> {
    /// Takes a frame with its number, if it has one, and appends what goes on now to `out`. `most` is how many frames may wait.
    pub fn offer(&mut self, number: Option<u64>, item: T, most: u64, out: &mut Vec<T>) -> Step {
        match (&self.gap, number) {
            (Some(_), _) => self.offer_to_gap(number, item, most, out),
            (None, Some(number)) => self.step(number, item, most, out),
            (None, None) => {
                out.push(item);
                Step::Passes
            }
        }
    }

    /// Counts `number` if it is the one that comes next and nothing waits; false if its frame must be offered.
    pub fn follows(&mut self, number: u64) -> bool {
        let follows = self.gap.is_none() && self.next == Some(number);
        if follows {
            self.next = Some(number.saturating_add(1));
            self.run = self.run.saturating_add(1);
        }
        follows
    }

    /// True if a gap waits for `number`.
    pub fn expects(&self, number: u64) -> bool {
        let Some(gap) = &self.gap else { return false };
        self.next.is_some_and(|next| (next..gap.greatest).contains(&number)) && !gap.holds(number)
    }

    /// True if `number` was missing when it was waited for no longer.
    pub fn missed(&self, number: u64) -> bool {
        self.missing.iter().any(|range| range.contains(&number))
    }

    /// What waits, in the order in which it would go on.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &T> {
        let waiting = self.gap.as_ref().map_or(&[][..], |gap| &gap.waiting);
        waiting.iter().map(|waiting| &waiting.item)
    }

    /// True while a gap is open.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.gap.is_some()
    }

    /// Numbers begin anew; nothing may wait.
    pub fn renumber(&mut self) {
        *self = Order { unfilled: self.unfilled, fills: self.fills, ..Order::default() };
    }

    /// Another attempt goes on: its first number is as good as any.
    pub fn forget_next(&mut self) {
        self.next = None;
    }

    /// Numbers mean nothing: all that waits goes on as it came.
    pub fn refute(&mut self, out: &mut Vec<T>) {
        self.unfilled = MOST_UNFILLED;
        if let Some(mut gap) = self.gap.take() {
            gap.waiting.sort_by_key(|waiting| waiting.arrival);
            out.extend(gap.waiting.into_iter().map(|waiting| waiting.item));
        }
    }

    /// Waits no longer: all that waits goes on.
    pub fn give_up(&mut self, out: &mut Vec<T>) -> Option<GivenUp> {
        let shown = self.is_shown();
        let mut gap = self.gap.take()?;
        let next = self.next.unwrap_or(0);
        let count = (gap.greatest - next + 1).saturating_sub(gap.distinct);
        let numbers = gap.distinct.saturating_add(u64::from(self.run));
        self.next = Some(gap.greatest.saturating_add(1));
        if count == 0 {
            self.fills += 1;
        } else {
            self.unfilled += 1;
            if !shown {
                gap.waiting.sort_by_key(|waiting| waiting.arrival);
            }
            self.remember_missing(next, &gap);
            self.run = 1;
        }
        out.extend(gap.waiting.into_iter().map(|waiting| waiting.item));
        Some(if count == 0 { GivenUp::Complete } else { GivenUp::Missing { count, first: next, shown, numbers } })
    }

    fn is_shown(&self) -> bool {
        self.run >= SHOWN || self.fills > 0
    }

    fn step(&mut self, number: u64, item: T, most: u64, out: &mut Vec<T>) -> Step {
        let after = number.saturating_add(1);
        let next = *self.next.get_or_insert(number);
        if number > next && self.unfilled < MOST_UNFILLED && number - next < most {
            let waiting = vec![Waiting { number, own: true, arrival: 0, item }];
            self.gap = Some(Gap { waiting, arrived: 1, latest: number, greatest: number, distinct: 1, jumps: 1 });
            return Step::Waits;
        }
        out.push(item);
        if number < next {
            return if self.take_missing(number) { Step::Late } else { Step::Passes };
        }
        self.next = Some(after);
        if number == next {
            self.run = self.run.saturating_add(1);
            return Step::Passes;
        }
        let shown = std::mem::replace(&mut self.run, 1) >= SHOWN && self.unfilled < MOST_UNFILLED;
        self.unfilled = self.unfilled.saturating_add(1);
        if shown { Step::Skipped(number - next) } else { Step::Passes }
    }

    fn offer_to_gap(&mut self, number: Option<u64>, item: T, most: u64, out: &mut Vec<T>) -> Step {
        let (shown, settled) = (self.is_shown(), self.run >= SETTLED || self.fills > 0);
        let (Some(gap), Some(next)) = (&mut self.gap, self.next) else {
            out.push(item);
            return Step::Passes;
        };
        let Some(number) = number.filter(|number| *number >= next && !gap.holds(*number)) else {
            // No number, or one that came before: it stays behind the frame it came after.
            if shown && gap.latest < next {
                out.push(item);
                return Step::Passes;
            }
            gap.insert(gap.latest, false, item);
            return Step::Waits;
        };
        if !shown && gap.greatest - next + 1 == gap.distinct {
            // The gap is filled; the number after it decides.
            let confirmed = number == gap.greatest + 1;
            gap.insert(number, true, item);
            if confirmed {
                return self.close(out);
            }
            self.refute(out);
            return Step::Refuted;
        }
        gap.latest = number;
        if number > gap.greatest.saturating_add(1) {
            gap.jumps += 1;
            if !settled || number - next >= most {
                gap.insert(number, true, item);
                self.refute(out);
                return Step::Refuted;
            }
        }
        gap.greatest = gap.greatest.max(number);
        gap.distinct += 1;
        gap.insert(number, true, item);
        if shown && number == next { self.drain(out) } else { Step::Waits }
    }

    /// Lets go what comes next.
    fn drain(&mut self, out: &mut Vec<T>) -> Step {
        let (Some(gap), Some(next)) = (&mut self.gap, &mut self.next) else { return Step::Passes };
        let mut ready = 0;
        for waiting in &gap.waiting {
            if waiting.own && waiting.number == *next {
                *next = next.saturating_add(1);
                gap.distinct -= 1;
            } else if waiting.number >= *next {
                break;
            }
            ready += 1;
        }
        out.extend(gap.waiting.drain(..ready).map(|waiting| waiting.item));
        if gap.waiting.is_empty() { self.close(out) } else { Step::Waits }
    }

    fn close(&mut self, out: &mut Vec<T>) -> Step {
        if let Some(gap) = self.gap.take() {
            let greatest = gap.waiting.last().map_or(gap.greatest, |waiting| waiting.number);
            self.next = Some(greatest.saturating_add(1));
            out.extend(gap.waiting.into_iter().map(|waiting| waiting.item));
        }
        self.fills = self.fills.saturating_add(1);
        Step::Filled
    }

    fn remember_missing(&mut self, mut next: u64, gap: &Gap<T>) {
        let mut numbers: Vec<u64> = gap.waiting.iter().filter(|waiting| waiting.own).map(|waiting| waiting.number).collect();
        numbers.sort_unstable();
        for number in numbers {
            if number > next && self.missing.len() < MOST_MISSING {
                self.missing.push(next..number);
            }
            next = number.saturating_add(1);
        }
    }

    /// True, once, for a number that was missing.
    fn take_missing(&mut self, number: u64) -> bool {
        let Some(index) = self.missing.iter().position(|range| range.contains(&number)) else { return false };
        let range = self.missing.remove(index);
        let parts = [range.start..number, number + 1..range.end];
        self.missing.extend(parts.into_iter().filter(|part| !part.is_empty()));
        true
    }
}

impl<T> Gap<T> {
    fn holds(&self, number: u64) -> bool {
        self.waiting.iter().any(|waiting| waiting.own && waiting.number == number)
    }

    /// Inserts behind all that have the same number or a smaller one.
    fn insert(&mut self, number: u64, own: bool, item: T) {
        let at = self.waiting.partition_point(|waiting| waiting.number <= number);
        self.waiting.insert(at, Waiting { number, own, arrival: self.arrived, item });
        self.arrived += 1;
    }
}
