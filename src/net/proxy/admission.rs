//! Who may call: programs of this machine that mean this proxy, and no page of the web that found a way to it.
//!
//! A page can make a browser send requests here, under a name of its own that it lets point to the loopback address. Such a
//! request names that host, or comes from that origin; both are checked.

use std::net::IpAddr;

use hyper::{
    HeaderMap, Method, StatusCode, Uri,
    header::{HOST, HeaderValue, ORIGIN},
};

/// Why a call is not passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status it is answered with.
    pub status: StatusCode,
    /// The reason, with a hint.
    pub reason: String,
}

impl Refusal {
    /// A refusal with `status`.
    pub fn new(status: StatusCode, reason: impl Into<String>) -> Refusal {
        Refusal { status, reason: reason.into() }
    }
}

/// Checks a call's head, for a proxy that listens on `port` of the loopback interface.
///
/// # Errors
/// Why the call is refused.
pub fn check(method: &Method, uri: &Uri, headers: &HeaderMap, port: u16) -> Result<(), Refusal> {
    let forbidden = |reason: String| Refusal::new(StatusCode::FORBIDDEN, reason);
    let hosts: Vec<_> = headers.get_all(HOST).iter().collect();
    let [host] = hosts[..] else {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "a call must have one Host header; hint: speak HTTP/1.1"));
    };
    if !host.to_str().is_ok_and(|host| is_here(host, port)) {
        return Err(forbidden(format!("the Host header names {}; hint: call 127.0.0.1:{port} or localhost:{port}", shown(host))));
    }
    if let Some(origin) = headers.get_all(ORIGIN).iter().find(|origin| !origin.to_str().is_ok_and(is_local_origin)) {
        let origin = shown(origin);
        return Err(forbidden(format!("the page at {origin} may not call this proxy; hint: serve it from localhost")));
    }
    // A browser leaves the origin out of some requests, but not this.
    let cross_site = headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"cross-site");
    if cross_site && !headers.contains_key(ORIGIN) {
        return Err(forbidden("a page of another site may not call this proxy; hint: serve it from localhost".into()));
    }
    target(method, uri)
}

/// Checks that the request line gives a path, and nothing but a path.
fn target(method: &Method, uri: &Uri) -> Result<(), Refusal> {
    let bad = |reason: &str| Refusal::new(StatusCode::BAD_REQUEST, reason);
    if *method == Method::CONNECT || uri.scheme().is_some() || uri.authority().is_some() || !uri.path().starts_with('/') {
        return Err(bad("the request line must hold a path; hint: use this proxy as a base URL, not as an HTTP proxy"));
    }
    let dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if uri.path().contains('\\') || uri.path().split('/').any(dots) {
        return Err(bad("the path leads elsewhere by `.`, `..` or a backslash; hint: write it out"));
    }
    Ok(())
}

fn shown(value: &HeaderValue) -> String {
    format!("`{}`", String::from_utf8_lossy(value.as_bytes()))
}

/// True for a Host header that means this proxy.
fn is_here(host: &str, port: u16) -> bool {
    let (name, given) = split_port(host);
    is_loopback(name) && given.map_or(port == 80, |given| given == port.to_string())
}

/// True for an Origin header of a page or program on this machine.
fn is_local_origin(origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, host)| {
        let (name, port) = split_port(host);
        is_loopback(name) && port.is_none_or(|port| port.parse::<u16>().is_ok())
    })
}

/// A host and its port, if it has one. An IPv6 address stands in brackets.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

fn is_loopback(name: &str) -> bool {
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn checked(line: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let (method, target) = line.split_once(' ').unwrap();
        let pairs = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append::<hyper::header::HeaderName>(name, value);
        }
        let result = check(&method.parse().unwrap(), &target.parse().unwrap(), &map, 4000);
        result.err().map(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn only_this_machine_is_named_as_the_host() {
        for host in ["127.0.0.1:4000", "localhost:4000", "LOCALHOST:4000", "[::1]:4000", "127.9.9.9:4000"] {
            assert_eq!(checked("POST /v1/x", &[("host", host)]), None, "{host}");
        }
        for host in [
            "evil.example:4000",
            "127.0.0.1",
            "127.0.0.1:4001",
            "localhost.evil.example:4000",
            "127.0.0.1.evil:4000",
            "",
            "[::2]:4000",
        ] {
            assert_eq!(checked("POST /v1/x", &[("host", host)]), Some(403), "{host}");
        }
        assert_eq!(checked("POST /v1/x", &[]), Some(400));
        assert_eq!(checked("POST /v1/x", &[("host", "localhost:4000"), ("host", "evil.example")]), Some(400));
    }

    #[test]
    fn only_pages_of_this_machine_may_call() {
        let host = ("host", "localhost:4000");
        for origin in ["http://localhost:3000", "http://127.0.0.1:5173", "https://[::1]", "http://localhost", "tauri://localhost"] {
            assert_eq!(checked("POST /v1/x", &[host, ("origin", origin)]), None, "{origin}");
        }
        for origin in ["https://evil.example", "null", "", "http://localhost.evil.example", "http://localhost:3000.evil.example"] {
            assert_eq!(checked("POST /v1/x", &[host, ("origin", origin)]), Some(403), "{origin}");
        }
        let site = ("sec-fetch-site", "cross-site");
        assert_eq!(checked("GET /v1/models", &[host, site]), Some(403));
        assert_eq!(checked("GET /v1/models", &[host, site, ("origin", "http://localhost:3000")]), None);
    }

    #[test]
    fn the_request_line_holds_a_path() {
        let host = [("host", "localhost:4000")];
        for line in ["POST /v1/x?a=../b", "GET /", "GET //b/..x", "POST /v1beta/models/m:streamGenerateContent?alt=sse"] {
            assert_eq!(checked(line, &host), None, "{line}");
        }
        for line in [
            "GET http://evil.example/x",
            "CONNECT evil.example:443",
            "OPTIONS *",
            "GET /v1/../x",
            "GET /v1/%2E./x",
            "GET /a\\..\\b",
        ] {
            assert_eq!(checked(line, &host), Some(400), "{line}");
        }
    }
}
