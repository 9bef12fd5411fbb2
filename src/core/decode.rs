//! Content-encoding undone as it comes: one sans-IO decoder, with a cap on what it may produce.

use compression_codecs::{BrotliDecoder, DecodeV2, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use compression_core::util::{PartialBuffer, WriteBuffer};

use crate::core::reading::Note;

/// Output is produced in steps of this many bytes, so that a cap holds to the byte and a bomb costs no more than it.
const STEP: usize = 16 * 1_024;

/// Why decoding stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// More output than there was room for.
    TooLarge,
    /// The bytes are not of this encoding, or end inside it.
    Broken {
        /// The encoding.
        encoding: String,
        /// What the codec said.
        message: String,
    },
}

impl Failure {
    /// As a note of a reading whose body is `byte` long and may be `limit` long.
    pub fn note(self, limit: u64, byte: usize) -> Note {
        match self {
            Failure::TooLarge => Note::TooLarge { limit },
            Failure::Broken { encoding, message } => {
                Note::Malformed { byte: byte as u32, message: format!("content-encoding {encoding}: {message}") }
            }
        }
    }
}

/// Undoes the content-encodings of one body.
pub struct Decoder {
    /// The encodings, as the head named them.
    name: String,
    /// Outermost first.
    stages: Vec<Stage>,
}

struct Stage {
    codec: Codec,
    done: bool,
    fed: bool,
}

enum Codec {
    Ready(Box<dyn DecodeV2 + Send + Sync>),
    /// `deflate` means zlib, but some send the bare stream: the first byte tells.
    Deflate,
    Unknown,
}

impl Decoder {
    /// The decoder that a `content-encoding` header asks for; `None` if the body is as it is.
    pub fn of_header(value: &str) -> Option<Decoder> {
        let names = value.split(',').map(|name| name.trim().to_ascii_lowercase());
        let names: Vec<String> = names.filter(|name| !name.is_empty() && name != "identity").collect();
        let stages = names.iter().rev().map(|name| Stage { codec: Codec::named(name), done: false, fed: false }).collect();
        (!names.is_empty()).then(|| Decoder { name: names.join(", "), stages })
    }

    /// Appends to `body` what `bytes` decode to, at most `room` bytes.
    ///
    /// # Errors
    ///
    /// If the bytes cannot be decoded or there is too much output; what was decoded before that is in `body`.
    pub fn decode(&mut self, bytes: &[u8], body: &mut Vec<u8>, room: usize) -> Result<(), Failure> {
        let most = body.len().saturating_add(room);
        run(&mut self.stages, bytes, body, most).map_err(|stop| match stop {
            Stop::Full => Failure::TooLarge,
            Stop::Broken(message) => self.broken(message),
        })
    }

    /// Checks that the body ended where its encoding does.
    ///
    /// # Errors
    ///
    /// If bytes came and the encoding did not end.
    pub fn finish(self) -> Result<(), Failure> {
        if self.stages.iter().all(|stage| stage.done || !stage.fed) {
            return Ok(());
        }
        Err(self.broken("the body ended inside the encoding".into()))
    }

    fn broken(&self, message: String) -> Failure {
        Failure::Broken { encoding: self.name.clone(), message }
    }
}

impl Codec {
    fn named(name: &str) -> Codec {
        match name {
            "gzip" | "x-gzip" => Codec::Ready(Box::new(GzipDecoder::new())),
            "deflate" => Codec::Deflate,
            "br" => Codec::Ready(Box::new(BrotliDecoder::new())),
            "zstd" => Codec::Ready(Box::new(ZstdDecoder::new())),
            _ => Codec::Unknown,
        }
    }

    fn ready(&mut self, first: u8) -> Option<&mut (dyn DecodeV2 + Send + Sync)> {
        if let Codec::Deflate = self {
            // Deflate is method 8 in the low half of zlib's first byte; a bare stream cannot begin so.
            let zlib = first & 0x0F == 8;
            *self = Codec::Ready(if zlib { Box::new(ZlibDecoder::new()) } else { Box::new(DeflateDecoder::new()) });
        }
        match self {
            Codec::Ready(codec) => Some(&mut **codec),
            Codec::Deflate | Codec::Unknown => None,
        }
    }
}

enum Stop {
    Full,
    Broken(String),
}

/// Feeds `bytes` through the stages; the last one's output goes to `body`, which may become `most` bytes long.
fn run(stages: &mut [Stage], bytes: &[u8], body: &mut Vec<u8>, most: usize) -> Result<(), Stop> {
    let Some((stage, inner)) = stages.split_first_mut() else {
        let room = most.saturating_sub(body.len());
        body.extend_from_slice(&bytes[..bytes.len().min(room)]);
        return if bytes.len() > room { Err(Stop::Full) } else { Ok(()) };
    };
    let Some(&first) = bytes.first() else { return Ok(()) };
    let Some(codec) = stage.codec.ready(first) else {
        return Err(Stop::Broken("no decoder for it".into()));
    };
    stage.fed = true;
    let mut input = PartialBuffer::new(bytes);
    let mut buffer = vec![0; STEP];
    loop {
        if stage.done {
            // Members may follow each other; padding after the last one is no harm.
            if input.unwritten().iter().all(|byte| *byte == 0) {
                return Ok(());
            }
            codec.reinit().map_err(|error| Stop::Broken(error.to_string()))?;
            stage.done = false;
        }
        let mut output = WriteBuffer::new_initialized(&mut buffer);
        let before = input.written_len();
        let outcome = codec.decode(&mut input, &mut output);
        run(inner, output.written(), body, most)?;
        let produced = output.written_len();
        match outcome {
            Ok(done) => stage.done = done,
            Err(error) if input.unwritten().is_empty() && produced == 0 && before > 0 => {
                // Some codecs call a drained input an error; a truly broken one shows itself at the end.
                tracing::trace!(%error, "codec made no progress on an empty input");
                return Ok(());
            }
            Err(error) => return Err(Stop::Broken(error.to_string())),
        }
        let drained = input.unwritten().is_empty();
        if drained && (stage.done || produced < STEP) {
            return Ok(());
        }
        if !drained && !stage.done && produced == 0 && input.written_len() == before {
            return Err(Stop::Broken("the codec makes no progress".into()));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use compression_codecs::{
        BrotliEncoder, EncodeV2, GzipEncoder, ZlibEncoder, ZstdEncoder, brotli::params::EncoderParams,
        flate::params::FlateEncoderParams,
    };

    use super::*;

    /// `plain` compressed, flushed after every 20 bytes as a streaming server would.
    fn encode(name: &str, plain: &[u8]) -> Vec<u8> {
        let mut encoder: Box<dyn EncodeV2> = match name {
            "gzip" => Box::new(GzipEncoder::new(FlateEncoderParams::from(compression_core::Level::Default))),
            "deflate" => Box::new(ZlibEncoder::new(FlateEncoderParams::from(compression_core::Level::Default))),
            "br" => Box::new(BrotliEncoder::new(EncoderParams::default())),
            _ => Box::new(ZstdEncoder::new(3)),
        };
        let mut buffer = vec![0; plain.len() + 4_096];
        let mut output = WriteBuffer::new_initialized(&mut buffer);
        for piece in plain.chunks(20) {
            let mut input = PartialBuffer::new(piece);
            encoder.encode(&mut input, &mut output).unwrap();
            while !encoder.flush(&mut output).unwrap() {}
        }
        while !encoder.finish(&mut output).unwrap() {}
        output.written().to_vec()
    }

    fn check(name: &str, step: usize) {
        let plain = "data: {\"x\":\"héllo\"}\n\n".repeat(40);
        let encoded = encode(name, plain.as_bytes());
        let mut decoder = Decoder::of_header(name).unwrap();
        let mut body = Vec::new();
        for piece in encoded.chunks(step) {
            decoder.decode(piece, &mut body, 1 << 20).unwrap();
        }
        assert_eq!(String::from_utf8_lossy(&body), plain, "{name} in steps of {step}");
        assert_eq!(decoder.finish(), Ok(()), "{name}");
    }

    #[test]
    fn every_encoding_is_undone_in_any_pieces() {
        for name in ["gzip", "deflate", "br", "zstd"] {
            for step in [1, 7, 4_096] {
                check(name, step);
            }
        }
    }

    #[test]
    fn encodings_may_be_nested() {
        let encoded = encode("zstd", &encode("gzip", b"data: x\n\n"));
        let mut body = Vec::new();
        Decoder::of_header("gzip, zstd").unwrap().decode(&encoded, &mut body, 100).unwrap();
        assert_eq!(body, b"data: x\n\n");
    }

    #[test]
    fn flushed_events_come_out_with_the_read_that_brought_them() {
        let plain = [b'a'; 40];
        let encoded = encode("gzip", &plain);
        let mut decoder = Decoder::of_header("gzip").unwrap();
        let mut body = Vec::new();
        let lengths: Vec<usize> = encoded
            .chunks(1)
            .map(|byte| {
                decoder.decode(byte, &mut body, 100).unwrap();
                body.len()
            })
            .collect();
        assert!(lengths.contains(&20), "the first event is out before the second one came: {lengths:?}");
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let encoded = encode("zstd", &vec![0; 256 << 10]);
        let mut body = Vec::new();
        let outcome = Decoder::of_header("zstd").unwrap().decode(&encoded, &mut body, 10_000);
        assert_eq!((outcome, body.len()), (Err(Failure::TooLarge), 10_000));
    }

    #[test]
    fn broken_and_unknown_encodings_fail_and_cut_ones_are_noticed() {
        for (name, bytes) in [("gzip", &b"not gzip at all"[..]), ("zstd", b"nor is this"), ("compress", b"x")] {
            let outcome = Decoder::of_header(name).unwrap().decode(bytes, &mut Vec::new(), 100);
            assert!(matches!(outcome, Err(Failure::Broken { encoding, .. }) if encoding == name), "{name}");
        }
        let encoded = encode("gzip", b"data: x\n\n");
        let mut body = Vec::new();
        let mut decoder = Decoder::of_header("gzip").unwrap();
        decoder.decode(&encoded[..encoded.len() - 4], &mut body, 100).unwrap();
        assert_eq!(body, b"data: x\n\n");
        assert!(decoder.finish().is_err());
    }

    #[test]
    fn identity_costs_nothing() {
        assert!(Decoder::of_header("identity").is_none());
        assert!(Decoder::of_header("").is_none());
    }
}
