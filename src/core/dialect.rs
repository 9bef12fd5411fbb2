//! Wire dialects: what a frame means, and how to write one.
//!
//! One file per dialect, one row each in [`DIALECTS`]. A reader turns a frame's data into deltas and notes; a writer turns
//! the demo provider's steps into bytes. Both are pure.

use serde_json::Value;

use crate::core::{
    frame::Framing,
    reading::{Channel, ChannelKey, FrameKind, Identity, Note, Usage},
};

mod envelope;
mod growth;
mod json;
mod spoken;
mod stamp;
mod usage;
pub mod error;
pub mod anthropic;
pub mod anthropic_complete;
pub mod bedrock;
pub mod cohere;
pub mod cohere_v1;
pub mod dashscope;
pub mod gemini;
pub mod gemini_interactions;
pub mod labelled;
pub mod llamacpp;
pub mod mcp;
pub mod ollama;
pub mod openai_assistants;
pub mod openai_chat;
pub mod openai_completions;
pub mod openai_responses;
pub mod openai_transcription;
pub mod replicate;
pub mod sglang;
pub mod tgi;
pub mod watsonx;
pub mod writer_completions;

pub(super) use json::{free, malformed};

/// A row of [`DIALECTS`].
pub struct DialectInfo {
    /// Public id (`openai-chat`), as in reports and on the command line.
    pub id: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// How its bodies are cut into frames.
    pub framing: Framing,
    /// The path of its endpoint, below the base URL; `{model}` stands for the model's name.
    pub path: &'static str,
    /// Request headers that it wants; `{key}` stands for the key, and such a header is left out where there is none.
    pub headers: &'static [(&'static str, &'static str)],
    /// Content type of its responses.
    pub content_type: &'static str,
    /// The channels that its wire can carry.
    pub carries: &'static [Channel],
    /// What a complete stream ends with.
    pub ending: Ending,
    /// A score that a frame is of this dialect, given its data as JSON (null if it is none): 0 no, 1 perhaps, 2 probably,
    /// 3 certainly.
    pub recognise: fn(&FrameView<'_>, &Value) -> u8,
    /// A fresh reader.
    pub reader: fn() -> Box<dyn Reader>,
    /// A fresh writer.
    pub writer: fn(&WriterStart) -> Box<dyn Writer>,
    /// A minimal streaming request body for a model and a prompt.
    pub request: fn(model: &str, prompt: &str) -> String,
}

/// The header that most want.
const BEARER: &[(&str, &str)] = &[("authorization", "Bearer {key}")];

/// What a complete stream of a dialect ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its terminator, even after a finish (`message_stop`, `done: true`).
    Terminator,
    /// A reason to finish, or a terminator where one comes.
    Finish,
    /// Nothing: where the body ends, the answer ends.
    Silence,
}

impl Ending {
    /// Whether a body that ends is complete, given whether a finish and a terminator came.
    pub fn complete(self, finished: bool, terminated: bool) -> bool {
        match self {
            Ending::Terminator => terminated,
            Ending::Finish => finished || terminated,
            Ending::Silence => true,
        }
    }
}

/// A frame's content, framing undone.
#[derive(Debug, Clone, Copy, Default)]
pub struct FrameView<'a> {
    /// SSE event name, empty if none or not SSE.
    pub event: &'a [u8],
    /// SSE last event id of this block, empty if none.
    pub id: &'a [u8],
    /// The payload.
    pub data: &'a [u8],
}

/// Reads frames of one stream; may keep state over the frames.
pub trait Reader: Send + Sync {
    /// Reads one frame into `sink`. Whatever it cannot read becomes a note, never an error.
    fn read(&mut self, frame: &FrameView<'_>, sink: &mut Sink);
}

/// What a reader says of one frame.
#[derive(Debug, Default)]
pub struct Sink {
    /// What the frame is; `None` lets the Reading decide from deltas and notes.
    pub kind: Option<FrameKind>,
    /// Deltas, in order: key, end of its bytes in `text`, snapshot.
    pub deltas: Vec<(ChannelKey, u32, bool)>,
    /// Bytes of all deltas: UTF-8, except that lone surrogate halves are left as three bytes (WTF-8) to be joined.
    pub text: Vec<u8>,
    /// What the frame says beside text.
    pub notes: Vec<Note>,
    /// A number that orders frames and, if it comes again, means the same frame. Where a reader gives none, a numeric event id is
    /// taken.
    pub identity: Option<Identity>,
}

impl Sink {
    /// Adds text to a channel. Empty text is no delta.
    pub fn add(&mut self, key: ChannelKey, text: &[u8]) {
        if !text.is_empty() {
            self.text.extend_from_slice(text);
            self.deltas.push((key, self.text.len() as u32, false));
        }
    }

    /// Gives the whole text of a channel so far, as the frame's type says.
    pub fn snapshot(&mut self, key: ChannelKey, text: &[u8]) {
        if !text.is_empty() {
            self.text.extend_from_slice(text);
            self.deltas.push((key, self.text.len() as u32, true));
        }
    }

    /// Says that the latest delta repeats what another field of the frame says.
    pub fn mirrored(&mut self) {
        if let Some(delta) = self.deltas.len().checked_sub(1) {
            self.note(Note::Mirrored { delta: delta as u32 });
        }
    }

    /// Says something beside text.
    pub fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// Says what was counted, if anything was.
    pub fn note_usage(&mut self, usage: Option<Usage>) {
        self.notes.extend(usage.map(Note::Usage));
    }

    /// Forgets everything, keeps the buffers.
    pub fn clear(&mut self) {
        self.kind = None;
        self.identity = None;
        self.deltas.clear();
        self.text.clear();
        self.notes.clear();
    }
}

/// What readers note only when it appears or changes.
#[derive(Debug, Default)]
struct Seen {
    id: Vec<u8>,
    model: bool,
}

impl Seen {
    /// Notes a completion or message id.
    fn id(&mut self, id: &[u8], sink: &mut Sink) {
        if !id.is_empty() && id != self.id.as_slice() {
            self.id.clear();
            self.id.extend_from_slice(id);
            sink.note(Note::CompletionId(String::from_utf8_lossy(id).into_owned()));
        }
    }

    /// Notes the served model, once.
    fn model(&mut self, model: &[u8], sink: &mut Sink) {
        if !model.is_empty() && !self.model {
            self.model = true;
            sink.note(Note::Model(String::from_utf8_lossy(model).into_owned()));
        }
    }
}

/// What a writer needs to know once.
#[derive(Debug, Clone)]
pub struct WriterStart {
    /// Model name to claim.
    pub model: String,
    /// Completion id to claim.
    pub id: String,
    /// Unix seconds to claim as creation time.
    pub created: u64,
}

/// A step of a stream, as a scenario gives it.
#[derive(Debug, Clone, PartialEq)]
pub enum WriterStep {
    /// What comes before the first text (role frame, `message_start`).
    Begin,
    /// Text of a channel. `preamble` asks for the serializer of the opening frames (another key order), where there is one.
    Text {
        /// Where.
        key: ChannelKey,
        /// What.
        text: String,
        /// True for the other key order.
        preamble: bool,
    },
    /// A tool call begins.
    Tool {
        /// Block of its arguments.
        block: u16,
        /// Call id.
        id: String,
        /// Function name.
        name: String,
    },
    /// A keep-alive in the dialect's own form.
    KeepAlive,
    /// The answer finished, optionally with text in the same frame.
    Finish {
        /// The provider's word; empty for the dialect's usual one.
        reason: String,
        /// Text in the same frame, mostly empty.
        text: String,
    },
    /// Token counts.
    Usage(Usage),
    /// An in-stream error.
    Error {
        /// Its type.
        kind: String,
        /// Its message.
        message: String,
    },
    /// The terminator.
    End,
}

/// Writes one stream.
pub trait Writer: Send {
    /// Appends the bytes of one step to `out`; `at_ns` is nanoseconds since the stream began, for dialects that stamp.
    fn write(&mut self, step: &WriterStep, at_ns: u64, out: &mut Vec<u8>);

    /// Tells the whole text of the answer, as the model gave it, to wires that repeat it. Without this they repeat the sum of what
    /// they wrote, which in a faulty stream is not the answer.
    fn whole(&mut self, _text: &str) {}
}

/// Every dialect. Where two recognise a frame equally well, the first one has it.
pub const DIALECTS: &[DialectInfo] = &[
    openai_chat::INFO,
    openai_responses::INFO,
    anthropic::INFO,
    gemini::INFO,
    ollama::INFO,
    cohere::INFO,
    bedrock::INFO,
    bedrock::agent::INFO,
    dashscope::INFO,
    tgi::INFO,
    llamacpp::INFO,
    sglang::INFO,
    openai_completions::INFO,
    openai_assistants::INFO,
    openai_transcription::INFO,
    anthropic_complete::INFO,
    gemini_interactions::INFO,
    cohere_v1::INFO,
    watsonx::INFO,
    replicate::INFO,
    mcp::INFO,
    writer_completions::INFO,
    labelled::INFO,
];

/// The dialect that a request to `url` is answered in, if its path says so.
pub fn by_url(url: &str) -> Option<&'static DialectInfo> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    let id = PATHS.iter().find(|(suffix, _)| path.ends_with(suffix))?.1;
    by_id(id)
}

/// Endings of request paths, and the dialect of the answer.
const PATHS: &[(&str, &str)] = &[
    ("/chat/completions", "openai-chat"),
    ("/completions", "openai-completions"),
    ("/completion", "llamacpp"),
    ("/responses", "openai-responses"),
    ("/v1/messages", "anthropic"),
    (":streamRawPredict", "anthropic"),
    ("/v1/complete", "anthropic-complete"),
    (":streamGenerateContent", "gemini"),
    (":generateContent", "gemini"),
    ("/interactions", "gemini-interactions"),
    ("/v2/chat", "cohere-v2"),
    ("/generation", "dashscope"),
    ("/generate_stream", "tgi"),
    ("/converse-stream", "bedrock"),
    ("/invoke-with-response-stream", "bedrock"),
    ("/generation_stream", "watsonx"),
    ("/audio/transcriptions", "openai-transcription"),
    ("/runs", "openai-assistants"),
    ("/api/chat", "ollama"),
    ("/api/generate", "ollama"),
    ("/generate", "sglang"),
];

/// The dialect that recognises `frame` best, with its score.
pub fn by_frame(frame: &FrameView<'_>) -> Option<(&'static DialectInfo, u8)> {
    let value = json::free(frame.data).unwrap_or_default();
    let mut best = None;
    for dialect in DIALECTS {
        let score = (dialect.recognise)(frame, &value);
        if score > best.map_or(0, |(_, score)| score) {
            best = Some((dialect, score));
        }
    }
    best
}

/// The dialect of public id `id`.
pub fn by_id(id: &str) -> Option<&'static DialectInfo> {
    DIALECTS.iter().find(|dialect| dialect.id == id)
}
