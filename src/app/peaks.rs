//! The highest score in any range of a detector's history, at the cost of the blocks that it spans and not of its points.

use crate::core::judgement::{Judgement, ScorePoint};

const BLOCK: usize = 64;

/// Block maxima of every detector's history, kept up to date as it grows.
#[derive(Debug, Clone, Default)]
pub struct Peaks {
    detectors: Vec<[Vec<u16>; 2]>,
}

impl Peaks {
    /// Brings the maxima up to date with a judgement that only grew since the last time.
    pub fn extend(&mut self, judgement: &Judgement) {
        self.detectors.resize_with(judgement.scores.len(), Default::default);
        for ([small, large], points) in self.detectors.iter_mut().zip(&judgement.scores) {
            grow(small, points, |point| point.score);
            grow(large, small, |score| *score);
        }
    }

    /// The highest score of detector `detector` among its points `from..to`; zero if there are none.
    pub fn highest(&self, points: &[ScorePoint], detector: usize, from: usize, to: usize) -> u16 {
        let to = to.min(points.len());
        let Some([small, large]) = self.detectors.get(detector) else { return 0 };
        let blocks = |from: usize, to: usize| over(large, small, from, to, |score| *score, |large, from, to| max(&large[from..to]));
        over(small, points, from, to, |point| point.score, |_, from, to| blocks(from, to))
    }
}

/// The maxima of blocks of `items`; the last block may have grown or changed.
fn grow<T>(maxima: &mut Vec<u16>, items: &[T], score: impl Fn(&T) -> u16) {
    maxima.truncate(items.len() / BLOCK);
    maxima.pop();
    for block in items.chunks(BLOCK).skip(maxima.len()) {
        maxima.push(block.iter().map(&score).max().unwrap_or(0));
    }
}

/// The maximum of `items[from..to]`: of its ragged ends one by one, of the whole blocks between from `blocks`.
fn over<T>(
    maxima: &[u16],
    items: &[T],
    from: usize,
    to: usize,
    score: impl Fn(&T) -> u16,
    blocks: impl Fn(&[u16], usize, usize) -> u16,
) -> u16 {
    let one_by_one = |from: usize, to: usize| items[from..to.max(from)].iter().map(&score).max().unwrap_or(0);
    let (first, last) = (from.div_ceil(BLOCK), to / BLOCK);
    if first >= last || last > maxima.len() {
        return one_by_one(from, to);
    }
    one_by_one(from, first * BLOCK).max(blocks(maxima, first, last)).max(one_by_one(last * BLOCK, to))
}

fn max(scores: &[u16]) -> u16 {
    scores.iter().copied().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::params::Profile;

    #[test]
    fn every_range_has_its_true_maximum() {
        let mut judgement = Judgement::new(Profile::default());
        let mut peaks = Peaks::default();
        let mut random = 1_u64;
        for _ in 0..40 {
            for _ in 0..250 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let frames = judgement.scores[0].len() as u32;
                judgement.scores[0].push(ScorePoint { frames, score: (random >> 50) as u16 % 1_000 });
            }
            // The last point may still rise.
            peaks.extend(&judgement);
            let last = judgement.scores[0].len() - 1;
            judgement.scores[0][last].score = 1_500;
            peaks.extend(&judgement);
            let points = &judgement.scores[0];
            for (from, to) in [(0, points.len()), (1, 5), (63, 65), (64, 128), (100, last), (last, last), (5_000, 9_000)] {
                let (from, to) = (from.min(points.len()), to.min(points.len()));
                let wanted = points[from..to].iter().map(|point| point.score).max().unwrap_or(0);
                assert_eq!(peaks.highest(points, 0, from, to), wanted, "{from}..{to}");
            }
        }
    }
}
