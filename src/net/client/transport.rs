//! The HTTP client and what its errors mean.

use std::{error::Error, io, sync::Once, time::Duration};

use crate::{
    core::{
        input::{End, OurEnd, TransportError},
        time::Micros,
    },
    net::request::RequestSpec,
};

/// A client for the attempts of one session.
pub fn client(spec: &RequestSpec) -> reqwest::Result<reqwest::Client> {
    let url = reqwest::Url::parse(&spec.url()).ok();
    builder(url.as_ref(), spec.timeouts.connect).user_agent(concat!("stutterscope/", env!("CARGO_PKG_VERSION"))).build()
}

/// What every client has in common that asks `url`. Redirects are not followed: a key must not follow them.
pub fn builder(url: Option<&reqwest::Url>, connect_timeout: Option<Micros>) -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    // An error only says that somebody else installed one first.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let mut builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).tcp_nodelay(true);
    if let Some(connect) = connect_timeout {
        builder = builder.connect_timeout(Duration::from_micros(connect.0));
    }
    if url.is_some_and(|url| url.scheme() == "http") {
        // Plain HTTP must also work on a system without a certificate store.
        builder = builder.tls_certs_only([]);
    }
    if url.and_then(|url| url.host_str()).is_some_and(is_local) {
        builder = builder.no_proxy();
    }
    builder
}

/// True for this machine, to which no proxy can lead.
pub fn is_local(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// How an exchange ended that failed with `error`.
pub fn classify(error: &reqwest::Error) -> End {
    if error.is_connect() && error.is_timeout() {
        return End::Us(OurEnd::ConnectTimeout);
    }
    if !error.is_connect() && was_cut(error) {
        return End::Reset;
    }
    let class = if error.is_dns() {
        TransportError::Dns
    } else if causes(error).any(|cause| cause.is::<rustls::Error>()) || error.is_builder() {
        TransportError::Tls
    } else if error.is_connect() {
        TransportError::Connect
    } else if causes(error).any(|cause| cause.downcast_ref().is_some_and(io_is_protocol) || is_protocol(cause)) {
        TransportError::Protocol
    } else {
        TransportError::Io
    };
    End::Error { class, message: words(error) }
}

fn is_protocol(cause: &(dyn Error + 'static)) -> bool {
    cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
}

fn io_is_protocol(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
}

/// True if the peer went away, politely or not, before the body was complete.
fn was_cut(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let cut = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
            )
        };
        cause.downcast_ref::<hyper::Error>().is_some_and(|error| error.is_incomplete_message() || error.is_closed())
            || cause.downcast_ref::<io::Error>().is_some_and(cut)
    })
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source())
}

/// The innermost cause says it best; the outer ones repeat the URL.
fn words(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}
