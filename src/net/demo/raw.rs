//! Broken HTTP, written by hand on the bare connection.

use std::io;

use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{Instant, sleep_until},
};

use super::{State, Write};
use crate::net::demo::script::Close;

/// A response that hyper would not write.
pub struct RawResponse {
    /// Value of content-type.
    pub content_type: &'static str,
    /// What is written, and when.
    pub writes: Vec<Write>,
    /// How it breaks off.
    pub close: Close,
}

/// Plays `response` and breaks off as it says.
pub async fn play(mut stream: TcpStream, response: RawResponse, state: &State) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n",
        response.content_type
    );
    let begun = Instant::now();
    stream.write_all(head.as_bytes()).await?;
    let mut chunk = Vec::new();
    for write in &response.writes {
        sleep_until(begun + state.scaled(write.at_us)).await;
        chunk.clear();
        chunk.extend_from_slice(format!("{:x}\r\n", write.bytes.len()).as_bytes());
        chunk.extend_from_slice(&write.bytes);
        chunk.extend_from_slice(b"\r\n");
        stream.write_all(&chunk).await?;
    }
    // The peer reads what was sent before it learns how this ends: a reset discards what lies unread in its buffers.
    sleep_until(Instant::now() + state.scaled(60_000)).await;
    match response.close {
        Close::Whole => stream.write_all(b"0\r\n\r\n").await,
        Close::Early => stream.shutdown().await,
        Close::BadChunk => {
            stream.write_all(b"no number\r\n").await?;
            stream.shutdown().await
        }
        Close::Reset => stream.set_zero_linger(),
    }
}
