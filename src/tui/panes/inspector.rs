//! 5 Inspector: the frame at the cursor as JSON or bytes, or the response head.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{
        Pane,
        rows::{self, Row},
        state::InspectorView,
    },
    core::{
        input::What,
        reading::{FrameId, Reading},
    },
    tui::{
        panes::{View, chunks::mark_text, frame},
        text::Pen,
        theme::Role,
    },
};

/// The most bytes of a frame that are shown as JSON.
const JSON_BYTES: usize = 32 << 10;

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
        (InspectorView::Json, Some(Row::Frame(id))) => json_lines(reading, id),
        (InspectorView::Hex, Some(Row::Frame(id))) => return hex(view, reading.frame_bytes(id), scroll, inner, buf),
    };
    let scroll = scroll.min(lines.len().saturating_sub(1));
    for (line, text) in lines.iter().skip(scroll).take(usize::from(inner.height)).enumerate() {
        Pen::new(buf, view.glyphs(), inner, line as u16).put(text, view.style(Role::Text));
    }
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
            None => lines.push(line.to_owned()),
        }
    }
    match serde_json::from_str::<serde_json::Value>(&data) {
        Ok(value) => {
            let pretty = serde_json::to_string_pretty(&value).unwrap_or(data);
            lines.extend(pretty.lines().map(str::to_owned));
        }
        Err(_) => lines.push(data),
    }
    lines.extend(reading.notes_of(id).iter().map(|(_, note)| format!("note {note:?}")));
    lines
}

fn mark_lines(first: String, what: &What) -> Vec<String> {
    let mut lines = vec![first];
    match what {
        What::Start(start) => {
            lines.extend(start.headers.iter().map(|(name, value)| format!("{name}: {value}")));
            let body = serde_json::from_str::<serde_json::Value>(&start.body).and_then(|body| serde_json::to_string_pretty(&body));
            lines.extend(body.unwrap_or_else(|_| start.body.clone()).lines().map(str::to_owned));
        }
        What::Head(head) => lines.extend(head.headers.iter().map(|(name, value)| format!("{name}: {value}"))),
        What::Gate(record) => lines.extend(format!("{:#?}", record.breaker).lines().map(str::to_owned)),
        _ => {}
    }
    lines
}

fn head_lines(view: &View<'_>) -> Vec<String> {
    let reading = &view.session.engine.reading;
    let head = reading.marks().iter().rev().filter(|mark| mark.frames <= view.moment.frames).find_map(|mark| match &mark.what {
        What::Head(head) => Some(head),
        _ => None,
    });
    match head {
        None => vec!["no response head before the cursor".into()],
        Some(head) => {
            let first = format!("status {}", head.status);
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
