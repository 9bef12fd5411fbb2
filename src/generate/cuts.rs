//! How a text is cut into deltas.

use super::random::Random;

/// A way to cut.
pub type Cut = fn(&mut Random, &str) -> Vec<String>;

/// Every way to cut, with its name.
pub const CUTS: &[(&str, Cut)] = &[
    ("by-character", characters),
    ("by-token", tokens),
    ("by-token", tokens),
    ("by-token", tokens),
    ("by-word", words),
    ("by-trailing-word", trailing_words),
    ("by-line", lines),
    ("by-leading-line", leading_lines),
    ("by-sentence", sentences),
    ("by-length", lengths),
    ("mixed", mixed),
    ("whole", whole),
];

fn characters(_: &mut Random, text: &str) -> Vec<String> {
    text.chars().map(String::from).collect()
}

fn whole(_: &mut Random, text: &str) -> Vec<String> {
    vec![text.to_string()]
}

/// Pieces as byte-pair tokenizers make them: a space belongs to the word after it, long words fall apart, digits come in threes.
fn tokens(random: &mut Random, text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    for word in words(random, text) {
        let mut piece = String::new();
        let most = random.between(3, 9);
        for character in word.chars() {
            let kind = kind_of(character);
            let before = piece.chars().next_back().map(kind_of);
            let longest = if kind == Kind::Digit { 3 } else { most };
            let parts = before.is_some_and(|before| before != kind && before != Kind::Space || piece.chars().count() >= longest);
            if parts {
                pieces.push(std::mem::take(&mut piece));
            }
            piece.push(character);
        }
        pieces.push(piece);
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Kind {
    Space,
    Digit,
    Letter,
    Other,
}

fn kind_of(character: char) -> Kind {
    match character {
        _ if character.is_whitespace() => Kind::Space,
        _ if character.is_numeric() => Kind::Digit,
        _ if character.is_alphabetic() => Kind::Letter,
        _ => Kind::Other,
    }
}

/// A space belongs to the word after it.
fn words(_: &mut Random, text: &str) -> Vec<String> {
    split(text, |before, now| !before.is_whitespace() && now.is_whitespace())
}

/// A space belongs to the word before it.
fn trailing_words(_: &mut Random, text: &str) -> Vec<String> {
    split(text, |before, now| before.is_whitespace() && !now.is_whitespace())
}

fn lines(_: &mut Random, text: &str) -> Vec<String> {
    split(text, |before, _| before == '\n')
}

fn leading_lines(_: &mut Random, text: &str) -> Vec<String> {
    split(text, |before, now| now == '\n' && before != '\n')
}

fn sentences(_: &mut Random, text: &str) -> Vec<String> {
    split(text, |before, now| matches!(before, '.' | '!' | '?' | '。' | '\n') && now.is_whitespace())
}

fn lengths(random: &mut Random, text: &str) -> Vec<String> {
    let length = random.between(2, 40);
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(length).map(|chunk| chunk.iter().collect()).collect()
}

fn mixed(random: &mut Random, text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let (mut pieces, mut at) = (Vec::new(), 0);
    while at < characters.len() {
        let most = *random.pick(&[1, 3, 8, 30, 120]);
        let end = (at + random.between(1, most)).min(characters.len());
        pieces.push(characters[at..end].iter().collect());
        at = end;
    }
    pieces
}

fn split(text: &str, parts: impl Fn(char, char) -> bool) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut before = None;
    for character in text.chars() {
        if before.is_some_and(|before| parts(before, character)) {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(character);
        }
        before = Some(character);
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}
