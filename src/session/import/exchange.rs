//! One exchange of a capture that holds requests and answers, and the session it becomes.

use serde_json::Value;

use super::{body::Chunks, start};
use crate::{
    core::{
        dialect::{self, FrameView},
        input::{End, Head, Input, Origin, PauseCause, Start, What},
        time::Micros,
    },
    session::redact::{SECRET_HEADERS, Secrets},
};

/// A request and its answer, as a capture tells of them: secrets are not masked yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Wall time of its beginning in RFC 3339, empty if unknown.
    pub wall: String,
    /// True if the stamps are times.
    pub clocked: bool,
    /// Dialect of the answer, if the file says so.
    pub dialect: Option<&'static str>,
    /// Method of the request, empty if unknown.
    pub method: String,
    /// Its URL.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub request: String,
    /// Heads of the answer, interim ones first.
    pub heads: Vec<(Micros, Head)>,
    /// Body of the answer.
    pub body: Body,
    /// How and when it ended.
    pub end: (Micros, End),
    /// What there is to know about how it was captured.
    pub remarks: Vec<String>,
}

/// Body of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// All of it, at one time or none.
    Whole(Vec<u8>),
    /// Reads with their times.
    Reads(Vec<(Micros, Vec<u8>)>),
}

impl Default for Exchange {
    fn default() -> Exchange {
        Exchange {
            wall: String::new(),
            clocked: false,
            dialect: None,
            method: String::new(),
            url: String::new(),
            headers: Vec::new(),
            request: String::new(),
            heads: Vec::new(),
            body: Body::Whole(Vec::new()),
            end: (Micros::ZERO, End::Eof),
            remarks: Vec::new(),
        }
    }
}

impl Body {
    /// The first bytes: all of a whole body, the first read of another.
    fn beginning(&self) -> &[u8] {
        match self {
            Body::Whole(bytes) => bytes,
            Body::Reads(reads) => reads.first().map_or(&[], |(_, bytes)| bytes),
        }
    }
}

impl Exchange {
    /// True if the answer is a stream, or by its address, its request or itself that of a model.
    pub fn is_of_a_model(&self) -> bool {
        let content_type = self.heads.last().and_then(|(_, head)| head.header("content-type")).unwrap_or_default();
        let streams = ["event-stream", "eventstream", "ndjson", "jsonl", "stream+json", "json-seq"];
        streams.iter().any(|part| content_type.contains(part))
            || dialect::by_url(&self.url).is_some()
            || asks_a_model(&self.request)
            || is_answer(self.body.beginning())
    }

    /// The inputs of the session, secrets masked.
    pub fn into_inputs(self) -> Vec<Input> {
        let mut secrets = self.secrets();
        let mut inputs = vec![Input { at: Micros::ZERO, what: What::Start(Box::new(self.start(&secrets))) }];
        let mut last = Micros::ZERO;
        let mut push = |at: Micros, what| {
            last = last.max(at);
            inputs.push(Input { at: last, what });
        };
        let mut answered = Micros::ZERO;
        for (at, mut head) in self.heads {
            secrets.mask_headers(&mut head.headers);
            answered = at;
            push(at, What::Head(head));
        }
        let (end, how) = self.end;
        match self.body {
            // Only head and end have times. The text stands at the head's, as early as it can have come, and nobody is blamed for
            // the time in which its parts came.
            Body::Whole(bytes) => {
                for mut bytes in Chunks::new(bytes, 0) {
                    secrets.mask_read(&mut bytes);
                    push(answered, What::Bytes(bytes));
                }
                if self.clocked && end > answered {
                    push(end, What::Paused { us: end.since(answered).0, cause: PauseCause::BackPressure });
                }
            }
            Body::Reads(reads) => {
                for (at, mut bytes) in reads {
                    secrets.mask_read(&mut bytes);
                    push(at, What::Bytes(bytes));
                }
            }
        }
        push(end, What::End(how));
        inputs
    }

    fn start(&self, secrets: &Secrets) -> Start {
        let mut headers = self.headers.clone();
        secrets.mask_headers(&mut headers);
        let url = secrets.mask_text(&format!("{} {}", self.method, self.url));
        Start {
            url: url.trim().to_owned(),
            dialect: self.dialect.map(str::to_owned),
            model: model(&self.request),
            headers,
            body: secrets.mask_text(&self.request),
            ..start(Origin::Capture, self.clocked, self.wall.clone())
        }
    }

    /// Values that are secret by the name of their header, query parameter or place in the URL.
    fn secrets(&self) -> Secrets {
        let headers = self.headers.iter().filter(|(name, _)| SECRET_HEADERS.contains(&name.to_ascii_lowercase().as_str()));
        // The scheme of an authorization is no part of the secret.
        let values = headers.map(|(_, value)| value.split_once(' ').map_or(value.as_str(), |(_, secret)| secret));
        let query = self.url.split_once('?').map_or("", |(_, query)| query);
        let query = query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(name, _)| is_secret_parameter(name));
        let authority = self.url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let password = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':')).map(|(_, password)| password);
        Secrets::new(values.chain(query.map(|(_, value)| value)).chain(password))
    }
}

/// True for query parameters whose value is a secret by its name.
fn is_secret_parameter(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "sig" || ["key", "token", "secret", "signature"].iter().any(|part| name.ends_with(part))
}

fn model(request: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Request {
        model: String,
    }
    serde_json::from_str(request).map(|Request { model }| model).unwrap_or_default()
}

/// True for a request body as the models of all providers take it.
fn asks_a_model(request: &str) -> bool {
    let Ok(Value::Object(request)) = serde_json::from_str(request) else { return false };
    ["messages", "contents"].iter().any(|key| request.get(*key).is_some_and(Value::is_array))
        || request.contains_key("model") && ["prompt", "input"].iter().any(|key| request.contains_key(*key))
}

/// True if some dialect recognises the first frame of `body`.
fn is_answer(body: &[u8]) -> bool {
    const PROBABLY: u8 = 2;
    let body = body.trim_ascii_start();
    let line =
        body.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data:").or(line.starts_with(b"{").then_some(line)));
    let score = |data: &[u8]| dialect::by_frame(&FrameView { data, ..FrameView::default() }).map_or(0, |(_, score)| score);
    line.is_some_and(|line| score(line.trim_ascii()) >= PROBABLY) || body.starts_with(b"{") && score(body) >= PROBABLY
}
