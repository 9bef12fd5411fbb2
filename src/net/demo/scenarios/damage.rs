//! Damage: bytes, frames and ends that are not whole.

use crate::{
    core::class::Class,
    net::demo::script::{Act, BEGIN, Close, END, FINISH, Play, Scenario, USAGE, after, text},
};

const BEFORE: &str =
    "A| chart| is| a| promise| about| the| bottom| of| the| sea|.| The| soundings| are| old|,| the| sand| is| young|";
const AFTER: &str = ",| and| so| the| careful| navigator| trusts| the| lead| line| first|.| The| printed| depth| is| where| the| question| starts|.";

/// Malformed frames in every position, split characters, and ends that are none.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "malformed",
        title: "two frames in the middle cannot be read",
        class: Some(Class::MalformedFrame),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(34, BEFORE),
                after(40, Act::Torn(" (so")),
                after(40, Act::Torn(" they say)")),
                text(34, AFTER),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "malformed-first",
        title: "the first frame cannot be read, the rest is good",
        class: Some(Class::MalformedFrame),
        plays: &[Play::Stream {
            steps: &[after(180, Act::Torn("A ")), text(34, BEFORE), text(34, AFTER), FINISH, USAGE, END],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "malformed-last",
        title: "the last frame is torn, and nothing follows",
        class: Some(Class::MalformedFrame),
        plays: &[Play::Stream { steps: &[BEGIN, text(34, BEFORE), after(40, Act::Torn(", and"))], close: Close::Whole }],
    },
    Scenario {
        name: "malformed-then-replay",
        title: "a torn frame, then everything so far again",
        class: Some(Class::CumulativeReplay),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(34, BEFORE),
                after(40, Act::Torn(", and")),
                after(60, Act::Replay),
                text(34, AFTER),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "replay-then-malformed",
        title: "everything so far again, then a torn frame",
        class: Some(Class::CumulativeReplay),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(34, BEFORE),
                after(60, Act::Replay),
                after(40, Act::Torn(", and")),
                text(34, AFTER),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "split-emoji",
        title: "characters cut between two writes, and between two deltas",
        class: Some(Class::Utf8Split),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(36, "Flags| at| the| harbour| today|:"),
                after(50, Act::Halved(" 🚩")),
                text(36, " for| strong| wind|,"),
                // The two halves of U+1F30A, a wave, in two deltas.
                text(36, " \u{E83C}|\u{EF0A}"),
                text(36, " for| high| surf|,| and"),
                after(50, Act::Halved(" 龙")),
                text(36, " on| the| visiting| junk|.| Swim| between| the| yellow| ones|."),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "cut",
        title: "the stream ends in the middle of a sentence, without a finish",
        class: Some(Class::TerminalAnomaly),
        plays: &[Play::Stream { steps: &[BEGIN, text(34, BEFORE)], close: Close::Whole }],
    },
    Scenario {
        name: "early-close",
        title: "the connection is closed before the body is complete",
        class: Some(Class::TerminalAnomaly),
        plays: &[Play::Stream { steps: &[BEGIN, text(34, BEFORE)], close: Close::Early }],
    },
    Scenario {
        name: "reset",
        title: "the connection is reset in the middle",
        class: Some(Class::TerminalAnomaly),
        plays: &[Play::Stream { steps: &[BEGIN, text(34, BEFORE)], close: Close::Reset }],
    },
    Scenario {
        name: "bad-chunk",
        title: "HTTP itself is broken: a chunk size that is no number",
        class: Some(Class::TerminalAnomaly),
        plays: &[Play::Stream { steps: &[BEGIN, text(34, BEFORE)], close: Close::BadChunk }],
    },
    Scenario {
        name: "in-stream-error",
        title: "an error in the middle of the stream",
        class: Some(Class::ProviderError),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(34, BEFORE),
                after(120, Act::Error("overloaded_error", "the server is overloaded, please try again later")),
            ],
            close: Close::Whole,
        }],
    },
];
