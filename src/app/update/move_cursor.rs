//! Moving the one cursor, by hand.

use crate::app::{App, Command, Cursor, Pane, Session, rows, session::Mode};

/// Rows of a page, whatever the size of the screen.
const PAGE: u32 = 20;

/// Runs a command that moves.
pub fn run(app: &mut App, command: Command) {
    let focus = app.focus;
    if focus == Pane::Inspector && matches!(command, Command::Up | Command::Down | Command::PageUp | Command::PageDown) {
        let by = match command {
            Command::Up => -1,
            Command::Down => 1,
            Command::PageUp => -10,
            _ => 10,
        };
        app.inspector_scroll = app.inspector_scroll.saturating_add_signed(by);
        return;
    }
    app.inspector_scroll = 0;
    let Some(session) = app.session_mut() else { return };
    if command == Command::Live {
        session.mode = if session.live { Mode::Follow } else { Mode::Paused };
        session.go_to_end();
        return;
    }
    let cursor = target(session, command, focus);
    session.seek(cursor);
}

fn target(session: &Session, command: Command, focus: Pane) -> Cursor {
    let (reading, judgement, cursor) = (&session.engine.reading, &session.engine.judgement, session.cursor);
    let steps = |count: u32, forward: bool| (0..count).fold(cursor, |cursor, _| cursor.delta(reading, forward));
    match command {
        Command::StepBack => steps(1, false),
        Command::StepForward => steps(1, true),
        Command::StepBackTen => steps(10, false),
        Command::StepForwardTen => steps(10, true),
        Command::FindingBack => cursor.finding(reading, judgement, false),
        Command::FindingForward => cursor.finding(reading, judgement, true),
        Command::TransitionBack => cursor.transition(reading, judgement, false),
        Command::TransitionForward => cursor.transition(reading, judgement, true),
        Command::GapBack => cursor.gap(reading, false),
        Command::GapForward => cursor.gap(reading, true),
        Command::Start => Cursor::on(reading, 0),
        // In the other panes the same keys walk what the pane lists, and drag the cursor along.
        Command::Up if focus == Pane::States => cursor.transition(reading, judgement, false),
        Command::Down if focus == Pane::States => cursor.transition(reading, judgement, true),
        Command::Up if focus == Pane::Scores => cursor.finding(reading, judgement, false),
        Command::Down if focus == Pane::Scores => cursor.finding(reading, judgement, true),
        Command::Up if focus == Pane::Output => cursor.delta(reading, false),
        Command::Down if focus == Pane::Output => cursor.delta(reading, true),
        Command::PageUp if focus == Pane::Output => steps(PAGE, false),
        Command::PageDown if focus == Pane::Output => steps(PAGE, true),
        Command::Up => cursor.rows(reading, -1),
        Command::Down => cursor.rows(reading, 1),
        Command::PageUp => cursor.rows(reading, -i64::from(PAGE)),
        Command::PageDown => cursor.rows(reading, i64::from(PAGE)),
        _ => Cursor::on(reading, rows::last(reading).min(cursor.row)),
    }
}
