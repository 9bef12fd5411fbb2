//! A frame's data, and the frame with other data: framing undone and done again.

use crate::core::{
    dialect::FrameView,
    frame::{Framer, Framing, Payload, RawKind, event_stream::with_payload, sse::Block},
};

/// Reads the frame's content, framing undone, and hands it to `read`; `None` if it is no frame with data.
pub fn with_view<T>(framing: Framing, frame: &[u8], read: impl FnOnce(&FrameView<'_>) -> T) -> Option<T> {
    let mut framer = Framer::new(framing, 0, u64::MAX);
    let raw = framer.next(frame).or_else(|| framer.finish(frame))?;
    if raw.kind != RawKind::Data {
        return None;
    }
    match raw.payload {
        Payload::Plain { event, id, data } => {
            Some(read(&FrameView { event: event.of(frame), id: id.of(frame), data: data.of(frame) }))
        }
        Payload::Message { kind, event, data } => {
            Some(read(&FrameView { event: event.of(frame), id: kind.of(frame), data: data.of(frame) }))
        }
        Payload::Block => Some(read(&Block::read(&frame[raw.start as usize..]).view())),
        Payload::None => None,
    }
}

/// The frame with `data` in the place of its own; everything else stays byte for byte. `None` if it cannot hold it.
pub fn with_data(framing: Framing, frame: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    match framing {
        Framing::Sse => block_with_data(frame, data),
        Framing::EventStream => with_payload(frame, data),
        Framing::Ndjson | Framing::JsonArray | Framing::Json => {
            let end = frame.trim_ascii_end().len();
            Some([data, &frame[end..]].concat())
        }
    }
}

/// Each data line gets its line of the new data; where there are fewer of those, lines go.
fn block_with_data(frame: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut out = Vec::with_capacity(frame.len());
    let mut rest = frame;
    while !rest.is_empty() {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let crlf = rest[end..].starts_with(b"\r\n");
        let next = (end + if crlf { 2 } else { 1 }).min(rest.len());
        let (line, ending) = (&rest[..end], &rest[end..next]);
        rest = &rest[next..];
        let name = match line.strip_prefix(b"data") {
            Some([b':', b' ', ..]) => &line[..6],
            Some([b':', ..]) => &line[..5],
            // A field without a value has no place for one.
            Some([]) => b"data: ",
            _ => {
                out.extend_from_slice(line);
                out.extend_from_slice(ending);
                continue;
            }
        };
        if let Some(value) = lines.next() {
            out.extend_from_slice(name);
            out.extend_from_slice(value);
            out.extend_from_slice(ending);
        }
    }
    lines.next().is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::frame::event_stream;

    fn check(framing: Framing, frame: &[u8], data: &[u8], other: &[u8], expected: &[u8]) {
        let own = with_view(framing, frame, |view| view.data.to_vec());
        assert_eq!(own.as_deref(), Some(data));
        assert_eq!(with_data(framing, frame, data).as_deref(), Some(frame), "the same data changes nothing");
        assert_eq!(with_data(framing, frame, other).as_deref(), Some(expected));
    }

    #[test]
    fn only_the_data_changes() {
        check(Framing::Sse, b"id: 1\ndata: {}\n: c\n\n", b"{}", b"[]", b"id: 1\ndata: []\n: c\n\n");
        check(Framing::Sse, b"data:a\r\nevent: e\r\ndata: b\r\n\r", b"a\nb", b"x\ny", b"data:x\r\nevent: e\r\ndata: y\r\n\r");
        check(Framing::Sse, b"data: a\ndata: b\n\n", b"a\nb", b"x", b"data: x\n\n");
        check(Framing::Sse, b"data: a", b"a", b"", b"data: ");
        check(Framing::Ndjson, b"{} \r\n", b"{}", b"[1]", b"[1] \r\n");
        check(Framing::JsonArray, b"{}", b"{}", b"{\"a\":1}", b"{\"a\":1}");
        let mut message = Vec::new();
        event_stream::write("event", "chunk", b"{}", &mut message);
        let mut other = Vec::new();
        event_stream::write("event", "chunk", b"{\"a\":\"longer\"}", &mut other);
        check(Framing::EventStream, &message, b"{}", b"{\"a\":\"longer\"}", &other);
        assert_eq!(with_data(Framing::Sse, b"data: a\n\n", b"x\ny"), None, "there is no line for it");
    }
}
