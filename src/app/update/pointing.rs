//! What the mouse does: a click focuses a pane and seeks, the wheel steps.

use crate::app::{App, Overlay, Pane, action::Target, tuning::row_count, update::lists};

/// Rows that one turn of the wheel moves a text.
const LINES: i16 = 3;

/// A click.
pub fn point(app: &mut App, target: Target) {
    app.notice = None;
    match target {
        Target::Row(row) => lists::select(app, row),
        _ if !app.overlays.is_empty() => {}
        Target::Pane(pane, cursor) => {
            let tuning = app.tuning;
            super::focus(app, pane);
            app.tuning |= tuning;
            if let Some(cursor) = cursor {
                super::with(app, |session| session.seek(cursor));
            }
        }
        Target::Parameter(row) => {
            super::focus(app, Pane::Tuning);
            app.tuning_row = row.min(row_count() - 1);
        }
        Target::Timeline(cursor) => super::with(app, |session| session.seek(cursor)),
    }
}

/// One turn of the wheel.
pub fn wheel(app: &mut App, pane: Option<Pane>, forward: bool) {
    let by = if forward { 1 } else { -1 };
    match (app.overlays.last(), pane) {
        (Some(Overlay::Composer), _) => app.composer.pick(forward),
        (Some(_), _) => lists::pick(app, by),
        (None, Some(Pane::Inspector)) => app.inspector_scroll = app.inspector_scroll.saturating_add_signed(by as i16 * LINES),
        (None, Some(Pane::Tuning)) => app.tuning_row = app.tuning_row.saturating_add_signed(by).min(row_count() - 1),
        (None, _) => {
            app.inspector_scroll = 0;
            super::with(app, |session| session.seek(session.cursor.delta(&session.engine.reading, forward)));
        }
    }
}
