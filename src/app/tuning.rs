//! Tuning: another profile over the same reading, and what it changes.

use std::collections::BTreeMap;

use crate::{
    app::{
        Effect, Session,
        peaks::Peaks,
        shared::{Fresh, HEAVY},
    },
    core::{
        class::Class,
        detect::DETECTORS,
        judgement::Judgement,
        params::{PARAMS, Profile, STRATEGIES, Strategy},
        reading::{DeltaId, Reading},
    },
};

/// What one judgement changes against another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    /// Findings before.
    pub before: u32,
    /// Findings after.
    pub after: u32,
    /// Findings that are new.
    pub added: u32,
    /// Findings that are gone.
    pub removed: u32,
    /// How many characters more (or fewer) are passed on.
    pub characters: i64,
}

impl Change {
    /// From `before` to `after`, both of `reading`.
    pub fn between(reading: &Reading, before: &Judgement, after: &Judgement) -> Change {
        let mut balance = BTreeMap::<_, i64>::new();
        for (judgement, by) in [(before, -1), (after, 1)] {
            for finding in &judgement.findings {
                *balance.entry((finding.class, finding.first_frame, finding.key)).or_default() += by;
            }
        }
        let total =
            |sign: i64| balance.values().filter(|count| count.signum() == sign).map(|count| count.unsigned_abs()).sum::<u64>();
        Change {
            before: before.findings.len() as u32,
            after: after.findings.len() as u32,
            added: total(1) as u32,
            removed: total(-1) as u32,
            characters: withheld(reading, before) as i64 - withheld(reading, after) as i64,
        }
    }
}

/// Characters that were taken out or are held: the cost is that of the exceptions, not of the text.
fn withheld(reading: &Reading, judgement: &Judgement) -> u64 {
    let output = &judgement.output;
    let text = |delta: DeltaId| reading.delta(delta).text;
    let cut = output.cuts.iter().filter(|cut| output.position(reading.delta(cut.delta).frame) < output.released);
    let cut: usize = cut.map(|cut| text(cut.delta)[cut.range.start as usize..cut.range.end as usize].chars().count()).sum();
    let held = output.deltas_at(reading, output.released..reading.frame_count());
    let held: usize = held.map(|delta| text(delta).chars().count()).sum();
    (cut + held) as u64
}

/// Rows of the tuning pane: the strategy, then every parameter.
pub fn row_count() -> usize {
    PARAMS.len() + 1
}

/// Judges the session with `profile` and remembers what was before. A large session is judged by the effect that is returned.
#[must_use]
pub fn retune(session: &mut Session, profile: Profile) -> Option<Effect> {
    if profile == *session.engine.profile() {
        return None;
    }
    session.undo.push(session.engine.profile().clone());
    if session.engine.reading.delta_count() < HEAVY {
        let fresh = Fresh::of(&session.engine.reading, profile);
        return judged(session, fresh);
    }
    session.engine.want(profile.clone()).then_some(Effect::Judge(session.id, profile))
}

/// Shows a new judgement of the session, unless yet another was asked for meanwhile.
#[must_use]
pub fn judged(session: &mut Session, fresh: Fresh) -> Option<Effect> {
    let wanted = match session.engine.take(fresh) {
        Ok(last) => {
            session.peaks = Peaks::default();
            session.before.get_or_insert(last);
            None
        }
        Err(wanted) => Some(wanted),
    };
    // What came meanwhile waited for this.
    session.fold(&[], session.now);
    let wanted = wanted?;
    session.engine.want(wanted.clone()).then_some(Effect::Judge(session.id, wanted))
}

/// How a parameter is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// By steps, down or up.
    Steps(i64),
    /// To half of it.
    Halve,
    /// To twice of it.
    Double,
    /// Back to its default.
    Default,
}

/// The row of the parameter that decides about `class`, if one does.
pub fn row_of(class: Class) -> Option<usize> {
    let detector = DETECTORS.iter().find(|detector| detector.classes.contains(&class))?;
    Some(detector.threshold? as usize + 1)
}

/// The session's profile with row `row` moved.
pub fn moved(profile: &Profile, row: usize, by: Move) -> Profile {
    let mut profile = profile.clone();
    match row.checked_sub(1) {
        None => profile.strategy = moved_strategy(profile.strategy, by),
        Some(index) => {
            let Some(info) = PARAMS.get(index) else { return profile };
            let old = profile.params.get(info.param);
            let value = match by {
                Move::Default => Profile::of(profile.preset).params.get(info.param),
                Move::Halve => old / 2,
                Move::Double => old.saturating_mul(2),
                Move::Steps(steps) => {
                    let step = i64::try_from(info.step).unwrap_or(1);
                    old.saturating_add_signed(steps.saturating_mul(step))
                }
            };
            profile.params.set(info.param, value);
        }
    }
    profile.name = if profile.is_ready() { profile.preset.info().name } else { "tuned" }.into();
    profile
}

/// The ready profile after the one that `profile` is based on; what was tuned is left behind.
pub fn next_profile(profile: &Profile) -> Profile {
    Profile { habits: profile.habits.clone(), ..Profile::of(profile.preset.next()) }
}

fn moved_strategy(strategy: Strategy, by: Move) -> Strategy {
    let steps = match by {
        Move::Default => return Strategy::default(),
        Move::Steps(steps) => steps,
        Move::Halve => -1,
        Move::Double => 1,
    };
    let index = (strategy as i64).saturating_add(steps).clamp(0, STRATEGIES.len() as i64 - 1);
    STRATEGIES[index as usize].0
}

/// One profile back, or forward.
#[must_use]
pub fn undo(session: &mut Session, forward: bool) -> Option<Effect> {
    let profile = if forward { session.redo.pop() } else { session.undo.pop() }?;
    let current = session.engine.profile().clone();
    let depth = session.undo.len();
    let effect = retune(session, profile);
    // retune noted the current profile as one to go back to; going back, it is one to go forward to.
    if !forward {
        session.undo.truncate(depth);
        session.redo.push(current);
    }
    effect
}
