//! Where a profile ends a stream that goes round in a loop.

use serde::Serialize;

use crate::core::{judgement::Judgement, machine::EndReason, reading::Reading, time::Micros};

/// Where the profile asked for the end of a looping stream (`loop.stop`), and whether that was its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StopReport {
    /// When.
    pub at_us: Option<u64>,
    /// The delta that brought the last copy of those that were enough.
    pub delta: u32,
    /// Its frame.
    pub frame: u32,
    /// Copies then.
    pub copies: u64,
    /// Index of the loop in `findings`.
    pub finding: u32,
    /// True if this program ended the stream for it; false if this profile would have, and what follows was recorded all the same.
    pub ended: bool,
}

impl StopReport {
    /// What `judgement` asked for.
    pub fn of(reading: &Reading, judgement: &Judgement) -> Option<StopReport> {
        let stop = judgement.stop?;
        Some(StopReport {
            at_us: reading.clocked().then_some(stop.moment.at.0),
            delta: stop.delta.0,
            frame: reading.delta(stop.delta).frame.0,
            copies: stop.copies,
            finding: stop.finding.0,
            ended: judgement.ended == Some(EndReason::Loop),
        })
    }

    /// The same as one line.
    pub fn line(&self) -> String {
        let done = if self.ended { "ended the stream" } else { "would have ended the stream" };
        let at = self.at_us.map_or(String::new(), |us| format!("{}, ", Micros(us)));
        format!("loop.stop {done} at {at}delta {}, frame {}, after {} copies", self.delta, self.frame, self.copies)
    }
}
