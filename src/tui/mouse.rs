//! Where the mouse points, found from the same layout that drawing uses.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Margin, Position, Rect};

use crate::{
    app::{Action, App, Cursor, Overlay, Pane, Session, action::Target, labels::Labelling, rows, tuning},
    tui::{
        draw::over,
        layout::layout,
        panes::{states, timeline, tuning as tuning_pane},
        widgets::window,
    },
};

/// True unless the program runs at the other end of an SSH connection, where selecting text with the mouse is worth more.
pub fn by_default(variable: impl Fn(&str) -> Option<String>) -> bool {
    !["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"].iter().any(|name| variable(name).is_some_and(|value| !value.is_empty()))
}

/// What `event` means on a screen of size `area`.
pub fn action(app: &App, area: Rect, event: MouseEvent) -> Option<Action> {
    let at = Position { x: event.column, y: event.row };
    match event.kind {
        MouseEventKind::ScrollUp => Some(Action::Wheel { pane: pane_at(app, area, at), forward: false }),
        MouseEventKind::ScrollDown => Some(Action::Wheel { pane: pane_at(app, area, at), forward: true }),
        MouseEventKind::Down(MouseButton::Left) => target(app, area, at).map(Action::Point),
        _ => None,
    }
}

fn pane_at(app: &App, area: Rect, at: Position) -> Option<Pane> {
    layout(app, area).panes.iter().find(|(_, rect)| rect.contains(at)).map(|(pane, _)| *pane)
}

fn target(app: &App, area: Rect, at: Position) -> Option<Target> {
    if let Some(overlay) = app.overlays.last() {
        return row_of_list(app, overlay, area, at).map(Target::Row);
    }
    let place = layout(app, area);
    let session = app.session()?;
    if let Some(line) = place.timeline.filter(|line| line.contains(at)) {
        return timeline::cursor_at(session, line.width, at.x - line.x).map(Target::Timeline);
    }
    let (pane, rect) = place.panes.iter().find(|(_, rect)| rect.contains(at))?;
    let inner = rect.inner(Margin::new(1, 1));
    let line = inner.contains(at).then(|| at.y - inner.y);
    if *pane == Pane::Tuning
        && let Some(row) = line.and_then(|line| tuning_pane::row_at(app, session, inner, line))
    {
        return Some(Target::Parameter(row.min(tuning::row_count() - 1)));
    }
    let cursor = line.and_then(|line| match pane {
        Pane::Chunks => chunk(session, inner, line),
        Pane::States => states::cursor_at(session, inner, line),
        _ => None,
    });
    Some(Target::Pane(*pane, cursor))
}

fn chunk(session: &Session, inner: Rect, line: u16) -> Option<Cursor> {
    let reading = &session.engine.reading;
    let row = window(session.cursor.row, rows::count(reading), inner.height) + u32::from(line);
    (row < rows::count(reading)).then(|| Cursor::on(reading, row))
}

fn row_of_list(app: &App, overlay: &Overlay, area: Rect, at: Position) -> Option<usize> {
    let (picker, count) = match overlay {
        Overlay::Help(picker) => (picker, app.help_rows(&picker.query).len()),
        Overlay::Sessions(picker) => (picker, app.listed(&picker.query).len()),
        Overlay::Label(Labelling { target, picker }) => {
            (picker, app.session().map_or(0, |session| session.label_choices(*target, &picker.query).len()))
        }
        Overlay::Compare(_) => {
            let inner = over(area, overlay).inner(Margin::new(1, 1));
            // The heads of the columns have the first line.
            return inner.contains(at).then(|| at.y.checked_sub(inner.y + 1)).flatten().map(usize::from);
        }
        Overlay::Composer => return None,
    };
    let inner = over(area, overlay).inner(Margin::new(1, 1));
    // The filter has the first line.
    let line = at.y.checked_sub(inner.y + 1).filter(|_| inner.contains(at))?;
    let first = window(picker.selected as u32, count as u32, inner.height.saturating_sub(1)) as usize;
    Some(first + usize::from(line)).filter(|row| *row < count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mouse_is_left_alone_over_ssh() {
        assert!(by_default(|_| None));
        assert!(!by_default(|name| (name == "SSH_TTY").then(|| "/dev/pts/0".into())));
    }
}
