//! Two sessions: their texts by choice and channel, compared by words, and the deltas at which they part.

use std::{collections::BTreeMap, ops::Range};

use similar::{ChangeTag, TextDiff};

use crate::{
    compare::pieces::{Keeps, Run, push},
    core::{
        output::{Fate, Output},
        reading::{Channel, ChannelKey, DeltaId, Reading},
    },
};

/// Texts whose middle, where they differ, is longer than this are not compared word by word, in bytes: the time for that grows
/// with the product of their differences.
const LONGEST: usize = 32 << 10;

/// What a session passes on in one channel, and from which deltas.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    /// The text.
    pub text: String,
    /// The deltas whose text it has, each with the byte at which that begins in `text`; ascending.
    starts: Vec<(usize, DeltaId)>,
}

impl Flow {
    /// The delta that brought byte `at`; the last one at the end of the text.
    pub fn delta_at(&self, at: usize) -> Option<DeltaId> {
        let index = self.starts.partition_point(|(start, _)| *start <= at).checked_sub(1)?;
        Some(self.starts[index].1)
    }
}

/// The texts of a session. Blocks of a choice's channel are one text; each tool call's arguments are one of their own.
pub fn flows(reading: &Reading, output: &Output) -> BTreeMap<ChannelKey, Flow> {
    let mut by_block = BTreeMap::<ChannelKey, Vec<(DeltaId, Range<u32>)>>::new();
    for delta in output.deltas(reading) {
        let parts = by_block.entry(reading.delta(delta).key).or_default();
        let segments = output.segments(reading, delta, output.released);
        parts.extend(segments.into_iter().filter(|part| part.fate == Fate::Emitted).map(|part| (delta, part.range)));
    }
    let mut flows = BTreeMap::<ChannelKey, Flow>::new();
    for (key, parts) in by_block {
        let block = if key.channel == Channel::ToolArguments { key.block } else { 0 };
        let flow = flows.entry(ChannelKey { block, ..key }).or_default();
        for (delta, range) in parts {
            flow.starts.push((flow.text.len(), delta));
            flow.text.push_str(&reading.delta(delta).text[range.start as usize..range.end as usize]);
        }
    }
    flows
}

/// Where two sessions part: the earliest such place of the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The text in which they part.
    pub key: ChannelKey,
    /// The byte of that text, the same in both.
    pub byte: usize,
    /// The delta of the first session that brought it, if it has any text there.
    pub a: Option<DeltaId>,
    /// The same of the second session.
    pub b: Option<DeltaId>,
}

/// The first place where two sessions' texts part.
pub fn parting(a: &BTreeMap<ChannelKey, Flow>, b: &BTreeMap<ChannelKey, Flow>) -> Option<Place> {
    let none = Flow::default();
    let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(key)));
    let places = keys.filter_map(|key| {
        let (of_a, of_b) = (a.get(key).unwrap_or(&none), b.get(key).unwrap_or(&none));
        let byte = common(&of_a.text, &of_b.text);
        let parts = byte < of_a.text.len() || byte < of_b.text.len();
        parts.then(|| Place { key: *key, byte, a: of_a.delta_at(byte), b: of_b.delta_at(byte) })
    });
    places.min_by_key(|place| (place.a.is_none(), place.a, place.b))
}

/// Bytes of the longest common beginning, on a character boundary of both.
fn common(a: &str, b: &str) -> usize {
    let mut end = a.bytes().zip(b.bytes()).take_while(|(of_a, of_b)| of_a == of_b).count();
    while !(a.is_char_boundary(end) && b.is_char_boundary(end)) {
        end -= 1;
    }
    end
}

/// Two texts as runs of words.
pub fn words(a: &str, b: &str) -> Vec<Run> {
    let head = word_boundary(a, common(a, b));
    let (rest_a, rest_b) = (&a[head..], &b[head..]);
    let tail = common_end(rest_a, rest_b);
    let (middle_a, middle_b) = (&rest_a[..rest_a.len() - tail], &rest_b[..rest_b.len() - tail]);
    let mut runs = Vec::new();
    push(&mut runs, Keeps::Both, &a[..head]);
    if middle_a.len().max(middle_b.len()) > LONGEST {
        push(&mut runs, Keeps::A, middle_a);
        push(&mut runs, Keeps::B, middle_b);
    } else {
        for change in TextDiff::from_words(middle_a, middle_b).iter_all_changes() {
            let keeps = match change.tag() {
                ChangeTag::Equal => Keeps::Both,
                ChangeTag::Delete => Keeps::A,
                ChangeTag::Insert => Keeps::B,
            };
            push(&mut runs, keeps, change.value());
        }
    }
    push(&mut runs, Keeps::Both, &rest_a[rest_a.len() - tail..]);
    runs
}

/// The start of the word that `end` lies in.
fn word_boundary(text: &str, end: usize) -> usize {
    text[..end].rfind(char::is_whitespace).map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8))
}

/// Bytes of the longest common end that begins with whitespace.
fn common_end(a: &str, b: &str) -> usize {
    let bytes = a.bytes().rev().zip(b.bytes().rev()).take_while(|(of_a, of_b)| of_a == of_b).count();
    let mut start = a.len() - bytes;
    while !a.is_char_boundary(start) {
        start += 1;
    }
    a[start..].find(char::is_whitespace).map_or(0, |at| a.len() - start - at)
}

/// The runs of every text that either session has.
pub fn runs(a: &BTreeMap<ChannelKey, Flow>, b: &BTreeMap<ChannelKey, Flow>) -> BTreeMap<ChannelKey, Vec<Run>> {
    let keys = a.keys().chain(b.keys()).copied();
    let text = |flows: &BTreeMap<ChannelKey, Flow>, key| flows.get(&key).map_or(String::new(), |flow| flow.text.clone());
    keys.map(|key| (key, words(&text(a, key), &text(b, key)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_differ_are_named_whole() {
        let check = |a: &str, b: &str, wanted: &str| {
            let shown: String = words(a, b)
                .iter()
                .map(|run| match run.keeps {
                    Keeps::Both => run.text.clone(),
                    Keeps::A => format!("[-{}-]", run.text),
                    Keeps::B => format!("{{+{}+}}", run.text),
                })
                .collect();
            assert_eq!(shown, wanted, "{a:?} {b:?}");
            let side = |keeps| {
                let of = words(a, b);
                of.iter()
                    .filter(|run| run.keeps == Keeps::Both || run.keeps == keeps)
                    .map(|run| run.text.as_str())
                    .collect::<String>()
            };
            assert_eq!((side(Keeps::A).as_str(), side(Keeps::B).as_str()), (a, b));
        };
        check("the same", "the same", "the same");
        check("a red fox", "a blue fox", "a [-red-]{+blue+} fox");
        check("", "new", "{+new+}");
        check("Käse und Brot", "Käse und Bröt", "Käse und [-Brot-]{+Bröt+}");
        check("one two", "one two three", "one two{+ three+}");
        check("日本語", "日本人", "[-日本語-]{+日本人+}");
        check("a\u{3000}b c", "a\u{3000}d c", "a\u{3000}[-b-]{+d+} c");
    }

    #[test]
    fn long_texts_that_share_nothing_are_not_compared_word_by_word() {
        let (a, b) = ("ab ".repeat(LONGEST) + "end", "cd ".repeat(LONGEST) + "end");
        let keeps: Vec<Keeps> = words(&a, &b).iter().map(|run| run.keeps).collect();
        assert_eq!(keeps, [Keeps::A, Keeps::B, Keeps::Both]);
    }
}
