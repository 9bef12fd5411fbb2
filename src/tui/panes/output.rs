//! 4 Output: what came out up to the cursor; what was taken out stays in its place and names the finding that took it.
//!
//! Only the end of the text is wrapped: as many deltas before the cursor as can fill the pane, begun at a fixed grid of deltas
//! so that lines do not reflow with every step.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::{
    app::{Pane, state::OutputView},
    core::{
        class::Class,
        judgement::FindingId,
        output::Fate,
        reading::{Channel, ChannelKey, DeltaId, FrameId, Note, Reading},
    },
    sanitise::{sanitise, sanitise_block},
    tui::{
        layout::Size,
        panes::{View, frame, output_hindsight, output_json, scores},
        text::{Pen, head},
        theme::Role,
    },
};

/// Deltas between two points at which wrapping may begin.
const GRID: u32 = 64;
/// The longest removed piece that is shown whole, in characters; longer ones show their ends.
const SHOWN: usize = 64;
/// The same for a piece of a class that was shown already: longer ones are only counted.
const AGAIN: usize = 12;

/// Draws the pane.
pub fn draw(view: &View<'_>, area: Rect, buf: &mut Buffer) {
    let mut inner = frame(view.app, view.theme, Pane::Output, "", &views(view), area, buf);
    if view.size <= Size::Small && !view.app.zoomed && inner.height > 4 {
        inner.height -= 1;
        scores::top_line(view, Rect { y: inner.bottom(), height: 1, ..inner }, 0, buf);
    }
    let height = usize::from(inner.height);
    let mut page = compose(view, inner, 0);
    // Wrapping begins above the screen; a class is to be named where it can be read.
    let above = page.lines.len().saturating_sub(height);
    if page.named.is_some_and(|line| line < above) {
        page = compose(view, inner, above + 1);
    }
    let lines = page.lines;
    // Hindsight does not follow the cursor, so it is read from its beginning.
    let follows = view.app.output_view != OutputView::Hindsight;
    let skip = if follows { lines.len().saturating_sub(height) } else { 0 };
    for (line, pieces) in lines[skip..].iter().take(height).enumerate() {
        let mut pen = Pen::new(buf, view.glyphs(), inner, line as u16);
        for (text, style) in pieces {
            pen.put(text, *style);
        }
    }
}

/// The views that there are, the one that is shown in brackets.
fn views(view: &View<'_>) -> String {
    let shown = view.app.output_view;
    let rows = [
        (OutputView::Diff, "diff", true),
        (OutputView::Clean, "clean", true),
        (OutputView::Raw, "raw", true),
        (OutputView::Json, "json", view.session.has_json),
        (OutputView::Hindsight, "hindsight", view.session.engine.second_look.is_some()),
    ];
    let there = rows.iter().filter(|(row, _, there)| *there || *row == shown);
    there.map(|(row, name, _)| if *row == shown { format!("[{name}]") } else { (*name).to_owned() }).collect::<Vec<_>>().join(" ")
}

/// The first delta to wrap, and how many bytes of it to leave out, so that the pane is filled.
fn start(reading: &Reading, end: u32, room: usize) -> (u32, usize) {
    let (mut first, mut bytes) = (end, 0);
    while first > 0 && (bytes < room || first % GRID != 0) {
        first -= 1;
        let text = reading.delta(DeltaId(first)).text.len();
        bytes += text;
        if text > room * 4 {
            // One huge delta fills the pane alone, from a fixed grid of bytes.
            return (first, (text - room * 2) / room * room);
        }
    }
    (first, 0)
}

/// The text up to the cursor in lines; classes are named from line `name_from` on.
fn compose(view: &View<'_>, inner: Rect, name_from: usize) -> Page {
    let mut page = Page::new(inner.width);
    match view.app.output_view {
        OutputView::Json => output_json::write(view, inner, &mut page),
        OutputView::Hindsight => output_hindsight::write(view, inner, &mut page),
        OutputView::Diff | OutputView::Clean | OutputView::Raw => write(view, inner, name_from, &mut page),
    }
    page
}

fn write(view: &View<'_>, inner: Rect, name_from: usize, page: &mut Page) {
    let (reading, judgement) = (&view.session.engine.reading, &view.session.engine.judgement);
    let frames = view.moment.frames.min(reading.frame_count());
    let end = frames.checked_sub(1).map_or(0, |frame| reading.frame(FrameId(frame)).deltas_end);
    // A cell may take four bytes; what is removed is shortened, so look further back where much is.
    let room = (usize::from(inner.width) * usize::from(inner.height) * 6).max(512);
    let (first, skip) = start(reading, end, room);
    let released = judgement.output.released_at(reading.frame_count(), view.moment);
    let current = frames.checked_sub(1);
    let mut key: Option<ChannelKey> = None;
    let mut removed = Removed { name_from, ..Removed::default() };
    if first > 0 || skip > 0 {
        page.put(view.glyphs().ellipsis, view.style(Role::Dim));
    }
    let deltas = match view.app.output_view {
        OutputView::Raw => (first..end).map(DeltaId).collect(),
        _ => view.session.undone.order(reading, judgement, first..end),
    };
    for id in deltas {
        let delta = reading.delta(id);
        let skip = if id.0 == first { skip } else { 0 };
        let here = Some(delta.frame.0) == current;
        if key != Some(delta.key) {
            removed.flush(view, page);
            heading(view, page, key, delta.key, delta.frame);
            key = Some(delta.key);
        }
        if view.app.output_view == OutputView::Raw {
            page.put(tail(delta.text, skip), mark(view, Role::Text, here));
            continue;
        }
        let moved = !judgement.output.reorders.is_empty() && judgement.output.position(delta.frame) != delta.frame.0;
        let role = if delta.key.channel == Channel::Reasoning { Role::Dim } else { Role::Text };
        for segment in judgement.output.segments(reading, id, released) {
            let from = (segment.range.start as usize).max(skip);
            let Some(text) = delta.text.get(..segment.range.end as usize).map(|text| tail(text, from)) else { continue };
            match segment.fate {
                Fate::Suppressed(finding) if view.session.undone.passes(judgement, segment.fate) => {
                    removed.flush(view, page);
                    let marked = view.app.output_view == OutputView::Diff;
                    let class = judgement.finding(finding).class;
                    let known = marked && removed.known(page, class);
                    page.put(text, mark(view, if marked { Role::Warning } else { role }, here));
                    if marked {
                        Removed::sign(view, page, class, known, " undone");
                    }
                }
                Fate::Suppressed(finding) if view.app.output_view == OutputView::Diff => {
                    removed.push(view, page, finding, text, here);
                }
                Fate::Suppressed(_) | Fate::Restated => {}
                Fate::Emitted => {
                    removed.flush(view, page);
                    page.put(text, mark(view, role, here));
                }
                Fate::Held if view.app.output_view == OutputView::Diff => {
                    removed.flush(view, page);
                    page.put(text, mark(view, Role::Held, here));
                }
                Fate::Held => {}
            }
        }
        if moved && view.app.output_view == OutputView::Diff {
            removed.flush(view, page);
            let what = if view.session.undone.in_order(delta.frame) { " undone" } else { "" };
            let known = removed.known(page, Class::OutOfOrder);
            Removed::sign(view, page, Class::OutOfOrder, known, what);
        }
    }
    removed.flush(view, page);
}

fn mark(view: &View<'_>, role: Role, here: bool) -> Style {
    let style = view.style(role);
    if here { style.patch(view.at_cursor(Pane::Output)) } else { style }
}

/// `text` from byte `from` on, on a character boundary.
fn tail(text: &str, from: usize) -> &str {
    &text[head(text, from).len()..]
}

/// A line that names channel `key`, unless it is the plain answer and nothing was `before` it.
pub(super) fn heading(view: &View<'_>, page: &mut Page, before: Option<ChannelKey>, key: ChannelKey, frame: FrameId) {
    let plain = key.channel == Channel::Text && key.choice == 0;
    if before.is_none() && plain {
        return;
    }
    page.new_line();
    let choice = if key.choice > 0 { format!(" choice {}", key.choice) } else { String::new() };
    let name = if key.channel == Channel::ToolArguments { tool_name(view, key, frame) } else { None };
    let name = name.map_or(String::new(), |name| format!(" {name}"));
    let rule = view.glyphs().rule;
    page.put(&format!("{rule} {}{name}{choice} {rule}", key.channel.word()), view.style(Role::Dim));
    page.end_line();
}

/// The name of the tool whose arguments `key` holds, as it was said last before `frame`.
fn tool_name<'a>(view: &View<'a>, key: ChannelKey, frame: FrameId) -> Option<&'a str> {
    let notes = view.session.engine.reading.notes();
    let end = notes.partition_point(|(at, _)| *at <= frame);
    // A call says its name where it begins, so it is near; a frame must not cost what the session is long.
    notes[..end].iter().rev().take(1_000).find_map(|(_, note)| match note {
        Note::Tool { choice, block, name, .. } if (*choice, *block) == (key.choice, key.block) && !name.is_empty() => {
            Some(name.as_str())
        }
        _ => None,
    })
}

/// A run of removed text, over delta borders, by one finding.
#[derive(Default)]
struct Removed {
    finding: Option<FindingId>,
    /// Classes that were named already.
    named: Vec<Class>,
    /// The line from which classes are named.
    name_from: usize,
    text: String,
    here: bool,
}

impl Removed {
    fn push(&mut self, view: &View<'_>, page: &mut Page, finding: FindingId, text: &str, here: bool) {
        // The piece at the cursor stands for itself.
        if self.finding != Some(finding) || here != self.here {
            self.flush(view, page);
        }
        self.finding = Some(finding);
        self.text.push_str(text);
        self.here = here;
    }

    fn flush(&mut self, view: &View<'_>, page: &mut Page) {
        let here = std::mem::take(&mut self.here);
        let Some(id) = self.finding.take() else { return };
        let text = std::mem::take(&mut self.text);
        let on_one_line = |part: &str| sanitise(&part.replace('\n', " ")).into_owned();
        let style = mark(view, Role::Removed, here);
        let brackets = view.theme.brackets_removed();
        // The first piece of a class is shown at length and names it; the others are the same again.
        let class = view.session.engine.judgement.finding(id).class;
        let again = self.known(page, class);
        let shown = if again && !here { AGAIN } else { SHOWN };
        if shown == AGAIN {
            // The number and its sign stay together.
            page.keep(12);
        }
        page.put(if brackets { "[-" } else { "" }, style);
        match text.chars().count() {
            count if count > shown && shown == AGAIN && !view.app.zoomed => {
                page.put(&format!("{}{count}", view.glyphs().ellipsis), style);
            }
            count if count > shown && !view.app.zoomed => {
                let head: String = text.chars().take(shown / 2).collect();
                let tail: String = text.chars().skip(count - shown / 4).collect();
                let dots = view.glyphs().ellipsis;
                page.put(&on_one_line(&head), style);
                page.put(&format!("{dots}{count} chars{dots}"), view.style(Role::Dim));
                page.put(on_one_line(&tail).trim_end(), style);
            }
            _ => page.put(&text, style),
        }
        page.put(if brackets { "-]" } else { "" }, style);
        Removed::sign(view, page, class, again, "");
    }

    /// True if `class` was named where it can be read; if not, it is to be named now.
    fn known(&mut self, page: &mut Page, class: Class) -> bool {
        let line = page.lines.len() - 1;
        let known = self.named.contains(&class) || line < self.name_from;
        if !known {
            self.named.push(class);
            page.named.get_or_insert(line);
        }
        known
    }

    /// The sign of a finding, with the class if it is not known yet and what became of it.
    fn sign(view: &View<'_>, page: &mut Page, class: Class, known: bool, what: &str) {
        let name = if known { String::new() } else { format!("{}{what} ", class.name()) };
        page.keep(name.trim_end().width() + 1);
        let role = if what.is_empty() { Role::Error } else { Role::Warning };
        page.put(&format!("{}{name}", view.glyphs().finding), view.style(role));
    }
}

/// Lines of styled text, wrapped at the pane's width as they are written.
pub(super) struct Page {
    width: usize,
    column: usize,
    /// The first line that names a class.
    named: Option<usize>,
    lines: Vec<Vec<(String, Style)>>,
}

impl Page {
    /// An empty page of this many columns.
    pub fn new(width: u16) -> Page {
        Page { width: usize::from(width).max(1), column: 0, named: None, lines: vec![Vec::new()] }
    }

    /// Writes `text`, and wraps it.
    pub fn put(&mut self, text: &str, style: Style) {
        // Words stay whole where they fit on a line; longer ones are cut between clusters.
        for word in sanitise_block(text).split_word_bounds() {
            let columns = word.width();
            if word == "\n" || word == "\r\n" {
                self.end_line();
            } else if self.column + columns <= self.width {
                self.push(word, columns, style);
            } else if columns <= self.width && !word.trim().is_empty() {
                // A line does not begin with a comma; the word before it comes along.
                let closing = word.starts_with(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '"', '’', '”']);
                let carried = if closing { self.carry() } else { None };
                self.end_line();
                if let Some((text, style)) = carried {
                    self.push(&text, text.width(), style);
                }
                self.push(word, columns, style);
            } else if !word.trim().is_empty() {
                for cluster in word.graphemes(true) {
                    let columns = cluster.width();
                    if self.column + columns > self.width {
                        self.end_line();
                    }
                    self.push(cluster, columns, style);
                }
            }
        }
    }

    /// The lines, each in pieces of one style.
    pub fn into_lines(self) -> Vec<Vec<(String, Style)>> {
        self.lines
    }

    fn push(&mut self, text: &str, columns: usize, style: Style) {
        let text = if text == "\t" { "  " } else { text };
        self.column += if text == "  " { 2 } else { columns };
        // There is always a last line.
        if let Some(line) = self.lines.last_mut() {
            match line.last_mut() {
                Some((piece, last)) if *last == style => piece.push_str(text),
                _ => line.push((text.to_owned(), style)),
            }
        }
    }

    /// Takes the last word from the line, if it is short and something is before it.
    fn carry(&mut self) -> Option<(String, Style)> {
        let (piece, style) = self.lines.last_mut()?.last_mut()?;
        let start = piece.rfind(char::is_whitespace)? + 1;
        let word = piece.get(start..).filter(|word| !word.is_empty() && word.width() < self.width / 2)?.to_owned();
        piece.truncate(start);
        Some((word, *style))
    }

    /// Begins a new line unless `columns` more fit on this one.
    fn keep(&mut self, columns: usize) {
        if self.column > 0 && self.column + columns > self.width {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        self.lines.push(Vec::new());
        self.column = 0;
    }

    /// Begins a new line unless one has just begun.
    pub fn new_line(&mut self) {
        if self.column > 0 {
            self.end_line();
        }
    }
}
