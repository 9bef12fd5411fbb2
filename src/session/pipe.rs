//! A live pipe: standard input as a session, stamped where it is read.

use std::{
    fs::File,
    io::{self, BufRead, Read},
    sync::Arc,
    thread::{self, JoinHandle},
};

use crate::{
    core::input::{End, Origin, TransportError, What},
    session::{
        head::{self, Peek},
        import,
        live::LiveLog,
    },
};

const BUFFER: usize = 64 << 10;

/// Reads `source` to its end and hands every input to `push`, which stamps it: Start, heads if the bytes begin with `HTTP/`
/// (`curl -i`), each read, and the End.
pub fn read(mut source: impl Read, wall: String, mut push: impl FnMut(What)) {
    push(What::Start(Box::new(import::start(Origin::Pipe, true, wall))));
    let mut buffer = vec![0; BUFFER];
    // What may still become a head; `None` once the body has begun.
    let mut beginning = Some(Vec::new());
    let end = loop {
        match source.read(&mut buffer) {
            Ok(0) => break End::Eof,
            Ok(len) => match beginning.take() {
                None => push(What::Bytes(buffer[..len].to_vec())),
                Some(mut bytes) => {
                    bytes.extend_from_slice(&buffer[..len]);
                    beginning = take_heads(bytes, &mut push);
                }
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break End::Error { class: TransportError::Io, message: error.to_string() },
        }
    };
    if let Some(bytes) = beginning {
        let (heads, at) = head::parse_all(&bytes);
        heads.into_iter().for_each(|head| push(What::Head(head)));
        // Half a head is shown as what came.
        if at < bytes.len() {
            push(What::Bytes(bytes[at..].to_vec()));
        }
    }
    push(What::End(end));
}

/// Pushes the heads at the start of `bytes`, and the body behind them; returns what may still become a head.
fn take_heads(mut bytes: Vec<u8>, push: &mut impl FnMut(What)) -> Option<Vec<u8>> {
    loop {
        match head::parse(&bytes) {
            // Only the body tells whether it is still encoded.
            Ok((head, len)) if len == bytes.len() && head.header("content-encoding").is_some() => return Some(bytes),
            Ok((mut head, len)) => {
                bytes.drain(..len);
                head::forget_undone_encoding(&mut head, &bytes);
                push(What::Head(head));
            }
            Err(Peek::More) => return Some(bytes),
            Err(Peek::Body) => {
                push(What::Bytes(bytes));
                return None;
            }
        }
    }
}

/// Reads `source` on a thread of its own into `log`, and closes the log at its end.
///
/// # Errors
/// When no thread can be started.
pub fn spawn(source: impl Read + Send + 'static, wall: String, log: Arc<LiveLog>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("pipe".into()).spawn(move || {
        read(source, wall, |what| {
            log.push(what);
        });
        log.close();
    })
}

/// What standard input turned out to be.
pub enum Stdin {
    /// A file or a recording: nothing is known of its arrival here.
    Stored(Box<dyn Read + Send>),
    /// A pipe, socket or device whose reads have times of their own.
    Live(Box<dyn Read + Send>),
}

/// Standard input. Waits for the first bytes, since a recording may come through a pipe too.
///
/// # Errors
/// When it cannot be read.
pub fn stdin() -> io::Result<Stdin> {
    let file = rustix::io::dup(io::stdin()).map(File::from)?;
    if file.metadata()?.is_file() {
        return Ok(Stdin::Stored(Box::new(file)));
    }
    // The reader's own buffer is handed on with what it has read already.
    let mut reader = io::BufReader::with_capacity(BUFFER, file);
    let stored = super::source::is_stored(reader.fill_buf()?);
    Ok(if stored { Stdin::Stored(Box::new(reader)) } else { Stdin::Live(Box::new(reader)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its parts one read each.
    struct Parts(std::collections::VecDeque<&'static [u8]>);

    impl Read for Parts {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let part = self.0.pop_front().unwrap_or_default();
            buffer[..part.len()].copy_from_slice(part);
            Ok(part.len())
        }
    }

    fn check(parts: &[&'static [u8]], expected: &[&str]) {
        let mut got = Vec::new();
        read(Parts(parts.iter().copied().collect()), String::new(), |what| {
            got.push(match what {
                What::Start(start) => format!("start {:?}", start.origin),
                What::Head(head) => format!("head {} {:?}", head.status, head.headers),
                What::Bytes(bytes) => format!("bytes {}", String::from_utf8_lossy(&bytes)),
                other => format!("{other:?}"),
            });
        });
        assert_eq!(got, expected);
    }

    #[test]
    fn reads_are_kept_and_heads_are_told_from_bodies() {
        check(&[b"data: 1\n\n", b"data: 2"], &["start Pipe", "bytes data: 1\n\n", "bytes data: 2", "End(Eof)"]);
        check(
            &[b"HTT", b"P/1.1 302 Found\r\nSet-Cookie: abc\r\n\r\nHTTP/2 200\r\n", b"\r\n", b"{}"],
            &["start Pipe", r#"head 302 [("set-cookie", "***")]"#, "head 200 []", "bytes {}", "End(Eof)"],
        );
        let encoded = b"HTTP/2 200\r\nContent-Encoding: gzip\r\n\r\n";
        check(&[encoded, b"data: 1\n\n"], &["start Pipe", "head 200 []", "bytes data: 1\n\n", "End(Eof)"]);
        check(&[encoded], &["start Pipe", r#"head 200 [("content-encoding", "gzip")]"#, "End(Eof)"]);
        check(&[b"HTTP/1.1 200 OK\r\nx"], &["start Pipe", "bytes HTTP/1.1 200 OK\r\nx", "End(Eof)"]);
        check(&[], &["start Pipe", "End(Eof)"]);
        check(&[b"HTTPS is not a head\n\n"], &["start Pipe", "bytes HTTPS is not a head\n\n", "End(Eof)"]);
    }
}
