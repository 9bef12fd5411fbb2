//! How a snapshot that changes what was said lies to the text before it.
//!
//! Producers of snapshots edit their past: a typing error is mended, blank lines come in, a sentence is put otherwise. The output
//! is append-only, so an edit cannot be shown; what can be told is which part of the snapshot says what is already out.

/// Bytes at the start of two texts that must be equal before anything more is compared.
pub const NEAR: usize = 8;
/// Bytes of the old text's end that are looked for in the new one.
const ANCHOR: usize = 16;

/// True if both texts start with the same few bytes, though neither need start with the whole other one.
#[inline]
pub fn near(one: &str, other: &str) -> bool {
    one.len() >= NEAR && other.len() >= NEAR && one.as_bytes()[..NEAR] == other.as_bytes()[..NEAR]
}

/// Bytes, whole characters only, that both texts start with.
pub fn common_prefix(one: &str, other: &str) -> usize {
    let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    (0..=same).rev().find(|at| one.is_char_boundary(*at) && other.is_char_boundary(*at)).unwrap_or(0)
}

/// How many bytes of `text` say all that `known` says, exactly or but for whitespace; `None` if it does not.
pub fn covers(text: &str, known: &str) -> Option<usize> {
    if text.starts_with(known) {
        return Some(known.len());
    }
    if !near(text, known) {
        return None;
    }
    let same = common_prefix(text, known);
    let mut end = same;
    let mut rest = text[same..].char_indices().filter(|(_, char)| !char.is_whitespace());
    for wanted in known[same..].chars().filter(|char| !char.is_whitespace()) {
        match rest.next() {
            Some((at, char)) if char == wanted => end = same + at + char.len_utf8(),
            _ => return None,
        }
    }
    // The whitespace that both go on with is known too.
    let blanks = &known[known.trim_end().len()..];
    Some(end + common_prefix(&text[end..], blanks))
}

/// Where in `text` that goes on which comes after all that `known` says, if the end of `known` stands in it exactly once after
/// the place where they part.
pub fn align(text: &str, known: &str) -> Option<usize> {
    let parted = common_prefix(text, known);
    let start = (known.len().saturating_sub(ANCHOR)..known.len()).find(|at| known.is_char_boundary(*at))?;
    let anchor = &known.as_bytes()[start..];
    if anchor.len() < NEAR {
        return None;
    }
    let place = parted + memchr::memmem::find(&text.as_bytes()[parted..], anchor)?;
    let again = memchr::memmem::find(&text.as_bytes()[place + 1..], anchor);
    again.is_none().then_some(place + anchor.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_covers_the_text_before_it_but_for_whitespace() {
        for (text, known, expected) in [
            ("Here is the plan", "Here", Some(4)),
            ("Here is the plan:\n\n- one\n- two", "Here is the plan:\n- one", Some(24)),
            ("Here is the plan:\n\n- one\n- two", "Here is the plan:\n- one\n", Some(25)),
            ("Here is the plan:\n\n- one", "Here is the plan:\n- one", Some(24)),
            ("Here is the plan: no", "Here is the plan:\n- one", None),
            ("Here is the", "Here is the plan", None),
            ("a b", "ab", None),
            ("日本語のテスト です", "日本語のテストです", Some(28)),
        ] {
            assert_eq!(covers(text, known), expected, "{text:?} {known:?}");
        }
    }

    #[test]
    fn the_end_of_the_old_text_is_found_in_the_new_one() {
        for (text, known, expected) in [
            ("I see the parsr now. I will add the case", "I see the parser now. I will add", Some(31)),
            ("It will do the sum", "It will add", None),
            ("b, then then then, then then then!", "a, then then then", None),
        ] {
            assert_eq!(align(text, known), expected, "{text:?} {known:?}");
        }
    }
}
