//! Help: every command with its keys, from the ACTIONS table; typing filters, Enter runs.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, state::Picker},
    tui::{
        keymap::shown,
        panes::sessions::list_frame,
        text::Pen,
        theme::{Role, Theme},
        widgets::window,
    },
};

/// Draws the overlay.
pub fn draw(app: &App, theme: &Theme, picker: &Picker, area: Rect, buf: &mut Buffer) {
    let rows = app.help_rows(&picker.query);
    let inner = list_frame(theme, "Keys and commands", &picker.query, rows.len(), area, buf);
    let first = window(picker.selected as u32, rows.len() as u32, inner.height) as usize;
    for (line, row) in rows.iter().skip(first).take(usize::from(inner.height)).enumerate() {
        let line = line as u16;
        let keys: Vec<&str> = row.keys.iter().map(|key| shown(key, theme.ascii)).collect();
        let mut pen = Pen::new(buf, theme.glyphs(), inner, line);
        pen.put(&format!(" {:<16}", keys.join(" ")), theme.style(Role::Key));
        pen.put(&format!("{:<12}", row.context.title()), theme.style(Role::Dim));
        pen.put(row.title, theme.style(Role::Text));
        if first + usize::from(line) == picker.selected {
            Pen::new(buf, theme.glyphs(), inner, line).fill(theme.style(Role::Selected));
        }
    }
}
