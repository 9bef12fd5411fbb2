//! Text from outside, made fit to be shown: no control, invisible or reordering character reaches a terminal as itself, and no
//! letter carries more marks than a cell can bear. Bytes in recordings and in files stay as they came; this is for display.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

/// The most code points of one cluster that are shown; the rest is counted.
const CLUSTER: usize = 8;

const ZERO_WIDTH_JOINER: char = '\u{200D}';

/// `text` on one line: controls as pictures (`␛`, `␊`) or `\x9B`, invisible and reordering characters as `<U+202E>`, overlong
/// clusters cut.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

/// As [`sanitise`], but newlines and tabs stay themselves: for text that is shown as a block.
pub fn sanitise_block(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

/// True if `char` is never shown as itself, wherever it stands.
pub fn is_unsafe(char: char) -> bool {
    char.is_control() || is_invisible(char)
}

fn clean(text: &str, block: bool) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') || block && matches!(byte, b'\n' | b'\t')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for cluster in text.graphemes(true) {
        push_cluster(&mut out, cluster, block);
    }
    Cow::Owned(out)
}

fn push_cluster(out: &mut String, cluster: &str, block: bool) {
    let mut before = None;
    let mut chars = cluster.chars().enumerate();
    for (index, char) in chars.by_ref() {
        if index >= CLUSTER {
            let rest = 1 + chars.count();
            out.push_str(&format!("<+{rest}>"));
            return;
        }
        match char {
            '\n' | '\t' if block => out.push(char),
            // Between two visible characters a joiner makes one emoji of them; anywhere else it hides.
            ZERO_WIDTH_JOINER if before.is_some_and(joins) && cluster.chars().nth(index + 1).is_some_and(joins) => out.push(char),
            _ => push_char(out, char),
        }
        before = Some(char);
    }
}

fn joins(char: char) -> bool {
    !char.is_ascii() && !is_unsafe(char)
}

fn push_char(out: &mut String, char: char) {
    match char {
        '\0'..='\u{1F}' => out.push(char::from_u32(0x2400 + u32::from(char)).unwrap_or('\u{FFFD}')),
        '\u{7F}' => out.push('\u{2421}'),
        '\u{80}'..='\u{9F}' => out.push_str(&format!("\\x{:02X}", u32::from(char))),
        _ if is_invisible(char) => out.push_str(&format!("<U+{:04X}>", u32::from(char))),
        _ => out.push(char),
    }
}

/// Format characters that hide or reorder, separators that break lines, fillers and tags. Variation selectors 15 and 16 choose
/// between text and emoji and stay.
fn is_invisible(char: char) -> bool {
    matches!(char,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0D}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        for (text, expected) in [
            ("plain text", "plain text"),
            ("größer 日本語", "größer 日本語"),
            ("\u{1b}[31mred\u{7}", "␛[31mred␇"),
            ("a\r\nb\tc\u{7f}", "a␍␊b␉c␡"),
            ("\u{9b}2J", "\\x9B2J"),
            ("abc\u{202e}fed", "abc<U+202E>fed"),
            ("a\u{200b}b\u{feff}", "a<U+200B>b<U+FEFF>"),
            ("x\u{e0041}\u{e0042}", "x<U+E0041><U+E0042>"),
            ("line\u{2028}break", "line<U+2028>break"),
            ("👩\u{200d}💻 ❤\u{fe0f}", "👩\u{200d}💻 ❤\u{fe0f}"),
            ("a\u{200d}\u{200d}b", "a<U+200D><U+200D>b"),
            ("e\u{301}", "e\u{301}"),
        ] {
            assert_eq!(sanitise(text), expected, "{text:?}");
        }
        assert_eq!(sanitise(&format!("a{}b", "\u{301}".repeat(5_000))), format!("a{}<+4993>b", "\u{301}".repeat(7)));
        assert_eq!(sanitise_block("a\n\tb\r"), "a\n\tb␍");
        assert!(matches!(sanitise("nothing to do"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left_but_joiners_between_visible_characters(text: String) {
            let clean = sanitise(&text);
            let left: Vec<char> = clean.chars().collect();
            for (index, char) in left.iter().enumerate() {
                prop_assert!(!is_unsafe(*char) || *char == ZERO_WIDTH_JOINER && index > 0 && index + 1 < left.len());
            }
        }
    }
}
