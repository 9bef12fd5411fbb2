//! The only place where the interface's state changes.

mod labelling;
mod lists;
mod move_cursor;
mod pointing;

use crate::{
    app::{
        Action, App, Command, Effect, Overlay, Pane, Session, comparing,
        compose::{Field, Request},
        session::{Mode, SPEEDS, SessionId},
        state::{InspectorView, Leaving, OpenedFile, OutputView, Picker},
        tuning::{self, Move},
    },
    core::{input::Input, profile::Profile, time::Micros},
};

/// Most sessions that have ended and can be opened again, kept in memory while new ones come by themselves.
const MOST_FINISHED: usize = 32;

/// Applies `action` and returns what the loop is to do.
pub fn update(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Run(command) => {
            app.notice = None;
            let asked = std::mem::replace(&mut app.leaving, Leaving::No);
            run(app, command, asked)
        }
        Action::Type(input) => {
            lists::type_into(app, input);
            Vec::new()
        }
        Action::Paste(text) => {
            if app.overlays.last() == Some(&Overlay::Composer) {
                app.composer.paste(&text);
            }
            Vec::new()
        }
        Action::Arrived { session, inputs, now, closed } => arrived(app, session, &inputs, now, closed).into_iter().collect(),
        Action::Point(target) => {
            pointing::point(app, target);
            Vec::new()
        }
        Action::Wheel { pane, forward } => {
            pointing::wheel(app, pane, forward);
            Vec::new()
        }
        Action::Tick(us) => {
            if let Some(session) = app.session_mut().filter(|session| session.mode == Mode::Playing) {
                session.play(us);
            }
            Vec::new()
        }
        Action::Recording(id, path) => {
            if let Some(session) = find(app, id) {
                session.path = Some(path);
            }
            Vec::new()
        }
        Action::Known(id, habits) => {
            if let Some(session) = find(app, id) {
                session.know(habits);
            }
            Vec::new()
        }
        Action::Failed(id, reason) => {
            failed(app, id);
            app.notice = Some(reason);
            Vec::new()
        }
        Action::Judged(id, fresh) => find(app, id).and_then(|session| tuning::judged(session, *fresh)).into_iter().collect(),
        Action::Compared(id, compared) => {
            if let Some(session) = find(app, id) {
                session.compared = Some(*compared);
                // What came meanwhile waited for this.
                session.fold(&[], session.now);
            }
            Vec::new()
        }
        Action::Noted(id, notes, text) => {
            let Some(session) = find(app, id) else { return Vec::new() };
            session.take_notes(*notes, text);
            let count = session.noted.notes.labels.len();
            let stream = session.noted.notes.stream.map_or(String::new(), |label| format!(", stream: {label}"));
            let labels = if count == 1 { "1 label".into() } else { format!("{count} labels") };
            app.notice = Some(format!("noted beside the recording: {labels}{stream}"));
            Vec::new()
        }
        Action::Opened(file) => {
            opened(app, *file);
            Vec::new()
        }
        Action::Listed(entries) => {
            app.library = entries;
            Vec::new()
        }
        Action::Say(text) => {
            app.notice = Some(text);
            Vec::new()
        }
        Action::Piped(title) => {
            app.add(title, app.profile.clone(), true);
            Vec::new()
        }
        Action::Called(title, profile) => {
            // Nobody who looks into a session is taken away from it.
            let busy = app.session().is_some_and(|session| session.mode != Mode::Follow).then_some(app.current);
            app.add(title, profile, true);
            if let Some(session) = app.sessions.last_mut() {
                session.called = true;
            }
            app.current = busy.unwrap_or(app.current);
            app.notice = forget_finished(app);
            Vec::new()
        }
    }
}

fn run(app: &mut App, command: Command, asked: Leaving) -> Vec<Effect> {
    use Command::*;
    match command {
        StepBack | StepForward | StepBackTen | StepForwardTen | FindingBack | FindingForward | TransitionBack
        | TransitionForward | GapBack | GapForward | Start | Live | Up | Down | PageUp | PageDown => move_cursor::run(app, command),
        Play => play(app),
        Slower => speed(app, false),
        Faster => speed(app, true),
        NextPane => turn(app, 1),
        PreviousPane => turn(app, Pane::ALL.len() - 1),
        Chunks => focus(app, Pane::Chunks),
        States => focus(app, Pane::States),
        Scores => focus(app, Pane::Scores),
        Output => focus(app, Pane::Output),
        Inspector => focus(app, Pane::Inspector),
        Tuning => focus(app, Pane::Tuning),
        Zoom => app.zoomed = !app.zoomed,
        View => view(app),
        Tune if app.focus == Pane::Tuning => close_tuning(app),
        Tune => open_tuning(app),
        UndoFinding => app.notice = app.session_mut().map(Session::undo_finding),
        LabelDelta => labelling::open(app, false),
        LabelStream => labelling::open(app, true),
        OtherBack => labelling::other(app, false),
        OtherForward => labelling::other(app, true),
        Compare => {
            let Some(session) = app.session_mut() else { return Vec::new() };
            let effect = comparing::compare(session);
            app.overlays.push(Overlay::Compare(0));
            return effect.into_iter().collect();
        }
        Compose => app.overlays.push(Overlay::Composer),
        Sessions => {
            app.overlays.push(Overlay::Sessions(Picker::default()));
            return vec![Effect::List];
        }
        Resend => return resend(app),
        Save => return save(app),
        Help | Palette => app.overlays.push(Overlay::Help(Picker::default())),
        Back if !back(app) => return vec![Effect::Quit],
        Back => {}
        Escape => drop(back(app)),
        Mouse => {
            app.mouse = !app.mouse;
            app.notice = Some(if app.mouse { "the mouse is ours; m gives it back" } else { "the mouse is the terminal's" }.into());
            return vec![Effect::Mouse(app.mouse)];
        }
        Quit => return vec![Effect::Quit],
        ParamUp => app.tuning_row = app.tuning_row.saturating_sub(1),
        ParamDown => app.tuning_row = (app.tuning_row + 1).min(tuning::row_count() - 1),
        Less => return tune(app, Move::Steps(-1)),
        More => return tune(app, Move::Steps(1)),
        MuchLess => return tune(app, Move::Halve),
        MuchMore => return tune(app, Move::Double),
        Reset => return tune(app, Move::Default),
        NextProfile => return retune(app, tuning::next_profile),
        Undo => return app.session_mut().and_then(|session| tuning::undo(session, false)).into_iter().collect(),
        Redo => return app.session_mut().and_then(|session| tuning::undo(session, true)).into_iter().collect(),
        Send => return send_composed(app),
        NextField => app.composer.turn(true),
        PreviousField => app.composer.turn(false),
        PickUp => app.composer.pick(false),
        PickDown => app.composer.pick(true),
        Enter if app.composer.field == Field::Text && app.composer.is_body => app.composer.new_line(),
        Enter => return send_composed(app),
        ToggleBody => {
            app.composer.is_body = !app.composer.is_body;
            app.composer.field = Field::Text;
        }
        CloseComposer | CloseList => drop(app.overlays.pop()),
        ListUp => lists::pick(app, -1),
        ListDown => lists::pick(app, 1),
        ListPageUp => lists::pick(app, -10),
        ListPageDown => lists::pick(app, 10),
        Accept => return lists::accept(app),
        Interrupt => return interrupt(app, asked),
        Redraw => return vec![Effect::Redraw],
        Suspend => return vec![Effect::Suspend],
    }
    Vec::new()
}

fn with(app: &mut App, change: impl FnOnce(&mut Session)) {
    if let Some(session) = app.session_mut() {
        change(session);
    }
}

fn find(app: &mut App, id: SessionId) -> Option<&mut Session> {
    app.sessions.iter_mut().find(|session| session.id == id)
}

/// Folds what came. A loop that the profile does not want is ended while it goes on.
fn arrived(app: &mut App, id: SessionId, inputs: &[Input], now: Micros, closed: bool) -> Option<Effect> {
    let session = find(app, id)?;
    if closed {
        // Deadlines after the last input belong to nobody: the session is what its recording replays to.
        session.live = false;
    }
    session.fold(inputs, now);
    if closed && inputs.is_empty() {
        session.engine.close();
    }
    let wanted = session.live && session.engine.judgement.wants_stop(&session.engine.reading);
    (wanted && !std::mem::replace(&mut session.stopped, true)).then_some(Effect::EndLoop(id))
}

fn opened(app: &mut App, file: OpenedFile) {
    app.add(file.title, file.engine.judgement.profile.clone(), false);
    if let Some(session) = app.session_mut() {
        session.path = file.path;
        session.engine = file.engine;
        match file.notes {
            Ok((notes, text)) => session.take_notes(notes, text),
            Err(error) => session.noted.error = Some(error),
        }
        session.fold(&[], Micros::ZERO);
        session.go_to_end();
        // The first thing to look at is what went wrong; without that, the whole.
        let start = crate::app::Cursor::default();
        if !session.engine.judgement.findings.is_empty() {
            session.cursor = start.finding(&session.engine.reading, &session.engine.judgement, true);
        }
    }
    app.overlays.clear();
    let mut remarks = file.remarks;
    if let Some(noted) = app.session().map(|session| &session.noted) {
        remarks.extend(noted.error.clone());
        remarks.extend((noted.lost > 0).then(|| format!("{} of the labels are about no delta of this reading", noted.lost)));
    }
    app.notice = (!remarks.is_empty()).then(|| remarks.join("; "));
}

/// A proxy's calls come without end, so only the latest of those that have ended stay in memory; the others are in the list of
/// recordings. Of what cannot be opened again from there only calls go, and that is said.
fn forget_finished(app: &mut App) -> Option<String> {
    let current = app.session().map(|session| session.id);
    let may_go = |session: &Session| !session.live && (session.called || session.path.is_some()) && Some(session.id) != current;
    let mut lost = None;
    while app.sessions.iter().filter(|session| may_go(session)).count() > MOST_FINISHED {
        let Some(index) = app.sessions.iter().position(may_go) else { break };
        let gone = app.sessions.remove(index);
        if gone.path.is_none() {
            lost = Some(format!("{} is gone: of calls that are not recorded the last {MOST_FINISHED} are kept", gone.title));
        }
        if app.current > index {
            app.current -= 1;
        }
    }
    lost
}

/// A session that never began leaves nothing to look at, so the one before is shown again.
fn failed(app: &mut App, id: SessionId) {
    let Some(index) = app.sessions.iter().position(|session| session.id == id) else { return };
    let session = &mut app.sessions[index];
    session.live = false;
    if session.engine.reading.start().is_none() {
        app.sessions.remove(index);
        if app.current >= index {
            app.current = app.current.saturating_sub(1);
        }
    }
}

fn play(app: &mut App) {
    with(app, |session| match session.mode {
        Mode::Playing => session.mode = Mode::Paused,
        Mode::Follow if session.live => session.mode = Mode::Paused,
        Mode::Follow | Mode::Paused => {
            let at_end = session.cursor.row >= crate::app::rows::last(&session.engine.reading);
            if at_end && !session.live {
                session.cursor = crate::app::Cursor::default();
            }
            session.mode = Mode::Playing;
        }
    });
}

fn speed(app: &mut App, faster: bool) {
    with(app, |session| {
        session.speed = if faster { (session.speed + 1).min(SPEEDS.len() - 1) } else { session.speed.saturating_sub(1) };
    });
}

fn focus(app: &mut App, pane: Pane) {
    app.tuning |= pane == Pane::Tuning;
    app.focus = pane;
    if pane != Pane::Chunks {
        app.beside = pane;
    }
    if pane == Pane::Inspector {
        app.tuning = false;
    }
}

fn turn(app: &mut App, by: usize) {
    let panes: Vec<Pane> = Pane::ALL.into_iter().filter(|pane| app.tuning || *pane != Pane::Tuning).collect();
    let index = panes.iter().position(|pane| *pane == app.focus).unwrap_or(0);
    let by = if by == 1 { 1 } else { panes.len() - 1 };
    let tuning = app.tuning;
    focus(app, panes[(index + by) % panes.len()]);
    app.tuning |= tuning;
}

fn view(app: &mut App) {
    if app.focus == Pane::Inspector {
        app.inspector_scroll = 0;
        app.inspector_view = match app.inspector_view {
            InspectorView::Json => InspectorView::Hex,
            InspectorView::Hex => InspectorView::Head,
            InspectorView::Head => InspectorView::Json,
        };
    } else {
        let has = |what: fn(&Session) -> bool| app.session().is_some_and(what);
        app.output_view = match app.output_view {
            OutputView::Diff => OutputView::Clean,
            OutputView::Clean => OutputView::Raw,
            OutputView::Raw if has(|session| session.has_json) => OutputView::Json,
            OutputView::Raw | OutputView::Json if has(|session| session.engine.second_look.is_some()) => OutputView::Hindsight,
            OutputView::Raw | OutputView::Json | OutputView::Hindsight => OutputView::Diff,
        };
    }
}

/// Opens the tuning pane on the parameter that decided the finding at the cursor.
fn open_tuning(app: &mut App) {
    if let Some(session) = app.session() {
        let findings = &session.engine.judgement.findings;
        let end = findings.partition_point(|finding| finding.moment <= session.moment());
        let row = end.checked_sub(1).and_then(|index| tuning::row_of(findings[index].class));
        app.tuning_row = row.unwrap_or(app.tuning_row);
    }
    focus(app, Pane::Tuning);
}

fn close_tuning(app: &mut App) {
    app.tuning = false;
    focus(app, Pane::Chunks);
    app.beside = Pane::Output;
}

fn tune(app: &mut App, by: Move) -> Vec<Effect> {
    let row = app.tuning_row;
    retune(app, |profile| tuning::moved(profile, row, by))
}

fn retune(app: &mut App, change: impl FnOnce(&Profile) -> Profile) -> Vec<Effect> {
    let Some(session) = app.session_mut() else { return Vec::new() };
    let profile = change(session.engine.profile());
    session.redo.clear();
    tuning::retune(session, profile).into_iter().collect()
}

/// Goes back one layer; false if this was the last one.
fn back(app: &mut App) -> bool {
    if app.zoomed {
        app.zoomed = false;
    } else if app.focus == Pane::Tuning {
        close_tuning(app);
    } else if app.focus != Pane::Chunks {
        app.focus = Pane::Chunks;
    } else {
        return false;
    }
    true
}

fn interrupt(app: &mut App, asked: Leaving) -> Vec<Effect> {
    let live = app.session().filter(|session| session.live).or_else(|| app.sessions.iter().find(|session| session.live));
    match live.map(|session| session.id) {
        Some(id) if asked == Leaving::No => {
            app.leaving = Leaving::Asked;
            app.notice = Some("cancelling; ctrl-c again quits".into());
            vec![Effect::Cancel(id)]
        }
        _ if asked == Leaving::Asked => vec![Effect::Quit],
        _ => {
            app.leaving = Leaving::Asked;
            app.notice = Some("ctrl-c again quits".into());
            Vec::new()
        }
    }
}

fn send_composed(app: &mut App) -> Vec<Effect> {
    if !app.composer.check() {
        return Vec::new();
    }
    let request = app.composer.request();
    app.overlays.clear();
    send(app, request)
}

/// Opens a live session for `request` and asks the loop to send it.
fn send(app: &mut App, request: Request) -> Vec<Effect> {
    let title = if request.model.is_empty() { request.provider.clone() } else { request.model.clone() };
    // A profile that is being tried goes on to the next session; that of an old recording does not.
    let tried = app.session().filter(|session| session.before.is_some()).map(|session| session.engine.profile().clone());
    // What was known of its endpoint is not known of another.
    let profile = Profile { habits: Vec::new(), ..tried.unwrap_or_else(|| app.profile.clone()) };
    let id = app.add(title, profile, true);
    with(app, |session| session.request = Some(request.clone()));
    vec![Effect::Send(id, request)]
}

fn resend(app: &mut App) -> Vec<Effect> {
    let request = app.session().and_then(|session| session.request.clone().or_else(|| recorded_request(session)));
    match request {
        Some(request) => send(app, request),
        None => {
            app.notice = Some("this session has no request to send again; c composes one".into());
            Vec::new()
        }
    }
}

fn recorded_request(session: &Session) -> Option<Request> {
    let start = session.engine.reading.start()?;
    let known = !start.provider.is_empty() && !start.body.is_empty();
    known.then(|| Request { provider: start.provider.clone(), model: start.model.clone(), text: start.body.clone(), is_body: true })
}

fn save(app: &mut App) -> Vec<Effect> {
    match app.session().and_then(|session| session.path.clone()) {
        Some(path) => vec![Effect::Copy(path)],
        None => {
            app.notice = Some("this session has no recording".into());
            Vec::new()
        }
    }
}

/// Sends the opener of the demo provider, as the program does when it starts with nothing configured.
pub fn begin(app: &mut App) -> Vec<Effect> {
    let request = app.composer.request();
    send(app, request)
}
