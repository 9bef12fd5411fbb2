//! The list of labels for a delta or the stream; typing filters, Enter puts one.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{
        App, Session,
        labels::{Choice, Labelling, Target, choice_text},
    },
    session::notes::Label,
    tui::{
        panes::sessions::list_frame,
        text::Pen,
        theme::{Role, Theme},
        widgets::window,
    },
};

/// Draws the overlay.
pub fn draw(app: &App, theme: &Theme, labelling: &Labelling, area: Rect, buf: &mut Buffer) {
    let Some(session) = app.session() else { return };
    let rows = session.label_choices(labelling.target, &labelling.picker.query);
    let inner = list_frame(
        theme,
        &title(session, labelling.target, theme.glyphs().ellipsis),
        &labelling.picker.query,
        rows.len(),
        area,
        buf,
    );
    let selected = labelling.picker.selected;
    let first = window(selected as u32, rows.len() as u32, inner.height) as usize;
    let current = session.label(labelling.target).map(Choice::Put);
    for (line, row) in rows.iter().skip(first).take(usize::from(inner.height)).enumerate() {
        let line = line as u16;
        let [name, title] = choice_text(*row, labelling.target);
        let role = match row {
            Choice::Remove => Role::Warning,
            Choice::Put(Label::Fine) => Role::Good,
            Choice::Put(Label::Stutter(_)) => Role::Key,
        };
        let mut pen = Pen::new(buf, theme.glyphs(), inner, line);
        pen.put(if current == Some(*row) { theme.glyphs().pointer } else { " " }, theme.style(Role::Accent));
        pen.put(&format!("{name:<22}"), theme.style(role)).put(title, theme.style(Role::Text));
        if first + usize::from(line) == selected {
            Pen::new(buf, theme.glyphs(), inner, line).fill(theme.style(Role::Selected));
        }
    }
}

fn title(session: &Session, target: Target, ellipsis: &str) -> String {
    const SHOWN: usize = 24;
    match target {
        Target::Stream => "Label the whole stream".into(),
        Target::Delta(delta) => {
            let reading = &session.engine.reading;
            let row = reading.delta(delta);
            let deltas = reading.deltas_of(row.frame);
            let of = if deltas.len() > 1 {
                format!(", {} of {}, left/right", delta.0 - deltas.start + 1, deltas.len())
            } else {
                String::new()
            };
            let text: String = row.text.chars().take(SHOWN).collect();
            let more = if row.text.chars().count() > SHOWN { ellipsis } else { "" };
            format!("Label delta {} ({}{of}) \"{text}{more}\"", delta.0, row.key.channel.word())
        }
    }
}
