//! The timeline: how much arrived when, and what happened when, over the whole session.
//!
//! A column is a stretch of time (of frames, without a clock). Its height is found by bisection, so the cost is that of the
//! columns, not of the session.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{Cursor, Session, cursor::GAP_US, rows},
    core::{
        reading::{FrameId, Reading},
        time::{Micros, Moment},
    },
    tui::{panes::View, theme::Role, widgets::bar},
};

/// Draws both lines.
pub fn draw(view: &View<'_>, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let (reading, judgement) = (&view.session.engine.reading, &view.session.engine.judgement);
    if area.width == 0 || area.height < 2 || rows::count(reading) == 0 {
        return;
    }
    let axis = Axis::new(reading, view.session.now, area.width);
    let counts: Vec<u64> = (0..area.width).map(|column| axis.frames(reading, column)).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    let cursor = axis.column(view.moment);
    let (mut finding, mut transition) = (0, 0);
    for column in 0..area.width {
        let count = counts[usize::from(column)];
        let end = axis.end(column);
        let findings = judgement.findings.partition_point(|item| axis.before(item.moment, end));
        let transitions = judgement.transitions.partition_point(|item| axis.before(item.moment, end));
        // A gap is marked where it ends.
        let ends = counts.get(usize::from(column) + 1).is_none_or(|next| *next > 0);
        let gap = count == 0 && ends && axis.in_gap(reading, column);
        let glyphs = view.glyphs();
        let (mark, role) = if findings > finding {
            (glyphs.finding, Role::Error)
        } else if transitions > transition {
            (glyphs.transition, Role::Note)
        } else if gap {
            (glyphs.gap, Role::Warning)
        } else {
            (glyphs.empty, Role::Dim)
        };
        (finding, transition) = (findings, transitions);
        let (mark, role) = if column == cursor && mark == glyphs.empty { (glyphs.playhead, Role::Accent) } else { (mark, role) };
        let x = area.x + column;
        let mut style = view.style(role);
        let mut height = view.style(if gap { Role::Dim } else { Role::Text });
        if column == cursor {
            style = style.patch(view.style(Role::Selected));
            height = height.patch(view.style(Role::Selected));
        }
        buf[(x, area.y)].set_symbol(if count == 0 { " " } else { bar(glyphs, count, most) }).set_style(height);
        buf[(x, area.y + 1)].set_symbol(mark).set_style(style);
    }
}

/// The cursor for a click on column `column` of a timeline of `width` columns.
pub fn cursor_at(session: &Session, width: u16, column: u16) -> Option<Cursor> {
    let reading = &session.engine.reading;
    if rows::count(reading) == 0 || width == 0 {
        return None;
    }
    let axis = Axis::new(reading, session.now, width);
    // The middle of the column.
    let value = (axis.start(column) + axis.end(column).saturating_sub(1)) / 2;
    Some(if axis.clocked {
        Cursor::at_time(reading, Micros(value))
    } else {
        Cursor::on(reading, rows::of_frame(reading, value.min(u64::from(reading.frame_count().saturating_sub(1))) as u32))
    })
}

/// Session positions to columns and back: microseconds with a clock, frames without.
struct Axis {
    clocked: bool,
    length: u64,
    width: u16,
}

impl Axis {
    fn new(reading: &Reading, now: Micros, width: u16) -> Axis {
        let clocked = reading.clocked();
        let length = if clocked { reading.last_at().max(now).0 } else { u64::from(reading.frame_count()) };
        Axis { clocked, length: length.max(1), width }
    }

    fn value(&self, moment: Moment) -> u64 {
        if self.clocked { moment.at.0 } else { u64::from(moment.frames) }
    }

    fn column(&self, moment: Moment) -> u16 {
        let column = u128::from(self.value(moment)) * u128::from(self.width) / (u128::from(self.length) + 1);
        column.min(u128::from(self.width - 1)) as u16
    }

    /// One past the column's last position.
    fn end(&self, column: u16) -> u64 {
        ((u128::from(column) + 1) * (u128::from(self.length) + 1)).div_ceil(u128::from(self.width)) as u64
    }

    fn start(&self, column: u16) -> u64 {
        column.checked_sub(1).map_or(0, |before| self.end(before))
    }

    fn before(&self, moment: Moment, end: u64) -> bool {
        self.value(moment) < end
    }

    /// Number of frames before position `end`.
    fn frames_before(&self, reading: &Reading, end: u64) -> u32 {
        if !self.clocked {
            return (end.min(u64::from(reading.frame_count()))) as u32;
        }
        let (mut low, mut high) = (0, reading.frame_count());
        while low < high {
            let middle = low + (high - low) / 2;
            if reading.frame_at(FrameId(middle)).0 < end { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// How much arrived in the column: frames with a clock, bytes without.
    fn frames(&self, reading: &Reading, column: u16) -> u64 {
        let start = self.start(column);
        let (first, last) = (self.frames_before(reading, start), self.frames_before(reading, self.end(column)));
        if self.clocked {
            return u64::from(last - first);
        }
        let byte = |frames: u32| frames.checked_sub(1).map_or(0, |frame| u64::from(reading.frame(FrameId(frame)).end));
        byte(last) - byte(first)
    }

    fn in_gap(&self, reading: &Reading, column: u16) -> bool {
        if !self.clocked {
            return false;
        }
        let after = self.frames_before(reading, self.end(column));
        let from = after.checked_sub(1).map_or(0, |frame| reading.frame_at(FrameId(frame)).0);
        let to = if after < reading.frame_count() { reading.frame_at(FrameId(after)).0 } else { self.length };
        to.saturating_sub(from) >= GAP_US
    }
}
