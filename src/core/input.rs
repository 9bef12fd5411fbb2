//! Inputs: everything the program cannot compute, and nothing else.
//!
//! A recording is a list of these; a [`Reading`](crate::core::reading::Reading) is a fold over them.

use serde::{Deserialize, Serialize};

use crate::core::{desk::GateRecord, time::Micros};

/// One thing that happened, stamped where it was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Microseconds since Start; never less than the stamp of the input before.
    pub at: Micros,
    /// What happened.
    pub what: What,
}

impl Input {
    /// How the session begins, if this says so.
    pub fn start(&self) -> Option<&Start> {
        match &self.what {
            What::Start(start) => Some(start),
            _ => None,
        }
    }
}

/// What an input can be. Closed: a new variant raises the recording format's version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// The session begins. Always the first input, at time zero.
    Start(Box<Start>),
    /// An HTTP exchange begins.
    Attempt(Attempt),
    /// The response head arrived.
    Head(Head),
    /// One read of the body, as it came (content-encoding still applied).
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
    /// The exchange ended.
    End(End),
    /// The user asked to stop; an `End(Us(Cancelled))` follows when it was done.
    Cancel,
    /// A random number that something was decided with.
    Draw {
        /// What it was drawn for, for example `retry.jitter`.
        purpose: String,
        /// The number.
        value: u64,
    },
    /// What the Desk (breaker, limiter, cache) said.
    Gate(GateRecord),
    /// Time in which this program did not read; stamped when it began, so that no deadline of it fires first.
    Paused {
        /// Length in microseconds.
        us: u64,
        /// Why.
        cause: PauseCause,
    },
}

/// Where a session's bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Origin {
    /// A request this program sent.
    Sent,
    /// A call that passed through this program's proxy.
    Proxied,
    /// Standard input, stamped as it was read.
    Pipe,
    /// A file that somebody else recorded; it has times only if `clocked` says so.
    #[default]
    Capture,
}

/// What is known when a session begins. By default nothing is: a capture without times.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Start {
    /// Wall time in RFC 3339; empty for a capture. Used for Retry-After dates and display only.
    pub wall: String,
    /// Where the bytes come from.
    pub origin: Origin,
    /// False for a capture without times: all stamps are zero, no deadline fires, and times are shown as unknown.
    pub clocked: bool,
    /// Provider name as in the PROVIDERS table or the configuration, empty if unknown.
    pub provider: String,
    /// Dialect id as in DIALECTS (`openai-chat`), or `None` to tell it from path, headers and first frames.
    pub dialect: Option<String>,
    /// Request method and URL (secrets masked), empty if unknown.
    pub url: String,
    /// Requested model, empty if unknown.
    pub model: String,
    /// Request headers, secrets masked.
    pub headers: Vec<(String, String)>,
    /// Request body as sent, secrets masked; empty if unknown.
    pub body: String,
}

/// One HTTP exchange of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts from 0.
    pub number: u32,
    /// Base URL that is asked.
    pub endpoint: String,
    /// Model that is asked for.
    pub model: String,
}

/// A response head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// HTTP status code.
    pub status: u16,
    /// Header names in lower case, in the order of arrival; secrets masked.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The first value of header `name` (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// The body ended as HTTP says a body ends, or the pipe or file ended.
    Eof,
    /// The peer cut the connection, or ended the body before HTTP allows it.
    Reset,
    /// The transport failed.
    Error {
        /// Which class of failure.
        class: TransportError,
        /// The library's own words, sanitised when shown.
        message: String,
    },
    /// This program ended it.
    Us(OurEnd),
}

/// Transport failures, by what they say about the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransportError {
    /// The name did not resolve.
    Dns,
    /// No connection could be made.
    Connect,
    /// TLS failed.
    Tls,
    /// The peer's HTTP was wrong.
    Protocol,
    /// Reading or writing failed.
    Io,
}

/// Why this program ended an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OurEnd {
    /// The user cancelled.
    Cancelled,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// No byte of the body within the first-byte timeout.
    FirstByteTimeout,
    /// No byte for the idle timeout.
    IdleTimeout,
    /// The whole exchange took longer than allowed.
    TotalTimeout,
    /// The breaker refused the request; nothing was sent.
    BreakerOpen,
    /// The rate limiter refused the request; nothing was sent.
    RateLimited,
    /// A policy ended a loop.
    Loop,
    /// The request was invalid; nothing was sent.
    Invalid,
    /// The program is shutting down.
    Shutdown,
}

/// Why this program did not read for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PauseCause {
    /// The process was suspended.
    Suspended,
    /// The consumer did not take what was read.
    BackPressure,
    /// A breakpoint held.
    Breakpoint,
}
