//! Requests to responses: which path speaks which dialect, and what is wrong with a request that is refused.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Frame, Incoming},
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{State, Write, raw::RawResponse, render};
use crate::{
    core::dialect::{self, DialectInfo},
    net::demo::{
        scenarios,
        script::{Close, Play, Scenario},
    },
};

/// Largest request body that is read, in bytes.
const BODY_LIMIT: usize = 16 << 20;

/// The dialects that are spoken.
pub const DIALECTS: &[&str] = &["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"];

/// Around the model's name in Gemini's path.
const GEMINI: (&str, &str) = ("/v1beta/models/", ":streamGenerateContent");

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Answers one request, or hands the connection over to be written by hand and never returns.
pub async fn answer(
    request: Request<Incoming>,
    state: Arc<State>,
    takeover: mpsc::Sender<RawResponse>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().trim_end_matches('/').to_owned();
    let speaks = match (request.method().clone(), path.as_str()) {
        (Method::GET, "") => return Ok(whole(StatusCode::OK, &overview(&state))),
        (Method::GET, "/v1/models") => return Ok(whole(StatusCode::OK, &models())),
        (Method::POST, "/v1/chat/completions") => "openai-chat",
        (Method::POST, "/v1/responses") => "openai-responses",
        (Method::POST, "/v1/messages") => "anthropic",
        (Method::POST, path) if path.starts_with(GEMINI.0) && path.ends_with(GEMINI.1) => "gemini",
        (Method::POST, "/api/chat" | "/api/generate") => "ollama",
        (method, _) => {
            let message = format!("{method} {path} is not served here; hint: GET / lists what is");
            return Ok(whole(StatusCode::NOT_FOUND, &json!({"error": {"type": "not_found_error", "message": message}})));
        }
    };
    let Some(dialect) = dialect::by_id(speaks) else {
        return Ok(refuse(StatusCode::NOT_IMPLEMENTED, speaks, "api_error", &format!("the dialect {speaks} is not built in")));
    };
    let array = speaks == "gemini" && request.uri().query().is_none_or(|query| query.split('&').all(|field| field != "alt=sse"));
    let scenario = match wanted(request, dialect).await {
        Ok(scenario) => scenario,
        Err((status, message)) => return Ok(refuse(status, speaks, "invalid_request_error", &message)),
    };
    let number = state.number(scenario);
    let play = &scenario.plays[(number % scenario.plays.len() as u64) as usize];
    match play {
        Play::Refuse { status, retry_after, kind, message } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = refuse(status, speaks, kind, message);
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Ok(response)
        }
        Play::Stream { steps, close } => {
            let mut writes = render(scenario.name, number, steps, dialect);
            if path.ends_with("/api/generate") {
                writes.iter_mut().for_each(|write| write.bytes = generated(&write.bytes));
            }
            let content_type = if array { "application/json" } else { dialect.content_type };
            if array {
                as_array(&mut writes, *close == Close::Whole);
            }
            if *close == Close::Whole {
                return Ok(streamed(content_type, writes, state));
            }
            let raw = RawResponse { content_type, writes, close: *close };
            // The connection is taken away from hyper while this waits; if its task is gone, so is this one.
            let _ = takeover.send(raw).await;
            std::future::pending().await
        }
    }
}

/// Gemini's events as the elements of one array, as it sends them without `alt=sse`; closed if the answer is `whole`.
fn as_array(writes: &mut [Write], whole: bool) {
    let mut opened = false;
    for write in &mut *writes {
        let mut out = Vec::with_capacity(write.bytes.len());
        let mut rest = write.bytes.as_slice();
        while !rest.is_empty() {
            let end = memchr::memmem::find(rest, b"\r\n\r\n").unwrap_or(rest.len());
            let (event, after) = rest.split_at(end);
            rest = after.get(4..).unwrap_or_default();
            if let Some(element) = event.strip_prefix(b"data: ") {
                out.extend_from_slice(if std::mem::replace(&mut opened, true) { b",\r\n" } else { b"[" });
                out.extend_from_slice(element);
            } else {
                out.extend_from_slice(event);
            }
        }
        write.bytes = out;
    }
    if let Some(last) = writes.last_mut().filter(|_| whole) {
        last.bytes.extend_from_slice(if opened { b"]" } else { b"[]" });
    }
}

/// Ollama's chat lines as its generate endpoint writes them: the message's fields in the line itself, its content as `response`.
///
/// No string of JSON holds the pieces that are replaced, because a quote inside one is escaped.
fn generated(bytes: &[u8]) -> Vec<u8> {
    let flat = replaced(bytes, br#""message":{"role":"assistant","content":"#, br#""response":"#);
    replaced(&flat, br#"},"done"#, br#","done"#)
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut copied = 0;
    for at in memchr::memmem::find_iter(bytes, from) {
        out.extend_from_slice(&bytes[copied..at]);
        out.extend_from_slice(to);
        copied = at + from.len();
    }
    out.extend_from_slice(&bytes[copied..]);
    out
}

/// The scenario that a request asks for, or the status and message of its refusal.
async fn wanted(request: Request<Incoming>, dialect: &DialectInfo) -> Result<&'static Scenario, (StatusCode, String)> {
    let uri = request.uri().clone();
    let body = Limited::new(request.into_body(), BODY_LIMIT).collect().await;
    let body = body.map_err(|error| (StatusCode::BAD_REQUEST, format!("the request body cannot be read: {error}")))?.to_bytes();
    let body: Value = serde_json::from_slice(&body)
        .map_err(|error| (StatusCode::BAD_REQUEST, format!("the request body is not JSON: {error}")))?;
    let streams = match body.get("stream") {
        Some(stream) => stream.as_bool().unwrap_or(false),
        // Ollama streams unless told not to; Gemini's path says it.
        None => matches!(dialect.id, "ollama" | "gemini"),
    };
    if !streams {
        return Err((StatusCode::BAD_REQUEST, "the demo provider only streams; hint: set \"stream\": true".into()));
    }
    let model = match dialect.id {
        "gemini" => model_in(uri.path()),
        _ => body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    let name = if model.is_empty() || model == "demo" { scenarios::OPENER } else { &model };
    scenarios::by_name(name).ok_or_else(|| {
        let names: Vec<_> = scenarios::all().map(|scenario| format!("demo/{}", scenario.name)).collect();
        (StatusCode::NOT_FOUND, format!("there is no model `{model}`; hint: use one of {}", names.join(", ")))
    })
}

/// The model's name in Gemini's path; clients escape the slash in it, or do not.
fn model_in(path: &str) -> String {
    let name = path.strip_prefix(GEMINI.0).and_then(|rest| rest.trim_end_matches('/').strip_suffix(GEMINI.1));
    name.unwrap_or_default().replace("%2F", "/").replace("%2f", "/")
}

/// A response that plays `writes` in their own time.
fn streamed(content_type: &'static str, writes: Vec<Write>, state: Arc<State>) -> Response<Body> {
    let begun = Instant::now();
    let frames = stream::unfold((writes.into_iter(), state), move |(mut writes, state)| async move {
        let write = writes.next()?;
        sleep_until(begun + state.scaled(write.at_us)).await;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(write.bytes))), (writes, state)))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// An error in the form of the dialect.
fn refuse(status: StatusCode, dialect: &str, kind: &str, message: &str) -> Response<Body> {
    let value = match dialect {
        "anthropic" => json!({"type": "error", "error": {"type": kind, "message": message}}),
        "ollama" => json!({"error": message}),
        "gemini" => json!({"error": {"code": status.as_u16(), "message": message, "status": kind}}),
        _ => json!({"error": {"message": message, "type": kind, "param": null, "code": null}}),
    };
    whole(status, &value)
}

fn whole(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{value}\n"))).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The list of scenarios, with how often each was asked for.
fn overview(state: &State) -> Value {
    let scenarios: Vec<_> = scenarios::all()
        .zip(&state.requests)
        .map(|(scenario, requests)| {
            json!({
                "model": format!("demo/{}", scenario.name),
                "title": scenario.title,
                "class": scenario.class.map(|class| class.name()),
                "requests": requests.load(std::sync::atomic::Ordering::Relaxed),
            })
        })
        .collect();
    let gemini = format!("{}{{model}}{}?alt=sse", GEMINI.0, GEMINI.1);
    let paths = ["/v1/chat/completions", "/v1/responses", "/v1/messages", &gemini, "/api/chat", "/api/generate", "/v1/models"];
    json!({"paths": paths, "scenarios": scenarios})
}

/// The scenarios as OpenAI lists models.
fn models() -> Value {
    let data: Vec<_> = scenarios::all()
        .map(|scenario| json!({"id": format!("demo/{}", scenario.name), "object": "model", "created": super::EPOCH, "owned_by": "demo"}))
        .collect();
    json!({"object": "list", "data": data})
}
