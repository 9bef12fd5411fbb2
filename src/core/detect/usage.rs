//! Whether the provider's token count fits the text that came.
//!
//! Tokens of real tokenizers are one to some ten characters long, so a count far outside of that counts something else. Of 231
//! recorded clean streams with a count, 1 is flagged (0.4 %), and its count is indeed not of its text. Narrower bounds were
//! tried: holding reasoning and tool arguments against few tokens flags 3 % (some providers count those apart), and more than 4
//! tokens a character plus 64 flags 6 % (hidden reasoning, searches and images are counted, and not sent).

use std::ops::Range;

use crate::core::{
    output::Output,
    reading::{Channel, DeltaId, FrameId, Note, Reading, Usage},
};

/// Fewer tokens than one per this many characters of visible text are too few.
const MOST_CHARS: u64 = 20;
/// More tokens than this many per character of any text are too many …
const MOST_TOKENS: u64 = 16;
/// … plus what goes uncounted around a short one.
const SLACK: u64 = 256;
/// So many increments in a row, each larger than the one before, are no coincidence: of n random ones 1 in n! runs is so.
const GROWING: usize = 6;

/// Dialects whose documents say that each frame carries the running total.
const RUNNING: [&str; 4] = ["gemini", "gemini-interactions", "dashscope", "anthropic"];
/// So many frames with a count each, and it is no accident that they have one.
const EACH: usize = 3;
/// Fewer characters than this for a token are no text in Latin letters, where a token has three to five.
const LEAST_CHARS: u64 = 2;
/// A count this large, and twice the characters so far, runs ahead of the text. Of 231 recorded clean streams with a count 2 show
/// it, one with hidden reasoning and one with code that was run; so it stays a doubt.
const AHEAD: u64 = 16;

/// What is odd about a token count: the frame that says it, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The frame with the count.
    pub frame: FrameId,
    /// One sentence.
    pub evidence: String,
}

/// The counts of the last turn among `frames`, one a frame, and where that turn begins.
fn counts(reading: &Reading, frames: Range<u32>) -> (Vec<(FrameId, u64)>, u32) {
    let notes = &reading.notes()[reading.notes().partition_point(|(frame, _)| frame.0 < frames.start)..];
    let notes = &notes[..notes.partition_point(|(frame, _)| frame.0 < frames.end)];
    // Each message of a stream has counts of its own.
    let turn = notes.iter().rposition(|(_, note)| *note == Note::NewTurn).unwrap_or(0);
    let mut counts: Vec<(FrameId, u64)> = Vec::new();
    for (frame, note) in &notes[turn..] {
        let Note::Usage(Usage { output: Some(tokens), .. }) = note else { continue };
        match counts.last_mut() {
            Some(last) if last.0 == *frame => last.1 = *tokens,
            _ => counts.push((*frame, *tokens)),
        }
    }
    let from = notes.get(turn).filter(|(_, note)| *note == Note::NewTurn).map_or(frames.start, |(frame, _)| frame.0);
    (counts, from)
}

/// What is odd about the token count of the frames `frames`, if anything is: the strongest of what could be said.
pub fn doubt(reading: &Reading, output: &Output, frames: Range<u32>) -> Option<Doubt> {
    let (counts, from) = counts(reading, frames.clone());
    // Servers that do not count say 0.
    let (frame, tokens) = counts.last().copied().filter(|(_, tokens)| *tokens > 0)?;
    let said = |evidence: String| Some(Doubt { frame, evidence });
    if let Some(count) = growing(counts.iter().map(|(_, tokens)| *tokens)) {
        return said(format!(
            "the running count of tokens grows faster and faster, {count} times in a row up to {tokens}, as n(n+1)/2 does: it may add up whole texts"
        ));
    }
    if let Some((before, (frame, after))) = falls(&counts) {
        let evidence = format!("the count of tokens falls from {before} to {after}: it is no running total of the answer");
        return Some(Doubt { frame, evidence });
    }
    let (visible, all, came) = chars(reading, output, from..frames.end);
    let shown = tokens.saturating_sub(hidden(reading.frame_bytes(frame)));
    if tokens.saturating_mul(MOST_CHARS) < visible {
        return said(format!("the provider counts {tokens} tokens for {visible} characters of text: too few to be this text's"));
    }
    if all > 0 && shown > all.saturating_mul(MOST_TOKENS).saturating_add(SLACK) {
        return said(format!(
            "the provider counts {shown} tokens for {all} characters of text: something else is counted, and was not sent"
        ));
    }
    let plain = || reading.body().is_ascii();
    if came > all && shown.saturating_mul(LEAST_CHARS) > all && shown.saturating_mul(LEAST_CHARS) <= came && plain() {
        return said(format!(
            "the provider counts {shown} tokens, which is the text as it came ({came} characters) and not the {all} that are left: \
             it counts what came twice"
        ));
    }
    let designed = reading.dialect_at(frames.end).is_some_and(|dialect| RUNNING.contains(&dialect.id));
    let rises = counts.windows(2).filter(|pair| pair[0].1 < pair[1].1).count();
    let apart = || counts.iter().all(|(frame, _)| reading.deltas_of(*frame).is_empty());
    if !designed && (rises + 1 >= EACH || rises > 0 && apart()) {
        return said(format!(
            "{} frames carry a running total of tokens, up to {tokens}: take the last, do not add them up",
            counts.len()
        ));
    }
    let with_text = counts.iter().filter(|(frame, _)| !reading.deltas_of(*frame).is_empty()).count();
    if with_text >= EACH && counts.iter().all(|(_, count)| *count == tokens) {
        return said(format!(
            "each of {with_text} frames with text counts {tokens} tokens: a count of its own, or one that stands still"
        ));
    }
    None
}

/// The first frame in mid stream whose count is more than twice the characters that had come, if there is one and the text never
/// catches up: something was generated and did not come, hidden reasoning or text that was left out.
pub fn ahead(reading: &Reading, output: &Output, frames: Range<u32>) -> Option<Doubt> {
    let (counts, from) = counts(reading, frames.clone());
    let (_, last) = counts.last()?;
    let (_, _, all) = chars(reading, output, from..frames.end);
    if *last < AHEAD || all == 0 || *last <= all {
        return None;
    }
    let mut so_far = 0;
    let mut rest = counts.iter().peekable();
    for frame in (from..frames.end).map(FrameId) {
        let deltas = reading.deltas_of(frame).map(|delta| reading.delta(DeltaId(delta))).filter(|delta| !delta.snapshot);
        let chars: u64 = deltas.map(|delta| delta.text.chars().count() as u64).sum();
        so_far += chars;
        let Some((_, tokens)) = rest.next_if(|(counted, _)| *counted == frame) else { continue };
        let tokens = tokens.saturating_sub(hidden(reading.frame_bytes(frame)));
        let finishes = reading.notes_of(frame).iter().any(|(_, note)| matches!(note, Note::Finish { .. } | Note::Tool { .. }));
        if chars > 0 && !finishes && tokens >= AHEAD && tokens > so_far * 2 {
            let evidence = format!(
                "frame {} counts {tokens} tokens when {so_far} characters had come: the rest is hidden reasoning, or was left out",
                frame.0
            );
            return Some(Doubt { frame, evidence });
        }
    }
    None
}

/// The first count that is lower than the one before it, and that one.
fn falls(counts: &[(FrameId, u64)]) -> Option<(u64, (FrameId, u64))> {
    counts.windows(2).find(|pair| pair[1].1 < pair[0].1 && pair[1].1 > 0).map(|pair| (pair[0].1, pair[1]))
}

/// Characters of the deltas of `frames`: visible text that came out, all text that came out, and all that came in.
fn chars(reading: &Reading, output: &Output, frames: Range<u32>) -> (u64, u64, u64) {
    let (mut visible, mut all, mut came) = (0, 0, 0);
    let mut count = |delta: DeltaId, range: Option<Range<u32>>| {
        let row = reading.delta(delta);
        let text = range.clone().map_or(row.text, |range| &row.text[range.start as usize..range.end as usize]);
        let chars = text.chars().count() as i64 * if range.is_some() { -1 } else { 1 };
        all += chars;
        came += chars.max(0);
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
    (visible.max(0) as u64, all.max(0) as u64, came as u64)
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
