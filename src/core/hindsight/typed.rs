//! Typed snapshots, believed over the deltas: a frame that says "this is the whole text" is the last word.

use std::collections::BTreeMap;

use super::Change;
use crate::core::{
    class::Class,
    judgement::Judgement,
    reading::{ChannelKey, DeltaId, Reading},
};

/// Puts the last typed snapshot of each channel in the place of its text, where it says more, or was proved to say it otherwise.
pub(super) fn believe(
    reading: &Reading,
    judgement: &Judgement,
    texts: &mut BTreeMap<ChannelKey, String>,
    changes: &mut Vec<Change>,
) {
    for (key, snapshot) in last_words(reading) {
        let text = texts.entry(key).or_default();
        if text == snapshot || text.trim() == snapshot.trim() {
            continue;
        }
        let rewritten =
            judgement.findings.iter().any(|finding| finding.class == Class::CumulativeRewrite && finding.key == Some(key));
        let more = snapshot.len() > text.len() && is_told_by(text, snapshot);
        let (class, evidence) = match (more, rewritten) {
            (true, _) => (Class::UnderEmission, "the final snapshot has text that no delta brought"),
            (false, true) => (Class::CumulativeRewrite, "the final snapshot says it otherwise"),
            (false, false) => continue,
        };
        *text = snapshot.to_owned();
        changes.push(Change { class, key, evidence: evidence.to_owned() });
    }
}

/// The last typed snapshot of each channel behind which no text came.
fn last_words(reading: &Reading) -> BTreeMap<ChannelKey, &str> {
    let mut words = BTreeMap::<ChannelKey, DeltaId>::new();
    for delta in reading.delta_ids() {
        let row = reading.delta(delta);
        if row.snapshot {
            words.insert(row.key, delta);
        } else {
            words.remove(&row.key);
        }
    }
    words.into_iter().map(|(key, delta)| (key, reading.delta(delta).text)).collect()
}

/// True if `snapshot` is `text` and what was lost of it: its end, or characters in between, but fewer than came. A snapshot that says
/// something else first (some servers put the prompt before the answer) or mostly is that of another text.
fn is_told_by(text: &str, snapshot: &str) -> bool {
    if snapshot.starts_with(text) {
        return true;
    }
    let begins = text.chars().next() == snapshot.chars().next();
    let mut rest = snapshot.chars();
    begins && snapshot.len() <= text.len() * 2 && text.chars().all(|wanted| rest.any(|char| char == wanted))
}

#[cfg(test)]
mod tests {
    use super::is_told_by;

    #[test]
    fn what_was_lost_may_have_stood_anywhere() {
        for (text, snapshot, expected) in [
            ("pasword", "password", true),
            ("", "a", true),
            ("Hel", "Hello, how are you?", true),
            ("ba", "ab", false),
            ("abc", "ab", false),
            ("answer", "prompt answer", false),
            ("to", "this is another text of the same length and more", false),
        ] {
            assert_eq!(is_told_by(text, snapshot), expected, "{text} {snapshot}");
        }
    }
}
