//! The JSON view of the output: the value as it completes, over several lines; what only closes it for display is dim.

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use crate::{
    core::{
        json_value::{Follower, path, pretty},
        reading::{Channel, ChannelKey, FrameId},
    },
    tui::{
        panes::{
            View,
            output::{Page, heading},
        },
        text::head,
        theme::Role,
    },
};

/// The most text that is looked at, in bytes: it is followed anew for every picture.
const MOST: usize = 256 * 1024;
/// The most of what closes a value that is shown, in bytes.
const CLOSING: usize = 400;

/// Writes the values in the answer up to the cursor, and in the arguments of its tool calls.
pub(super) fn write(view: &View<'_>, inner: Rect, page: &mut Page) {
    let Some(texts) = texts(view) else {
        return page.put("the answer is too long for this view; v shows it as text", view.style(Role::Dim));
    };
    let mut before = None;
    let mut found = false;
    for (key, (frame, text)) in &texts {
        let mut follower = Follower::new(view.session.asks_json == Some(true) || key.channel == Channel::ToolArguments);
        follower.follow(text);
        let partial = follower.partial(text);
        if partial.is_none() && follower.last(text).is_none() && follower.broken() == 0 {
            continue;
        }
        found = true;
        heading(view, page, before.replace(*key), *key, *frame);
        page.new_line();
        let dim = view.style(Role::Dim);
        // The value that comes is shown, or else the last whole one; the others are counted.
        let passed = follower.values().count().saturating_sub(usize::from(partial.is_none()));
        if passed > 0 {
            page.put(&format!("{passed} before this one\n"), dim);
        }
        if follower.broken() > 0 {
            page.put(&format!("{} broken\n", follower.broken()), view.style(Role::Warning));
        }
        match &partial {
            Some(partial) => {
                let (json, end) = pretty(&partial.closed(), partial.kept.len());
                page.put(end_of(&json[..end], inner), view.style(Role::Text));
                // What closes it must not push what came off the screen.
                let closing =
                    if json[end..].lines().count() <= usize::from(inner.height) / 3 { &json[end..] } else { &partial.closing };
                page.put(head(closing, CLOSING), dim);
                page.new_line();
                page.put(&format!("at {}", path(partial.source)), dim);
            }
            None => page.put(end_of(&pretty(follower.last(text).unwrap_or_default(), 0).0, inner), view.style(Role::Text)),
        }
    }
    if !found {
        page.put("no JSON in the answer up to here", view.style(Role::Dim));
    }
}

/// The end of `text` that may be on the screen: each of its lines takes one there, and each cell four bytes at most.
fn end_of(text: &str, inner: Rect) -> &str {
    let cells = usize::from(inner.height) * usize::from(inner.width);
    let text = &text[head(text, text.len().saturating_sub(cells * 4)).len()..];
    let mut breaks = memchr::memrchr_iter(b'\n', text.as_bytes());
    breaks.nth(usize::from(inner.height)).map_or(text, |place| &text[place + 1..])
}

/// What had come out at the cursor, by channel, with the frame that each begins in; `None` if it is too much.
fn texts(view: &View<'_>) -> Option<BTreeMap<ChannelKey, (FrameId, String)>> {
    let (reading, judgement) = (&view.session.engine.reading, &view.session.engine.judgement);
    let frames = view.moment.frames.min(reading.frame_count());
    let end = frames.checked_sub(1).map_or(0, |frame| reading.frame(FrameId(frame)).deltas_end);
    let released = judgement.output.released_at(reading.frame_count(), view.moment);
    let mut texts = BTreeMap::<ChannelKey, (FrameId, String)>::new();
    let mut bytes = 0;
    for id in view.session.undone.order(reading, judgement, 0..end.min(MOST as u32 + 1)) {
        let delta = reading.delta(id);
        if !matches!(delta.key.channel, Channel::Text | Channel::ToolArguments) {
            continue;
        }
        bytes += delta.text.len();
        if bytes > MOST {
            return None;
        }
        let (_, text) = texts.entry(delta.key).or_insert_with(|| (delta.frame, String::new()));
        let segments = judgement.output.segments(reading, id, released);
        for segment in segments.iter().filter(|segment| view.session.undone.passes(judgement, segment.fate)) {
            text.push_str(&delta.text[segment.range.start as usize..segment.range.end as usize]);
        }
    }
    Some(texts)
}
