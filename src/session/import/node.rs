//! A value of YAML or JSON, as far as cassettes need it: text, lists and maps.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use saphyr_parser::{Event, Parser, Tag};
use serde_json::Value;

/// A value. Numbers and the rest of the scalars are their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A scalar, base64 of `!!binary` undone; nothing is empty text.
    Scalar(Vec<u8>),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Vec<u8>, Node)>),
}

/// Where YAML broke off, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What the parser said.
    pub reason: String,
}

/// Deeper than any cassette, and shallow enough to be walked by recursion.
const DEPTH: usize = 64;

/// The most values that one alias may stand for: enough for header values, too few to make much of little.
const ALIAS: usize = 64;

impl Node {
    /// The value of `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Node::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name.strip_prefix(b":").unwrap_or(name) == key.as_bytes()).map(|(_, value)| value)
    }

    /// The bytes of a scalar; those of the first value of a list.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Node::Scalar(bytes) => Some(bytes),
            Node::List(values) => values.first()?.bytes(),
            Node::Map(_) => None,
        }
    }

    /// As [`Node::bytes`], as text.
    pub fn text(&self) -> Option<String> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// The values of a list; none for anything else.
    pub fn list(&self) -> &[Node] {
        if let Node::List(values) = self { values } else { &[] }
    }

    /// As JSON. What a scalar was is guessed from its text, as YAML does.
    pub fn to_json(&self) -> Value {
        match self {
            Node::Scalar(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                match serde_json::from_str(&text) {
                    Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
                    _ => Value::String(text.into_owned()),
                }
            }
            Node::List(values) => values.iter().map(Node::to_json).collect(),
            Node::Map(entries) => {
                entries.iter().map(|(key, value)| (String::from_utf8_lossy(key).into_owned(), value.to_json())).collect()
            }
        }
    }

    /// Number of values in it, counted no further than `most`.
    fn size(&self, most: usize) -> usize {
        let add = |sum: usize, value: &Node| if sum > most { sum } else { sum + value.size(most) };
        match self {
            Node::Scalar(_) => 1,
            Node::List(values) => values.iter().fold(1, add),
            Node::Map(entries) => entries.iter().map(|(_, value)| value).fold(1, add),
        }
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Node {
        match value {
            Value::Null => Node::Scalar(Vec::new()),
            Value::String(text) => Node::Scalar(text.into_bytes()),
            Value::Bool(_) | Value::Number(_) => Node::Scalar(value.to_string().into_bytes()),
            Value::Array(values) => Node::List(values.into_iter().map(Node::from).collect()),
            Value::Object(entries) => {
                Node::Map(entries.into_iter().map(|(key, value)| (key.into_bytes(), Node::from(value))).collect())
            }
        }
    }
}

/// A list or map that is not whole yet.
struct Open {
    node: Node,
    key: Option<Vec<u8>>,
    anchor: usize,
}

/// Builds nodes from the parser's events.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
}

impl Builder {
    fn begin(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        if self.open.len() >= DEPTH {
            return Err(format!("nested deeper than {DEPTH} levels"));
        }
        self.open.push(Open { node, key: None, anchor });
        Ok(())
    }

    fn end(&mut self) {
        if let Some(Open { node, anchor, .. }) = self.open.pop() {
            self.take(node, anchor);
        }
    }

    fn take(&mut self, node: Node, anchor: usize) {
        if anchor > 0 && node.size(ALIAS) <= ALIAS {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => drop(self.root.get_or_insert(node)),
            Some(Open { node: Node::List(values), .. }) => values.push(node),
            Some(Open { node: Node::Map(entries), key, .. }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(node.bytes().unwrap_or_default().to_vec()),
            },
            // Only lists and maps are opened.
            Some(Open { node: Node::Scalar(_), .. }) => {}
        }
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, _, anchor, tag) => self.take(Node::Scalar(scalar(&text, tag.as_deref())?), anchor),
            Event::SequenceStart(anchor, _) => self.begin(Node::List(Vec::new()), anchor)?,
            Event::MappingStart(anchor, _) => self.begin(Node::Map(Vec::new()), anchor)?,
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned().unwrap_or(Node::Scalar(Vec::new()));
                self.take(node, 0);
            }
            _ => {}
        }
        Ok(())
    }
}

/// The bytes of a scalar: base64 undone where its tag is `!!binary`, or `!binary` as Ruby writes it.
fn scalar(text: &str, tag: Option<&Tag>) -> Result<Vec<u8>, String> {
    if tag.is_some_and(|tag| tag.suffix == "binary") {
        let base64: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        return BASE64.decode(base64).map_err(|error| format!("a binary value is no base64: {error}"));
    }
    Ok(if matches!(text, "~" | "null") { Vec::new() } else { text.as_bytes().to_vec() })
}

/// The first document of a YAML text. Where it breaks off, what is whole before that is kept.
pub fn from_yaml(text: &str) -> (Option<Node>, Option<Broken>) {
    let mut builder = Builder::default();
    let mut broken = None;
    for event in Parser::new_from_str(text) {
        let failed = match event {
            Ok((event, span)) => builder.event(event).err().map(|reason| (span.start, reason)),
            Err(error) => Some((*error.marker(), error.info().to_owned())),
        };
        if let Some((place, reason)) = failed {
            broken = Some(Broken { line: place.line(), column: place.col() + 1, reason });
            break;
        }
    }
    if broken.is_some() {
        // Maps that are not whole are left out; lists keep what is whole in them.
        while let Some(Open { node, .. }) = builder.open.pop() {
            let list = matches!(node, Node::List(_));
            let outer = builder.open.last().is_some_and(|open| matches!(open.node, Node::List(_)));
            if list || !outer {
                builder.take(node, 0);
            }
        }
    }
    (builder.root, broken)
}
