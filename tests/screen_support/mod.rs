//! Apps for tests of the interface: filled from scenarios, moved with keys, drawn to text.
#![allow(dead_code)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{buffer::Buffer, layout::Rect};
use stutterscope::{
    app::{Action, App, Effect, state::OpenedFile, update},
    core::{
        desk::{Desk, EndpointKey, Outcome},
        dialect,
        input::{Attempt, End, Head, Input, Origin, Start, What},
        params::Profile,
        time::Micros,
    },
    net::{
        demo::{render as render_demo, scenarios, script::Play},
        providers,
    },
    tui::{Theme, draw, keymap},
};

/// The inputs of the first play of scenario `name`, at their own times, without a network.
pub fn demo_inputs(name: &str) -> Vec<Input> {
    let scenario = scenarios::by_name(name).expect("a scenario of the demo provider");
    let dialect = dialect::by_id("openai-chat").expect("a built-in dialect");
    let Play::Stream { steps, .. } = &scenario.plays[0] else { panic!("{name} does not stream") };
    let model = format!("demo/{name}");
    let endpoint = "http://127.0.0.1:40000/v1".to_owned();
    let start = Start {
        wall: "2026-11-21T03:47:00.000Z".into(),
        origin: Origin::Sent,
        clocked: true,
        provider: "demo".into(),
        dialect: Some("openai-chat".into()),
        url: format!("POST {endpoint}/chat/completions"),
        model: model.clone(),
        headers: vec![("content-type".into(), "application/json".into())],
        body: (dialect.request)(&model, "Tell me something."),
    };
    let (mut desk, key) = (Desk::default(), EndpointKey::new(endpoint.clone(), model.clone()));
    let gate = desk.ask(0, &key);
    let head = Head { status: 200, headers: vec![("content-type".into(), "text/event-stream".into())] };
    let at = |us, what| Input { at: Micros(us), what };
    let mut inputs = vec![
        at(0, What::Start(Box::new(start))),
        at(100, What::Gate(gate.clone())),
        at(120, What::Attempt(Attempt { number: 0, endpoint, model })),
        at(900, What::Head(head)),
    ];
    let mut last = 1_000;
    for write in render_demo(name, 0, steps, dialect) {
        last = 1_000 + write.at_us;
        inputs.push(at(last, What::Bytes(write.bytes)));
    }
    inputs.push(at(last + 200, What::End(End::Eof)));
    if let Some(permit) = gate.permit() {
        inputs.push(at(last + 210, What::Gate(desk.report(last, &key, permit, Outcome::Success))));
    }
    inputs
}

/// An interface that shows these inputs, as a live session or as a recording.
pub fn app_with(title: &str, inputs: &[Input], live: bool) -> App {
    let mut app = App::new(providers::all(&Default::default()));
    let mut inputs = inputs.to_vec();
    if live {
        update(&mut app, Action::Piped(title.into()));
        let session = app.sessions[0].id;
        let now = inputs.last().map_or(Micros::ZERO, |input| input.at);
        update(&mut app, Action::Arrived { session, inputs, now, closed: false });
    } else {
        if !inputs.iter().any(|input| matches!(input.what, What::End(_))) {
            let at = inputs.last().map_or(Micros::ZERO, |input| input.at);
            inputs.push(Input { at, what: What::End(End::Eof) });
        }
        let path = Some("/recordings/one.session".into());
        let file = OpenedFile::fold(title.into(), path, inputs, Profile::default());
        update(&mut app, Action::Opened(Box::new(file)));
    }
    app
}

/// The key event of a key's name.
pub fn key(name: &str) -> KeyEvent {
    let (name, modifiers) = match name.strip_prefix("ctrl-") {
        Some(rest) => (rest, KeyModifiers::CONTROL),
        None => (name, KeyModifiers::NONE),
    };
    let code = match name {
        "space" => KeyCode::Char(' '),
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pgup" => KeyCode::PageUp,
        "pgdn" => KeyCode::PageDown,
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "backspace" => KeyCode::Backspace,
        "f5" => KeyCode::F(5),
        _ => KeyCode::Char(name.chars().next().expect("a key has a name")),
    };
    KeyEvent::new(code, modifiers)
}

/// Presses keys by name, as the loop would; returns every effect.
pub fn press(app: &mut App, keys: &[&str]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for name in keys {
        if let Some(action) = keymap::action(app, key(name)) {
            effects.extend(update(app, action));
        }
    }
    effects
}

/// The screen as text, without styles.
pub fn render(app: &App, theme: Theme, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    draw(app, &theme, area, &mut buf);
    let line = |y| {
        let mut text = String::new();
        let mut x = 0;
        while x < width {
            let symbol = buf[(x, y)].symbol();
            text.push_str(symbol);
            x += (unicode_width::UnicodeWidthStr::width(symbol) as u16).max(1);
        }
        text.trim_end().to_owned()
    };
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

/// Does what the loop does about notes, without a file.
pub fn noted(app: &mut App, effects: Vec<Effect>) {
    for effect in effects {
        let Effect::Note { session, notes, .. } = effect else { panic!("{effect:?}") };
        let text = notes.to_ron().expect("notes have a RON form");
        update(app, Action::Noted(session, Box::new(notes), text));
    }
}
