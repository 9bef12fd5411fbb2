//! 2 States: where the machine is, and how it came there.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{Cursor, Pane, Session},
    core::{
        machine::{State, Transition},
        reading::{Channel, DeltaId},
        time::Moment,
    },
    tui::{
        panes::{View, frame},
        text::{Pen, wrap},
        theme::Role,
        widgets::window,
    },
};

/// The state at the cursor, and its phase: `NormalFlow · reasoning`.
pub fn line(view: &View<'_>) -> String {
    let judgement = &view.session.engine.judgement;
    let state = judgement.state_at(view.moment);
    // The rest is shown as it was recorded.
    let stopped = state != State::Terminating && judgement.stop.is_some_and(|stop| stop.moment <= view.moment);
    let stop = if stopped { format!(" {} loop.stop", view.glyphs().dot) } else { String::new() };
    format!("{} {} {}{stop}", state.name(), view.glyphs().dot, phase(view, state))
}

fn phase(view: &View<'_>, state: State) -> &'static str {
    let (reading, judgement) = (&view.session.engine.reading, &view.session.engine.judgement);
    if state == State::Terminating {
        return judgement.ended.map_or("ending", |reason| reason.word());
    }
    let frames = view.moment.frames.min(reading.frame_count());
    let deltas = frames.checked_sub(1).map_or(0, |frame| reading.frame(crate::core::reading::FrameId(frame)).deltas_end);
    match deltas.checked_sub(1).map(|delta| reading.delta(DeltaId(delta)).key.channel) {
        None => "waiting",
        Some(Channel::Text) => "answering",
        Some(Channel::Reasoning) => "reasoning",
        Some(Channel::ToolArguments) => "calling a tool",
        Some(Channel::Refusal) => "refusing",
    }
}

/// The style's role of a state.
pub fn role(state: State) -> Role {
    match state {
        State::Initial => Role::Dim,
        State::Stuttering => Role::Error,
        State::NormalFlow => Role::Good,
        State::Recovering => Role::Warning,
        State::Terminating => Role::Note,
    }
}

/// Draws the pane.
pub fn draw(view: &View<'_>, area: Rect, buf: &mut Buffer) {
    let (reading, judgement) = (&view.session.engine.reading, &view.session.engine.judgement);
    let count = judgement.transitions.len();
    let inner = frame(view.app, view.theme, Pane::States, "", &format!("{count} transitions"), area, buf);
    let state = judgement.state_at(view.moment);
    Pen::new(buf, view.glyphs(), inner, 0).put(&line(view), view.style(role(state)));
    let list = Rect { y: inner.y + 1.min(inner.height), height: inner.height.saturating_sub(1), ..inner };
    let here = judgement.transitions.partition_point(|item| item.moment <= view.moment).checked_sub(1);
    for Shown { mut line, index, cause } in shown(view.session, view.moment, list) {
        let item = &judgement.transitions[index];
        let current = here == Some(index);
        let future = item.moment > view.moment;
        let text = |role| view.style(if future { Role::Dim } else { role });
        let mut pen = Pen::new(buf, view.glyphs(), list, line);
        pen.put(if current { view.glyphs().pointer } else { " " }, view.style(Role::Accent));
        let time = if reading.clocked() { item.moment.at.to_string() } else { format!("#{}", item.moment.frames) };
        pen.put(&format!("{time:>8}"), view.style(Role::Dim)).put(if list.width >= 36 { " " } else { "" }, view.style(Role::Dim));
        // Where both do not fit, the state before is that of the row above.
        let from = if list.width >= 36 { item.from.name() } else { "" };
        pen.put(&format!("{from} {} ", view.glyphs().arrow), view.style(Role::Dim));
        pen.put(item.to.name(), text(role(item.to)));
        if current {
            Pen::new(buf, view.glyphs(), list, line).fill(view.at_cursor(Pane::States));
        }
        for text in &cause {
            line += 1;
            Pen::new(buf, view.glyphs(), list, line).put(&format!("{:1$}{text}", "", indent(list)), view.style(Role::Dim));
        }
    }
}

/// A transition on the screen.
struct Shown {
    /// Its line in the list.
    line: u16,
    /// Its index.
    index: usize,
    /// Why, in the lines below it.
    cause: Vec<String>,
}

fn indent(list: Rect) -> usize {
    if list.width >= 36 { 10 } else { 5 }
}

/// What the list shows: what happened and below it why, whole where all of them fit so, else on one line.
fn shown(session: &Session, moment: Moment, list: Rect) -> Vec<Shown> {
    let (reading, transitions) = (&session.engine.reading, &session.engine.judgement.transitions);
    let columns = usize::from(list.width).saturating_sub(indent(list)).max(8);
    let cause = |item: &Transition| {
        let frame = Cursor::at(reading, item.moment).frame(reading).map_or(String::new(), |frame| format!("@{} ", frame.0));
        format!("{frame}{}", item.cause)
    };
    let (count, room) = (transitions.len(), usize::from(list.height));
    let whole = count * 2 <= room && transitions.iter().map(|item| 1 + wrap(&cause(item), columns).len()).sum::<usize>() <= room;
    let here = transitions.partition_point(|item| item.moment <= moment).saturating_sub(1);
    let first = if whole { 0 } else { window(here as u32, count as u32, list.height / 2) };
    let mut rows = Vec::new();
    let mut line = 0;
    for (index, item) in transitions.iter().enumerate().skip(first as usize) {
        if line >= list.height {
            break;
        }
        let cause = if whole { wrap(&cause(item), columns) } else { vec![cause(item)] };
        let height = 1 + cause.len() as u16;
        rows.push(Shown { line, index, cause });
        line += height;
    }
    rows
}

/// The cursor for a click on line `line` of the pane's inside.
pub fn cursor_at(session: &Session, inner: Rect, line: u16) -> Option<Cursor> {
    let list = Rect { y: inner.y + 1.min(inner.height), height: inner.height.saturating_sub(1), ..inner };
    let line = line.checked_sub(1)?;
    let rows = shown(session, session.moment(), list);
    let row = rows.iter().rev().find(|row| row.line <= line)?;
    (line <= row.line + row.cause.len() as u16)
        .then(|| Cursor::at(&session.engine.reading, session.engine.judgement.transitions[row.index].moment))
}
