//! HTTP Archives (HAR 1.2), as browsers, proxies and Polly.js write them.
//!
//! An entry tells when its answer began and when it ended, but not when each part of it came.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Import, ImportError,
    exchange::{Body, Exchange},
};
use crate::core::{
    input::{End, Head, TransportError},
    time::Micros,
};

/// True for the beginning of a JSON object whose first key is `log`.
pub fn begins(beginning: &[u8]) -> bool {
    let skip = |bytes: &[u8], part: &[u8]| bytes.trim_ascii_start().strip_prefix(part).map(<[u8]>::to_vec);
    skip(beginning, b"{").and_then(|rest| skip(&rest, b"\"log\"")).and_then(|rest| skip(&rest, b":")).is_some()
}

/// Reads all entries. Where the archive breaks off, those before are kept.
pub fn read(bytes: &[u8]) -> Import {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut import = Import::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = deserializer.deserialize_map(InKey("log", InLog(&mut import)));
    if let Err(error) = read.and_then(|()| deserializer.end()) {
        let (line, column) = (error.line(), error.column());
        import.broken = Some(ImportError::Broken { kind: "HAR", line, column, reason: reason(&error) });
    }
    import
}

/// What a JSON parser said, without the place.
pub fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

/// Visits an object, hands the value of one key on and ignores the others.
struct InKey<S>(&'static str, S);

impl<'de, S: DeserializeSeed<'de, Value = ()>> Visitor<'de> for InKey<S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `{}`", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seed = Some(self.1);
        while let Some(key) = map.next_key::<String>()? {
            match seed.take_if(|_| key == self.0) {
                Some(seed) => map.next_value_seed(seed)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct InLog<'a>(&'a mut Import);

impl<'de> DeserializeSeed<'de> for InLog<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(InKey("entries", InEntries(self.0)))
    }
}

struct InEntries<'a>(&'a mut Import);

impl<'de> DeserializeSeed<'de> for InEntries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for InEntries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the array of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element::<&RawValue>()? {
            let exchange = exchange(entry, self.0.seen);
            self.0.push(exchange);
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct HarEntry {
    started_date_time: String,
    time: Option<f64>,
    request: Request,
    response: Response,
    timings: Timings,
    #[serde(rename = "_eventSourceMessages")]
    messages: Vec<Message>,
}

/// An event of a stream, as browsers keep it where they keep no body.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Message {
    /// Seconds since 1970.
    time: Option<f64>,
    event_name: String,
    event_id: String,
    data: String,
}

impl Message {
    /// The event as it may have come; its line ends and comments are lost.
    fn block(&self) -> Vec<u8> {
        let mut block = String::new();
        if !self.event_id.is_empty() {
            block += &format!("id: {}\n", self.event_id);
        }
        if !matches!(self.event_name.as_str(), "" | "message") {
            block += &format!("event: {}\n", self.event_name);
        }
        self.data.split('\n').for_each(|line| block += &format!("data: {line}\n"));
        (block + "\n").into_bytes()
    }

    /// When it came after `begun`, in microseconds since 1970; none where the clocks do not fit.
    fn at(&self, begun: i64) -> Option<Micros> {
        let at = self.time.filter(|time| time.is_finite())? * 1e6 - begun as f64;
        (0.0..=DAY_US).contains(&at).then_some(Micros(at as u64))
    }
}

/// Longest time after its request at which an event of a stream is believed to have come.
const DAY_US: f64 = 86_400e6;

/// The reads of a stream of which the browser kept the events, if each has its time.
fn reads_of(messages: &[Message], begun: &str) -> Option<Vec<(Micros, Vec<u8>)>> {
    let begun = chrono::DateTime::parse_from_rfc3339(begun).ok()?.timestamp_micros();
    messages.iter().map(|message| Some((message.at(begun)?, message.block()))).collect()
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    headers: Vec<Pair>,
    post_data: Option<PostData>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PostData {
    text: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Response {
    status: i32,
    headers: Vec<Pair>,
    content: Content,
    #[serde(rename = "_error")]
    error: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Content {
    mime_type: Option<String>,
    text: Option<String>,
    encoding: Option<String>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    value: String,
}

/// Milliseconds; negative or missing where a phase did not happen. `ssl` is a part of `connect`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Timings {
    blocked: Option<f64>,
    dns: Option<f64>,
    connect: Option<f64>,
    send: Option<f64>,
    wait: Option<f64>,
    receive: Option<f64>,
}

impl Timings {
    /// Milliseconds until the head, and until the end, if the entry has times.
    fn head_and_end(&self, time: Option<f64>) -> Option<(Micros, Micros)> {
        let phase = |phase: Option<f64>| phase.filter(|ms| ms.is_finite() && *ms > 0.0);
        let before: f64 = [self.blocked, self.dns, self.connect, self.send].into_iter().filter_map(phase).sum();
        let head = before + phase(self.wait)?;
        let end = phase(self.receive).map(|receive| head + receive).or(phase(time)).unwrap_or(head).max(head);
        let micros = |ms: f64| Micros((ms * 1e3).round() as u64);
        Some((micros(head), micros(end)))
    }
}

fn exchange(entry: &RawValue, index: u32) -> Result<Exchange, ImportError> {
    let place = |field: &str| format!("log.entries[{index}]{field}");
    let HarEntry { started_date_time, time, request, response, timings, messages } =
        serde_json::from_str(entry.get()).map_err(|error| ImportError::Entry {
            place: format!("{}, line {}, column {} of it", place(""), error.line(), error.column()),
            reason: reason(&error),
            hint: "the other entries are judged; HAR 1.2 says what an entry looks like",
        })?;
    let Content { mime_type, text, encoding } = response.content;
    let mut headers: Vec<_> = pairs(response.headers).map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let no_text = text.as_ref().is_none_or(String::is_empty);
    let missing = text.is_none() && messages.is_empty();
    let body = body(text.unwrap_or_default(), encoding.as_deref(), &place(".response.content"))?;
    // The archive mostly has what the browser made of the body, its encoding undone; some tools keep the bytes as they came.
    if encoding.is_none() || crate::session::head::is_plain(&body) {
        headers.retain(|(name, _)| name != "content-encoding");
    }
    if let Some(mime_type) = mime_type.filter(|mime_type| !mime_type.is_empty())
        && !headers.iter().any(|(name, _)| name == "content-type")
    {
        headers.push(("content-type".into(), mime_type));
    }
    let clock = timings.head_and_end(time);
    let (head, mut end) = clock.unwrap_or_default();
    let mut remarks: Vec<String> = clock.map(|_| TIMES.to_owned()).into_iter().collect();
    let mut body = Body::Whole(body);
    if no_text && !messages.is_empty() {
        remarks = vec![EVENTS.to_owned()];
        body = match reads_of(&messages, &started_date_time).filter(|_| clock.is_some()) {
            Some(reads) => {
                end = end.max(reads.last().map_or(end, |(at, _)| *at));
                Body::Reads(reads)
            }
            None => Body::Whole(messages.iter().flat_map(Message::block).collect()),
        };
    }
    let status = u16::try_from(response.status).ok().filter(|status| *status > 0);
    let exchange = Exchange {
        wall: started_date_time,
        dialect: None,
        clocked: clock.is_some(),
        method: request.method,
        url: request.url,
        headers: pairs(request.headers).filter(|(name, _)| !name.starts_with(':')).collect(),
        request: request.post_data.and_then(|data| data.text).unwrap_or_default(),
        heads: status.map(|status| (head, Head { status, headers })).into_iter().collect(),
        body,
        end: (end, how_it_ended(status, response.error)),
        remarks,
    };
    if missing && status == Some(200) && exchange.is_of_a_model() {
        return Err(ImportError::Entry {
            place: place(".response.content.text"),
            reason: "the body of the answer is missing".into(),
            hint: "save the archive with content, once the stream has ended; some browsers keep no streams",
        });
    }
    Ok(exchange)
}

const TIMES: &str = "the HAR tells when the answer began and ended, not when its parts came: the text stands where it began";

const EVENTS: &str = "the HAR keeps the events of the stream, not its bytes: comments and line ends are lost";

fn pairs(pairs: Vec<Pair>) -> impl Iterator<Item = (String, String)> {
    pairs.into_iter().map(|Pair { name, value }| (name, value))
}

fn how_it_ended(status: Option<u16>, error: Option<String>) -> End {
    match (status, error.filter(|error| !error.is_empty())) {
        (None, error) => End::Error { class: TransportError::Connect, message: error.unwrap_or_else(|| "no answer".into()) },
        (Some(_), Some(_)) => End::Reset,
        (Some(_), None) => End::Eof,
    }
}

/// The body's bytes. Polly.js keeps a binary body as a JSON array of base64 pieces in the text.
fn body(text: String, encoding: Option<&str>, place: &str) -> Result<Vec<u8>, ImportError> {
    if encoding != Some("base64") {
        return Ok(text.into_bytes());
    }
    let pieces = serde_json::from_str::<Vec<String>>(&text).unwrap_or_else(|_| vec![text]);
    decode(pieces.iter().map(String::as_str)).map_err(|error| ImportError::Entry {
        place: format!("{place}.text"),
        reason: format!("it is said to be base64 and is not: {error}"),
        hint: "the other entries are judged; save this one again",
    })
}

/// The bytes of base64 pieces; white space in them is nothing.
pub fn decode<'a>(pieces: impl Iterator<Item = &'a str>) -> Result<Vec<u8>, base64::DecodeError> {
    let mut bytes = Vec::new();
    for piece in pieces {
        let piece: Vec<u8> = piece.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        BASE64.decode_vec(piece, &mut bytes)?;
    }
    Ok(bytes)
}
