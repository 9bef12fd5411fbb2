//! Curl command lines: read as they are pasted, sent, and printed without the key.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use proptest::prelude::*;
use secrecy::SecretString;
use stutterscope::{
    core::{desk::Timeouts, dialect, time::Micros},
    net::{
        curl::{self, CurlRequest},
        demo::DemoServer,
        providers::{self, Provider},
        request::RequestSpec,
    },
};

fn parse(text: &str) -> Result<CurlRequest, String> {
    curl::parse_with(text, |name| (name == "OPENAI_API_KEY").then(|| "sk-test-1".into())).map_err(|error| error.to_string())
}

const BODY: &str = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"it's"}]}"#;

#[test]
fn pasted_commands_are_read() {
    let check = |text: &str, wanted_headers: &[(&str, &str)], remarks: usize| {
        let request = parse(text).unwrap();
        assert_eq!((request.url.as_str(), request.body.as_str()), ("https://api.openai.com/v1/chat/completions", BODY), "{text}");
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(headers, wanted_headers, "{text}");
        assert_eq!(request.remarks.len(), remarks, "{text}: {:?}", request.remarks);
    };
    const JSON: (&str, &str) = ("Content-Type", "application/json");
    const KEY: (&str, &str) = ("Authorization", "Bearer sk-test-1");
    // As the providers' documentation writes it.
    check(
        "curl https://api.openai.com/v1/chat/completions \\\n  -H \"Content-Type: application/json\" \\\n  -H \"Authorization: Bearer $OPENAI_API_KEY\" \\\n  -d '{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"it'\\''s\"}]}'\n",
        &[JSON, KEY],
        0,
    );
    // As browsers write it.
    check(
        r#"curl 'https://api.openai.com/v1/chat/completions' -X 'POST' -H 'accept-encoding: gzip, br' -H 'Content-Type: application/json' --data-raw $'{"model":"m","stream":true,"messages":[{"role":"user","content":"it\'s"}]}' --compressed"#,
        &[JSON],
        2,
    );
    check(
        r#"$ curl -sSNXPOST --json '{"model":"m","stream":true,' --json '"messages":[{"role":"user","content":"it'"'"'s"}]}' --url https://api.openai.com/v1/chat/completions -u me:pass -b a=b -A x/1 -m 90 | jq ."#,
        &[("authorization", "Basic bWU6cGFzcw=="), ("cookie", "a=b"), ("user-agent", "x/1")],
        1,
    );
    assert_eq!(parse("curl -m 1.5 -d '{}' a").unwrap().max_time, Some(Micros(1_500_000)));
    assert_eq!(parse("curl -d a -d b localhost:1/x").unwrap().body, "a&b");
    assert_eq!(parse("curl -d a localhost:1/x").unwrap().url, "http://localhost:1/x");
}

#[test]
fn what_cannot_be_done_is_named() {
    let check = |text: &str, argument: &str, hint: &str| {
        let error = parse(text).unwrap_err();
        assert!(
            error.starts_with(&format!("`{argument}`: ")) && error.contains("\nhint: ") && error.contains(hint),
            "{text}: {error}"
        );
    };
    check("curl -k https://a -d {}", "-k", "certificates are always checked");
    check("curl -x http://p https://a -d {}", "-x", "HTTPS_PROXY");
    check("curl -X DELETE https://a -d {}", "-X", "POST");
    check("curl --frobnicate https://a", "--frobnicate", "leave it out");
    check("curl -sQ https://a", "-Q", "leave it out");
    check("curl https://a -d", "-d", "cut");
    check("curl https://a", "https://a", "-d");
    check("curl -d {}", "curl", "https://");
    check("curl https://a https://b -d {}", "https://b", "one request");
    check("curl https://a -d '{", "'", "cut");
    check("curl https://a -H broken -d {}", "-H", "Name: value");
    check("curl https://a -d @/nowhere/body.json", "-d", "check the name");
    check("curl https://a -H \"X: $NOT_SET\" -d {}", "$NOT_SET", "export NOT_SET=");
    check("curl https://a -F a=b", "-F", "JSON");
}

#[test]
fn dialect_and_provider_follow_from_the_request() {
    let known: Vec<Provider> = providers::PROVIDERS.iter().map(Provider::from).collect();
    let check = |text: &str, dialect: &str, provider: &str| {
        let spec = parse(text).unwrap().into_spec(&known, Timeouts::default(), 1).unwrap();
        assert_eq!((spec.dialect.id, spec.provider.as_str()), (dialect, provider), "{text}");
        assert!(text.contains(&spec.url()), "{text}: {}", spec.url());
    };
    check("curl https://api.anthropic.com/v1/messages -d {}", "anthropic", "anthropic");
    check("curl https://api.openai.com/v1/responses -d {}", "openai-responses", "openai");
    check("curl http://127.0.0.1:11434/api/generate -d {}", "ollama", "ollama");
    check("curl 'https://x.azure.com/openai/deployments/d/chat/completions?api-version=1' -d {}", "openai-chat", "custom");
    check("curl https://proxy.local/any -H 'anthropic-version: 2023-06-01' -d {}", "anthropic", "custom");
    check("curl https://proxy.local/any/ -d {}", "openai-chat", "custom");
}

fn spec(headers: Vec<(String, String)>, body: String, key: Option<String>, dialect: usize) -> RequestSpec {
    let dialect = &dialect::DIALECTS[dialect % dialect::DIALECTS.len()];
    RequestSpec {
        provider: "custom".into(),
        base_url: "https://host.example/v1?a=b&c='#".into(),
        dialect,
        model: "m".into(),
        key: key.map(SecretString::from),
        headers,
        body,
        timeouts: Timeouts::default(),
        max_attempts: 1,
        fallbacks: Vec::new(),
    }
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same_request(
        headers in prop::collection::btree_map("x-[a-z]{1,8}", "[!-~]([ -~]{0,20}[!-~])?", 0..4),
        body: String,
        key in prop::option::of("[a-zA-Z0-9_-]{16,40}"),
        dialect: usize,
    ) {
        let spec = spec(headers.into_iter().collect(), body, key.clone(), dialect);
        let printed = curl::print(&spec, "OPENAI_API_KEY").unwrap();
        if let Some(key) = &key {
            prop_assert!(!printed.contains(key) && printed.contains("${OPENAI_API_KEY}"), "{}", printed);
        }
        let header = |name: &str| spec.headers.iter().find(|(known, _)| known.replace('-', "_") == name.to_lowercase());
        let variable = |name: &str| header(name).map(|(_, value)| value.clone()).or_else(|| key.clone());
        let read = curl::parse_with(&printed, variable).unwrap();
        prop_assert!(read.remarks.is_empty(), "{:?}", read.remarks);
        prop_assert_eq!(&read.body, &spec.body);
        prop_assert_eq!(&read.url, &spec.url());
        let again = RequestSpec { key: None, headers: read.headers, ..spec.clone() };
        prop_assert_eq!(again.header_map().unwrap(), spec.header_map().unwrap());
    }

    #[test]
    fn no_command_line_is_too_strange(text: String) {
        let _ = curl::parse_with(&format!("curl {text}"), |_| None);
    }
}

#[test]
fn secret_headers_are_not_printed() {
    let headers =
        vec![("x-custom-token".into(), "very-secret-value".into()), ("authorization".into(), "Basic bWU6cGFzcw==".into())];
    let printed = curl::print(&spec(headers, "{}".into(), None, 0), "").unwrap();
    assert!(!printed.contains("very-secret") && !printed.contains("bWU6"), "{printed}");
    assert!(
        printed.contains("\"authorization: Basic ${API_KEY}\"") && printed.contains("\"x-custom-token: ${X_CUSTOM_TOKEN}\""),
        "{printed}"
    );
}

fn run(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    command.args(arguments).env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path()).env("XDG_DATA_HOME", home.path());
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_command_is_sent() {
    let server = DemoServer::start(0, 200.0).await.unwrap();
    let url = format!("{}/chat/completions", server.base_url(dialect::by_id("openai-chat").unwrap()));
    let body = r#"{"model":"demo/shrink","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;
    let check = |arguments: &[&str]| {
        let output = run(arguments);
        let (text, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(text.contains("The Weight of Words"), "{text}{said}");
        assert_eq!(output.status.code(), Some(1), "{said}");
        said
    };
    let said = check(&["curl", "--no-save", "-sSN", &url, "-H", "content-type: application/json", "-d", body]);
    assert!(said.starts_with("custom demo/shrink: stutter"), "{said}");
    let said = check(&["curl", "--no-save", &format!("curl -i {url} -d '{body}'")]);
    assert!(said.contains("-i is left out") && said.contains("application/json"), "{said}");

    let output = run(&["curl", "-k", &url, "-d", body]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`-k`: this is not done here\nhint: "));
}

#[test]
fn send_prints_its_request_as_a_command() {
    let output = run(&[
        "send",
        "--curl",
        "-u",
        "http://127.0.0.1:9/v1",
        "-m",
        "m",
        "-H",
        "Authorization: Bearer sk-secret-0123456789",
        "it's",
    ]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        printed.starts_with("curl -N http://127.0.0.1:9/v1/chat/completions \\\n") && !printed.contains("sk-secret"),
        "{printed}"
    );
    assert!(printed.contains(r"it'\''s"), "{printed}");
    // What is only printed needs no key.
    let output = run(&["send", "--curl", "-P", "cerebras", "-m", "m", "Hi"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("authorization: Bearer ${CEREBRAS_API_KEY}"), "{printed}");
}

#[test]
fn the_composer_takes_a_pasted_command() {
    use stutterscope::app::compose::Composer;
    let mut composer = Composer::new(providers::PROVIDERS.iter().map(Provider::from).collect());
    composer.paste(&format!("curl https://host.example/any -H 'X-Api-Key: k' -d '{}'", BODY.replace('\'', "'\\''")));
    let request = composer.request();
    assert_eq!((request.provider.as_str(), request.model.as_str(), request.text.as_str()), ("pasted", "m", BODY));
    assert!(request.is_body && composer.fault.is_none());
    let provider = composer.providers.last().unwrap();
    assert_eq!(provider.headers, [("X-Api-Key".to_owned(), "k".to_owned())]);
    composer.paste("curl -k https://host.example/any -d {}");
    assert!(composer.fault.as_ref().unwrap().contains("`-k`"));
}
