//! Answers that are refused, for a while or always.

use crate::{
    core::class::Class,
    net::demo::script::{BEGIN, Close, END, FINISH, Play, Scenario, Step, USAGE, text},
};

const GOOD: &[Step] = &[
    BEGIN,
    text(
        34,
        "Second| time| lucky|.| A| request| that| failed| before| its| first| word| can| be| sent| again| without| harm|:| nobody| has\
         | read| anything| yet|.| One| that| failed| later| cannot|,| unless| the| two| halves| are| put| together| with| care|.",
    ),
    FINISH,
    USAGE,
    END,
];

const CUT: &[Step] = &[BEGIN, text(34, "The| first| words| arrive|,| and| then")];

const OVERLOADED: Play = Play::Refuse {
    status: 500,
    retry_after: None,
    kind: "server_error",
    message: "the engine is currently overloaded, please try again later",
};

const fn limited(seconds: u32) -> Play {
    Play::Refuse {
        status: 429,
        retry_after: Some(seconds),
        kind: "rate_limit_error",
        message: "rate limit reached for requests; please try again later",
    }
}

/// Error statuses, with and without a good answer after them.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "error-then-good",
        title: "500 on every first request, good on every second",
        class: Some(Class::ProviderError),
        plays: &[OVERLOADED, Play::Stream { steps: GOOD, close: Close::Whole }],
    },
    Scenario { name: "error", title: "500, always", class: Some(Class::ProviderError), plays: &[OVERLOADED] },
    Scenario {
        name: "outage",
        title: "cut after the first words three times, then good three times: the breaker opens and closes again",
        class: Some(Class::TerminalAnomaly),
        // No retry once words were passed on, so each request fails once.
        plays: &[
            Play::Stream { steps: CUT, close: Close::Reset },
            Play::Stream { steps: CUT, close: Close::Reset },
            Play::Stream { steps: CUT, close: Close::Reset },
            Play::Stream { steps: GOOD, close: Close::Whole },
            Play::Stream { steps: GOOD, close: Close::Whole },
            Play::Stream { steps: GOOD, close: Close::Whole },
        ],
    },
    Scenario {
        name: "retry-after",
        title: "429 with Retry-After on every first request, good on every second",
        class: Some(Class::ProviderError),
        plays: &[limited(1), Play::Stream { steps: GOOD, close: Close::Whole }],
    },
    Scenario { name: "rate-limit", title: "429, always", class: Some(Class::ProviderError), plays: &[limited(30)] },
    Scenario {
        name: "unauthorized",
        title: "401: the key is wrong",
        class: Some(Class::ProviderError),
        plays: &[Play::Refuse {
            status: 401,
            retry_after: None,
            kind: "authentication_error",
            message: "incorrect API key provided",
        }],
    },
];
