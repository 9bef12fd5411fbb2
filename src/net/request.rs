//! A request, whole and checked, before anything is sent.

mod error;
mod fallback;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::{
    core::{
        desk::{EndpointKey, Timeouts, validate::validate},
        dialect::{self, DialectInfo},
        input::{Origin, Start},
    },
    net::providers::Provider,
};

pub use error::RequestError;

/// Everything that a session's attempts have in common.
#[derive(Clone)]
pub struct RequestSpec {
    /// Provider name.
    pub provider: String,
    /// Base URL.
    pub base_url: String,
    /// What is spoken.
    pub dialect: &'static DialectInfo,
    /// Model that is asked for.
    pub model: String,
    /// The key, if there is one.
    pub key: Option<SecretString>,
    /// Further request headers.
    pub headers: Vec<(String, String)>,
    /// Request body, JSON.
    pub body: String,
    /// How long each phase may take.
    pub timeouts: Timeouts,
    /// Most attempts at each provider, at least 1.
    pub max_attempts: u32,
    /// The same request to other providers of the same dialect, asked in this order when this one refuses or has failed.
    pub fallbacks: Vec<RequestSpec>,
}

impl std::fmt::Debug for RequestSpec {
    /// Without key, header values and body, any of which may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestSpec")
            .field("provider", &self.provider)
            .field("base_url", &self.base_url)
            .field("dialect", &self.dialect.id)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// What a user says about a request.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Prompt, for a minimal body in the provider's dialect.
    pub prompt: Option<String>,
    /// Full JSON body; it wins over the prompt.
    pub body: Option<String>,
    /// Model; it wins over the body's and the provider's.
    pub model: Option<String>,
    /// Base URL; it wins over the provider's.
    pub base_url: Option<String>,
    /// Further headers, `Name: value` already split.
    pub headers: Vec<(String, String)>,
    /// How long each phase may take.
    pub timeouts: Timeouts,
    /// Most attempts.
    pub max_attempts: u32,
    /// True to send the body whatever it looks like.
    pub unchecked: bool,
}

impl RequestSpec {
    /// A request to `provider` as `draft` says. `variable` looks up environment variables.
    ///
    /// Also returns what was changed on the way, one sentence each.
    ///
    /// # Errors
    /// When something is missing or cannot be sent; nothing was sent then.
    pub fn build(
        provider: &Provider,
        draft: Draft,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(RequestSpec, Vec<String>), RequestError> {
        let dialect = dialect::by_id(&provider.dialect).ok_or_else(|| RequestError::Dialect {
            provider: provider.name.clone(),
            dialect: provider.dialect.clone(),
            known: dialect::DIALECTS.iter().map(|dialect| dialect.id).collect::<Vec<_>>().join(", "),
        })?;
        let default_model = draft.model.clone().unwrap_or_else(|| provider.model.clone());
        let mut remarks = Vec::new();
        let (body, model) = match (draft.body, draft.prompt) {
            (Some(body), _) => completed(body, dialect, draft.model.as_deref(), &default_model, &mut remarks)?,
            (None, Some(prompt)) => ((dialect.request)(&default_model, &prompt), default_model),
            (None, None) => return Err(RequestError::Empty),
        };
        let whole = draft.base_url.as_ref().unwrap_or(&provider.base_url).ends_with('#');
        if model.is_empty() && !whole && names_model(dialect) {
            return Err(RequestError::NoModel { provider: provider.name.clone() });
        }
        let problems = if draft.unchecked { Vec::new() } else { validate(dialect.id, &body) };
        if !problems.is_empty() {
            return Err(RequestError::Invalid(problems.iter().map(ToString::to_string).collect()));
        }
        let mut headers = provider.headers.clone();
        headers.extend(draft.headers);
        let own_auth = headers.iter().any(|(name, _)| {
            ["authorization", "x-api-key", "api-key", "x-goog-api-key"].iter().any(|auth| name.eq_ignore_ascii_case(auth))
        });
        // The environment wins over the configuration file.
        let key = variable(&provider.key_env).filter(|key| !key.trim().is_empty()).or_else(|| provider.key.clone());
        if key.is_none() && !provider.key_env.is_empty() && !own_auth && draft.base_url.is_none() {
            return Err(RequestError::NoKey { provider: provider.name.clone(), variable: provider.key_env.clone() });
        }
        let spec = RequestSpec {
            provider: provider.name.clone(),
            base_url: draft.base_url.unwrap_or_else(|| provider.base_url.clone()),
            dialect,
            model,
            key: key.filter(|_| !own_auth).map(|key| SecretString::from(key.trim().to_owned())),
            headers,
            body,
            timeouts: draft.timeouts,
            max_attempts: draft.max_attempts.max(1),
            fallbacks: Vec::new(),
        };
        spec.check()?;
        Ok((spec, remarks))
    }

    /// What a breaker stands before, and what is recorded of it: no password.
    pub fn endpoint_key(&self) -> EndpointKey {
        EndpointKey::new(without_password(&self.base_url), self.model.clone())
    }

    /// The URL that is asked, as it is shown and recorded: no password.
    pub fn shown_url(&self) -> String {
        without_password(&self.url())
    }

    /// Checks what only sending would tell: URL and headers.
    ///
    /// # Errors
    /// When either cannot be sent.
    pub fn check(&self) -> Result<(), RequestError> {
        let url = self.url();
        let parsed = reqwest::Url::parse(&url);
        let parsed = parsed.map_err(|error| RequestError::Url { url: url.clone(), reason: error.to_string() })?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(RequestError::Url { url, reason: format!("`{}` is not http or https", parsed.scheme()) });
        }
        self.header_map().map(drop)
    }

    /// The URL that is asked: the base URL with the dialect's path, unless the base URL ends in it already.
    pub fn url(&self) -> String {
        join(&self.base_url, &self.dialect.path.replace("{model}", &self.model))
    }

    /// All request headers. The key's value is marked as sensitive.
    ///
    /// # Errors
    /// When a header cannot be sent.
    pub fn header_map(&self) -> Result<reqwest::header::HeaderMap, RequestError> {
        use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
        let mut map = HeaderMap::new();
        map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        map.insert(ACCEPT, HeaderValue::from_static(self.dialect.content_type));
        for (name, pattern) in self.dialect.headers {
            let keyed = pattern.contains("{key}");
            let key = self.key.as_ref().map(ExposeSecret::expose_secret);
            if keyed && key.is_none() {
                continue;
            }
            let value = pattern.replace("{key}", key.unwrap_or_default());
            let mut value = HeaderValue::try_from(value).map_err(|_| RequestError::Header { name: (*name).into() })?;
            value.set_sensitive(keyed);
            map.insert(*name, value);
        }
        for (name, value) in &self.headers {
            let refused = || RequestError::Header { name: name.clone() };
            let header = HeaderName::try_from(name.as_str()).map_err(|_| refused())?;
            map.insert(header, HeaderValue::try_from(value.as_str()).map_err(|_| refused())?);
        }
        Ok(map)
    }

    /// The values that must never be stored or shown, those of the fallbacks too.
    pub fn secrets(&self) -> Vec<SecretString> {
        let from_headers = self.headers.iter().filter(|(name, _)| is_secret_header(name));
        let values = from_headers.map(|(_, value)| {
            let value = value.trim();
            SecretString::from(
                ["Bearer ", "Basic "].iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or(value).to_owned(),
            )
        });
        let own = self.key.clone().into_iter().chain(values).filter(|secret| !secret.expose_secret().is_empty());
        own.chain(self.fallbacks.iter().flat_map(RequestSpec::secrets)).collect()
    }

    /// The session's first input. `wall` is the wall time in RFC 3339.
    pub fn start(&self, wall: String) -> Start {
        let headers = self.header_map().unwrap_or_default();
        let headers =
            headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        Start {
            wall,
            origin: Origin::Sent,
            clocked: true,
            provider: self.provider.clone(),
            dialect: Some(self.dialect.id.to_owned()),
            url: format!("POST {}", self.shown_url()),
            model: self.model.clone(),
            headers: headers.collect(),
            body: self.body.clone(),
        }
    }
}

/// True for headers whose value is a secret by its name.
pub(in crate::net) fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "cookie" || ["authorization", "key", "token", "secret"].iter().any(|part| name.contains(part))
}

/// `url` with the password in it masked, if it has one.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority);
    match authority.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?, host))) {
        Some(((user, password), host)) => format!("{scheme}://{user}:{}@{host}{path}", "*".repeat(password.len())),
        None => url.to_owned(),
    }
}

/// The URL of `path` below `base_url`, whose query, such as an `api-version`, stays at the end. A `#` at the end of a base URL says
/// that it is whole.
pub fn join(base_url: &str, path: &str) -> String {
    if let Some(whole) = base_url.strip_suffix('#') {
        return whole.to_owned();
    }
    if let Some((base, query)) = base_url.split_once('?') {
        let url = join(base, path);
        let joint = if url.contains('?') { '&' } else { '?' };
        return format!("{url}{joint}{query}");
    }
    let base = base_url.trim_end_matches('/');
    if base.ends_with(path) {
        return base.to_owned();
    }
    // People give base URLs with and without the version.
    let version =
        path.split('/').nth(1).filter(|part| part.starts_with('v') && part[1..].starts_with(|char: char| char.is_ascii_digit()));
    let bare = version.and_then(|version| base.strip_suffix(version)?.strip_suffix('/'));
    format!("{}{path}", bare.unwrap_or(base))
}

/// A field of the dialect's smallest request.
fn field(dialect: &DialectInfo, name: &str) -> Option<Value> {
    let request: Value = serde_json::from_str(&(dialect.request)("model", "")).unwrap_or_default();
    request.get(name).cloned()
}

/// True if a body says that it wants a stream. Ollama streams unless it is told not to.
fn asks_for_stream(dialect: &DialectInfo) -> bool {
    field(dialect, "stream").is_some() || dialect.id == "ollama"
}

fn names_model_in_body(dialect: &DialectInfo) -> bool {
    field(dialect, "model").is_some()
}

/// True if a request names a model, in its body or its path.
fn names_model(dialect: &DialectInfo) -> bool {
    names_model_in_body(dialect) || dialect.path.contains("{model}")
}

/// The body with a model and `stream: true`, and the model it asks for. A body that has both is sent as it was given.
fn completed(
    body: String,
    dialect: &DialectInfo,
    model: Option<&str>,
    default_model: &str,
    remarks: &mut Vec<String>,
) -> Result<(String, String), RequestError> {
    let Value::Object(mut object) = serde_json::from_str(&body)? else { return Err(RequestError::NotAnObject) };
    let named = object.get("model").and_then(Value::as_str).map(str::to_owned);
    let wanted = model.map(str::to_owned).or_else(|| named.clone()).unwrap_or_else(|| default_model.to_owned());
    let mut changed = false;
    // Not every dialect has these fields: some say both in the path.
    if asks_for_stream(dialect) && object.get("stream") != Some(&Value::Bool(true)) {
        remarks.push("the body did not ask for a stream; \"stream\": true was set".into());
        object.insert("stream".into(), Value::Bool(true));
        changed = true;
    }
    if names_model_in_body(dialect) && named.as_deref() != Some(wanted.as_str()) && !wanted.is_empty() {
        remarks.push(format!("the body's \"model\" was set to {wanted}"));
        object.insert("model".into(), Value::String(wanted.clone()));
        changed = true;
    }
    let body = if changed { Value::Object(object).to_string() } else { body };
    Ok((body, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_joined_whatever_the_base_ends_in() {
        let check = |base: &str, path: &str, wanted: &str| assert_eq!(join(base, path), wanted);
        check("https://a/v1", "/chat/completions", "https://a/v1/chat/completions");
        check("https://a/v1/", "/chat/completions", "https://a/v1/chat/completions");
        check("https://a/v1/chat/completions", "/chat/completions", "https://a/v1/chat/completions");
        check("https://a", "/v1/messages", "https://a/v1/messages");
        check("https://a/v1", "/v1/messages", "https://a/v1/messages");
        check("https://a/v1beta/", "/v1beta/models/{model}:x", "https://a/v1beta/models/{model}:x");
        check("https://a/llm?version=1#", "/v1/messages", "https://a/llm?version=1");
        check(
            "https://a/deployments/d?api-version=1",
            "/chat/completions",
            "https://a/deployments/d/chat/completions?api-version=1",
        );
        check("https://a/chat/completions?api-version=1", "/chat/completions", "https://a/chat/completions?api-version=1");
        check("https://a?key=1", "/v1beta/models/m:x?alt=sse", "https://a/v1beta/models/m:x?alt=sse&key=1");
    }

    #[test]
    fn passwords_in_urls_are_not_shown() {
        let check = |url: &str, wanted: &str| assert_eq!(without_password(url), wanted);
        check("https://user:pass@host/v1", "https://user:****@host/v1");
        check("https://user:p@ss@host", "https://user:****@host");
        check("https://user@host/a:b@c", "https://user@host/a:b@c");
        check("http://127.0.0.1:80/v1", "http://127.0.0.1:80/v1");
        check("nothing", "nothing");
    }

    #[test]
    fn a_body_is_completed_only_where_it_lacks_something() {
        let check = |body: &str, model: Option<&str>, wanted: &str, count: usize| {
            let mut remarks = Vec::new();
            let (body, _) = completed(body.into(), &crate::core::dialect::openai_chat::INFO, model, "default", &mut remarks)
                .expect("an object");
            assert_eq!((body.as_str(), remarks.len()), (wanted, count));
        };
        check(r#"{ "stream": true, "model": "m" }"#, None, r#"{ "stream": true, "model": "m" }"#, 0);
        check(r#"{"stream": false, "model": "m"}"#, None, r#"{"model":"m","stream":true}"#, 1);
        check(r#"{"messages": []}"#, None, r#"{"messages":[],"model":"default","stream":true}"#, 2);
        check(r#"{"stream": true, "model": "m"}"#, Some("other"), r#"{"model":"other","stream":true}"#, 1);
    }
}
