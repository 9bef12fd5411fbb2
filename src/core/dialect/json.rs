//! Borrowed JSON for the hot path: strings that are neither copied nor refused, lists that do not allocate for one item.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use crate::core::{dialect::Sink, reading::Note};

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
    /// An unsigned integer or null.
    Number,
    /// True, false or null.
    Bool,
    /// An object with these fields (others are free), or null.
    Object(&'static [(&'static str, Shape)]),
    /// A list of values of one shape, or null; items of another shape are taken out.
    List(&'static Shape),
    /// A string, null or a list of one shape.
    TextOrList(&'static Shape),
}

impl Shape {
    /// Takes out what does not fit; false if the value itself does not.
    fn fit(&self, value: &mut Value) -> bool {
        match (self, value) {
            (_, Value::Null) => true,
            (Shape::Text | Shape::TextOrList(_), Value::String(_)) | (Shape::Bool, Value::Bool(_)) => true,
            (Shape::Number, value) => value.is_u64(),
            (Shape::Object(fields), Value::Object(object)) => {
                for (name, shape) in *fields {
                    if object.get_mut(*name).is_some_and(|value| !shape.fit(value)) {
                        object.remove(*name);
                    }
                }
                true
            }
            (Shape::List(shape) | Shape::TextOrList(shape), Value::Array(items)) => {
                items.retain_mut(|item| !item.is_null() && shape.fit(item));
                true
            }
            _ => false,
        }
    }
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
    sink.kind = Some(crate::core::reading::FrameKind::Unknown);
    let Some(mut value) = free(data) else {
        tracing::debug!(%refusal, "a frame is JSON, but neither typed nor free parsing reads it");
        return;
    };
    if !value.is_object() || !shape.fit(&mut value) {
        return;
    }
    sink.kind = None;
    if read(value.to_string().as_bytes(), sink).is_err() {
        sink.kind = Some(crate::core::reading::FrameKind::Unknown);
    }
}

/// Any JSON value, also one with bytes that are not UTF-8 or with lone surrogates; these are replaced.
pub(in crate::core) fn free(data: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(data) {
        return Some(value);
    }
    let mut text = String::from_utf8_lossy(data).into_owned().into_bytes();
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'\\', &text[at..]) {
        at += offset;
        if let Some([b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..]) = text.get(at + 1..) {
            let end = text.len().min(at + 6);
            text[at + 2..end].copy_from_slice(&b"fffd"[..end - at - 2]);
        }
        // The escaped character is passed too: it may be a backslash.
        at = text.len().min(at + 2);
    }
    serde_json::from_slice(&text).ok()
}

/// Notes broken JSON. The offset counts from the start of `data`; the Reading makes it one of the body.
pub(in crate::core) fn malformed(data: &[u8], error: &serde_json::Error, sink: &mut Sink) {
    let line = data.split(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let before: usize = line.map(|line| line.len() + 1).sum();
    let byte = (before + error.column().saturating_sub(1)).min(data.len());
    sink.note(Note::Malformed { byte: byte as u32, message: error.to_string() });
}
