//! 5 Inspector: the frame at the cursor as JSON or bytes, or the response head.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{
        Pane,
        rows::{self, Row},
        state::InspectorView,
    },
    core::{
        class::Layer,
        input::What,
        judgement::Finding,
        reading::{DeltaId, FrameId, Reading},
        time::Moment,
    },
    session::notes::Label,
    tui::{
        panes::{
            View,
            chunks::{findings_of, mark_text},
            frame,
            hints::done,
        },
        text::{Pen, wrap},
        theme::Role,
    },
};

/// The most bytes of a frame that are shown as JSON.
const JSON_BYTES: usize = 32 << 10;

/// The most findings of one frame, and characters of a reading, that are shown.
const MOST_FINDINGS: usize = 4;
const READING: usize = 80;

/// Draws the pane.
pub fn draw(view: &View<'_>, area: Rect, buf: &mut Buffer) {
    let reading = &view.session.engine.reading;
    let foot = match view.app.inspector_view {
        InspectorView::Json => "[json] hex head",
        InspectorView::Hex => "json [hex] head",
        InspectorView::Head => "json hex [head]",
    };
    let row = rows::get(reading, view.session.cursor.row);
    let extra = match row {
        Some(Row::Frame(id)) => {
            let frame = reading.frame(id);
            format!("frame {} of read {}, bytes {}..{}", id.0, frame.chunk.0, frame.start, frame.end)
        }
        _ => String::new(),
    };
    let inner = frame(view.app, view.theme, Pane::Inspector, &extra, foot, area, buf);
    let scroll = usize::from(view.app.inspector_scroll);
    let lines = match (view.app.inspector_view, row) {
        (InspectorView::Head, _) => head_lines(view),
        (_, None) => Vec::new(),
        (_, Some(Row::Mark(mark))) => mark_lines(mark_text(mark), &mark.what),
        (InspectorView::Json, Some(Row::Frame(id))) => {
            let mut lines = label_lines(view, id);
            lines.extend(finding_lines(view, id, usize::from(inner.width)));
            lines.extend(json_lines(reading, id));
            lines
        }
        (InspectorView::Hex, Some(Row::Frame(id))) => return hex(view, reading.frame_bytes(id), scroll, inner, buf),
    };
    let scroll = scroll.min(lines.len().saturating_sub(1));
    for (line, text) in lines.iter().skip(scroll).take(usize::from(inner.height)).enumerate() {
        Pen::new(buf, view.glyphs(), inner, line as u16).put(text, view.style(Role::Text));
    }
}

/// What a person said of this frame's deltas.
fn label_lines(view: &View<'_>, id: FrameId) -> Vec<String> {
    let reading = &view.session.engine.reading;
    let deltas = reading.deltas_of(id);
    let labels = view.session.noted.labels.range(DeltaId(deltas.start)..DeltaId(deltas.end));
    let line = |(delta, label): (&DeltaId, &Label)| {
        let (sign, title) = match label {
            Label::Fine => (0, "this delta belongs to the answer"),
            Label::Stutter(class) => (1, class.info().title),
        };
        let channel = reading.delta(*delta).key.channel.word();
        format!("{} label of delta {} ({channel}): {label}: {title}", view.glyphs().labels[sign], delta.0)
    };
    labels.map(line).collect()
}

/// What was found at this frame, whole: the line below the panes may not have room for it.
fn finding_lines(view: &View<'_>, id: FrameId, columns: usize) -> Vec<String> {
    let judgement = &view.session.engine.judgement;
    let mut lines = Vec::new();
    for index in findings_of(judgement, id).rev().take(MOST_FINDINGS) {
        let finding = &judgement.findings[index];
        let info = finding.class.info();
        lines.push(format!("{} {}: {}", view.glyphs().finding, info.name, info.title));
        let mut texts = vec![finding.evidence.clone(), standing(finding)];
        if !finding.readings.is_empty() {
            let readings: Vec<String> =
                finding.readings.iter().map(|reading| format!("\"{}\"", end_of(reading, view.glyphs().ellipsis))).collect();
            texts.push(format!("either {}", readings.join(" or ")));
        }
        texts.push(format!("hint: {}", finding.hint));
        for text in &texts {
            lines.extend(wrap(text, columns.saturating_sub(2)).into_iter().map(|line| format!("  {line}")));
        }
    }
    lines
}

/// How sure a finding is, what was done and who did it.
fn standing(finding: &Finding) -> String {
    let certainty = finding.certainty.word();
    let layer = match finding.layer {
        Layer::Model => "by the model",
        Layer::Server => "by the server",
        Layer::Proxy => "by a proxy on the way",
        Layer::Transport => "by the connection",
        Layer::Client => "by this side",
        Layer::Unknown => "by whom is not known",
    };
    let repaired = if finding.repaired { ", repaired" } else { "" };
    format!("{certainty}, {}{repaired}; {layer}", done(finding))
}

/// The end of a reading, where two of them differ.
fn end_of(text: &str, dots: &str) -> String {
    let chars = text.chars().count();
    let rest: String = text.chars().skip(chars.saturating_sub(READING)).collect();
    if chars > READING { format!("{dots}{rest}") } else { rest }
}

fn json_lines(reading: &Reading, id: FrameId) -> Vec<String> {
    let bytes = reading.frame_bytes(id);
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(JSON_BYTES)]);
    let mut lines = Vec::new();
    let mut data = String::new();
    for line in text.lines() {
        match line.strip_prefix("data:") {
            Some(value) => data.push_str(value),
            None if line.starts_with(['{', '[']) => data.push_str(line),
            None if line.is_empty() => {}
            None => lines.push(line.to_owned()),
        }
    }
    indent(&data, &mut lines);
    lines.extend(reading.notes_of(id).iter().map(|(_, note)| format!("note {note:?}")));
    lines
}

/// Breaks JSON into indented lines as it stands: the order of keys and the writing of numbers are evidence.
fn indent(data: &str, lines: &mut Vec<String>) {
    let (mut line, mut depth) = (String::new(), 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    let mut chars = data.trim().chars().peekable();
    while let Some(char) = chars.next() {
        if in_string {
            line.push(char);
            in_string = escaped || char != '"';
            escaped = !escaped && char == '\\';
            continue;
        }
        match char {
            '{' | '[' => {
                line.push(char);
                while chars.next_if(|next| next.is_whitespace()).is_some() {}
                // An empty one stays on its line.
                if let Some(close) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    line.push(close);
                    continue;
                }
                depth += 1;
                new_line(&mut line, depth, lines);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut line, depth, lines);
                line.push(char);
            }
            ',' => {
                line.push(char);
                new_line(&mut line, depth, lines);
            }
            ':' => line.push_str(": "),
            char if char.is_whitespace() => {}
            char => {
                in_string = char == '"';
                line.push(char);
            }
        }
    }
    lines.push(line);
}

fn new_line(line: &mut String, depth: usize, lines: &mut Vec<String>) {
    if !line.trim().is_empty() {
        lines.push(std::mem::take(line));
    }
    // Broken frames may open without end.
    *line = "  ".repeat(depth.min(40));
}

fn mark_lines(first: String, what: &What) -> Vec<String> {
    let mut lines = vec![first];
    match what {
        What::Start(start) => {
            lines.extend(start.headers.iter().map(|(name, value)| format!("{name}: {value}")));
            indent(crate::tui::text::head(&start.body, JSON_BYTES), &mut lines);
        }
        What::Head(head) => lines.extend(head.headers.iter().map(|(name, value)| format!("{name}: {value}"))),
        What::Gate(record) => {
            let json = serde_json::to_string(record).unwrap_or_default();
            indent(&json, &mut lines);
        }
        _ => {}
    }
    lines
}

fn head_lines(view: &View<'_>) -> Vec<String> {
    let reading = &view.session.engine.reading;
    let marks = reading.marks();
    let end = marks.partition_point(|mark| Moment { frames: mark.frames, at: mark.at } <= view.moment);
    let head = marks[..end].iter().rev().find_map(|mark| match &mark.what {
        What::Head(head) => Some(head),
        _ => None,
    });
    let attempt = marks[..end].iter().rev().find_map(|mark| match &mark.what {
        What::Attempt(attempt) => Some(format!(" of attempt {}", attempt.number + 1)),
        _ => None,
    });
    match head {
        None => vec!["no response head before the cursor".into()],
        Some(head) => {
            let first = format!("status {}{}", head.status, attempt.unwrap_or_default());
            std::iter::once(first).chain(head.headers.iter().map(|(name, value)| format!("{name}: {value}"))).collect()
        }
    }
}

fn hex(view: &View<'_>, bytes: &[u8], scroll: usize, inner: Rect, buf: &mut Buffer) {
    // Two hex digits and a space, a gutter, one character: four columns a byte, in steps of eight bytes.
    let per_line = if inner.width >= 76 { 16 } else { 8 };
    let first = scroll.min(bytes.len().div_ceil(per_line).saturating_sub(1));
    for line in 0..inner.height {
        let at = (first + usize::from(line)) * per_line;
        let Some(part) = bytes.get(at..bytes.len().min(at + per_line)).filter(|part| !part.is_empty()) else { break };
        let digits: Vec<String> = part.iter().map(|byte| format!("{byte:02x}")).collect();
        let letters: String =
            part.iter().map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' }).collect();
        let mut pen = Pen::new(buf, view.glyphs(), inner, line);
        pen.put(&format!("{at:06x}  "), view.style(Role::Dim));
        pen.put(&format!("{:<width$}  ", digits.join(" "), width = per_line * 3 - 1), view.style(Role::Text));
        pen.put(&letters, view.style(Role::Note));
    }
}
