//! How a value is shown: on one line, over several, by its kind, and where in it something stands.

use super::tokens::{Token, tokens};

/// Deeper levels are not indented further, and not named in a path.
const DEEPEST: usize = 24;

/// The value without white space between its tokens; characters for which `hide` holds are written as escapes in strings.
pub fn compact(json: &str, hide: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(json.len());
    for (token, range) in tokens(json) {
        let text = &json[range];
        if token != Token::String || !text.contains(&hide) {
            out.push_str(text);
            continue;
        }
        for char in text.chars() {
            if hide(char) {
                let escapes = char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
                out.push_str(&escapes);
            } else {
                out.push(char);
            }
        }
    }
    out
}

/// The value over several lines, and where in them the byte `boundary` of `json` came to stand.
pub fn pretty(json: &str, boundary: usize) -> (String, usize) {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut place, mut empty) = (0_usize, None, false);
    for (token, range) in tokens(json) {
        if token == Token::Close {
            depth = depth.saturating_sub(1);
        }
        let first = std::mem::replace(&mut empty, matches!(token, Token::Open(_)));
        let breaks = match token {
            Token::Close => !first,
            Token::Comma | Token::Colon => false,
            Token::Open(_) | Token::String | Token::Plain => first || out.ends_with(',') && depth > 0,
        };
        // What closes the value stands on lines of its own, which are shown as it is.
        if range.start >= boundary {
            place.get_or_insert(out.len());
        }
        if breaks {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
        }
        if range.contains(&boundary) {
            place.get_or_insert(out.len() + boundary - range.start);
        }
        out.push_str(&json[range]);
        match token {
            Token::Open(_) => depth += 1,
            Token::Colon => out.push(' '),
            _ => {}
        }
    }
    let end = out.len();
    (out, place.unwrap_or(end))
}

/// What a whole value is: `object, 3 keys`.
pub fn describe(json: &str) -> String {
    let (mut depth, mut commas, mut some, mut kind) = (0_usize, 0_usize, false, None);
    for (index, (token, range)) in tokens(json).enumerate() {
        some |= index > 0 && token != Token::Close;
        match token {
            _ if index == 0 && !matches!(token, Token::Open(_)) => kind = Some(scalar(&json[range])),
            Token::Open(bracket) => {
                if index == 0 {
                    kind = Some(if bracket == b'{' { "object" } else { "array" });
                }
                depth += 1;
            }
            Token::Close => depth = depth.saturating_sub(1),
            Token::Comma if depth == 1 => commas += 1,
            _ => {}
        }
    }
    let count = if some { commas + 1 } else { 0 };
    let plural = if count == 1 { "" } else { "s" };
    match kind {
        Some("object") => format!("object, {count} key{plural}"),
        Some("array") => format!("array, {count} item{plural}"),
        kind => kind.unwrap_or("nothing").to_owned(),
    }
}

fn scalar(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    }
}

/// Where in a value its end stands: `$.items[2].name`. The value may be cut off; a key that is cut off is not named.
pub fn path(json: &str) -> String {
    enum Step<'a> {
        Key(Option<&'a str>),
        Item(usize),
    }
    let (mut steps, mut depth, mut word) = (Vec::new(), 0_usize, "");
    for (token, range) in tokens(json) {
        let here = depth.checked_sub(1).filter(|index| *index < DEEPEST).and_then(|index| steps.get_mut(index));
        match (token, here) {
            (Token::Open(bracket), _) => {
                depth += 1;
                if depth <= DEEPEST {
                    steps.push(if bracket == b'{' { Step::Key(None) } else { Step::Item(0) });
                }
            }
            (Token::Close, _) => {
                depth = depth.saturating_sub(1);
                steps.truncate(depth);
            }
            (Token::Comma, Some(Step::Item(index))) => *index += 1,
            (Token::Comma, Some(Step::Key(key))) => *key = None,
            (Token::Colon, Some(Step::Key(key))) => *key = Some(word),
            (Token::String, _) => word = &json[range],
            _ => {}
        }
    }
    let mut path = String::from("$");
    for step in steps {
        match step {
            Step::Item(index) => path.push_str(&format!("[{index}]")),
            Step::Key(None) => {}
            Step::Key(Some(key)) => {
                let name = key.trim_matches('"');
                let plain = !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || char == '_');
                path.push_str(&if plain { format!(".{name}") } else { format!("[{key}]") });
            }
        }
    }
    if depth > DEEPEST {
        path.push_str(&format!(" and {} levels deeper", depth - DEEPEST));
    }
    path
}
