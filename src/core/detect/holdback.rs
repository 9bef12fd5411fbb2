//! holdback_resend: text that the server had held for a stop string is sent again with the next token.
//!
//! Text alone cannot tell ` Alice | Alice!` from ` in | into`. Where the frames say how many tokens they bring, two cases can be
//! told: a frame without a token that says the last delta again, and a frame of one token that begins with the whole last delta
//! and is no single token. No byte-pair tokenizer in use joins a letter and a digit, a letter and the punctuation or line end after
//! it, or anything and a space after it in one token.

use crate::core::{
    class::Class,
    detect::facts::{Facts, Hypothesis, Match, Proposal},
    params::Params,
};

/// State of one channel.
#[derive(Debug, Default)]
pub struct Holdback {
    /// A frame of one token had text that is none, and did not begin with the delta before: the counts are not those of the text.
    refuted: bool,
}

impl Hypothesis for Holdback {
    fn observe(&mut self, facts: &Facts<'_>, _: &Params) -> Proposal {
        let class = Class::HoldbackResend;
        let (Some(tokens), Some(last)) = (facts.said.tokens, facts.last_delta()) else { return Proposal::pass(class) };
        let cut = last.text.len() as u32;
        let (frame, before) = (facts.frame.0, last.frame.0);
        let relation = Match::of(facts.text, last.text);
        self.refuted |= tokens == 1 && relation != Match::Extends && is_more_than_a_token(facts.text);
        if self.refuted {
            return Proposal::pass(class);
        }
        match (tokens, relation) {
            (0, Match::Equals) => {
                let evidence = format!("frame {frame} brings no token and says the text of frame {before} again");
                Proposal::proved(class, vec![(facts.delta, 0..cut)], evidence)
            }
            (1, Match::Extends) if is_more_than_a_token(facts.text) && has_word_and_sign(facts.text) => {
                let evidence =
                    format!("frame {frame} brings 1 token, and {:?} is more than one: frame {before} is sent again", facts.text);
                Proposal::proved(class, vec![(facts.delta, 0..cut)], evidence)
            }
            _ => Proposal::pass(class),
        }
    }
}

/// True for neither letters and digits alone, as in hexadecimal data, nor signs alone, as in a table: these may be counted otherwise.
fn has_word_and_sign(text: &str) -> bool {
    let solid = text.trim();
    solid.contains(char::is_alphanumeric) && !solid.chars().all(char::is_alphanumeric)
}

/// No token of letters and digits is so long.
const LONG: usize = 32;

/// True if no byte-pair tokenizer makes one token of `text`. Apostrophes are left out: some join `'s` to the word before.
fn is_more_than_a_token(text: &str) -> bool {
    let long = text.len() > LONG && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    long || text.chars().zip(text.chars().skip(1)).any(|(one, two)| {
        let letter_then_sign = one.is_alphabetic() && two.is_ascii_punctuation() && two != '\'';
        let digits_end = one.is_alphabetic() && two.is_ascii_digit() || one.is_ascii_digit() && two.is_alphabetic();
        let space_inside = !one.is_whitespace() && two == ' ' || one.is_alphanumeric() && two == '\n';
        letter_then_sign || digits_end || space_inside
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_spans_no_word_and_sign() {
        for (text, expected) in [
            (" Alice!", true),
            (" a b", true),
            (" Bob\n", true),
            ("v2", true),
            ("2nd", true),
            (" into", false),
            (" don't", false),
            (".append", false),
            (".\n\n", false),
            ("  \n  ", false),
            ("123", false),
            ("0000000000000000000000000000000000000000", true),
            ("世界", false),
        ] {
            assert_eq!(is_more_than_a_token(text), expected, "{text:?}");
        }
    }
}
