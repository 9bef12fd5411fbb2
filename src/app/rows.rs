//! The list of everything that happened: frames and marks, in order of arrival, addressed by number without being built.
//!
//! Marks know how many frames came before them, so mark `k` has row `marks[k].frames + k` and each other row is a frame.
//! Rows are only ever added at the end, so a row number stays true while a session grows and when it is judged again.

use crate::core::{
    reading::{FrameId, Mark, Reading},
    time::{Micros, Moment},
};

/// What one row is.
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    /// A frame.
    Frame(FrameId),
    /// An input that is not bytes.
    Mark(&'a Mark),
}

/// Number of rows.
pub fn count(reading: &Reading) -> u32 {
    reading.frame_count() + reading.marks().len() as u32
}

/// Number of marks before row `row`, and whether the row itself is one.
fn marks_before(reading: &Reading, row: u32) -> (u32, bool) {
    let marks = reading.marks();
    let (mut low, mut high) = (0, marks.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if marks[middle].frames + (middle as u32) < row { low = middle + 1 } else { high = middle }
    }
    (low as u32, marks.get(low).is_some_and(|mark| mark.frames + low as u32 == row))
}

/// Row `row`, or `None` past the end.
pub fn get(reading: &Reading, row: u32) -> Option<Row<'_>> {
    if row >= count(reading) {
        return None;
    }
    let (before, is_mark) = marks_before(reading, row);
    Some(if is_mark { Row::Mark(&reading.marks()[before as usize]) } else { Row::Frame(FrameId(row - before)) })
}

/// The row of frame `frame`.
pub fn of_frame(reading: &Reading, frame: u32) -> u32 {
    let marks = reading.marks();
    frame + marks.partition_point(|mark| mark.frames <= frame) as u32
}

/// When row `row` happened; zero for an empty session.
pub fn moment(reading: &Reading, row: u32) -> Moment {
    match get(reading, row) {
        None => Moment::default(),
        Some(Row::Frame(frame)) => reading.moment_of(frame),
        Some(Row::Mark(mark)) => Moment { frames: mark.frames, at: mark.at },
    }
}

/// The last row that is not after `moment`; row 0 if all are.
pub fn at(reading: &Reading, wanted: Moment) -> u32 {
    let (mut low, mut high) = (0, count(reading));
    while low < high {
        let middle = low + (high - low) / 2;
        if moment(reading, middle) <= wanted { low = middle + 1 } else { high = middle }
    }
    low.saturating_sub(1)
}

/// The last row whose stamp is not after `time`; row 0 if all are later.
pub fn at_time(reading: &Reading, time: Micros) -> u32 {
    let (mut low, mut high) = (0, count(reading));
    while low < high {
        let middle = low + (high - low) / 2;
        if moment(reading, middle).at <= time { low = middle + 1 } else { high = middle }
    }
    low.saturating_sub(1)
}

/// The last row.
pub fn last(reading: &Reading) -> u32 {
    count(reading).saturating_sub(1)
}

/// True if row `row` is a frame with at least one delta.
pub fn has_delta(reading: &Reading, row: u32) -> bool {
    matches!(get(reading, row), Some(Row::Frame(frame)) if !reading.deltas_of(frame).is_empty())
}
