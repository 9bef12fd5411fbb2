use serde::Deserialize;
use std::{borrow::Cow, time::Instant};
use stutterscope::core::{input::*, reading::*, time::Micros};
#[derive(Deserialize)]
struct T<'a>(#[serde(borrow, with = "serde_bytes")] Cow<'a, [u8]>);
#[derive(Deserialize)]
struct OC<'a> {
    #[serde(borrow)]
    choices: Vec<OCh<'a>>,
}
#[derive(Deserialize)]
struct OCh<'a> {
    #[serde(borrow)]
    delta: OD<'a>,
}
#[derive(Deserialize)]
struct OD<'a> {
    #[serde(borrow)]
    content: Option<T<'a>>,
}
#[derive(Deserialize)]
struct AE<'a> {
    #[serde(borrow)]
    delta: AD<'a>,
}
#[derive(Deserialize)]
struct AD<'a> {
    #[serde(borrow)]
    text: Option<T<'a>>,
}
#[derive(Deserialize)]
struct OL<'a> {
    #[serde(borrow)]
    message: OM<'a>,
}
#[derive(Deserialize)]
struct OM<'a> {
    #[serde(borrow)]
    content: Option<T<'a>>,
}
#[derive(Deserialize)]
struct RE<'a> {
    #[serde(borrow)]
    delta: Option<T<'a>>,
}
#[derive(Deserialize)]
struct GE<'a> {
    #[serde(borrow)]
    candidates: Vec<GC<'a>>,
}
#[derive(Deserialize)]
struct GC<'a> {
    #[serde(borrow)]
    content: GO<'a>,
}
#[derive(Deserialize)]
struct GO<'a> {
    #[serde(borrow)]
    parts: Vec<GP<'a>>,
}
#[derive(Deserialize)]
struct GP<'a> {
    #[serde(borrow)]
    text: Option<T<'a>>,
}
#[derive(Deserialize)]
struct DE<'a> {
    #[serde(borrow)]
    output: DO<'a>,
}
#[derive(Deserialize)]
struct DO<'a> {
    #[serde(borrow)]
    choices: Vec<DC<'a>>,
}
#[derive(Deserialize)]
struct DC<'a> {
    #[serde(borrow)]
    message: OM<'a>,
}
#[derive(Deserialize)]
struct TE<'a> {
    #[serde(borrow)]
    token: GP<'a>,
}
#[derive(Deserialize)]
struct CE<'a> {
    #[serde(borrow)]
    delta: CD<'a>,
}
#[derive(Deserialize)]
struct CD<'a> {
    #[serde(borrow)]
    message: CM<'a>,
}
#[derive(Deserialize)]
struct CM<'a> {
    #[serde(borrow)]
    content: GP<'a>,
}
fn put(out: &mut Vec<u8>, t: &Option<T>) {
    if let Some(t) = t {
        out.extend_from_slice(&t.0)
    }
}
fn one(kind: &str, d: &[u8], out: &mut Vec<u8>) {
    match kind {
        "chat" => {
            if let Ok(c) = serde_json::from_slice::<OC>(d) {
                if let Some(c) = c.choices.first() {
                    put(out, &c.delta.content)
                }
            }
        }
        "anthropic" => {
            if let Ok(c) = serde_json::from_slice::<AE>(d) {
                put(out, &c.delta.text)
            }
        }
        "ollama" => {
            if let Ok(c) = serde_json::from_slice::<OL>(d) {
                put(out, &c.message.content)
            }
        }
        "responses" => {
            if let Ok(c) = serde_json::from_slice::<RE>(d) {
                put(out, &c.delta)
            }
        }
        "gemini" => {
            if let Ok(c) = serde_json::from_slice::<GE>(d) {
                put(out, &c.candidates[0].content.parts[0].text)
            }
        }
        "dashscope" => {
            if let Ok(c) = serde_json::from_slice::<DE>(d) {
                put(out, &c.output.choices[0].message.content)
            }
        }
        "tgi" => {
            if let Ok(c) = serde_json::from_slice::<TE>(d) {
                put(out, &c.token.text)
            }
        }
        "cohere" => {
            if let Ok(c) = serde_json::from_slice::<CE>(d) {
                put(out, &c.delta.message.content.text)
            }
        }
        _ => {}
    }
}
fn floor(kind: &str, chunks: &[Input]) -> usize {
    let (mut body, mut text, mut done) = (Vec::new(), Vec::new(), 0);
    for i in chunks {
        let What::Bytes(b) = &i.what else { continue };
        body.extend_from_slice(b);
        while let Some(e) = memchr::memchr(b'\n', &body[done..]) {
            let line = &body[done..done + e];
            done += e + 1;
            let data = if kind == "ollama" {
                line
            } else {
                match line.strip_prefix(b"data:") {
                    Some(d) => d,
                    None => continue,
                }
            };
            one(kind, data, &mut text);
        }
    }
    text.len()
}
fn read(chunks: &[Input]) -> usize {
    let mut r = Reading::default();
    chunks.iter().for_each(|i| r.fold(i));
    assert!(r.delta_count() as usize > chunks.len() / 2, "{}", r.delta_count());
    r.delta_count() as usize
}
fn main() {
    const W: &[&str] = &[
        " the", " stream", " is", " read", ",", " and", " a", " server", " said", " it", ".", " once", "\\n\\n", " more", " byte",
    ];
    let pad = "abcdefghijklmnopqrstuvwxyz";
    type F = Box<dyn Fn(usize, &str) -> String>;
    let cases: Vec<(&str, &str, F)> = vec![
        (
            "chat",
            "constant",
            Box::new(|_, t| {
                format!(
                    "data: {{\"id\":\"chatcmpl-9vK1yQ2mT8sLr4bXcN7dPz0aWfEhU\",\"object\":\"chat.completion.chunk\",\"created\":1756618477,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0392822090\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{t}\"}},\"logprobs\":null,\"finish_reason\":null}}],\"obfuscation\":\"a1B2\"}}\n\n"
                )
            }),
        ),
        (
            "chat",
            "obfuscation",
            Box::new(move |n, t| {
                format!(
                    "data: {{\"id\":\"chatcmpl-9vK1yQ2mT8sLr4bXcN7dPz0aWfEhU\",\"object\":\"chat.completion.chunk\",\"created\":1756618477,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0392822090\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{t}\"}},\"logprobs\":null,\"finish_reason\":null}}],\"obfuscation\":\"{}\"}}\n\n",
                    &pad[..n % 26]
                )
            }),
        ),
        (
            "chat",
            "always missed",
            Box::new(move |n, t| {
                format!(
                    "data: {{\"id\":\"chatcmpl-9vK1yQ2mT8sLr4bXcN7dPz0aWfEhU\",\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0392822090\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{t}\"}},\"logprobs\":null,\"finish_reason\":null}}],\"obfuscation\":\"{}\"}}\n\n",
                    1756618477 + n,
                    &pad[..n % 26]
                )
            }),
        ),
        (
            "anthropic",
            "padded",
            Box::new(|n, t| {
                format!(
                    "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{t}\"}}{} }}\n\n",
                    " ".repeat(n % 12)
                )
            }),
        ),
        (
            "ollama",
            "stamped",
            Box::new(|n, t| {
                format!(
                    "{{\"model\":\"llama3.2\",\"created_at\":\"2026-11-21T03:47:{:02}.{:09}Z\",\"message\":{{\"role\":\"assistant\",\"content\":\"{t}\"}},\"done\":false}}\n",
                    n / 20000,
                    (n % 20000) * 40000
                )
            }),
        ),
        (
            "responses",
            "numbered",
            Box::new(move |n, t| {
                format!(
                    "event: response.output_text.delta\ndata: {{\"type\":\"response.output_text.delta\",\"sequence_number\":{n},\"item_id\":\"msg_05500b38c2cd9bfc00691c7c9d2224\",\"output_index\":0,\"content_index\":0,\"delta\":\"{t}\",\"logprobs\":[],\"obfuscation\":\"{}\"}}\n\n",
                    &pad[..n % 26]
                )
            }),
        ),
        (
            "gemini",
            "counted",
            Box::new(|n, t| {
                format!(
                    "data: {{\"candidates\": [{{\"content\": {{\"parts\": [{{\"text\": \"{t}\"}}],\"role\": \"model\"}},\"index\": 0}}],\"usageMetadata\": {{\"promptTokenCount\": 148,\"candidatesTokenCount\": {n},\"totalTokenCount\": {n},\"promptTokensDetails\": [{{\"modality\": \"TEXT\",\"tokenCount\": 148}}]}},\"modelVersion\": \"gemini-2.5-pro\",\"responseId\": \"2wCzaeLrEpboz7IPt7SlwQE\"}}\n\n"
                )
            }),
        ),
        (
            "dashscope",
            "counted",
            Box::new(|n, t| {
                format!(
                    "id:{n}\nevent:result\n:HTTP_STATUS/200\ndata:{{\"output\":{{\"choices\":[{{\"message\":{{\"content\":\"{t}\",\"role\":\"assistant\"}},\"finish_reason\":\"null\"}}]}},\"usage\":{{\"total_tokens\":{n},\"output_tokens\":{n},\"input_tokens\":1826,\"cached_tokens\":0}},\"request_id\":\"ee1a01a9-4c9e-4729-ae35-f5948124b302\"}}\n\n"
                )
            }),
        ),
        (
            "tgi",
            "token",
            Box::new(|n, t| {
                format!(
                    "data:{{\"index\":{},\"token\":{{\"id\":{n},\"text\":\"{t}\",\"logprob\":-5.67{n},\"special\":false}},\"generated_text\":null,\"details\":null}}\n\n",
                    n + 1
                )
            }),
        ),
        (
            "cohere",
            "constant",
            Box::new(|_, t| {
                format!(
                    "event: content-delta\ndata: {{\"type\":\"content-delta\",\"index\":0,\"delta\":{{\"message\":{{\"content\":{{\"text\":\"{t}\"}}}}}}}}\n\n"
                )
            }),
        ),
    ];
    for (kind, what, make) in &cases {
        let mut x = 0x2545_f491_4f6c_dd1du64;
        let inputs: Vec<Input> = (0..40000)
            .map(|n| {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                Input { at: Micros(n as u64 * 10), what: What::Bytes(make(n, W[x as usize % W.len()]).into_bytes()) }
            })
            .collect();
        let (mut best_f, mut best_r) = (f64::MAX, f64::MAX);
        for _ in 0..9 {
            let t = Instant::now();
            std::hint::black_box(floor(kind, &inputs));
            best_f = best_f.min(t.elapsed().as_secs_f64());
            let t = Instant::now();
            std::hint::black_box(read(&inputs));
            best_r = best_r.min(t.elapsed().as_secs_f64());
        }
        println!(
            "{kind:10} {what:14} floor {:6.0} ns  read {:6.0} ns  ratio {:.2}",
            best_f * 1e9 / 4e4,
            best_r * 1e9 / 4e4,
            best_f / best_r
        );
    }
}
