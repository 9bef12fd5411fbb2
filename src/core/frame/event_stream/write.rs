//! The inverse of the framer, for writers and repair.

use super::{Crc32, PRELUDE, lengths};

/// Appends a message of `kind` (`event`, `exception`) and event type `event` with a JSON payload.
pub fn write(kind: &str, event: &str, payload: &[u8], out: &mut Vec<u8>) {
    let name = if kind == "exception" { ":exception-type" } else { ":event-type" };
    let mut headers = Vec::new();
    for (name, value) in [(name, event), (":content-type", "application/json"), (":message-type", kind)] {
        headers.push(name.len() as u8);
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&(value.len() as u16).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    assemble(&headers, payload, out);
}

/// `message` with another payload, its headers as they are; `None` if it is no message.
pub fn with_payload(message: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let (_, headers) = lengths(message.first_chunk()?)?;
    let mut out = Vec::with_capacity(message.len());
    assemble(message.get(PRELUDE..PRELUDE + headers)?, payload, &mut out);
    Some(out)
}

/// Appends a message of these headers and payload, with its lengths and checksums.
fn assemble(headers: &[u8], payload: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let total = PRELUDE + headers.len() + payload.len() + 4;
    out.extend_from_slice(&(total as u32).to_be_bytes());
    out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    let sum = Crc32::of(&out[start..]);
    out.extend_from_slice(&sum.to_be_bytes());
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    let sum = Crc32::of(&out[start..]);
    out.extend_from_slice(&sum.to_be_bytes());
}
