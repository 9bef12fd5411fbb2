//! Repetition that counts: the same bytes again at one distance, but for the numbers in them, as in
//! `Step 1: look again. Step 2: look again.` or in lines with a clock.
//!
//! A run begins where [`Repeat`](super::repeat::Repeat) found a distance that only a number breaks. It is followed back to where it
//! began, once, and forwards as text comes: two positions that step over equal bytes, and over a number each, whatever its
//! digits. So a byte is looked at a bounded number of times, and nothing is kept but the two positions.

use super::repeat::Run;

/// Least distance of two copies, in bytes.
const SHORTEST: usize = 8;
/// Longest number that is gone back over, in bytes: longer ones are data.
const DIGITS: usize = 64;
/// Bytes from the newer copy's end back that must fit before a run begins.
pub const REACH: usize = 24;
/// Copies after which it is asked whether one of them is several.
const PROVED: u64 = 3;
/// Fewest copies of a run that is told: lists have fewer items that are alike by chance.
const COPIES: u64 = 8;
/// A run that came to nothing, but cost no more than so many bytes, may be looked over again by the next.
const SHORT: usize = 1024;

/// Follows the run at the end of a text.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    open: Option<Follow>,
    /// No copy of another run begins before this.
    floor: usize,
}

#[derive(Debug, Clone, Copy)]
struct Follow {
    /// Where the first copy begins, and the second.
    start: usize,
    second: usize,
    /// The newer position and the one that corresponds to it in the copy before. Both stand at a whole character.
    now: usize,
    then: usize,
    /// `now` stands inside a number, `then` before the one that corresponds to it.
    number: bool,
    /// Whole copies, and where the last one of them ends.
    copies: u64,
    end: usize,
    /// It is known that one copy is one.
    single: bool,
}

impl Drift {
    /// True if no run is followed.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.open.is_none()
    }

    /// The run at the end of what was followed, if it has enough copies.
    pub fn run(&self) -> Option<Run> {
        self.open.as_ref().and_then(Follow::run)
    }

    /// Follows the run up to byte `stop` of `bytes`. One that ends before is given to `ended`.
    pub fn advance(&mut self, bytes: &[u8], stop: usize, ended: &mut Vec<Run>) {
        let Some(mut open) = self.open else { return };
        while open.now < stop {
            if !open.step(bytes) {
                let run = open.run();
                if run.is_some() || open.now - open.start > SHORT {
                    self.floor = self.floor.max(open.now);
                }
                ended.extend(run);
                self.open = None;
                return;
            }
            if open.then >= open.end && !open.number {
                (open.copies, open.end) = (open.copies + 1, open.now);
                if open.copies >= PROVED && !std::mem::replace(&mut open.single, true) {
                    // Several copies may have been taken for one.
                    if let Some(part) = last_part(&bytes[open.then..open.now]) {
                        open = Follow { single: true, ..self.follow_from(bytes, open.now - part, open.now) };
                    }
                }
            }
        }
        self.open = Some(open);
    }

    /// Begins a run of which `then` and `now` correspond to each other, if nothing is followed. They stand next to a number.
    pub fn begin(&mut self, bytes: &[u8], then: usize, now: usize) {
        if self.open.is_none() {
            self.open = Some(self.follow_from(bytes, then, now));
        }
    }

    /// A run that begins as early as `then` and `now` can be followed back, and is followed up to there again.
    fn follow_from(&self, bytes: &[u8], then: usize, now: usize) -> Follow {
        let (start, second) = back(bytes, then, now, self.floor, usize::MAX);
        let mut follow = Follow { start, second, now: second, then: start, number: false, copies: 1, end: second, single: false };
        while follow.now < now && follow.step(bytes) {
            if follow.then >= follow.end && !follow.number {
                (follow.copies, follow.end) = (follow.copies + 1, follow.now);
            }
        }
        follow
    }
}

impl Follow {
    /// One byte or one digit further; false if the copies differ there.
    fn step(&mut self, bytes: &[u8]) -> bool {
        let digit = digit_at(bytes, self.now);
        if self.number {
            if digit > 0 {
                self.now += digit;
                return true;
            }
            self.number = false;
            while let len @ 1.. = digit_at(bytes, self.then) {
                self.then += len;
            }
            if self.then + SHORTEST > self.now {
                return false;
            }
        }
        if digit > 0 {
            self.number = digit_at(bytes, self.then) > 0;
            return self.number;
        }
        let same = bytes[self.now] == bytes[self.then] && digit_at(bytes, self.then) == 0;
        self.now += usize::from(same);
        self.then += usize::from(same);
        same
    }

    fn run(&self) -> Option<Run> {
        let run =
            Run { period: self.second - self.start, start: self.start, end: self.now, counted: Some((self.copies, self.end)) };
        (self.copies >= COPIES).then_some(run)
    }
}

/// True if a number stands next to `then` and to `now`, so that the bytes there may differ.
pub fn counts(bytes: &[u8], then: usize, now: usize) -> bool {
    let at = |position| digit_at(bytes, position) > 0;
    let before = |position| digit_before(bytes, position) > 0;
    (at(then) || before(then)) && (at(now) || before(now)) && (at(then) || at(now) || before(then) && before(now))
}

/// True if `then` and `now` correspond to each other over enough bytes before them, a number among these.
pub fn reaches(bytes: &[u8], then: usize, now: usize) -> bool {
    let (start, second) = back(bytes, then, now, 0, REACH);
    now - second >= REACH && start + SHORTEST <= second
}

/// Where `then` and `now` come to when they go back over what is equal, numbers aside, for some `most` bytes; `now` no further
/// than to `floor`.
fn back(bytes: &[u8], mut then: usize, mut now: usize, floor: usize, most: usize) -> (usize, usize) {
    let from = now;
    // Not from within a character, nor a number.
    while now > floor && then > 0 && bytes.get(now).is_some_and(|byte| byte & 0xc0 == 0x80) {
        (then, now) = (then - 1, now - 1);
    }
    loop {
        // Whole numbers: whoever comes forwards steps over them whole.
        let (mut one, mut two) = (then, now);
        while let len @ 1.. = digit_before(bytes, one)
            && then - one <= DIGITS
        {
            one -= len;
        }
        while let len @ 1.. = digit_before(bytes, two)
            && now - two <= DIGITS
        {
            two -= len;
        }
        let both = one < then && two < now && then - one <= DIGITS && now - two <= DIGITS;
        let neither = one == then && two == now;
        if both && two >= floor && two > one {
            (then, now) = (one, two);
        } else if neither && then > 0 && now > floor && from - now < most && bytes[then - 1] == bytes[now - 1] {
            (then, now) = (then - 1, now - 1);
        } else {
            break;
        }
    }
    while bytes.get(now).is_some_and(|byte| byte & 0xc0 == 0x80) {
        (then, now) = (then + 1, now + 1);
    }
    (then, now)
}

/// The length of the last part of `copy`, if that is several parts that differ in their numbers only.
fn last_part(copy: &[u8]) -> Option<usize> {
    // Numbers as one sign each, so that parts are equally long.
    let mut signs: Vec<u8> = Vec::with_capacity(copy.len());
    let mut starts: Vec<usize> = Vec::with_capacity(copy.len());
    let mut at = 0;
    while at < copy.len() {
        starts.push(at);
        signs.push(if digit_at(copy, at) > 0 { b'0' } else { copy[at] });
        at += digit_at(copy, at).max(1);
        while signs.last() == Some(&b'0')
            && let len @ 1.. = digit_at(copy, at)
        {
            at += len;
        }
    }
    let whole = signs.len();
    let (mut part, mut rest, mut prime) = (whole, whole, 2);
    while rest > 1 {
        if prime * prime > rest {
            prime = rest;
        }
        while rest.is_multiple_of(prime) {
            rest /= prime;
            let shorter = part / prime;
            if signs[..part - shorter] == signs[shorter..part] {
                part = shorter;
            }
        }
        prime += 1;
    }
    let len = copy.len() - starts.get(whole - part)?;
    (part < whole && len >= SHORTEST).then_some(len)
}

/// Bytes of the digit at byte `at`, zero if there is none. Digits of the scripts that write with others of their own count, and
/// the signs of Chinese numbers.
fn digit_at(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'0'..=b'9') => 1,
        Some(0xd9..=0xef) => wide_digit(&bytes[at..]),
        _ => 0,
    }
}

fn wide_digit(bytes: &[u8]) -> usize {
    match bytes {
        [0xd9, 0xa0..=0xa9, ..] | [0xdb, 0xb0..=0xb9, ..] => 2,
        [0xe0, 0xa5 | 0xa7, 0xa6..=0xaf, ..] | [0xe0, 0xb9, 0x90..=0x99, ..] | [0xef, 0xbc, 0x90..=0x99, ..] => 3,
        [first @ 0xe3..=0xe9, second, third, ..] => {
            let sign = [*first, *second, *third];
            if CHINESE.iter().any(|digit| digit.as_bytes() == sign) { 3 } else { 0 }
        }
        _ => 0,
    }
}

const CHINESE: [&str; 14] = ["〇", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "百", "千", "零"];

/// Bytes of the digit that ends before byte `at`, zero if there is none.
fn digit_before(bytes: &[u8], at: usize) -> usize {
    match bytes[..at].last() {
        Some(b'0'..=b'9') => 1,
        Some(0x80..=0xbf) => (2..=3).find(|len| *len <= at && digit_at(bytes, at - len) == *len).unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::detect::{answers::Print, repeat::Repeat};

    /// The longest run told of `text`, as (copies, start, unit), whatever the pieces.
    fn check(text: &str, expected: Option<(u64, usize, &str)>) {
        for piece in [1, 3, 7, 64, 1000, text.len().max(1)] {
            let (mut repeat, mut runs, mut end) = (Repeat::default(), Vec::new(), 0);
            while end < text.len() {
                end = (end + piece..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
                repeat.feed(&text[..end], &mut runs);
            }
            runs.extend(repeat.drift());
            let found = runs.iter().filter(|run| run.counted.is_some()).max_by_key(|run| run.copies());
            let found = found.map(|run| run.natural(text)).map(|run| (run.copies(), run.start, run.unit(text)));
            assert_eq!(found, expected, "{} bytes by {piece}: {runs:?}", text.len());
        }
    }

    fn many(count: usize, unit: impl FnMut(usize) -> String) -> String {
        (1..=count).map(unit).collect()
    }

    #[test]
    fn what_counts_is_followed_from_where_it_began() {
        check(&many(150, |at| format!("Step {at}: do it again. ")), Some((150, 0, "Step 1: do it again. ")));
        let text = format!("So it begins. {}And so on, he said.", many(120, |at| format!("Attempt {at} of 9000 failed. ")));
        check(&text, Some((120, 13, " Attempt 1 of 9000 failed.")));
        let clock = |at: usize| format!("at {:02}:{:02}:{:02} nothing new. ", at / 3600, at / 60 % 60, at % 60);
        check(&many(200, clock), Some((200, 0, "at 00:00:01 nothing new. ")));
        check(&many(200, |at| format!("第{at}步：再检查一次。")), Some((200, 0, "第1步：再检查一次。")));
        let digits = |at: usize| {
            at.to_string().chars().map(|digit| char::from_u32('٠' as u32 + digit as u32 - 48).unwrap()).collect::<String>()
        };
        check(&many(150, |at| format!("الخطوة {} أعد المحاولة. ", digits(at))), Some((150, 0, "الخطوة ١ أعد المحاولة. ")));
    }

    #[test]
    fn long_and_alternating_units_are_followed() {
        let long = "the parser reads the file, finds nothing in it that it did not know, and says so; ".repeat(12);
        let text = many(30, |at| format!("Round {at}: {long}then it ends. "));
        check(&text, Some((30, 0, &format!("Round 1: {long}then it ends. "))));
        let pair = |at: usize| format!("Step {}: wait for it. Step {}: then go on. ", 2 * at - 1, 2 * at);
        check(&many(80, pair), Some((80, 0, "Step 1: wait for it. Step 2: then go on. ")));
    }

    #[test]
    fn what_differs_in_more_than_numbers_is_no_run() {
        const WORDS: [&str; 7] = ["red", "blue", "green", "grey", "white", "black", "brown"];
        check(
            &many(150, |at| {
                format!("Item {at} of the list is {}. ", WORDS[(Print::of(&at.to_string()).hash() >> 32) as usize % 7])
            }),
            None,
        );
        check(&many(400, |at| format!("{at}, ")), None);
        check(&"It is what it is, and no more than that, they say. ".repeat(50), None);
    }

    #[test]
    fn several_copies_are_not_taken_for_one() {
        assert_eq!(last_part(b"Step 1: go. Step 22: go. "), Some(13));
        assert_eq!(last_part(b"Step 1: go. Step 22: no. "), None);
        assert_eq!(last_part("第一步：去吧。第十二步：去吧。".as_bytes()), Some("第十二步：去吧。".len()));
    }
}
