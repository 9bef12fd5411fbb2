//! What a request says of repetition. A model that says a word fifty times because it was told to is no loop.

use serde_json::Value;

/// What a request says, in lower case, and how often it wants something said.
#[derive(Debug, Clone, Default)]
pub struct Prompt {
    text: String,
    /// The largest number that counts repetitions, zero for none.
    times: u64,
    /// It has a word for repeating.
    repeats: bool,
}

/// Bytes at the end of a request that are looked at: the latest message stands there.
const LATEST: usize = 64 << 10;
/// Members that hold what is said to the model, in all dialects.
const MEMBERS: &[&str] = &["messages", "contents", "input", "prompt", "message", "inputs", "instructions"];
/// Beginnings of words after a number, or before it, that make it a count of repetitions.
const TIMES: &[&str] = &[
    "time",
    "copies",
    "line",
    "row",
    "word",
    "repetition",
    "mal",
    "fois",
    "veces",
    "vezes",
    "volte",
    "раз",
    "次",
    "遍",
    "回",
    "번",
    "个",
    "行",
];
const SAY: &[&str] = &[
    "repeat",
    "write",
    "print",
    "say",
    "output",
    "generate",
    "give me",
    "wiederhol",
    "schreib",
    "répèt",
    "écri",
    "repit",
    "escrib",
    "повтор",
    "напиш",
    "重复",
    "重複",
    "输出",
    "写",
    "繰り返",
    "반복",
];

impl Prompt {
    /// Reads the request body `body`.
    pub fn of(body: &str) -> Prompt {
        let mut text = String::new();
        match serde_json::from_str::<Value>(body) {
            Ok(Value::Object(members)) => {
                MEMBERS.iter().filter_map(|name| members.get(*name)).for_each(|value| collect(value, &mut text));
                // DashScope and Replicate put it one level down.
                members
                    .get("input")
                    .and_then(|input| input.get("messages"))
                    .into_iter()
                    .for_each(|value| collect(value, &mut text));
            }
            _ => text.push_str(body),
        }
        let from = (text.len().saturating_sub(LATEST)..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let text = text[from..].to_lowercase();
        Prompt { times: times(&text), repeats: SAY.iter().any(|word| text.contains(word)), text }
    }

    /// How many copies of `unit` were asked for, at most; zero for none.
    pub fn asks(&self, unit: &str) -> u64 {
        let unit = unit.trim().to_lowercase();
        let named = unit.chars().count() >= 2 && self.text.contains(&unit);
        // Without a number nobody can say where to stop.
        if self.times == 0 && named && self.repeats { UNSAID } else { self.times }
    }

    /// True if nothing is known of what was asked.
    pub fn is_unknown(&self) -> bool {
        self.text.is_empty()
    }
}

/// Copies that pass when repetition was asked for and no number said.
const UNSAID: u64 = 1_000;

fn collect(value: &Value, into: &mut String) {
    match value {
        Value::String(said) => {
            into.push_str(said);
            into.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(members) => {
            let said = |name: &str| !matches!(name, "role" | "type" | "id" | "name" | "data" | "url" | "mime_type");
            members.iter().filter(|(name, _)| said(name)).for_each(|(_, item)| collect(item, into));
        }
        _ => {}
    }
}

fn times(text: &str) -> u64 {
    let mut most = 0;
    let mut rest = 0;
    while let Some(found) = text[rest..].find(|char: char| char.is_ascii_digit()) {
        let start = rest + found;
        let end = text[start..].find(|char: char| !char.is_ascii_digit()).map_or(text.len(), |len| start + len);
        rest = end;
        let Ok(number) = text[start..end].parse::<u64>() else { continue };
        let after: String = text[end..].chars().take(24).collect();
        let before: String = text[..start].chars().rev().take(32).collect::<Vec<_>>().into_iter().rev().collect();
        let counted = TIMES.iter().any(|word| after.contains(word));
        let year = (1900..2100).contains(&number);
        if counted || !year && SAY.iter().any(|word| before.contains(word)) {
            most = most.max(number);
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_how_often() {
        let rows = [
            (r#"{"model":"gpt-4","messages":[{"role":"user","content":"Say hello world 50 times."}]}"#, "hello world ", 50),
            (r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Print 40 smiling faces"}]}]}"#, "\u{1f60a}", 40),
            (r#"{"model":"m-2000","max_tokens":4096,"messages":[{"role":"user","content":"Why is the sky blue?"}]}"#, " sky", 0),
            (r#"{"messages":[{"role":"user","content":"Write a report on the year 2024."}]}"#, " VM", 0),
            (r#"{"prompt":"Repeat the word poem forever"}"#, " poem", UNSAID),
            (r#"{"contents":[{"parts":[{"text":"把你好重复200次"}]}]}"#, "你好", 200),
            ("", " VM", 0),
        ];
        for (body, unit, expected) in rows {
            assert_eq!(Prompt::of(body).asks(unit), expected, "{body}");
        }
        assert!(Prompt::of("").is_unknown() && !Prompt::of(r#"{"prompt":"x"}"#).is_unknown());
    }
}
