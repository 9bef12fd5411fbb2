//! Token counts: the provider's own, or an estimate from the text.

use crate::core::{
    output::Output,
    reading::{Note, Reading, Usage},
    time::Moment,
};

/// How an estimate is made, in words. Tokenizers differ; of English text most make about one token of four bytes.
pub const BASIS: &str = "bytes / 4";

/// The provider's counts at `moment`: of each counter the last one given. Some give the prompt's with the first frame and the
/// completion's with the last.
pub fn given(reading: &Reading, moment: Moment) -> Option<Usage> {
    let notes = reading.notes();
    let end = notes.partition_point(|(frame, _)| frame.0 < moment.frames);
    let mut merged = Usage::default();
    for (_, note) in notes[..end].iter().rev() {
        if let Note::Usage(usage) = note {
            merged.input = merged.input.or(usage.input);
            merged.output = merged.output.or(usage.output);
            merged.total = merged.total.or(usage.total);
            if merged.input.is_some() && merged.output.is_some() && merged.total.is_some() {
                break;
            }
        }
    }
    (merged != Usage::default()).then_some(merged)
}

/// The tokens that `bytes` of text probably are; `None` without any.
pub fn estimate(bytes: u64) -> Option<u64> {
    (bytes > 0).then(|| bytes.div_ceil(4))
}

/// Bytes that were taken out of the text up to `moment`.
pub fn bytes_cut(output: &Output, moment: Moment) -> u64 {
    let cuts = output.cuts.iter().filter(|cut| cut.moment <= moment);
    cuts.map(|cut| u64::from(cut.range.end.saturating_sub(cut.range.start))).sum()
}
