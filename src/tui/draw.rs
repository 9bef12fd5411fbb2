//! The whole screen, from state and size.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Clear, Widget},
};

use crate::{
    app::{App, Overlay, Pane},
    tui::{
        layout::{Layout, Size, layout},
        panes::{self, View},
        text::Pen,
        theme::{Role, Theme},
    },
};

/// Draws `app` on `area`.
pub fn draw(app: &App, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let place = layout(app, area);
    if place.size == Size::Tiny {
        let text = format!("{}x{} is too small; 40x10 shows one pane. q quits", area.width, area.height);
        Pen::new(buf, theme.glyphs(), area, 0).put(&text, theme.style(Role::Text));
        return;
    }
    match app.session() {
        Some(session) => {
            let view = View { app, session, moment: session.moment(), theme, size: place.size };
            screen(&view, &place, buf);
        }
        None => {
            let text = "no session yet: c composes a request, s lists recordings, ? shows all keys";
            Pen::new(buf, theme.glyphs(), place.header, 0).put(text, theme.style(Role::Text));
        }
    }
    panes::hints::keys(app, theme, place.hints, buf);
    for overlay in &app.overlays {
        let over = over(area, overlay);
        Clear.render(over, buf);
        match overlay {
            Overlay::Help(picker) => panes::help::draw(app, theme, picker, over, buf),
            Overlay::Sessions(picker) => panes::sessions::draw(app, theme, picker, over, buf),
            Overlay::Composer => panes::composer::draw(app, theme, over, buf),
            Overlay::Label(labelling) => panes::labels::draw(app, theme, labelling, over, buf),
            Overlay::Compare(row) => {
                if let Some(session) = app.session() {
                    let view = View { app, session, moment: session.moment(), theme, size: place.size };
                    panes::compare::draw(&view, *row, over, buf);
                }
            }
        }
    }
    if app.session().is_none() || !app.overlays.is_empty() {
        panes::hints::notice(app, theme, place.finding, buf);
    }
}

fn screen(view: &View<'_>, place: &Layout, buf: &mut Buffer) {
    panes::header::draw(view, place.header, buf);
    if let Some(area) = place.timeline {
        panes::timeline::draw(view, area, buf);
    }
    if let Some(area) = place.tabs {
        panes::header::tabs(view, area, buf);
    }
    for (pane, area) in &place.panes {
        match pane {
            Pane::Chunks => panes::chunks::draw(view, *area, buf),
            Pane::States => panes::states::draw(view, *area, buf),
            Pane::Scores => panes::scores::draw(view, *area, buf),
            Pane::Output => panes::output::draw(view, *area, buf),
            Pane::Inspector => panes::inspector::draw(view, *area, buf),
            Pane::Tuning => panes::tuning::draw(view, *area, buf),
        }
    }
    panes::hints::finding(view, place.finding, buf);
}

/// Where an overlay lies: in the middle, all of a small screen.
pub fn over(area: Rect, overlay: &Overlay) -> Rect {
    let (width, height) = match overlay {
        Overlay::Help(_) => (84, 40),
        Overlay::Sessions(_) => (100, 30),
        Overlay::Label(_) => (84, 30),
        Overlay::Compare(_) => (160.min(area.width.saturating_sub(4)).max(80), 44),
        Overlay::Composer => (160.min(area.width.saturating_sub(4)).max(80), 34),
    };
    // The status and hint lines stay to be seen.
    let room = Rect { height: area.height.saturating_sub(2), ..area };
    let (width, height) = (width.min(room.width), height.min(room.height));
    Rect { x: room.x + (room.width - width) / 2, y: room.y + (room.height - height) / 2, width, height }
}
