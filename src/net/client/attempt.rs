//! One HTTP exchange.

use crate::{
    core::{
        desk::retry::retry_after,
        error::Fault,
        input::{End, Head, OurEnd, What},
    },
    net::{
        client::{gate::Held, transport::classify, watch::Watch, wire::Wire},
        request::RequestSpec,
    },
};

/// How an attempt ended; the `End` is not pushed yet.
pub struct Finished {
    /// The end.
    pub end: End,
    /// What went wrong, if anything did.
    pub fault: Option<Fault>,
    /// True if a byte of a 2xx body was read: from there on the attempt cannot be repeated unseen.
    pub answered: bool,
    /// The provider's Retry-After in microseconds.
    pub retry_after_us: Option<u64>,
    /// Microseconds from the attempt's start to its first content, if any came.
    pub ttft_us: Option<u64>,
    /// True if the answer stuttered or looped and the Desk wants to know.
    pub stuttered: bool,
}

impl Finished {
    /// An attempt that came to nothing.
    pub fn failed(end: End) -> Finished {
        Finished { fault: Fault::of_end(&end), end, answered: false, retry_after_us: None, ttft_us: None, stuttered: false }
    }
}

/// Sends the request, with the permit that is `held`, and pushes head and body as they come.
pub async fn run(http: &reqwest::Client, spec: &RequestSpec, wire: &mut Wire, held: &Held<'_>) -> Finished {
    let (begun, suspended) = (wire.log.now(), wire.log.suspended());
    let Ok(headers) = spec.header_map() else { return Finished::failed(End::Us(OurEnd::Invalid)) };
    let request = http.post(spec.url()).headers(headers).body(spec.body.clone()).send();
    let mut response = match wire.guard(request).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Finished::failed(classify(&error)),
        Err(end) => return Finished::failed(End::Us(end)),
    };
    let mut head = head_of(&response);
    wire.secrets.mask_headers(&mut head.headers);
    let retry_after_us = retry_after(&head.headers, Some(chrono::Utc::now()));
    let success = response.status().is_success();
    let judge = held.gate.config().stutter_is_slow;
    let mut watch = Watch::new(spec.start(String::new()), judge);
    let at = wire.push(What::Head(head.clone()));
    watch.head(at, head);

    let mut answered = false;
    let mut ttft_us = None;
    let end = loop {
        match wire.guard(response.chunk()).await {
            Ok(Ok(Some(bytes))) if bytes.is_empty() => {}
            Ok(Ok(Some(bytes))) => {
                let mut bytes = Vec::from(bytes);
                wire.secrets.mask_read(&mut bytes);
                let at = wire.push(What::Bytes(bytes.clone()));
                answered |= success;
                watch.bytes(at, bytes);
                if watch.has_content() && ttft_us.is_none() {
                    let paused = wire.log.suspended().since(suspended);
                    ttft_us = Some(at.since(begun).since(paused).0);
                    if let Some(record) = held.first_content() {
                        wire.push(What::Gate(record));
                    }
                }
            }
            Ok(Ok(None)) => break End::Eof,
            Ok(Err(error)) => break classify(&error),
            Err(end) => break End::Us(end),
        }
    };
    let fault = watch.fault(wire.log.now(), &end);
    Finished { fault, end, answered, retry_after_us, ttft_us, stuttered: watch.stuttered() }
}

fn head_of(response: &reqwest::Response) -> Head {
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Head { status: response.status().as_u16(), headers: headers.collect() }
}
