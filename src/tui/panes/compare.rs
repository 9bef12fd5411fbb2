//! The strategies side by side, and the text of the picked one where it parts from ours.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Block, Widget},
};

use crate::{
    app::comparing::{Compared, Row},
    compare::{Keeps, pieces},
    core::{
        params::Strategy,
        reading::{ChannelKey, DeltaId, Reading},
    },
    tui::{
        panes::{
            View,
            output::{Page, heading},
        },
        text::{Pen, head, wrap},
        theme::Role,
    },
};

/// Longest piece of one side alone that is shown whole on a small screen, in characters.
const SHOWN: usize = 160;

/// Width from which each row lists what was found.
const WITH_FINDINGS: u16 = 100;

/// Draws the overlay.
pub fn draw(view: &View<'_>, picked: usize, area: Rect, buf: &mut Buffer) {
    let block = Block::bordered().border_set(view.theme.border(true)).border_style(view.style(Role::Accent));
    let inner = block.inner(area);
    block.render(area, buf);
    let line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    Pen::new(buf, view.glyphs(), line, 0).put(" Strategies on this session ", view.style(Role::Accent));
    let Some(compared) = &view.session.compared else {
        Pen::new(buf, view.glyphs(), inner, 0)
            .put(" judging it with every strategy; the keys go on working", view.style(Role::Warning));
        return;
    };
    table(view, compared, picked, inner, buf);
    let Some(row) = compared.rows.get(picked) else { return };
    let above = compared.rows.len() as u16 + 1;
    let below = below(row, usize::from(inner.width).saturating_sub(2), inner.height.saturating_sub(above));
    for (line, text) in below.iter().enumerate() {
        Pen::new(buf, view.glyphs(), inner, above + line as u16).put(&format!("  {text}"), view.style(Role::Dim));
    }
    let above = (above + below.len() as u16).min(inner.height);
    text(view, compared, row, Rect { y: inner.y + above, height: inner.height - above, ..inner }, buf);
}

/// What the picked strategy found, and where there is room what the columns say.
fn below(row: &Row, columns: usize, height: u16) -> Vec<String> {
    let findings: Vec<String> = row.findings.iter().map(|(class, count)| format!("{} {count}", class.name())).collect();
    let findings = if findings.is_empty() { "nothing".into() } else { findings.join(", ") };
    let mut lines = wrap(&format!("{} found {findings}", row.strategy.name()), columns);
    lines.truncate(3);
    if height >= 9 {
        lines.insert(0, "out: chars taken out, lost: of those kept by evidence, left: the reverse".into());
        lines.insert(0, String::new());
        lines.push(String::new());
    }
    lines
}

fn table(view: &View<'_>, compared: &Compared, picked: usize, area: Rect, buf: &mut Buffer) {
    let wide = area.width >= WITH_FINDINGS;
    let findings = if wide { "findings" } else { "" };
    let names =
        format!("  {:<10}{:<9}{:>7}{:>7}{:>7}  {:<19}{findings}", "strategy", "verdict", "out", "lost", "left", "parts first at");
    Pen::new(buf, view.glyphs(), area, 0).put(&names, view.style(Role::Dim));
    for (index, row) in compared.rows.iter().enumerate() {
        let line = index as u16 + 1;
        let mut pen = Pen::new(buf, view.glyphs(), area, line);
        let pointer = if index == picked { view.glyphs().pointer } else { " " };
        let loss = if row.losses.lost > 0 { Role::Error } else { Role::Text };
        let left = if row.losses.left > 0 { Role::Warning } else { Role::Text };
        pen.put(&format!("{pointer} {:<10}", row.strategy.name()), view.style(Role::Key));
        pen.put(&format!("{:<9}", row.verdict.word()), view.style(Role::Text));
        pen.put(&format!("{:>7}", row.suppressed), view.style(Role::Text));
        pen.put(&format!("{:>7}", row.losses.lost), view.style(loss)).put(&format!("{:>7}", row.losses.left), view.style(left));
        pen.put(&format!("  {:<19}", place(view, row)), view.style(Role::Text));
        if wide {
            let findings: Vec<String> = row.findings.iter().map(|(class, count)| format!("{} {count}", class.name())).collect();
            pen.put(&findings.join(", "), view.style(Role::Dim));
        }
        if index == picked {
            Pen::new(buf, view.glyphs(), area, line).fill(view.style(Role::Selected));
        }
    }
}

fn place(view: &View<'_>, row: &Row) -> String {
    let Some(delta) = row.losses.first else { return "-".into() };
    let reading = &view.session.engine.reading;
    let at = reading.frame_at(reading.delta(delta).frame);
    if reading.clocked() { format!("delta {} {at}", delta.0) } else { format!("delta {}", delta.0) }
}

/// The picked strategy's text against that of evidence; that of evidence against what came.
fn text(view: &View<'_>, compared: &Compared, row: &Row, area: Rect, buf: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let ours = row.strategy == Strategy::Evidence;
    let base = compared.row(if ours { Strategy::None } else { Strategy::Evidence });
    let first = if ours { compared.row(Strategy::None).losses.first } else { row.losses.first };
    let (a, b) = (if ours { "what came" } else { "evidence" }, row.strategy.name());
    let said = match first {
        None => format!("{b} passes on the same text as {a}"),
        Some(delta) => format!(
            "from delta {}: only in {a} [-{}-], only in {b} {{+{}+}}",
            delta.0,
            view.glyphs().ellipsis,
            view.glyphs().ellipsis
        ),
    };
    let rule = view.glyphs().rule;
    Pen::new(buf, view.glyphs(), area, 0).put(&format!("{rule} {said} {rule}"), view.style(Role::Dim));
    let inner = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let page = compose(view, &base.output, &row.output, first, inner);
    for (line, parts) in page.into_lines().iter().take(usize::from(inner.height)).enumerate() {
        let mut pen = Pen::new(buf, view.glyphs(), inner, line as u16);
        for (text, style) in parts {
            pen.put(text, *style);
        }
    }
}

fn compose(
    view: &View<'_>,
    a: &crate::core::output::Output,
    b: &crate::core::output::Output,
    first: Option<DeltaId>,
    area: Rect,
) -> Page {
    let reading = &view.session.engine.reading;
    let mut page = Page::new(area.width);
    let room = usize::from(area.width) * usize::from(area.height);
    let from = first.map_or(0, |delta| start(reading, delta, usize::from(area.width) * 2));
    if from > 0 {
        page.put(view.glyphs().ellipsis, view.style(Role::Dim));
    }
    // A long piece leaves room for what follows it.
    let shown = (room / 4).max(SHOWN);
    let mut key: Option<ChannelKey> = None;
    let mut written = 0;
    let mut run: Option<(Keeps, String)> = None;
    for piece in pieces(reading, a, b, from..reading.delta_count()) {
        if written > room * 4 {
            break;
        }
        written += piece.text.len().min(shown * 4);
        if key != Some(piece.key) {
            flush(view, &mut page, run.take(), shown);
            heading(view, &mut page, key, piece.key, reading.delta(piece.delta).frame);
            key = Some(piece.key);
        }
        match &mut run {
            Some((keeps, text)) if *keeps == piece.keeps => text.push_str(piece.text),
            _ => {
                flush(view, &mut page, run.take(), shown);
                run = Some((piece.keeps, piece.text.to_owned()));
            }
        }
    }
    flush(view, &mut page, run, shown);
    page
}

/// The delta from which there are `bytes` of text before `delta`.
fn start(reading: &Reading, delta: DeltaId, bytes: usize) -> u32 {
    let (mut from, mut before) = (delta.0, 0);
    while from > 0 && before < bytes {
        from -= 1;
        before += reading.delta(DeltaId(from)).text.len();
    }
    from
}

fn flush(view: &View<'_>, page: &mut Page, run: Option<(Keeps, String)>, shown: usize) {
    let Some((keeps, text)) = run else { return };
    let (open, close, role) = match keeps {
        Keeps::Both => return page.put(&text, view.style(Role::Text)),
        // Without a mark two sides that both lack something could not be told apart.
        Keeps::A => ("[-", "-]", Role::Removed),
        Keeps::B => ("{+", "+}", Role::Accent),
    };
    let style = view.style(role);
    page.put(open, style);
    let chars = text.chars().count();
    if chars > shown {
        let tail: String = text.chars().skip(chars - shown / 4).collect();
        let dots = view.glyphs().ellipsis;
        let beginning: String = head(&text, shown * 4).chars().take(shown / 2).collect();
        page.put(&beginning, style);
        page.put(&format!("{dots}{chars} chars{dots}"), view.style(Role::Dim));
        page.put(&tail, style);
    } else {
        page.put(&text, style);
    }
    page.put(close, style);
}
