//! token_loop: one short unit, back to back, without end.
//!
//! Every 64 bytes the last 256 bytes are searched for their smallest exact period (failure function, linear).
//! Once one is found the run is followed byte by byte, so the copies are counted exactly and each byte is looked at a
//! bounded number of times. Positions, not deltas, set the pace: chunking does not matter.

/// Bytes looked back at in one search; half of it is the longest unit found.
const WINDOW: usize = 256;
/// Bytes of new text between two searches.
const STRIDE: usize = 64;

/// A run of copies of one unit at the end of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Length of the unit in bytes.
    pub period: usize,
    /// Offset of the run's first byte in the text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

impl Run {
    /// Whole copies in the run.
    pub fn copies(self) -> u64 {
        ((self.end - self.start) / self.period) as u64
    }

    /// The same run from its first whole character on; `text` is the text that it lies in.
    pub fn aligned(self, text: &str) -> Run {
        let start = (self.start..self.end).find(|at| text.is_char_boundary(*at)).unwrap_or(self.start);
        Run { start, ..self }
    }

    /// Characters in the run; `text` is the text that it lies in. Costs one copy, not the run.
    pub fn chars(self, text: &str) -> u64 {
        let count = |bytes: &[u8]| bytes.iter().filter(|byte| (**byte as i8) >= -0x40).count() as u64;
        let unit = &text.as_bytes()[self.start..self.start + self.period];
        let rest = (self.end - self.start) % self.period;
        self.copies() * count(unit) + count(&unit[..rest])
    }
}

/// Follows one channel's accepted text.
#[derive(Debug, Clone, Default)]
pub struct Repeat {
    seen: usize,
    run: Option<Run>,
}

impl Repeat {
    /// Follows `text`, which only ever grows, and returns the run at its end.
    pub fn feed(&mut self, text: &str) -> Option<Run> {
        let bytes = text.as_bytes();
        while self.seen < bytes.len() {
            if let Some(run) = &mut self.run {
                let from = self.seen;
                let same = (from..bytes.len()).take_while(|at| bytes[*at] == bytes[at - run.period]).count();
                run.end = from + same;
                self.seen = run.end;
                if run.end < bytes.len() {
                    self.run = None;
                }
                continue;
            }
            let next = (self.seen / STRIDE + 1) * STRIDE;
            if next > bytes.len() {
                self.seen = bytes.len();
                break;
            }
            self.seen = next;
            self.run = find_run(&bytes[..next]);
        }
        self.run
    }
}

/// The run at the end of `bytes`, if the last 256 bytes are at least two copies of something.
fn find_run(bytes: &[u8]) -> Option<Run> {
    let window = &bytes[bytes.len().saturating_sub(WINDOW)..];
    if window.len() < STRIDE {
        return None;
    }
    let period = smallest_period(window);
    if period * 2 > window.len() {
        return None;
    }
    let mut start = bytes.len() - window.len();
    while start > 0 && bytes[start - 1] == bytes[start - 1 + period] {
        start -= 1;
    }
    Some(Run { period, start, end: bytes.len() })
}

/// The smallest `p` with `bytes[i] == bytes[i + p]` throughout.
fn smallest_period(bytes: &[u8]) -> usize {
    let mut border = [0_u16; WINDOW];
    let mut length = 0_usize;
    for at in 1..bytes.len() {
        while length > 0 && bytes[at] != bytes[length] {
            length = border[length - 1] as usize;
        }
        if bytes[at] == bytes[length] {
            length += 1;
        }
        border[at] = length as u16;
    }
    bytes.len() - length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(usize, u64)>) {
        for piece in [1, 3, 7, 64, text.len().max(1)] {
            let mut repeat = Repeat::default();
            let mut run = None;
            let mut end = 0;
            while end < text.len() {
                end = (end + piece).min(text.len());
                run = repeat.feed(&text[..end]);
            }
            assert_eq!(run.map(|run| (run.period, run.copies())), expected, "{} bytes by {piece}", text.len());
        }
    }

    #[test]
    fn a_run_is_found_with_its_unit_and_its_copies_however_it_is_cut() {
        check(&" court".repeat(300), Some((6, 300)));
        check(&format!("It was a dark night.{}", " VM".repeat(200)), Some((3, 200)));
        check("The quick brown fox jumps over the lazy dog and then does so no more, because it has grown tired.", None);
        check(&format!("{} and so on, he said to them all.", "ha ".repeat(200)), None);
    }
}
