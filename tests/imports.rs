//! Captures of others: HAR, curl's traces and heads, and cassettes become sessions, with the times that they have.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::PathBuf, process::Command};

use stutterscope::{
    core::{
        engine::Engine,
        input::{End, Input, TransportError, What},
        params::Profile,
        time::Micros,
    },
    session::{self, Source},
};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/imports").join(name)
}

/// Every session of a file: its name, and its inputs or why there are none.
fn sessions(name: &str) -> Vec<(String, Result<Vec<Input>, String>)> {
    let parts = session::open_all(&fixture(name)).unwrap();
    parts.into_iter().map(|part| (part.name(name), part.source.map(Source::collect).map_err(|error| error.to_string()))).collect()
}

fn text(inputs: &[Input]) -> String {
    let mut engine = Engine::new(Profile::default());
    inputs.iter().for_each(|input| engine.fold(input));
    stutterscope::report::Report::of(&engine.reading, &engine.judgement, "").output
}

fn body(inputs: &[Input]) -> Vec<u8> {
    inputs
        .iter()
        .filter_map(|input| if let What::Bytes(bytes) = &input.what { Some(bytes.clone()) } else { None })
        .collect::<Vec<_>>()
        .concat()
}

const SHRINK: &str = "**dstYThe Weight of Words**\n\nMay we start the story. This ends the story.";
const SHIP: &str = "A ship's log is written in ink, at the hour, by the one who stood the watch.";

#[test]
fn every_format_gives_its_sessions() {
    let check = |name: &str, wanted: &[(&str, Result<&str, &str>)]| {
        let got = sessions(name);
        assert_eq!(got.len(), wanted.len(), "{name}");
        for ((name, inputs), (wanted_name, wanted)) in got.iter().zip(wanted) {
            assert_eq!(name, wanted_name);
            match (inputs, wanted) {
                (Ok(inputs), Ok(wanted)) => {
                    assert_eq!(text(inputs), *wanted, "{name}");
                    assert!(matches!(inputs.last().unwrap().what, What::End(_)));
                    assert!(inputs.is_sorted_by_key(|input| input.at), "{name}");
                    assert!(!format!("{inputs:?}").contains("secret-0123456789"), "{name}");
                    assert!(!format!("{inputs:?}").contains("sk-test-0123456789"), "{name}");
                    assert!(!format!("{inputs:?}").contains("sk-ant-test"), "{name}");
                }
                (Err(error), Err(wanted)) => assert!(error.contains(wanted) && error.contains("hint: "), "{name}: {error}"),
                (got, wanted) => panic!("{name}: {got:?} instead of {wanted:?}"),
            }
        }
    };
    check(
        "chrome.har",
        &[
            ("chrome.har#2", Ok(SHRINK)),
            ("chrome.har#3", Ok(SHRINK)),
            ("chrome.har#4", Ok("Good morning")),
            ("chrome.har#5", Err("log.entries[4].response.content.text: it is said to be base64 and is not")),
            ("chrome.har#6", Err("log.entries[5].response.content.text: the body of the answer is missing")),
        ],
    );
    check("shrink.trace", &[("shrink.trace", Ok(SHRINK))]);
    check("cut.trace", &[("cut.trace", Ok(SHIP))]);
    check("two.ascii", &[("two.ascii#1", Ok(SHRINK)), ("two.ascii#2", Ok(SHIP))]);
    check("refused.ascii", &[("refused.ascii", Ok(""))]);
    check("continue.txt", &[("continue.txt", Ok(SHRINK))]);
    check("vcrpy.yaml", &[("vcrpy.yaml#1", Ok("Good morning \u{2600}")), ("vcrpy.yaml#3", Ok("Again"))]);
    check("vcr_ruby.yml", &[("vcr_ruby.yml", Ok("Good morning"))]);
    check("govcr.json", &[("govcr.json", Ok("Good morning"))]);
}

const BODY: &str = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Good morning\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// The same, as gzip in base64.
const GZIP: &str = "H4sIAAAAAAACAx2NwQrCMBAF7/mK8s6heM5Z8aYfUIrEZDXRdrc0WxBC/t3qdQZmolfvugq5vygoHELy2geZl4k0C/chbfyG3bnkQAVuqMgc6QN3sIg0qYerCMJK/AucRWI3y8qZn2gWj8y5pNtKvgjvvqgsaGMzJv7fw/F6OY3GfAHFexkHigAAAA==";

/// Lines as `curl --trace` writes them: sixteen bytes in hexadecimal, and what they are as text.
fn dumped(bytes: &[u8]) -> String {
    let line = |(number, bytes): (usize, &[u8])| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
        let text: String = bytes.iter().map(|byte| if (32..127).contains(byte) { char::from(*byte) } else { '.' }).collect();
        format!("{:04x}: {hex:<48}{text}\n", number * 16)
    };
    bytes.chunks(16).enumerate().map(line).collect()
}

/// A trace of one exchange: version and further header lines of the answer, and its body in one read.
fn trace(version: &str, headers: &str, body: &[u8]) -> String {
    let info =
        if version == "HTTP/2" { "== Info: [HTTP/2] [1] OPENED stream for https://127.0.0.1:1/v1/chat/completions\n" } else { "" };
    let sent = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n";
    let mut out = format!("{info}=> Send header, {} bytes (0x{:x})\n{}", sent.len(), sent.len(), dumped(sent));
    let head = format!("{version} 200 OK\r\ncontent-type: text/event-stream\r\n{headers}\r\n");
    for line in head.split_inclusive("\r\n") {
        out += &format!("<= Recv header, {} bytes (0x{:x})\n{}", line.len(), line.len(), dumped(line.as_bytes()));
    }
    out += &format!("<= Recv data, {} bytes (0x{:x})\n{}", body.len(), body.len(), dumped(body));
    out + "== Info: Connection #0 to host 127.0.0.1 left intact\n"
}

fn har(response: &str) -> String {
    let request = r#"{"method": "POST", "url": "https://127.0.0.1:1/v1/chat/completions"}"#;
    format!("{{\"log\": {{\"version\": \"1.2\", \"entries\": [{{\"request\": {request}, \"response\": {response}}}]}}}}")
}

#[test]
fn odd_captures_are_read_like_the_usual_ones() {
    use base64::Engine;
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let inputs = session::load(&path).unwrap_or_else(|error| panic!("{name}: {error}")).inputs;
        assert_eq!(text(&inputs), "Good morning", "{name}");
    };
    let gzip = base64::engine::general_purpose::STANDARD.decode(GZIP).unwrap();
    let quoted = serde_json::to_string(BODY).unwrap();
    let encoded = "\"headers\": [{\"name\": \"Content-Encoding\", \"value\": \"gzip\"}]";

    check("bare.har", har(&format!("{{\"status\": 200, \"content\": {{\"text\": {quoted}}}}}")).as_bytes());
    let pretty: serde_json::Value =
        serde_json::from_str(&har(&format!("{{\"status\": 200, \"content\": {{\"text\": {quoted}}}}}"))).unwrap();
    check("crlf.har", serde_json::to_string_pretty(&pretty).unwrap().replace('\n', "\r\n").as_bytes());
    check("decoded.har", har(&format!("{{\"status\": 200, {encoded}, \"content\": {{\"text\": {quoted}}}}}")).as_bytes());
    let packed = format!("{{\"status\": 200, {encoded}, \"content\": {{\"encoding\": \"base64\", \"text\": \"{GZIP}\"}}}}");
    check("encoded.har", har(&packed).as_bytes());

    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
    check("gzip.txt", &[head.as_bytes(), b"content-encoding: gzip\r\n\r\n", &gzip].concat());
    check("http2.txt", format!("HTTP/2 200 \r\ncontent-type: text/event-stream\r\n\r\n{BODY}").as_bytes());
    check("lf.txt", format!("HTTP/1.1 200 OK\ncontent-type: text/event-stream\n\n{BODY}").as_bytes());
    check("early.txt", format!("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n{head}\r\n{BODY}").as_bytes());

    check("plain.trace", trace("HTTP/1.1", "", BODY.as_bytes()).as_bytes());
    check("http2.trace", trace("HTTP/2", "", BODY.as_bytes()).as_bytes());
    check("crlf.trace", trace("HTTP/1.1", "", BODY.as_bytes()).replace('\n', "\r\n").as_bytes());
    check("gzip.trace", trace("HTTP/1.1", "content-encoding: gzip\r\n", &gzip).as_bytes());

    let cassette = |body: &str, headers: &str| {
        format!(
            "interactions:\n- request:\n    method: POST\n    uri: https://127.0.0.1:1/v1/chat/completions\n  response:\n    body:\n      string: {body}\n    headers:\n      Content-Type:\n      - text/event-stream\n{headers}    status:\n      code: 200\n"
        )
    };
    let encoding = "      Content-Encoding:\n      - gzip\n";
    check("gzip.yaml", cassette(&format!("!!binary |\n        {GZIP}"), encoding).as_bytes());
    check("decoded.yaml", cassette(&quoted, encoding).as_bytes());
    check("crlf.yaml", cassette(&quoted, "").replace('\n', "\r\n").as_bytes());
}

#[test]
fn a_trace_keeps_every_read_with_its_time() {
    let inputs = sessions("shrink.trace").remove(0).1.unwrap();
    let What::Start(start) = &inputs[0].what else { panic!("{inputs:?}") };
    assert!(start.clocked && start.wall.is_empty());
    assert_eq!((start.url.as_str(), start.model.as_str()), ("POST http://127.0.0.1:18431/v1/chat/completions", "demo/shrink"));
    assert!(start.headers.iter().any(|(name, value)| name == "authorization" && *value == format!("Bearer {}", "*".repeat(24))));
    assert!(start.body.starts_with(r#"{"model":"demo/shrink""#));
    let reads: Vec<_> = inputs.iter().filter(|input| matches!(input.what, What::Bytes(_))).collect();
    let distinct = reads.windows(2).filter(|pair| pair[0].at < pair[1].at).count();
    assert!(reads.len() > 3 && distinct == reads.len() - 1, "{reads:?}");
    assert!(reads.iter().all(|read| matches!(&read.what, What::Bytes(bytes) if bytes.ends_with(b"\n\n"))), "one frame a read");
    assert!(matches!(inputs.last().unwrap().what, What::End(End::Eof)));

    let inputs = sessions("refused.ascii").remove(0).1.unwrap();
    let What::End(End::Error { class, message }) = &inputs.last().unwrap().what else { panic!("{inputs:?}") };
    assert_eq!(*class, TransportError::Connect);
    assert!(message.starts_with("Failed to connect to 127.0.0.1 port 9"), "{message}");
}

#[test]
fn a_har_has_the_times_of_head_and_end() {
    let inputs = sessions("chrome.har").remove(0).1.unwrap();
    let What::Start(start) = &inputs[0].what else { panic!("{inputs:?}") };
    assert!(start.clocked);
    assert_eq!(start.wall, "2026-03-01T10:00:00.073Z");
    assert!(start.url.ends_with(&format!("?api_key={}", "*".repeat(23))), "{}", start.url);
    let at = |wanted: fn(&What) -> bool| inputs.iter().find(|input| wanted(&input.what)).unwrap().at;
    assert_eq!(at(|what| matches!(what, What::Head(_))), Micros(185_000));
    assert_eq!(at(|what| matches!(what, What::Bytes(_))), Micros(185_000));
    assert_eq!(at(|what| matches!(what, What::End(_))), Micros(1_200_000));
    assert!(inputs.iter().any(|input| matches!(input.what, What::Paused { us: 1_015_000, .. })), "nobody is blamed for it");
}

#[test]
fn events_that_a_browser_kept_are_reads_with_their_times() {
    let har = |content: &str| {
        let events = r#"[{"time": 1767225600.25, "eventName": "message", "eventId": "", "data": "{\"value\":\"Good \"}"},
            {"time": 1767225600.75, "eventName": "piece", "eventId": "7", "data": "{\"value\":\"morning\"}"}]"#;
        format!(
            r#"{{"log": {{"entries": [{{"startedDateTime": "2026-01-01T00:00:00.000Z", "time": 300, "_eventSourceMessages": {events},
                "request": {{"method": "POST", "url": "http://test/v1/chat/completions"}},
                "response": {{"status": 200, "content": {{{content}}}}}, "timings": {{"wait": 100, "receive": 200}}}}]}}}}"#
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let reads = |content: &str| {
        let path = folder.path().join("events.har");
        fs::write(&path, har(content)).unwrap();
        let inputs = session::load(&path).unwrap().inputs;
        let reads: Vec<(u64, String)> = inputs
            .iter()
            .filter_map(|input| match &input.what {
                What::Bytes(bytes) => Some((input.at.millis(), String::from_utf8(bytes.clone()).unwrap())),
                _ => None,
            })
            .collect();
        (reads, inputs.last().unwrap().at.millis())
    };
    let first = (250, "data: {\"value\":\"Good \"}\n\n".to_owned());
    let second = (750, "id: 7\nevent: piece\ndata: {\"value\":\"morning\"}\n\n".to_owned());
    assert_eq!(reads(""), (vec![first, second], 750));
    // Where the body is there, it is what came.
    assert_eq!(reads(r#""text": "data: x\n\n""#).0, [(100, "data: x\n\n".to_owned())]);
}

#[test]
fn base64_and_text_of_a_har_are_the_same_bytes() {
    let sessions = sessions("chrome.har");
    let [plain, base64] = [0, 1].map(|index| body(sessions[index].1.as_ref().unwrap()));
    assert!(plain == base64 && plain.starts_with(b"data: "));
}

#[test]
fn what_comes_before_a_break_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, part: f64, wanted: &[&str], place: &str| {
        let bytes = fs::read(fixture(name)).unwrap();
        let path = folder.path().join(name);
        fs::write(&path, &bytes[..(bytes.len() as f64 * part) as usize]).unwrap();
        let parts = session::open_all(&path).unwrap();
        let (mut texts, mut errors) = (Vec::new(), Vec::new());
        for part in parts {
            match part.source {
                Ok(source) => texts.push(text(&source.collect::<Vec<_>>())),
                Err(error) => errors.push(error.to_string()),
            }
        }
        assert_eq!(texts, wanted, "{name}");
        assert!(errors.last().is_some_and(|error| error.contains(place) && error.contains("hint: ")), "{name}: {errors:?}");
    };
    check("chrome.har", 0.55, &[SHRINK], "the HAR is broken at line ");
    check("vcrpy.yaml", 0.75, &["Good morning \u{2600}"], "the cassette is broken at line ");
    check("govcr.json", 0.5, &[], "the cassette is broken at line ");
    check("chrome.har", 0.01, &[], "the HAR is broken at line ");
}

#[test]
fn one_session_of_several_is_opened_by_its_number() {
    let path = |name: &str| fixture(name);
    assert!(session::open(&path("chrome.har")).unwrap().warnings()[0].to_string().starts_with("this is #2 of the 5 sessions"));
    let inputs = session::load(&path("chrome.har#4")).unwrap().inputs;
    assert_eq!(text(&inputs), "Good morning");
    assert!(session::load(&path("shrink.trace#1")).is_ok());
    let error = session::load(&path("chrome.har#9")).unwrap_err().to_string();
    assert!(error.contains("has no session #9\nhint: it has #2, #3, #4, #5, #6"), "{error}");
    assert!(session::load(&path("nowhere.har#1")).is_err());
}

#[test]
fn check_prints_a_report_of_each_and_reads_standard_input() {
    let run = |path: &str, stdin: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
        command.args(["check", "--format", "json", path]).current_dir(fixture(""));
        if let Some(name) = stdin {
            command.stdin(fs::File::open(fixture(name)).unwrap());
        }
        let output = command.output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let files =
            lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["file"].as_str().unwrap().to_owned());
        (files.collect::<Vec<_>>(), output.status.code())
    };
    let har = ["#2", "#3", "#4", "#5", "#6"].map(|number| format!("chrome.har{number}"));
    assert_eq!(run("chrome.har", None), (har.to_vec(), Some(2)));
    assert_eq!(run("-", Some("vcrpy.yaml")), (vec!["-#1".to_owned(), "-#3".to_owned()], Some(0)));
    assert_eq!(run("-", Some("shrink.trace")), (vec!["-".to_owned()], Some(1)));
    let (files, _) = run(".", None);
    assert!(
        files.iter().any(|file| file.ends_with("vcr_ruby.yml")) && files.iter().any(|file| file.ends_with("chrome.har#4")),
        "{files:?}"
    );
}
