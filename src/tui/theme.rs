//! Meaning to style: panes name roles, this names colours and glyphs.
//!
//! The default uses the terminal's own 16 colours. Without colours only modifiers are set, so that nothing resets what the
//! user's terminal does; colour never says what a glyph or a word does not.

use ratatui::{
    style::{Color, Modifier, Style},
    symbols::border,
};

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Plain text.
    Text,
    /// Less important.
    Dim,
    /// A heading, or the focused pane's border.
    Accent,
    /// An error-level finding, or text that failed.
    Error,
    /// A warning-level finding, or a gap.
    Warning,
    /// A note-level finding, or a control frame.
    Note,
    /// Fine.
    Good,
    /// Taken out of the output.
    Removed,
    /// Held, not decided yet.
    Held,
    /// The row at the cursor in the focused pane.
    Selected,
    /// The same moment in the other panes.
    Related,
    /// A key to press.
    Key,
}

/// The characters that stand for things.
#[derive(Debug)]
pub struct Glyphs {
    /// A finding.
    pub finding: &'static str,
    /// A label: fine, and stutter.
    pub labels: [&'static str; 2],
    /// A gap.
    pub gap: &'static str,
    /// A change of state.
    pub transition: &'static str,
    /// The cursor on the timeline.
    pub playhead: &'static str,
    /// Nothing on the timeline.
    pub empty: &'static str,
    /// The cursor in a list.
    pub pointer: &'static str,
    /// Eight heights of a bar, lowest first.
    pub bars: [&'static str; 8],
    /// Full and empty cell of a gauge.
    pub gauge: [&'static str; 2],
    /// First, middle and last frame of one read.
    pub bracket: [&'static str; 3],
    /// Between parts of a line.
    pub separator: &'static str,
    /// From one state to the next.
    pub arrow: &'static str,
    /// More than fits.
    pub ellipsis: &'static str,
    /// Live, playing, paused, ended.
    pub modes: [&'static str; 4],
    /// Times.
    pub times: &'static str,
    /// Between short words.
    pub dot: &'static str,
    /// A rule before a mark.
    pub rule: &'static str,
}

static UNICODE: Glyphs = Glyphs {
    finding: "◆",
    labels: ["✓", "✗"],
    gap: "▲",
    transition: "○",
    playhead: "┃",
    empty: "·",
    pointer: "▸",
    bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    gauge: ["█", "░"],
    bracket: ["┌", "│", "└"],
    separator: "│",
    arrow: "→",
    ellipsis: "…",
    modes: ["●", "►", "‖", "■"],
    times: "×",
    dot: "·",
    rule: "──",
};

static ASCII: Glyphs = Glyphs {
    finding: "*",
    labels: ["+", "x"],
    gap: "^",
    transition: "o",
    playhead: "|",
    empty: ".",
    pointer: ">",
    bars: [".", ".", ":", ":", "=", "=", "#", "#"],
    gauge: ["#", "-"],
    bracket: [",", "|", "'"],
    separator: "|",
    arrow: "->",
    ellipsis: "~",
    modes: ["*", ">", "=", "#"],
    times: "x",
    dot: "-",
    rule: "--",
};

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

const ASCII_FOCUS: border::Set<'static> = border::Set { horizontal_top: "=", horizontal_bottom: "=", ..ASCII_BORDER };

/// Colours or none, and which glyphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// False to set no colour at all.
    pub colours: bool,
    /// True for plain ASCII.
    pub ascii: bool,
}

impl Theme {
    /// The theme for an environment; `variable` looks up environment variables.
    ///
    /// NO_COLOR switches colours off; a locale that is not UTF-8, or STUTTERSCOPE_ASCII, asks for ASCII.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Theme {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default().to_lowercase();
        let utf8 = locale.is_empty() || locale.contains("utf-8") || locale.contains("utf8");
        Theme { colours: set("NO_COLOR").is_none(), ascii: set("STUTTERSCOPE_ASCII").is_some() || !utf8 }
    }

    /// The glyphs.
    pub fn glyphs(&self) -> &'static Glyphs {
        if self.ascii { &ASCII } else { &UNICODE }
    }

    /// True if removed text is marked with `[-` and `-]`, because its style alone may not be seen.
    pub fn brackets_removed(&self) -> bool {
        self.ascii || !self.colours
    }

    /// The border of a pane.
    pub fn border(&self, focused: bool) -> border::Set<'static> {
        match (self.ascii, focused) {
            (false, false) => border::PLAIN,
            (false, true) => border::THICK,
            (true, false) => ASCII_BORDER,
            (true, true) => ASCII_FOCUS,
        }
    }

    /// One plain reversed bar, whatever the row's parts look like: a reversed colour would be a patchwork of backgrounds.
    fn selected(&self) -> Style {
        let style = Style::new().add_modifier(Modifier::REVERSED).remove_modifier(Modifier::DIM | Modifier::ITALIC);
        if self.colours { style.fg(Color::Reset) } else { style }
    }

    /// The style of `role`.
    pub fn style(&self, role: Role) -> Style {
        let (colour, modifier) = match role {
            Role::Text => (None, Modifier::empty()),
            Role::Dim => (Some(Color::DarkGray), Modifier::empty()),
            Role::Accent => (Some(Color::Cyan), Modifier::BOLD),
            Role::Error => (Some(Color::Red), Modifier::BOLD),
            Role::Warning => (Some(Color::Magenta), Modifier::empty()),
            Role::Note => (Some(Color::Blue), Modifier::empty()),
            Role::Good => (Some(Color::Green), Modifier::empty()),
            Role::Removed => (Some(Color::Red), Modifier::CROSSED_OUT),
            Role::Held => (Some(Color::DarkGray), Modifier::ITALIC),
            Role::Selected => return self.selected(),
            Role::Related => (None, Modifier::BOLD.union(Modifier::UNDERLINED)),
            Role::Key => (None, Modifier::BOLD),
        };
        let style = Style::new().add_modifier(modifier);
        match colour.filter(|_| self.colours) {
            Some(colour) => style.fg(colour),
            None if role == Role::Dim => style.add_modifier(Modifier::DIM),
            None => style,
        }
    }
}
