//! Texts that repeat themselves because that is what they are: rows of equal cells, equal lines, runs of a sign.
//!
//! Where a text goes on as it began, it is no surprise that a delta begins as all text so far does: nothing is proved by it. Of
//! 40,000 generated clean streams some 25 (grids, equal test cases, equal imports, cut anywhere) were taken for snapshots before
//! such texts were left out.

use super::stitch::failure;

/// So few different characters, blanks aside …
const FEW: usize = 2;
/// … in a text of at least so many say too little.
const SHORT: usize = 4;
/// Longer lines, in bytes, are paragraphs.
const LINE: usize = 160;

/// True if `text` is made of copies of one unit, or of hardly any different characters. Linear.
pub fn says_little(text: &str) -> bool {
    has_few_characters(text) || is_periodic(text.as_bytes())
}

/// True if `text` is one whole line of the length that lines of code and logs have: the next line may be the same one again.
pub fn is_one_line(text: &str) -> bool {
    text.find('\n').is_some_and(|end| end <= LINE && end + 1 == text.len())
}

/// True for an Arabic or Roman number, which the next one of a row may begin with.
pub fn is_number(text: &str) -> bool {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()) || text.bytes().all(|byte| b"IVXLCDM".contains(&byte))
}

/// True for two or more of one character, blanks aside.
pub fn is_run(text: &str) -> bool {
    let mut characters = text.chars().filter(|character| !character.is_whitespace());
    let first = characters.next();
    let more = characters.clone().next().is_some();
    more && characters.all(|character| Some(character) == first)
}

fn has_few_characters(text: &str) -> bool {
    let mut seen = [None; FEW];
    let mut count = 0;
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        count += 1;
        if seen.contains(&Some(character)) {
            continue;
        }
        match seen.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(character),
            None => return false,
        }
    }
    count >= SHORT
}

/// True if the smallest period comes twice, or once as a whole line that has begun again.
fn is_periodic(bytes: &[u8]) -> bool {
    let length = failure(bytes).last().copied().unwrap_or(0);
    let period = bytes.len() - length;
    length > 0 && (period * 2 <= bytes.len() || bytes[..period].ends_with(b"\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_runs_grow_by_themselves() {
        assert!(is_number("1833") && is_number(" 10") && is_number("VIII") && !is_number("1+") && !is_number("I'll"));
        assert!(is_run("\noo") && is_run("==") && !is_run("a") && !is_run("a+") && !is_run(""));
    }

    #[test]
    fn texts_that_go_on_as_they_began_say_little() {
        for (text, little, line) in [
            ("0 0 0 0\n0 0", true, false),
            ("ok\nok\nok\n", true, false),
            ("from a import b\nfrom a imp", true, false),
            ("from a import b\n", false, true),
            ("It was late.\n\n", false, false),
            ("from a import b", false, false),
            ("1+1", false, false),
            ("Here", false, false),
            ("Here are the keys:\n| Key | Use |", false, false),
            ("????", true, false),
            ("", false, false),
        ] {
            assert_eq!(says_little(text), little, "{text:?}");
            assert_eq!(is_one_line(text), line, "{text:?}");
        }
    }
}
