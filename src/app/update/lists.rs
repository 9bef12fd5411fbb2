//! Lists that lie over the screen: help and sessions.

use tui_textarea::{Input, Key};

use super::{labelling, run};
use crate::{
    app::{
        App, Cursor, Effect, Overlay,
        action::Context,
        labels::Labelling,
        rows,
        state::{Leaving, Listed, Picker},
    },
    core::params::STRATEGIES,
};

fn picker(app: &mut App) -> Option<&mut Picker> {
    match app.overlays.last_mut() {
        Some(Overlay::Help(picker) | Overlay::Sessions(picker) | Overlay::Label(Labelling { picker, .. })) => Some(picker),
        Some(Overlay::Composer | Overlay::Compare(_)) | None => None,
    }
}

fn rows(app: &App) -> usize {
    match app.overlays.last() {
        Some(Overlay::Help(picker)) => app.help_rows(&picker.query).len(),
        Some(Overlay::Sessions(picker)) => app.listed(&picker.query).len(),
        Some(Overlay::Label(Labelling { target, picker })) => {
            app.session().map_or(0, |session| session.label_choices(*target, &picker.query).len())
        }
        Some(Overlay::Compare(_)) => STRATEGIES.len(),
        Some(Overlay::Composer) | None => 0,
    }
}

/// Moves the picked row.
pub fn pick(app: &mut App, by: isize) {
    let last = rows(app).saturating_sub(1);
    if let Some(Overlay::Compare(row)) = app.overlays.last_mut() {
        *row = row.saturating_add_signed(by).min(last);
    }
    if let Some(picker) = picker(app) {
        picker.selected = picker.selected.saturating_add_signed(by).min(last);
    }
}

/// Picks row `row`, if there is one.
pub fn select(app: &mut App, row: usize) {
    let count = rows(app);
    if let Some(Overlay::Compare(picked)) = app.overlays.last_mut().filter(|_| row < count) {
        *picked = row;
    }
    if let Some(picker) = picker(app).filter(|_| row < count) {
        picker.selected = row;
    }
}

/// A key that no command took.
pub fn type_into(app: &mut App, input: Input) {
    if app.overlays.last() == Some(&Overlay::Composer) {
        app.composer.key(input);
        return;
    }
    let Some(picker) = picker(app) else { return };
    match input.key {
        Key::Char(char) if !input.ctrl && !input.alt => picker.query.push(char),
        Key::Backspace => drop(picker.query.pop()),
        _ => return,
    }
    picker.selected = 0;
}

/// Runs or opens the picked row.
pub fn accept(app: &mut App) -> Vec<Effect> {
    match app.overlays.pop() {
        Some(Overlay::Help(picker)) => {
            let row = app.help_rows(&picker.query).get(picker.selected).copied();
            match row.filter(|row| matches!(row.context, Context::Screen | Context::Tuning | Context::Everywhere)) {
                Some(row) => run(app, row.command, Leaving::No),
                None => Vec::new(),
            }
        }
        Some(Overlay::Sessions(picker)) => match app.listed(&picker.query).get(picker.selected) {
            Some(Listed::Open(index)) => {
                app.current = *index;
                Vec::new()
            }
            Some(Listed::Recorded(index)) => vec![Effect::Open(app.library[*index].path.clone())],
            None => Vec::new(),
        },
        Some(Overlay::Label(labelling)) => labelling::accept(app, &labelling),
        Some(Overlay::Compare(row)) => {
            go_to_parting(app, row);
            Vec::new()
        }
        Some(Overlay::Composer) | None => Vec::new(),
    }
}

/// Moves the cursor to where a strategy parts from ours; without such a place the list stays open.
fn go_to_parting(app: &mut App, row: usize) {
    let Some(session) = app.session_mut() else { return };
    let Some(row) = session.compared.as_ref().and_then(|compared| compared.rows.get(row)) else { return };
    let (first, strategy) = (row.losses.first, row.strategy);
    if let Some(delta) = first {
        let reading = &session.engine.reading;
        session.seek(Cursor::on(reading, rows::of_frame(reading, reading.delta(delta).frame.0)));
    } else {
        app.overlays.push(Overlay::Compare(strategy as usize));
        app.notice = Some(format!("{} passes on the same text as evidence", strategy.name()));
    }
}
