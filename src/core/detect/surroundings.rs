//! What a stretch of text stands in: prose, code, a table, a JSON value, or encoded data. Told from the few thousand bytes before it
//! and from the stretch's own first copy, so it costs the same however long the text is.

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In none of the others.
    Prose,
    /// Inside a code fence.
    Fence,
    /// In rows of a table, of CSV or of TSV.
    Table,
    /// Inside a JSON value, or a list in brackets.
    Json,
    /// In base64, hexadecimal digits, or escapes.
    Encoded,
}

/// Bytes before a stretch that are looked at.
const BEFORE: usize = 4096;
/// Bytes of the stretch's unit that are looked at.
const UNIT: usize = 4096;

/// What `text[start..]`, which repeats `unit`, stands in. Fences and a value that is the whole text are the caller's to know.
pub fn place(text: &str, start: usize, unit: &str) -> Place {
    let from = (start.saturating_sub(BEFORE)..=start).find(|at| text.is_char_boundary(*at)).unwrap_or(start);
    let before = &text[from..start];
    let unit = unit.char_indices().nth(UNIT).map_or(unit, |(end, _)| &unit[..end]);
    if is_encoded(before, unit) {
        Place::Encoded
    } else if is_table(before, unit) {
        Place::Table
    } else if unit.contains(',') && is_open(before) {
        Place::Json
    } else {
        Place::Prose
    }
}

/// True if a bracket is open at the end of `before`, in its last paragraph.
fn is_open(before: &str) -> bool {
    let mut depth = 0_i32;
    for byte in before[before.rfind("\n\n").unwrap_or(0)..].bytes().rev() {
        match byte {
            b']' | b'}' | b')' => depth += 1,
            b'[' | b'{' | b'(' if depth == 0 => return true,
            b'[' | b'{' | b'(' => depth -= 1,
            _ => {}
        }
    }
    false
}

fn is_encoded(before: &str, unit: &str) -> bool {
    if is_escapes(unit) {
        return true;
    }
    // Lines of base64 or of hexadecimal digits.
    let solid = unit.trim();
    let lines = solid.lines().count() > 1 || unit.contains('\n');
    if lines && !solid.is_empty() && solid.lines().all(|line| line.len() >= 32 && line.trim().bytes().all(is_base64)) {
        return true;
    }
    if hex_pairs(unit).is_some_and(|count| count > 0) {
        let tail = before.char_indices().rev().nth(48).map_or(before, |(at, _)| &before[at..]);
        let before = tail.split_whitespace().rev().take_while(|word| is_hex_pair(word)).count();
        return before >= 2 || unit.bytes().any(|byte| byte.is_ascii_digit());
    }
    if !unit.bytes().all(is_base64) {
        return false;
    }
    // A stretch without spaces, of which the run is the end: what stands before the run tells what it is.
    let stretch = before.rsplit(|char: char| char.is_whitespace() || matches!(char, '"' | '\'' | '`' | '(')).next().unwrap_or("");
    let lower = stretch.to_ascii_lowercase();
    let said = lower.contains("base64,") || lower.starts_with("data:") || lower.ends_with("0x") || lower.contains("sha256-");
    let kinds = [u8::is_ascii_uppercase, u8::is_ascii_lowercase, u8::is_ascii_digit];
    let mixed = kinds.iter().filter(|kind| stretch.bytes().any(|byte| kind(&byte))).count() >= 2;
    let hex = lower.bytes().all(|byte| byte.is_ascii_hexdigit()) && stretch.bytes().any(|byte| byte.is_ascii_digit());
    let opaque = stretch.bytes().all(is_base64) && stretch.len() >= 8 && mixed && !is_spelled(stretch);
    said || opaque || hex && stretch.len() >= 4 && unit.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// True for a word as people write it: lower case after at most one capital.
fn is_spelled(word: &str) -> bool {
    word.char_indices().all(|(at, char)| char.is_ascii_lowercase() || at == 0 && char.is_ascii_uppercase())
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-')
}

/// True for `\x00`, `\u0000`, `%20`, `&#0;` and their like, back to back.
fn is_escapes(unit: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pieces = |mark: char, len: usize| {
        unit.starts_with(mark)
            && unit[mark.len_utf8()..].split(mark).all(|piece| piece.len() == len && hex(&piece[piece.len().min(1)..]))
    };
    pieces('\\', 3) && unit.contains("\\x") || pieces('\\', 5) && unit.contains("\\u") || pieces('%', 2)
}

fn is_hex_pair(word: &str) -> bool {
    let word = word.trim_end_matches(',');
    let word = word.strip_prefix("0x").unwrap_or(word);
    word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'?')
}

/// How many pairs of hexadecimal digits `unit` is, if it is nothing else.
fn hex_pairs(unit: &str) -> Option<usize> {
    unit.contains(char::is_whitespace).then_some(())?;
    unit.split_whitespace().try_fold(0, |count, word| is_hex_pair(word).then_some(count + 1))
}

fn is_table(before: &str, unit: &str) -> bool {
    let line = before[before.rfind('\n').map_or(0, |at| at + 1)..].trim_start();
    if line.starts_with('|')
        || unit.split('\n').filter(|line| !line.trim().is_empty()).all(|line| line.trim_start().starts_with('|'))
    {
        return unit.contains('|');
    }
    // Rows that are separated by signs without a space after them, as prose never is.
    let rows = || unit.split('\n').filter(|row| !row.trim().is_empty());
    let row = |row: &str| {
        let separators = row.bytes().filter(|byte| matches!(byte, b',' | b';' | b'\t')).count();
        let spaced = row.matches(", ").count() + row.matches("; ").count();
        row.contains('\t') || separators >= 2 && spaced == 0
    };
    unit.contains('\n') && rows().next().is_some() && rows().all(row)
}
