//! Whether the provider's token count fits the text that came.
//!
//! Tokens of real tokenizers are one to some ten characters long, so a count far outside of that counts something else. Of 231
//! recorded clean streams with a count, 1 is flagged (0.4 %), and its count is indeed not of its text. Narrower bounds were
//! tried: holding reasoning and tool arguments against few tokens flags 3 % (some providers count those apart), and more than 4
//! tokens a character plus 64 flags 6 % (hidden reasoning, searches and images are counted, and not sent).

use std::ops::Range;

use crate::core::{
    output::Output,
    reading::{Channel, DeltaId, FrameId, Note, Reading},
};

/// Fewer tokens than one per this many characters of visible text are too few.
const MOST_CHARS: u64 = 20;
/// More tokens than this many per character of any text are too many …
const MOST_TOKENS: u64 = 16;
/// … plus what goes uncounted around a short one.
const SLACK: u64 = 256;
/// So many increments in a row, each larger than the one before, are no coincidence: of n random ones 1 in n! runs is so.
const GROWING: usize = 6;

/// What is odd about the token count of the frames `frames`, and the frame that says it last.
pub fn doubt(reading: &Reading, output: &Output, frames: Range<u32>) -> Option<(FrameId, String)> {
    let notes = &reading.notes()[reading.notes().partition_point(|(frame, _)| frame.0 < frames.start)..];
    let notes = &notes[..notes.partition_point(|(frame, _)| frame.0 < frames.end)];
    // Each message of a stream has counts of its own.
    let turn = notes.iter().rposition(|(_, note)| *note == Note::NewTurn).unwrap_or(0);
    let running = || {
        notes[turn..].iter().filter_map(|(frame, note)| match note {
            Note::Usage(usage) => Some((*frame, usage.output?)),
            _ => None,
        })
    };
    let (last, tokens) = running().last()?;
    if let Some(count) = growing(running().map(|(_, tokens)| tokens)) {
        let evidence = format!(
            "the running count of tokens grows faster and faster, {count} times in a row up to {tokens}, as n(n+1)/2 does: it may add up whole texts"
        );
        return Some((last, evidence));
    }
    let from = notes.get(turn).filter(|(_, note)| *note == Note::NewTurn).map_or(frames.start, |(frame, _)| frame.0);
    let (visible, all) = chars(reading, output, from..frames.end);
    let shown = tokens.saturating_sub(hidden(reading.frame_bytes(last)));
    let evidence = if tokens.saturating_mul(MOST_CHARS) < visible {
        format!("the provider counts {tokens} tokens for {visible} characters of text: too few to be this text's")
    } else if all > 0 && shown > all.saturating_mul(MOST_TOKENS).saturating_add(SLACK) {
        format!("the provider counts {shown} tokens for {all} characters of text: something else is counted, and was not sent")
    } else {
        return None;
    };
    Some((last, evidence))
}

/// Characters that came out of the deltas of `frames`: visible text, and all text.
fn chars(reading: &Reading, output: &Output, frames: Range<u32>) -> (u64, u64) {
    let (mut visible, mut all) = (0, 0);
    let mut count = |delta: DeltaId, range: Option<Range<u32>>| {
        let row = reading.delta(delta);
        let text = range.clone().map_or(row.text, |range| &row.text[range.start as usize..range.end as usize]);
        let chars = text.chars().count() as i64 * if range.is_some() { -1 } else { 1 };
        all += chars;
        if row.key.channel == Channel::Text {
            visible += chars;
        }
    };
    let edge = |frame: u32| frame.checked_sub(1).map_or(0, |frame| reading.frame(FrameId(frame)).deltas_end);
    let deltas = edge(frames.start)..edge(frames.end);
    for delta in deltas.clone().map(DeltaId).filter(|delta| !reading.delta(*delta).snapshot) {
        count(delta, None);
    }
    for cut in output.cuts.iter().filter(|cut| deltas.contains(&cut.delta.0)) {
        count(cut.delta, Some(cut.range.clone()));
    }
    (visible.max(0) as u64, all.max(0) as u64)
}

/// Tokens of reasoning that the frame says were counted, and whose text is not sent.
fn hidden(frame: &[u8]) -> u64 {
    const NAME: &[u8] = b"\"reasoning_tokens\":";
    let Some(place) = memchr::memmem::rfind(frame, NAME) else { return 0 };
    let digits = frame[place + NAME.len()..].iter().skip_while(|byte| **byte == b' ').take_while(|byte| byte.is_ascii_digit());
    digits.fold(0_u64, |number, byte| number.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
}

/// How many increments of a running count there are, if there are enough and each is larger than the one before.
fn growing(counts: impl Iterator<Item = u64>) -> Option<usize> {
    let (mut before, mut step, mut steps) = (None, 0, 0);
    for count in counts {
        let Some(last) = before.replace(count) else { continue };
        // A count that is said again is no step.
        match count.checked_sub(last)? {
            0 => {}
            next if next > step => (step, steps) = (next, steps + 1),
            _ => return None,
        }
    }
    (steps >= GROWING).then_some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_counts() {
        for (counts, steps) in [
            (&[1, 3, 6, 10, 15, 21, 28][..], Some(6)),
            (&[1, 3, 3, 6, 10, 15, 21, 28, 28], Some(6)),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9], None),
            (&[1, 3, 6, 10, 15, 21], None),
            (&[1, 3, 6, 10, 15, 21, 22], None),
            (&[5, 1], None),
            (&[], None),
        ] {
            assert_eq!(growing(counts.iter().copied()), steps, "{counts:?}");
        }
    }

    #[test]
    fn hidden_tokens() {
        assert_eq!(hidden(b"data: {\"usage\":{\"completion_tokens_details\":{\"reasoning_tokens\": 128,\"x\":1}}}"), 128);
        assert_eq!(hidden(b"data: {\"usage\":{\"reasoning_tokens\":null}}"), 0);
        assert_eq!(hidden(b""), 0);
    }
}
