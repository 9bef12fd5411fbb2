//! The breaker against a naive model that keeps its whole history and scans it again at every question.

use proptest::prelude::*;
use stutterscope::core::desk::{
    BreakerConfig, BreakerState, Outcome, Permit, Verdict,
    breaker::{Answer, Breaker, ProbeCounts},
};

const S: u64 = 1_000_000;

/// One step of a script. Permits are named backwards from the newest; only the last few are, since older ones are mostly spent.
#[derive(Debug, Clone)]
enum Step {
    Ask,
    Report { permit: usize, outcome: Outcome, retry_after_us: Option<u64>, draw: u64 },
    Content { permit: usize },
    Release { permit: usize },
    Look,
}

fn step() -> impl Strategy<Value = (u64, Step)> {
    // Round gaps hit deadlines exactly, odd ones miss them.
    let gap = prop_oneof![
        4 => Just(0),
        4 => 0..2 * S,
        2 => prop::sample::select(vec![S, 5 * S, 10 * S, 30 * S, 60 * S]),
        1 => 0..200 * S,
    ];
    let outcome = prop_oneof![
        3 => Just(Outcome::Failure),
        3 => Just(Outcome::Success),
        2 => Just(Outcome::Slow),
        1 => Just(Outcome::Throttled),
        1 => Just(Outcome::Ignored),
    ];
    let retry_after = prop_oneof![4 => Just(None), 1 => (0..700 * S).prop_map(Some)];
    let step = prop_oneof![
        5 => Just(Step::Ask),
        6 => (0..6_usize, outcome, retry_after, any::<u64>()).prop_map(|(permit, outcome, retry_after_us, draw)| {
            Step::Report { permit, outcome, retry_after_us, draw }
        }),
        1 => (0..6_usize).prop_map(|permit| Step::Content { permit }),
        1 => (0..6_usize).prop_map(|permit| Step::Release { permit }),
        1 => Just(Step::Look),
    ];
    (gap, step)
}

fn config() -> impl Strategy<Value = BreakerConfig> {
    let window =
        (1_u32..25, 1_u32..6, 0_u32..8, prop::sample::select(vec![250, 500, 1_000]), prop::sample::select(vec![500, 800, 1_001]));
    let probes = (1_u32..4, 1_u32..4, any::<bool>(), 1_u64..40, 1_u64..60);
    (window, probes).prop_map(|(window, probes)| {
        let (window, trip_at, min_calls, failure_rate, slow_rate) = window;
        let (permits, successes, first_content, max_wait, decay) = probes;
        BreakerConfig {
            window,
            trip_at,
            min_calls,
            failure_rate,
            slow_rate,
            permits,
            successes,
            max_wait_us: max_wait * S,
            decay_us: decay * S,
            probe_counts: if first_content { ProbeCounts::FirstContent } else { ProbeCounts::StreamEnd },
            ..BreakerConfig::default()
        }
    })
}

/// A permit as the model remembers it, for ever.
#[derive(Debug, Clone, Copy)]
struct Given {
    generation: u64,
    out: bool,
    counted: bool,
}

/// An outcome as the model remembers it, for ever.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: u64,
    generation: u64,
    outcome: Outcome,
}

/// The rules of the breaker, without its data structures.
struct Model {
    config: BreakerConfig,
    now: u64,
    state: BreakerState,
    since: u64,
    until: u64,
    generation: u64,
    reopens: u32,
    healthy: u64,
    throttled_until: u64,
    refused: u64,
    given: Vec<Given>,
    seen: Vec<Seen>,
    probes_ok: Vec<u64>,
}

impl Model {
    fn new(config: BreakerConfig) -> Model {
        Model {
            config,
            now: 0,
            state: BreakerState::Closed,
            since: 0,
            until: 0,
            generation: 0,
            reopens: 0,
            healthy: 0,
            throttled_until: 0,
            refused: 0,
            given: Vec::new(),
            seen: Vec::new(),
            probes_ok: Vec::new(),
        }
    }

    fn enter(&mut self, at: u64, state: BreakerState) {
        (self.state, self.since, self.healthy) = (state, at, at);
        self.generation += 1;
    }

    fn open(&mut self, at: u64, draw: u64, retry_after: u64) {
        let doubled = (0..self.reopens).fold(self.config.open_us, |time, _| (time * 2).min(self.config.open_max_us));
        let jittered = (doubled * (900 + draw % 201) / 1_000).min(self.config.open_max_us);
        self.enter(at, BreakerState::Open);
        self.until = at + jittered.max(retry_after.min(self.config.retry_after_max_us));
    }

    fn advance(&mut self, now: u64) {
        self.now = now;
        if self.state == BreakerState::HalfOpen && now >= self.since + self.config.max_wait_us {
            self.open(self.since + self.config.max_wait_us, 100, 0);
        }
        while self.state == BreakerState::Closed && now - self.healthy >= self.config.decay_us {
            self.healthy += self.config.decay_us;
            self.reopens = self.reopens.saturating_sub(1);
        }
    }

    fn probes(&self) -> usize {
        self.given.iter().filter(|given| given.out && !given.counted && given.generation == self.generation).count()
    }

    /// `Some(probe)` if admitted.
    fn ask(&mut self) -> Option<bool> {
        let due = self.state == BreakerState::Open && self.now >= self.until;
        let throttled = self.now < self.throttled_until;
        if !throttled && due {
            self.enter(self.now, BreakerState::HalfOpen);
        }
        let admitted = !throttled
            && match self.state {
                BreakerState::Closed => true,
                BreakerState::HalfOpen => self.probes() < self.config.permits as usize,
                _ => false,
            };
        if !admitted {
            self.refused += 1;
            return None;
        }
        self.given.push(Given { generation: self.generation, out: true, counted: false });
        Some(self.state == BreakerState::HalfOpen)
    }

    fn window(&self) -> Vec<Outcome> {
        let mine: Vec<_> = self.seen.iter().filter(|seen| seen.generation == self.window_generation()).collect();
        let last = &mine[mine.len().saturating_sub(self.config.window as usize)..];
        last.iter().filter(|seen| self.now - seen.at < self.config.window_us).map(|seen| seen.outcome).collect()
    }

    /// Outcomes are seen in closed only, so the newest of them name the last closed generation, if it saw any.
    fn window_generation(&self) -> u64 {
        match self.state {
            BreakerState::Closed => self.generation,
            _ => self.seen.last().map_or(0, |seen| seen.generation),
        }
    }

    fn consecutive(&self) -> u32 {
        let mine = self.seen.iter().rev().filter(|seen| seen.generation == self.window_generation());
        mine.take_while(|seen| seen.outcome == Outcome::Failure).count() as u32
    }

    fn due_to_trip(&self) -> bool {
        let window = self.window();
        let share = |outcome| window.iter().filter(|seen| **seen == outcome).count() * 1_000;
        let enough = !window.is_empty() && window.len() >= self.config.min_calls as usize;
        self.consecutive() >= self.config.trip_at
            || (enough && share(Outcome::Failure) >= self.config.failure_rate as usize * window.len())
            || (enough && share(Outcome::Slow) >= self.config.slow_rate as usize * window.len())
    }

    fn probe_ok(&mut self) {
        self.probes_ok.push(self.generation);
        let generation = self.generation;
        if self.probes_ok.iter().filter(|probe| **probe == generation).count() >= self.config.successes as usize {
            self.enter(self.now, BreakerState::Closed);
        }
    }

    fn report(&mut self, permit: usize, outcome: Outcome, retry_after_us: Option<u64>, draw: u64) {
        let given = self.given[permit];
        if !given.out {
            return;
        }
        self.given[permit].out = false;
        let retry_after = retry_after_us.unwrap_or(0);
        if outcome == Outcome::Throttled {
            self.throttled_until = self.throttled_until.max(self.now + retry_after.min(self.config.retry_after_max_us));
        }
        if given.generation != self.generation {
            return;
        }
        match (self.state, outcome) {
            (BreakerState::Closed, Outcome::Success | Outcome::Slow) if given.counted => {}
            (BreakerState::Closed, Outcome::Success | Outcome::Slow | Outcome::Failure) => {
                self.seen.push(Seen { at: self.now, generation: self.generation, outcome });
                if outcome == Outcome::Failure {
                    self.healthy = self.now;
                }
                if self.due_to_trip() {
                    self.open(self.now, draw, retry_after);
                }
            }
            (BreakerState::HalfOpen, Outcome::Failure) => {
                self.reopens += 1;
                self.open(self.now, draw, retry_after);
            }
            (BreakerState::HalfOpen, Outcome::Success | Outcome::Slow) if !given.counted => self.probe_ok(),
            _ => {}
        }
    }

    fn content(&mut self, permit: usize) {
        let given = self.given[permit];
        let counts = self.config.probe_counts == ProbeCounts::FirstContent && self.state == BreakerState::HalfOpen;
        if counts && given.out && !given.counted && given.generation == self.generation {
            self.given[permit].counted = true;
            self.probe_ok();
            if self.state == BreakerState::Closed {
                self.given[permit].generation = self.generation;
            }
        }
    }
}

/// The index of the permit that is named `back` among `count`.
fn place(back: usize, count: usize) -> Option<usize> {
    count.checked_sub(1).map(|newest| newest - back % count)
}

/// Does `step` to the breaker; the permit that it gave, if any.
fn apply(breaker: &mut Breaker, permits: &[Permit], now: u64, step: &Step) -> Option<Answer> {
    let named = |back: usize| place(back, permits.len()).map(|index| permits[index]);
    match step {
        Step::Ask => return Some(breaker.ask(now)),
        Step::Report { permit, outcome, retry_after_us, draw } => {
            let verdict = Verdict { retry_after_us: *retry_after_us, draw: *draw, ..(*outcome).into() };
            if let Some(permit) = named(*permit) {
                breaker.report(now, permit, &verdict);
            }
        }
        Step::Content { permit } => {
            if let Some(permit) = named(*permit) {
                breaker.first_content(now, permit);
            }
        }
        Step::Release { permit } => {
            if let Some(permit) = named(*permit) {
                breaker.release(now, permit);
            }
        }
        Step::Look => breaker.advance(now),
    }
    None
}

fn run(config: &BreakerConfig, script: &[(u64, Step)], look: bool) -> (Breaker, Vec<String>) {
    let mut breaker = Breaker::new(config.clone());
    let (mut now, mut permits, mut seen) = (0, Vec::new(), Vec::new());
    for (gap, step) in script {
        if look {
            for at in [now + gap / 3, now + gap / 2, now + gap] {
                breaker.snapshot(at);
            }
        }
        now += gap;
        let answer = apply(&mut breaker, &permits, now, step);
        if let Some(Answer::Admitted { permit, .. }) = answer {
            permits.push(permit);
        }
        seen.push(format!("{answer:?} {:?}", breaker.snapshot(now)));
    }
    (breaker, seen)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn does_what_the_model_does(config in config(), script in prop::collection::vec(step(), 1..150)) {
        let mut breaker = Breaker::new(config.clone());
        let mut model = Model::new(config);
        let (mut now, mut permits) = (0, Vec::new());
        for (gap, step) in &script {
            now += gap;
            model.advance(now);
            let count = permits.len();
            let answer = apply(&mut breaker, &permits, now, step);
            match (step, answer) {
                (Step::Ask, Some(Answer::Admitted { permit, probe })) => {
                    permits.push(permit);
                    prop_assert_eq!(model.ask(), Some(probe), "at {}", now);
                }
                (Step::Ask, _) => prop_assert_eq!(model.ask(), None, "at {}", now),
                (Step::Look, _) => {}
                (Step::Report { permit, outcome, retry_after_us, draw }, _) => {
                    if let Some(permit) = place(*permit, count) {
                        model.report(permit, *outcome, *retry_after_us, *draw);
                    }
                }
                (Step::Content { permit }, _) => {
                    if let Some(permit) = place(*permit, count) {
                        model.content(permit);
                    }
                }
                (Step::Release { permit }, _) => {
                    if let Some(permit) = place(*permit, count) {
                        model.given[permit].out = false;
                    }
                }
            }
            let shown = breaker.snapshot(now);
            prop_assert_eq!(shown.state, model.state, "at {}: {}", now, shown.reason);
            prop_assert_eq!(shown.generation, model.generation);
            prop_assert_eq!(shown.reopens, model.reopens);
            prop_assert_eq!(shown.refused, model.refused);
            prop_assert_eq!(shown.throttled_for_us, model.throttled_until.saturating_sub(now));
            if model.state == BreakerState::Closed {
                prop_assert_eq!(&shown.window, &model.window());
                prop_assert_eq!(shown.consecutive, model.consecutive());
            }
            if model.state == BreakerState::Open {
                prop_assert_eq!(shown.open_for_us, model.until.saturating_sub(now));
            }
        }
    }

    #[test]
    fn invariants(config in config(), script in prop::collection::vec(step(), 1..150)) {
        let mut breaker = Breaker::new(config.clone());
        let (mut now, mut permits) = (0, Vec::new());
        let mut half_open_since = None;
        for (gap, step) in &script {
            now += gap;
            let before = { breaker.advance(now); breaker.snapshot(now) };
            let open_until = breaker.open_until();
            let answer = apply(&mut breaker, &permits, now, step);
            if let Some(Answer::Admitted { permit, probe }) = answer {
                prop_assert!(open_until.is_none_or(|until| now >= until), "open admits nothing before its time");
                prop_assert_eq!(permit.generation, breaker.snapshot(now).generation);
                prop_assert_eq!(probe, breaker.state() == BreakerState::HalfOpen);
                permits.push(permit);
            }
            if let Step::Report { permit, .. } | Step::Content { permit } = step
                && place(*permit, permits.len()).is_some_and(|index| permits[index].generation + 1 < before.generation)
            {
                // One generation older may have been carried on by its first content; an older one never moves anything.
                prop_assert_eq!(breaker.snapshot(now).generation, before.generation);
            }
            let shown = breaker.snapshot(now);
            prop_assert!(shown.probes <= shown.probes_at_most);
            prop_assert!(shown.window.len() <= config.window as usize && shown.window.len() == shown.ages_us.len());
            if shown.state == BreakerState::HalfOpen {
                let (generation, since) = *half_open_since.get_or_insert((shown.generation, now));
                prop_assert!(generation != shown.generation || now < since + config.max_wait_us, "half-open too long");
                half_open_since = Some(if generation == shown.generation { (generation, since) } else { (shown.generation, now) });
            }
            let totals = breaker.totals();
            let outcomes: u64 = totals.outcomes.iter().sum();
            prop_assert_eq!(totals.admitted, totals.released + outcomes + breaker.in_flight() as u64);
            prop_assert!(breaker.next_deadline().is_none_or(|deadline| deadline > now));
        }
        let stamps: Vec<_> = breaker.transitions().map(|row| (row.generation, row.at_us)).collect();
        prop_assert!(stamps.is_sorted());
        prop_assert!(breaker.transitions().all(|row| row.from != row.to && !row.reason.is_empty()));
    }

    #[test]
    fn the_same_inputs_give_the_same_and_looking_changes_nothing(
        config in config(),
        script in prop::collection::vec(step(), 1..100),
    ) {
        let (first, seen) = run(&config, &script, false);
        let (second, seen_again) = run(&config, &script, true);
        prop_assert_eq!(seen, seen_again);
        prop_assert!(first.transitions().eq(second.transitions()));
        prop_assert_eq!(first.totals(), second.totals());
    }

    #[test]
    fn a_restored_breaker_goes_on_as_the_first_would(
        config in config(),
        before in prop::collection::vec(step(), 1..60),
        after in prop::collection::vec(step(), 1..60),
    ) {
        let mut first = Breaker::new(config.clone());
        let (mut now, mut permits) = (0, Vec::new());
        for (gap, step) in &before {
            now += gap;
            if let Some(Answer::Admitted { permit, .. }) = apply(&mut first, &permits, now, step) {
                permits.push(permit);
            }
        }
        for permit in permits {
            first.release(now, permit);
        }
        let snapshot = first.snapshot(now);
        let mut second = Breaker::restored(config, &snapshot, now);
        prop_assert_eq!(&second.snapshot(now), &snapshot);
        // Each has tickets of its own; everything that shows is the same.
        let (mut permits, mut restored_permits) = (Vec::new(), Vec::new());
        for (gap, step) in &after {
            now += gap;
            if let Some(Answer::Admitted { permit, .. }) = apply(&mut first, &permits, now, step) {
                permits.push(permit);
            }
            if let Some(Answer::Admitted { permit, .. }) = apply(&mut second, &restored_permits, now, step) {
                restored_permits.push(permit);
            }
            prop_assert_eq!(first.snapshot(now), second.snapshot(now));
        }
    }
}
