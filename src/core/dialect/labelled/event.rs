//! What the events of a chunk mean.

use crate::core::reading::Boundary;

/// What an event says beside the text that it may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing: its text is text to add.
    Delta,
    /// It opens a block or message, and its text may be repeated by the first delta.
    Opening,
    /// A content block begins.
    BlockStart,
    /// A content block ends.
    BlockStop,
    /// Its text is all text so far.
    Whole,
    /// The stream is complete; its text is all text so far.
    Terminator,
    /// The attempt failed.
    Error,
    /// The text before and after does not simply follow each other.
    Parts(Boundary),
    /// A new message begins.
    NewTurn,
    /// A tool is called.
    ToolCall,
    /// Alive, and no progress.
    KeepAlive,
    /// Progress without text.
    Control,
}

/// Events that are not what their name's form says.
const EVENTS: &[(&[u8], Meaning)] = &[
    (b"", Meaning::Delta),
    (b"token", Meaning::Delta),
    (b"delta", Meaning::Delta),
    (b"add_message", Meaning::Opening),
    (b"content_block_start", Meaning::BlockStart),
    (b"content_block_stop", Meaning::BlockStop),
    (b"[DONE]", Meaning::Terminator),
    (b"done", Meaning::Terminator),
    (b"message_stop", Meaning::Terminator),
    (b"response.completed", Meaning::Terminator),
    (b"response.incomplete", Meaning::Terminator),
    (b"choices.message", Meaning::Whole),
    (b"message", Meaning::Whole),
    (b"completed", Meaning::Whole),
    (b"generated_text", Meaning::Whole),
    (b"snapshot", Meaning::Whole),
    (b"error", Meaning::Error),
    (b"read_error", Meaning::Error),
    (b"response.failed", Meaning::Error),
    (b"retry", Meaning::Error),
    (b"reconnect", Meaning::Parts(Boundary::Reconnect)),
    (b"truncated", Meaning::Parts(Boundary::Cut)),
    (b"eof", Meaning::Parts(Boundary::Cut)),
    (b"continuation", Meaning::Parts(Boundary::Continuation)),
    (b"server_restart", Meaning::Parts(Boundary::Restart)),
    (b"turn", Meaning::NewTurn),
    (b"message_start", Meaning::NewTurn),
    (b"tool_call", Meaning::ToolCall),
    (b"comment", Meaning::KeepAlive),
    (b"ping", Meaning::KeepAlive),
    (b"heartbeat", Meaning::KeepAlive),
    (b"keepalive", Meaning::KeepAlive),
    (b"keep-alive", Meaning::KeepAlive),
    // What this side did while nothing came.
    (b"slow_first_byte_warning", Meaning::KeepAlive),
    (b"gap_flush", Meaning::KeepAlive),
];

/// What the event of this name means.
pub(super) fn meaning(event: &[u8]) -> Meaning {
    if let Some((_, meaning)) = EVENTS.iter().find(|(name, _)| *name == event) {
        return *meaning;
    }
    let ends = |suffix: &[u8]| event.ends_with(suffix);
    if ends(b".delta") || ends(b"_delta") {
        Meaning::Delta
    } else if ends(b".done") || ends(b"_done") || ends(b"snapshot") || ends(b".completed") {
        Meaning::Whole
    } else if ends(b".created") || ends(b".added") || ends(b"_start") || ends(b".start") {
        Meaning::Opening
    } else {
        Meaning::Control
    }
}

/// How a stream ended whose last event is no frame of its own, because nothing came then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The body ended.
    Eof,
    /// The transport failed.
    ReadError,
    /// This side gave up waiting.
    IdleTimeout,
    /// The user stopped it.
    UserAbort,
}

/// How a stream ends of which `event` is the last chunk, if that is such an event.
pub fn ends(event: &str) -> Option<Outcome> {
    match event {
        "eof" => Some(Outcome::Eof),
        "read_error" => Some(Outcome::ReadError),
        "idle_timeout" => Some(Outcome::IdleTimeout),
        "user_abort" => Some(Outcome::UserAbort),
        _ => None,
    }
}
