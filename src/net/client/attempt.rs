//! One HTTP exchange.

use crate::{
    core::{
        desk::{Permit, retry::retry_after},
        error::Fault,
        input::{End, Head, OurEnd, What},
    },
    net::{
        client::{gate::Gate, transport::classify, watch::Watch, wire::Wire},
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
}

impl Finished {
    /// An attempt that came to nothing.
    pub fn failed(end: End) -> Finished {
        Finished { fault: Fault::of_end(&end), end, answered: false, retry_after_us: None }
    }
}

/// Sends the request and pushes head and body as they come.
pub async fn run(http: &reqwest::Client, spec: &RequestSpec, wire: &mut Wire, gate: &Gate, permit: Permit) -> Finished {
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
    let mut watch = Watch::new(spec.start(String::new()));
    watch.head(&head);
    wire.push(What::Head(head));

    let mut answered = false;
    let mut told = false;
    let end = loop {
        match wire.guard(response.chunk()).await {
            Ok(Ok(Some(bytes))) if bytes.is_empty() => {}
            Ok(Ok(Some(bytes))) => {
                let mut bytes = Vec::from(bytes);
                wire.secrets.mask_read(&mut bytes);
                wire.push(What::Bytes(bytes.clone()));
                answered |= success;
                watch.bytes(&bytes);
                if watch.has_content() && !told {
                    told = true;
                    if let Some(record) = gate.first_content(permit) {
                        wire.push(What::Gate(record));
                    }
                }
            }
            Ok(Ok(None)) => break End::Eof,
            Ok(Err(error)) => break classify(&error),
            Err(end) => break End::Us(end),
        }
    };
    Finished { fault: watch.fault(&end), end, answered, retry_after_us }
}

fn head_of(response: &reqwest::Response) -> Head {
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Head { status: response.status().as_u16(), headers: headers.collect() }
}
