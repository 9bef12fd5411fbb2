//! The classes of fault, their families, and what each means in plain words.

use serde::{Deserialize, Serialize};

/// What kind of thing went wrong, and with it what may be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// A frame means "text so far" and is read as "text to add": cut the known part, once proved.
    Framing,
    /// The same unit was delivered twice: drop it by identity.
    Redelivery,
    /// The model really said it: flag, never rewrite.
    Model,
    /// The text is right, its arrival is not: flag.
    Timing,
    /// Bytes, ends or counters are wrong: flag, or mend the decoding.
    Damage,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Ambiguity, or something odd that costs nothing.
    Note,
    /// What a person should look at: a loop, a stall, a cut.
    Warning,
    /// A proved framing or redelivery fault, or damage that lost something.
    Error,
}

/// What is done with the text a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Passed on as it came.
    Keep,
    /// Held until more is known.
    Hold,
    /// Taken out of the output.
    Suppress,
    /// Put where it belongs.
    Reorder,
    /// Passed on, and reported.
    Flag,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Two readings remain; both are given.
    Ambiguous,
    /// The evidence points one way, without proof.
    Likely,
    /// Identity, a typed frame, or structure over the whole text.
    Proved,
}

impl Certainty {
    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            Certainty::Ambiguous => "ambiguous",
            Certainty::Likely => "likely",
            Certainty::Proved => "proved",
        }
    }
}

/// Who most probably did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The model generated it.
    Model,
    /// The inference server or provider API.
    Server,
    /// Something between the provider and us that handles HTTP.
    Proxy,
    /// The connection.
    Transport,
    /// This side.
    Client,
    /// The evidence does not say.
    Unknown,
}

macro_rules! classes {
    ($($variant:ident $name:literal $family:ident $level:ident $title:literal $hint:literal;)*) => {
        /// A class of fault. The names are public: reports, filters and exit codes use them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Class {
            $(#[doc = $title] $variant,)*
        }

        /// One row per class, indexed by the class.
        pub const CLASSES: &[ClassInfo] = &[
            $(ClassInfo { class: Class::$variant, name: $name, family: Family::$family, level: Level::$level, title: $title, hint: $hint },)*
        ];
    };
}

/// A row of [`CLASSES`].
#[derive(Debug)]
pub struct ClassInfo {
    /// The class.
    pub class: Class,
    /// Its public name.
    pub name: &'static str,
    /// Its family.
    pub family: Family,
    /// The level of a finding of this class when it is proved.
    pub level: Level,
    /// What it is, in plain words.
    pub title: &'static str,
    /// What to do about it, or what would settle it.
    pub hint: &'static str,
}

classes! {
    CumulativeFull "cumulative_full" Framing Error "each delta repeats all text so far"
        "ask the server for increments (DashScope: incremental_output) or read its frames as snapshots";
    CumulativeReplay "cumulative_replay" Framing Error "one delta repeats all text so far"
        "drop a delta that equals the whole text; report it to the provider with this recording";
    CumulativeRewrite "cumulative_rewrite" Framing Error "a snapshot changes text that was already sent"
        "replace the text by the last snapshot where the view can; text to add cannot undo what it said";
    FinalAggregate "final_aggregate" Framing Error "the last delta repeats the whole answer"
        "read the closing frame as a snapshot, not as text to add";
    FirstChunkDouble "first_chunk_double" Framing Error "the first delta is sent twice"
        "another serializer wrote the opening frames; drop the second of the two";
    HoldbackResend "holdback_resend" Framing Error "held-back text is sent again with the next token"
        "switch stop strings off, or upgrade the server: its detokenizer sends text again that it had held";
    ToolArgsCumulative "tool_args_cumulative" Framing Error "each delta repeats all tool arguments so far"
        "read this provider's tool arguments as snapshots; parse them only when the call has ended";
    PerDeltaDouble "per_delta_double" Redelivery Error "every delta is delivered twice"
        "look for two subscribers, or a hook that runs twice, between the server and here";
    ChannelMirror "channel_mirror" Redelivery Error "one text comes in two fields"
        "read one of the two fields where both say the same";
    ReplayBySeq "replay_by_seq" Redelivery Error "frames that were already delivered come again"
        "drop frames by their identity (sequence number, event id, stamp)";
    RetryRestart "retry_restart" Redelivery Error "a retry starts again from the first token"
        "begin a new message when an attempt fails; what the failed attempt sent is void";
    OverlapStitch "overlap_stitch" Redelivery Error "a continuation repeats the end of the text before"
        "cut the overlap where the continuation begins";
    ToolCallDup "tool_call_dup" Redelivery Note "a tool call is announced more than once"
        "take a call's id and name once, and run it once";
    OutOfOrder "out_of_order" Redelivery Error "deltas come in the wrong order"
        "publish in sequence, or sort by the sequence number before passing on";
    TokenLoop "token_loop" Model Warning "the model repeats one short unit"
        "stop early; lower the temperature or set a repetition penalty";
    PhraseLoop "phrase_loop" Model Warning "the model repeats a phrase, line or block"
        "stop early; raise the temperature a little or set a repetition penalty";
    WordStutter "word_stutter" Model Warning "the model says words twice"
        "shorten the context; the doubled tokens were generated and billed";
    WholeAnswerRepeat "whole_answer_repeat" Model Warning "an answer is given twice"
        "look for two calls where one was meant; both were generated";
    WhitespaceFlood "whitespace_flood" Model Warning "whitespace without end"
        "in JSON mode, tell the model to answer in JSON and stop at the closing brace";
    Stall "stall" Timing Warning "no text for a long time"
        "make a second request at the same time: if that one flows, it is this connection; if not, look at the provider's status";
    KeepaliveMasked "keepalive_masked" Timing Warning "keep-alives hide a stall"
        "let idle timers count text, not bytes";
    ProxyBurst "proxy_burst" Timing Warning "text arrives in regular bursts"
        "switch off buffering on the way (nginx: proxy_buffering off, or X-Accel-Buffering: no) and compression without flushes";
    Utf8Split "utf8_split" Damage Note "a character is cut between two pieces"
        "decode the stream of bytes, not each piece";
    MalformedFrame "malformed_frame" Damage Error "a frame cannot be read"
        "look at the bytes; a proxy may have cut or joined frames";
    EncodingError "encoding_error" Damage Error "text is not valid Unicode"
        "the bytes are kept in the recording; look for a step that decodes piece by piece";
    LimitExceeded "limit_exceeded" Damage Error "a frame or body is larger than the limit"
        "raise the limit if the stream is meant to be so large";
    ChecksumMismatch "checksum_mismatch" Damage Error "a binary frame is damaged"
        "something between the provider and here changed or cut bytes; the rest is read";
    TerminalAnomaly "terminal_anomaly" Damage Warning "the stream does not end as its dialect ends"
        "treat the answer as incomplete";
    UnderEmission "under_emission" Damage Error "a filter took real text out"
        "compare the strategies on this recording; text that came was not passed on";
    CrossStreamLeak "cross_stream_leak" Damage Error "text of another answer is mixed in"
        "the server or proxy mixes streams; keep this recording and report it";
    SequenceGap "sequence_gap" Damage Warning "numbered frames are missing"
        "ask the server to send again from the last number before the gap";
    ProviderError "provider_error" Damage Error "the provider reports an error"
        "read the provider's message";
    UnknownFrame "unknown_frame" Damage Note "a frame of an unknown kind"
        "it is kept as it came; name the dialect if it was told wrongly";
    UsageAnomaly "usage_anomaly" Damage Note "the token count does not fit the text"
        "do not bill or budget by this count before you know what it counts";
    RepairStopped "repair_stopped" Damage Error "repair failed, and the rest passed as it came"
        "what follows is the wire's own; report the stream together with this program's version";
}

impl Class {
    /// The class's row.
    pub fn info(self) -> &'static ClassInfo {
        &CLASSES[self as usize]
    }

    /// The public name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The class of public name `name`.
    pub fn from_name(name: &str) -> Option<Class> {
        CLASSES.iter().find(|info| info.name == name).map(|info| info.class)
    }
}

impl Serialize for Class {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_indexed_by_their_class_and_names_are_unique() {
        for (index, info) in CLASSES.iter().enumerate() {
            assert_eq!(info.class as usize, index);
            assert_eq!(Class::from_name(info.name), Some(info.class));
        }
    }
}
