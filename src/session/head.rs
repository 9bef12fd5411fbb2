//! Response heads in front of a body, as `curl -i` writes them.

use crate::core::input::Head;

/// What the beginning of a stream is.
#[derive(Debug, PartialEq, Eq)]
pub enum Peek {
    /// A head may still become whole with more bytes.
    More,
    /// No head: the body begins here.
    Body,
}

/// The most that is searched for the end of a head.
const LIMIT: usize = 256 << 10;

/// Parses the heads at the start of `bytes`: one, or several where redirects or interim responses came first. Returns them
/// with the offset of the body. What does not parse as a head is body.
pub fn parse_all(bytes: &[u8]) -> (Vec<Head>, usize) {
    let mut heads = Vec::new();
    let mut at = 0;
    while let Ok((head, len)) = parse(&bytes[at..]) {
        heads.push(head);
        at += len;
    }
    (heads, at)
}

/// Parses one head at the start of `bytes`; returns it with its length, blank line included.
///
/// # Errors
/// [`Peek::More`] when the bytes so far may be the beginning of a head, [`Peek::Body`] when they are not.
pub fn parse(bytes: &[u8]) -> Result<(Head, usize), Peek> {
    const MAGIC: &[u8] = b"HTTP/";
    if !bytes.starts_with(&MAGIC[..MAGIC.len().min(bytes.len())]) {
        return Err(Peek::Body);
    }
    let mut lines = Vec::new();
    let mut at = 0;
    let end = loop {
        let Some(end) = memchr::memchr(b'\n', &bytes[at..]).map(|end| at + end) else {
            return Err(if bytes.len() > LIMIT { Peek::Body } else { Peek::More });
        };
        let line = bytes[at..end].strip_suffix(b"\r").unwrap_or(&bytes[at..end]);
        at = end + 1;
        if line.is_empty() {
            break at;
        }
        lines.push(line);
    };
    let status = lines
        .first()
        .and_then(|line| line.split(|byte| *byte == b' ').nth(1))
        .and_then(|word| std::str::from_utf8(word).ok())
        .and_then(|word| word.parse().ok())
        .ok_or(Peek::Body)?;
    let headers = lines[1..].iter().filter_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let name = String::from_utf8_lossy(line[..colon].trim_ascii()).to_ascii_lowercase();
        Some((name, String::from_utf8_lossy(line[colon + 1..].trim_ascii()).into_owned()))
    });
    let mut head = Head { status, headers: headers.collect() };
    super::redact::mask_headers(&mut head.headers);
    Ok((head, end))
}

/// True if a body is not encoded: every encoding in use begins with bytes that are no ASCII text, and every stream with bytes that
/// are.
pub fn is_plain(body: &[u8]) -> bool {
    const LOOK: usize = 16;
    body.iter().take(LOOK).all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
}

/// Takes the content-encoding out of a head whose body begins as plain text: `curl --compressed` undoes the encoding and
/// prints the header all the same.
pub fn forget_undone_encoding(head: &mut Head, body: &[u8]) {
    if !body.is_empty() && is_plain(body) {
        head.headers.retain(|(name, _)| name != "content-encoding");
    }
}
