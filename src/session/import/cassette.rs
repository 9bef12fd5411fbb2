//! Cassettes: what VCR (Ruby), vcrpy, go-vcr, Betamax and ExVCR keep of exchanges, in YAML or JSON. They have no times.

use serde_json::Value;

use super::{
    Import, ImportError,
    exchange::{Body, Exchange},
    har,
    node::{self, Node},
};
use crate::{
    core::{input::Head, time::Micros},
    session::head,
};

/// Keys of the list of exchanges.
const LISTS: [&str; 2] = ["interactions", "http_interactions"];

/// True for what a cassette begins with, in YAML or JSON.
pub fn begins(beginning: &[u8]) -> bool {
    let text = String::from_utf8_lossy(beginning);
    match text.chars().next() {
        Some('{') => {
            ["\"interactions\"", "\"http_interactions\""].iter().any(|key| text.contains(key)) && text.contains("\"request\"")
        }
        // One list of exchanges, and no array of a stream's frames.
        Some('[') => text[1..].trim_start().starts_with('{') && text[1..].trim_start()[1..].trim_start().starts_with("\"request\""),
        _ => text.lines().any(|line| LISTS.iter().any(|key| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))),
    }
}

/// Reads all interactions. Where the cassette breaks off, those before are kept.
pub fn read(bytes: &[u8]) -> Import {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut import = Import::default();
    let broken = |line, column, reason| ImportError::Broken { kind: "cassette", line, column, reason };
    let root = if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => Some(Node::from(value)),
            Err(error) => {
                import.broken = Some(broken(error.line(), error.column(), har::reason(&error)));
                None
            }
        }
    } else {
        let (root, failed) = node::from_yaml(&String::from_utf8_lossy(bytes));
        import.broken = failed.map(|failed| broken(failed.line, failed.column, failed.reason));
        root
    };
    let Some(root) = root else { return import };
    let list = LISTS.iter().find_map(|key| root.get(key)).unwrap_or(&root);
    for (index, interaction) in list.list().iter().enumerate() {
        import.push(exchange(interaction).map_err(|reason| ImportError::Entry {
            place: format!("interaction {}", index + 1),
            reason,
            hint: "the other interactions are judged; record this one again",
        }));
    }
    import
}

fn exchange(interaction: &Node) -> Result<Exchange, String> {
    let request = interaction.get("request").ok_or("it has no `request`")?;
    let response = interaction.get("response").ok_or("it has no `response`")?;
    let text = |node: &Node, keys: &[&str]| keys.iter().find_map(|key| node.get(key)?.text()).unwrap_or_default();
    let body = body(response)?.unwrap_or_default();
    let mut head = Head { status: status(response)?, headers: Vec::new() };
    head.headers = headers(response).map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    head::forget_undone_encoding(&mut head, &body);
    Ok(Exchange {
        method: text(request, &["method"]).to_ascii_uppercase(),
        url: text(request, &["uri", "url"]),
        headers: headers(request).collect(),
        request: self::body(request)?.map(|body| String::from_utf8_lossy(&body).into_owned()).unwrap_or_default(),
        heads: vec![(Micros::ZERO, head)],
        body: Body::Whole(body),
        ..Exchange::default()
    })
}

/// The status, wherever it stands: `status: {code: 200}`, `code: 200`, `status_code: 200` or `status: 200 OK`.
fn status(response: &Node) -> Result<u16, String> {
    let status = response.get("status");
    let places = [status.and_then(|status| status.get("code")), response.get("code"), response.get("status_code"), status];
    let text = places.into_iter().flatten().find_map(Node::text).ok_or("the response has no status")?;
    let code = text.split_whitespace().next().unwrap_or_default();
    code.parse().map_err(|_| format!("the status `{code}` is no number"))
}

/// Header names with their values: a map of texts or lists, or a list of pairs.
fn headers(message: &Node) -> impl Iterator<Item = (String, String)> {
    let mut headers = Vec::new();
    match message.get("headers") {
        Some(Node::Map(entries)) => {
            for (name, values) in entries {
                let name = String::from_utf8_lossy(name).into_owned();
                let values = if let Node::List(values) = values { values } else { std::slice::from_ref(values) };
                headers.extend(values.iter().filter_map(|value| Some((name.clone(), value.text()?))));
            }
        }
        Some(Node::List(pairs)) => {
            let text = |pair: &Node, index: usize, key: &str| pair.list().get(index).or(pair.get(key))?.text();
            headers.extend(pairs.iter().filter_map(|pair| Some((text(pair, 0, "name")?, text(pair, 1, "value")?))));
        }
        _ => {}
    }
    headers.into_iter()
}

/// The bytes of a message's body: a text, `{string: …}`, `{base64_string: …}`, or a value that a recorder parsed.
fn body(message: &Node) -> Result<Option<Vec<u8>>, String> {
    let undo = |base64: &Node| {
        let text = base64.text().unwrap_or_default();
        har::decode(std::iter::once(text.as_str())).map_err(|error| format!("its body is said to be base64 and is not: {error}"))
    };
    if let Some(body) = message.get("body") {
        if let Some(base64) = body.get("base64_string") {
            return undo(base64).map(Some);
        }
        let body = body.get("string").unwrap_or(body);
        if let Some(bytes) = body.bytes() {
            return Ok(Some(bytes.to_vec()));
        }
    }
    let parsed = message.get("parsed_body").or(message.get("body")).filter(|body| matches!(body, Node::Map(_) | Node::List(_)));
    Ok(parsed.map(|parsed| parsed.to_json().to_string().into_bytes()))
}
