//! Redelivery: the same frames twice.

use crate::{
    core::class::Class,
    net::demo::script::{Act, BEGIN, Close, END, FINISH, Play, Scenario, USAGE, after, text},
};

/// Frames that come again. Only Ollama's frames carry an identity; in the other dialects the same text comes again unmarked.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "replay-stamp",
        title: "Ollama's form: frames come again with the stamps they had",
        class: Some(Class::ReplayBySeq),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(
                    36,
                    "Fog| forms| when| moist| air| is| cooled| to| its| dew| point|.| At| sea| it| comes| with| warm| wind| over| cold| water|",
                ),
                after(90, Act::Again(6)),
                text(
                    36,
                    " and| stays| until| the| wind| turns|.| On| land| it| is| a| child| of| clear| nights| and| goes| with| the| sun|",
                ),
                after(90, Act::Again(4)),
                text(36, ".| A| pilot| fears| the| first| kind| more|."),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "stale-first",
        title: "Ollama's form: the first text is in a frame older than those before it",
        class: Some(Class::ReplayBySeq),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                after(60, Act::KeepAlive).times(4),
                after(60, Act::Stale("Low")),
                text(36, " water| at| noon| and| high| water| at| six|."),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
];
