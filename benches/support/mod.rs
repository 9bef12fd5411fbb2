//! Sessions to measure with.
#![allow(dead_code)]

use stutterscope::core::{
    input::{Attempt, End, Head, Input, Origin, Start, What},
    time::Micros,
};

/// A text whose words are drawn one by one, so that a token follows itself in 1 of 120 places; of recorded deltas 1 in 421 does.
const TEXT: &str = "the stream is read , and a server said it . once more byte of what was asked for comes in order ; nobody knows why \
    this one waits while another frame has been sent again to its client without any sign that something went wrong before them so we \
    look at each delta by itself compare where they part keep count write down when every word arrived If two words are equal there \
    may still be some reason : people repeat themselves models do too but only machine sends whole answers twice same second Here \
    follows an example with numbers like 42 or 7 names such as Ada Linus code returns nothing lists ( short ) quotes \n\n";

/// The tokens of [`TEXT`].
fn tokens() -> Vec<String> {
    let token = |word: &str| if word.starts_with(|first: char| ",.;:)".contains(first)) { word.into() } else { format!(" {word}") };
    TEXT.split_inclusive([' '])
        .map(|word| if word.trim().is_empty() { word.into() } else { token(word.trim_end_matches(' ')) })
        .collect()
}

/// What parts one frame from the next beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// Nothing: a reader may learn it once.
    Constant,
    /// Random padding in each frame, as OpenAI sends it by default.
    Padded,
}

/// `count` openai-chat frames of about 306 bytes, one read each, some milliseconds apart.
pub fn session(count: usize, envelope: Envelope) -> Vec<Input> {
    let tokens = tokens();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let head = Head { status: 200, headers: vec![("content-type".into(), "text/event-stream".into())] };
    let start = Start {
        origin: Origin::Sent,
        clocked: true,
        provider: "bench".into(),
        dialect: Some("openai-chat".into()),
        url: "POST http://bench/v1/chat/completions".into(),
        model: "bench".into(),
        ..Start::default()
    };
    let mut inputs = vec![
        Input { at: Micros::ZERO, what: What::Start(Box::new(start)) },
        Input {
            at: Micros::ZERO,
            what: What::Attempt(Attempt { number: 0, endpoint: "http://bench".into(), model: "bench".into() }),
        },
        Input { at: Micros(900), what: What::Head(head) },
    ];
    let mut at = 1_000;
    for _ in 0..count {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        at += 3_000 + random % 30_000;
        let text = serde_json::to_string(&tokens[random as usize % tokens.len()]).unwrap();
        let padding = if envelope == Envelope::Padded { format!("{:09x}", random >> 28) } else { "a1B2c3D4e".into() };
        let frame = format!(
            "data: {{\"id\":\"chatcmpl-9vK1yQ2mT8sLr4bXcN7dPz0aWfEhU\",\"object\":\"chat.completion.chunk\",\"created\":1756618477,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0392822090\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text}}},\"logprobs\":null,\"finish_reason\":null}}],\"obfuscation\":\"{padding}\"}}\n\n"
        );
        inputs.push(Input { at: Micros(at), what: What::Bytes(frame.into_bytes()) });
    }
    inputs.push(Input { at: Micros(at + 1), what: What::Bytes(b"data: [DONE]\n\n".to_vec()) });
    inputs.push(Input { at: Micros(at + 2), what: What::End(End::Eof) });
    inputs
}
