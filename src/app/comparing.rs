//! Every strategy on one session, side by side: what each makes of it, and where it parts from `evidence`.

use crate::{
    app::{Effect, Session, shared::HEAVY, shared::judge},
    compare::{
        Losses,
        cuts::{characters, taken},
        side::{Counts, counts},
    },
    core::{
        output::Output,
        params::{STRATEGIES, Strategy},
        profile::Profile,
        reading::Reading,
    },
    report::Verdict,
};

/// What one strategy makes of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which.
    pub strategy: Strategy,
    /// What it calls the session.
    pub verdict: Verdict,
    /// Characters that it takes out.
    pub suppressed: u64,
    /// How far its output is from that of `evidence`.
    pub losses: Losses,
    /// Instances found, by class.
    pub findings: Counts,
    /// What it passes on.
    pub output: Output,
}

/// All strategies on one session, in the order of STRATEGIES.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// One row each.
    pub rows: Vec<Row>,
    /// The profile whose thresholds they were given.
    pub profile: Profile,
    /// How many frames there were.
    pub frames: u32,
}

impl Compared {
    /// Judges all of `reading` with every strategy and the thresholds of `profile`.
    pub fn of(reading: &Reading, profile: &Profile) -> Compared {
        let judged = STRATEGIES.iter().map(|row| judge(reading, Profile { strategy: row.0, ..profile.clone() }));
        let judged: Vec<_> = judged.collect();
        let base = &judged[Strategy::Evidence as usize].output;
        let rows = judged.iter().map(|judgement| Row {
            strategy: judgement.profile.strategy,
            verdict: Verdict::of(&judgement.findings),
            suppressed: taken(reading, &judgement.output).map(|(delta, ranges)| characters(reading, delta, &ranges)).sum(),
            losses: Losses::against(reading, base, &judgement.output),
            findings: counts(judgement),
            output: judgement.output.clone(),
        });
        Compared { rows: rows.collect(), profile: profile.clone(), frames: reading.frame_count() }
    }

    /// The row of a strategy.
    pub fn row(&self, strategy: Strategy) -> &Row {
        &self.rows[strategy as usize]
    }

    fn holds(&self, session: &Session) -> bool {
        let profile = session.engine.profile();
        self.frames == session.engine.reading.frame_count()
            && self.profile.params == profile.params
            && self.profile.preset == profile.preset
            && self.profile.habits == profile.habits
    }
}

/// Sees to it that the session has a comparison of what came so far. A large session is judged by the effect that is returned.
#[must_use]
pub fn compare(session: &mut Session) -> Option<Effect> {
    if session.compared.as_ref().is_some_and(|compared| compared.holds(session)) {
        return None;
    }
    session.compared = None;
    let (reading, profile) = (&session.engine.reading, session.engine.profile());
    if reading.delta_count() < HEAVY / STRATEGIES.len() as u32 {
        session.compared = Some(Compared::of(reading, profile));
        return None;
    }
    Some(Effect::Compare(session.id, profile.clone()))
}
