//! The composer: providers, scenarios or model, and the text.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Block, Widget},
};

use crate::{
    app::{
        App,
        compose::{Composer, Field},
    },
    net::demo::scenarios,
    tui::{
        text::{Pen, width, wrap},
        theme::{Role, Theme},
        widgets::window,
    },
};

/// Draws the overlay.
pub fn draw(app: &App, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let composer = &app.composer;
    let title = "Compose a request";
    let inner = boxed(theme, title, true, area, buf);
    let upper = Rect { height: inner.height * 3 / 5, ..inner };
    // Names alone where room is short: the scenarios have more to say.
    let wide = inner.width >= 130;
    let left = Rect { width: if wide { 46 } else { 19.min(inner.width / 3) }, ..upper };
    let right = Rect { x: left.right(), width: inner.width - left.width, ..upper };
    let lower = Rect { y: upper.bottom(), height: inner.height - upper.height, ..inner };
    let at = |field| composer.field == field;
    let list = boxed(theme, "Provider", at(Field::Provider), left, buf);
    let names: Vec<String> = composer
        .providers
        .iter()
        .map(|provider| if wide { format!("{:<16} {}", provider.name, provider.title) } else { provider.name.clone() })
        .collect();
    choices(theme, &names, composer.provider, at(Field::Provider), list, buf);
    model(composer, theme, right, buf);
    let (name, other) = if composer.is_body { ("JSON body", "ctrl-b: prompt") } else { ("Prompt", "ctrl-b: JSON body") };
    let text = boxed(theme, &format!("{name} ({other})"), at(Field::Text), lower, buf);
    // One line: what is wrong, else what was changed on the way.
    let remarks = Some(composer.remarks.join("; ")).filter(|remarks| !remarks.is_empty());
    let said = composer.fault.clone().map(|fault| (fault, Role::Error)).or(remarks.map(|remarks| (remarks, Role::Warning)));
    let said = said.filter(|_| text.height > 1);
    let area = Rect { height: text.height - u16::from(said.is_some()), ..text };
    if !area.is_empty() {
        let mut shown = composer.area().clone();
        shown.set_cursor_line_style(theme.style(Role::Text));
        if !at(Field::Text) {
            shown.set_cursor_style(theme.style(Role::Text));
        }
        shown.render(area, buf);
    }
    if let Some((said, role)) = said {
        Pen::new(buf, theme.glyphs(), text, area.height).put(&said, theme.style(role));
    }
}

fn model(composer: &Composer, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let focused = composer.field == Field::Model;
    if composer.is_demo() {
        let title =
            if composer.model.is_empty() { "Scenario (type to find)".into() } else { format!("Scenario: {}_", composer.model) };
        let inner = boxed(theme, &title, focused, area, buf);
        // The one picked is said whole below, where its line has no room for that.
        let room = usize::from(inner.width).saturating_sub(20);
        let longest = scenarios::all().map(|scenario| width(scenario.title)).max().unwrap_or(0);
        let below = if inner.height > 6 && longest > room { longest.div_ceil(usize::from(inner.width).max(1)) as u16 } else { 0 };
        let list = Rect { height: inner.height - below, ..inner };
        let names: Vec<String> = scenarios::all().map(|scenario| format!("{:<18} {}", scenario.name, scenario.title)).collect();
        choices(theme, &names, composer.scenario, focused, list, buf);
        let picked = scenarios::all().nth(composer.scenario);
        let title = picked.map(|scenario| scenario.title).filter(|title| width(title) > room).unwrap_or_default();
        for (line, text) in wrap(title, usize::from(inner.width)).iter().take(usize::from(below)).enumerate() {
            Pen::new(buf, theme.glyphs(), inner, list.height + line as u16).put(text, theme.style(Role::Accent));
        }
        return;
    }
    let inner = boxed(theme, "Model (type)", focused, area, buf);
    let provider = composer.providers.get(composer.provider);
    let default = provider.map_or("", |provider| provider.model.as_str());
    let mut pen = Pen::new(buf, theme.glyphs(), inner, 0);
    if composer.model.is_empty() {
        pen.put(if default.is_empty() { "one must be named" } else { default }, theme.style(Role::Dim));
    } else {
        pen.put(&composer.model, theme.style(Role::Text)).put("_", theme.style(Role::Accent));
    }
    if let Some(provider) = provider {
        Pen::new(buf, theme.glyphs(), inner, 1).put(&provider.title, theme.style(Role::Dim));
        Pen::new(buf, theme.glyphs(), inner, 2).put(&provider.base_url, theme.style(Role::Dim));
        let key = if provider.key_env.is_empty() { "no key needed".into() } else { format!("key from {}", provider.key_env) };
        Pen::new(buf, theme.glyphs(), inner, 3).put(&key, theme.style(Role::Dim));
    }
}

fn boxed(theme: &Theme, title: &str, focused: bool, area: Rect, buf: &mut Buffer) -> Rect {
    let style = theme.style(if focused { Role::Accent } else { Role::Dim });
    let block = Block::bordered().border_set(theme.border(focused)).border_style(style);
    let inner = block.inner(area);
    block.render(area, buf);
    let line = Rect { x: area.x + 1.min(area.width), width: area.width.saturating_sub(2), height: area.height.min(1), ..area };
    Pen::new(buf, theme.glyphs(), line, 0).put(&format!(" {title} "), style);
    inner
}

fn choices(theme: &Theme, names: &[String], picked: usize, focused: bool, area: Rect, buf: &mut Buffer) {
    let first = window(picked as u32, names.len() as u32, area.height) as usize;
    for (line, name) in names.iter().enumerate().skip(first).take(usize::from(area.height)) {
        let row = (line - first) as u16;
        let mut pen = Pen::new(buf, theme.glyphs(), area, row);
        pen.put(if line == picked { theme.glyphs().pointer } else { " " }, theme.style(Role::Accent));
        pen.put(name, theme.style(Role::Text));
        if line == picked {
            Pen::new(buf, theme.glyphs(), area, row).fill(theme.style(if focused { Role::Selected } else { Role::Related }));
        }
    }
}
