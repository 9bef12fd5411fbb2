//! Curves drawn as text, at most sixty columns wide: in braille, or in ASCII.

use std::fmt::Write;

/// Columns of a whole plot, its scale included.
pub const WIDTH: usize = 60;

/// Columns of the scale on the left: `1.00 ` and the axis.
const SCALE: usize = 6;

/// A plot of points in the unit square.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plot {
    /// Points in thousandths of both axes, in the order in which they are joined.
    pub points: Vec<(u32, u32)>,
    /// Lines of text.
    pub height: usize,
    /// True for ASCII alone.
    pub ascii: bool,
}

impl Plot {
    /// The lines of the plot, each ending in a newline, the horizontal axis last.
    pub fn draw(&self) -> String {
        let columns = WIDTH - SCALE;
        let (across, down) = if self.ascii { (1, 1) } else { (2, 4) };
        let mut dots = Dots::new(columns * across, self.height * down);
        for pair in self.points.windows(2) {
            dots.line(pair[0], pair[1]);
        }
        for point in &self.points {
            dots.set(*point);
        }
        let mut text = String::new();
        let (bar, corner, dash) = if self.ascii { ('|', '+', '-') } else { ('│', '└', '─') };
        for row in 0..self.height {
            let scale = match row {
                0 => "1.00",
                row if row + 1 == self.height => "0.00",
                _ => "    ",
            };
            let cells: String = (0..columns).map(|column| dots.cell(column, row, self.ascii)).collect();
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{scale} {bar}{}", cells.trim_end_matches([' ', '\u{2800}']));
        }
        let _ = writeln!(text, "     {corner}{}", dash.to_string().repeat(columns));
        text
    }
}

/// A line below a plot with `labels` at their places in thousandths; one that would overlap another is left out.
pub fn axis(labels: &[(u32, String)]) -> String {
    let columns = WIDTH - SCALE;
    let mut line = vec![' '; columns];
    let mut taken = vec![false; columns + 1];
    for (place, label) in labels {
        let length = label.chars().count();
        if length > columns {
            continue;
        }
        let middle = *place as usize * (columns - 1) / 1_000;
        let start = middle.saturating_sub(length / 2).min(columns - length);
        let around = start.saturating_sub(1)..(start + length + 1).min(columns);
        if taken[around.clone()].iter().any(|taken| *taken) {
            continue;
        }
        taken[around].fill(true);
        line.splice(start..start + length, label.chars());
    }
    let line: String = line.into_iter().collect();
    format!("{}{}\n", " ".repeat(SCALE), line.trim_end())
}

/// A grid of dots, from the upper left.
struct Dots {
    width: usize,
    height: usize,
    on: Vec<bool>,
}

impl Dots {
    fn new(width: usize, height: usize) -> Dots {
        Dots { width, height, on: vec![false; width * height] }
    }

    fn place(&self, (x, y): (u32, u32)) -> (usize, usize) {
        let scaled = |value: u32, size: usize| (value.min(1_000) as usize * (size - 1) + 500) / 1_000;
        (scaled(x, self.width), self.height - 1 - scaled(y, self.height))
    }

    fn set(&mut self, point: (u32, u32)) {
        let (x, y) = self.place(point);
        self.on[y * self.width + x] = true;
    }

    /// A straight line, in as many steps as it has dots.
    fn line(&mut self, from: (u32, u32), to: (u32, u32)) {
        let ((x0, y0), (x1, y1)) = (self.place(from), self.place(to));
        let steps = x0.abs_diff(x1).max(y0.abs_diff(y1)).max(1);
        let between = |a: usize, b: usize, step: usize| (a * (steps - step) + b * step + steps / 2) / steps;
        for step in 0..=steps {
            let (x, y) = (between(x0, x1, step), between(y0, y1, step));
            self.on[y * self.width + x] = true;
        }
    }

    fn cell(&self, column: usize, row: usize, ascii: bool) -> char {
        if ascii {
            return if self.on[row * self.width + column] { '*' } else { ' ' };
        }
        // The order of dots in a braille character, by row, left and right.
        const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let mut bits = 0;
        for (y, pair) in BITS.iter().enumerate() {
            for (x, bit) in pair.iter().enumerate() {
                if self.on[(row * 4 + y) * self.width + column * 2 + x] {
                    bits |= bit;
                }
            }
        }
        if bits == 0 { ' ' } else { char::from_u32(0x2800 + bits).unwrap_or(' ') }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_have_their_points_in_the_right_places() {
        let plot = Plot { points: vec![(0, 0), (1_000, 1_000)], height: 3, ascii: true };
        let lines: Vec<String> = plot.draw().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("1.00 |") && lines[0].ends_with('*') && lines[0].len() == WIDTH, "{lines:?}");
        assert!(lines[2].starts_with("0.00 |*"), "{lines:?}");
        for (points, ascii) in [(vec![], false), (vec![(500, 2_000)], true), (vec![(0, 1_000), (0, 0), (1_000, 0)], false)] {
            let drawn = Plot { points, height: 5, ascii }.draw();
            assert!(drawn.lines().all(|line| line.chars().count() <= WIDTH), "{drawn}");
        }
    }

    #[test]
    fn labels_lie_at_their_places_and_never_overlap() {
        let line = axis(&[(0, "1".into()), (1_000, "128".into()), (990, "120".into()), (500, "^ 16".into())]);
        assert_eq!(line, format!("      1{}^ 16{}128\n", " ".repeat(23), " ".repeat(23)));
    }
}
