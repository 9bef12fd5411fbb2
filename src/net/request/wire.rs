//! What each dialect wants beside its body: headers, and where the key goes.

/// The header that carries the key, and what stands before it.
pub fn key_header(dialect: &str) -> (&'static str, &'static str) {
    match dialect {
        "anthropic" | "anthropic-complete" => ("x-api-key", ""),
        "gemini" | "gemini-interactions" => ("x-goog-api-key", ""),
        _ => ("authorization", "Bearer "),
    }
}

/// Headers that every request of a dialect has.
pub fn headers(dialect: &str) -> &'static [(&'static str, &'static str)] {
    match dialect {
        "anthropic" | "anthropic-complete" => &[("anthropic-version", "2023-06-01")],
        "dashscope" => &[("x-dashscope-sse", "enable")],
        _ => &[],
    }
}
