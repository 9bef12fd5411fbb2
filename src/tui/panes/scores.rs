//! 3 Scores: each detector's value, its threshold and a word, at the cursor; below them the breaker and the numbers.
//!
//! Where there is no room for all of that, detectors that were silent up to the cursor share a line.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::Pane,
    core::{
        detect::{DETECTORS, DetectorInfo},
        params::Unit,
        time::Moment,
    },
    tui::{
        panes::{View, breaker, frame},
        text::{Pen, width, wrap},
        theme::Role,
        widgets::{bar, gauge},
    },
};

/// Draws the pane.
pub fn draw(view: &View<'_>, area: Rect, buf: &mut Buffer) {
    let foot = format!("{} over threshold", view.glyphs().finding);
    let inner = frame(view.app, view.theme, Pane::Scores, "", &foot, area, buf);
    let below = breaker::lines(view, inner.width);
    let all = DETECTORS.len() + 1 + below.len() <= usize::from(inner.height);
    let (silent, spoke): (Vec<_>, Vec<_>) =
        DETECTORS.iter().enumerate().partition(|(index, _)| !all && highest(view, *index, 0, view.moment.frames) == 0);
    let mut line = 0;
    for (index, info) in spoke {
        score_line(view, index, info, inner, line, buf);
        line += 1;
    }
    let names: Vec<&str> = silent.iter().map(|(_, info)| info.id).collect();
    let text = if names.is_empty() { String::new() } else { format!("quiet so far: {}", names.join(", ")) };
    let wrapped = if text.is_empty() { Vec::new() } else { wrap(&text, usize::from(inner.width).max(16)) };
    for part in wrapped {
        Pen::new(buf, view.glyphs(), inner, line).put(&part, view.style(Role::Dim));
        line += 1;
    }
    // An empty line parts them where it costs nothing.
    let between = u16::from(usize::from(line) + below.len() < usize::from(inner.height));
    let top = (line + between).min(inner.height);
    breaker::draw(view, below, Rect { y: inner.y + top, height: inner.height - top, ..inner }, buf);
}

/// The detector with the highest score at the cursor, on one line, for screens without room for the pane.
pub fn top_line(view: &View<'_>, area: Rect, line: u16, buf: &mut Buffer) {
    let judgement = &view.session.engine.judgement;
    let top = (0..DETECTORS.len()).max_by_key(|index| (judgement.score_at(*index, view.moment), std::cmp::Reverse(*index)));
    if let Some(index) = top {
        score_line(view, index, &DETECTORS[index], area, line, buf);
    }
}

fn score_line(view: &View<'_>, index: usize, info: &DetectorInfo, area: Rect, line: u16, buf: &mut Buffer) {
    let judgement = &view.session.engine.judgement;
    let score = judgement.score_at(index, view.moment);
    let (word, role) = match score {
        0 => ("quiet", Role::Dim),
        1..500 => ("low", Role::Text),
        500..1_000 => ("near", Role::Warning),
        _ => ("over", Role::Error),
    };
    let (cells, columns) = if area.width >= 60 {
        (12, 16)
    } else if area.width >= 44 {
        (8, 14)
    } else if area.width >= 40 {
        (6, 14)
    } else {
        (3, 14)
    };
    let mut pen = Pen::new(buf, view.glyphs(), area, line);
    pen.put(&format!("{:<11}", info.id), view.style(Role::Text));
    pen.put(&gauge(view.glyphs(), u64::from(score), cells), view.style(role));
    pen.put(&format!(" {:<columns$} ", value(view, info, score)), view.style(Role::Text));
    pen.put(&format!("{word:<6}"), view.style(role));
    pen.put(if score >= 1_000 { view.glyphs().finding } else { " " }, view.style(role));
    spark(view, index, &mut pen);
}

/// Value and threshold in the threshold's own unit.
fn value(view: &View<'_>, info: &DetectorInfo, score: u16) -> String {
    let Some(param) = info.threshold else { return format!("{}.{:02} / 1.00", score / 1_000, score % 1_000 / 10) };
    let limit = view.session.engine.judgement.profile.params.get(param);
    let value = limit.saturating_mul(u64::from(score)) / 1_000;
    match param.info().unit {
        Unit::Millis => format!("{value} / {limit} ms"),
        Unit::Chars => format!("{value} / {limit} ch"),
        Unit::Bytes | Unit::Deltas | Unit::Count => format!("{value} / {limit}"),
        Unit::Thousandths => format!("{value} / {limit} {}", param.info().unit.suffix()),
    }
}

/// The highest score from frame `from` to frame `to`: what it was before, or a peak between.
fn highest(view: &View<'_>, index: usize, from: u32, to: u32) -> u16 {
    let judgement = &view.session.engine.judgement;
    let points = &judgement.scores[index];
    let first = points.partition_point(|point| point.frames <= from);
    let last = points.partition_point(|point| point.frames <= to);
    let before = judgement.score_at(index, Moment { frames: from, ..Moment::END });
    view.session.peaks.highest(points, index, first, last).max(before)
}

/// The score over the whole session, one bar for each column, with the cursor's reversed.
fn spark(view: &View<'_>, index: usize, pen: &mut Pen<'_>) {
    let room = pen.left().saturating_sub(1).min(60) as u64;
    let frames = u64::from(view.session.engine.reading.frame_count());
    if room < 6 || frames == 0 {
        return;
    }
    pen.put(" ", view.style(Role::Dim));
    let here = u64::from(view.moment.frames.saturating_sub(1)) * room / frames.max(1);
    for column in 0..room {
        let from = (column * frames / room) as u32;
        let to = ((column + 1) * frames / room).max(u64::from(from) + 1) as u32;
        let score = highest(view, index, from, to);
        let style = view.style(if score >= 1_000 { Role::Error } else { Role::Dim });
        let style = if column == here.min(room - 1) { style.patch(view.style(Role::Selected)) } else { style };
        let symbol = bar(view.glyphs(), u64::from(score), 1_000);
        debug_assert_eq!(width(symbol), 1);
        pen.put(symbol, style);
    }
}
