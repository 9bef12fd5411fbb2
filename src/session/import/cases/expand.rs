//! Chunks as they are written to the reads that they stand for: copies, lists, and texts that are cut again.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use crate::core::time::Micros;

/// Most reads of one case: a file that asks for more asks for the memory of the machine.
const MOST_READS: usize = 1_000_000;

/// Most bytes of a text that is written as many copies and cut again.
const MOST_BYTES: usize = 64 << 20;

/// One read: its time and its line of JSON.
pub(super) struct Read {
    pub at: Micros,
    pub bytes: Vec<u8>,
    /// Its event, if it has one and nothing else.
    pub event: Option<String>,
}

/// Times of the chunks: one without a time came with the one before.
#[derive(Default)]
pub(super) struct Clock {
    at: Micros,
    runs: bool,
}

impl Clock {
    /// True if any chunk has a time.
    pub fn runs(&self) -> bool {
        self.runs
    }

    fn set(&mut self, ms: f64) -> Micros {
        self.runs = true;
        // A float as large as this is cut to the largest integer, a negative one to zero.
        self.at = self.at.max(Micros((ms * 1_000.0).round() as u64));
        self.at
    }
}

/// The fields of an object in the order of the file, their values as they are written.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl Fields<'_> {
    /// The value of field `name`; `None` if there is none or it has another shape.
    fn get<'s, T: Deserialize<'s>>(&'s self, name: &str) -> Option<T> {
        self.0.iter().find(|(field, _)| field == name).and_then(|(_, raw)| serde_json::from_str(raw.get()).ok())
    }

    /// As a line of JSON, with another text if one is given.
    fn line(&self, text: Option<&str>) -> Vec<u8> {
        let mut line = b"{".to_vec();
        for (name, raw) in self.0.iter().filter(|(name, _)| !EXPANSION.contains(&name.as_str())) {
            if line.len() > 1 {
                line.push(b',');
            }
            line.extend_from_slice(Value::from(name.as_str()).to_string().as_bytes());
            line.push(b':');
            match text.filter(|_| name == "text") {
                Some(text) => line.extend_from_slice(Value::from(text).to_string().as_bytes()),
                // A value may be written over several lines only in a file that is none of lines.
                None => line.extend(raw.get().bytes().filter(|byte| !matches!(byte, b'\n' | b'\r'))),
            }
        }
        line.extend_from_slice(b"}\n");
        line
    }
}

/// Fields that say how a chunk is expanded and when it came, and are no part of it.
const EXPANSION: &[&str] = &["t_ms", "dt_ms", "repeat", "seqrep", "rechunk"];

/// Fields that carry text.
const TEXTS: &[&str] = &["text", "hex", "json_escape", "reasoning", "reasoning_content", "reasoning_details", "snapshot"];

/// Fields that are evidence beside the text.
const SIGNALS: &[&str] = &["tokens", "seq", "gen", "src_us", "id", "event"];

/// Stands among the names of fields for two texts in one chunk.
const TWO_TEXTS: &str = "two texts";

/// Whether fields of these names are evidence beside the text.
pub(super) fn signalled(fields: &BTreeSet<String>) -> bool {
    SIGNALS.iter().chain([&TWO_TEXTS]).any(|name| fields.contains(*name))
}

/// Appends the reads of one chunk, and notes the names of its fields.
pub(super) fn expand(
    chunk: &RawValue,
    clock: &mut Clock,
    names: &mut BTreeSet<String>,
    reads: &mut Vec<Read>,
) -> Result<(), String> {
    if chunk.get().starts_with('"') {
        let bytes = format!("{{\"text\":{}}}\n", chunk.get()).into_bytes();
        return push(reads, Read { at: clock.at, bytes, event: None });
    }
    let fields: Fields<'_> = serde_json::from_str(chunk.get()).map_err(|error| error.to_string())?;
    note_names(fields.0.iter().map(|(name, _)| name.as_str()), names);
    let start = fields.get::<f64>("t_ms").map_or(clock.at, |ms| clock.set(ms));
    let step = fields.get::<f64>("dt_ms").unwrap_or(0.0);
    let copies = fields.get::<usize>("repeat").unwrap_or(1);
    let lines = lines(&fields, copies, names)?;
    let event = fields.get::<String>("event").filter(|_| fields.get::<&RawValue>("text").is_none());
    for (line, index) in lines.into_iter().zip(0_u32..) {
        let at = if step > 0.0 { clock.set(start.0 as f64 / 1_000.0 + step * f64::from(index)) } else { clock.at };
        push(reads, Read { at, bytes: line, event: event.clone() })?;
    }
    Ok(())
}

fn note_names<'a>(fields: impl Iterator<Item = &'a str>, names: &mut BTreeSet<String>) {
    let mut texts = 0;
    for name in fields {
        texts += usize::from(TEXTS.contains(&name));
        names.insert(name.to_owned());
    }
    if texts > 1 {
        names.insert(TWO_TEXTS.to_owned());
    }
}

/// The lines that a chunk stands for.
fn lines(fields: &Fields<'_>, copies: usize, names: &mut BTreeSet<String>) -> Result<Vec<Vec<u8>>, String> {
    let too_many = || format!("it stands for more than {MOST_READS} reads");
    if copies > MOST_READS {
        return Err(too_many());
    }
    if let Some(list) = fields.get::<Vec<Value>>("seqrep") {
        if list.len().saturating_mul(copies) > MOST_READS {
            return Err(too_many());
        }
        list.iter().filter_map(Value::as_object).for_each(|item| note_names(item.keys().map(String::as_str), names));
        let items = list.iter().map(|item| item_line(fields, item)).collect::<Result<Vec<_>, _>>()?;
        return Ok(std::iter::repeat_n(items, copies).flatten().collect());
    }
    let text = fields.get::<String>("text");
    if let (Some(size), Some(text)) = (fields.get::<usize>("rechunk").filter(|size| *size > 0), text) {
        if text.len().saturating_mul(copies) > MOST_BYTES {
            return Err(format!("its text is longer than {MOST_BYTES} bytes"));
        }
        let chars: Vec<char> = text.repeat(copies).chars().collect();
        if chars.len().div_ceil(size) > MOST_READS {
            return Err(too_many());
        }
        return Ok(chars.chunks(size).map(|piece| fields.line(Some(&piece.iter().collect::<String>()))).collect());
    }
    Ok(vec![fields.line(None); copies])
}

/// The line of one item of a list: the fields of the chunk, with the item's text or under the item's fields.
fn item_line(fields: &Fields<'_>, item: &Value) -> Result<Vec<u8>, String> {
    let raw = |value: &Value| to_raw_value(value).map_err(|error| error.to_string());
    let own: Vec<(String, Box<RawValue>)> = match item {
        Value::Object(item) => item.iter().map(|(name, value)| Ok((name.clone(), raw(value)?))).collect::<Result<_, String>>()?,
        text => vec![("text".to_owned(), raw(text)?)],
    };
    let rest = fields.0.iter().filter(|(name, _)| own.iter().all(|(known, _)| known != name));
    let all = own.iter().map(|(name, raw)| (name.clone(), &**raw)).chain(rest.map(|(name, raw)| (name.clone(), *raw)));
    Ok(Fields(all.collect()).line(None))
}

fn push(reads: &mut Vec<Read>, read: Read) -> Result<(), String> {
    if reads.len() >= MOST_READS {
        return Err(format!("the case stands for more than {MOST_READS} reads"));
    }
    reads.push(read);
    Ok(())
}
