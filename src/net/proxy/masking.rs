//! A call's secrets: they pass through as they are, and are masked in what is recorded and shown.

use hyper::{HeaderMap, Uri};

use crate::{
    net::{proxy::headers, request::is_secret_header},
    session::redact::{SECRET_HEADERS, Secrets},
};

/// Names of query parameters (lower case) whose values are secret.
const SECRET_PARAMETERS: [&str; 8] = ["key", "api_key", "api-key", "apikey", "token", "access_token", "auth", "sig"];

/// The headers that a client sets on a call, as they are recorded, and the secrets that must not show anywhere else.
pub fn call_headers(sent: &HeaderMap, uri: &Uri) -> (Vec<(String, String)>, Secrets) {
    let mut listed = headers::listed(sent);
    let in_headers: Vec<String> = listed
        .iter()
        .filter(|(name, _)| is_secret(name))
        .flat_map(|(name, value)| values(name, value))
        .map(|value| value.trim().to_owned())
        .collect();
    let in_query = parameters(uri).filter(|(name, _)| is_secret_parameter(name)).map(|(_, value)| value);
    let secrets = Secrets::new(in_headers.iter().map(String::as_str).chain(in_query));
    secrets.mask_headers(&mut listed);
    for (_, value) in listed.iter_mut().filter(|(name, _)| is_secret(name) && !SECRET_HEADERS.contains(&name.as_str())) {
        // However short it is.
        *value = "*".repeat(value.len());
    }
    (listed, secrets)
}

/// The path and query of `uri`, secret parameters masked at their length.
pub fn target(uri: &Uri) -> String {
    let masked = parameters(uri).map(|(name, value)| match value {
        "" => name.to_owned(),
        value if is_secret_parameter(name) => format!("{name}={}", "*".repeat(value.len())),
        value => format!("{name}={value}"),
    });
    let query = masked.collect::<Vec<_>>().join("&");
    if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) }
}

/// What is secret in the value of a secret header: all of it, what follows an authorization's scheme, each cookie.
fn values<'a>(name: &str, value: &'a str) -> Vec<&'a str> {
    match name {
        "cookie" => value.split(';').map(|cookie| cookie.split_once('=').map_or(cookie, |(_, value)| value)).collect(),
        name if name.ends_with("authorization") => vec![value.split_once(' ').map_or(value, |(_, value)| value)],
        _ => vec![value],
    }
}

/// A key that only tells repeated calls apart is no secret.
fn is_secret(name: &str) -> bool {
    is_secret_header(name) && !name.contains("idempotency")
}

fn is_secret_parameter(name: &str) -> bool {
    SECRET_PARAMETERS.contains(&name.to_ascii_lowercase().as_str())
}

fn parameters(uri: &Uri) -> impl Iterator<Item = (&str, &str)> {
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_clients_secrets_are_masked_wherever_they_stand() {
        let check = |name: &str, value: &str, wanted: &str, body: &str, masked: &str| {
            let sent = [(name.parse::<hyper::header::HeaderName>().unwrap(), value.parse().unwrap())].into_iter().collect();
            let (headers, secrets) = call_headers(&sent, &Uri::from_static("/v1/x"));
            assert_eq!((headers[0].1.as_str(), secrets.mask_text(body).as_str()), (wanted, masked), "{name}");
        };
        check("authorization", "Bearer sk-12345678", "Bearer ***********", "a sk-12345678 b", "a *********** b");
        check("x-api-key", "sk-12345678", "***********", "sk-12345678", "***********");
        check("x-acme-secret", "short", "*****", "short", "short");
        check("cookie", "a=1; session=12345678", "*********************", "12345678", "********");
        check("idempotency-key", "retry-12345678", "retry-12345678", "retry-12345678", "retry-12345678");
        check("x-stainless-lang", "python", "python", "python", "python");
    }

    #[test]
    fn a_key_in_the_query_is_masked() {
        let uri = Uri::from_static("/v1beta/models/m:streamGenerateContent?alt=sse&key=AIza1234567&x");
        assert_eq!(target(&uri), "/v1beta/models/m:streamGenerateContent?alt=sse&key=***********&x");
        let (_, secrets) = call_headers(&HeaderMap::new(), &uri);
        assert_eq!(secrets.mask_text("bad key AIza1234567"), "bad key ***********");
        assert_eq!(target(&Uri::from_static("/v1/models")), "/v1/models");
    }
}
