//! Each row is a script: what happens when, and the state after it.

use super::*;

const S: u64 = 1_000_000;

enum Do {
    /// Ask; expect admission.
    Ask,
    /// Ask; expect a refusal with this wait in seconds.
    No(u64),
    /// Ask; expect the provider's Retry-After to refuse with this wait in seconds.
    Wait(u64),
    /// Report on the oldest open permit.
    End(Outcome),
    /// Report on it with a Retry-After in seconds.
    After(Outcome, u64),
    /// First content of it.
    Content,
    /// Give it back.
    GiveBack,
    /// Look.
    Look,
}
use Do::{After, Ask, Content, End, GiveBack, Look, No, Wait};
use Outcome::{Failure, Ignored, Slow, Success, Throttled};

/// When (in seconds), what, and the state after it.
type Step = (u64, Do, BreakerState);
type Script = Vec<Step>;

fn run(config: BreakerConfig, script: &[Step]) -> Breaker {
    let mut breaker = Breaker::new(config);
    let mut open = VecDeque::new();
    for (step, (at, what, expected)) in script.iter().enumerate() {
        let now = at * S;
        match what {
            Ask => match breaker.ask(now) {
                Answer::Admitted { permit, probe } => {
                    assert_eq!(probe, breaker.state() == BreakerState::HalfOpen, "step {step}");
                    open.push_back(permit);
                }
                other => panic!("step {step}: {other:?}"),
            },
            No(wait) => assert_eq!(breaker.ask(now), Answer::Refused { retry_after_us: wait * S }, "step {step}"),
            Wait(wait) => assert_eq!(breaker.ask(now), Answer::Throttled { retry_after_us: wait * S }, "step {step}"),
            End(outcome) => breaker.report(now, open.pop_front().unwrap(), &(*outcome).into()),
            After(outcome, wait) => {
                let verdict = Verdict { retry_after_us: Some(wait * S), ..(*outcome).into() };
                breaker.report(now, open.pop_front().unwrap(), &verdict);
            }
            Content => {
                breaker.first_content(now, *open.front().unwrap());
            }
            GiveBack => assert!(breaker.release(now, open.pop_front().unwrap()), "step {step}"),
            Look => breaker.advance(now),
        }
        assert_eq!(breaker.state(), *expected, "step {step}: {}", breaker.reason);
    }
    breaker
}

use BreakerState::{Closed, HalfOpen, Open};

fn three_failures() -> Script {
    vec![
        (0, Ask, Closed),
        (0, End(Failure), Closed),
        (1, Ask, Closed),
        (1, End(Failure), Closed),
        (2, Ask, Closed),
        (2, End(Failure), Open),
    ]
}

fn after_three(rest: Script) -> Script {
    let mut script = three_failures();
    script.extend(rest);
    script
}

#[test]
fn scripts() {
    let default = BreakerConfig::default;
    let cases: Vec<(&str, BreakerConfig, Script, &str)> = vec![
        (
            "three failures open it, the fourth is refused",
            default(),
            after_three(vec![(3, No(4), Open)]),
            "3 failures in a row (limit 3)",
        ),
        (
            "a probe that succeeds closes it",
            default(),
            after_three(vec![(7, Ask, HalfOpen), (7, No(30), HalfOpen), (8, End(Success), Closed), (8, Ask, Closed)]),
            "a probe succeeded",
        ),
        (
            "a probe that fails doubles the open time",
            default(),
            after_three(vec![
                (7, Ask, HalfOpen),
                (8, End(Failure), Open),
                (8, No(10), Open),
                (17, No(1), Open),
                (18, Ask, HalfOpen),
            ]),
            "the open time is over; a probe passes",
        ),
        (
            "two successes are needed if so configured",
            BreakerConfig { successes: 2, ..default() },
            after_three(vec![(7, Ask, HalfOpen), (7, End(Success), HalfOpen), (8, Ask, HalfOpen), (8, End(Slow), Closed)]),
            "2 probes succeeded",
        ),
        (
            "a lost probe goes back to open when max_wait is over",
            default(),
            after_three(vec![(7, Ask, HalfOpen), (36, No(1), HalfOpen), (37, Look, Open), (37, No(5), Open), (42, Ask, HalfOpen)]),
            "the open time is over; a probe passes",
        ),
        (
            "a dropped or ignored probe gives its permit back",
            default(),
            after_three(vec![
                (7, Ask, HalfOpen),
                (7, GiveBack, HalfOpen),
                (8, Ask, HalfOpen),
                (8, End(Ignored), HalfOpen),
                (9, Ask, HalfOpen),
                (9, End(Success), Closed),
            ]),
            "a probe succeeded",
        ),
        (
            "a probe counts with its first content, and a later break is one failure",
            default(),
            after_three(vec![
                (7, Ask, HalfOpen),
                (8, Content, Closed),
                (9, End(Failure), Closed),
                (9, Ask, Closed),
                (9, End(Failure), Closed),
                (9, Ask, Closed),
                (9, End(Failure), Open),
            ]),
            "3 failures in a row (limit 3)",
        ),
        (
            "at the stream's end if so configured",
            BreakerConfig { probe_counts: ProbeCounts::StreamEnd, ..default() },
            after_three(vec![(7, Ask, HalfOpen), (8, Content, HalfOpen), (9, End(Success), Closed)]),
            "a probe succeeded",
        ),
        (
            "a success between failures starts the row anew",
            default(),
            vec![
                (0, Ask, Closed),
                (0, End(Failure), Closed),
                (0, Ask, Closed),
                (0, End(Failure), Closed),
                (0, Ask, Closed),
                (0, End(Success), Closed),
                (0, Ask, Closed),
                (0, End(Failure), Closed),
            ],
            "no failure yet",
        ),
        (
            "half of five calls",
            BreakerConfig { trip_at: 100, ..default() },
            vec![
                (0, Ask, Closed),
                (0, End(Failure), Closed),
                (0, Ask, Closed),
                (0, End(Success), Closed),
                (0, Ask, Closed),
                (0, End(Failure), Closed),
                (0, Ask, Closed),
                (0, End(Success), Closed),
                (0, Ask, Closed),
                (0, End(Failure), Open),
            ],
            "60.0 % of the last 5 calls failed (limit 50.0 %)",
        ),
        (
            "four of five slow",
            default(),
            vec![
                (0, Ask, Closed),
                (0, End(Slow), Closed),
                (0, Ask, Closed),
                (0, End(Slow), Closed),
                (0, Ask, Closed),
                (0, End(Slow), Closed),
                (0, Ask, Closed),
                (0, End(Success), Closed),
                (0, Ask, Closed),
                (0, End(Slow), Open),
            ],
            "80.0 % of the last 5 calls were slow (limit 80.0 %)",
        ),
        (
            "old outcomes leave the window, a row of failures does not end with age",
            default(),
            vec![
                (0, Ask, Closed),
                (0, End(Failure), Closed),
                (100, Ask, Closed),
                (160, End(Failure), Closed),
                (200, Ask, Closed),
                (300, End(Failure), Open),
            ],
            "3 failures in a row (limit 3)",
        ),
        (
            "429 never trips, and its Retry-After is kept",
            default(),
            vec![
                (0, Ask, Closed),
                (0, Ask, Closed),
                (0, Ask, Closed),
                (0, End(Throttled), Closed),
                (0, End(Throttled), Closed),
                (0, After(Throttled, 20), Closed),
                (5, Wait(15), Closed),
                (20, Ask, Closed),
            ],
            "no failure yet",
        ),
        (
            "Retry-After beats the open time, up to ten minutes",
            BreakerConfig { trip_at: 1, ..default() },
            vec![(0, Ask, Closed), (0, After(Failure, 1_000_000_000), Open), (0, No(600), Open)],
            "1 failure in a row (limit 1)",
        ),
        (
            "an outcome of an older generation moves nothing",
            default(),
            vec![
                (0, Ask, Closed),
                (0, Ask, Closed),
                (0, Ask, Closed),
                (0, Ask, Closed),
                (1, End(Failure), Closed),
                (1, End(Failure), Closed),
                (1, End(Failure), Open),
                (6, End(Success), Open),
            ],
            "3 failures in a row (limit 3)",
        ),
    ];
    for (name, config, script, reason) in cases {
        let breaker = run(config, &script);
        assert_eq!(breaker.reason, reason, "{name}");
    }
}

#[test]
fn the_open_time_doubles_to_its_cap_with_a_tenth_of_jitter() {
    let config = BreakerConfig::default();
    for (reopens, draw, expected_ms) in [
        (0, NO_JITTER, 5_000),
        (0, 0, 4_500),
        (0, 200, 5_500),
        (0, 201, 4_500),
        (1, NO_JITTER, 10_000),
        (4, NO_JITTER, 80_000),
        (5, NO_JITTER, 120_000),
        (5, 200, 120_000),
        (64, 0, 108_000),
        (u32::MAX, NO_JITTER, 120_000),
    ] {
        let open = config.open_time(reopens, draw);
        assert!(open <= config.open_max_us);
        assert_eq!(open, expected_ms * 1_000, "{reopens} {draw}");
    }
}

#[test]
fn health_takes_the_doublings_back() {
    let script = after_three(vec![(7, Ask, HalfOpen), (7, End(Failure), Open), (17, Ask, HalfOpen), (17, End(Success), Closed)]);
    let mut breaker = run(BreakerConfig::default(), &script);
    for (at, reopens) in [(17, 1), (76, 1), (77, 0), (500, 0)] {
        assert_eq!(breaker.snapshot(at * S).reopens, reopens, "at {at} s");
    }
}

#[test]
fn a_failure_is_no_health() {
    let rest = vec![(7, Ask, HalfOpen), (7, End(Failure), Open), (17, Ask, HalfOpen), (17, End(Success), Closed)];
    let mut script = after_three(rest);
    script.extend([(70, Ask, Closed), (70, End(Failure), Closed)]);
    let mut breaker = run(BreakerConfig::default(), &script);
    for (at, reopens) in [(77, 1), (129, 1), (130, 0)] {
        assert_eq!(breaker.snapshot(at * S).reopens, reopens, "at {at} s");
    }
}

#[test]
fn new_limits_may_open_and_never_close() {
    let mut breaker = run(BreakerConfig::default(), &[(0, Ask, Closed), (0, End(Failure), Closed)]);
    breaker.retune(S, BreakerConfig { trip_at: 1, ..BreakerConfig::default() }, NO_JITTER);
    assert_eq!(breaker.state(), Open);
    breaker.retune(2 * S, BreakerConfig { trip_at: 50, ..BreakerConfig::default() }, NO_JITTER);
    assert_eq!(breaker.state(), Open);
}

#[test]
fn by_hand() {
    let mut breaker = Breaker::new(BreakerConfig::default());
    breaker.force(0, Some(true));
    assert_eq!(breaker.ask(900 * S), Answer::Refused { retry_after_us: u64::MAX });
    breaker.force(900 * S, Some(false));
    for _ in 0..10 {
        let Answer::Admitted { permit, probe: false } = breaker.ask(901 * S) else { panic!("refused") };
        breaker.report(901 * S, permit, &Failure.into());
    }
    assert_eq!(breaker.snapshot(901 * S).consecutive, 10);
    breaker.force(902 * S, None);
    let snapshot = breaker.snapshot(902 * S);
    assert_eq!((snapshot.state, snapshot.consecutive, snapshot.window.len()), (Closed, 0, 0));
    assert_eq!(breaker.transitions().count(), 3);
}

#[test]
fn the_last_resort_passes_one_probe_before_its_time() {
    let mut breaker = run(BreakerConfig::default(), &three_failures());
    assert!(matches!(breaker.ask_last_resort(3 * S), Answer::Admitted { probe: true, .. }));
    assert!(matches!(breaker.ask_last_resort(3 * S), Answer::Refused { .. }));
}

#[test]
fn only_the_last_transitions_are_kept() {
    let mut breaker = Breaker::new(BreakerConfig::default());
    for at in 0..200 {
        breaker.force(at, Some(at % 2 == 0));
    }
    assert_eq!(breaker.transitions().count(), TRANSITIONS_KEPT);
    assert_eq!(breaker.transitions().next_back().map(|last| (last.at_us, last.generation)), Some((199, 200)));
}
