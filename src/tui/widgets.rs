//! Small drawn things that panes share.

use crate::tui::theme::Glyphs;

/// The first shown row of a list of `count` rows in `height` lines, so that `row` is on the screen with some rows after it.
///
/// A function of the cursor alone, so that drawing needs no memory: it stays put at the end and moves along before it.
pub fn window(row: u32, count: u32, height: u16) -> u32 {
    let height = u32::from(height);
    let after = height / 3;
    (row + after + 1).saturating_sub(height).min(count.saturating_sub(height))
}

/// A gauge of `cells` cells at `value` thousandths.
pub fn gauge(glyphs: &Glyphs, value: u64, cells: usize) -> String {
    let full = (value.min(1_000) as usize * cells).div_ceil(1_000);
    glyphs.gauge[0].repeat(full) + &glyphs.gauge[1].repeat(cells - full)
}

/// One bar for `value` of `most`.
pub fn bar(glyphs: &Glyphs, value: u64, most: u64) -> &'static str {
    let step = (value.saturating_mul(8)).checked_div(most.max(1)).unwrap_or(0).min(7);
    glyphs.bars[step as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_always_contains_the_row() {
        for count in 1..60 {
            for height in 1..30 {
                for row in 0..count {
                    let first = window(row, count, height);
                    assert!(first <= row && row < first + u32::from(height), "{row} of {count} in {height}");
                    assert!(first == 0 || first + u32::from(height) <= count);
                }
            }
        }
    }
}
