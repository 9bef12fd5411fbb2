//! The weighted score of v2: prefix, length, timing and similarity of the latest texts.
//!
//! Lengths and distances count bytes, so a code point may be cut; that is as it was. Everything is `+ - * /` on `f64`, which
//! gives the same result on every machine; what is stored elsewhere is [`Score::thousandths`].

use std::collections::VecDeque;

use crate::core::time::Micros;

/// Largest middle, in bytes, for which [`levenshtein`] is exact when both texts have more than that left to compare.
pub const EXACT_BYTES: usize = 256;

/// How many of the latest texts are analysed.
const RECENT: usize = 3;

/// Mean intervals below this count as rapid.
const RAPID: f64 = 500_000.0;

/// What the detector is set to. `Default` is what the earlier system used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Most texts remembered.
    pub window: usize,
    /// Mean similarity above which texts count as alike.
    pub similarity: f64,
    /// Texts older than this are forgotten.
    pub horizon: Micros,
    /// Confidence from which it is a stutter.
    pub confidence: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { window: 5, similarity: 0.8, horizon: Micros::from_millis(2_000), confidence: 0.7 }
    }
}

/// One of the four analyses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factor {
    /// 0 to 1.
    pub confidence: f64,
    /// Its share before normalisation.
    pub weight: f64,
    /// What it saw.
    pub reason: &'static str,
}

/// What the detector says of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// True: hold it. False: flush.
    pub stuttering: bool,
    /// 0 to 1.
    pub confidence: f64,
    /// Prefix, length, timing, similarity; none for the first text.
    pub factors: Option<[Factor; 4]>,
}

impl Score {
    /// The confidence in thousandths, rounded.
    pub fn thousandths(&self) -> u16 {
        (self.confidence * 1_000.0 + 0.5) as u16
    }

    /// The reasons of the factors over one half, or what was said when there is none.
    pub fn reason(&self) -> String {
        let Some(factors) = &self.factors else { return "first chunk".into() };
        let reasons: Vec<_> = factors.iter().filter(|factor| factor.confidence > 0.5).map(|factor| factor.reason).collect();
        if reasons.is_empty() { "combined analysis indicates no stuttering".into() } else { reasons.join(", ") }
    }
}

#[derive(Debug)]
struct Entry {
    text: Vec<u8>,
    at: Micros,
    /// Likeness to the text before it, kept because the next analyses need it again.
    similarity: f64,
}

/// Remembers the latest texts and scores each new one.
#[derive(Debug, Default)]
pub struct Detector {
    settings: Settings,
    history: VecDeque<Entry>,
}

impl Detector {
    /// A detector with other settings.
    pub fn new(settings: Settings) -> Detector {
        Detector { settings, history: VecDeque::new() }
    }

    /// Number of texts remembered.
    pub fn len(&self) -> usize {
        self.history.len()
    }

    /// True before the first text.
    pub fn is_empty(&self) -> bool {
        self.history.is_empty()
    }

    /// Scores `current`, which came at `at`, against `previous` and the texts remembered.
    pub fn analyse(&mut self, current: &[u8], previous: &[u8], at: Micros) -> Score {
        let similarity = self.history.back().map_or(0.0, |last| string_similarity(&last.text, current));
        self.history.push_back(Entry { text: current.to_vec(), at, similarity });
        while self.history.front().is_some_and(|first| at.since(first.at) > self.settings.horizon) {
            self.history.pop_front();
        }
        while self.history.len() > self.settings.window {
            self.history.pop_front();
        }
        if self.history.len() <= 1 {
            return Score { stuttering: true, confidence: 1.0, factors: None };
        }
        let recent: Vec<&Entry> = self.history.range(self.history.len().saturating_sub(RECENT)..).collect();
        let factors = [prefix(current, previous), length(&recent), timing(&recent), alike(&recent, self.settings.similarity)];
        let weighted: f64 = factors.iter().map(|factor| factor.confidence * factor.weight).sum();
        let weights: f64 = factors.iter().map(|factor| factor.weight).sum();
        let confidence = weighted / weights;
        Score { stuttering: confidence >= self.settings.confidence, confidence, factors: Some(factors) }
    }
}

fn prefix(current: &[u8], previous: &[u8]) -> Factor {
    let longest = current.len().max(previous.len());
    if previous.is_empty() {
        return Factor { confidence: 1.0, weight: 0.3, reason: "no previous content" };
    }
    if super::prefix_related(current, previous) {
        let distance = levenshtein(current, previous);
        let confidence = 1.0 - distance as f64 / longest as f64;
        return Factor { confidence, weight: 0.4, reason: "prefix relationship detected" };
    }
    let ratio = common_prefix(current, previous).len() as f64 / longest as f64;
    if ratio > 0.5 {
        return Factor { confidence: ratio, weight: 0.3, reason: "partial overlap detected" };
    }
    Factor { confidence: 0.0, weight: 0.4, reason: "no prefix pattern" }
}

fn length(recent: &[&Entry]) -> Factor {
    let lengths = recent.iter().map(|entry| entry.text.len());
    let (first, last) = (recent[0].text.len(), recent[recent.len() - 1].text.len());
    if lengths.clone().zip(lengths.skip(1)).all(|(one, next)| next > one) {
        // A growth from the empty text is a growth without bound.
        let growth = if first == 0 { f64::INFINITY } else { last as f64 / first as f64 };
        return Factor { confidence: (growth / 2.0).min(1.0), weight: 0.25, reason: "increasing length pattern" };
    }
    Factor { confidence: 0.2, weight: 0.25, reason: "no clear length progression" }
}

fn timing(recent: &[&Entry]) -> Factor {
    let whole = recent[recent.len() - 1].at.since(recent[0].at).0 as f64;
    let mean = whole / (recent.len() - 1) as f64;
    if mean < RAPID {
        return Factor { confidence: 1.0 - mean / RAPID, weight: 0.15, reason: "rapid succession timing" };
    }
    Factor { confidence: 0.3, weight: 0.15, reason: "normal timing pattern" }
}

fn alike(recent: &[&Entry], threshold: f64) -> Factor {
    let sum: f64 = recent[1..].iter().map(|entry| entry.similarity).sum();
    let mean = sum / (recent.len() - 1) as f64;
    if mean > threshold {
        return Factor { confidence: mean, weight: 0.2, reason: "high content similarity" };
    }
    Factor { confidence: mean * 0.5, weight: 0.2, reason: "low content similarity" }
}

/// Likeness of two texts, 0 to 1: one less the distance over the longer length; 0 if just one is empty.
pub fn string_similarity(one: &[u8], other: &[u8]) -> f64 {
    if one == other {
        return 1.0;
    }
    if one.is_empty() || other.is_empty() {
        return 0.0;
    }
    1.0 - levenshtein(one, other) as f64 / one.len().max(other.len()) as f64
}

/// What both texts begin with, in bytes.
pub fn common_prefix<'a>(one: &'a [u8], other: &[u8]) -> &'a [u8] {
    let len = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    &one[..len]
}

/// Edit distance in bytes, in time linear in the texts.
///
/// Common beginnings and ends do not change the distance and are set aside first, which makes growth, the case it is asked
/// about most, a matter of lengths. Of what is left, the first [`EXACT_BYTES`] of each are compared exactly and the rest
/// counts as different: exact if either rest is empty or both fit, an upper bound otherwise.
pub fn levenshtein(one: &[u8], other: &[u8]) -> usize {
    let begin = common_prefix(one, other).len();
    let (one, other) = (&one[begin..], &other[begin..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[..one.len() - end], &other[..other.len() - end]);
    let (head, tail) = one.split_at(one.len().min(EXACT_BYTES));
    let (other_head, other_tail) = other.split_at(other.len().min(EXACT_BYTES));
    matrix(head, other_head) + tail.len().max(other_tail.len())
}

fn matrix(one: &[u8], other: &[u8]) -> usize {
    let mut row = [0usize; EXACT_BYTES + 1];
    for (index, cell) in row.iter_mut().enumerate() {
        *cell = index;
    }
    for (index, a) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, b) in other.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// The earlier system's guess at a number of tokens: words between blanks, tabs, newlines and `, . ! ?`.
pub fn token_estimate(text: &str) -> usize {
    text.split([' ', '\t', '\n', ',', '.', '!', '?']).filter(|word| !word.is_empty()).count()
}
