//! Damage that the reading's notes report, and who did it as far as the bytes tell.

use crate::core::{
    class::{Class, Layer},
    error::{ErrorClass, Fault},
    judgement::{Judgement, findings::Draft},
    reading::{DeltaId, FrameId, Note, Reading},
};

/// Who damaged something, and what would settle it or can be done; no hint for the class's own.
type Blame = (Layer, Option<&'static str>);

impl Judgement {
    /// Damage that a note reports; true if something was lost.
    pub(super) fn judge_damage(&mut self, reading: &Reading, frame: FrameId, note: &Note) -> bool {
        let (class, (layer, hint), evidence) = match note {
            Note::Malformed { byte, message } => {
                let evidence = format!("frame {} cannot be read at byte {byte}: {message}", frame.0);
                (Class::MalformedFrame, blame_malformed(reading, frame, message), evidence)
            }
            Note::Checksum { byte, message } => {
                let cut = reading.frame(frame).unterminated;
                let blame = (if cut { Layer::Transport } else { Layer::Proxy }, None);
                (Class::ChecksumMismatch, blame, format!("frame {} at byte {byte}: {message}", frame.0))
            }
            Note::TooLarge { limit } => {
                let evidence = format!("frame {} is larger than {limit} bytes and was not read", frame.0);
                (Class::LimitExceeded, (Layer::Server, None), evidence)
            }
            Note::Replaced(count) => {
                let what = match count {
                    1 => "1 character was not valid Unicode and was replaced".into(),
                    count => format!("{count} characters were not valid Unicode and were replaced"),
                };
                (Class::EncodingError, blame_encoding(reading, frame), format!("frame {}: {what}", frame.0))
            }
            Note::Error { kind, message } => {
                self.broken_off(reading);
                self.session.failed = true;
                let blame = blame_error(kind, message, self.session.status);
                (Class::ProviderError, blame, format!("the provider reports {kind}: {message}"))
            }
            Note::JoinedSurrogate => {
                self.note_once(reading, Class::Utf8Split, Layer::Server, Some(frame), || {
                    format!("frame {} completes a character whose first half came in a delta before; joined", frame.0)
                });
                return false;
            }
            Note::Odd(what) => {
                self.note_once(reading, Class::UnknownFrame, Layer::Server, Some(frame), || {
                    format!("frame {} has a value that its format does not: {what}; the rest was read", frame.0)
                });
                return false;
            }
            Note::SaidTwice => {
                self.note_said_twice(reading, frame);
                return false;
            }
            Note::Finish { .. }
            | Note::Usage(_)
            | Note::Tool { .. }
            | Note::CompletionId(_)
            | Note::Model(_)
            | Note::NewTurn
            | Note::Stop { .. }
            | Note::Boundary(_)
            | Note::Mirrored { .. }
            | Note::Opening
            | Note::Tokens(_) => return false,
        };
        self.condition.unhealed |= class != Class::EncodingError;
        let first_delta = reading.deltas_of(frame).next().map(DeltaId);
        let finding = self.add(reading, Draft::flag(class, layer, evidence), None, Some(frame), first_delta);
        if let Some(hint) = hint {
            self.findings[finding.0 as usize].hint = hint;
        }
        true
    }
}

/// A transport does not change bytes, and one that loses them ends the body. So a frame that is closed as its framing says and whose
/// JSON is not was written so: by the server, or by something that frames anew.
fn blame_malformed(reading: &Reading, frame: FrameId, message: &str) -> Blame {
    let bytes = reading.frame_bytes(frame);
    let data = bytes.strip_prefix(b"data:").unwrap_or(bytes).trim_ascii_start();
    if data.first() == Some(&b'<') {
        return (Layer::Proxy, Some("it is markup: read it; something on the way answered with a page of its own"));
    }
    let joined = message.contains("trailing characters");
    if bytes.is_empty() || reading.frame(frame).unterminated || joined || !matches!(data.first(), Some(b'{' | b'[')) {
        return (Layer::Unknown, None);
    }
    (Layer::Server, Some("ask the server without the proxy: if the frame is broken there too, the server wrote it so"))
}

/// The same holds for bytes that are no Unicode; but at the end of a body it is the cut that left half a character.
fn blame_encoding(reading: &Reading, frame: FrameId) -> Blame {
    let cut = reading.frame_bytes(frame).is_empty() || reading.frame(frame).unterminated;
    (if cut { Layer::Unknown } else { Layer::Server }, None)
}

/// An error that says that the request, the key or the account is wrong is this side's.
pub(super) fn blame_error(kind: &str, message: &str, status: Option<u16>) -> Blame {
    let by_kind = Fault::in_stream(kind, message).class;
    let by_status = status.and_then(ErrorClass::of_status);
    // Many providers call every 4xx an invalid request: there the status knows more.
    let class = match by_kind {
        ErrorClass::Unknown | ErrorClass::Validation => by_status.unwrap_or(by_kind),
        class => class,
    };
    let ours =
        matches!(class, ErrorClass::Authentication | ErrorClass::Validation | ErrorClass::NotFound | ErrorClass::PermissionDenied);
    let hint = if class == ErrorClass::Unknown { None } else { Some(class.info().hint) };
    (if ours { Layer::Client } else { Layer::Server }, hint)
}
