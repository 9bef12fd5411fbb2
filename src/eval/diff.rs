//! What is wrong with a text, on one line: `[-gone-]` is missing, `[+more+]` should not be there.

use std::fmt::Write;

use similar::{ChangeTag, TextDiff};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::sanitise::sanitise;

/// Characters of each text that are compared.
const COMPARED: usize = 2_000;

/// Characters that are shown before the first difference.
const BEFORE: usize = 12;

/// `out` against `expected`, from shortly before their first difference on, in at most `width` columns.
pub fn line(expected: &str, out: &str, width: usize) -> String {
    let same = expected.chars().zip(out.chars()).take_while(|(one, other)| one == other).count();
    let skip = same.saturating_sub(BEFORE);
    let part = |text: &str| text.chars().skip(skip).take(COMPARED).collect::<String>();
    let (expected, out) = (part(expected), part(out));
    let mut shown = if skip > 0 { String::from("…") } else { String::new() };
    let mut run: Option<(ChangeTag, String)> = None;
    for change in TextDiff::from_chars(expected.as_str(), out.as_str()).iter_all_changes() {
        match &mut run {
            Some((tag, text)) if *tag == change.tag() => text.push_str(change.value()),
            _ => {
                write(&mut shown, run.take());
                run = Some((change.tag(), change.value().to_owned()));
            }
        }
    }
    write(&mut shown, run);
    let shown = sanitise(&shown).into_owned();
    if shown.width() <= width {
        return shown;
    }
    let mut columns = 1;
    let fits = |char: &char| {
        columns += char.width().unwrap_or(0);
        columns <= width
    };
    shown.chars().take_while(fits).chain(['…']).collect()
}

fn write(out: &mut String, run: Option<(ChangeTag, String)>) {
    let Some((tag, text)) = run else { return };
    // Writing to a String cannot fail.
    let _ = match tag {
        ChangeTag::Equal => write!(out, "{text}"),
        ChangeTag::Delete => write!(out, "[-{text}-]"),
        ChangeTag::Insert => write!(out, "[+{text}+]"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_marked_and_shown_from_shortly_before_the_first() {
        assert_eq!(line("1833", "183", 80), "183[-3-]");
        assert_eq!(line("Hello", "HelHello", 80), "Hel[+Hel+]lo");
        assert_eq!(line(&"x".repeat(40), &"x".repeat(41), 80), format!("…{}[+x+]", "x".repeat(12)));
        assert_eq!(line("abcdef", "", 6), "[-abc…");
    }
}
