//! The sessions list: what is open, and the library's recordings; typing filters, Enter opens.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Block, Widget},
};

use crate::{
    app::{
        App,
        state::{Listed, Picker},
    },
    tui::{
        text::{Pen, short_size},
        theme::{Role, Theme},
        widgets::window,
    },
};

/// Draws the overlay.
pub fn draw(app: &App, theme: &Theme, picker: &Picker, area: Rect, buf: &mut Buffer) {
    let rows = app.listed(&picker.query);
    let inner = list_frame(theme, "Sessions and recordings", &picker.query, rows.len(), area, buf);
    let first = window(picker.selected as u32, rows.len() as u32, inner.height) as usize;
    for (line, row) in rows.iter().skip(first).take(usize::from(inner.height)).enumerate() {
        let line = line as u16;
        let mut pen = Pen::new(buf, theme.glyphs(), inner, line);
        match row {
            Listed::Open(index) => {
                let session = &app.sessions[*index];
                let word = if session.live { "live" } else { "open" };
                pen.put(&format!(" {word:<6}"), theme.style(Role::Good));
                pen.put(&format!("{:<44} ", session.title), theme.style(Role::Text));
                let frames = session.engine.reading.frame_count();
                pen.put(&format!("{:<8} {frames} frames", session.verdict.word()), theme.style(Role::Dim));
            }
            Listed::Recorded(index) => {
                let entry = &app.library[*index];
                pen.put(" file  ", theme.style(Role::Dim));
                pen.put(&format!("{:<44} ", entry.name), theme.style(Role::Text));
                let what = match &entry.header {
                    Ok(header) => header.start.provider.clone(),
                    Err(reason) => reason.clone(),
                };
                pen.put(&format!("{:>9}  {what}", short_size(entry.bytes)), theme.style(Role::Dim));
            }
        }
        if first + usize::from(line) == picker.selected {
            Pen::new(buf, theme.glyphs(), inner, line).fill(theme.style(Role::Selected));
        }
    }
}

/// The border of a list with its filter; returns what is inside.
pub fn list_frame(theme: &Theme, title: &str, query: &str, count: usize, area: Rect, buf: &mut Buffer) -> Rect {
    let block = Block::bordered().border_set(theme.border(true)).border_style(theme.style(Role::Accent));
    let inner = block.inner(area);
    block.render(area, buf);
    let line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    Pen::new(buf, theme.glyphs(), line, 0).put(&format!(" {title} ({count}) "), theme.style(Role::Accent));
    let mut pen = Pen::new(buf, theme.glyphs(), inner, 0);
    pen.put(" filter: ", theme.style(Role::Dim)).put(query, theme.style(Role::Text)).put("_", theme.style(Role::Accent));
    Rect { y: inner.y + 1.min(inner.height), height: inner.height.saturating_sub(1), ..inner }
}
