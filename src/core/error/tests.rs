use super::*;
use ErrorClass::*;

#[test]
fn rows_are_indexed_by_their_class() {
    for (index, info) in ERROR_CLASSES.iter().enumerate() {
        assert_eq!(info.class as usize, index);
        assert_eq!(ErrorClass::from_name(info.name), Some(info.class));
        assert!(!info.title.ends_with('.') && !info.hint.ends_with('.'), "{}", info.name);
    }
}

#[test]
fn responses() {
    let cases: &[(u16, &str, ErrorClass, Outcome, &str, &str)] = &[
        (
            401,
            r#"{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}}"#,
            Authentication,
            Outcome::Ignored,
            "invalid_api_key",
            "Incorrect API key provided",
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}"#,
            RateLimit,
            Outcome::Throttled,
            "rate_limit_exceeded",
            "Rate limit reached",
        ),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#,
            PermissionDenied,
            Outcome::Throttled,
            "insufficient_quota",
            "You exceeded your current quota",
        ),
        (
            404,
            r#"{"error":{"type":"invalid_request_error","message":"no such model"}}"#,
            NotFound,
            Outcome::Ignored,
            "invalid_request_error",
            "no such model",
        ),
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            Overloaded,
            Outcome::Failure,
            "overloaded_error",
            "Overloaded",
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}]"#,
            Validation,
            Outcome::Ignored,
            "INVALID_ARGUMENT",
            "bad",
        ),
        (404, r#"{"error":"model 'x' not found"}"#, NotFound, Outcome::Ignored, "", "model 'x' not found"),
        (401, r#"{"code":"InvalidApiKey","message":"no"}"#, Authentication, Outcome::Ignored, "InvalidApiKey", "no"),
        (400, r#"{"code":"DataInspectionFailed","message":"no"}"#, ContentFilter, Outcome::Ignored, "DataInspectionFailed", "no"),
        (422, r#"{"detail":[{"msg":"field required"}]}"#, Validation, Outcome::Ignored, "", "field required"),
        (502, "<html><head><title>502 Bad\n Gateway</title></head>", ServerError, Outcome::Failure, "html", "502 Bad Gateway"),
        (503, "\n\n upstream \u{1b}[31mdown\nmore", Overloaded, Outcome::Failure, "", "upstream [31mdown"),
        (504, "", Timeout, Outcome::Failure, "", ""),
        (408, "{}", Timeout, Outcome::Failure, "", ""),
        (302, "", Unknown, Outcome::Ignored, "", ""),
        (409, "null", Conflict, Outcome::Ignored, "", ""),
        (500, "{\"error\":", ServerError, Outcome::Failure, "", "{\"error\":"),
    ];
    for (status, body, class, outcome, kind, message) in cases {
        let fault = Fault::of_response(*status, body.as_bytes()).unwrap();
        assert_eq!((fault.class, fault.outcome), (*class, *outcome), "{status} {body}");
        assert_eq!(fault.provider, ProviderError { kind: (*kind).into(), message: (*message).into() }, "{status} {body}");
        assert!(!fault.local);
    }
    assert_eq!(Fault::of_response(200, b"{}"), None);
}

#[test]
fn errors_inside_the_stream() {
    for (kind, message, class) in [
        ("overloaded_error", "Overloaded", Overloaded),
        ("", "Connection error: timeout", Timeout),
        ("", "Server error: overloaded", Overloaded),
        ("", "Content filter triggered", ContentFilter),
        ("rate_limit_error", "", RateLimit),
        ("", "who knows", Unknown),
        ("api_error", "Internal server error", ServerError),
    ] {
        assert_eq!(Fault::in_stream(kind, message).class, class, "{kind} {message}");
    }
}

#[test]
fn ends() {
    let error = |class| End::Error { class, message: "os error 111".into() };
    for (end, class, outcome) in [
        (End::Reset, Network, Outcome::Failure),
        (error(TransportError::Dns), Network, Outcome::Failure),
        (error(TransportError::Tls), Network, Outcome::Failure),
        (End::Us(OurEnd::Cancelled), Cancelled, Outcome::Ignored),
        (End::Us(OurEnd::ConnectTimeout), Timeout, Outcome::Failure),
        (End::Us(OurEnd::IdleTimeout), Timeout, Outcome::Failure),
        (End::Us(OurEnd::BreakerOpen), Overloaded, Outcome::Ignored),
        (End::Us(OurEnd::RateLimited), RateLimit, Outcome::Ignored),
        (End::Us(OurEnd::Invalid), Validation, Outcome::Ignored),
    ] {
        let fault = Fault::of_end(&end).unwrap();
        assert_eq!((fault.class, fault.outcome, fault.local), (class, outcome, true), "{end:?}");
    }
    assert_eq!(Fault::of_end(&End::Eof), None);
}

#[test]
fn what_a_person_reads() {
    let fault = Fault::of_response(401, br#"{"error":{"message":"bad key"}}"#).unwrap();
    assert_eq!(
        fault.message("http://x/v1"),
        "http://x/v1: the provider does not accept the key (HTTP 401): bad key\n\
         hint: set the provider's API key in its environment variable or in the configuration file"
    );
    assert_eq!(fault.to_json()["error"]["type"], "authentication");
    let refused = Fault::of_end(&End::Us(OurEnd::BreakerOpen)).unwrap();
    assert_eq!(
        refused.message("http://x/v1"),
        "http://x/v1: the circuit breaker is open; nothing was sent\n\
         hint: wait until the open time is over; the breaker says why it opened"
    );
}

#[test]
fn a_long_message_is_cut() {
    let message = Fault::in_stream("", &"word ".repeat(1_000)).provider.message;
    assert_eq!(message.chars().count(), 501);
    assert!(message.ends_with('…'));
    assert_eq!(Fault::in_stream("", &"x".repeat(600)).provider.message.chars().count(), 501);
}
