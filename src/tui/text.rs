//! Putting text on the screen: sanitised, measured in grapheme clusters, cut where the room ends.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::{sanitise::sanitise, tui::theme::Glyphs};

/// Columns that `text` takes, once sanitised.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Writes along one line, from left to right, until it is full.
pub struct Pen<'a> {
    buf: &'a mut Buffer,
    glyphs: &'static Glyphs,
    start: u16,
    x: u16,
    y: u16,
    end: u16,
}

impl<'a> Pen<'a> {
    /// A pen at the start of line `line` of `area`; it writes nothing outside of `area`.
    pub fn new(buf: &'a mut Buffer, glyphs: &'static Glyphs, area: Rect, line: u16) -> Pen<'a> {
        let area = area.intersection(buf.area);
        let end = if line < area.height { area.right() } else { area.left() };
        Pen { buf, glyphs, start: area.left(), x: area.left(), y: area.top().saturating_add(line), end }
    }

    /// Columns left.
    pub fn left(&self) -> usize {
        usize::from(self.end.saturating_sub(self.x))
    }

    /// Writes `text`; where it does not fit it ends in an ellipsis and the line is full.
    pub fn put(&mut self, text: &str, style: Style) -> &mut Self {
        // What cannot be seen need not be cleaned; no cell shows more than a few bytes.
        let text = head(text, self.left().saturating_mul(8) + 64);
        for cluster in sanitise(text).graphemes(true) {
            let columns = cluster.width() as u16;
            if columns == 0 {
                continue;
            }
            if self.x + columns > self.end {
                if self.start < self.end {
                    self.buf[(self.end - 1, self.y)].set_symbol(self.glyphs.ellipsis).set_style(style);
                }
                self.x = self.end;
                return self;
            }
            self.buf[(self.x, self.y)].set_symbol(cluster).set_style(style);
            for column in 1..columns {
                self.buf[(self.x + column, self.y)].reset();
            }
            self.x += columns;
        }
        self
    }

    /// As [`Pen::put`], but leaves `reserved` columns at the line's end.
    pub fn put_within(&mut self, text: &str, style: Style, reserved: usize) -> &mut Self {
        let end = self.end;
        self.end = self.end.saturating_sub(reserved as u16).max(self.x);
        self.put(text, style);
        self.end = end;
        self
    }

    /// Goes `columns` to the right of the line's start, or stays if it is past that.
    pub fn tab(&mut self, area: Rect, columns: u16) -> &mut Self {
        self.x = self.x.max(area.left().saturating_add(columns)).min(self.end);
        self
    }

    /// Sets the style of all that is left of the line.
    pub fn fill(&mut self, style: Style) {
        while self.x < self.end {
            self.buf[(self.x, self.y)].set_style(style);
            self.x += 1;
        }
    }
}

/// The first `bytes` bytes of `text`, cut on a character boundary.
pub fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `text` in lines of at most `columns` columns, words whole; a longer word has a line of its own.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// `us` as a short time: `21ms`, `2.3s`, `4m12s`.
pub fn short_time(us: u64) -> String {
    match us {
        0..=999 => format!("{us}µs"),
        1_000..=999_999 => format!("{}ms", us / 1_000),
        1_000_000..=59_999_999 => format!("{}.{}s", us / 1_000_000, us / 100_000 % 10),
        _ => format!("{}m{:02}s", us / 60_000_000, us / 1_000_000 % 60),
    }
}

/// `bytes` as a short size: `812 B`, `9.8 KiB`.
pub fn short_size(bytes: u64) -> String {
    match bytes {
        0..=1_023 => format!("{bytes} B"),
        1_024..=1_048_575 => format!("{}.{} KiB", bytes / 1_024, bytes % 1_024 * 10 / 1_024),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xF_FFFF) * 10) >> 20),
    }
}
