//! The composer: a prompt or a whole JSON body, a provider and a model, or a scenario of the demo provider.

use tui_textarea::{Input, Key, TextArea};

use crate::net::{
    curl::{self, CurlRequest},
    demo::scenarios,
    providers::Provider,
};

/// Name of the provider that a pasted curl command asks.
const PASTED: &str = "pasted";

/// What is sent, as a user says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Provider name.
    pub provider: String,
    /// Model; for the demo provider `demo/SCENARIO`. Empty for the provider's default.
    pub model: String,
    /// Prompt or body.
    pub text: String,
    /// True if `text` is a whole JSON body.
    pub is_body: bool,
}

/// Which part of the composer takes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The list of providers.
    Provider,
    /// The list of scenarios, or the model's name.
    Model,
    /// The text area.
    Text,
}

/// The composer's state; it is kept while it is closed.
pub struct Composer {
    /// Providers to pick from.
    pub providers: Vec<Provider>,
    /// The one picked.
    pub provider: usize,
    /// The scenario picked, for the demo provider.
    pub scenario: usize,
    /// The model typed; empty for the provider's default. For the demo provider, the scenario looked for.
    pub model: String,
    /// Which part takes the keys.
    pub field: Field,
    /// True if the text is a whole JSON body.
    pub is_body: bool,
    /// The prompt.
    pub prompt: TextArea<'static>,
    /// The body.
    pub body: TextArea<'static>,
    /// What is wrong with the body, if sending it was tried.
    pub fault: Option<String>,
    /// What of the pasted command is done otherwise than curl would, while it is what would be sent.
    pub remarks: Vec<String>,
}

impl Composer {
    /// A composer for these providers; the first one is picked.
    pub fn new(providers: Vec<Provider>) -> Composer {
        let body = r#"{"model": "demo/tour", "stream": true, "messages": [{"role": "user", "content": "Tell me something."}]}"#;
        Composer {
            providers,
            provider: 0,
            scenario: scenarios::position(scenarios::OPENER).unwrap_or(0),
            model: String::new(),
            field: Field::Model,
            is_body: false,
            prompt: TextArea::from(["Tell me something."]),
            body: TextArea::from([body]),
            fault: None,
            remarks: Vec::new(),
        }
    }

    /// Picks the provider called `provider` and its model `model`, where there are such.
    pub fn choose(&mut self, provider: Option<&str>, model: Option<&str>) {
        let named = |name: &str| self.providers.iter().position(|provider| provider.name == name);
        self.provider = provider.and_then(named).unwrap_or(self.provider);
        let Some(model) = model else { return };
        if self.is_demo() {
            let scenario = scenarios::by_name(model).and_then(|scenario| scenarios::position(scenario.name));
            self.scenario = scenario.unwrap_or(self.scenario);
        } else {
            self.model = model.into();
        }
    }

    /// True if the demo provider is picked.
    pub fn is_demo(&self) -> bool {
        self.providers.get(self.provider).is_some_and(Provider::is_demo)
    }

    /// What would be sent.
    pub fn request(&self) -> Request {
        let provider = self.providers.get(self.provider).map(|provider| provider.name.clone()).unwrap_or_default();
        let scenario = scenarios::all().nth(self.scenario).map(|scenario| format!("demo/{}", scenario.name));
        let model = if self.is_demo() { scenario.unwrap_or_default() } else { self.model.trim().to_owned() };
        Request { provider, model, text: self.area().lines().join("\n"), is_body: self.is_body }
    }

    /// Says what is wrong with the body, and puts the text cursor there; true if it may be sent.
    pub fn check(&mut self) -> bool {
        self.fault = None;
        if !self.is_body {
            return true;
        }
        let text = self.body.lines().join("\n");
        let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) else { return true };
        // The parser counts lines and bytes from 1 and names the byte after the last one read.
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        self.fault = Some(format!("line {line}, column {column}: {message}; nothing was sent"));
        self.field = Field::Text;
        let row = line.saturating_sub(1);
        let before = self.body.lines().get(row).map_or("", |text| head(text, column.saturating_sub(1)));
        let column = before.chars().count();
        let place = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        self.body.move_cursor(tui_textarea::CursorMove::Jump(place(row), place(column)));
        false
    }

    /// The text area in use.
    pub fn area(&self) -> &TextArea<'static> {
        if self.is_body { &self.body } else { &self.prompt }
    }

    fn area_mut(&mut self) -> &mut TextArea<'static> {
        if self.is_body { &mut self.body } else { &mut self.prompt }
    }

    /// Moves to the next field, or the previous one.
    pub fn turn(&mut self, forward: bool) {
        self.field = match (self.field, forward) {
            (Field::Provider, true) | (Field::Text, false) => Field::Model,
            (Field::Model, true) | (Field::Provider, false) => Field::Text,
            (Field::Text, true) | (Field::Model, false) => Field::Provider,
        };
    }

    /// The next choice of the list in focus, or one line down in the text.
    pub fn pick(&mut self, forward: bool) {
        let moved = |index: usize, count: usize| {
            if forward { (index + 1).min(count.saturating_sub(1)) } else { index.saturating_sub(1) }
        };
        match self.field {
            Field::Provider => {
                self.provider = moved(self.provider, self.providers.len());
                self.remarks.clear();
                self.model.clear();
            }
            Field::Model if self.is_demo() => {
                self.scenario = moved(self.scenario, scenarios::all().count());
                self.model.clear();
            }
            Field::Model => {}
            Field::Text => {
                let key = if forward { Key::Down } else { Key::Up };
                self.area_mut().input(Input { key, ctrl: false, alt: false, shift: false });
            }
        }
    }

    /// A key that no command took.
    pub fn key(&mut self, input: Input) {
        self.fault = None;
        match (self.field, input.key) {
            (Field::Text, _) => {
                self.area_mut().input(input);
            }
            (Field::Model, Key::Char(char)) if !input.ctrl && !input.alt => {
                self.model.push(char);
                self.search();
            }
            (Field::Model, Key::Backspace) => {
                self.model.pop();
                self.search();
            }
            _ => {}
        }
    }

    /// Picks the first scenario whose name has what was typed in it.
    fn search(&mut self) {
        let typed = self.model.to_lowercase();
        let found = scenarios::all().position(|scenario| scenario.name.starts_with(&typed));
        let found = found.or_else(|| scenarios::all().position(|scenario| scenario.name.contains(&typed)));
        if self.is_demo()
            && let Some(found) = found.filter(|_| !typed.is_empty())
        {
            self.scenario = found;
        }
    }

    /// Pasted text. A curl command is taken apart: URL and headers become a provider, its data the body.
    pub fn paste(&mut self, text: &str) {
        match self.field {
            _ if curl::is_curl(text) => match curl::parse(text) {
                Ok(request) => self.take_curl(request),
                Err(error) => self.fault = Some(error.to_string()),
            },
            Field::Text => {
                self.area_mut().insert_str(text);
            }
            Field::Model if !self.is_demo() => self.model.push_str(text.trim()),
            Field::Provider | Field::Model => {}
        }
    }

    fn take_curl(&mut self, mut request: CurlRequest) {
        self.remarks = std::mem::take(&mut request.remarks);
        self.is_body = true;
        self.field = Field::Text;
        self.fault = None;
        self.model = request.model();
        self.body = TextArea::from(request.body.lines());
        let provider = request.into_provider(PASTED);
        self.provider = match self.providers.iter().position(|known| known.name == PASTED) {
            Some(index) => {
                self.providers[index] = provider;
                index
            }
            None => {
                self.providers.push(provider);
                self.providers.len() - 1
            }
        };
    }

    /// A new line in the text.
    pub fn new_line(&mut self) {
        self.area_mut().insert_newline();
    }
}

/// The first `bytes` bytes of `text`, cut on a character boundary.
fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
