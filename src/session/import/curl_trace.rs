//! What `curl --trace FILE` and `--trace-ascii FILE` write, with `--trace-time` or without: every read as it came.

use super::{
    Import, ImportError,
    exchange::{Body, Exchange},
    undot,
};
use crate::{
    core::{
        input::{End, OurEnd, TransportError},
        time::Micros,
    },
    session::head,
};

mod dechunk;
mod events;

use dechunk::Dechunk;
pub use events::begins;
use events::{Event, Events, Kind};

/// Reads all exchanges.
pub fn read(bytes: &[u8]) -> Import {
    let mut import = Import::default();
    let mut events = Events::new(bytes);
    let mut reader = TraceReader { ascii: events.ascii(), ..TraceReader::default() };
    for event in events.by_ref() {
        let begins = event.kind == Kind::SentHeader || event.kind == Kind::Info && begins_another(&event.text());
        if begins && reader.answered() {
            reader.flush(&mut import, false);
        }
        reader.take(event);
    }
    reader.flush(&mut import, true);
    import.broken = events.cut().map(|(line, reason)| ImportError::Broken { kind: "curl trace", line, column: 1, reason });
    import
}

/// The exchange that is being read.
#[derive(Debug, Default)]
struct TraceReader {
    ascii: bool,
    clocked: bool,
    tls: bool,
    begun: Option<u64>,
    last: u64,
    sent_head: Vec<u8>,
    sent_body: Vec<u8>,
    head: Vec<u8>,
    heads: Vec<(Micros, crate::core::input::Head)>,
    reads: Vec<(Micros, Vec<u8>)>,
    end: Option<End>,
}

impl TraceReader {
    fn answered(&self) -> bool {
        self.heads.last().is_some_and(|(_, head)| head.status >= 200) || !self.reads.is_empty()
    }

    fn take(&mut self, event: Event) {
        self.clocked |= event.time.is_some();
        let time = event.time.unwrap_or(0);
        let begun = *self.begun.get_or_insert(time);
        let at = Micros(time.saturating_sub(begun));
        match event.kind {
            Kind::Info => {
                self.tls |= INFO_TLS.iter().any(|words| event.text().contains(words));
                self.end = self.end.take().or_else(|| end_of(&event.text()));
            }
            Kind::SentHeader => self.sent_head.extend(event.bytes),
            Kind::SentData => self.sent_body.extend(event.bytes),
            Kind::ReceivedHeader => {
                self.head.extend(event.bytes);
                if let Ok((head, len)) = head::parse(&self.head) {
                    self.head.drain(..len);
                    self.heads.push((at, head));
                }
            }
            Kind::ReceivedData => self.reads.push((at, event.bytes)),
            Kind::Other => return,
        }
        self.last = time;
    }

    /// Hands the exchange over and begins the next. A redirect, a challenge or a tunnel that another request follows is a part
    /// of that one.
    fn flush(&mut self, import: &mut Import, last: bool) {
        let sent = String::from_utf8_lossy(&self.sent_head).into_owned();
        let preliminary =
            self.heads.last().is_some_and(|(_, head)| (300..400).contains(&head.status) || matches!(head.status, 401 | 407));
        if !last && (preliminary || sent.starts_with("CONNECT ")) {
            self.sent_head.clear();
            self.reads.clear();
            self.sent_body.clear();
            self.end = None;
            if sent.starts_with("CONNECT ") {
                self.heads.clear();
            }
            return;
        }
        let done = std::mem::take(self);
        (self.ascii, self.tls) = (done.ascii, done.tls);
        if !done.sent_head.is_empty() || !done.heads.is_empty() || done.end.is_some() {
            import.push_any(done.exchange(&sent));
        }
    }

    fn exchange(mut self, sent: &str) -> Exchange {
        let mut lines = sent.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let pairs = lines.filter_map(|line| line.split_once(':'));
        let headers: Vec<(String, String)> = pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
        let host = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, host)| host.as_str());
        let url = match host {
            Some(host) if path.starts_with('/') => format!("{}://{host}{path}", if self.tls { "https" } else { "http" }),
            _ => path.to_owned(),
        };
        let mut remarks = Vec::new();
        let mut ended = None;
        let head = self.heads.last_mut().map(|(_, head)| head);
        let chunked =
            head.as_deref().and_then(|head| head.header("transfer-encoding")).is_some_and(|value| value.contains("chunked"));
        if chunked {
            let mut dechunk = Dechunk::default();
            self.reads.iter_mut().for_each(|(_, bytes)| dechunk.undo(bytes));
            self.reads.retain(|(_, bytes)| !bytes.is_empty());
            ended = dechunk.is_cut().then_some(End::Reset);
        }
        if let Some(head) = head {
            let beginning: Vec<u8> = self.reads.iter().flat_map(|(_, bytes)| bytes).take(16).copied().collect();
            head::forget_undone_encoding(head, &beginning);
        }
        if self.ascii && !self.reads.is_empty() {
            self.reads.iter_mut().for_each(|(_, bytes)| undot::undot(bytes));
            remarks.push(ASCII.to_owned());
        }
        Exchange {
            clocked: self.clocked,
            method: method.to_owned(),
            url,
            headers,
            request: String::from_utf8_lossy(&self.sent_body).into_owned(),
            heads: self.heads,
            body: Body::Reads(self.reads),
            end: (Micros(self.last.saturating_sub(self.begun.unwrap_or(0))), self.end.or(ended).unwrap_or(End::Eof)),
            remarks,
            ..Exchange::default()
        }
    }
}

const ASCII: &str = "--trace-ascii shows line breaks and letters beyond ASCII as dots: the line breaks were put back, the letters are lost; --trace keeps every byte";

/// What curl says of a connection with TLS.
const INFO_TLS: [&str; 3] = ["SSL connection using", "TLSv1", "TLS handshake"];

/// True for what curl says before the next request.
fn begins_another(info: &str) -> bool {
    ["Trying", "Issue another request", "Re-using", "Reusing", "Found bundle"].iter().any(|words| info.contains(words))
}

/// How an exchange ended, in what curl says of it.
fn end_of(info: &str) -> Option<End> {
    const RESETS: [&str; 5] =
        ["transfer closed with", "Recv failure", "Connection reset", "was not closed cleanly", "Empty reply from server"];
    const CLASSES: [(&str, TransportError); 5] = [
        ("Could not resolve", TransportError::Dns),
        ("Couldn't resolve", TransportError::Dns),
        ("Failed to connect", TransportError::Connect),
        ("SSL certificate problem", TransportError::Tls),
        ("HTTP/2 framing layer", TransportError::Protocol),
    ];
    let has = |words: &str| info.contains(words);
    if RESETS.iter().any(|words| has(words)) {
        return Some(End::Reset);
    }
    if has("Operation timed out") {
        return Some(End::Us(OurEnd::TotalTimeout));
    }
    if ["Failed writing", "Failure writing"].iter().any(|words| has(words)) {
        return Some(End::Us(OurEnd::Cancelled));
    }
    let (_, class) = CLASSES.iter().find(|(words, _)| has(words))?;
    Some(End::Error { class: *class, message: info.trim().to_owned() })
}
