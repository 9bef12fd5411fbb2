//! Two outputs over one reading: at which deltas they differ, and by how much.

use std::{iter::Peekable, ops::Range};

use crate::core::{
    output::{Cut, Output},
    reading::{DeltaId, Reading},
};

/// What is taken out of one delta: ranges in ascending order that do not touch.
pub type Taken = Vec<Range<u32>>;

/// The deltas of `reading` of which `output` takes something out, in order. Text that is still held, and what repeats text by its
/// type, is left aside.
pub fn taken<'a>(reading: &'a Reading, output: &'a Output) -> impl Iterator<Item = (DeltaId, Taken)> + 'a {
    let released = output.released;
    let counts = move |cut: &&Cut| {
        let delta = reading.delta(cut.delta);
        !delta.snapshot && delta.frame.0 < released && cut.range.start < cut.range.end
    };
    let mut cuts = output.cuts.iter().filter(counts).peekable();
    std::iter::from_fn(move || next_delta(&mut cuts))
}

fn next_delta<'a>(cuts: &mut Peekable<impl Iterator<Item = &'a Cut>>) -> Option<(DeltaId, Taken)> {
    let first = cuts.next()?;
    let mut ranges = vec![first.range.clone()];
    while let Some(cut) = cuts.next_if(|cut| cut.delta == first.delta) {
        match ranges.last_mut() {
            Some(last) if cut.range.start <= last.end => last.end = last.end.max(cut.range.end),
            _ => ranges.push(cut.range.clone()),
        }
    }
    Some((first.delta, ranges))
}

/// What is in `a` and not in `b`; both ascend.
pub fn without(a: &[Range<u32>], b: &[Range<u32>]) -> Taken {
    let mut left = Vec::new();
    for range in a {
        let mut from = range.start;
        for other in b.iter().filter(|other| other.end > range.start && other.start < range.end) {
            if from < other.start {
                left.push(from..other.start);
            }
            from = from.max(other.end);
        }
        if from < range.end {
            left.push(from..range.end);
        }
    }
    left
}

/// The deltas at which two outputs of one reading part, in order: each with what `a` and what `b` takes out of it.
pub struct Partings<'a> {
    a: Peekable<Box<dyn Iterator<Item = (DeltaId, Taken)> + 'a>>,
    b: Peekable<Box<dyn Iterator<Item = (DeltaId, Taken)> + 'a>>,
    /// Deltas from here on are held by one of the two.
    end: DeltaId,
}

impl<'a> Partings<'a> {
    /// The partings of `a` and `b`.
    pub fn between(reading: &'a Reading, a: &'a Output, b: &'a Output) -> Partings<'a> {
        let released = a.released.min(b.released).min(reading.frame_count());
        let end = released.checked_sub(1).map_or(0, |frame| reading.frame(crate::core::reading::FrameId(frame)).deltas_end);
        let boxed = |output| Box::new(taken(reading, output)) as Box<dyn Iterator<Item = _>>;
        Partings { a: boxed(a).peekable(), b: boxed(b).peekable(), end: DeltaId(end) }
    }
}

impl Iterator for Partings<'_> {
    type Item = (DeltaId, Taken, Taken);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let of_a = self.a.peek().map(|(delta, _)| *delta);
            let of_b = self.b.peek().map(|(delta, _)| *delta);
            let delta = of_a.into_iter().chain(of_b).min().filter(|delta| *delta < self.end)?;
            let take = |side: &mut Peekable<Box<dyn Iterator<Item = (DeltaId, Taken)> + '_>>| {
                side.next_if(|(of, _)| *of == delta).map_or_else(Vec::new, |(_, taken)| taken)
            };
            let (a, b) = (take(&mut self.a), take(&mut self.b));
            if a != b {
                return Some((delta, a, b));
            }
        }
    }
}

/// How far an output is from another one of the same reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// The first delta at which they part.
    pub first: Option<DeltaId>,
    /// At how many deltas they part.
    pub deltas: u32,
    /// Characters that it takes out and the other passes on.
    pub lost: u64,
    /// Characters that it passes on and the other takes out.
    pub left: u64,
}

impl Losses {
    /// How far `output` is from `base`.
    pub fn against(reading: &Reading, base: &Output, output: &Output) -> Losses {
        let mut losses = Losses::default();
        for (delta, of_base, of_output) in Partings::between(reading, base, output) {
            losses.first.get_or_insert(delta);
            losses.deltas += 1;
            losses.lost += characters(reading, delta, &without(&of_output, &of_base));
            losses.left += characters(reading, delta, &without(&of_base, &of_output));
        }
        losses
    }
}

/// Characters in these ranges of a delta.
pub fn characters(reading: &Reading, delta: DeltaId, ranges: &[Range<u32>]) -> u64 {
    let text = reading.delta(delta).text;
    ranges.iter().map(|range| text[range.start as usize..range.end as usize].chars().count() as u64).sum()
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "a list of ranges may have one")]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_taken_from_ranges() {
        let check = |a: &[Range<u32>], b: &[Range<u32>], wanted: &[Range<u32>]| assert_eq!(without(a, b), wanted, "{a:?} {b:?}");
        check(&[0..4], &[], &[0..4]);
        check(&[0..4], &[0..4], &[]);
        check(&[0..9], &[2..4, 6..7], &[0..2, 4..6, 7..9]);
        check(&[0..3, 5..8], &[2..6], &[0..2, 6..8]);
        check(&[], &[2..6], &[]);
    }
}
