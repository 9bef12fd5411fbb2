//! Framing faults: frames that mean "text so far" and are read as "text to add".

use crate::{
    core::class::Class,
    net::demo::script::{Act, BEGIN, Close, END, FINISH, Play, Scenario, USAGE, after, cumulative, text},
};

/// A capture of an OpenAI-compatible endpoint, from its second content delta on.
const WEIGHT_OF_WORDS: &str = "The Weight| of Words|**\n\nMay|a stared at the| acceptance| letter for Harvard Medical\
    | School—her dream|, finally within reach|. But her hands| trembled as she| remembered her father's| voice| from that morning:\
    | |I need you| to take| over the clinic,| mija. This| neighborhood depends on us|.\"\n\nShe thought of| Mrs|. Chen, who\
    | came in weekly for| her diabetes medication,| always| smiling despite working three| jobs. Old Mr|. Williams|, who couldn't\
    | afford| the specialist downtown.| The mothers who brought";

/// Cumulative streams, replays, echoes and doubled openings.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "cumulative",
        title: "each delta gives all text so far",
        class: Some(Class::CumulativeFull),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                cumulative(
                    48,
                    "Here| is| a| short| history| of| the| sextant|.| In| 1731| two| men|,| an| ocean| apart|,| built| the| same\
                     | instrument|:| Hadley| in| London| and| Godfrey| in| Philadelphia|.| Each| used| two| mirrors| to| bring| a| star\
                     | down| to| the| horizon|.| A| sailor| could| now| measure| its| height| from| a| moving| deck|,| and| with| it| find\
                     | how| far| north| he| was|.| How| far| east| remained| a| matter| of| clocks|.",
                ),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "cumulative-first",
        title: "a stream that grows from its very first frame and then turns to increments",
        class: Some(Class::CumulativeFull),
        plays: &[Play::Stream {
            steps: &[
                cumulative(90, "The| tide| comes| in| twice| a day|, and"),
                text(
                    38,
                    " goes| out| as| often|.| Between| the| two| there| is| an| hour| of| slack| water|,| when| boats| turn| at| anchor|.",
                ),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "cumulative-torn",
        title: "each delta gives all text so far, and one frame in the middle cannot be read",
        class: Some(Class::CumulativeFull),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                cumulative(48, "An| anchor| holds| by| its| chain| more| than| by| its| weight|:"),
                after(48, Act::Torn(" (and this frame is torn)")),
                cumulative(48, " the| chain| lies| on| the| ground| and| keeps| the| pull| low|."),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "hybrid",
        title: "increments that turn to all text so far half way",
        class: Some(Class::CumulativeFull),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(
                    36,
                    "A| barometer| does| not| foretell| the| weather|;| it| weighs| the| air|.| What| matters| is| not| where| the| needle| stands",
                ),
                cumulative(60, " but| how| fast| it| moves|:| three| points| in| an| hour| is| a| gale| on| its| way|."),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "qwen",
        title: "the first delta twice, by a serializer with another key order",
        class: Some(Class::FirstChunkDouble),
        plays: &[Play::Stream {
            steps: &[
                after(180, Act::Preamble("**")),
                after(45, Act::Preamble("**")),
                text(45, WEIGHT_OF_WORDS),
                after(30, Act::Finish("length")),
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "shrink",
        title: "opening frames that grow and shrink back before the answer begins",
        class: Some(Class::CumulativeFull),
        plays: &[Play::Stream {
            steps: &[
                after(180, Act::Preamble("**ds|**dst|**dstY|**")),
                text(45, "The Weight| of Words|**\n\nMay| we start the story.| This ends the story."),
                after(30, Act::Finish("length")),
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "replay",
        title: "one delta repeats everything so far",
        class: Some(Class::CumulativeReplay),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(
                    34,
                    "To| tie| a| bowline|,| make| a| small| loop| in| the| standing| part|.| Bring| the| end| up| through| the| loop|,\
                     | around| behind| the| standing| part|,| and| back| down| the| way| it| came|.",
                ),
                after(70, Act::Replay),
                text(
                    34,
                    " Pull| on| the| standing| part| to| set| it|.| The| knot| holds| under| load| and| still| comes| undone| by| hand|,\
                     | which| is| why| sailors| call| it| the| king| of| knots|.",
                ),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "final-echo",
        title: "the closing frame repeats the whole answer",
        class: Some(Class::FinalAggregate),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(
                    36,
                    "Three| checks| before| you| cast| off|:\n\n|1|.| Fuel| and| oil|,| both| seen| with| your| own| eyes|.\n|2|.| The\
                     | forecast|,| read| today|.\n|3|.| Somebody| ashore| who| knows| when| you| mean| to| be| back|.\n\n|The| third| is| the\
                     | one| people| skip|.",
                ),
                after(60, Act::FinishEcho),
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "echo-then-cut",
        title: "everything so far is repeated, and there the stream ends",
        class: Some(Class::CumulativeReplay),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(36, "A| ship's| log| is| written| in| ink|,| at| the| hour|,| by| the| one| who| stood| the| watch|."),
                after(80, Act::Replay),
            ],
            close: Close::Whole,
        }],
    },
];
