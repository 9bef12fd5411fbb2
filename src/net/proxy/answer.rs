//! From a client's request to the upstream and back, byte for byte.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Frame, Incoming},
    ext::ReasonPhrase,
    header::{CONNECTION, CONTENT_TYPE, HeaderValue},
    http::request::Parts,
};
use serde_json::json;

use super::{
    Event, Shared,
    admission::{self, Refusal},
    call::Observer,
    headers,
};
use crate::{
    core::input::{End, OurEnd},
    net::client::transport,
};

/// Largest request body that is passed on, in bytes.
pub const BODY_LIMIT: usize = 64 << 20;

/// How long a client may take to receive what came before the upstream cut the connection, before its own is cut.
const LAST_WORDS: Duration = Duration::from_millis(50);

pub type Body = UnsyncBoxBody<Bytes, Cut>;

/// The upstream cut the connection, or whoever watches ended the call, so the client's connection is cut too.
#[derive(Debug, thiserror::Error)]
#[error("the call was cut")]
pub struct Cut;

/// Answers one request. An error cuts the client's connection.
pub async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Body>, Cut> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    match admitted(request, &shared).await {
        Ok((parts, body)) => pass_on(&parts, body, &shared).await,
        Err(refusal) => {
            let response = own(refusal.status, &refusal.reason);
            shared.tell(Event::Refused { method: method.to_string(), path, reason: refusal.reason });
            Ok(response)
        }
    }
}

/// The request, checked and read whole.
async fn admitted(request: Request<Incoming>, shared: &Shared) -> Result<(Parts, Bytes), Refusal> {
    admission::check(request.method(), request.uri(), request.headers(), shared.port)?;
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let reason =
                format!("the request body is larger than {} MiB; hint: send large files around the proxy", BODY_LIMIT >> 20);
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, reason)
        } else {
            Refusal::new(StatusCode::BAD_REQUEST, format!("the request body cannot be read: {error}"))
        }
    })?;
    Ok((parts, body.to_bytes()))
}

async fn pass_on(parts: &Parts, body: Bytes, shared: &Shared) -> Result<Response<Body>, Cut> {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let Some(url) = shared.upstream.url(target) else {
        return Ok(own(StatusCode::BAD_REQUEST, "the path leads to no URL of the upstream; hint: write it out"));
    };
    let sent = headers::of_request(&parts.headers);
    // Only what has a body to answer is a session: lists of models and the like pass through.
    let observed = parts.method == Method::POST;
    let mut observer = observed.then(|| shared.observe((parts, &body), &sent));
    let asked = shared.http.request(parts.method.clone(), url).headers(sent);
    let asked = if body.is_empty() && !observed { asked } else { asked.body(body) };
    let sending = asked.send();
    let answer = match &mut observer {
        Some(observer) => tokio::select! {
            answer = sending => answer,
            () = observer.cancelled() => return Err(Cut),
        },
        None => sending.await,
    };
    if observer.is_none() {
        let status = answer.as_ref().map(|answer| answer.status().as_u16()).ok();
        shared.tell(Event::Passed { method: parts.method.to_string(), path: parts.uri.path().to_owned(), status });
    }
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let end = transport::classify(&error);
            let failed = failed(&end, &shared.upstream.base_url());
            if let Some(observer) = &mut observer {
                observer.end(end);
            }
            return failed;
        }
    };
    if let Some(observer) = &observer {
        observer.head(answer.status().as_u16(), answer.headers());
    }
    Ok(relayed(answer, observer, parts.method == Method::HEAD))
}

/// The upstream's answer, whose body the client gets as it comes.
fn relayed(answer: reqwest::Response, mut observer: Option<Observer>, head_only: bool) -> Response<Body> {
    let status = answer.status();
    let left = answer.content_length();
    let mut response = Response::new(UnsyncBoxBody::default());
    *response.status_mut() = status;
    *response.headers_mut() = headers::end_to_end(answer.headers());
    if let Some(reason) = answer.extensions().get::<ReasonPhrase>() {
        response.extensions_mut().insert(reason.clone());
    }
    if head_only || left == Some(0) || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        // Nobody asks for a body that cannot be.
        if let Some(observer) = &mut observer {
            observer.end(End::Eof);
        }
        return response;
    }
    let relay = Relay { answer, observer, left, cut: false };
    let frames = stream::unfold(relay, Relay::next);
    response.map(|_: Body| StreamBody::new(frames).boxed_unsync())
}

/// A body on its way. Dropped early, it ends the upstream's connection too.
struct Relay {
    answer: reqwest::Response,
    observer: Option<Observer>,
    /// Bytes to come, where the upstream said how many.
    left: Option<u64>,
    cut: bool,
}

impl Relay {
    /// The next read. Called when the client can take one.
    async fn next(mut self) -> Option<(Result<Frame<Bytes>, Cut>, Relay)> {
        if self.cut {
            return None;
        }
        if let Some(observer) = &self.observer {
            observer.asked();
        }
        loop {
            let read = self.answer.chunk();
            let read = match &mut self.observer {
                Some(observer) => tokio::select! {
                    // First, so that a stream that never pauses can be cancelled too.
                    biased;
                    () = observer.cancelled() => {
                        self.observer = None;
                        self.cut = true;
                        return Some((Err(Cut), self));
                    }
                    read = read => read,
                },
                None => read.await,
            };
            match read {
                Ok(Some(bytes)) if bytes.is_empty() => {}
                Ok(Some(bytes)) => {
                    self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
                    if let Some(observer) = &mut self.observer {
                        observer.bytes(&bytes);
                        // Nobody asks for more than what was announced.
                        if self.left == Some(0) {
                            observer.end(End::Eof);
                        }
                        observer.given();
                    }
                    return Some((Ok(Frame::data(bytes)), self));
                }
                Ok(None) => {
                    if let Some(observer) = &mut self.observer {
                        observer.end(End::Eof);
                    }
                    return None;
                }
                Err(error) => {
                    if let Some(observer) = &mut self.observer {
                        observer.end(transport::classify(&error));
                    }
                    // The server would drop what it has not written yet.
                    tokio::time::sleep(LAST_WORDS).await;
                    self.cut = true;
                    return Some((Err(Cut), self));
                }
            }
        }
    }
}

/// What the client gets when the upstream does not answer at all.
fn failed(end: &End, upstream: &str) -> Result<Response<Body>, Cut> {
    let (status, reason) = match end {
        End::Reset => return Err(Cut),
        End::Us(OurEnd::ConnectTimeout) => (StatusCode::GATEWAY_TIMEOUT, "no connection within the connect timeout".to_owned()),
        End::Error { message, .. } => (StatusCode::BAD_GATEWAY, message.clone()),
        End::Eof | End::Us(_) => (StatusCode::BAD_GATEWAY, "no answer".to_owned()),
    };
    Ok(own(status, &format!("{upstream} cannot be reached: {reason}; hint: check the proxy's upstream URL and the network")))
}

/// An answer of the proxy itself, in the form in which most providers give errors.
fn own(status: StatusCode, reason: &str) -> Response<Body> {
    let value = json!({"error": {"type": "stutterscope_proxy", "message": format!("stutterscope: {reason}")}});
    let body = Full::new(Bytes::from(format!("{value}\n"))).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        // The rest of the request may lie unread.
        (CONNECTION, HeaderValue::from_static("close")),
    ]);
    response
}
