//! Whether events repeat the text so far or continue it, and what is new in them.

use std::collections::BTreeMap;

use crate::core::{dialect::Sink, reading::ChannelKey};

/// An equal text this long is a repetition where nothing counts its tokens.
const LONG: usize = 8;
/// More bytes than this are not in one token: an equal text with fewer tokens counted for it is a repetition.
const TOKEN: u64 = 16;

/// How a stream's texts are to be read.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// No event has told yet.
    #[default]
    Open,
    /// Every event repeats all text so far.
    Cumulative,
    /// Every event continues it.
    Additive,
}

/// The texts so far, while they may be repeated.
#[derive(Default)]
pub(super) struct Growth {
    mode: Mode,
    /// Texts that began with all that was known, and went on.
    growths: u32,
    known: BTreeMap<ChannelKey, Vec<u8>>,
    /// Output tokens counted up to the event before, and up to this one.
    tokens: (Option<u64>, Option<u64>),
}

impl Growth {
    /// An event begins that counts so many output tokens.
    pub fn begin(&mut self, tokens: Option<u64>) {
        self.tokens = (self.tokens.1, tokens);
    }

    /// A text of this event.
    pub fn say(&mut self, key: ChannelKey, text: &[u8], sink: &mut Sink) {
        if text.is_empty() {
            return;
        }
        if self.mode == Mode::Additive {
            sink.add(key, text);
            return;
        }
        let known = self.known.entry(key).or_default();
        if self.mode == Mode::Open && !known.is_empty() {
            let again = match self.tokens {
                (Some(before), Some(now)) => text.len() as u64 > now.saturating_sub(before).saturating_mul(TOKEN),
                _ => text.len() >= LONG,
            };
            match text.strip_prefix(known.as_slice()) {
                // A closing event repeats the text whole where hardly anything was counted since.
                Some([]) if again => {}
                Some([_, ..]) => self.mode = Mode::Cumulative,
                _ => {
                    self.mode = Mode::Additive;
                    self.known.clear();
                    sink.add(key, text);
                    return;
                }
            }
        }
        let same = common(known, text);
        if !known.is_empty() {
            if self.growths == 1 && same == 0 {
                // The one growth was chance: a short text may begin the next.
                self.mode = Mode::Additive;
                self.known.clear();
                sink.add(key, text);
                return;
            }
            self.growths = self.growths.saturating_add(u32::from(same == known.len() && same < text.len()));
        }
        sink.snapshot(key, &text[..same]);
        // A text that is shorter than what is known came late, and says nothing new.
        if same < text.len() {
            sink.add(key, &text[same..]);
            known.truncate(same);
            known.extend_from_slice(&text[same..]);
        }
    }
}

/// Length of the common start of two texts, not inside a character.
fn common(one: &[u8], two: &[u8]) -> usize {
    if two.starts_with(one) && two.get(one.len()).is_none_or(|byte| (*byte as i8) >= -0x40) {
        return one.len();
    }
    let mut same = one.iter().zip(two).take_while(|(one, two)| one == two).count();
    // Text that is not UTF-8 may begin inside a character.
    while same > 0 && two.get(same).is_some_and(|byte| (*byte as i8) < -0x40) {
        same -= 1;
    }
    same
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::reading::Channel;

    fn check(events: &[(&str, u64)], expected: &str) {
        let key = ChannelKey { choice: 0, block: 0, channel: Channel::Text };
        let (mut growth, mut sink) = (Growth::default(), Sink::default());
        for (text, tokens) in events {
            growth.begin(Some(*tokens));
            growth.say(key, text.as_bytes(), &mut sink);
        }
        let mut from = 0;
        let mut added = String::new();
        for (_, end, snapshot) in &sink.deltas {
            if !snapshot {
                added.push_str(&String::from_utf8_lossy(&sink.text[from..*end as usize]));
            }
            from = *end as usize;
        }
        assert_eq!(added, expected, "{events:?}");
    }

    #[test]
    fn both_readings_give_the_text() {
        check(&[("1", 1), (",", 2), (" 2", 3)], "1, 2");
        check(&[("1", 1), ("1,", 2), ("1, 2", 3)], "1, 2");
        check(&[("OK", 1), ("OK", 1)], "OK");
        check(&[("\n", 1), ("\n", 2), ("a", 3)], "\n\na");
        check(&[("a text of some more words", 6), ("a text of some more words", 7)], "a text of some more words");
        check(&[("the same line\n", 3), ("the same line\n", 6), ("the end", 8)], "the same line\nthe same line\nthe end");
        check(&[("ab", 1), ("abc", 2), ("ab", 3), ("abcd", 4)], "abcd");
        check(&[("`", 1), ("``\n", 2), (" *", 3), (" * *", 4)], "``\n * * *");
        check(&[("a", 1), ("aä", 2), ("aö!", 3)], "aäö!");
        // What was taken for a growth cannot be taken back, but what follows is whole.
        check(&[("a", 1), ("ab", 2), ("c", 3), ("cd", 4), ("e", 5)], "abccde");
    }
}
