//! token_loop and phrase_loop: what a run of copies is made of, where it stands, and what its length then means.
//!
//! Length alone does not tell a loop: rulers, grids, padding and lists are long and right. So the unit says what kind it is, the
//! text before it what it stands in, and the request whether it was asked for. More than `loop.copies` copies are a warning
//! unless one of these speaks against it; up to `loop.few` never are.

use crate::core::{
    class::{Certainty, Class, Level},
    detect::{repeat::Run, surroundings::Place},
    params::{Param, Params},
};

/// What a unit is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing but whitespace.
    Blank,
    /// One sign that rulers, leaders and underlines are made of, on one line.
    Ruler,
    /// Digits, signs and spaces: a grid or a list of numbers.
    Grid,
    /// A token of the model's own, as `<|im_end|>` or `[PAD]`.
    Special,
    /// Words, or anything else.
    Text,
}

/// What is known of one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// What it is made of.
    pub kind: Kind,
    /// Characters in it.
    pub chars: u64,
    /// Words with a letter in them.
    pub words: u64,
    /// Few words, or one short thing: token_loop and not phrase_loop.
    pub short: bool,
    /// It goes over the end of a line.
    pub lines: bool,
    /// How it reads, which matters where copies differ in their numbers.
    pub speech: Speech,
}

/// How a unit reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// As a row of data: an entry of a log or of a list, a statement, a reference with its number.
    Row,
    /// As something that people say.
    Said,
}

impl Unit {
    /// Looks at `unit`.
    pub fn of(unit: &str) -> Unit {
        let chars = unit.chars().count() as u64;
        let lettered = || unit.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic));
        let words = lettered().count() as u64;
        let mut distinct: Vec<String> = lettered().take(16).map(str::to_lowercase).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let spoken = chars <= MOST_TOKEN && distinct.len() <= 2;
        let short = spoken && (chars <= MOST_WORD || unit.is_ascii());
        Unit { kind: kind(unit), chars, words, short, lines: unit.contains('\n'), speech: speech(unit, words) }
    }

    /// The class of a loop of this unit; what `counts` says something.
    pub fn class(self, counts: bool) -> Class {
        match self {
            _ if counts => Class::PhraseLoop,
            Unit { kind: Kind::Blank, .. } => Class::WhitespaceFlood,
            Unit { short: true, .. } => Class::TokenLoop,
            _ => Class::PhraseLoop,
        }
    }
}

/// Longest unit that is one or two words, and longest one in a script that may do without spaces.
const MOST_TOKEN: u64 = 32;
const MOST_WORD: u64 = 16;

fn kind(unit: &str) -> Kind {
    let solid = || unit.chars().filter(|char| !char.is_whitespace());
    let Some(first) = solid().next() else { return Kind::Blank };
    if is_special(unit.trim()) {
        return Kind::Special;
    }
    if is_mark(first) && !unit.contains('\n') && solid().all(|char| char == first) {
        return Kind::Ruler;
    }
    if solid().all(|char| char.is_numeric() || is_mark(char)) { Kind::Grid } else { Kind::Text }
}

/// Signs that data and code have and sentences have not.
const WRITTEN: [char; 12] = ['{', '}', '=', ';', '|', '<', '>', '\\', '\t', '_', '@', '$'];
/// Ends of sentences.
const STOPS: [char; 11] = ['.', '!', '?', '…', '。', '！', '？', '؟', '।', '：', '；'];
/// Fewest words of something that is said without an end of a sentence, fewest with one, and fewest letters where no spaces part
/// words.
const SAID_WORDS: (u64, u64) = (3, 2);
const SAID_LETTERS: usize = 4;

/// What `unit` reads as, of which `words` words have a letter.
fn speech(unit: &str, words: u64) -> Speech {
    let listed = |line: &str| {
        let mut chars = line.trim_start().chars();
        let first = chars.next();
        let bullet =
            matches!(first, Some('-' | '*' | '+' | '•' | '[' | '(' | '"' | '\'')) && chars.next().is_some_and(|char| char != '*');
        bullet || first.is_some_and(char::is_numeric)
    };
    let numbers =
        unit.split_whitespace().filter(|word| !word.chars().any(char::is_alphabetic) && word.chars().any(char::is_numeric));
    let written = unit.contains(WRITTEN) || unit.contains("//") || unit.contains("::");
    let row = unit.contains('\n') && unit.lines().any(|line| listed(line) || line.split(' ').any(is_clock));
    if written || row || numbers.count() as u64 > words {
        return Speech::Row;
    }
    let ended = unit.contains(STOPS);
    let letters = unit.chars().filter(|char| !char.is_ascii() && char.is_alphabetic() && !char.is_numeric()).count();
    let said = words >= SAID_WORDS.0 || ended && (words >= SAID_WORDS.1 || letters >= SAID_LETTERS);
    if said { Speech::Said } else { Speech::Row }
}

/// True for a time of day with its seconds, as logs have it.
fn is_clock(word: &str) -> bool {
    word.bytes().filter(|byte| *byte == b':').count() >= 2 && !word.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Signs of which rulers, frames and separators are made, in all scripts; pictures are none.
fn is_mark(char: char) -> bool {
    char.is_ascii_punctuation()
        || matches!(char, '·' | '×' | '¯' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}')
        || matches!(char, '\u{2190}'..='\u{21ff}' | '\u{2200}'..='\u{22ff}' | '\u{2500}'..='\u{25ff}')
        || matches!(char, '\u{3000}'..='\u{3003}' | '\u{3008}'..='\u{3020}' | '\u{30fb}' | '\u{30fc}' | '\u{ff01}'..='\u{ff0f}')
}

/// True for `<|im_end|>`, `<fim_prefix>`, `</s>`, `[PAD]` and their like; HTML has no such tags.
fn is_special(unit: &str) -> bool {
    let name = |open, close| unit.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let word = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if let Some(name) = name("[", "]") {
        return name.len() >= 3 && name.bytes().all(|byte| byte.is_ascii_uppercase());
    }
    let Some(name) = name("<", ">") else { return false };
    let bare = name.trim_matches(['|', '/', '｜']);
    let known = ["s", "pad", "unk", "eos", "bos", "mask", "sep", "cls", "endoftext"].contains(&bare);
    known || word(bare) && (bare.contains('_') || bare.len() < name.len() && name.starts_with('|'))
}

/// Whether the request asked for the repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It does, up to this many copies.
    UpTo(u64),
    /// It does not.
    No,
    /// Nobody knows what was asked.
    Unknown,
}

/// What a run means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    /// Warning or note.
    pub level: Level,
    /// How sure.
    pub certainty: Certainty,
}

impl Asked {
    /// True if `copies` copies were asked for. Models count badly: a tenth more pass.
    fn covers(self, copies: u64) -> bool {
        matches!(self, Asked::UpTo(most) if copies <= most + most / 10 + 1)
    }
}

const WARNING: Option<Weight> = Some(Weight { level: Level::Warning, certainty: Certainty::Proved });
const LIKELY: Option<Weight> = Some(Weight { level: Level::Note, certainty: Certainty::Likely });
const OPEN: Option<Weight> = Some(Weight { level: Level::Note, certainty: Certainty::Ambiguous });

/// Copies of a special token that no answer needs.
const SPECIAL_COPIES: u64 = 16;
/// A unit that is a sentence or more is noted from the first number of copies on, a shorter one from the second.
const BLOCK_CHARS: u64 = 80;
const BLOCK_COPIES: u64 = 3;
const LINE_CHARS: u64 = 8;
const LINE_COPIES: u64 = 12;
/// Words and characters from which on an unasked-for run of some forty copies is no list.
const SENTENCE_WORDS: u64 = 6;
const SENTENCES_CHARS: u64 = 2_000;

/// How many copies of `unit` in `place` are a loop whatever else is known.
pub fn limit(unit: Unit, place: Place, params: &Params) -> u64 {
    let many = params.get(Param::LoopCopies);
    match (unit.kind, place) {
        (_, Place::Encoded) => many * 100,
        (Kind::Ruler | Kind::Grid, _) => many * 10,
        (Kind::Blank, _) if !unit.lines => many * 10,
        (_, Place::Prose) => many,
        _ => many * 10,
    }
}

/// What `copies` copies of `unit`, `chars` characters in all, mean in `place`.
pub fn weigh(unit: Unit, copies: u64, chars: u64, place: Place, asked: Asked, params: &Params) -> Option<Weight> {
    let few = params.get(Param::LoopFew);
    let many = limit(unit, place, params);
    if copies > many {
        return if asked.covers(copies) { None } else { WARNING };
    }
    match (unit.kind, place) {
        (_, Place::Encoded) => (copies > many / 10).then_some(OPEN?),
        (Kind::Ruler, _) => (copies > many * 4 / 10).then_some(LIKELY?),
        (Kind::Special, _) => (copies > SPECIAL_COPIES).then_some(LIKELY?),
        (Kind::Blank | Kind::Grid, _) => None,
        (Kind::Text, Place::Prose) if copies > few && !asked.covers(copies) => between(unit, chars, asked, params),
        (Kind::Text, Place::Prose) => {
            let block = unit.chars >= BLOCK_CHARS && copies >= BLOCK_COPIES && chars >= params.get(Param::LoopBlock);
            let lines = unit.chars >= LINE_CHARS && copies >= LINE_COPIES && chars >= params.get(Param::LoopMinChars);
            (unit.words > 0 && (block || lines) && !asked.covers(copies)).then_some(LIKELY?)
        }
        // Prose in data is still prose; code and rows of data are not.
        (Kind::Text, _) => {
            let prose = unit.chars >= 20 && unit.words >= 3 && copies > params.get(Param::LoopCopies);
            let block = unit.chars >= 4 * BLOCK_CHARS && copies > BLOCK_COPIES && place == Place::Fence;
            (prose || block && chars >= 4 * params.get(Param::LoopBlock)).then_some(LIKELY?)
        }
    }
}

/// What `copies` copies of `unit` that differ in their numbers mean in `place`. Logs, lists and data count: of 20,538 clean texts,
/// 20,000 of them generated, 3,313 runs of eight copies or more are all rows of such, and the longest has 40. So only what people say
/// is spoken of, and whole lines of that may be a list: they are a warning only where the request is known and asked for none.
pub fn weigh_counting(unit: Unit, copies: u64, place: Place, asked: Asked, params: &Params) -> Option<Weight> {
    let (few, many) = (params.get(Param::LoopFew), params.get(Param::LoopCopies));
    let told = place == Place::Prose && unit.kind == Kind::Text && unit.speech == Speech::Said;
    if !told || copies <= few || asked.covers(copies) {
        return None;
    }
    let sure = asked != Asked::Unknown || copies > many * 10;
    let sentence = unit.words >= SENTENCE_WORDS || copies > many * 10;
    match copies > many {
        true if !unit.lines && sure => WARNING,
        true if !unit.lines || sure && sentence => Some(Weight { level: Level::Warning, certainty: Certainty::Likely }),
        false if unit.lines => None,
        _ => OPEN,
    }
}

/// More copies than pass and fewer than cannot be meant: the evidence decides.
fn between(unit: Unit, chars: u64, asked: Asked, params: &Params) -> Option<Weight> {
    if unit.words == 0 || chars < params.get(Param::LoopMinChars) {
        return None;
    }
    let sentences = unit.words >= SENTENCE_WORDS && chars >= SENTENCES_CHARS;
    if asked != Asked::Unknown || sentences { Some(Weight { level: Level::Warning, certainty: Certainty::Likely }) } else { OPEN }
}

/// What is said of a run: its copies and its unit, clipped.
pub fn sentence(text: &str, run: Run, chars: u64) -> String {
    let unit = run.unit(text);
    let clipped = clip(unit, MOST_SHOWN);
    let more = if clipped.len() < unit.len() { "…" } else { "" };
    let copies = run.copies();
    match run.counted {
        Some(_) => {
            format!("{copies} copies of {clipped:?}{more} back to back, alike but for their numbers (some {chars} characters)")
        }
        None => format!("{copies} copies of {clipped:?}{more} back to back ({chars} characters)"),
    }
}

/// The first `chars` characters of `text`.
pub fn clip(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

/// Characters of a unit that a sentence shows.
const MOST_SHOWN: usize = 80;
