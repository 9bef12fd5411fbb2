//! Borrowed JSON for the hot path: strings that are neither copied nor refused, lists that do not allocate for one item.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use crate::core::{
    dialect::Sink,
    reading::{FrameKind, Note},
};

/// A string or null. Borrows where there are no escapes, keeps lone surrogates as three bytes (WTF-8) and passes bytes that are
/// not UTF-8.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(Option<Cow<'a, [u8]>>);

impl Text<'_> {
    /// The bytes, none for null.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// True for null, an absent or an empty string.
    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// Where in `data` the text stands, if it was borrowed from there.
    pub fn range_in(&self, data: &[u8]) -> Option<Range<usize>> {
        let Some(Cow::Borrowed(text)) = self.0 else { return None };
        range_in(text, data)
    }

    /// A copy as valid UTF-8.
    pub fn to_utf8(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

/// Where in `data` the slice `part` stands, if it is a part of it.
pub(super) fn range_in(part: &[u8], data: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(data.as_ptr() as usize)?;
    let end = start + part.len();
    (end <= data.len()).then_some(start..end)
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(TextVisitor(PhantomData))
    }
}

struct TextVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
    type Value = Text<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or null")
    }

    fn visit_none<E>(self) -> Result<Text<'a>, E> {
        Ok(Text(None))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text<'a>, D::Error> {
        deserializer.deserialize_bytes(self)
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Text<'a>, E> {
        Ok(Text(Some(Cow::Borrowed(bytes))))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text<'a>, E> {
        Ok(Text(Some(Cow::Owned(bytes.to_vec()))))
    }
}

/// A string, null, or a list of parts.
#[derive(Debug, Clone)]
pub(super) enum TextOr<'a, P> {
    /// A string or null.
    Text(Text<'a>),
    /// Parts.
    Parts(Vec<P>),
}

impl<P> Default for TextOr<'_, P> {
    fn default() -> Self {
        TextOr::Text(Text(None))
    }
}

impl<'de: 'a, 'a, P: Deserialize<'de>> Deserialize<'de> for TextOr<'a, P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(TextOrVisitor(PhantomData))
    }
}

struct TextOrVisitor<'a, P>(PhantomData<(&'a (), P)>);

impl<'de: 'a, 'a, P: Deserialize<'de>> Visitor<'de> for TextOrVisitor<'a, P> {
    type Value = TextOr<'a, P>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, null or a list")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(TextOr::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // serde_json answers a request for bytes with a sequence where it finds a list.
        deserializer.deserialize_bytes(self)
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(TextOr::Text(Text(Some(Cow::Borrowed(bytes)))))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(TextOr::Text(Text(Some(Cow::Owned(bytes.to_vec())))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = list.next_element()? {
            parts.push(part);
        }
        Ok(TextOr::Parts(parts))
    }
}

/// An object where a list or null may stand in its place, which then says nothing.
#[derive(Debug, Clone)]
pub(super) struct Object<T>(pub Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Object(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, a list or null")
    }

    fn visit_unit<E>(self) -> Result<Object<T>, E> {
        Ok(Object(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|object| Object(Some(object)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Object<T>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Object(None))
    }
}

/// A list or null, of which the first item needs no allocation.
#[derive(Debug, Clone)]
pub(super) struct Few<T> {
    first: Option<T>,
    rest: Vec<T>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Few { first: None, rest: Vec::new() }
    }
}

impl<T> Few<T> {
    /// The items, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(FewVisitor(PhantomData))
    }
}

struct FewVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FewVisitor<T> {
    type Value = Few<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or null")
    }

    fn visit_none<E>(self) -> Result<Few<T>, E> {
        Ok(Few::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Few<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Few<T>, A::Error> {
        let mut few = Few { first: list.next_element()?, rest: Vec::new() };
        while let Some(item) = list.next_element()? {
            few.rest.push(item);
        }
        Ok(few)
    }
}

/// What JSON a field may hold; a field that holds anything else is taken out before a frame is read again.
pub(super) enum Shape {
    /// A string or null.
    Text,
    /// The same; another value is known too, and says nothing here.
    TextIfAny,
    /// An unsigned integer or null.
    Number,
    /// True, false or null.
    Bool,
    /// An object with these fields (others are free), or null.
    Object(&'static [(&'static str, Shape)]),
    /// A string or null, or an object that stands for its own text.
    TextOrObject,
    /// A list of values of one shape, or null; items of another shape are taken out.
    List(&'static Shape),
    /// A string, null or a list of one shape.
    TextOrList(&'static Shape),
}

impl Shape {
    /// Makes `value` fit: a number may stand as a string or with a fraction of zero, and what does not fit at all is taken out. False
    /// if the value itself does not; the first thing taken out is told in `odd`.
    fn fit(&self, value: &mut Value, odd: &mut Option<String>) -> bool {
        match (self, value) {
            (_, Value::Null) => true,
            (Shape::Text | Shape::TextIfAny | Shape::TextOrObject | Shape::TextOrList(_), Value::String(_)) => true,
            (Shape::Bool, Value::Bool(_)) => true,
            (Shape::TextOrObject, value @ Value::Object(_)) => {
                *value = Value::String(value.to_string());
                true
            }
            (Shape::Number, value) => count(value).map(|count| *value = count.into()).is_some(),
            (Shape::Object(fields), Value::Object(object)) => {
                for (name, shape) in *fields {
                    let Some(value) = object.get_mut(*name) else { continue };
                    if !shape.fit(value, odd) {
                        if !matches!(shape, Shape::TextIfAny) {
                            odd.get_or_insert_with(|| format!("`{name}` is {}", brief(value)));
                        }
                        object.remove(*name);
                    }
                }
                true
            }
            (Shape::List(shape) | Shape::TextOrList(shape), Value::Array(items)) => {
                items.retain_mut(|item| {
                    let fits = shape.fit(item, odd);
                    if !fits {
                        odd.get_or_insert_with(|| format!("an item of a list is {}", brief(item)));
                    }
                    fits && !item.is_null()
                });
                true
            }
            _ => false,
        }
    }
}

/// A count, however it is written: `12`, `12.0` or `"12"`.
pub(super) fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            // Beyond 2^53 a float names no single integer.
            let float = number.as_f64().filter(|float| float.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(float))?;
            Some(float as u64)
        }),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// What kind of value stands where another one was expected.
pub(super) fn brief(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "a truth value".into(),
        Value::Number(number) => number.to_string(),
        Value::String(_) => "a string".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

/// An index as its column holds it; one that is beyond it is said and stands for the last.
pub(super) fn narrow(index: Option<u64>, name: &str, sink: &mut Sink) -> u16 {
    let index = index.unwrap_or(0);
    u16::try_from(index).unwrap_or_else(|_| {
        sink.note(Note::Odd(format!("`{name}` is {index}, which is read as {}", u16::MAX)));
        u16::MAX
    })
}

/// Reads a frame of a wire of JSON: an empty one keeps alive, `[DONE]` ends the stream, and all else is read as [`parse`] does.
pub(super) fn read(data: &[u8], shape: &Shape, sink: &mut Sink, read: impl FnMut(&[u8], &mut Sink) -> serde_json::Result<()>) {
    if !bare(data, sink) {
        parse(data, shape, sink, read);
    }
}

/// The value of a frame, for wires that are read without typed structs; what is none is said.
pub(super) fn value(data: &[u8], sink: &mut Sink) -> Option<Value> {
    if bare(data, sink) {
        return None;
    }
    let value = free(data);
    if value.is_none() {
        match serde_json::from_slice::<IgnoredAny>(data) {
            Err(error) => malformed(data, &error, sink),
            Ok(_) => sink.kind = Some(FrameKind::Unknown),
        }
    }
    value
}

/// Tells a frame that by agreement holds no JSON; true if it is one.
fn bare(data: &[u8], sink: &mut Sink) -> bool {
    sink.kind = Some(match data.trim_ascii() {
        b"" => FrameKind::KeepAlive,
        b"[DONE]" => FrameKind::Terminator,
        _ => return false,
    });
    true
}

/// Reads `data` with `read`; if the typed structs refuse it, reads what of it has the right shape. A frame that is not JSON
/// becomes a note, one that is no object of this shape is unknown.
pub(super) fn parse(data: &[u8], shape: &Shape, sink: &mut Sink, mut read: impl FnMut(&[u8], &mut Sink) -> serde_json::Result<()>) {
    let Err(refusal) = read(data, sink) else { return };
    // The typed struct stops at the first value it does not like, so only a full parse tells broken JSON from strange JSON.
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(data) {
        malformed(data, &error, sink);
        return;
    }
    sink.kind = Some(FrameKind::Unknown);
    let Some((mut value, replaced)) = free_counted(data) else {
        tracing::debug!(%refusal, "a frame is JSON, but neither typed nor free parsing reads it");
        return;
    };
    let mut odd = None;
    if !value.is_object() || !shape.fit(&mut value, &mut odd) {
        return;
    }
    sink.kind = None;
    if read(value.to_string().as_bytes(), sink).is_err() {
        sink.kind = Some(FrameKind::Unknown);
        return;
    }
    sink.notes.extend(odd.map(Note::Odd));
    if replaced > 0 {
        sink.note(Note::Replaced(replaced));
    }
}

/// Any JSON value, also one with bytes that are not UTF-8 or with lone surrogates; these are replaced.
pub(in crate::core) fn free(data: &[u8]) -> Option<Value> {
    free_counted(data).map(|(value, _)| value)
}

/// The same, and how many characters were replaced.
fn free_counted(data: &[u8]) -> Option<(Value, u32)> {
    if let Ok(value) = serde_json::from_slice(data) {
        return Some((value, 0));
    }
    let mut replaced = data.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count() as u32;
    let mut text = String::from_utf8_lossy(data).into_owned().into_bytes();
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'\\', &text[at..]) {
        at += offset;
        match (surrogate(&text[at..]), text.get(at + 6..).and_then(surrogate)) {
            (Some(0xD8..=0xDB), Some(0xDC..=0xDF)) => at += 12,
            (Some(_), _) => {
                text[at + 2..at + 6].copy_from_slice(b"fffd");
                replaced += 1;
                at += 6;
            }
            // The escaped character is passed too: it may be a backslash.
            (None, _) => at = text.len().min(at + 2),
        }
    }
    Some((serde_json::from_slice(&text).ok()?, replaced))
}

/// The first byte of the surrogate whose escape begins `text`.
fn surrogate(text: &[u8]) -> Option<u8> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    let unit = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    (0xD800..0xE000).contains(&unit).then_some((unit >> 8) as u8)
}

/// Notes broken JSON. The offset counts from the start of `data`; the Reading makes it one of the body.
pub(in crate::core) fn malformed(data: &[u8], error: &serde_json::Error, sink: &mut Sink) {
    let line = data.split(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let before: usize = line.map(|line| line.len() + 1).sum();
    let byte = (before + error.column().saturating_sub(1)).min(data.len());
    sink.note(Note::Malformed { byte: byte as u32, message: error.to_string() });
}
