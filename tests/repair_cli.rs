//! `stutterscope repair`, the program itself: what goes in and out, and when.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stutterscope"));
    command
        .arg("repair")
        .args(args)
        .env("STUTTERSCOPE_CONFIG", "")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(args: &[&str], input: &[u8]) -> Output {
    let mut child = program(args).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn sse(text: &str) -> String {
    support::frame("content", text)
}

/// Three snapshots and an end, and the increments that they are.
fn streams() -> (String, String) {
    let stream = |texts: [&str; 3]| texts.map(sse).concat() + &support::finish();
    (stream(["He", "Hello", "Hello you"]), stream(["He", "llo", " you"]))
}

#[test]
fn a_pipe_is_repaired_and_the_report_goes_elsewhere() {
    let (body, expected) = streams();
    let output = run(&[], body.as_bytes());
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(output.status.code(), Some(1));
    let report = text(&output.stderr);
    assert!(
        report.contains("-: stutter") && report.contains("cumulative_full") && report.contains("2 frames were trimmed"),
        "{report}"
    );
    let output = run(&["-", "--fail-on", "never", "--quiet"], body.as_bytes());
    assert_eq!((text(&output.stdout), text(&output.stderr)), (expected.clone(), String::new()));
    assert_eq!(output.status.code(), Some(0));
    // What was repaired is clean, and who observes changes nothing.
    let output = run(&[], expected.as_bytes());
    assert_eq!((text(&output.stdout), output.status.code()), (expected, Some(0)));
    assert_eq!(text(&run(&["--profile", "observe"], body.as_bytes()).stdout), body);
}

#[test]
fn files_are_read_as_check_reads_them() {
    let capture = fixture("tests/fixtures/wire/bedrock-invoke-claude.eventstream");
    let output = run(&[capture.to_str().unwrap()], b"");
    assert_eq!((output.stdout, output.status.code()), (std::fs::read(&capture).unwrap(), Some(0)));
    // Of a recording the body of the last attempt.
    let output = run(&[fixture("sessions/error-then-good.session").to_str().unwrap()], b"");
    let body = text(&output.stdout);
    assert!(body.starts_with("data: {") && body.ends_with("data: [DONE]\n\n"), "{body}");
    let output = run(&[fixture("tests/fixtures/imports/chrome.har").to_str().unwrap()], b"");
    assert!(text(&output.stdout).starts_with("data: "), "{}", text(&output.stdout));
    let output = run(&["no-such-file.sse"], b"");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(text(&output.stderr).contains("hint: "), "{}", text(&output.stderr));
}

/// A running repair, its input open, its output read as it comes.
struct Live {
    child: Child,
    out: Receiver<Vec<u8>>,
    seen: String,
}

impl Live {
    fn start(args: &[&str]) -> Live {
        let mut child = program(args).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (send, out) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = stdout.read(&mut buffer) {
                if send.send(buffer[..len].to_vec()).is_err() {
                    break;
                }
            }
        });
        Live { child, out, seen: String::new() }
    }

    fn write(&mut self, bytes: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(bytes.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Waits until so much came out in all.
    fn wait_for(&mut self, expected: &str) {
        while self.seen.len() < expected.len() {
            let bytes =
                self.out.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|error| panic!("{error} behind {:?}", self.seen));
            self.seen.push_str(&text(&bytes));
        }
        assert_eq!(self.seen, expected);
    }
}

#[test]
fn nothing_waits_but_what_is_undecided() {
    let mut live = Live::start(&["--param", "hold.ms=10000"]);
    // Input stays open: what comes out was not waiting for its end.
    live.write(&sse("He"));
    live.wait_for(&sse("He"));
    live.write(&(": ping\n\n".to_owned() + &sse("Hello")));
    live.wait_for(&(sse("He") + ": ping\n\n"));
    live.write(&sse("Hello you"));
    let repaired = sse("He") + ": ping\n\n" + &sse("llo") + &sse(" you");
    live.wait_for(&repaired);
    drop(live.child.stdin.take());
    assert_eq!(live.child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_hold_ends_by_the_clock() {
    let mut live = Live::start(&["--param", "hold.ms=50"]);
    live.write(&(sse("He") + &sse("Hello")));
    // Nothing follows: only time can release the second one, as it came.
    live.wait_for(&(sse("He") + &sse("Hello")));
    drop(live.child.stdin.take());
    live.child.wait().unwrap();
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = program(&["-q"]).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(streams().0.as_bytes());
    drop(stdin);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}
