//! The panes and bars of the screen, one file each.

pub mod header;
pub mod timeline;
pub mod chunks;
pub mod states;
pub mod scores;
pub mod breaker;
pub mod output;
pub mod output_hindsight;
pub mod output_json;
pub mod inspector;
pub mod tuning;
pub mod hints;
pub mod help;
pub mod sessions;
pub mod composer;
pub mod compare;
pub mod labels;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    widgets::{Block, Widget},
};

use crate::{
    app::{App, Pane, Session},
    core::{
        class::Level,
        time::{Micros, Moment},
    },
    tui::{
        layout::Size,
        text::Pen,
        theme::{Glyphs, Role, Theme},
    },
};

/// What every pane is drawn from.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The whole state.
    pub app: &'a App,
    /// The session on the screen.
    pub session: &'a Session,
    /// The moment at the cursor, the same for every pane.
    pub moment: Moment,
    /// Colours and glyphs.
    pub theme: &'a Theme,
    /// Size class of the screen.
    pub size: Size,
}

impl View<'_> {
    /// The glyphs.
    pub fn glyphs(&self) -> &'static Glyphs {
        self.theme.glyphs()
    }

    /// The style of `role`.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// The style of a row at the cursor: reversed in the focused pane, underlined in the others.
    pub fn at_cursor(&self, pane: Pane) -> Style {
        self.style(if self.app.focus == pane { Role::Selected } else { Role::Related })
    }

    /// A time as it is shown in a list, nothing without a clock.
    pub fn clock(&self, at: Micros) -> String {
        if self.session.engine.reading.clocked() { at.to_string() } else { "-".into() }
    }
}

/// The role of a finding of `level`.
pub fn role_of(level: Level) -> Role {
    match level {
        Level::Error => Role::Error,
        Level::Warning => Role::Warning,
        Level::Note => Role::Note,
    }
}

/// Draws a pane's border with its number and title, and a word at its lower right; returns what is inside.
pub fn frame(app: &App, theme: &Theme, pane: Pane, extra: &str, foot: &str, area: Rect, buf: &mut Buffer) -> Rect {
    let focused = app.focus == pane && app.overlays.is_empty();
    let style = theme.style(if focused { Role::Accent } else { Role::Dim });
    let block = Block::bordered().border_set(theme.border(focused)).border_style(style);
    let inner = block.inner(area);
    block.render(area, buf);
    let (title, extra) = (format!(" {} {} ", pane.number(), pane.title()), extra.trim());
    let line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: area.height.min(1), y: area.y };
    let mut pen = Pen::new(buf, theme.glyphs(), line, 0);
    pen.put(&title, theme.style(if focused { Role::Accent } else { Role::Key }));
    if !extra.is_empty() {
        pen.put(&format!("{extra} "), theme.style(Role::Dim));
    }
    let columns = crate::tui::text::width(foot) as u16;
    if !foot.is_empty() && columns + 4 < area.width && area.height > 1 {
        let line = Rect { x: area.right() - columns - 2, y: area.bottom() - 1, width: columns, height: 1 };
        Pen::new(buf, theme.glyphs(), line, 0).put(foot, theme.style(Role::Dim));
    }
    inner
}
