//! What a provider says of an error is limited and made harmless wherever it is shown.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, process::Command};

/// Controls that a terminal would obey, and as many letters.
fn message(letters: usize) -> String {
    format!("\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}::error::x\r\n\u{0}{}", "A".repeat(letters))
}

#[test]
fn an_endless_message_full_of_escapes_is_shown_short_and_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let error = serde_json::json!({"error": {"type": message(10_000), "code": message(10_000), "message": message(10_000_000)}});
    let chunk = r#"data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}"#;
    let bodies = [
        ("stream.sse", format!("{chunk}\n\ndata: {error}\n\n")),
        ("event.sse", format!("event: error\ndata: {error}\n\n")),
        ("refused.txt", format!("HTTP/1.1 500 Oops\r\ncontent-type: application/json\r\n\r\n{error}")),
        ("plain.txt", format!("HTTP/1.1 500 Oops\r\ncontent-type: text/plain\r\n\r\n{}", message(10_000_000))),
    ];
    for (name, body) in bodies {
        let path = folder.path().join(name);
        fs::write(&path, body).unwrap();
        for format in ["text", "json", "github", "junit"] {
            let output =
                Command::new(env!("CARGO_BIN_EXE_stutterscope")).args(["check", "--format", format]).arg(&path).output().unwrap();
            let shown = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(shown.len() < 32 << 10, "{name} {format}: {} bytes", shown.len());
            let bad = shown.chars().find(|char| *char != '\n' && (char.is_control() || *char == '\u{202e}'));
            assert_eq!(bad, None, "{name} {format}: {shown}");
            assert_eq!(output.status.code(), Some(1), "{name} {format}: {shown}");
        }
    }
}
