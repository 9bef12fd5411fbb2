//! The recording format: what is written is read back, and whatever happens to a file, the part before it opens.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, io::Write, path::Path};

use stutterscope::{
    core::{
        input::{Attempt, End, Head, Input, Origin, OurEnd, PauseCause, Start, TransportError, What},
        params::{Param, Profile},
        time::Micros,
    },
    session::{
        self,
        format::{self, Header},
        import,
        live::LiveLog,
        reader::{HeaderError, Reader, Warning},
        writer::Recorder,
    },
};

fn start(body: &str) -> Start {
    let mut start = import::start(Origin::Sent, true, "2026-11-21T03:47:00Z".into());
    start.url = "POST http://127.0.0.1:1/v1/chat/completions".into();
    start.headers = vec![("content-type".into(), "application/json".into())];
    start.body = body.into();
    start
}

fn sample() -> Vec<Input> {
    let mut inputs = vec![Input { at: Micros(0), what: What::Start(Box::new(start(r##"{"model":"demo/clean","x":"\"#"}"##))) }];
    let whats = [
        What::Attempt(Attempt { number: 0, endpoint: "http://127.0.0.1:1".into(), model: "demo/clean".into() }),
        What::Head(Head { status: 200, headers: vec![("content-type".into(), "text/event-stream".into())] }),
        What::Bytes(b"data: {\"a\":1}\n\n+3 4\n(at:1)\n".to_vec()),
        What::Bytes(Vec::new()),
        What::Bytes(vec![0, 255, b'\n', b'\r']),
        What::Paused { us: 9, cause: PauseCause::Suspended },
        What::Draw { purpose: "retry.jitter".into(), value: u64::MAX },
        What::End(End::Error { class: TransportError::Io, message: "cut\n\u{1b}[31m \u{202e}\"#".into() }),
        What::End(End::Eof),
    ];
    inputs.extend(whats.into_iter().enumerate().map(|(index, what)| Input { at: Micros(index as u64 * 1_000 + 7), what }));
    inputs
}

/// The file that a recorder would write, built in memory.
fn file_of(inputs: &[Input]) -> Vec<u8> {
    let What::Start(start) = &inputs[0].what else { panic!("the first input is a Start") };
    let mut file = Header::new((**start).clone(), &Profile::default()).to_line().unwrap().into_bytes();
    let mut last = Micros::ZERO;
    for input in &inputs[1..] {
        format::write_record(&mut file, last, input).unwrap();
        last = input.at;
    }
    file
}

fn read(file: &[u8]) -> Result<(Vec<Input>, Vec<Warning>), HeaderError> {
    let mut reader = Reader::new(file)?;
    let inputs = reader.by_ref().collect();
    Ok((inputs, reader.warnings().to_vec()))
}

fn header_len(file: &[u8]) -> usize {
    memchr::memchr(b'\n', file).unwrap() + 1
}

#[test]
fn the_header_is_one_line_and_restores_the_profile() {
    let mut profile = Profile { name: "mine".into(), ..Profile::default() };
    profile.params.set(Param::StallGap, 777);
    for body in ["{\"a\": \"plain\"}", "{\n\t\"pretty\": true\n}\r\n", "quote \" hash \"# \"## \u{2028} 🙂"] {
        let header = Header::new(start(body), &profile);
        let line = header.to_line().unwrap();
        assert_eq!(line.find('\n'), Some(line.len() - 1), "{line}");
        let reader = Reader::new(line.as_bytes()).unwrap();
        assert_eq!(reader.header(), &header);
        assert_eq!(reader.header().profile(), profile);
    }
    let line = Header::new(start("{\"a\": \"plain\"}"), &profile).to_line().unwrap();
    assert!(line.starts_with("Stutterscope(format: 1, ") && line.contains("\"stall.gap_ms\": 777"), "{line}");
    assert!(line.contains(r##"r#"{"a": "plain"}"#"##), "a JSON body stays readable: {line}");
}

#[test]
fn what_the_recorder_wrote_is_what_was_appended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.session");
    let inputs = sample();
    let What::Start(start) = &inputs[0].what else { panic!("the first input is a Start") };
    let header = Header::new((**start).clone(), &Profile::default());
    let mut recorder = Recorder::create(&path, &header).unwrap();
    for (index, input) in inputs.iter().enumerate() {
        recorder.append(input);
        // Every record is in the file as soon as it was appended: nothing waits in this process.
        assert_eq!(fs::read(&path).unwrap(), file_of(&inputs[..=index]));
    }
    drop(recorder);
    let loaded = session::load(&path).unwrap();
    assert_eq!(loaded.inputs, inputs);
    assert_eq!(loaded.warnings, []);
    assert!(Recorder::create(&path, &header).is_err(), "an existing file is never overwritten");

    let packed = folder.path().join("a.session.zst");
    fs::write(&packed, zstd::encode_all(&*file_of(&inputs), 3).unwrap()).unwrap();
    assert_eq!(session::load(&packed).unwrap().inputs, inputs);
}

#[cfg(unix)]
#[test]
fn a_recording_is_private_and_never_written_through_a_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let header = Header::new(start(""), &Profile::default());
    let path = folder.path().join("a.session");
    drop(Recorder::create(&path, &header).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let link = folder.path().join("link.session");
    symlink(folder.path().join("elsewhere"), &link).unwrap();
    let error = Recorder::create(&link, &header).err().map(|error| error.to_string()).unwrap();
    assert!(error.contains("link.session") && error.contains("hint: "), "{error}");
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn every_prefix_of_a_recording_opens_or_is_torn_in_its_header() {
    let inputs = sample();
    let file = file_of(&inputs);
    let header = header_len(&file);
    let mut boundaries = 0;
    for len in 0..=file.len() {
        match read(&file[..len]) {
            Err(HeaderError::Torn { bytes }) => assert!(len < header && bytes == len),
            Err(error) => panic!("prefix of {len} bytes: {error}"),
            Ok((read, warnings)) => {
                assert!(len >= header);
                assert_eq!(read, inputs[..read.len()], "prefix of {len} bytes");
                assert!(warnings.iter().all(|warning| matches!(warning, Warning::Torn { .. })), "{warnings:?}");
                boundaries += usize::from(warnings.is_empty());
            }
        }
    }
    assert_eq!(boundaries, inputs.len(), "a prefix is whole after the header and after each record");
}

#[test]
fn a_foreign_tail_is_dropped_with_a_warning() {
    let inputs = sample();
    for tail in [&b"\0\0\0\0\0\0"[..], b"hello\n", b"+x 1\n\n", b"(at:1,what:Unheard(1))\n", b"+1 18446744073709551615\n", b"\n"] {
        let mut file = file_of(&inputs);
        let whole = file.len() as u64;
        file.extend_from_slice(tail);
        let (read, warnings) = read(&file).unwrap();
        assert_eq!(read, inputs, "{tail:?}");
        let [Warning::Damaged { byte, .. } | Warning::Torn { byte, .. }] = &warnings[..] else { panic!("{tail:?}: {warnings:?}") };
        assert_eq!(*byte, whole);
    }
}

#[test]
fn damage_in_the_middle_names_line_and_byte_and_keeps_what_came_before() {
    let inputs = sample();
    let file = file_of(&inputs);
    let mut start = header_len(&file);
    for index in 1..inputs.len() {
        let mut damaged = file.clone();
        damaged[start] = b'?';
        let (read, warnings) = read(&damaged).unwrap();
        assert_eq!(read, inputs[..index]);
        let line = memchr::memchr_iter(b'\n', &file[..start]).count() as u64 + 1;
        let [Warning::Damaged { line: told, byte, .. }] = &warnings[..] else { panic!("{warnings:?}") };
        assert_eq!((*told, *byte), (line, start as u64));
        start = file_of(&inputs[..=index]).len();
    }
}

#[test]
fn other_versions_are_named() {
    let file = String::from_utf8(file_of(&sample()[..1])).unwrap();
    let error = read(file.replace("format: 1", "format: 9").as_bytes()).unwrap_err().to_string();
    assert!(error.contains("format 9") && error.contains("reads format 1") && error.contains("hint: "), "{error}");
    let error = read(b"Stutterscope(format:2,program:\"3.0.0\",news:[(1,\"x\")])\n").unwrap_err().to_string();
    assert!(error.contains("stutterscope 3.0.0"), "{error}");
    let program = format!("program: \"{}\"", env!("CARGO_PKG_VERSION"));
    let (_, warnings) = read(file.replace(&program, "program: \"0.0.1\"").as_bytes()).unwrap();
    assert!(warnings[0].is_info() && warnings[0].to_string().contains("0.0.1"));
    assert!(matches!(read(b"data: {}\n\n"), Err(HeaderError::NotARecording)));
    assert!(matches!(read(b"Stutterscope(format:1,oops)\n"), Err(HeaderError::Damaged { .. })));
}

#[test]
fn a_recording_that_was_cut_off_is_ended_by_this_side() {
    let mut file = tempfile::Builder::new().suffix(".session").tempfile().unwrap();
    let inputs = sample();
    file.write_all(&file_of(&inputs[..4])).unwrap();
    let loaded = session::load(file.path()).unwrap();
    assert_eq!(loaded.inputs[..4], inputs[..4]);
    assert_eq!(loaded.inputs[4..], [Input { at: inputs[3].at, what: What::End(End::Us(OurEnd::Shutdown)) }]);
    assert_eq!(loaded.warnings, [Warning::Unended]);
    let error = session::load(Path::new("nowhere.session")).unwrap_err().to_string();
    assert!(error.contains("nowhere.session") && error.contains("hint: "), "{error}");
}

/// Properties over inputs that no server would send, and over files that no recorder would write.
mod properties {
    use proptest::{prelude::*, sample::select};
    use stutterscope::core::desk::{Desk, EndpointKey, GateRecord, Outcome};

    use super::*;

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof!["[ -~]{0,12}", any::<String>(), Just("\"#\r\n\u{7f}\u{85}\u{2028}\\u{41}".to_owned())]
    }

    fn any_headers() -> impl Strategy<Value = Vec<(String, String)>> {
        prop::collection::vec((any_text(), any_text()), 0..3)
    }

    /// What a real Desk says after some outcomes, with a reason of any text.
    fn any_gate() -> impl Strategy<Value = GateRecord> {
        let outcome = select(vec![Outcome::Success, Outcome::Slow, Outcome::Failure, Outcome::Throttled, Outcome::Ignored]);
        (prop::collection::vec(outcome, 0..8), any_text(), any::<u32>()).prop_map(|(outcomes, reason, at)| {
            let (mut desk, key) = (Desk::default(), EndpointKey::new("http://127.0.0.1:1", "m"));
            let mut now = u64::from(at);
            let mut record = desk.ask(now, &key);
            for outcome in outcomes {
                now += 1;
                if let Some(permit) = record.permit() {
                    desk.report(now, &key, permit, outcome);
                }
                record = desk.ask(now, &key);
            }
            record.breaker.reason = reason;
            record
        })
    }

    fn any_what() -> impl Strategy<Value = What> {
        let ours = select(vec![OurEnd::Cancelled, OurEnd::ConnectTimeout, OurEnd::IdleTimeout, OurEnd::BreakerOpen]);
        let class = select(vec![TransportError::Dns, TransportError::Connect, TransportError::Tls, TransportError::Io]);
        let attempt = (any::<u32>(), any_text(), any_text());
        prop_oneof![
            4 => prop::collection::vec(any::<u8>(), 0..40).prop_map(What::Bytes),
            4 => prop::collection::vec(select(b"+0123 \n(at:)".to_vec()), 0..40).prop_map(What::Bytes),
            1 => attempt.prop_map(|(number, endpoint, model)| What::Attempt(Attempt { number, endpoint, model })),
            1 => (any::<u16>(), any_headers()).prop_map(|(status, headers)| What::Head(Head { status, headers })),
            1 => Just(What::Cancel),
            1 => Just(What::End(End::Eof)),
            1 => Just(What::End(End::Reset)),
            1 => ours.prop_map(|ours| What::End(End::Us(ours))),
            1 => (class, any_text()).prop_map(|(class, message)| What::End(End::Error { class, message })),
            1 => (any_text(), any::<u64>()).prop_map(|(purpose, value)| What::Draw { purpose, value }),
            1 => any::<u64>().prop_map(|us| What::Paused { us, cause: PauseCause::BackPressure }),
            1 => any_gate().prop_map(What::Gate),
        ]
    }

    fn any_inputs() -> impl Strategy<Value = Vec<Input>> {
        let start = (any_headers(), any_text(), prop::option::of(any_text()));
        let start = start.prop_map(|(headers, body, dialect)| Start { headers, dialect, ..start_of(&body) });
        (start, prop::collection::vec((0..2_000_000_u64, any_what()), 0..24)).prop_map(|(start, rest)| {
            let mut inputs = vec![Input { at: Micros::ZERO, what: What::Start(Box::new(start)) }];
            let mut at = Micros::ZERO;
            for (delta, what) in rest {
                at = at + Micros(delta);
                inputs.push(Input { at, what });
            }
            inputs
        })
    }

    fn start_of(body: &str) -> Start {
        start(body)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn arbitrary_inputs_survive_the_file(inputs in any_inputs()) {
            let (read, warnings) = read(&file_of(&inputs)).unwrap();
            prop_assert_eq!(read, inputs);
            prop_assert!(warnings.is_empty());
        }

        #[test]
        fn a_changed_byte_never_touches_what_came_before(inputs in any_inputs(), place in any::<prop::sample::Index>(), to: u8) {
            let mut file = file_of(&inputs);
            let place = place.index(file.len());
            file[place] = to;
            if place < header_len(&file_of(&inputs[..1])) {
                // It may be refused or read as another header, but it never panics.
                let _ = read(&file);
                return Ok(());
            }
            let (read, _) = read(&file).unwrap();
            let before = (1..=inputs.len()).rev().find(|count| file_of(&inputs[..*count]).len() <= place).unwrap();
            prop_assert_eq!(&read[..before], &inputs[..before]);
        }

        #[test]
        fn arbitrary_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..200), begun: bool) {
            let file = if begun { [b"Stutterscope(", &tail[..]].concat() } else { tail };
            let _ = read(&file);
        }
    }
}

#[test]
fn a_disk_that_fails_ends_the_recording_and_not_the_session() {
    let inputs = sample();
    let header = Header::new(start("{}"), &Profile::default());
    let (reader, writer) = std::io::pipe().unwrap();
    let file = fs::File::from(std::os::fd::OwnedFd::from(writer));
    let log = LiveLog::new(Some(Recorder::over(file, Path::new("run.session"), &header).unwrap()));
    log.push(inputs[0].what.clone());
    log.push(inputs[1].what.clone());
    assert!(log.take_recording_error().is_none());
    // From here on every write fails, as it does on a disk that is full.
    drop(reader);
    for input in &inputs[2..] {
        log.push(input.what.clone());
    }
    let error = log.take_recording_error().map(|error| error.to_string()).unwrap();
    assert!(error.starts_with("recording to run.session stopped: ") && error.contains("hint: the session goes on"), "{error}");
    log.push(What::Cancel);
    assert!(log.take_recording_error().is_none(), "it is said once");
    let mut seen = Vec::new();
    log.drain(&mut seen);
    let wanted = inputs.iter().map(|input| &input.what).chain([&What::Cancel]);
    assert!(seen.iter().map(|input| &input.what).eq(wanted), "the session has every input");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_before_anything_is_sent() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let header = Header::new(start("{}"), &Profile::default());
    let error = Recorder::over(full, Path::new("run.session"), &header).err().map(|error| error.to_string()).unwrap();
    assert!(error.starts_with("cannot create the recording run.session: ") && error.contains("hint: "), "{error}");
}
