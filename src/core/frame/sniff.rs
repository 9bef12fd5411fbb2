//! How a body is framed, told from its head and its first bytes.
//!
//! The content type alone does not decide: providers send JSON errors as `text/event-stream` and streams without any type.

use memchr::memchr;
use serde::de::IgnoredAny;

use super::Framing;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What is known before the first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hint {
    /// The status says that the body is an error, not a stream.
    pub failed: bool,
    /// What the content type says.
    pub declared: Option<Framing>,
    /// The dialect's framing, if the dialect is known.
    pub dialect: Option<Framing>,
}

/// The framing that a content type declares, if it is one of those seen with streams.
pub fn declared(content_type: &str) -> Option<Framing> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "text/event-stream" => Some(Framing::Sse),
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/stream+json" => Some(Framing::Ndjson),
        "application/vnd.amazon.eventstream" => Some(Framing::EventStream),
        "application/json" | "text/html" => Some(Framing::Json),
        _ => None,
    }
}

/// Looks at a body as it grows until its framing is clear. It looks at every byte once.
#[derive(Debug, Clone, Default)]
pub struct Sniffer {
    looked: usize,
    /// First byte that is not white space, once it was seen.
    first: Option<usize>,
}

impl Sniffer {
    /// The framing of `bytes`, the body so far, or `None` while more of it must be seen; `ended` says that there is no more.
    pub fn sniff(&mut self, hint: Hint, bytes: &[u8], ended: bool) -> Option<Framing> {
        if hint.failed {
            return Some(Framing::Json);
        }
        if bytes.len() < BOM.len() && BOM.starts_with(bytes) && !ended {
            return None;
        }
        let start = match self.first {
            Some(start) => start,
            None => {
                if self.looked == 0 && bytes.starts_with(BOM) {
                    self.looked = BOM.len();
                }
                let blank = bytes[self.looked..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                self.looked += blank;
                if self.looked == bytes.len() {
                    return None;
                }
                *self.first.insert(self.looked)
            }
        };
        let declared = hint.declared.or(hint.dialect);
        match (bytes[start], declared) {
            // A length of less than 16 MiB begins with zero, and no text does.
            (0, _) => Some(Framing::EventStream),
            (b'[', Some(Framing::Json | Framing::Sse | Framing::JsonArray) | None) => Some(Framing::JsonArray),
            (b'{', Some(Framing::JsonArray | Framing::EventStream)) => Some(Framing::Json),
            (b'{' | b'[', Some(framing @ (Framing::Ndjson | Framing::Json))) => Some(framing),
            (b'<', _) => Some(Framing::Json),
            // No event stream begins so, whatever was declared: an error in its place, or lines.
            (b'{', Some(Framing::Sse) | None) => self.by_first_line(bytes, start, ended),
            (b'd' | b'e' | b'i' | b'r' | b':', _) => Some(Framing::Sse),
            (_, declared) => Some(declared.unwrap_or(Framing::Sse)),
        }
    }

    /// Lines of JSON if the first line is a whole value, else one value over many lines.
    fn by_first_line(&mut self, bytes: &[u8], start: usize, ended: bool) -> Option<Framing> {
        match memchr(b'\n', &bytes[self.looked..]) {
            Some(offset) => {
                let line = &bytes[start..self.looked + offset];
                let whole = serde_json::from_slice::<IgnoredAny>(line).is_ok();
                Some(if whole { Framing::Ndjson } else { Framing::Json })
            }
            None => {
                self.looked = bytes.len();
                ended.then_some(Framing::Json)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hint: Hint, body: &str, framing: Option<Framing>) {
        let mut whole = Sniffer::default();
        assert_eq!(whole.sniff(hint, body.as_bytes(), true), framing, "whole {body:?}");
        let mut split = Sniffer::default();
        let found = (0..=body.len()).find_map(|end| split.sniff(hint, &body.as_bytes()[..end], end == body.len()));
        assert_eq!(found, framing, "byte by byte {body:?}");
    }

    #[test]
    fn first_bytes_decide_where_the_head_does_not() {
        let none = Hint::default();
        check(none, "\n\u{feff}", Some(Framing::Sse));
        check(none, "\u{feff}data: x\n\n", Some(Framing::Sse));
        check(none, ": ping\n", Some(Framing::Sse));
        check(none, "{\"a\":1}\n{\"a\":2}\n", Some(Framing::Ndjson));
        check(none, "{\"error\":\"x\"}", Some(Framing::Json));
        check(none, "{\n  \"error\": {}\n}\n", Some(Framing::Json));
        check(none, "<html>", Some(Framing::Json));
        check(none, "[{\"a\":1}", Some(Framing::JsonArray));
        check(none, "\0\0\0\u{1c}", Some(Framing::EventStream));
        check(none, " \n ", None);
    }

    #[test]
    fn an_error_body_is_json_whatever_its_type() {
        check(Hint { failed: true, declared: Some(Framing::Sse), dialect: None }, "oops", Some(Framing::Json));
        let stream = Hint { failed: false, declared: Some(Framing::Sse), dialect: Some(Framing::Sse) };
        check(stream, "{\"error\":{}}", Some(Framing::Json));
        check(stream, "{\n\"error\":{}}", Some(Framing::Json));
        check(stream, "{\"a\":1}\n{\"a\":2}\n", Some(Framing::Ndjson));
        check(Hint { declared: declared("application/x-ndjson"), ..Hint::default() }, "{\"a\":1", Some(Framing::Ndjson));
        check(Hint { declared: declared("Text/Event-Stream; charset=utf-8"), ..Hint::default() }, "\ndata", Some(Framing::Sse));
    }
}
