//! proxy_burst: frames arrive in lumps with silence between them and nothing else.
//!
//! A lump is a run of frames within two milliseconds of each other. One lump is a late packet; three in a row that come in equal
//! periods or are equally long are the work of a buffer or a batch, if nearly everything came in such lumps. The silence is measured
//! against the gaps inside the lumps, so a fast stream may burst every 40 ms. What filled the buffer is told by the lumps' size.

use std::ops::Range;

use crate::core::{
    class::Layer,
    detect::timing::TOGETHER,
    params::{Param, Params},
    time::Micros,
};

/// Silence is at least so many times the gap inside a lump.
const APART: u64 = 20;
/// Lumps in shorter periods must be equal both in time and in length: many things come in threes by chance.
const SHORT: Micros = Micros::from_millis(250);
/// A server that decodes in batches sends no more frames at once.
const BATCH: u32 = 8;
/// The sizes that buffers have.
const BUFFERS: [u64; 5] = [4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10];

/// Lumps in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bursts {
    /// How many.
    pub count: u32,
    /// Frames in them, and in the smallest and largest of them.
    pub frames: u32,
    /// Frames in the smallest and in the largest of them.
    pub range: (u32, u32),
    /// Bytes of the body in them.
    pub bytes: u64,
    /// Time from the first lump's begin to the last one's begin.
    pub span: Micros,
    /// Index of the first frame of the first lump.
    pub first_frame: u32,
}

impl Bursts {
    /// Time from one lump to the next.
    pub fn period(&self) -> Micros {
        Micros(self.span.0 / u64::from(self.count.saturating_sub(1)).max(1))
    }

    /// Bytes in a lump.
    pub fn size(&self) -> u64 {
        self.bytes / u64::from(self.count).max(1)
    }

    /// Who probably did it, by what, and what to do; `encoding` is the response's content-encoding, `first` the time to the first
    /// text.
    pub fn cause(&self, encoding: Option<&str>, first: Option<Micros>) -> Cause {
        if let Some(encoding) = encoding {
            return Cause {
                layer: Layer::Proxy,
                words: format!("the body is compressed ({encoding}), and the compressor is not flushed after each event"),
                hint: "switch compression off for event streams, or ask with Accept-Encoding: identity; if the bursts stay, it is a buffer",
            };
        }
        let (size, (least, most)) = (self.size(), self.range);
        if let Some(buffer) = BUFFERS.into_iter().find(|buffer| size.abs_diff(*buffer) <= buffer / 10) {
            return Cause {
                layer: Layer::Proxy,
                words: format!("a buffer of {} KiB on the way fills and is passed on", buffer >> 10),
                hint: BUFFER_HINT,
            };
        }
        let late = first.is_some_and(|first| first.0 > self.period().0.saturating_mul(4));
        match (least == most && most <= BATCH, late) {
            (true, false) => Cause {
                layer: Layer::Server,
                words: format!("always {most} frames at once, as a server that decodes in batches sends them"),
                hint: "ask the server to send each token (vLLM: --stream-interval 1; without speculative decoding); \
                       if a direct connection does not burst, it is a buffer on the way",
            },
            (true, true) => Cause {
                layer: Layer::Unknown,
                words: format!(
                    "always {most} frames at once: a server that decodes in batches, or, as the first text was late, a buffer"
                ),
                hint: "ask the server directly: if the bursts stay, it batches; if not, switch off buffering on the way",
            },
            (false, _) => Cause {
                layer: Layer::Proxy,
                words: "something on the way collects what the server sends".into(),
                hint: BUFFER_HINT,
            },
        }
    }
}

const BUFFER_HINT: &str = "switch off buffering on the way (nginx: proxy_buffering off and proxy_http_version 1.1, or the response header \
                           X-Accel-Buffering: no); ask the server directly to see whether it is the proxy";

/// What probably makes the lumps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Who.
    pub layer: Layer,
    /// By what, as a part of a sentence.
    pub words: String,
    /// What to do about it.
    pub hint: &'static str,
}

/// Groups frames by their arrival.
#[derive(Debug, Clone, Default)]
pub struct Burst {
    /// Frames since the attempt began or this program last did not read.
    seen: u32,
    last: Option<Micros>,
    group: Group,
    run: Option<Run>,
}

/// Frames that arrived together.
#[derive(Debug, Clone, Default)]
struct Group {
    frames: u32,
    begin: Micros,
    end: Micros,
    first_frame: u32,
    bytes: Range<u32>,
}

/// Lumps in a row, and when the first and the last of them began.
#[derive(Debug, Clone, Copy)]
struct Run {
    bursts: Bursts,
    first: Micros,
    last: Micros,
}

impl Burst {
    /// A frame with text, of these bytes of the body, arrived; returns the lumps in a row that are complete, if it completed one.
    #[inline]
    pub fn step(&mut self, frame: u32, bytes: Range<u32>, at: Micros, params: &Params) -> Option<Bursts> {
        self.seen += 1;
        let gap = self.last.replace(at).map(|last| at.since(last));
        if gap.is_some_and(|gap| gap <= TOGETHER) {
            self.group.frames += 1;
            self.group.end = at;
            self.group.bytes.end = bytes.end;
            return None;
        }
        let many = u64::from(self.group.frames) >= params.get(Param::BurstFrames);
        let complete = if many && gap.is_some_and(|gap| gap >= self.silence(params)) { self.close(params, false) } else { None };
        if complete.is_none() {
            self.run = None;
        }
        self.group = Group { frames: 1, begin: at, end: at, first_frame: frame, bytes };
        complete.filter(|bursts| self.nearly_all(bursts, 1))
    }

    /// How long nothing comes after a group that is a lump.
    fn silence(&self, params: &Params) -> Micros {
        let within = self.group.end.since(self.group.begin).0 / u64::from(self.group.frames.max(2) - 1);
        Micros(within.saturating_mul(APART)).max(Micros::from_millis(params.get(Param::BurstGap)))
    }

    /// This program did not read for a while: what comes now waited here, and not on the way.
    pub fn interrupt(&mut self) {
        *self = Burst::default();
    }

    /// The attempt ended: its last group counts as it stands.
    pub fn finish(&mut self, params: &Params) -> Option<Bursts> {
        let complete = self.close(params, true).filter(|bursts| self.nearly_all(bursts, 0));
        *self = Burst::default();
        complete
    }

    /// True if three quarters of all frames came in these lumps; `more` frames are not yet in any.
    fn nearly_all(&self, bursts: &Bursts, more: u32) -> bool {
        u64::from(bursts.frames) * 4 >= u64::from(self.seen - more) * 3
    }

    fn close(&mut self, params: &Params, last: bool) -> Option<Bursts> {
        let Group { frames, begin, first_frame, ref bytes, .. } = self.group;
        if u64::from(frames) < params.get(Param::BurstFrames) {
            return None;
        }
        let bytes = u64::from(bytes.end.saturating_sub(bytes.start));
        let one = Bursts { count: 1, frames, range: (frames, frames), bytes, span: Micros::ZERO, first_frame };
        let run = self.run.filter(|run| last || run.goes_on(begin, bytes));
        let run = run.map_or(Run { bursts: one, first: begin, last: begin }, |run| Run {
            bursts: Bursts {
                count: run.bursts.count + 1,
                frames: run.bursts.frames + frames,
                range: match last {
                    // The stream's end cuts the last one short.
                    true => run.bursts.range,
                    false => (run.bursts.range.0.min(frames), run.bursts.range.1.max(frames)),
                },
                bytes: run.bursts.bytes + bytes,
                span: begin.since(run.first),
                first_frame: run.bursts.first_frame,
            },
            last: begin,
            ..run
        });
        self.run = Some(run);
        Some(run.bursts)
    }
}

impl Run {
    /// Whether a lump that began at `begin` and has so many bytes is like those before it.
    fn goes_on(&self, begin: Micros, bytes: u64) -> bool {
        let near = |value: u64, mean: u64| value.abs_diff(mean) <= mean / 4;
        let period = begin.since(self.last);
        // Two lumps have one period, which nothing contradicts.
        let timed = self.bursts.count < 2 || near(period.0, self.bursts.period().0);
        let sized = near(bytes, self.bursts.size());
        if period < SHORT { timed && sized } else { timed || sized }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most lumps in a row that groups of so many frames make, each followed by so many milliseconds of silence.
    fn check(groups: &[(u32, u64)], expected: u32) {
        let params = Params::default();
        let mut burst = Burst::default();
        let (mut at, mut frame, mut best) = (0, 0, 0);
        for (frames, silence_ms) in groups {
            for _ in 0..*frames {
                let bytes = frame * 200..(frame + 1) * 200;
                best = best.max(burst.step(frame, bytes, Micros(at), &params).map_or(0, |bursts| bursts.count));
                at += 100;
                frame += 1;
            }
            at += silence_ms * 1_000;
        }
        assert_eq!(best.max(burst.finish(&params).map_or(0, |bursts| bursts.count)), expected, "{groups:?}");
    }

    #[test]
    fn lumps_count_only_in_a_row_alike_and_with_nothing_between_them() {
        check(&[(10, 500), (10, 500), (10, 500), (10, 0)], 4);
        check(&[(10, 500), (1, 30), (10, 500), (10, 0)], 1);
        check(&[(1, 30); 40], 0);
        check(&[(8, 40), (8, 40), (8, 40)], 3);
        // A read may bring more frames than another; so it is with every fast stream.
        check(&[(6, 40), (9, 70), (14, 25), (7, 90), (20, 33)], 1);
        check(&[(2, 30), (3, 30), (2, 30), (3, 30)], 0);
        // Long silences may be unequal if the lumps are not, and the other way round.
        check(&[(10, 500), (10, 900), (10, 400), (10, 0)], 4);
        check(&[(10, 500), (20, 500), (40, 500), (10, 0)], 4);
        check(&[(10, 500), (20, 900), (40, 300), (10, 0)], 2);
        // More than a quarter of the stream came otherwise, or just that.
        check(&[[(1, 30); 7].as_slice(), &[(6, 300); 3]].concat(), 0);
        check(&[[(1, 30); 6].as_slice(), &[(6, 300); 3]].concat(), 3);
    }

    #[test]
    fn the_cause_is_told_by_size_number_and_encoding() {
        let bursts = |frames: u32, size: u64, period_ms: u64, range: (u32, u32)| Bursts {
            count: 4,
            frames: frames * 4,
            range,
            bytes: size * 4,
            span: Micros::from_millis(period_ms * 3),
            first_frame: 0,
        };
        let layer = |bursts: Bursts, encoding, first| bursts.cause(encoding, Some(Micros::from_millis(first))).layer;
        assert_eq!(layer(bursts(65, 16_055, 16_500, (64, 66)), None, 17_500), Layer::Proxy);
        assert!(bursts(65, 16_055, 16_500, (64, 66)).cause(None, None).words.contains("16 KiB"));
        assert_eq!(layer(bursts(8, 1_600, 44, (8, 8)), None, 100), Layer::Server);
        assert_eq!(layer(bursts(8, 1_600, 44, (8, 8)), None, 287), Layer::Unknown);
        assert_eq!(layer(bursts(10, 2_000, 420, (9, 12)), None, 600), Layer::Proxy);
        assert!(bursts(8, 1_600, 44, (8, 8)).cause(Some("gzip"), None).words.contains("gzip"));
    }
}
