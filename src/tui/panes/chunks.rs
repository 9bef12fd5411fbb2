//! 1 Chunks: frames and marks in order of arrival, the frames of one read in one bracket.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{
        Pane,
        cursor::{GAP_US, gap_before},
        rows::{self, Row},
    },
    core::{
        desk::GateDecision,
        input::{End, OurEnd, What},
        judgement::Judgement,
        output::Fate,
        reading::{DeltaId, FrameId, FrameKind, Mark, Note, Reading},
    },
    session::notes::Label,
    tui::{
        panes::{View, frame, role_of},
        text::{Pen, short_time},
        theme::Role,
        widgets::window,
    },
};

/// Width from which the time since Start has a column.
const WITH_TIME: u16 = 44;

/// Most characters of a removed piece that is followed by one that is passed on, in a narrow pane and in a wide one.
const REMOVED: [usize; 2] = [6, 10];

/// Draws the pane.
pub fn draw(view: &View<'_>, area: Rect, buf: &mut Buffer) {
    let reading = &view.session.engine.reading;
    let mut foot = format!("{}/{} frames", view.moment.frames.min(reading.frame_count()), reading.frame_count());
    let silence = view.moment.at.since(rows::moment(reading, view.session.cursor.row).at);
    if reading.clocked() && silence.0 >= GAP_US {
        // The cursor stands in a gap, where no row is.
        foot = format!("{} after the row  {foot}", short_time(silence.0));
    }
    let inner = frame(view.app, view.theme, Pane::Chunks, "", &foot, area, buf);
    let first = window(view.session.cursor.row, rows::count(reading), inner.height);
    for line in 0..inner.height {
        let row = first + u32::from(line);
        let Some(what) = rows::get(reading, row) else { break };
        let mut pen = Pen::new(buf, view.glyphs(), inner, line);
        let here = row == view.session.cursor.row;
        let pointer = if here { view.glyphs().pointer } else { " " };
        pen.put(pointer, view.style(Role::Accent));
        match what {
            Row::Frame(id) => frame_row(view, id, row, inner, &mut pen),
            Row::Mark(mark) => {
                pen.put(&format!("{} {}", view.glyphs().rule, mark_text(mark)), view.style(Role::Dim));
                if inner.width >= WITH_TIME && reading.clocked() {
                    pen.put(&format!("  {}", mark.at), view.style(Role::Dim));
                }
            }
        }
        if here {
            Pen::new(buf, view.glyphs(), inner, line).fill(view.at_cursor(Pane::Chunks));
        }
    }
}

fn frame_row(view: &View<'_>, id: FrameId, row: u32, inner: Rect, pen: &mut Pen<'_>) {
    let (reading, judgement) = (&view.session.engine.reading, &view.session.engine.judgement);
    let frame = reading.frame(id);
    let future = id.0 >= view.moment.frames;
    let dim = view.style(Role::Dim);
    pen.put(bracket(view, reading, id), dim);
    pen.put(&format!("{:>4} ", id.0), dim);
    if inner.width >= WITH_TIME && reading.clocked() {
        pen.put(&format!("{:>8} ", view.clock(reading.frame_at(id))), dim);
    }
    let gap = gap_before(reading, row).map_or(0, |gap| gap.0);
    let (sign, role) = if gap >= GAP_US { (view.glyphs().gap, Role::Warning) } else { (" ", Role::Dim) };
    if reading.clocked() {
        // Frames of one read have one time.
        let chunk = reading.chunk(frame.chunk);
        let first = id.0 <= chunk.first_frame || id.0 >= chunk.frames;
        let text = if first { format!("+{}", short_time(gap)) } else { String::new() };
        pen.put(&format!("{text:>6}{sign} "), view.style(role));
    }
    let (word, role) = kind(reading, id, frame.kind);
    pen.put(&format!("{word:<6} "), view.style(if future { Role::Dim } else { role }));
    let found = findings_of(judgement, id).next_back();
    let label = view.session.label_of(id);
    let reserved = 2 * (usize::from(found.is_some()) + usize::from(label.is_some()));
    content(view, id, future, &mut Limit { reserved, wide: inner.width >= WITH_TIME, pen });
    if let Some(index) = found {
        let level = judgement.findings[index].level;
        pen.put(&format!(" {}", view.glyphs().finding), view.style(role_of(level)));
    }
    if let Some(label) = label {
        let (sign, role) = if label == Label::Fine { (0, Role::Good) } else { (1, Role::Warning) };
        pen.put(&format!(" {}", view.glyphs().labels[sign]), view.style(role));
    }
}

/// A pen that leaves room at the line's end.
struct Limit<'p, 'a> {
    pen: &'p mut Pen<'a>,
    reserved: usize,
    wide: bool,
}

impl Limit<'_, '_> {
    fn put(&mut self, text: &str, style: ratatui::style::Style) {
        self.pen.put_within(text, style, self.reserved);
    }
}

fn content(view: &View<'_>, id: FrameId, future: bool, pen: &mut Limit<'_, '_>) {
    let (reading, judgement) = (&view.session.engine.reading, &view.session.engine.judgement);
    let deltas = reading.deltas_of(id);
    if deltas.is_empty() {
        pen.put(&note_text(reading, id), view.style(Role::Dim));
        return;
    }
    let released = judgement.output.released_at(reading.frame_count(), view.moment);
    // A line shows no more than a few deltas.
    for delta in deltas.take(16) {
        let text = reading.delta(DeltaId(delta)).text;
        pen.put("\"", view.style(Role::Dim));
        let segments = judgement.output.segments(reading, DeltaId(delta), released);
        for (index, segment) in segments.iter().enumerate() {
            let part = &text[segment.range.start as usize..segment.range.end as usize];
            let role = match segment.fate {
                _ if future => Role::Dim,
                Fate::Emitted => Role::Text,
                Fate::Suppressed(_) => Role::Removed,
                Fate::Restated | Fate::Held => Role::Held,
            };
            let brackets = role == Role::Removed && view.theme.brackets_removed();
            // What is removed makes room for what is left.
            let most = REMOVED[usize::from(pen.wide)];
            let shortened = role == Role::Removed && index + 1 < segments.len() && part.chars().count() > most;
            let part: String = if shortened {
                part.chars().take(most - 1).chain(view.glyphs().ellipsis.chars()).collect()
            } else {
                crate::tui::text::head(part, 600).into()
            };
            if brackets { pen.put(&format!("[-{part}-]"), view.style(role)) } else { pen.put(&part, view.style(role)) }
        }
        pen.put("\" ", view.style(Role::Dim));
    }
}

/// The findings that were decided when frame `id` had just been read.
pub fn findings_of(judgement: &Judgement, id: FrameId) -> std::ops::Range<usize> {
    let before = |frames: u32| judgement.findings.partition_point(|finding| finding.moment.frames <= frames);
    before(id.0)..before(id.0 + 1)
}

fn bracket(view: &View<'_>, reading: &Reading, id: FrameId) -> &'static str {
    let chunk = reading.chunk(reading.frame(id).chunk);
    let [first, middle, last] = view.glyphs().bracket;
    match () {
        () if chunk.frames.saturating_sub(chunk.first_frame) < 2 || id.0 >= chunk.frames => " ",
        () if id.0 == chunk.first_frame => first,
        () if id.0 + 1 == chunk.frames => last,
        () => middle,
    }
}

fn kind(reading: &Reading, id: FrameId, kind: FrameKind) -> (&'static str, Role) {
    match kind {
        FrameKind::Delta => {
            let first = reading.deltas_of(id).start;
            (reading.delta(DeltaId(first)).key.channel.word(), Role::Text)
        }
        FrameKind::Control => ("ctrl", Role::Note),
        FrameKind::KeepAlive => ("alive", Role::Dim),
        FrameKind::Terminator => ("done", Role::Good),
        FrameKind::Error => ("error", Role::Error),
        FrameKind::Malformed => ("broken", Role::Error),
        FrameKind::Unknown => ("other", Role::Warning),
    }
}

fn note_text(reading: &Reading, id: FrameId) -> String {
    let words = reading.notes_of(id).iter().filter_map(|(_, note)| match note {
        Note::Finish { reason, .. } => Some(format!("finish {reason}")),
        Note::Usage(usage) => Some(format!("usage {} in, {} out", count(usage.input), count(usage.output))),
        Note::Error { kind, message } => Some(format!("{kind}: {message}")),
        Note::Tool { name, .. } if !name.is_empty() => Some(format!("tool {name}")),
        Note::Malformed { message, .. } | Note::Checksum { message, .. } => Some(message.clone()),
        Note::NewTurn => Some("a new turn".into()),
        Note::TooLarge { limit } => Some(format!("larger than {limit} bytes")),
        _ => None,
    });
    let words = words.collect::<Vec<_>>().join(", ");
    if words.is_empty() { raw_text(reading, id) } else { words }
}

/// The start of the frame's own bytes, without the field names of SSE.
fn raw_text(reading: &Reading, id: FrameId) -> String {
    let text = String::from_utf8_lossy(head_of(reading.frame_bytes(id))).into_owned();
    let value = |line: &str| {
        let field = line.strip_prefix("event:").or_else(|| line.strip_prefix("data:")).unwrap_or(line);
        field.trim().to_owned()
    };
    text.lines().map(value).collect::<Vec<_>>().join(" ").trim().to_owned()
}

fn head_of(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(200)]
}

fn count(tokens: Option<u64>) -> String {
    tokens.map_or("?".into(), |tokens| tokens.to_string())
}

/// One line about an input that is not bytes.
pub fn mark_text(mark: &Mark) -> String {
    match &mark.what {
        What::Start(start) if start.url.is_empty() => "start".into(),
        What::Start(start) => format!("start {}", start.url),
        What::Attempt(attempt) => format!("attempt {} {}", attempt.number + 1, attempt.endpoint),
        What::Head(head) => format!("head {} {}", head.status, head.header("content-type").unwrap_or_default()),
        What::End(End::Eof) => "end of body".into(),
        What::End(End::Reset) => "the connection was cut".into(),
        What::End(End::Error { class, message }) => format!("{class:?}: {message}"),
        What::End(End::Us(end)) => our_end(*end).into(),
        What::Cancel => "cancel".into(),
        What::Draw { purpose, value } => format!("draw {purpose} {value}"),
        What::Gate(record) => format!("breaker {}: {}", record.breaker.state.word(), gate_text(&record.decision)),
        What::Paused { us, cause } => format!("not reading for {} ({cause:?})", short_time(*us)),
        What::Bytes(bytes) => format!("{} bytes", bytes.len()),
    }
}

fn our_end(end: OurEnd) -> &'static str {
    match end {
        OurEnd::Cancelled => "cancelled",
        OurEnd::ConnectTimeout => "given up: no connection in time",
        OurEnd::FirstByteTimeout => "given up: no byte in time",
        OurEnd::IdleTimeout => "given up: no further byte in time",
        OurEnd::TotalTimeout => "given up: the whole takes too long",
        OurEnd::BreakerOpen => "not sent: the breaker is open",
        OurEnd::RateLimited => "not sent: the rate limit is reached",
        OurEnd::Invalid => "not sent: the request is invalid",
        OurEnd::Loop => "ended: the answer repeats itself",
        OurEnd::Shutdown => "ended: the program is shutting down",
    }
}

/// What the Desk decided, in a few words.
pub fn gate_text(decision: &GateDecision) -> String {
    match decision {
        GateDecision::Admitted { probe: true, .. } => "admitted as a probe".into(),
        GateDecision::Admitted { .. } => "admitted".into(),
        GateDecision::Refused { retry_after_us } => format!("refused for {}", short_time(*retry_after_us)),
        GateDecision::Limited { retry_after_us } => format!("limited for {}", short_time(*retry_after_us)),
        GateDecision::Throttled { retry_after_us } => format!("throttled for {}", short_time(*retry_after_us)),
        GateDecision::Counted(outcome) => format!("counted {}", outcome.word()),
        GateDecision::Released => "released".into(),
        GateDecision::FellBack(to) => format!("falls back to {} {}", to.endpoint, to.model),
    }
}
