//! A server that writes given chunks at a steady pace and notes when each was sent, and what it was asked.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// What a [`Paced`] server saw and did, over all connections.
#[derive(Default)]
pub struct Notes {
    /// Request heads and bodies.
    pub requests: Vec<(String, String)>,
    /// When each chunk had been handed to the system.
    pub sent: Vec<Instant>,
}

/// The server; its threads end with the process.
pub struct Paced {
    /// Base URL of its OpenAI-compatible endpoint.
    pub url: String,
    /// What happened so far.
    pub notes: Arc<Mutex<Notes>>,
}

impl Paced {
    /// Starts on a free port. Every request is answered with `chunks`, `gap` apart.
    pub fn start(gap: Duration, chunks: Vec<String>) -> Paced {
        Paced::start_as("200 OK", gap, chunks)
    }

    /// The same with another status line, which may bring header lines with it.
    pub fn start_as(status: &str, gap: Duration, chunks: Vec<String>) -> Paced {
        let status = Arc::new(status.to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let notes = Arc::new(Mutex::new(Notes::default()));
        let (shared, chunks) = (notes.clone(), Arc::new(chunks));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (notes, chunks, status) = (shared.clone(), chunks.clone(), status.clone());
                // A client that goes away ends its connection and nothing else.
                thread::spawn(move || drop(answer(stream, &status, gap, &chunks, &notes)));
            }
        });
        Paced { url, notes }
    }
}

fn answer(mut stream: TcpStream, status: &str, gap: Duration, chunks: &[String], notes: &Mutex<Notes>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut line, mut length) = (String::new(), String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push_str(&line);
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    notes.lock().unwrap().requests.push((head, String::from_utf8_lossy(&body).into_owned()));
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    for chunk in chunks {
        thread::sleep(gap);
        stream.write_all(format!("{:x}\r\n{chunk}\r\n", chunk.len()).as_bytes())?;
        notes.lock().unwrap().sent.push(Instant::now());
    }
    stream.write_all(b"0\r\n\r\n")
}

/// One openai-chat frame that adds `text`.
pub fn delta(text: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text:?}}},\"finish_reason\":null}}]}}\n\n"
    )
}

/// The finish frame and the terminator.
pub fn finish() -> String {
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n".into()
}
