//! The stream's own pace: the median of its gaps, in bounded memory.
//!
//! Gaps fall into buckets of an eighth of an octave, so the median is known within 6 %, and the same gaps give the same median
//! on any machine. A cursor stands on the median's bucket and moves with each gap, so nothing is looked through.

use crate::core::time::Micros;

/// Gaps from which on a median says something.
const ENOUGH: u32 = 4;
/// Buckets in an octave, as a power of two.
const FINE: u32 = 3;

/// Counts gaps by their length.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    counts: Vec<u32>,
    total: u32,
    /// The bucket of the median, and how many gaps lie in buckets below it.
    cursor: usize,
    below: u32,
}

impl Pace {
    /// Counts one more gap; true if the median is another one now.
    #[inline]
    pub fn add(&mut self, gap: Micros) -> bool {
        let bucket = bucket_of(gap.0);
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
        self.total = self.total.saturating_add(1);
        self.below += u32::from(bucket < self.cursor);
        let (middle, before) = ((self.total - 1) / 2, self.cursor);
        while self.below > middle {
            self.cursor -= 1;
            self.below -= self.counts[self.cursor];
        }
        while self.below + self.counts[self.cursor] <= middle {
            self.below += self.counts[self.cursor];
            self.cursor += 1;
        }
        self.cursor != before || self.total <= ENOUGH
    }

    /// The median gap, once there are enough of them.
    #[inline]
    pub fn median(&self) -> Option<Micros> {
        (self.total >= ENOUGH).then(|| Micros(middle_of(self.cursor)))
    }
}

fn bucket_of(us: u64) -> usize {
    if us < 1 << FINE {
        return us as usize;
    }
    let octave = us.ilog2();
    let eighth = (us >> (octave - FINE)) & ((1 << FINE) - 1);
    (((octave - FINE + 1) as usize) << FINE) + eighth as usize
}

fn middle_of(bucket: usize) -> u64 {
    let (octave, eighth) = (bucket >> FINE, bucket as u64 & ((1 << FINE) - 1));
    match octave.checked_sub(1) {
        None => eighth,
        Some(shift) => (((1 << FINE) + eighth) << shift) + (1_u64 << shift) / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_known_within_a_sixteenth() {
        let rows: [(&[u64], u64); 6] = [
            (&[1, 2, 3, 4, 5], 3),
            (&[7_000_000; 9], 7_000_000),
            (&[30_000, 40_000, 50_000, 900_000_000, 35_000], 40_000),
            (&[u64::MAX, u64::MAX, 1, 1, 1], 1),
            (&[5_000, 4_000, 3_000, 2_000, 1_000, 500, 250], 2_000),
            (&[u64::MAX; 4], u64::MAX),
        ];
        for (gaps, expected) in rows {
            let mut pace = Pace::default();
            gaps.iter().for_each(|gap| drop(pace.add(Micros(*gap))));
            let median = pace.median().map(|median| median.0).unwrap_or_default();
            assert!(median.abs_diff(expected) <= expected / 16 + 1, "{gaps:?}: {median}");
        }
        let mut pace = Pace::default();
        (0..3).for_each(|gap| drop(pace.add(Micros(gap))));
        assert_eq!(pace.median(), None, "three gaps are no pace");
    }
}
