//! Keys in the notation of the ACTIONS table: `a`, `A`, `[`, `space`, `left`, `pgup`, `f5`, `ctrl-c`, `alt-x`.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::{Action, App, Command};

/// The key's name, or `None` for one that has none.
pub fn name(key: &KeyEvent) -> Option<String> {
    let base = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(char) => char.to_string(),
        KeyCode::Left => "left".into(),
        KeyCode::Right => "right".into(),
        KeyCode::Up => "up".into(),
        KeyCode::Down => "down".into(),
        KeyCode::Home => "home".into(),
        KeyCode::End => "end".into(),
        KeyCode::PageUp => "pgup".into(),
        KeyCode::PageDown => "pgdn".into(),
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => "backtab".into(),
        KeyCode::Tab => "tab".into(),
        KeyCode::BackTab => "backtab".into(),
        KeyCode::Enter => "enter".into(),
        KeyCode::Esc => "esc".into(),
        KeyCode::Backspace => "backspace".into(),
        KeyCode::Delete => "delete".into(),
        KeyCode::F(number) => format!("f{number}"),
        _ => return None,
    };
    // Shift is part of the character already.
    let alt = if key.modifiers.contains(KeyModifiers::ALT) { "alt-" } else { "" };
    let ctrl = if key.modifiers.contains(KeyModifiers::CONTROL) { "ctrl-" } else { "" };
    Some(format!("{ctrl}{alt}{base}"))
}

/// What `key` does as things stand: a command, or a key for the text field in focus.
pub fn action(app: &App, key: KeyEvent) -> Option<Action> {
    let command = name(&key).and_then(|name| Command::resolve(&name, app.contexts()));
    match command {
        Some(command) => Some(Action::Run(command)),
        None if app.overlays.is_empty() => None,
        None => Some(Action::Type(tui_textarea::Input::from(key))),
    }
}

/// A key's name as it is shown.
pub fn shown(key: &str, ascii: bool) -> &str {
    match key {
        "left" if !ascii => "←",
        "right" if !ascii => "→",
        "up" if !ascii => "↑",
        "down" if !ascii => "↓",
        "space" => "Space",
        "enter" => "Enter",
        "esc" => "Esc",
        "tab" => "Tab",
        "backtab" => "S-Tab",
        "pgup" => "PgUp",
        "pgdn" => "PgDn",
        "home" => "Home",
        "end" => "End",
        other => other,
    }
}
