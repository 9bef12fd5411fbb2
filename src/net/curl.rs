//! Curl command lines: read as they are pasted, and written without the key.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::{
    core::{
        desk::Timeouts,
        dialect::{self, DialectInfo},
        time::Micros,
    },
    net::{
        providers::Provider,
        request::{RequestError, RequestSpec, is_secret_header},
    },
};

mod flags;
mod shell;

use flags::{Action, FLAGS, Flag};
use shell::escape;
pub use shell::quote;

/// What a curl command line asks for.
#[derive(Clone, Default, PartialEq)]
pub struct CurlRequest {
    /// The URL, with its scheme.
    pub url: String,
    /// Headers in the order given, those of `-u`, `--json` and the like too.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// Longest time for everything.
    pub max_time: Option<Micros>,
    /// Longest time until a connection stands.
    pub connect_timeout: Option<Micros>,
    /// What is done otherwise than curl would, one sentence each.
    pub remarks: Vec<String>,
}

impl std::fmt::Debug for CurlRequest {
    /// Without header values and body, any of which may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("CurlRequest").field("headers", &headers).field("remarks", &self.remarks).finish_non_exhaustive()
    }
}

/// A command line that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{argument}`: {reason}\nhint: {hint}")]
pub struct CurlError {
    /// The argument at fault, as it was given.
    pub argument: String,
    /// What is wrong with it.
    pub reason: String,
    /// What would do.
    pub hint: String,
}

impl CurlError {
    fn new(argument: &str, reason: impl Into<String>, hint: impl Into<String>) -> CurlError {
        CurlError { argument: argument.to_owned(), reason: reason.into(), hint: hint.into() }
    }
}

/// True if `text` looks like a pasted curl command.
pub fn is_curl(text: &str) -> bool {
    let text = text.trim_start();
    let text = text.strip_prefix("$ ").unwrap_or(text);
    text.strip_prefix("curl").is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

/// Reads a command line as a POSIX shell would: quotes, continued lines and environment variables.
///
/// # Errors
/// When an argument cannot be read, or asks for what is not done here; the error names it.
pub fn parse(text: &str) -> Result<CurlRequest, CurlError> {
    parse_with(text, |name| std::env::var(name).ok())
}

/// As [`parse`]; `variable` looks up environment variables.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<CurlRequest, CurlError> {
    let (words, rest) = shell::split(text, variable)?;
    let mut request = parse_words(&words)?;
    request.remarks.extend(rest.map(|operator| format!("what follows `{operator}` is left out")));
    Ok(request)
}

/// Reads the words of a command line, with or without `curl` in front.
///
/// # Errors
/// As [`parse`].
pub fn parse_words(words: &[String]) -> Result<CurlRequest, CurlError> {
    let mut reader = WordReader::default();
    let mut words = words.iter().map(String::as_str).peekable();
    words.next_if(|word| *word == "$");
    words.next_if(|word| *word == "curl" || word.ends_with("/curl") || word.ends_with("curl.exe"));
    let mut only_urls = false;
    while let Some(word) = words.next() {
        if word == "--" && !only_urls {
            only_urls = true;
        } else if let Some(name) = word.strip_prefix("--").filter(|_| !only_urls) {
            let flag = FLAGS.iter().find(|flag| flag.long == name).ok_or_else(|| unknown(word))?;
            let value = if flag.takes_value() { Some(words.next().ok_or_else(|| missing(word))?) } else { None };
            reader.flag(flag, word, value.unwrap_or_default())?;
        } else if let Some(bundle) = word.strip_prefix('-').filter(|bundle| !bundle.is_empty() && !only_urls) {
            for (at, char) in bundle.char_indices() {
                let name = format!("-{char}");
                let flag = FLAGS.iter().find(|flag| flag.short == Some(char)).ok_or_else(|| unknown(&name))?;
                if flag.takes_value() {
                    let attached = &bundle[at + char.len_utf8()..];
                    let value = if attached.is_empty() { words.next().ok_or_else(|| missing(&name))? } else { attached };
                    reader.flag(flag, &name, value)?;
                    break;
                }
                reader.flag(flag, &name, "")?;
            }
        } else {
            reader.url(word)?;
        }
    }
    reader.finish()
}

fn unknown(argument: &str) -> CurlError {
    CurlError::new(
        argument,
        "this option is not known here",
        "leave it out; -X, -H, -d, --json, -u, -b, -m and their kin are read, and what only shapes curl's own output",
    )
}

fn missing(argument: &str) -> CurlError {
    CurlError::new(argument, "its value is missing", "the command line may have been cut")
}

/// What was read so far.
#[derive(Default)]
struct WordReader {
    request: CurlRequest,
    data: Option<String>,
    json: bool,
}

impl WordReader {
    fn flag(&mut self, flag: &Flag, argument: &str, value: &str) -> Result<(), CurlError> {
        match flag.action {
            Action::Data => {
                let data = match value.strip_prefix('@') {
                    // As curl reads it: without line breaks.
                    Some(file) => read(argument, file)?.replace(['\r', '\n', '\0'], ""),
                    None => value.to_owned(),
                };
                self.add(&data, "&");
            }
            Action::DataRaw => self.add(value, "&"),
            Action::DataBinary => {
                let data = file_or_text(argument, value)?;
                self.add(&data, "&");
            }
            Action::Json => {
                let data = file_or_text(argument, value)?;
                self.add(&data, "");
                self.json = true;
            }
            Action::Header => self.header(argument, value)?,
            Action::HeaderNamed(name) => self.set(name, value.to_owned()),
            Action::Bearer => self.set("authorization", format!("Bearer {value}")),
            Action::User => self.set("authorization", format!("Basic {}", BASE64.encode(value))),
            Action::Cookie if value.contains('=') => self.set("cookie", value.to_owned()),
            Action::Cookie => {
                return Err(CurlError::new(argument, "a file of cookies is not read", "give them as NAME=VALUE"));
            }
            Action::Method if value == "POST" => {}
            Action::Method => {
                return Err(CurlError::new(
                    argument,
                    format!("{value} is not sent, only POST"),
                    "every stream is asked for with POST",
                ));
            }
            Action::Url => self.url(value)?,
            Action::MaxTime => self.request.max_time = Some(seconds(argument, value)?),
            Action::ConnectTimeout => self.request.connect_timeout = Some(seconds(argument, value)?),
            Action::Silent | Action::SilentValue => {}
            Action::Dropped(why) | Action::DroppedValue(why) => self.request.remarks.push(format!("{argument} is left out: {why}")),
            Action::Refused(hint) | Action::RefusedValue(hint) => {
                return Err(CurlError::new(argument, "this is not done here", hint));
            }
        }
        Ok(())
    }

    fn add(&mut self, data: &str, separator: &str) {
        match &mut self.data {
            Some(before) => {
                before.push_str(separator);
                before.push_str(data);
            }
            None => self.data = Some(data.to_owned()),
        }
    }

    fn set(&mut self, name: &str, value: String) {
        self.request.headers.push((name.to_owned(), value));
    }

    fn header(&mut self, argument: &str, text: &str) -> Result<(), CurlError> {
        const HINT: &str = "headers look like -H 'Name: value'";
        if text.starts_with('@') {
            return Err(CurlError::new(argument, "a file of headers is not read", HINT));
        }
        let Some((name, value)) = text.split_once(':').or_else(|| text.strip_suffix(';').map(|name| (name, ""))) else {
            return Err(CurlError::new(argument, "its value is no header", HINT));
        };
        let (name, value) = (name.trim(), value.trim());
        let why = match name.to_ascii_lowercase().as_str() {
            "accept-encoding" => "compression hides when each part of a stream came",
            "content-length" | "host" | "connection" | "transfer-encoding" => "it follows from the request",
            _ if value.is_empty() && text.ends_with(':') => "it only takes away what curl would add",
            _ => {
                self.set(name, value.to_owned());
                return Ok(());
            }
        };
        self.request.remarks.push(format!("{argument} {name} is left out: {why}"));
        Ok(())
    }

    fn url(&mut self, url: &str) -> Result<(), CurlError> {
        if !self.request.url.is_empty() {
            return Err(CurlError::new(url, "it is a second URL", "one request is sent at a time; quote what belongs together"));
        }
        // As curl guesses it.
        self.request.url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        Ok(())
    }

    fn finish(mut self) -> Result<CurlRequest, CurlError> {
        if self.request.url.is_empty() {
            return Err(CurlError::new("curl", "there is no URL", "give one such as https://api.openai.com/v1/chat/completions"));
        }
        let Some(body) = self.data.take() else {
            return Err(CurlError::new(&self.request.url, "there is no body to send", "give one with -d or --json"));
        };
        self.request.body = body;
        let has = |name: &str| self.request.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !has("content-type") && !self.json {
            self.request.remarks.push("the body is sent as application/json; curl would call it a form".into());
        }
        Ok(self.request)
    }
}

fn file_or_text(argument: &str, value: &str) -> Result<String, CurlError> {
    value.strip_prefix('@').map_or_else(|| Ok(value.to_owned()), |file| read(argument, file))
}

fn read(argument: &str, file: &str) -> Result<String, CurlError> {
    let text = if file == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    text.map_err(|error| CurlError::new(argument, format!("cannot read {file}: {error}"), "check the name; the body is text"))
}

fn seconds(argument: &str, value: &str) -> Result<Micros, CurlError> {
    let seconds = value.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
    let seconds = seconds.ok_or_else(|| CurlError::new(argument, format!("{value} is no time"), "it takes seconds, such as 90"))?;
    Ok(Micros((seconds * 1e6).round() as u64))
}

impl CurlRequest {
    /// The dialect of the answer: told from the URL, else from headers and body.
    pub fn dialect(&self) -> Option<&'static DialectInfo> {
        dialect::by_url(&self.url).or_else(|| {
            let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
            let anthropic = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("anthropic-version"));
            let id = match () {
                () if anthropic || body.get("anthropic_version").is_some() => "anthropic",
                () if body.get("contents").is_some() => "gemini",
                () if body.get("input").is_some() => "openai-responses",
                () => "openai-chat",
            };
            dialect::by_id(id)
        })
    }

    /// The model that the body asks for, empty if it names none.
    pub fn model(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The provider among all that are `known` that is asked at this URL.
    pub fn provider<'a>(&self, known: &'a [Provider]) -> Option<&'a Provider> {
        known.iter().find(|provider| !provider.base_url.is_empty() && self.url.starts_with(&provider.base_url))
    }

    /// Its URL, dialect and headers as a provider of this name.
    pub fn into_provider(self, name: &str) -> Provider {
        let dialect = self.dialect().map_or("openai-chat", |dialect| dialect.id);
        Provider {
            name: name.to_owned(),
            title: self.url.split(['?', '#']).next().unwrap_or_default().to_owned(),
            dialect: dialect.to_owned(),
            headers: self.headers,
            // The mark says that nothing is to be added.
            ..Provider::at(&format!("{}#", self.url))
        }
    }

    /// The request as it is sent: URL, headers and body as they are given, under `timeouts` where the command line has none.
    ///
    /// # Errors
    /// When URL or headers cannot be sent.
    pub fn into_spec(self, known: &[Provider], timeouts: Timeouts, max_attempts: u32) -> Result<RequestSpec, RequestError> {
        let provider = self.provider(known).map_or("custom", |provider| provider.name.as_str()).to_owned();
        // There is always a dialect of this name: it is the first one of the table.
        let dialect = self.dialect().unwrap_or(&dialect::DIALECTS[0]);
        let spec = RequestSpec {
            provider,
            dialect,
            model: self.model(),
            key: None,
            // The mark says that nothing is to be added.
            base_url: format!("{}#", self.url),
            headers: self.headers,
            body: self.body,
            timeouts: Timeouts {
                total: self.max_time.or(timeouts.total),
                connect: self.connect_timeout.or(timeouts.connect),
                ..timeouts
            },
            max_attempts: max_attempts.max(1),
            fallbacks: Vec::new(),
        };
        spec.check()?;
        Ok(spec)
    }
}

/// `spec` as a curl command for a POSIX shell. Secret values are left to the environment: `${key_env}`, or a name that follows from
/// the header's.
///
/// # Errors
/// When a header cannot be sent.
pub fn print(spec: &RequestSpec, key_env: &str) -> Result<String, RequestError> {
    let key_env = if key_env.is_empty() { "API_KEY" } else { key_env };
    let mut lines = vec![format!("curl -N {}", quote(&spec.url()))];
    let key = spec.key.as_ref().map(ExposeSecret::expose_secret);
    for (name, value) in &spec.header_map()? {
        let value = String::from_utf8_lossy(value.as_bytes());
        let own = || {
            let scheme = ["Bearer ", "Basic "].iter().find(|scheme| value.starts_with(**scheme)).map_or(0, |scheme| scheme.len());
            is_secret_header(name.as_str()).then(|| &value[scheme..])
        };
        let secret = key.filter(|key| value.contains(key)).or_else(own).filter(|secret| !secret.is_empty());
        lines.push(match secret.and_then(|secret| value.split_once(secret)) {
            None => format!("-H {}", quote(&format!("{name}: {value}"))),
            Some((before, after)) => {
                let variable = match name.as_str() {
                    "authorization" | "x-api-key" | "api-key" | "x-goog-api-key" => key_env.to_owned(),
                    name => name.to_ascii_uppercase().replace(|char: char| !char.is_ascii_alphanumeric(), "_"),
                };
                format!("-H \"{name}: {}${{{variable}}}{}\"", escape(before), escape(after))
            }
        });
    }
    lines.push(format!("--data-raw {}", quote(&spec.body)));
    Ok(lines.join(" \\\n  "))
}
