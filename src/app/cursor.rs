//! The one cursor: a row of the reading and a time at or after it, so that it can stand inside a stall.
//!
//! It refers to what came in, never to a judgement, and so survives every re-judgement.

use crate::{
    app::rows,
    core::{
        judgement::Judgement,
        reading::{FrameId, Reading},
        time::{Micros, Moment},
    },
};

/// Silence from which a gap is marked, in microseconds.
pub const GAP_US: u64 = 250_000;

/// Where one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The row, see [`rows`].
    pub row: u32,
    /// The time; at or after the row's own and before the next row's.
    pub at: Micros,
}

impl Cursor {
    /// On row `row`, clamped to those that there are.
    pub fn on(reading: &Reading, row: u32) -> Cursor {
        let row = row.min(rows::last(reading));
        Cursor { row, at: rows::moment(reading, row).at }
    }

    /// At `moment`.
    pub fn at(reading: &Reading, moment: Moment) -> Cursor {
        Cursor { row: rows::at(reading, moment), at: moment.at.min(reading.last_at()) }
    }

    /// At the last row that is not later than `time`.
    pub fn at_time(reading: &Reading, time: Micros) -> Cursor {
        Cursor { row: rows::at_time(reading, time), at: time }
    }

    /// What had been read, and when.
    pub fn moment(self, reading: &Reading) -> Moment {
        let moment = rows::moment(reading, self.row);
        Moment { frames: moment.frames, at: moment.at.max(self.at) }
    }

    /// The latest frame at or before the cursor.
    pub fn frame(self, reading: &Reading) -> Option<FrameId> {
        self.moment(reading).frames.checked_sub(1).map(FrameId)
    }

    /// `by` rows further, or back.
    pub fn rows(self, reading: &Reading, by: i64) -> Cursor {
        let row = i64::from(self.row).saturating_add(by).clamp(0, i64::from(rows::last(reading)));
        Cursor::on(reading, row as u32)
    }

    /// The next or previous row with a delta; past the last one the end, before the first one the start.
    pub fn delta(self, reading: &Reading, forward: bool) -> Cursor {
        let found = if forward {
            (self.row + 1..rows::count(reading)).find(|row| rows::has_delta(reading, *row))
        } else {
            (0..self.row).rev().find(|row| rows::has_delta(reading, *row))
        };
        Cursor::on(reading, found.unwrap_or(if forward { rows::last(reading) } else { 0 }))
    }

    /// The moment of the next or previous finding, or where it is if there is none.
    pub fn finding(self, reading: &Reading, judgement: &Judgement, forward: bool) -> Cursor {
        self.among(reading, &judgement.findings, |finding| finding.moment, forward)
    }

    /// The moment of the next or previous transition, or where it is if there is none.
    pub fn transition(self, reading: &Reading, judgement: &Judgement, forward: bool) -> Cursor {
        self.among(reading, &judgement.transitions, |transition| transition.moment, forward)
    }

    fn among<T>(self, reading: &Reading, items: &[T], moment: impl Fn(&T) -> Moment, forward: bool) -> Cursor {
        let here = self.moment(reading);
        let found = if forward {
            items.get(items.partition_point(|item| moment(item) <= here))
        } else {
            items.partition_point(|item| moment(item) < here).checked_sub(1).and_then(|index| items.get(index))
        };
        found.map_or(self, |item| Cursor::at(reading, moment(item)))
    }

    /// The row that ends the next or previous gap, or where it is if there is none.
    pub fn gap(self, reading: &Reading, forward: bool) -> Cursor {
        let is_gap = |row: &u32| gap_before(reading, *row).is_some_and(|gap| gap.0 >= GAP_US);
        let found = if forward { (self.row + 1..rows::count(reading)).find(is_gap) } else { (1..self.row).rev().find(is_gap) };
        found.map_or(self, |row| Cursor::on(reading, row))
    }
}

/// The time between row `row` and the one before, `None` without a clock.
pub fn gap_before(reading: &Reading, row: u32) -> Option<Micros> {
    let before = row.checked_sub(1).filter(|_| reading.clocked())?;
    Some(rows::moment(reading, row).at.since(rows::moment(reading, before).at))
}
