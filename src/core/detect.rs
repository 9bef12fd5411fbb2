//! Detection: facts of an event, computed once; detectors that propose; one judge that picks.

pub mod answers;
pub mod burst;
pub mod content;
pub mod cumulative;
pub mod double;
pub mod drift;
pub mod ending;
pub mod facts;
pub mod foreign;
pub mod holdback;
pub mod hypotheses;
pub mod identity;
pub mod lines;
pub mod loops;
pub mod order;
pub mod pace;
pub mod pairing;
pub mod plain;
pub mod prompt;
pub mod repeat;
pub mod replay;
pub mod restart;
pub mod rewrite;
pub mod shape;
pub mod snapshot;
pub mod stitch;
pub mod strategies;
pub mod surroundings;
pub mod timing;
pub mod tool_args;
pub mod usage;
pub mod words;

use crate::core::{class::Class, params::Param};

/// A detector; indexes [`DETECTORS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detector {
    /// Does each delta start with the one before?
    Cumulative,
    /// Does one delta equal all text so far?
    Replay,
    /// Is the first delta sent twice?
    Double,
    /// Does every delta come twice?
    Pairing,
    /// Do a call's arguments come again?
    ToolArgs,
    /// Do a frame's own fields say that its text came before?
    Typed,
    /// Does an identity come again?
    Identity,
    /// Do numbers go up by one?
    Order,
    /// Does text begin again, or overlap, at a boundary?
    Restart,
    /// Does one unit repeat back to back?
    Loop,
    /// Are words said again at once?
    Words,
    /// Is there whitespace after a closed JSON value?
    Flood,
    /// How long is it since the last text?
    Stall,
    /// Do frames arrive in regular bursts?
    Burst,
    /// Are bytes, frames and ends whole?
    Damage,
}

/// The detectors of hypotheses about a channel's text.
pub const TEXT_DETECTORS: &[Detector] =
    &[Detector::Typed, Detector::Double, Detector::ToolArgs, Detector::Pairing, Detector::Replay, Detector::Cumulative];

/// A row of [`DETECTORS`].
#[derive(Debug)]
pub struct DetectorInfo {
    /// Public id, the first part of its parameters' ids.
    pub id: &'static str,
    /// What it watches, in one line.
    pub about: &'static str,
    /// The classes it can report.
    pub classes: &'static [Class],
    /// The parameter that its score is measured against, if one parameter decides.
    pub threshold: Option<Param>,
}

/// Every detector, in the order in which scores are shown. Scores are thousandths; 1000 is the threshold reached.
pub const DETECTORS: &[DetectorInfo] = &[
    DetectorInfo {
        id: "cumulative",
        about: "does each delta start with the one before?",
        classes: &[Class::CumulativeFull, Class::CumulativeRewrite],
        threshold: Some(Param::CumulativeGrowths),
    },
    DetectorInfo {
        id: "replay",
        about: "does one delta equal all text so far?",
        classes: &[Class::CumulativeReplay, Class::FinalAggregate],
        threshold: Some(Param::ReplayMinChars),
    },
    DetectorInfo { id: "double", about: "is the first delta sent twice?", classes: &[Class::FirstChunkDouble], threshold: None },
    DetectorInfo {
        id: "pairing",
        about: "does every delta come twice?",
        classes: &[Class::PerDeltaDouble],
        threshold: Some(Param::PairingPairs),
    },
    DetectorInfo {
        id: "tool_args",
        about: "do a call's arguments come again?",
        classes: &[Class::ToolArgsCumulative],
        threshold: None,
    },
    DetectorInfo {
        id: "typed",
        about: "do a frame's own fields say that its text came before?",
        classes: &[Class::ChannelMirror, Class::HoldbackResend],
        threshold: None,
    },
    DetectorInfo {
        id: "identity",
        about: "does an identity come again, or another completion's?",
        classes: &[Class::ReplayBySeq, Class::CrossStreamLeak],
        threshold: Some(Param::StampMinFrames),
    },
    DetectorInfo {
        id: "order",
        about: "do the numbers of frames go up by one?",
        classes: &[Class::OutOfOrder, Class::SequenceGap],
        threshold: None,
    },
    DetectorInfo {
        id: "restart",
        about: "does text begin again, or overlap, where it was broken off?",
        classes: &[Class::RetryRestart, Class::OverlapStitch],
        threshold: Some(Param::RestartMinChars),
    },
    DetectorInfo {
        id: "loop",
        about: "does one unit repeat back to back?",
        classes: &[Class::TokenLoop, Class::PhraseLoop],
        threshold: Some(Param::LoopCopies),
    },
    DetectorInfo {
        id: "words",
        about: "are words said again at once?",
        classes: &[Class::WordStutter],
        threshold: Some(Param::WordsRate),
    },
    DetectorInfo {
        id: "flood",
        about: "is there whitespace after a closed JSON value?",
        classes: &[Class::WhitespaceFlood],
        threshold: Some(Param::FloodChars),
    },
    DetectorInfo {
        id: "stall",
        about: "how long is it since the last text?",
        classes: &[Class::Stall, Class::KeepaliveMasked],
        threshold: Some(Param::StallGap),
    },
    DetectorInfo {
        id: "burst",
        about: "do frames arrive in regular bursts?",
        classes: &[Class::ProxyBurst],
        threshold: Some(Param::BurstCount),
    },
    DetectorInfo {
        id: "damage",
        about: "are bytes, frames and ends whole?",
        classes: &[
            Class::Utf8Split,
            Class::MalformedFrame,
            Class::EncodingError,
            Class::LimitExceeded,
            Class::ChecksumMismatch,
            Class::TerminalAnomaly,
            Class::ProviderError,
            Class::UnknownFrame,
        ],
        threshold: None,
    },
];
