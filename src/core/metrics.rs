//! Speed and size of a session up to a moment: a view of the Reading alone.
//!
//! The clock of a gap is the frame's: several deltas in one frame came at once, and would otherwise drown the gaps in zeros.

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::core::{
    input::What,
    reading::{ChunkId, DeltaId, FrameId, Reading},
    time::{Micros, Moment},
};

/// Longest gap that the histogram tells apart; the longest gap itself is kept exactly.
const LONGEST_US: u64 = 3_600_000_000;

/// What a session's numbers are at a moment. Times are `None` in a capture without times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Metrics {
    /// Reads so far.
    pub chunks: u32,
    /// Frames so far.
    pub frames: u32,
    /// Deltas so far, snapshots not counted.
    pub deltas: u32,
    /// Bytes of body so far.
    pub bytes: u64,
    /// Bytes of decoded text so far, over all channels, snapshots not counted.
    pub text_bytes: u64,
    /// From the first attempt to the first delta, in microseconds.
    pub ttft_us: Option<u64>,
    /// From the first attempt to the moment, in microseconds.
    pub elapsed_us: Option<u64>,
    /// Between frames that carry deltas.
    pub gaps: Option<Gaps>,
    /// Deltas after the first one, per second since it, in thousandths.
    pub deltas_per_s: Option<u64>,
}

/// The gaps between frames that carry deltas, in microseconds. Quantiles are exact to one percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Gaps {
    /// How many there are.
    pub count: u64,
    /// Half are no longer than this.
    pub p50_us: u64,
    /// All but one in twenty are no longer than this.
    pub p95_us: u64,
    /// The longest, exactly.
    pub max_us: u64,
}

impl Metrics {
    /// The numbers of `reading` at `until`, counted from its start; [`Meter`] is cheaper for one moment after the other.
    pub fn of(reading: &Reading, until: Moment) -> Metrics {
        Meter::default().at(reading, until)
    }
}

/// Counts on from the last moment that it was asked for, so that following a live session costs only what is new.
#[derive(Debug, Clone)]
pub struct Meter {
    counted: Metrics,
    gaps: Histogram<u64>,
    max_us: u64,
    first_delta_at: Option<Micros>,
    last_delta_at: Option<Micros>,
}

impl Default for Meter {
    fn default() -> Meter {
        let gaps = Histogram::new_with_bounds(1, LONGEST_US, 2).expect("bounds and digits are constants in range");
        Meter { counted: Metrics::default(), gaps, max_us: 0, first_delta_at: None, last_delta_at: None }
    }
}

impl Meter {
    /// The numbers of `reading` at `until`. A moment before the last one starts the count anew; another reading needs another
    /// meter.
    pub fn at(&mut self, reading: &Reading, until: Moment) -> Metrics {
        let past = |frame: u32| frame > 0 && (frame > until.frames || reading.frame_at(FrameId(frame - 1)) > until.at);
        if past(self.counted.frames) || self.counted.chunks > reading.chunk_count() {
            *self = Meter::default();
        }
        let frames = reading.frame_count().min(until.frames);
        while self.counted.frames < frames {
            let id = FrameId(self.counted.frames);
            let at = reading.frame_at(id);
            if at > until.at {
                break;
            }
            self.count_frame(reading, id, at);
        }
        self.count_chunks(reading, until);
        self.timed(reading, until)
    }

    fn count_frame(&mut self, reading: &Reading, id: FrameId, at: Micros) {
        self.counted.frames += 1;
        let deltas = reading.deltas_of(id).map(|delta| reading.delta(DeltaId(delta)));
        let (count, bytes) = deltas
            .filter(|delta| !delta.snapshot)
            .fold((0_u32, 0_u64), |(count, bytes), delta| (count + 1, bytes + delta.text.len() as u64));
        if count == 0 {
            return;
        }
        self.counted.deltas += count;
        self.counted.text_bytes += bytes;
        if let Some(last) = self.last_delta_at {
            let gap_us = at.since(last).0;
            self.gaps.saturating_record(gap_us);
            self.max_us = self.max_us.max(gap_us);
        }
        self.first_delta_at.get_or_insert(at);
        self.last_delta_at = Some(at);
    }

    /// A chunk counts once all of its frames do; before that, the bytes of those that do.
    fn count_chunks(&mut self, reading: &Reading, until: Moment) {
        // Unlike frames, chunks may lie behind the last count: a moment inside a stall has the same frames and fewer reads.
        self.counted.chunks = partition(reading.chunk_count(), |index| {
            let chunk = reading.chunk(ChunkId(index));
            chunk.at <= until.at && chunk.frames <= until.frames
        });
        let whole = self.counted.chunks.checked_sub(1).map_or(0, |index| reading.chunk(ChunkId(index)).end);
        let framed = self.counted.frames.checked_sub(1).map_or(0, |index| reading.frame(FrameId(index)).end);
        self.counted.bytes = u64::from(whole.max(framed));
    }

    fn timed(&self, reading: &Reading, until: Moment) -> Metrics {
        if !reading.clocked() {
            return self.counted;
        }
        let attempt = reading.marks().iter().find(|mark| matches!(mark.what, What::Attempt(_)));
        let begun = attempt.map_or(Micros::ZERO, |mark| mark.at);
        let gaps = (!self.gaps.is_empty()).then(|| Gaps {
            count: self.gaps.len(),
            p50_us: self.gaps.value_at_quantile(0.5).min(self.max_us),
            p95_us: self.gaps.value_at_quantile(0.95).min(self.max_us),
            max_us: self.max_us,
        });
        let span_us = self.first_delta_at.zip(self.last_delta_at).map_or(0, |(first, last)| last.since(first).0);
        let after_first = u64::from(self.counted.deltas.saturating_sub(1));
        Metrics {
            ttft_us: self.first_delta_at.map(|at| at.since(begun).0),
            elapsed_us: Some(until.at.min(reading.last_at()).since(begun).0),
            gaps,
            deltas_per_s: after_first.saturating_mul(1_000_000_000).checked_div(span_us),
            ..self.counted
        }
    }
}

/// The number of leading indices below `count` for which `holds`; it must not hold again after it once did not.
fn partition(count: u32, holds: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::core::input::{Attempt, End, Input, Origin, Start};

    fn frame(text: &str) -> String {
        format!(
            "data: {{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
        )
    }

    fn reading(clocked: bool, reads: &[(u64, String)]) -> Reading {
        let start = Start { origin: Origin::Sent, clocked, dialect: Some("openai-chat".into()), ..Start::default() };
        let attempt = Attempt { number: 0, endpoint: String::new(), model: String::new() };
        let mut reading = Reading::default();
        let mut fold = |ms: u64, what| reading.fold(&Input { at: Micros::from_millis(if clocked { ms } else { 0 }), what });
        fold(0, What::Start(Box::new(start)));
        fold(100, What::Attempt(attempt));
        for (ms, bytes) in reads {
            fold(*ms, What::Bytes(bytes.clone().into_bytes()));
        }
        fold(10_000, What::End(End::Eof));
        reading
    }

    fn paced() -> Vec<(u64, String)> {
        // The second read brings two frames, the fourth none that carries a delta.
        vec![
            (400, frame("one ")),
            (500, frame("two ") + &frame("three ")),
            (700, frame("four")),
            (5_000, ": ping\n\n".into()),
            (5_700, frame("!")),
        ]
    }

    #[test]
    fn at_moments() {
        let reading = reading(true, &paced());
        let end = Metrics::of(&reading, Moment::END);
        assert_eq!((end.chunks, end.frames, end.deltas, end.text_bytes), (5, 6, 5, 19));
        assert_eq!((end.bytes, end.ttft_us, end.elapsed_us), (reading.body().len() as u64, Some(300_000), Some(9_900_000)));
        let gaps = end.gaps.unwrap();
        assert_eq!((gaps.count, gaps.max_us), (4, 5_000_000));
        assert!((99_000..=101_000).contains(&gaps.p50_us), "{gaps:?}");
        assert_eq!(gaps.p95_us, 5_000_000);
        assert_eq!(end.deltas_per_s, Some(754), "four more deltas in 5.3 s");

        let at = |frames, ms| Metrics::of(&reading, Moment { frames, at: Micros::from_millis(ms) });
        for (frames, ms, chunks, deltas, ttft) in [
            (0, 0, 0, 0, None),
            (0, 399, 0, 0, None),
            (1, 400, 1, 1, Some(300_000)),
            (2, 500, 1, 2, Some(300_000)),
            (3, 500, 2, 3, Some(300_000)),
            (4, 4_999, 3, 4, Some(300_000)),
            (5, 5_000, 4, 4, Some(300_000)),
        ] {
            let metrics = at(frames, ms);
            assert_eq!(
                (metrics.frames, metrics.chunks, metrics.deltas, metrics.ttft_us),
                (frames, chunks, deltas, ttft),
                "{ms} ms"
            );
        }
        assert_eq!(at(2, 500).bytes, u64::from(reading.frame(FrameId(1)).end), "half a read");
    }

    #[test]
    fn a_meter_tells_the_same_forwards_and_backwards() {
        let reading = reading(true, &paced());
        let mut meter = Meter::default();
        for frames in (0..=6).chain((0..=6).rev()) {
            let moment = Moment { frames, at: if frames == 0 { Micros::ZERO } else { reading.frame_at(FrameId(frames - 1)) } };
            assert_eq!(meter.at(&reading, moment), Metrics::of(&reading, moment), "{frames} frames");
        }
    }

    #[test]
    fn without_a_clock_there_are_no_times() {
        let metrics = Metrics::of(&reading(false, &paced()), Moment::END);
        assert_eq!((metrics.chunks, metrics.deltas), (5, 5));
        assert_eq!((metrics.ttft_us, metrics.elapsed_us, metrics.gaps, metrics.deltas_per_s), (None, None, None, None));
    }
}
