//! Size to rectangles: a pure function. Small sizes show fewer panes, never a broken one; every pane keeps its number.
//!
//! ```text
//! tiny   < 40x10   one line says so            medium >= 120x32  chunks | states | output over scores | inspector
//! narrow < 80x20   tabs and one pane           large  >= 180x50  chunks | states | scores | output over inspector | tuning
//! small            chunks and one other pane
//! ```

use ratatui::layout::Rect;

use crate::app::{App, Pane};

/// Size classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Too small to show anything.
    Tiny,
    /// One pane.
    Narrow,
    /// Two panes.
    Small,
    /// Five panes.
    Medium,
    /// Six panes.
    Large,
}

impl Size {
    /// The class of `area`.
    pub fn of(area: Rect) -> Size {
        match (area.width, area.height) {
            (width, height) if width < 40 || height < 10 => Size::Tiny,
            (width, height) if width < 80 || height < 20 => Size::Narrow,
            (width, height) if width >= 180 && height >= 50 => Size::Large,
            (width, height) if width >= 120 && height >= 32 => Size::Medium,
            _ => Size::Small,
        }
    }
}

/// Where everything goes. Rectangles never overlap and lie within the area they were made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Size class.
    pub size: Size,
    /// First line.
    pub header: Rect,
    /// Two lines, from small on.
    pub timeline: Option<Rect>,
    /// One line of pane names, where only one pane is shown.
    pub tabs: Option<Rect>,
    /// The panes, borders included.
    pub panes: Vec<(Pane, Rect)>,
    /// One line about the finding at the cursor.
    pub finding: Rect,
    /// One or two lines of keys.
    pub hints: Rect,
}

/// Lays `app` out on `area`.
pub fn layout(app: &App, area: Rect) -> Layout {
    let size = Size::of(area);
    let mut rest = area;
    let header = top(&mut rest, 1);
    let timeline = (size >= Size::Small).then(|| top(&mut rest, 2));
    let one = size == Size::Narrow || app.zoomed;
    let tabs = (size == Size::Narrow).then(|| top(&mut rest, 1));
    let hints = bottom(&mut rest, if size >= Size::Medium { 2 } else { 1 });
    let finding = bottom(&mut rest, 1);
    let panes = match size {
        Size::Tiny => Vec::new(),
        _ if one => vec![(app.focus, rest)],
        Size::Narrow | Size::Small => {
            let (left, right) = columns(rest, 50);
            vec![(Pane::Chunks, left), (app.beside, right)]
        }
        Size::Medium => medium(app, rest),
        Size::Large => large(app, rest),
    };
    Layout { size, header, timeline, tabs, panes, finding, hints }
}

fn medium(app: &App, area: Rect) -> Vec<(Pane, Rect)> {
    let (upper, lower) = rows(area, 58);
    let (chunks, rest) = columns(upper, 42);
    let (states, output) = columns(rest, 45);
    let (scores, aside) = columns(lower, 48);
    let last = if app.tuning { Pane::Tuning } else { Pane::Inspector };
    vec![(Pane::Chunks, chunks), (Pane::States, states), (Pane::Scores, scores), (Pane::Output, output), (last, aside)]
}

fn large(app: &App, area: Rect) -> Vec<(Pane, Rect)> {
    let (upper, lower) = rows(area, 62);
    let (chunks, rest) = columns(upper, 30);
    let (states, rest) = columns(rest, 27);
    let (scores, output) = columns(rest, 55);
    let mut panes = vec![(Pane::Chunks, chunks), (Pane::States, states), (Pane::Scores, scores), (Pane::Output, output)];
    if app.tuning {
        let (inspector, tuning) = columns(lower, 46);
        panes.extend([(Pane::Inspector, inspector), (Pane::Tuning, tuning)]);
    } else {
        panes.push((Pane::Inspector, lower));
    }
    panes
}

fn top(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    let taken = Rect { height, ..*rest };
    *rest = Rect { y: rest.y + height, height: rest.height - height, ..*rest };
    taken
}

fn bottom(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    rest.height -= height;
    Rect { y: rest.bottom(), height, ..*rest }
}

/// Two columns, the left one `percent` wide.
fn columns(area: Rect, percent: u16) -> (Rect, Rect) {
    let width = (u32::from(area.width) * u32::from(percent) / 100) as u16;
    (Rect { width, ..area }, Rect { x: area.x + width, width: area.width - width, ..area })
}

/// Two rows, the upper one `percent` high.
fn rows(area: Rect, percent: u16) -> (Rect, Rect) {
    let height = (u32::from(area.height) * u32::from(percent) / 100) as u16;
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_lie_within_the_area_and_apart() {
        let mut app = App::new(Vec::new());
        for (zoomed, tuning) in [(false, false), (true, false), (false, true)] {
            (app.zoomed, app.tuning) = (zoomed, tuning);
            for width in (1..=220).step_by(3) {
                for height in 1..=70 {
                    let area = Rect::new(0, 0, width, height);
                    let layout = layout(&app, area);
                    let bars = [Some(layout.header), layout.timeline, layout.tabs, Some(layout.finding), Some(layout.hints)];
                    let all: Vec<Rect> = bars.into_iter().flatten().chain(layout.panes.iter().map(|pane| pane.1)).collect();
                    for (index, rect) in all.iter().enumerate() {
                        assert_eq!(area.union(*rect), area, "{width}x{height}");
                        assert!(all[..index].iter().all(|other| other.intersection(*rect).is_empty()), "{width}x{height}");
                    }
                }
            }
        }
    }

    #[test]
    fn size_classes() {
        let check = |width, height, wanted| assert_eq!(Size::of(Rect::new(0, 0, width, height)), wanted, "{width}x{height}");
        check(39, 24, Size::Tiny);
        check(80, 9, Size::Tiny);
        check(79, 24, Size::Narrow);
        check(80, 24, Size::Small);
        check(120, 31, Size::Small);
        check(120, 40, Size::Medium);
        check(200, 60, Size::Large);
        check(300, 45, Size::Medium);
    }
}
