//! Error classes: what a failed attempt means, whether it is worth trying again, and what a person can do about it.

use crate::core::{
    desk::{NO_JITTER, Outcome, Verdict},
    input::{End, OurEnd, TransportError},
};

mod provider;

pub use provider::{ProviderError, parse_body};

macro_rules! error_classes {
    ($($variant:ident $name:literal $retry:literal $outcome:ident $title:literal $hint:literal;)*) => {
        /// A class of error.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorClass {
            $(#[doc = $title] $variant,)*
        }

        /// One row per class, indexed by the class.
        pub const ERROR_CLASSES: &[ErrorClassInfo] = &[
            $(ErrorClassInfo {
                class: ErrorClass::$variant,
                name: $name,
                retryable: $retry,
                outcome: Outcome::$outcome,
                title: $title,
                hint: $hint,
            },)*
        ];
    };
}

/// A row of [`ERROR_CLASSES`].
#[derive(Debug)]
pub struct ErrorClassInfo {
    /// The class.
    pub class: ErrorClass,
    /// Its public name.
    pub name: &'static str,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// How the breaker counts it, when the provider reports it.
    pub outcome: Outcome,
    /// What happened, in plain words.
    pub title: &'static str,
    /// What to do about it.
    pub hint: &'static str,
}

error_classes! {
    Authentication "authentication" false Ignored "the provider does not accept the key"
        "set the provider's API key in its environment variable or in the configuration file";
    RateLimit "rate_limit" true Throttled "too many requests"
        "wait, or send fewer requests per minute";
    Validation "validation" false Ignored "the provider does not accept the request"
        "compare the request body with the provider's API reference";
    ServerError "server_error" true Failure "the provider failed"
        "try again; if it stays so, look at the provider's status page";
    Network "network" true Failure "the connection failed"
        "check the base URL, the network, and the proxy variables";
    Timeout "timeout" true Failure "it took too long"
        "try again, or raise the timeout that the message names";
    ContentFilter "content_filter" false Ignored "the provider's content filter stopped it"
        "change the prompt";
    NotFound "not_found" false Ignored "the provider has no such endpoint or model"
        "check the base URL's path and the model's name";
    PermissionDenied "permission_denied" false Ignored "the key may not do this, or its quota is used up"
        "check the key's rights, the account's balance and its region";
    Conflict "conflict" false Ignored "the provider sees a conflict with another request"
        "wait until the other request is done";
    Overloaded "overloaded" true Failure "the provider is overloaded"
        "try again later, or choose another model";
    Cancelled "cancelled" false Ignored "it was cancelled"
        "nothing is wrong; send it again if you want the answer";
    Unknown "unknown" false Failure "an error that none of the known classes fits"
        "read the provider's message and the recording";
}

impl ErrorClass {
    /// The class's row.
    pub fn info(self) -> &'static ErrorClassInfo {
        &ERROR_CLASSES[self as usize]
    }

    /// The public name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The class of public name `name`.
    pub fn from_name(name: &str) -> Option<ErrorClass> {
        ERROR_CLASSES.iter().find(|info| info.name == name).map(|info| info.class)
    }

    /// What an HTTP status says; `None` for 1xx and 2xx.
    pub fn of_status(status: u16) -> Option<ErrorClass> {
        Some(match status {
            0..=299 => return None,
            401 | 407 => ErrorClass::Authentication,
            402 | 403 => ErrorClass::PermissionDenied,
            404 | 410 => ErrorClass::NotFound,
            408 | 504 | 524 => ErrorClass::Timeout,
            409 => ErrorClass::Conflict,
            429 => ErrorClass::RateLimit,
            451 => ErrorClass::ContentFilter,
            499 => ErrorClass::Cancelled,
            400..=498 => ErrorClass::Validation,
            503 | 529 => ErrorClass::Overloaded,
            500..=599 => ErrorClass::ServerError,
            _ => ErrorClass::Unknown,
        })
    }
}

/// A failed attempt, classed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it means.
    pub class: ErrorClass,
    /// How the breaker counts it: the class's outcome, except for what this program did itself.
    pub outcome: Outcome,
    /// True if this side saw it and the provider did not report it.
    pub local: bool,
    /// What exactly happened, in a few words (`HTTP 503`, `no byte for the idle timeout`).
    pub cause: String,
    /// The provider's own kind and message, empty if it gave none.
    pub provider: ProviderError,
}

impl Fault {
    /// A response with an error status and what was read of its body; `None` if the status is none of an error.
    pub fn of_response(status: u16, body: &[u8]) -> Option<Fault> {
        let by_status = ErrorClass::of_status(status)?;
        let provider = parse_body(body);
        // Many providers call every 4xx an invalid request: there the status knows more. Otherwise the kind does.
        let class = match provider.class_of_kind() {
            Some(class) if class != ErrorClass::Validation => class,
            _ => by_status,
        };
        // The status decides for the breaker: a 429 is throttling, whatever the quota's kind is called.
        let outcome = if (300..400).contains(&status) { Outcome::Ignored } else { by_status.info().outcome };
        Some(Fault { class, outcome, local: false, cause: format!("HTTP {status}"), provider })
    }

    /// An error that the provider reported inside the stream.
    pub fn in_stream(kind: &str, message: &str) -> Fault {
        let provider = ProviderError::new(kind, message);
        let class = provider.class();
        Fault { class, outcome: class.info().outcome, local: false, cause: "an error inside the stream".into(), provider }
    }

    /// A body that ended as HTTP says, but before its dialect's end.
    pub fn truncated() -> Fault {
        Fault::plain(ErrorClass::Network, true, "the stream ended before its end mark")
    }

    /// Frames that cannot be read, so that the answer is not what the provider meant.
    pub fn malformed() -> Fault {
        Fault::plain(ErrorClass::ServerError, true, "the stream's frames cannot be read")
    }

    /// How an exchange ended; `None` for a regular end.
    pub fn of_end(end: &End) -> Option<Fault> {
        Some(match end {
            End::Eof => return None,
            End::Reset => Fault::plain(ErrorClass::Network, true, "the connection was cut"),
            End::Error { class, message } => {
                let cause = match class {
                    TransportError::Dns => "the host name does not resolve",
                    TransportError::Connect => "no connection could be made",
                    TransportError::Tls => "the TLS handshake failed",
                    TransportError::Protocol => "the peer's HTTP was wrong",
                    TransportError::Io => "reading or writing failed",
                };
                Fault { provider: ProviderError::new("", message), ..Fault::plain(ErrorClass::Network, true, cause) }
            }
            End::Us(end) => Fault::of_our_end(*end),
        })
    }

    fn of_our_end(end: OurEnd) -> Fault {
        let (class, cause) = match end {
            OurEnd::Cancelled => (ErrorClass::Cancelled, "you cancelled it"),
            OurEnd::ConnectTimeout => (ErrorClass::Timeout, "no connection within the connect timeout"),
            OurEnd::FirstByteTimeout => (ErrorClass::Timeout, "no byte of the answer within the first-byte timeout"),
            OurEnd::IdleTimeout => (ErrorClass::Timeout, "no byte for the idle timeout"),
            OurEnd::TotalTimeout => (ErrorClass::Timeout, "it took longer than the total timeout"),
            OurEnd::BreakerOpen => (ErrorClass::Overloaded, "the circuit breaker is open; nothing was sent"),
            OurEnd::RateLimited => (ErrorClass::RateLimit, "this program's rate limit is used up; nothing was sent"),
            OurEnd::Loop => (ErrorClass::Cancelled, "the answer went round in a loop and was ended"),
            OurEnd::Invalid => (ErrorClass::Validation, "the request is invalid; nothing was sent"),
            OurEnd::Shutdown => (ErrorClass::Cancelled, "the program is ending"),
        };
        let timeout = class == ErrorClass::Timeout;
        // What we refused or stopped ourselves says nothing about the provider; a timeout does.
        let outcome = if timeout { Outcome::Failure } else { Outcome::Ignored };
        Fault { outcome, ..Fault::plain(class, true, cause) }
    }

    fn plain(class: ErrorClass, local: bool, cause: &str) -> Fault {
        Fault { class, outcome: class.info().outcome, local, cause: cause.into(), provider: ProviderError::default() }
    }

    /// What to do about it. A refusal of our own has its own advice.
    pub fn hint(&self) -> &'static str {
        match (self.class, self.outcome) {
            (ErrorClass::Overloaded, Outcome::Ignored) => "wait until the open time is over; the breaker says why it opened",
            (ErrorClass::RateLimit, Outcome::Ignored) => "wait, or raise the limit in the configuration file",
            (ErrorClass::Validation, Outcome::Ignored) if self.local => "mend the fields that the message names",
            _ => self.class.info().hint,
        }
    }

    /// One sentence and a hint for a person; `place` is the provider or URL.
    ///
    /// ```text
    /// https://api.example/v1: the provider does not accept the key (HTTP 401): Incorrect API key provided
    /// hint: set the provider's API key …
    /// ```
    pub fn message(&self, place: &str) -> String {
        let title = self.class.info().title;
        let said = if self.provider.message.is_empty() { String::new() } else { format!(": {}", self.provider.message) };
        if self.local {
            format!("{place}: {}{said}\nhint: {}", self.cause, self.hint())
        } else {
            format!("{place}: {title} ({}){said}\nhint: {}", self.cause, self.hint())
        }
    }

    /// The error as a JSON object, in the form that OpenAI-compatible clients read.
    pub fn to_json(&self) -> serde_json::Value {
        let message = if self.provider.message.is_empty() { &self.cause } else { &self.provider.message };
        let code = if self.provider.kind.is_empty() { serde_json::Value::Null } else { self.provider.kind.as_str().into() };
        serde_json::json!({ "error": { "type": self.class.name(), "message": message, "code": code } })
    }

    /// What the breaker is told; `retry_after_us` from the response's headers, `draw` for the open time's jitter.
    pub fn verdict(&self, retry_after_us: Option<u64>, draw: Option<u64>) -> Verdict {
        let draw = draw.unwrap_or(NO_JITTER);
        Verdict { outcome: self.outcome, cause: self.cause.clone(), retry_after_us, local: self.local, draw }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
