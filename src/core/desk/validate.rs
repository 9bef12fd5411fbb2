//! Checks a request before it is sent, and names everything that is wrong at once.

use serde_json::{Map, Value};

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the body (`messages[2].role`), or `body`.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; hint: {}", self.place, self.message, self.hint)
    }
}

/// Where a dialect's requests differ.
struct Rules {
    dialect: &'static str,
    /// Largest temperature in tenths; `None` if the dialect sets no limit.
    hottest: Option<u32>,
    /// Where the options are: in the body, or in an object of it.
    options: Option<&'static str>,
    /// The names that the limit of output tokens has.
    max_tokens: &'static [&'static str],
    /// Whether that limit must be given.
    max_tokens_required: bool,
    /// Whether -1 and -2 mean "no limit" and "to the context's end".
    negative_max_tokens: bool,
    /// Whether a missing `stream` means that it streams.
    streams_by_default: bool,
    roles: &'static [&'static str],
}

/// One row per dialect; the first row is for all that are not named.
const RULES: &[Rules] = &[
    Rules {
        dialect: "openai-chat",
        hottest: Some(20),
        options: None,
        max_tokens: &["max_tokens", "max_completion_tokens"],
        max_tokens_required: false,
        negative_max_tokens: false,
        streams_by_default: false,
        roles: &["system", "developer", "user", "assistant", "tool", "function"],
    },
    Rules {
        dialect: "anthropic",
        hottest: Some(10),
        options: None,
        max_tokens: &["max_tokens"],
        max_tokens_required: true,
        negative_max_tokens: false,
        streams_by_default: false,
        roles: &["user", "assistant"],
    },
    Rules {
        dialect: "ollama",
        hottest: None,
        options: Some("options"),
        max_tokens: &["num_predict"],
        max_tokens_required: false,
        negative_max_tokens: true,
        streams_by_default: true,
        roles: &["system", "user", "assistant", "tool"],
    },
];

/// Everything that is wrong with `body` as a streaming request in `dialect` (a public id); empty if nothing is.
pub fn validate(dialect: &str, body: &str) -> Vec<Problem> {
    let rules = RULES.iter().find(|rules| rules.dialect == dialect);
    let mut problems = Problems(Vec::new());
    match serde_json::from_str::<Value>(body) {
        // A dialect without rules of its own is only asked to be an object.
        Ok(Value::Object(fields)) => rules.into_iter().for_each(|rules| check_body(rules, &fields, &mut problems)),
        Ok(_) => problems.add("body", "it is not a JSON object", r#"start with {"model": "…", "messages": […]}"#),
        Err(error) if error.is_eof() && body.trim().is_empty() => {
            problems.add("body", "it is empty", "give a prompt or a JSON body")
        }
        Err(error) => {
            let place = format!("body, line {}, column {}", error.line(), error.column());
            problems.add(&place, "it is not valid JSON", "look for a missing quote, comma or brace there");
        }
    }
    problems.0
}

struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, place: &str, message: &str, hint: &str) {
        self.0.push(Problem { place: place.into(), message: message.into(), hint: hint.into() });
    }
}

fn check_body(rules: &Rules, fields: &Map<String, Value>, problems: &mut Problems) {
    match fields.get("model") {
        Some(Value::String(model)) if !model.trim().is_empty() => {}
        Some(Value::String(_)) | None => problems.add("model", "no model is given", "name one with -m or in the body"),
        Some(_) => problems.add("model", "it is not a string", r#"write "model": "name""#),
    }
    match fields.get("messages") {
        // Ollama's /api/generate and older completions take a prompt instead.
        None if fields.get("prompt").is_some_and(Value::is_string) => {}
        Some(Value::Array(messages)) if !messages.is_empty() => check_messages(rules, messages, problems),
        Some(Value::Array(_)) | None => problems.add("messages", "there is no message", "give a prompt, or one user message"),
        Some(_) => problems.add("messages", "it is not an array", r#"write "messages": [{"role": "user", "content": "…"}]"#),
    }
    match fields.get("stream") {
        Some(Value::Bool(true)) => {}
        None if rules.streams_by_default => {}
        _ => problems.add("stream", "the request does not ask for a stream", r#"add "stream": true"#),
    }
    let empty = Map::new();
    let (options, prefix) = match rules.options {
        None => (fields, String::new()),
        Some(name) => (fields.get(name).and_then(Value::as_object).unwrap_or(&empty), format!("{name}.")),
    };
    check_temperature(rules, options, &prefix, problems);
    check_max_tokens(rules, options, &prefix, problems);
}

fn check_messages(rules: &Rules, messages: &[Value], problems: &mut Problems) {
    for (index, message) in messages.iter().enumerate() {
        let Some(message) = message.as_object() else {
            let hint = r#"write {"role": "user", "content": "…"}"#;
            problems.add(&format!("messages[{index}]"), "it is not an object", hint);
            continue;
        };
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        if !rules.roles.contains(&role) {
            let said = if role.is_empty() { "it has no role".into() } else { format!("{} has no role `{role}`", rules.dialect) };
            problems.add(&format!("messages[{index}].role"), &said, &format!("one of {}", rules.roles.join(", ")));
        }
        let content = message.get("content").unwrap_or(&Value::Null);
        let calls = ["tool_calls", "function_call"].iter().any(|name| message.contains_key(*name));
        let fits = content.is_string() || content.is_array() || (content.is_null() && calls);
        if !fits {
            let said = if content.is_null() { "it has no content" } else { "it is neither text nor an array of parts" };
            problems.add(&format!("messages[{index}].content"), said, r#"write "content": "…""#);
        }
    }
}

fn check_temperature(rules: &Rules, options: &Map<String, Value>, prefix: &str, problems: &mut Problems) {
    let Some(value) = options.get("temperature").filter(|value| !value.is_null()) else { return };
    let hottest = rules.hottest.map_or(f64::INFINITY, |tenths| f64::from(tenths) / 10.0);
    if value.as_f64().is_some_and(|temperature| (0.0..=hottest).contains(&temperature)) {
        return;
    }
    let hint = match rules.hottest {
        Some(tenths) => format!("a number from 0 to {}.{}", tenths / 10, tenths % 10),
        None => "a number of at least 0".into(),
    };
    problems.add(&format!("{prefix}temperature"), &format!("{value} is out of range"), &hint);
}

fn check_max_tokens(rules: &Rules, options: &Map<String, Value>, prefix: &str, problems: &mut Problems) {
    let given = rules.max_tokens.iter().filter_map(|name| options.get(*name).map(|value| (*name, value)));
    let given = given.filter(|(_, value)| !value.is_null()).collect::<Vec<_>>();
    for (name, value) in &given {
        let unlimited = rules.negative_max_tokens && matches!(value.as_i64(), Some(-1 | -2));
        if !unlimited && value.as_u64().is_none_or(|tokens| tokens == 0) {
            problems.add(&format!("{prefix}{name}"), &format!("{value} is not a positive whole number"), "a whole number from 1");
        }
    }
    if rules.max_tokens_required && given.is_empty() {
        let (name, said) = (rules.max_tokens[0], format!("{} needs a limit of output tokens", rules.dialect));
        problems.add(&format!("{prefix}{name}"), &said, &format!(r#"add "{name}": 1024"#));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        let user = r#""messages":[{"role":"user","content":"hi"}]"#;
        let cases: &[(&str, String, &[&str])] = &[
            ("openai-chat", format!(r#"{{"model":"m",{user},"stream":true}}"#), &[]),
            ("openai-chat", format!(r#"{{"model":"m",{user},"stream":true,"temperature":2.0,"max_tokens":1}}"#), &[]),
            ("openai-chat", format!(r#"{{"model":"m",{user},"stream":true,"temperature":null}}"#), &[]),
            (
                "openai-chat",
                r#"{"messages":[],"temperature":2.1,"max_tokens":0,"stream":false}"#.into(),
                &["model", "messages", "stream", "temperature", "max_tokens"],
            ),
            ("openai-chat", "{}".into(), &["model", "messages", "stream"]),
            ("openai-chat", "[]".into(), &["body"]),
            ("openai-chat", " \n".into(), &["body"]),
            ("openai-chat", "{\"model\":\n x}".into(), &["body, line 2, column 2"]),
            (
                "openai-chat",
                r#"{"model":7,"messages":[1,{"role":"pirate"},{"role":"user","content":3},{"role":"assistant","tool_calls":[]}],"stream":1}"#.into(),
                &["model", "messages[0]", "messages[1].role", "messages[1].content", "messages[2].content", "stream"],
            ),
            ("openai-chat", format!(r#"{{"model":"m",{user},"stream":true,"max_completion_tokens":1.5}}"#), &["max_completion_tokens"]),
            ("anthropic", format!(r#"{{"model":"m",{user},"stream":true,"max_tokens":9,"temperature":1}}"#), &[]),
            ("anthropic", format!(r#"{{"model":"m",{user},"stream":true,"temperature":1.5}}"#), &["temperature", "max_tokens"]),
            (
                "anthropic",
                r#"{"model":"m","messages":[{"role":"system","content":"x"}],"stream":true,"max_tokens":9}"#.into(),
                &["messages[0].role"],
            ),
            ("ollama", format!(r#"{{"model":"m",{user},"options":{{"num_predict":-1,"temperature":5}}}}"#), &[]),
            ("ollama", r#"{"model":"m","prompt":"hi"}"#.into(), &[]),
            (
                "ollama",
                format!(r#"{{"model":"m",{user},"stream":false,"options":{{"num_predict":0,"temperature":-1}}}}"#),
                &["stream", "options.temperature", "options.num_predict"],
            ),
            ("who-knows", r#"{"input":"hi"}"#.into(), &[]),
            ("who-knows", "[]".into(), &["body"]),
        ];
        for (dialect, body, expected) in cases {
            let problems = validate(dialect, body);
            let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
            assert_eq!(places, *expected, "{dialect} {body}: {problems:?}");
            assert!(problems.iter().all(|problem| !problem.hint.is_empty() && !problem.message.is_empty()));
        }
        let problem = &validate("openai-chat", r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#)[0];
        assert_eq!(problem.to_string(), r#"stream: the request does not ask for a stream; hint: add "stream": true"#);
    }
}
