//! The breaker as the Desk reported it last before the cursor, and the session's numbers.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    core::desk::{BreakerState, Outcome},
    report::UsageReport,
    tui::{
        layout::Size,
        panes::{View, chunks::gate_text},
        text::{Pen, short_size, short_time, width, wrap},
        theme::Role,
    },
};

/// The breaker in the header: its state, and failures of those that trip it, or the requests that it refused.
pub fn short(view: &View<'_>) -> String {
    match view.session.gate() {
        Some((_, breaker)) if view.size <= Size::Small => breaker.state.word().into(),
        Some((_, breaker)) if (1..u64::MAX).contains(&breaker.open_for_us) => {
            let refused = if breaker.refused > 0 { format!(", {} refused", breaker.refused) } else { String::new() };
            format!("breaker {} for {}{refused}", breaker.state.word(), short_time(breaker.open_for_us))
        }
        Some((_, breaker)) => format!("breaker {} {}/{}", breaker.state.word(), breaker.consecutive, breaker.trip_at),
        None => "breaker -".into(),
    }
}

/// The role of the breaker's state.
pub fn role(view: &View<'_>) -> Role {
    match view.session.gate().map(|(_, breaker)| breaker.state) {
        None => Role::Dim,
        Some(BreakerState::Closed | BreakerState::ForcedClosed) => Role::Good,
        Some(BreakerState::HalfOpen) => Role::Warning,
        Some(BreakerState::Open | BreakerState::ForcedOpen) => Role::Error,
    }
}

/// What there is to say, in lines of at most `columns`.
pub fn lines(view: &View<'_>, columns: u16) -> Vec<(String, Role)> {
    let mut lines = breaker_lines(view);
    lines.push((String::new(), Role::Text));
    lines.extend(number_lines(view).into_iter().map(|line| (line, Role::Text)));
    // A reason may be long; its further lines are set in.
    let wrapped = |(text, role): (String, Role)| {
        if width(&text) <= usize::from(columns) {
            return vec![(text, role)];
        }
        let first = text.len() - text.trim_start().len();
        let indent = |index: usize| if index == 0 { first } else { first + 2 };
        let wrapped = wrap(&text, usize::from(columns).saturating_sub(first + 2).max(16)).into_iter().enumerate();
        wrapped.map(|(index, line)| (format!("{:1$}{line}", "", indent(index)), role)).collect()
    };
    lines.into_iter().flat_map(wrapped).collect()
}

/// Draws as many of `lines` as there is room for; the empty ones only if there is room for all.
pub fn draw(view: &View<'_>, mut lines: Vec<(String, Role)>, area: Rect, buf: &mut Buffer) {
    if lines.len() > usize::from(area.height) {
        lines.retain(|(text, _)| !text.is_empty());
    }
    for (line, (text, role)) in lines.iter().take(usize::from(area.height)).enumerate() {
        Pen::new(buf, view.glyphs(), area, line as u16).put(text, view.style(*role));
    }
}

fn breaker_lines(view: &View<'_>) -> Vec<(String, Role)> {
    let Some((decision, breaker)) = view.session.gate() else {
        return vec![("breaker: nothing was asked of it in this session".into(), Role::Dim)];
    };
    let mut lines = vec![(
        format!(
            "breaker {}  {}/{} failures in a row, {} refused",
            breaker.state.word(),
            breaker.consecutive,
            breaker.trip_at,
            breaker.refused
        ),
        role(view),
    )];
    let arrow = view.glyphs().arrow;
    let here =
        |state: BreakerState| if breaker.state == state { format!("[{}]", state.word()) } else { state.word().to_lowercase() };
    let automaton = [BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen].map(here).join(&format!(" {arrow} "));
    lines.push((format!("  {automaton} {arrow} closed"), Role::Dim));
    // Why it stands where it stands; a closed one needs no reason.
    let closed = breaker.state == BreakerState::Closed && breaker.consecutive == 0;
    let reason = if breaker.reason.is_empty() || closed { String::new() } else { format!(": {}", breaker.reason) };
    lines.push((format!("  {}{reason}", gate_text(decision)), Role::Dim));
    if breaker.open_for_us > 0 && breaker.open_for_us < u64::MAX {
        lines.push((format!("  next probe in {}", short_time(breaker.open_for_us)), Role::Warning));
    }
    let window: String = breaker.window.iter().rev().take(40).rev().map(|outcome| letter(*outcome)).collect();
    if !window.is_empty() {
        lines.push((format!("  window {window}  (s success, S slow, F failure)"), Role::Dim));
    }
    lines
}

fn letter(outcome: Outcome) -> char {
    match outcome {
        Outcome::Success => 's',
        Outcome::Slow => 'S',
        Outcome::Failure => 'F',
        Outcome::Throttled => 't',
        Outcome::Ignored => '.',
    }
}

fn number_lines(view: &View<'_>) -> Vec<String> {
    let metrics = &view.session.metrics;
    let time = |us: Option<u64>| us.map_or("-".into(), short_time);
    let gaps = metrics.gaps.map_or(String::new(), |gaps| {
        format!("   gap p50 {}  p95 {}  max {}", short_time(gaps.p50_us), short_time(gaps.p95_us), short_time(gaps.max_us))
    });
    let rate = metrics.deltas_per_s.map_or(String::new(), |rate| format!("   {}.{} deltas/s", rate / 1_000, rate / 100 % 10));
    let engine = &view.session.engine;
    let usage = UsageReport::of(&engine.reading, &engine.judgement.output, metrics.text_bytes);
    let usage = usage.map_or(String::new(), |usage| format!("   usage {}", usage.line(false)));
    let mut lines = vec![
        format!("first text {}{gaps}", time(metrics.ttft_us)),
        format!("{} reads  {} frames  {} deltas{rate}", metrics.chunks, metrics.frames, metrics.deltas),
        format!("{} body  {} text{usage}", short_size(metrics.bytes), short_size(metrics.text_bytes)),
    ];
    let habits = &engine.judgement.profile.habits;
    if !habits.is_empty() {
        let known = habits.iter().map(|(class, sessions)| format!("{} {sessions}{}", class.name(), view.glyphs().times));
        lines.push(format!("habits: {}", known.collect::<Vec<_>>().join(", ")));
    }
    lines
}
