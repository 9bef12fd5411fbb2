//! The hindsight view of the output: the whole session as it would read had its end been known, against what was passed on.
//!
//! It does not follow the cursor, for it is about the end; and it begins at the top, with its reasons.

use ratatui::layout::Rect;

use crate::{
    compare::{Keeps, pieces::Run},
    core::reading::{Channel, ChannelKey},
    tui::{
        panes::{View, output::Page},
        theme::Role,
    },
};

/// Most runs that are shown of a text; each takes a few cells at least.
const MOST_RUNS: usize = 400;

/// Writes what hindsight reads otherwise.
pub(super) fn write(view: &View<'_>, inner: Rect, page: &mut Page) {
    let dim = view.style(Role::Dim);
    let Some(look) = &view.session.engine.second_look else {
        let text = if view.session.live { "hindsight waits for the end" } else { "hindsight reads nothing otherwise" };
        return page.put(text, dim);
    };
    page.put("with hindsight, at the end: ", view.style(Role::Note));
    let dots = view.glyphs().ellipsis;
    page.put(&format!("[-{dots}-] was passed on, {{+{dots}+}} was not\n"), dim);
    for change in &look.changes {
        page.put(&format!("{} {}: {}\n", view.glyphs().finding, change.class.name(), change.evidence), dim);
    }
    let room = usize::from(inner.width) * usize::from(inner.height);
    for (key, runs) in &look.runs {
        page.new_line();
        page.put(&format!("{0} {1} {0}\n", view.glyphs().rule, name(*key)), dim);
        for (index, run) in runs.iter().take(MOST_RUNS).enumerate() {
            let (before, after) = (index > 0, index + 1 < runs.len());
            write_run(view, run, before, after, room, page);
        }
        if runs.len() > MOST_RUNS {
            page.put(dots, dim);
        }
    }
}

fn name(key: ChannelKey) -> String {
    let choice = if key.choice > 0 { format!(" choice {}", key.choice) } else { String::new() };
    let call = if key.channel == Channel::ToolArguments { format!(" of call {}", key.block) } else { String::new() };
    format!("{}{call}{choice}", key.channel.word())
}

/// A run; the middle of a long one, and what of a common one is far from a difference, is only counted.
fn write_run(view: &View<'_>, run: &Run, before: bool, after: bool, room: usize, page: &mut Page) {
    let (open, close, role) = match run.keeps {
        Keeps::Both => ("", "", Role::Text),
        Keeps::A => ("[-", "-]", Role::Removed),
        Keeps::B => ("{+", "+}", Role::Accent),
    };
    // A difference may be as long as the pane, what is the same a quarter of it.
    let most = if run.keeps == Keeps::Both { (room / 4).max(160) } else { room.max(400) };
    let style = view.style(role);
    let chars = run.text.chars().count();
    page.put(open, style);
    if chars <= most {
        page.put(&run.text, style);
    } else {
        let (head, tail) = match (run.keeps, before, after) {
            (Keeps::Both, false, true) => (most / 4, most / 2),
            (Keeps::Both, true, false) => (most / 2, most / 4),
            _ => (most / 2, most / 3),
        };
        let first: String = run.text.chars().take(head).collect();
        let last: String = run.text.chars().skip(chars - tail).collect();
        let dots = view.glyphs().ellipsis;
        page.put(&first, style);
        page.put(&format!("{dots}{} chars{dots}", chars - head - tail), view.style(Role::Dim));
        page.put(&last, style);
    }
    page.put(close, style);
}
