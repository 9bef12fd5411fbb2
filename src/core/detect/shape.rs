//! The shape of a JSON frame: its keys, in order. Another order of the same keys betrays another serializer.

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::core::{
    frame::sse::Block,
    reading::{FrameId, Reading},
};

/// Every key with its depth, in the order in which they were written; arrays contribute their first element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape(Vec<(u8, String)>);

impl Shape {
    /// True if both have the same keys and not the same order.
    pub fn same_keys_in_another_order(&self, other: &Shape) -> bool {
        if self == other || self.0.len() != other.0.len() {
            return false;
        }
        let sorted = |shape: &Shape| {
            let mut keys = shape.0.clone();
            keys.sort();
            keys
        };
        sorted(self) == sorted(other)
    }
}

/// The shape of frame `frame`, if its data is one JSON object.
pub fn shape_of(reading: &Reading, frame: FrameId) -> Option<Shape> {
    let bytes = reading.frame_bytes(frame);
    // Its first byte tells how it is framed: the attempt that the reading stands in may not be the frame's own.
    let block = (bytes.first() != Some(&b'{')).then(|| Block::read(bytes));
    let data = block.as_ref().map_or(bytes, |block| block.view().data);
    let mut shape = Shape::default();
    let mut deserializer = serde_json::Deserializer::from_slice(data);
    deserializer.deserialize_any(Keys { depth: 0, shape: &mut shape }).ok()?;
    (!shape.0.is_empty()).then_some(shape)
}

/// Deeper keys than this are not looked at.
const MAX_DEPTH: u8 = 8;

struct Keys<'a> {
    depth: u8,
    shape: &'a mut Shape,
}

impl<'de> serde::de::DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth > MAX_DEPTH {
            deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ())
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            self.shape.0.push((self.depth, key));
            map.next_value_seed(Keys { depth: self.depth + 1, shape: &mut *self.shape })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if seq.next_element_seed(Keys { depth: self.depth, shape: &mut *self.shape })?.is_some() {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(json: &str) -> Shape {
        let mut shape = Shape::default();
        serde_json::Deserializer::from_str(json).deserialize_any(Keys { depth: 0, shape: &mut shape }).unwrap();
        shape
    }

    #[test]
    fn key_order_differs_only_when_the_keys_are_the_same() {
        let rows = [
            (r#"{"a":1,"b":{"c":2}}"#, r#"{"b":{"c":3},"a":1}"#, true),
            (r#"{"a":1,"b":2}"#, r#"{"a":5,"b":6}"#, false),
            (r#"{"a":1,"b":2}"#, r#"{"b":1,"c":2}"#, false),
            (r#"{"a":[{"x":1,"y":2}]}"#, r#"{"a":[{"y":1,"x":2}]}"#, true),
        ];
        for (one, two, expected) in rows {
            assert_eq!(shape(one).same_keys_in_another_order(&shape(two)), expected, "{one} {two}");
        }
    }
}
