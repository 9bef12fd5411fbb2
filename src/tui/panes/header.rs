//! The first line: mode, session, dialect, breaker, verdict, place, time. What does not fit is left out from the right.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{Pane, rows, session::Mode},
    core::{input::Origin, machine::EndReason},
    report::Verdict,
    session::notes::Label,
    tui::{
        layout::Size,
        panes::{View, breaker, states},
        text::{Pen, width},
        theme::Role,
    },
};

/// Draws the header.
pub fn draw(view: &View<'_>, area: Rect, buf: &mut Buffer) {
    let parts = parts(view, area.width);
    let separator = format!(" {} ", view.glyphs().separator);
    let mut pen = Pen::new(buf, view.glyphs(), area, 0);
    for (index, (text, role)) in parts.iter().enumerate() {
        let needed = width(text) + if index > 0 { width(&separator) } else { 1 };
        if index > 0 && needed > pen.left() {
            break;
        }
        pen.put(if index > 0 { &separator } else { " " }, view.style(Role::Dim));
        pen.put(text, view.style(*role));
    }
}

fn parts(view: &View<'_>, columns: u16) -> Vec<(String, Role)> {
    let session = view.session;
    let reading = &session.engine.reading;
    let glyphs = view.glyphs();
    let (mode, role) = match session.mode {
        Mode::Follow if session.live => (format!("{} LIVE", glyphs.modes[0]), Role::Good),
        Mode::Playing => (format!("{} PLAY {}{}", glyphs.modes[1], glyphs.times, rate(session.rate())), Role::Accent),
        Mode::Paused if session.live => (format!("{} PAUSED live", glyphs.modes[2]), Role::Warning),
        Mode::Follow | Mode::Paused => {
            let sent = reading.start().is_some_and(|start| matches!(start.origin, Origin::Sent | Origin::Pipe));
            let at_end = session.cursor.row >= rows::last(reading);
            let word = if sent && session.request.is_some() && at_end { "ENDED" } else { "REPLAY" };
            (format!("{} {word}", glyphs.modes[3]), Role::Key)
        }
    };
    // Breaker and verdict are always there, so a long title gives way to them.
    let most = usize::from(columns).saturating_sub(62).clamp(12, 40);
    let title = if session.title.chars().count() > most {
        session.title.chars().take(most - 1).chain(glyphs.ellipsis.chars()).collect()
    } else {
        session.title.clone()
    };
    let mut parts = vec![(format!("{mode}  {title}"), role)];
    if let Some((dialect, _)) = reading.dialect() {
        parts.push((dialect.id.into(), Role::Text));
    }
    parts.push((breaker::short(view), breaker::role(view)));
    // Where nothing was asked there is no answer to be clean.
    parts.push(match session.engine.judgement.ended {
        Some(EndReason::Refused) => ("NOT SENT".into(), Role::Warning),
        _ => (session.verdict.word().to_uppercase(), verdict_role(session.verdict)),
    });
    if let Some(look) = &session.engine.second_look {
        // Beside the verdict, which is that of what was passed on.
        let count = look.changes.len();
        let plural = if count == 1 { "" } else { "s" };
        let text = if view.size <= Size::Small { "hindsight".into() } else { format!("hindsight: {count} change{plural}") };
        parts.push((text, Role::Note));
    }
    let undone = session.undone.count(&session.engine.judgement);
    if undone > 0 {
        parts.push((format!("{undone} undone"), Role::Warning));
    }
    if session.by_habit {
        parts.push(("by habit".into(), Role::Note));
    }
    parts.extend(labels(view).map(|text| (text, Role::Note)));
    parts.push((format!("{}/{}", view.moment.frames.min(reading.frame_count()), reading.frame_count()), Role::Text));
    if view.size <= Size::Small && reading.clocked() {
        parts.push((view.moment.at.to_string(), Role::Text));
    } else if reading.clocked() {
        parts.push((format!("{} of {}", view.moment.at, session.now.max(reading.last_at())), Role::Text));
    } else if reading.start().is_some() {
        parts.push(("no times".into(), Role::Dim));
    }
    parts.push((states::line(view), Role::Text));
    let profile = session.engine.profile();
    parts.push((format!("{} {}", profile.strategy.name(), profile.name), Role::Dim));
    if session.engine.judging() {
        parts.push(("judging anew".into(), Role::Warning));
    } else if session.before.is_some() {
        let change = session.change;
        parts.push((format!("findings {}{}{}", change.before, glyphs.arrow, change.after), Role::Accent));
    }
    parts
}

/// What the labels come to, if there are any; on a small screen only their number.
fn labels(view: &View<'_>) -> Option<String> {
    let notes = &view.session.noted.notes;
    let sign = notes.stream.map(|label| view.glyphs().labels[usize::from(label != Label::Fine)]);
    let count = match notes.labels.len() {
        0 => None,
        count if view.size <= Size::Small => Some(count.to_string()),
        count if sign.is_some() => Some(format!("+{count}")),
        1 => Some("1 label".into()),
        count => Some(format!("{count} labels")),
    };
    let stream = sign.zip(notes.stream).map(
        |(sign, label)| {
            if view.size <= Size::Small { sign.to_owned() } else { format!("{sign} {label}") }
        },
    );
    let parts: Vec<String> = stream.into_iter().chain(count).collect();
    let named = if view.size <= Size::Small { "label " } else { "" };
    (!parts.is_empty()).then(|| format!("{named}{}", parts.join(" ")))
}

fn rate(hundredths: u32) -> String {
    if hundredths.is_multiple_of(100) { (hundredths / 100).to_string() } else { format!("0.{:02}", hundredths % 100) }
}

fn verdict_role(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Stutter | Verdict::Broken => Role::Error,
        Verdict::Flagged => Role::Warning,
        Verdict::Clean => Role::Good,
    }
}

/// Draws the names of all panes, for screens that show only one.
pub fn tabs(view: &View<'_>, area: Rect, buf: &mut Buffer) {
    let mut pen = Pen::new(buf, view.glyphs(), area, 0);
    for pane in Pane::ALL {
        let role = if pane == view.app.focus { Role::Selected } else { Role::Dim };
        let text = if area.width >= 64 || pane == view.app.focus {
            format!(" {} {} ", pane.number(), pane.title())
        } else {
            format!(" {} ", pane.number())
        };
        pen.put(&text, view.style(role));
    }
}
