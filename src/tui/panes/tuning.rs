//! 6 Tuning: every parameter, moved with the arrows, and what that changes.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, Pane, Session, tuning::row_count},
    core::params::{PARAMS, STRATEGIES},
    tui::{
        panes::{View, frame},
        text::{Pen, wrap},
        theme::Role,
        widgets::{gauge, window},
    },
};

/// Draws the pane.
pub fn draw(view: &View<'_>, area: Rect, buf: &mut Buffer) {
    let profile = view.session.engine.profile();
    let foot = format!("{}/{}", view.app.tuning_row + 1, row_count());
    let inner = frame(view.app, view.theme, Pane::Tuning, &profile.name, &foot, area, buf);
    change_line(view, inner, buf);
    let (list, about) = split(view.app, view.session, inner);
    let first = window(view.app.tuning_row as u32, row_count() as u32, list.height) as usize;
    for line in 0..list.height {
        let row = first + usize::from(line);
        if row >= row_count() {
            break;
        }
        parameter_line(view, row, list, line, buf);
        if row == view.app.tuning_row {
            Pen::new(buf, view.glyphs(), list, line).fill(view.at_cursor(Pane::Tuning));
        }
    }
    for (line, text) in about.iter().enumerate() {
        Pen::new(buf, view.glyphs(), inner, list.height + 1 + line as u16).put(text, view.style(Role::Dim));
    }
}

/// The list of parameters, and the lines below it about the one picked.
fn split(app: &App, session: &Session, inner: Rect) -> (Rect, Vec<String>) {
    let about = match app.tuning_row.checked_sub(1) {
        None => STRATEGIES[session.engine.profile().strategy as usize].2,
        Some(index) => PARAMS[index.min(PARAMS.len() - 1)].about,
    };
    let about = if inner.height > 8 { wrap(about, usize::from(inner.width)) } else { Vec::new() };
    let below = about.len() as u16;
    let list = Rect { y: inner.y + 1.min(inner.height), height: inner.height.saturating_sub(1 + below), ..inner };
    (list, about)
}

/// The parameter on line `line` of the pane's inside, if there is one.
pub fn row_at(app: &App, session: &Session, inner: Rect, line: u16) -> Option<usize> {
    let (list, _) = split(app, session, inner);
    let line = line.checked_sub(1).filter(|line| *line < list.height)?;
    let first = window(app.tuning_row as u32, row_count() as u32, list.height) as usize;
    Some(first + usize::from(line)).filter(|row| *row < row_count())
}

fn change_line(view: &View<'_>, inner: Rect, buf: &mut Buffer) {
    let mut pen = Pen::new(buf, view.glyphs(), inner, 0);
    if view.session.engine.judging() {
        let deltas = view.session.engine.reading.delta_count();
        pen.put(&format!("judging {deltas} deltas anew; until then the result before"), view.style(Role::Warning));
        return;
    }
    if view.session.before.is_none() {
        let text = if inner.width >= 62 {
            "arrows move a parameter; everything is judged again at once"
        } else {
            "arrows move one; all is judged anew"
        };
        pen.put(text, view.style(Role::Dim));
        return;
    }
    let change = view.session.change;
    let role = if change.added + change.removed > 0 || change.characters != 0 { Role::Accent } else { Role::Text };
    let numbers = format!("{}{}{} (+{} -{})", change.before, view.glyphs().arrow, change.after, change.added, change.removed);
    let (characters, verdict) = (change.characters, view.session.verdict.word());
    let text = if inner.width >= 52 {
        format!("findings {numbers}  output {characters:+} chars  {verdict}")
    } else {
        format!("{numbers}  {characters:+} chars  {verdict}")
    };
    pen.put(&text, view.style(role));
}

fn parameter_line(view: &View<'_>, row: usize, area: Rect, line: u16, buf: &mut Buffer) {
    let profile = view.session.engine.profile();
    let selected = row == view.app.tuning_row;
    let mut pen = Pen::new(buf, view.glyphs(), area, line);
    pen.put(if selected { view.glyphs().pointer } else { " " }, view.style(Role::Accent));
    let Some(info) = row.checked_sub(1).and_then(|index| PARAMS.get(index)) else {
        pen.put(&format!("{:<21}", "strategy"), view.style(Role::Text));
        let changed = profile.strategy != Default::default();
        pen.put(profile.strategy.name(), view.style(if changed { Role::Accent } else { Role::Text }));
        return;
    };
    let value = profile.params.get(info.param);
    let changed = value != info.default;
    let role = if changed { Role::Accent } else { Role::Text };
    pen.put(&format!("{:<21}", info.id), view.style(role));
    let (low, high) = info.range;
    // Ranges span decades, so the gauge counts doublings.
    let place = u64::from((value - low + 1).ilog2()) * 1_000 / u64::from((high - low + 1).ilog2().max(1));
    if area.width >= 50 {
        pen.put(&gauge(view.glyphs(), place, 10), view.style(role));
        pen.put(" ", view.style(Role::Dim));
    }
    pen.put(&format!("{value}{}", info.unit.suffix()), view.style(role));
    if changed {
        pen.put(&format!("  default {}", info.default), view.style(Role::Dim));
    }
}
