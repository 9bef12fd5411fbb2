//! Timing: the text is right, its arrival is not.

use crate::{
    core::class::Class,
    net::demo::script::{Act, BEGIN, Close, END, FINISH, Play, Scenario, USAGE, after, text},
};

const BEFORE: &str = "Before| a| long| passage| the| crew| agree| on| watches|:| four| hours| on|,| eight| off|.| The| one| who| has| the\
    | watch| decides|,| and";
const AFTER: &str = " nobody| argues| with| it| until| the| next| bell|.| Arguments| keep|;| weather| does| not|.";

/// Stalls, masked stalls and bursts.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "stall",
        title: "seven seconds of silence in the middle",
        class: Some(Class::Stall),
        plays: &[Play::Stream {
            steps: &[BEGIN, text(34, BEFORE), after(7_000, Act::Text(" then")), text(34, AFTER), FINISH, USAGE, END],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "keepalive",
        title: "a hundred seconds without text, with keep-alives that hide it",
        class: Some(Class::KeepaliveMasked),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(34, BEFORE),
                after(4_000, Act::KeepAlive).times(24),
                after(4_000, Act::Text(" then")),
                text(34, AFTER),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "burst",
        title: "a proxy that buffers: ten deltas at once, then nothing",
        class: Some(Class::ProxyBurst),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(
                    420,
                    "A| proxy| that| buffers| collects| what| the| server| sends| and| passes| it| on| when| its| buffer| is| full|.| To\
                     | the| reader| the| answer| comes| in| lumps|:| a| line| at| once|,| then| nothing|,| then| a| line| again|.| The| text| is\
                     | whole|,| and| yet| it| feels| slow|,| because| nobody| can| read| a| line| before| it| has| come|.| Switch| the\
                     | buffer| off| and| the| same| answer| flows|.",
                )
                .packed(10),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "slow-start",
        title: "nine seconds until the first text",
        class: None,
        plays: &[Play::Stream {
            steps: &[BEGIN, after(9_000, Act::Text("At")), text(34, " last|,| an| answer|.| It| was| worth| the| wait|."), FINISH, USAGE, END],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "hang",
        title: "a few words, then nothing for ten minutes",
        class: Some(Class::Stall),
        plays: &[Play::Stream {
            steps: &[BEGIN, text(34, BEFORE), after(600_000, Act::Text(" then")), FINISH, END],
            close: Close::Whole,
        }],
    },
];
