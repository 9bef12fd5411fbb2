//! HTTP by hand, for tests that look at every byte: a client, and a server that says what it is told to.
#![allow(dead_code, clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// An answer as it came.
pub struct Answer {
    /// Status line and headers, without the blank line.
    pub head: String,
    /// The body, without the framing of its transfer.
    pub body: Vec<u8>,
    /// True if the body ended as HTTP says.
    pub complete: bool,
    /// Where each read ended in the bytes as they came, and when.
    pub reads: Vec<(usize, Instant)>,
    /// The bytes as they came.
    pub raw: Vec<u8>,
}

impl Answer {
    /// The head's lines without those that concern one connection, sorted.
    pub fn end_to_end(&self) -> Vec<String> {
        let hop = ["transfer-encoding:", "connection:", "keep-alive:"];
        let mut lines: Vec<String> = self.head.lines().map(str::to_lowercase).collect();
        lines.retain(|line| !hop.iter().any(|hop| line.starts_with(hop)));
        lines.sort();
        lines
    }

    /// When `text` had come whole.
    pub fn arrival(&self, text: &str) -> Instant {
        let start = self.raw.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
        self.reads.iter().find(|(end, _)| *end >= start + text.len()).unwrap().1
    }
}

/// Connects, with a limit on every read, so that no test hangs.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// A POST of `body` to `path`, with further header lines.
pub fn post(address: SocketAddr, path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

/// Sends `request` and reads until the connection ends.
pub fn exchange(address: SocketAddr, request: &str) -> Answer {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    read(&mut stream)
}

/// Reads an answer until the connection ends.
pub fn read(stream: &mut TcpStream) -> Answer {
    let (mut raw, mut reads, mut buffer) = (Vec::new(), Vec::new(), vec![0; 65_536]);
    // A connection that is reset ends too.
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        raw.extend_from_slice(&buffer[..count]);
        reads.push((raw.len(), Instant::now()));
    }
    let at = raw.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(raw.len());
    let head = String::from_utf8_lossy(&raw[..at]).into_owned();
    let rest = raw.get(at + 4..).unwrap_or_default();
    let length =
        |line: &str| line.to_lowercase().strip_prefix("content-length:").map(|value| value.trim().parse::<usize>().unwrap());
    let (body, complete) = if head.to_lowercase().contains("transfer-encoding: chunked") {
        dechunked(rest)
    } else {
        (rest.to_vec(), head.lines().find_map(length) == Some(rest.len()))
    };
    Answer { head, body, complete, reads, raw }
}

fn dechunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return (body, rest.ends_with(b"0\r\n\r\n"));
        }
        let chunk = &rest[end + 2..];
        body.extend_from_slice(&chunk[..length.min(chunk.len())]);
        rest = chunk.get(length + 2..).unwrap_or_default();
    }
    (body, false)
}

/// A server whose connections are each given to `serve` with the head of the first request, its body read. Returns its address.
pub fn server(serve: impl Fn(TcpStream, String) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        thread::scope(|scope| {
            for stream in listener.incoming().flatten() {
                let serve = &serve;
                scope.spawn(move || {
                    stream.set_nodelay(true).unwrap();
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let (mut head, mut line, mut length) = (String::new(), String::new(), 0);
                    while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
                        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                            length = value.trim().parse().unwrap();
                        }
                        head += &std::mem::take(&mut line);
                    }
                    if reader.read_exact(&mut vec![0; length]).is_ok() {
                        serve(stream, head);
                    }
                });
            }
        });
    });
    address
}
