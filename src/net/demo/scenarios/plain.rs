//! Streams in which nothing goes wrong, and the opener, in which two things do.

use crate::{
    core::class::Class,
    net::demo::script::{Act, BEGIN, Close, END, FINISH, Play, Scenario, USAGE, after, reasoning, text},
};

const LIGHTHOUSE: &str = "The| keeper| of the| lighthouse| at| Skerry Point| had| a rule|: the lamp| is lit| before| the kettle|.\
    | For| thirty-one| years| it| held|.| Then,| on| a| Tuesday| in| November|,| the| bulb| failed| at| dusk|,| and| he| climbed\
    | the| hundred| and| eight| steps| with| a| spare| in| his| coat| and| the| kettle| cold| behind| him|.\n\n| From| the\
    | gallery| he| could| see| one| trawler|,| her| lights| low|,| turning| toward| the| rocks|.| He| did| not| hurry|.\
    | He| wiped| the| lens|,| seated| the| bulb|,| and| threw| the| switch|.| The| beam| went| out| over| the| water|,| and\
    | the| trawler| turned| away|.";

/// Clean streams of every shape, and the opener.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "tour",
        title: "an answer that is repeated whole in the middle and once more at its end",
        class: Some(Class::CumulativeReplay),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(
                    38,
                    "Streaming| an| answer| means| sending| it| in| small| pieces|,| each| one| as| soon| as| it| is| known|.\
                     | The| reader| sees| text| within| a| few| hundred| milliseconds| instead| of| waiting| for| the| whole|.\n\n",
                ),
                after(60, Act::Replay),
                text(
                    38,
                    "The| pieces| are| meant| to| be| added| up|.| When| a| server| sends| again| what| it| has| already| sent|,\
                     | a| client| that| only| adds| will| print| it| twice|,| and| that| is| what| people| call| a| stutter|.\n\n",
                ),
                text(
                    42,
                    "The| cure| is| evidence|:| the| same| stamp| twice|,| a| delta| that| equals| all| text| so| far|,| a| frame\
                     | written| by| another| serializer|.| Likeness| alone| proves| nothing|,| for| people| say| very|,| very| often\
                     | the| same| thing| twice|.",
                ),
                after(60, Act::FinishEcho),
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "clean",
        title: "an answer as it should be",
        class: None,
        plays: &[Play::Stream { steps: &[BEGIN, text(32, LIGHTHOUSE), FINISH, USAGE, END], close: Close::Whole }],
    },
    Scenario {
        name: "reasoning",
        title: "thinking first, then the answer",
        class: None,
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                reasoning(
                    30,
                    "The| user| asks| for| the| sum| of| the| first| ten| odd| numbers|.| The| sum| of| the| first| n| odd| numbers\
                     | is| n| squared|.| For| n| =| 10| that| is| 100|.| Let| me| check|:| 1| +| 3| +| 5| +| 7| +| 9| is| 25|,| and\
                     | 11| +| 13| +| 15| +| 17| +| 19| is| 75|.| Together| 100|.",
                ),
                after(240, Act::Text("The")),
                text(
                    34,
                    " sum| of| the| first| ten| odd| numbers| is| **100**|.| In| general| the| first| n| odd| numbers| add| up| to| n²|:\
                     | each| one| is| the| border| that| grows| a| square| by| one|.",
                ),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "tool-call",
        title: "a sentence, then a call of a tool with its arguments in pieces",
        class: None,
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(34, "I| will| look| up| the| tide| table| for| Saturday|."),
                after(40, Act::Tool("tide_table")),
                after(28, Act::Arguments("{\"|station|\":| \"|Skerry| Point|\",| \"|date|\":| \"|2025|-10|-11|\",| \"|unit|\":| \"|m|\"}")),
                after(20, Act::Finish("tool_calls")),
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "honest-repeats",
        title: "an answer that repeats itself because it should: a refrain, a list, zeros",
        class: None,
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(
                    32,
                    "Row|,| row|,| row| your| boat|,\n|Gently| down| the| stream|.\n|Merrily|,| merrily|,| merrily|,| merrily|,\n|Life| is\
                     | but| a| dream|.\n\n|Row|,| row|,| row| your| boat|,\n|Gently| down| the| stream|.\n|Merrily|,| merrily|,| merrily|,\
                     | merrily|,\n|Life| is| but| a| dream|.\n\n|In| binary| 64| is| 1|0|0|0|0|0|0|,| and| ha| ha| ha| is| a| laugh|.",
                ),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "held-laugh",
        title: "three deltas that look like growth and are not: held for a moment, then let through",
        class: None,
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(60, "ha|haha|! funny|,| how| the| laugh| of| a| gull| sounds| like| a| person| who| knows| the| end| of| the| joke|."),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "long",
        title: "five thousand deltas, fast: one paragraph fifty times",
        class: Some(Class::PhraseLoop),
        plays: &[Play::Stream {
            steps: &[
                BEGIN,
                text(
                    1,
                    "Tide| tables| list| the| hour| and| height| of| high| and| low| water|.| Between| them| the| sea| moves| by| the\
                     | rule| of| twelfths|:| one|,| two|,| three|,| three|,| two|,| one|.| A| pilot| adds| the| swell|,| takes| away| the\
                     | draught|,| and| keeps| a| margin|;| a| careful| one| keeps| two|.| Wind| over| tide| makes| the| sea| short| and\
                     | steep|,| so| the| hour| matters| more| than| the| height|,| and| the| moon| more| than| both|.| Nobody| argues\
                     | with| the| moon|.| Write| the| figures| down| before| you| ever| need| them|.\n\n",
                )
                .packed(8)
                .times(50),
                FINISH,
                USAGE,
                END,
            ],
            close: Close::Whole,
        }],
    },
    Scenario {
        name: "empty",
        title: "a complete answer without a word",
        class: None,
        plays: &[Play::Stream { steps: &[BEGIN, FINISH, USAGE, END], close: Close::Whole }],
    },
];
