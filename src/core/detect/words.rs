//! word_stutter: words that are said again at once.
//!
//! People double words too (had had, very very, tick tick tick), and scripts do (いろいろ), so one short double says nothing. What
//! tells is how long the words are, how many different ones are doubled, and how often: in 2,963 clean streams of 163,840 deltas
//! 9 have a doubled word of four letters, and none has two different ones within 200 words.

use std::collections::VecDeque;

use crate::core::detect::answers::Print;

/// A word that was said several times in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// Its first copy in the text, in bytes.
    pub start: usize,
    /// Its length in bytes.
    pub len: usize,
    /// Where the second copy begins.
    pub again: usize,
    /// Copies in a row, at least 2.
    pub times: u32,
    /// How many words of the text had ended with it.
    pub words: u64,
}

impl Said {
    /// Where its copies begin, the first one aside.
    pub fn copies(&self) -> impl Iterator<Item = usize> + use<> {
        let Said { start, again, times, .. } = *self;
        (1..times as usize).map(move |copy| start + copy * (again - start))
    }

    /// The word; `text` is the text that it lies in.
    pub fn word(self, text: &str) -> &str {
        text.get(self.start..self.start + self.len).unwrap_or("")
    }
}

/// Follows one channel's accepted text, word by word.
#[derive(Debug, Clone, Default)]
pub struct Words {
    seen: usize,
    /// Where the word that is being said begins.
    start: usize,
    /// The word before it, if one space parts them.
    before: Option<(usize, usize)>,
    words: u64,
    /// The word that is being said again.
    open: Option<Said>,
    /// What was said again lately.
    recent: VecDeque<Said>,
    /// Up to this many words chance is not asked again: it explained what was said.
    explained: u64,
    /// How many words chance explained at a time.
    patience: u64,
}

/// Fewest letters of a word that is counted.
const LETTERS: usize = 4;
/// Letters from which on a single double, and a single triple, is noted.
const LONG: usize = 7;
const LONG_TRIPLE: usize = 5;
/// Different words doubled before their rate counts, and words of text before there is a rate.
const KINDS: usize = 4;
const ENOUGH_WORDS: u64 = 40;
/// More copies than this are a loop and no stutter.
const MOST_TIMES: u32 = 8;
/// Words in which stutters count together, and those in which their rate is measured.
const WINDOW: u64 = 200;
const RATE_WINDOW: u64 = 100;
/// Most words for which chance is not asked again.
const LONGEST_PATIENCE: u64 = 20_000;
/// Bytes of text back to which chance is measured.
const BACK: usize = 4096;
/// Stutters remembered.
const RECENT: usize = 64;

impl Words {
    /// Follows `text`, which only ever grows. Words that were said again and then no more are given to `said`, in order.
    pub fn feed(&mut self, text: &str, said: &mut Vec<Said>) {
        let bytes = text.as_bytes();
        let from = self.seen;
        for (at, byte) in (from..).zip(bytes[from..].iter().copied()) {
            if byte <= b' ' {
                self.word(text, at, said);
                self.start = at + 1;
                if byte != b' ' {
                    self.before = None;
                }
            }
        }
        self.seen = bytes.len();
    }

    /// A delta said all of what the delta before it said, `text[start..]`, in a script that has no spaces.
    pub fn again(&mut self, text: &str, start: usize, said: &mut Vec<Said>) {
        let len = text.len() - start;
        match &mut self.open {
            Some(open) if open.start + open.len * open.times as usize == start && open.len == len => open.times += 1,
            _ => {
                self.close(text, said);
                self.open = Some(Said { start: start - len, len, again: start, times: 2, words: self.words });
            }
        }
    }

    /// The text ended, and with it its last word.
    pub fn finish(&mut self, text: &str, said: &mut Vec<Said>) {
        self.word(text, text.len(), said);
        self.start = text.len();
        self.close(text, said);
    }

    fn word(&mut self, text: &str, end: usize, said: &mut Vec<Said>) {
        let start = self.start;
        if start >= end {
            // More than one space: columns, not words.
            self.before = None;
            return;
        }
        self.words += 1;
        let bytes = text.as_bytes();
        let before = self.before.replace((start, end));
        if let Some((first, last)) = before {
            let len = last - first;
            let stopped = end - start == len + 1 && matches!(bytes[end - 1], b'.' | b',' | b';' | b':' | b'!' | b'?');
            if len >= LETTERS && (end - start == len || stopped) && bytes[first..last] == bytes[start..start + len] {
                self.before = Some((start, start + len));
                match &mut self.open {
                    Some(open) => {
                        open.times += 1;
                        open.words = self.words;
                    }
                    None => self.open = Some(Said { start: first, len, again: start, times: 2, words: self.words }),
                }
                return;
            }
        }
        if self.open.is_some() {
            self.close(text, said);
        }
    }

    fn close(&mut self, text: &str, said: &mut Vec<Said>) {
        let Some(open) = self.open.take().filter(|open| open.times <= MOST_TIMES) else { return };
        let word = open.word(text);
        if word.chars().count() >= LETTERS && word.chars().all(char::is_alphabetic) {
            said.push(open);
        }
    }

    /// Takes `said` into account and says what it means; `rate` is how many of a thousand words may be said again.
    pub fn weigh(&mut self, text: &str, said: Said, rate: u64) -> Option<Stutter> {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(said);
        while self.recent.front().is_some_and(|first| first.words + WINDOW < said.words) {
            self.recent.pop_front();
        }
        let letters = said.word(text).chars().count();
        let single = (letters >= LONG || said.times >= 3 && letters >= LONG_TRIPLE).then_some(Stutter::Once);
        let extra = |within: u64| {
            let lately = self.recent.iter().filter(|other| other.words + within >= said.words);
            lately.map(|other| u64::from(other.times) - 1).sum::<u64>()
        };
        if said.words < self.explained {
            return single;
        }
        let mut thrice: Vec<&str> = self.recent.iter().filter(|other| other.times >= 3).map(|other| other.word(text)).collect();
        thrice.sort_unstable();
        thrice.dedup();
        // A rate wants some text, and several words: a short one doubles two by emphasis.
        let often = said.words >= ENOUGH_WORDS
            && extra(RATE_WINDOW) * 1000 > rate * said.words.min(RATE_WINDOW)
            && self.distinct(text).len() >= KINDS;
        if thrice.len() >= 2 || often {
            if self.is_no_chance(text, said, extra(WINDOW)) {
                return Some(Stutter::Often);
            }
            // What chance explains it explains for longer and longer: asking costs a look at all the words.
            self.patience = (self.patience * 2).clamp(RATE_WINDOW / 2, LONGEST_PATIENCE);
            self.explained = said.words + self.patience;
        }
        single
    }

    /// What was said again lately, in order.
    pub fn recent(&self) -> impl Iterator<Item = Said> + '_ {
        self.recent.iter().copied()
    }

    /// The words said again lately, each once, in alphabetic order.
    pub fn distinct<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut words: Vec<&str> = self.recent.iter().map(|said| said.word(text)).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// True if so many doubles do not come of few words in any order: `extra` is three times as many as chance makes, and one more,
    /// and there are as many words that were not said again.
    fn is_no_chance(&self, text: &str, said: Said, extra: u64) -> bool {
        let end = (said.start + said.len * said.times as usize).min(text.len());
        let from = end.saturating_sub(BACK);
        let bounds =
            (from..=end).find(|at| text.is_char_boundary(*at)).zip((end..=text.len()).find(|at| text.is_char_boundary(*at)));
        let Some((from, end)) = bounds else { return true };
        let words = text[from..end].split_ascii_whitespace();
        let mut words: Vec<(u64, bool)> = words.map(|word| (Print::default().and(word).hash(), word.len() >= LETTERS)).collect();
        words.dedup();
        words.sort_unstable();
        let kinds = words.chunk_by(|one, two| one == two).count();
        if kinds < 2 * self.distinct(text).len() {
            return false;
        }
        words.retain(|(_, counted)| *counted);
        let total = words.len() as u64;
        let pairs: u64 = words.chunk_by(|one, two| one == two).map(|same| (same.len() * (same.len() - 1)) as u64).sum();
        extra * total.saturating_sub(1) >= 3 * pairs + total.saturating_sub(1)
    }
}

/// What doubled words mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stutter {
    /// One long word, which may be meant.
    Once,
    /// Several words, more often than chance or emphasis makes.
    Often,
}
