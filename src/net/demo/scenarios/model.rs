//! What the model itself does wrong.

use crate::{
    core::class::Class,
    net::demo::script::{Act, BEGIN, Close, END, Play, Scenario, after, text},
};

/// Loops and floods: flagged, never rewritten, save for whitespace after a closed JSON value.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "token-loop",
        title: "the model falls into a loop and runs into the length limit",
        class: Some(Class::TokenLoop),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(34, "The| harbour| master| checks| each| berth| at| dawn|.| The| list| for| today| reads|:\n\n"),
                text(16, "- berth| 7|,| clear|\n").times(150),
                after(20, Act::Finish("length")),
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "whitespace-flood",
        title: "a JSON answer, then whitespace without end",
        class: Some(Class::WhitespaceFlood),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(
                    32,
                    "{\n|  \"|station|\":| \"|Skerry| Point|\",\n|  \"|high|_water|\":| [\"|04|:12|\",| \"|16|:37|\"],\n|  \"|height|_m|\":| [|5|.1|,| 4|.9|],\n\
                     |  \"|springs|\":| true|\n}",
                ),
                text(14, "\n|  | |\n\n|\t|    ").times(400),
                after(20, Act::Finish("length")),
                END,
            ],
            close: Close::Whole,
        }],
    },
];
