//! The grammar, byte by byte: RFC 8259 inside a value, prose and code fences outside.

use super::Follower;

/// Where the follower stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Outside of values, behind this many back-ticks.
    Prose { ticks: u8 },
    /// Behind the ticks that open a code fence; what it holds is said from here to the end of the line.
    Info { from: usize },
    /// In a code fence of another language.
    Foreign { ticks: u8 },
    /// Behind an opening bracket.
    First,
    /// A value must come.
    Value,
    /// A key must come.
    Key,
    /// A colon must come.
    Colon,
    /// A comma or the closing bracket must come.
    After,
    /// In a string.
    String { key: bool, escape: Escape },
    /// In a number.
    Number(Number),
    /// In `true`, `false` or `null`; this much is missing.
    Word(&'static str),
    /// In a value that had an error.
    Broken { string: bool, escape: bool, ticks: u8 },
}

impl Default for State {
    fn default() -> State {
        State::Prose { ticks: 0 }
    }
}

/// Where in an escape a string stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    None,
    /// Behind the backslash; `high` if a high surrogate stands before it.
    Begun {
        high: bool,
    },
    /// This many digits are missing; `unit` is what there is.
    Hex {
        left: u8,
        unit: u16,
        high: bool,
    },
    /// Behind a high surrogate.
    High,
}

/// Where in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
}

impl Number {
    /// True if the number may end here.
    pub fn whole(self) -> bool {
        matches!(self, Number::Zero | Number::Whole | Number::Fraction | Number::Exponent)
    }

    fn next(self, byte: u8) -> Option<Number> {
        use Number::{E, Exponent, Fraction, Minus, Point, Sign, Whole, Zero};
        Some(match (self, byte) {
            (Minus, b'0') => Zero,
            (Minus | Whole, b'0'..=b'9') => Whole,
            (Zero | Whole, b'.') => Point,
            (Point | Fraction, b'0'..=b'9') => Fraction,
            (Zero | Whole | Fraction, b'e' | b'E') => E,
            (E, b'+' | b'-') => Sign,
            (E | Sign | Exponent, b'0'..=b'9') => Exponent,
            _ => return None,
        })
    }
}

/// What a code fence may say it holds to be looked into.
const FENCES: [&str; 6] = ["", "json", "jsonc", "json5", "jsonl", "ndjson"];

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

impl Follower {
    /// Takes one byte. One that ends something and is not part of it is looked at again.
    pub(super) fn step(&mut self, text: &str, at: usize, byte: u8) {
        while !self.take(text, at, byte) {}
    }

    /// True if the byte was taken.
    fn take(&mut self, text: &str, at: usize, byte: u8) -> bool {
        match self.state {
            State::Prose { ticks } => self.prose(ticks, at, byte),
            State::Info { from } => return self.info(text, from, at, byte),
            State::Foreign { ticks: 2 } if byte == b'`' => self.state = State::default(),
            State::Foreign { ticks } => self.state = State::Foreign { ticks: if byte == b'`' { ticks + 1 } else { 0 } },
            State::First | State::Value | State::Key | State::Colon | State::After if is_space(byte) => {}
            State::First | State::After if self.stack.last() == Some(&byte) => self.close(at),
            State::First | State::Key if byte == b'"' && self.stack.last() == Some(&b'}') => {
                self.state = State::String { key: true, escape: Escape::None };
            }
            State::First if self.stack.last() == Some(&b']') => return self.begin(at, byte),
            State::Value => return self.begin(at, byte),
            State::Colon if byte == b':' => {
                self.committed = true;
                (self.keep, self.tail, self.state) = (at + 1, "null", State::Value);
            }
            State::After if byte == b',' => {
                self.state = if self.stack.last() == Some(&b'}') { State::Key } else { State::Value };
            }
            State::First | State::Key | State::Colon | State::After => return self.fail(),
            State::String { key, escape } => return self.string(key, escape, at, byte),
            State::Number(number) => match number.next(byte) {
                Some(next) => {
                    self.state = State::Number(next);
                    if next.whole() {
                        (self.keep, self.tail) = (at + 1, "");
                    }
                }
                None if number.whole() => {
                    self.done(at);
                    return false;
                }
                None => return self.fail(),
            },
            State::Word(rest) if rest.as_bytes().first() == Some(&byte) => {
                (self.keep, self.tail, self.state) = (at + 1, &rest[1..], State::Word(&rest[1..]));
                if rest.len() == 1 {
                    self.done(at + 1);
                }
            }
            State::Word(_) => return self.fail(),
            State::Broken { string, escape, ticks } => self.broken_byte(string, escape, ticks, at, byte),
        }
        true
    }

    fn prose(&mut self, ticks: u8, at: usize, byte: u8) {
        let scalar = self.scalars && !self.prose && self.values.is_empty() && ticks == 0;
        match byte {
            b'`' if ticks == 2 && self.fenced => (self.fenced, self.state) = (false, State::default()),
            b'`' if ticks == 2 => self.state = State::Info { from: at + 1 },
            b'`' => self.state = State::Prose { ticks: ticks + 1 },
            b'{' | b'[' => {
                self.prose |= ticks > 0;
                (self.start, self.base, self.committed, self.lone) = (at, 0, false, false);
                self.push(at, byte);
            }
            b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' if scalar => {
                (self.start, self.base, self.committed, self.lone) = (at, 0, false, true);
                (self.keep, self.tail) = (at, "");
                self.begin(at, byte);
            }
            _ if is_space(byte) => {
                self.prose |= ticks > 0;
                self.state = State::default();
            }
            _ => {
                // A word at the top that something follows was prose.
                if std::mem::take(&mut self.lone) {
                    self.values.clear();
                }
                self.prose = true;
                self.state = State::default();
            }
        }
    }

    fn info(&mut self, text: &str, from: usize, at: usize, byte: u8) -> bool {
        if !matches!(byte, b'\n' | b'{' | b'[' | b'`') {
            return true;
        }
        let info = text.get(from..at).unwrap_or_default().trim_matches('`').trim();
        if FENCES.iter().any(|name| info.eq_ignore_ascii_case(name)) && byte != b'`' {
            (self.fenced, self.state) = (true, State::default());
            return byte == b'\n';
        }
        match byte {
            b'\n' => (self.prose, self.state) = (true, State::Foreign { ticks: 0 }),
            // More than three ticks open a fence too; ticks behind words close a piece of code on one line.
            b'`' if !info.is_empty() => (self.prose, self.state) = (true, State::Prose { ticks: 1 }),
            _ => {}
        }
        true
    }

    fn push(&mut self, at: usize, byte: u8) {
        self.stack.push(if byte == b'{' { b'}' } else { b']' });
        (self.keep, self.tail, self.state) = (at + 1, "", State::First);
    }

    /// Begins a value with `byte`; false if none begins so.
    fn begin(&mut self, at: usize, byte: u8) -> bool {
        let word = |rest| (rest, State::Word(rest));
        (self.tail, self.state) = match byte {
            b'{' | b'[' => {
                self.push(at, byte);
                return true;
            }
            b'"' => ("\"", State::String { key: false, escape: Escape::None }),
            b'-' => {
                self.state = State::Number(Number::Minus);
                return true;
            }
            b'0' => ("", State::Number(Number::Zero)),
            b'1'..=b'9' => ("", State::Number(Number::Whole)),
            b't' => word("rue"),
            b'f' => word("alse"),
            b'n' => word("ull"),
            _ => return self.fail(),
        };
        self.keep = at + 1;
        true
    }

    fn string(&mut self, key: bool, escape: Escape, at: usize, byte: u8) -> bool {
        let next = match (escape, byte) {
            (Escape::None | Escape::High, b'"') => {
                if key {
                    self.state = State::Colon;
                } else {
                    self.done(at + 1);
                }
                return true;
            }
            // Raw control characters do not belong in strings, and a line break ends one in a broken value.
            (_, 0..=0x1f) => return self.fail(),
            (Escape::None, b'\\') => Escape::Begun { high: false },
            (Escape::High, b'\\') => Escape::Begun { high: true },
            (Escape::Begun { high }, b'u') => Escape::Hex { left: 4, unit: 0, high },
            (Escape::Begun { .. }, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Escape::None,
            (Escape::Begun { .. }, _) => return self.fail(),
            (Escape::Hex { left, unit, high }, _) => {
                let Some(digit) = char::from(byte).to_digit(16) else { return self.fail() };
                let unit = unit << 4 | digit as u16;
                match (left, unit) {
                    (2.., _) => Escape::Hex { left: left - 1, unit, high },
                    (_, 0xd800..=0xdbff) => Escape::High,
                    _ => Escape::None,
                }
            }
            (Escape::None | Escape::High, _) => Escape::None,
        };
        if next == Escape::None && !key {
            self.keep = at + 1;
        }
        self.state = State::String { key, escape: next };
        true
    }

    fn close(&mut self, at: usize) {
        self.stack.pop();
        self.done(at + 1);
    }

    /// The value that ends before byte `end` is whole.
    fn done(&mut self, end: usize) {
        (self.keep, self.tail) = (end, "");
        if self.stack.len() > self.base {
            self.committed = true;
            self.state = State::After;
        } else if self.base > 0 {
            self.inside.push(self.inner_start..end);
            self.state = State::Broken { string: false, escape: false, ticks: 0 };
        } else {
            self.values.push(self.start..end);
            self.state = State::default();
        }
    }

    /// What came does not belong here; the byte is looked at again, and never taken.
    fn fail(&mut self) -> bool {
        if self.base == 0 && !self.committed {
            // A bracket or a quote in prose.
            self.stack.clear();
            self.lone = false;
            self.prose = true;
            self.state = State::default();
        } else {
            self.state = State::Broken { string: false, escape: false, ticks: 0 };
        }
        false
    }

    fn broken_byte(&mut self, string: bool, escape: bool, ticks: u8, at: usize, byte: u8) {
        let (mut string, mut escape, mut ticks) = (string, escape, ticks);
        match byte {
            // Quotes are out of step in a value with an unescaped one; a line break puts them right.
            b'\n' => (string, escape, ticks) = (false, false, 0),
            _ if escape => escape = false,
            b'\\' if string => escape = true,
            b'"' => (string, ticks) = (!string, 0),
            _ if string => {}
            b'{' | b'[' => {
                (self.inner_start, self.base) = (at, self.stack.len());
                return self.push(at, byte);
            }
            b'}' | b']' => match self.stack.iter().rposition(|closing| *closing == byte) {
                Some(0) => {
                    self.inside.clear();
                    return self.leave();
                }
                Some(depth) => self.stack.truncate(depth),
                None => return self.leave(),
            },
            b'`' if ticks == 2 => {
                self.fenced = false;
                return self.leave();
            }
            b'`' => ticks += 1,
            _ => ticks = 0,
        }
        self.state = State::Broken { string, escape, ticks };
    }

    /// The broken value ends here.
    fn leave(&mut self) {
        self.broken += 1;
        self.stack.clear();
        self.values.append(&mut self.inside);
        self.state = State::default();
    }
}
