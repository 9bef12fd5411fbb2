//! Words of a POSIX shell's command line, and bash's `$'…'`, as browsers write it.

use std::{iter::Peekable, str::Chars};

use super::CurlError;

/// Splits a command line into words; `variable` looks up environment variables. Also returns the operator that ends the command
/// before the text does.
///
/// # Errors
/// When a quote is not closed, or a variable is not set.
pub fn split(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<(Vec<String>, Option<char>), CurlError> {
    let chars = text.trim().chars().peekable();
    let mut lexer = Lexer { chars, variable, word: None, words: Vec::new() };
    let operator = lexer.run()?;
    lexer.words.extend(lexer.word.take());
    Ok((lexer.words, operator))
}

struct Lexer<'a, V> {
    chars: Peekable<Chars<'a>>,
    variable: V,
    /// The word being read; empty quotes begin one too.
    word: Option<String>,
    words: Vec<String>,
}

impl<V: Fn(&str) -> Option<String>> Lexer<'_, V> {
    fn run(&mut self) -> Result<Option<char>, CurlError> {
        while let Some(char) = self.chars.next() {
            match char {
                '\'' => self.single()?,
                '"' => self.double()?,
                '$' if self.chars.next_if_eq(&'\'').is_some() => self.ansi()?,
                // A prompt that was pasted too.
                '$' if self.word.is_none() && self.chars.peek().is_some_and(|next| next.is_whitespace()) => self.push('$'),
                '$' => self.dollar()?,
                '\\' => self.backslash(),
                '|' | ';' | '&' | '>' | '<' | '\n' => return Ok(Some(char)),
                _ if char.is_whitespace() => self.words.extend(self.word.take()),
                _ => self.push(char),
            }
        }
        Ok(None)
    }

    fn push(&mut self, char: char) {
        self.word.get_or_insert_default().push(char);
    }

    fn open(quote: &str) -> CurlError {
        CurlError::new(quote, "this quote is not closed", "the command line may have been cut")
    }

    fn single(&mut self) -> Result<(), CurlError> {
        self.word.get_or_insert_default();
        loop {
            match self.chars.next().ok_or_else(|| Self::open("'"))? {
                '\'' => return Ok(()),
                char => self.push(char),
            }
        }
    }

    fn double(&mut self) -> Result<(), CurlError> {
        self.word.get_or_insert_default();
        loop {
            match self.chars.next().ok_or_else(|| Self::open("\""))? {
                '"' => return Ok(()),
                '$' => self.dollar()?,
                '\\' => match self.chars.next_if(|next| matches!(next, '"' | '\\' | '$' | '`' | '\n')) {
                    Some('\n') => {}
                    Some(char) => self.push(char),
                    None => self.push('\\'),
                },
                char => self.push(char),
            }
        }
    }

    /// Behind a backslash outside of quotes: the next character is itself, and a line goes on.
    fn backslash(&mut self) {
        // A line that ends in CR LF goes on too.
        let carriage_return = self.chars.next_if_eq(&'\r').is_some();
        match self.chars.next() {
            None | Some('\n') => {}
            Some(char) => {
                if carriage_return {
                    self.push('\r');
                }
                self.push(char);
            }
        }
    }

    /// Behind `$`: a variable's value, or the sign itself.
    fn dollar(&mut self) -> Result<(), CurlError> {
        let braces = self.chars.next_if_eq(&'{').is_some();
        let mut name = String::new();
        while let Some(char) = self.chars.next_if(|char| char.is_ascii_alphanumeric() || *char == '_') {
            name.push(char);
        }
        let shown = if braces { format!("${{{name}}}") } else { format!("${name}") };
        if braces && self.chars.next() != Some('}') {
            return Err(CurlError::new(&shown, "only plain variables are read", "put the value itself there"));
        }
        if name.is_empty() {
            if self.chars.peek() == Some(&'(') {
                return Err(CurlError::new("$(", "no command is run", "put its result there"));
            }
            self.push('$');
            return Ok(());
        }
        let Some(value) = (self.variable)(&name) else {
            return Err(CurlError::new(
                &shown,
                "the variable is not set",
                format!("export {name}=… first, or put the value there"),
            ));
        };
        self.word.get_or_insert_default().push_str(&value);
        Ok(())
    }

    /// Inside `$'…'`, where escapes are those of C.
    fn ansi(&mut self) -> Result<(), CurlError> {
        self.word.get_or_insert_default();
        let mut high = None;
        loop {
            let char = match self.chars.next().ok_or_else(|| Self::open("$'"))? {
                '\'' => return Ok(()),
                '\\' => match self.chars.next().ok_or_else(|| Self::open("$'"))? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'a' => '\u{7}',
                    'b' => '\u{8}',
                    'e' | 'E' => '\u{1B}',
                    'f' => '\u{C}',
                    'v' => '\u{B}',
                    'x' => self.number(2, 16),
                    'U' => self.number(8, 16),
                    'u' => {
                        let unit = self.digits(4, 16);
                        // Browsers write what lies beyond the basic plane as two halves.
                        match (high.take(), unit) {
                            (None, 0xD800..=0xDBFF) => {
                                high = Some(unit);
                                continue;
                            }
                            (Some(high), 0xDC00..=0xDFFF) => scalar(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00)),
                            _ => scalar(unit),
                        }
                    }
                    char => char,
                },
                char => char,
            };
            self.push(char);
        }
    }

    fn number(&mut self, most: usize, radix: u32) -> char {
        scalar(self.digits(most, radix))
    }

    fn digits(&mut self, most: usize, radix: u32) -> u32 {
        let mut number = 0_u32;
        for _ in 0..most {
            let Some(digit) = self.chars.peek().and_then(|char| char.to_digit(radix)) else { break };
            self.chars.next();
            number = number.wrapping_mul(radix).wrapping_add(digit);
        }
        number
    }
}

fn scalar(number: u32) -> char {
    char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// `text` as one word for a POSIX shell.
pub fn quote(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=@%+,".contains(char);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// `text` as it stands in double quotes.
pub fn escape(text: &str) -> String {
    let special = |char: char| matches!(char, '"' | '\\' | '$' | '`');
    text.chars().flat_map(|char| special(char).then_some('\\').into_iter().chain([char])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        let check = |text: &str, wanted: &[&str], operator: Option<char>| {
            let (words, end) = split(text, |name| (name == "KEY").then(|| "k 1".to_owned())).unwrap();
            assert_eq!((words.iter().map(String::as_str).collect::<Vec<_>>(), end), (wanted.to_vec(), operator), "{text}");
        };
        check("curl  -N \\\n 'a b'c \"d\\\"e\\n\"", &["curl", "-N", "a bc", "d\"e\\n"], None);
        check("curl '' \"$KEY\" '$KEY' ${KEY}x \\$KEY", &["curl", "", "k 1", "$KEY", "k 1x", "$KEY"], None);
        check(r"curl $'it\'s \u00e9\n\ud83d\ude00 \x41'", &["curl", "it's é\n😀 A"], None);
        check("$ curl a | jq .", &["$", "curl", "a"], Some('|'));
        check("curl a \\\r\n b\ncurl c", &["curl", "a", "b"], Some('\n'));
        check(r"curl 'it'\''s'", &["curl", "it's"], None);
        for (text, place) in
            [("curl 'a", "'"), ("curl \"a", "\""), ("curl $NONE", "$NONE"), ("curl $(cat k)", "$("), ("curl ${A:-b}", "${A}")]
        {
            let error = split(text, |_| None).unwrap_err();
            assert_eq!(error.argument, place, "{text}");
            assert!(!error.hint.is_empty());
        }
    }
}
