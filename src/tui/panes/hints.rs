//! The last lines: the finding at the cursor or a notice, and the keys that help here.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{ACTIONS, App, Command, Overlay},
    core::{class::Action, judgement::Finding},
    tui::{
        keymap::shown,
        panes::{View, role_of},
        text::{Pen, width},
        theme::{Role, Theme},
    },
};

/// Says the finding at or before the cursor, or what the program has to say.
pub fn finding(view: &View<'_>, area: Rect, buf: &mut Buffer) {
    if view.app.notice.is_some() {
        return notice(view.app, view.theme, area, buf);
    }
    let findings = &view.session.engine.judgement.findings;
    let end = findings.partition_point(|finding| finding.moment <= view.moment);
    let total = format!("{} of {} ", end, counted(findings.len()));
    let mut pen = Pen::new(buf, view.glyphs(), area, 0);
    match end.checked_sub(1).map(|index| &findings[index]) {
        None if findings.is_empty() => drop(pen.put(" no findings", view.style(Role::Dim))),
        None => drop(pen.put(&format!(" {} ahead: ] goes to the next", counted(findings.len())), view.style(Role::Dim))),
        Some(found) => {
            let reserved = width(&total) + 1;
            pen.put(&format!(" {} {} ", view.glyphs().finding, place(found)), view.style(role_of(found.level)));
            if view.session.engine.judgement.habit_behind(found).is_some() {
                pen.put("by habit ", view.style(Role::Note));
            }
            let undone = if view.session.undone.has(found) { ", undone in the view" } else { "" };
            pen.put_within(&format!("{}{undone}", sentence(found)), view.style(Role::Text), reserved);
            if pen.left() >= reserved {
                let columns = area.width.saturating_sub(width(&total) as u16);
                pen.tab(area, columns).put(&total, view.style(Role::Dim));
            }
        }
    }
}

fn counted(findings: usize) -> String {
    if findings == 1 { "1 finding".into() } else { format!("{findings} findings") }
}

fn place(finding: &Finding) -> String {
    let frame = finding.first_frame.map_or(String::new(), |frame| format!("{frame} "));
    format!("{frame}{}", finding.class.name())
}

fn sentence(finding: &Finding) -> String {
    format!("{}; {}", finding.evidence.trim_end_matches('.'), done(finding))
}

/// What was done about a finding, in a word.
pub fn done(finding: &Finding) -> &'static str {
    match finding.action {
        Action::Keep => "kept",
        Action::Hold => "held",
        Action::Suppress => "suppressed",
        Action::Reorder => "reordered",
        Action::Flag => "flagged",
    }
}

/// Says what the program has to say.
pub fn notice(app: &App, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if let Some(text) = &app.notice {
        let line = text.lines().collect::<Vec<_>>().join("  ");
        Pen::new(buf, theme.glyphs(), area, 0).put(&format!(" {line}"), theme.style(Role::Warning)).fill(theme.style(Role::Text));
    }
}

/// Shows keys in the table's order of importance, as many as there is room for.
pub fn keys(app: &App, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = tag(app, theme, area, buf);
    let context = app.contexts()[0];
    let mut rows: Vec<_> = ACTIONS.iter().filter(|row| row.context == context && row.hint.1 > 0).collect();
    if context == crate::app::Context::Tuning {
        rows.extend(
            ACTIONS.iter().filter(|row| row.context == crate::app::Context::Screen && matches!(row.hint.0, "tune" | "help")),
        );
    }
    rows.sort_by_key(|row| row.hint.1);
    let mut line = 0;
    let mut pen = Pen::new(buf, theme.glyphs(), area, line);
    pen.put(" ", theme.style(Role::Dim));
    for row in rows {
        // Two directions of the same thing share a label.
        let other = ACTIONS.get(row.command as usize + 1).filter(|next| pairs(row.id, next.id));
        let mut key = shown(row.keys[0], theme.ascii).to_owned();
        if let Some(other) = other {
            key = format!("{key} {}", shown(other.keys[0], theme.ascii));
        }
        let label = if row.command == Command::Accept { accepts(app) } else { row.hint.0 };
        let needed = width(&key) + width(label) + 1;
        if needed > pen.left() {
            line += 1;
            if line >= area.height {
                break;
            }
            pen = Pen::new(buf, theme.glyphs(), area, line);
            pen.put(" ", theme.style(Role::Dim));
        }
        pen.put(&key, theme.style(Role::Key)).put(&format!(" {label}"), theme.style(Role::Dim));
        let between = pen.left().min(2);
        pen.put(&"  "[..between], theme.style(Role::Dim));
    }
}

/// What Enter does in the list that lies over the screen.
fn accepts(app: &App) -> &'static str {
    match app.overlays.last() {
        Some(Overlay::Help(_)) => "run",
        Some(Overlay::Label(_)) => "put the label",
        Some(Overlay::Compare(_)) => "go to where it parts",
        Some(Overlay::Sessions(_) | Overlay::Composer) | None => "open",
    }
}

/// Says at the right who has the mouse, if it is not the terminal; returns what is left.
fn tag(app: &App, theme: &Theme, area: Rect, buf: &mut Buffer) -> Rect {
    const TAG: &str = " mouse ";
    let columns = TAG.len() as u16;
    if !app.mouse || area.width < 60 || area.height == 0 {
        return area;
    }
    let place = Rect { x: area.right() - columns, y: area.bottom() - 1, width: columns, height: 1 };
    Pen::new(buf, theme.glyphs(), place, 0).put(TAG, theme.style(Role::Accent));
    Rect { width: area.width - columns, ..area }
}

fn pairs(id: &str, next: &str) -> bool {
    let ends = [("-back", "-forward"), ("less", "more"), ("-up", "-down")];
    ends.iter().any(|(first, second)| id.strip_suffix(first).is_some_and(|stem| next.strip_suffix(second) == Some(stem)))
}
