//! Puts back the line breaks that `curl --trace-ascii` shows as dots, where the framing tells that they are some.

const FIELDS: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b": "];

/// Makes line breaks of the dots in a read that stand where a frame or a field of it ends.
pub fn undot(read: &mut [u8]) {
    let mut line = 0;
    let mut at = 0;
    while at < read.len() {
        if read[at] == b'\n' {
            line = at + 1;
        }
        if read[at] == b'.' {
            let dots = read[at..].iter().take_while(|byte| **byte == b'.').count();
            let rest = &read[at + dots..];
            let next = rest.is_empty() || rest[0] == b'{' || FIELDS.iter().any(|field| rest.starts_with(field));
            if dots <= 3 && next && may_end(&read[line..at]) {
                read[at..at + dots].fill(b'\n');
                line = at + dots;
            }
            at += dots;
        } else {
            at += 1;
        }
    }
}

/// True if a line may end after this: behind a JSON value, or anywhere in a line that holds none.
fn may_end(line: &[u8]) -> bool {
    let field = |name: &&[u8]| line.starts_with(name);
    let holds_json = line.starts_with(b"{") || line.starts_with(b"data:");
    line.is_empty()
        || matches!(line.last(), Some(b'}' | b']')) && holds_json
        || !line.starts_with(b"data:") && FIELDS.iter().any(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_that_end_frames_become_line_breaks() {
        let check = |shown: &str, wanted: &str| {
            let mut bytes = shown.as_bytes().to_vec();
            undot(&mut bytes);
            assert_eq!(String::from_utf8_lossy(&bytes), wanted);
        };
        check(r#"data: {"a":"Well..."}..data: [DONE].."#, "data: {\"a\":\"Well...\"}\n\ndata: [DONE]\n\n");
        check(r#"event: ping.data: {"type":"ping"}.."#, "event: ping\ndata: {\"type\":\"ping\"}\n\n");
        check(r#"{"done":false}.{"done":true}."#, "{\"done\":false}\n{\"done\":true}\n");
        check(r": keep-alive..", ": keep-alive\n\n");
        check(r#"data: {"a":"cut in a sentence."#, r#"data: {"a":"cut in a sentence."#);
    }
}
