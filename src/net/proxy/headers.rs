//! Which headers are passed on: those between the two ends, not those of one connection (RFC 9110, 7.6.1).

use hyper::{
    HeaderMap,
    header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName},
};

/// Headers that concern one connection even if it does not name them.
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// A call's headers as they are sent on. Host and length are the new request's own, and a client that waited for a `100 Continue`
/// has had it.
pub fn of_request(headers: &HeaderMap) -> HeaderMap {
    let mut passed = end_to_end(headers);
    for own in [HOST, CONTENT_LENGTH, EXPECT] {
        passed.remove(own);
    }
    passed
}

/// The headers of a call or an answer without those of the connection it came by. The others keep their order and number.
pub fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let passes = |name: &HeaderName| !HOP_BY_HOP.contains(&name.as_str()) && !named.contains(name);
    headers.iter().filter(|(name, _)| passes(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Headers as a recording holds them, secrets and all.
pub fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn map(headers: &[(&str, &str)]) -> HeaderMap {
        headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn what_concerns_one_connection_stays_there() {
        let answer = map(&[
            ("connection", "keep-alive, x-hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-type", "text/event-stream"),
            ("content-encoding", "gzip"),
        ]);
        assert_eq!(end_to_end(&answer), map(&[("content-type", "text/event-stream"), ("content-encoding", "gzip")]));
        let mut several = map(&[("x-a", "1")]);
        several.append("x-a", "2".parse().unwrap());
        assert_eq!(end_to_end(&several), several);
        let call =
            map(&[("host", "localhost:1"), ("content-length", "2"), ("expect", "100-continue"), ("authorization", "Bearer k")]);
        assert_eq!(of_request(&call), map(&[("authorization", "Bearer k")]));
    }
}
