//! The real program in a pseudo-terminal: what a newcomer does, and the terminal as it was afterwards.
#![allow(clippy::unwrap_used)]

use std::{
    io::{Read, Write},
    num::NonZero,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use stutterscope::net::demo::DemoServer;

const PATIENCE: Duration = Duration::from_secs(20);
const ROWS: u16 = 40;
const COLUMNS: u16 = 120;

/// The program on a terminal of its own.
struct Session {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    /// Everything the program wrote.
    raw: Arc<Mutex<Vec<u8>>>,
    // Closing it would hang the program up.
    master: Box<dyn portable_pty::MasterPty + Send>,
    _folder: tempfile::TempDir,
}

impl Session {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Session {
        Session::start_in(tempfile::tempdir().unwrap(), arguments, variables)
    }

    fn start_in(folder: tempfile::TempDir, arguments: &[&str], variables: &[(&str, &str)]) -> Session {
        let pair = native_pty_system().openpty(PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_stutterscope"));
        command.args(arguments);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")].iter().chain(variables) {
            command.env(name, value);
        }
        command.env("STUTTERSCOPE_DATA_DIR", folder.path());
        command.env("HOME", folder.path());
        command.cwd(folder.path());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(NonZero::new(ROWS).unwrap(), NonZero::new(COLUMNS).unwrap(), 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (into, bytes) = (screen.clone(), raw.clone());
        thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 {
                    break;
                }
                bytes.lock().unwrap().extend_from_slice(&buffer[..count]);
                into.lock().unwrap().process(&buffer[..count]);
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Session { child, writer, screen, raw, master: pair.master, _folder: folder }
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits until the screen satisfies `holds`.
    fn wait(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let began = Instant::now();
        while !holds(&self.text()) {
            assert!(began.elapsed() < PATIENCE, "no {what} on the screen:\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn resize(&self, columns: u16, rows: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap());
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    fn takes_the_mouse(&self) -> bool {
        self.screen.lock().unwrap().screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    fn exit_code(&mut self) -> u32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it wrote last may still be on its way.
                thread::sleep(Duration::from_millis(200));
                return status.exit_code();
            }
            assert!(began.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The terminal is as it was: no alternate screen, the cursor shown, nothing half drawn.
    fn assert_restored(&self) {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "bracketed paste is off");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is left");
        let raw = String::from_utf8_lossy(&self.raw.lock().unwrap()).into_owned();
        assert!(raw.rfind("\u{1b}[?2026l") > raw.rfind("\u{1b}[?2026h"), "no frame is left open");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn a_newcomer_sees_a_stutter_steps_back_tunes_and_quits() {
    let began = Instant::now();
    let mut session = Session::start(&[], &[]);
    session.wait("stutter", |text| text.contains("cumulative_replay") && text.contains("STUTTER"));
    assert!(began.elapsed() < Duration::from_secs(10), "it is caught within ten seconds");
    session.wait("end", |text| text.contains("122/122"));
    session.press("[");
    session.wait("cursor on the last finding", |text| text.contains("120/122"));
    session.press(",");
    session.wait("step back", |text| text.contains("119/122"));
    session.press("tLLLL");
    session.wait("change of verdict", |text| text.contains("findings 2→0") && text.contains("CLEAN"));
    session.press("u");
    session.wait("verdict again", |text| text.contains("STUTTER") || text.contains("findings 2→1"));
    session.press("Q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
    assert!(session.text().contains("recorded: "), "{}", session.text());
}

#[test]
fn sigterm_gives_the_terminal_back() {
    let mut session = Session::start(&[], &[]);
    session.wait("live session", |text| text.contains("LIVE"));
    let id = i32::try_from(session.child.process_id().unwrap()).unwrap();
    let id = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert_eq!(session.exit_code(), 143);
    session.assert_restored();
}

#[test]
fn a_panic_gives_the_terminal_back_and_names_the_recording() {
    let mut session = Session::start(&[], &[("STUTTERSCOPE_TEST_PANIC_KEY", "x")]);
    session.wait("live session", |text| text.contains("LIVE"));
    session.press("x");
    assert_eq!(session.exit_code(), 101);
    session.assert_restored();
    let text = session.text();
    assert!(text.contains("asks for this panic"), "{text}");
    assert!(text.contains("the session is recorded in"), "{text}");
}

#[test]
fn ctrl_c_cancels_the_stream_and_the_recording_opens() {
    let mut session = Session::start(&[], &[]);
    session.wait("live session", |text| text.contains("LIVE") && text.contains("Streaming"));
    session.press("\u{3}");
    session.wait("cancelled session", |text| text.contains("cancelled"));
    session.press("s");
    session.wait("list", |text| text.contains("Sessions and recordings"));
    session.press("\u{1b}");
    session.wait("screen", |text| !text.contains("Sessions and recordings"));
    session.press("Q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

#[test]
fn q_quits_while_live_and_says_where_the_recording_is() {
    let mut session = Session::start(&[], &[]);
    session.wait("live session", |text| text.contains("LIVE") && text.contains("Streaming"));
    session.press("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
    assert!(session.text().contains("recorded: "), "{}", session.text());
}

#[test]
fn ctrl_c_twice_quits_while_live() {
    let mut session = Session::start(&[], &[]);
    session.wait("live session", |text| text.contains("LIVE") && text.contains("Streaming"));
    session.press("\u{3}");
    session.wait("cancelled session", |text| text.contains("ctrl-c again quits"));
    session.press("\u{3}");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
    assert!(session.text().contains("recorded: "), "{}", session.text());
}

#[test]
fn ctrl_z_gives_terminal_and_mouse_back_and_fg_takes_them_again() {
    use rustix::process::{Pid, Signal, kill_process};
    let mut session = Session::start(&[], &[]);
    session.wait("live session", |text| text.contains("LIVE"));
    assert!(session.takes_the_mouse());
    session.press("\u{1a}");
    let began = Instant::now();
    while session.takes_the_mouse() || session.screen.lock().unwrap().screen().alternate_screen() {
        assert!(began.elapsed() < PATIENCE, "it is not suspended");
        thread::sleep(Duration::from_millis(20));
    }
    session.assert_restored();
    let id = Pid::from_raw(i32::try_from(session.child.process_id().unwrap()).unwrap()).unwrap();
    kill_process(id, Signal::CONT).unwrap();
    session.wait("screen", |text| text.contains("Chunks"));
    assert!(session.takes_the_mouse());
    session.press("m");
    session.wait("notice", |text| text.contains("the mouse is the terminal's"));
    assert!(!session.takes_the_mouse());
    session.press("Q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

/// Three failing sends of one run open the breaker, the fourth makes no connection, and a probe closes it again.
#[test]
fn the_breaker_opens_refuses_and_closes_in_one_run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(DemoServer::start(0, 20.0)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.ron");
    let text = format!(
        "(provider: \"lab\", model: \"demo/outage\",\n providers: {{ \"lab\": (base_url: \"{}/v1\", model: \"demo/outage\") }},\n \
         desk: (breaker: (trip_at: 3, open_ms: 4000)))",
        server.root()
    );
    std::fs::write(&config, text).unwrap();
    let variables = [("STUTTERSCOPE_CONFIG", config.to_str().unwrap())];
    let mut session = Session::start_in(folder, &[], &variables);
    session.wait("composer", |text| text.contains("Compose a request"));
    // The provider of the configuration is picked; F5 sends, r sends the same again.
    session.press("\u{1b}[15~");
    for failures in 1..=3 {
        if failures > 1 {
            session.press("r");
        }
        session.wait("failure", |text| text.contains("ENDED") && text.contains(&failed(failures)));
        assert_eq!(server.requests_of("outage"), failures, "each failed once");
    }
    session.wait("open breaker", |text| text.contains("breaker OPEN"));
    let connections = server.connections();
    session.press("r");
    session.wait("refusal", |text| text.contains("refused for") && text.contains("1 refused"));
    assert_eq!((server.requests_of("outage"), server.connections()), (3, connections), "the fourth made no connection");
    // Pressed again and again, each time with an answer, until the open time is over and one is let through as the probe.
    let mut refused = 1;
    while server.requests_of("outage") == 3 {
        thread::sleep(Duration::from_millis(300));
        session.press("r");
        refused += 1;
        let again = format!("{refused} refused");
        session.wait("answer", |text| server.requests_of("outage") > 3 || text.contains(&again));
    }
    session.wait("closed breaker", |text| text.contains("breaker CLOSED 0/3") && text.contains("Terminating · finished"));
    assert_eq!(server.requests_of("outage"), 4);
    session.press("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

/// What the header says after so many failures in a row.
fn failed(failures: u64) -> String {
    if failures < 3 { format!("breaker CLOSED {failures}/3") } else { "breaker OPEN".into() }
}

#[test]
fn a_storm_of_resizes_while_live_leaves_a_whole_screen() {
    let mut session = Session::start(&[], &[]);
    session.wait("live session", |text| text.contains("LIVE") && text.contains("Streaming"));
    for round in 0..20 {
        for (columns, rows) in [(80, 24), (200, 60), (39, 9), (100, 30), (1, 1), (60, 16), (300, 12)] {
            session.resize(columns, rows);
            if round % 4 == 0 {
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
    session.resize(COLUMNS, ROWS);
    let whole = |text: &str| ["1 Chunks", "2 States", "3 Scores", "4 Output", "5 Inspector"].iter().all(|pane| text.contains(pane));
    session.wait("whole screen", whole);
    session.wait("end", |text| text.contains("122/122") && text.contains("STUTTER"));
    session.press("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

#[test]
fn the_mouse_is_left_alone_over_ssh() {
    let mut session = Session::start(&[], &[("SSH_CONNECTION", "10.0.0.1 50000 10.0.0.2 22")]);
    session.wait("live session", |text| text.contains("LIVE"));
    assert!(!session.takes_the_mouse());
    session.press("m");
    session.wait("tag", |text| text.contains("the mouse is ours"));
    assert!(session.takes_the_mouse());
    session.press("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

#[test]
fn calls_through_the_proxy_are_live_sessions() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let upstream = runtime.block_on(DemoServer::start(0, 10.0)).unwrap();
    let mut session = Session::start(&["proxy", &format!("{}/v1", upstream.root())], &[("STUTTERSCOPE_CONFIG", "")]);
    session.wait("proxy", |text| text.contains("waiting for the first"));
    let text = session.text();
    let address = text.split("http://").nth(1).unwrap().split('/').next().unwrap();
    let call = |model: &str| {
        let body = format!(r#"{{"model":"demo/{model}","stream":true,"messages":[]}}"#);
        let length = body.len();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        let mut client = std::net::TcpStream::connect(address).unwrap();
        client.write_all((head + &body).as_bytes()).unwrap();
        client
    };
    let mut received = String::new();
    call("cumulative").read_to_string(&mut received).unwrap();
    assert!(received.ends_with("0\r\n\r\n"));
    session.wait("judged call", |text| text.contains("1. demo/cumulative") && text.contains("STUTTER"));
    // The next one takes the screen, for nobody was looking into the first.
    let mut hanging = call("hang");
    hanging.read_exact(&mut [0; 200]).unwrap();
    session.wait("live call", |text| text.contains("LIVE") && text.contains("2. demo/hang"));
    session.press("Q");
    assert_eq!(session.exit_code(), 0);
    assert!(session.text().contains("the calls are recorded in"), "{}", session.text());
    session.assert_restored();
}

/// Two sends of one run: the second is judged with what the first showed of the endpoint.
#[test]
fn live_sessions_learn_habits_where_the_configuration_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = (folder.path().join("config.ron"), folder.path().to_owned());
    std::fs::write(&config, "(habits: true)").unwrap();
    let variables = [("STUTTERSCOPE_CONFIG", config.to_str().unwrap())];
    let mut session = Session::start_in(folder, &[], &variables);
    session.wait("end", |text| text.contains("ENDED") && text.contains("122/122"));
    let began = Instant::now();
    while !data.join("habits.ron").exists() {
        assert!(began.elapsed() < PATIENCE, "nothing was learnt");
        thread::sleep(Duration::from_millis(20));
    }
    session.press("r");
    session.wait("second session", |text| text.contains("habits: cumulative_replay 1×"));
    session.wait("its end", |text| text.contains("ENDED") && text.contains("122/122"));
    session.press("Q");
    assert_eq!(session.exit_code(), 0);
    let known = || std::fs::read_to_string(data.join("habits.ron")).unwrap();
    assert!(known().contains("sessions: 2"), "{}", known());
}
