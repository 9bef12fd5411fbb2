//! Making findings, and extending the one that goes on.

use crate::core::{
    class::{Action, Certainty, Class, Family, Layer, Level},
    judgement::{Finding, FindingId, Judgement, hold::SHOWN},
    params::Strategy,
    profile::Preset,
    reading::{ChannelKey, DeltaId, FrameId, Reading},
};

/// Findings of one class and action beyond this many are counted in the last one.
const PER_CLASS: u32 = 256;

/// How many findings there are of a class and action, and the last of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    count: u32,
    pub last: FindingId,
}

/// What is said of a fault, before its place is filled in.
pub(super) struct Draft {
    pub class: Class,
    pub score: u16,
    pub certainty: Certainty,
    pub action: Action,
    pub layer: Layer,
    pub evidence: String,
}

impl Draft {
    /// A proved fault that is flagged.
    pub fn flag(class: Class, layer: Layer, evidence: String) -> Draft {
        Draft { class, score: 1000, certainty: Certainty::Proved, action: Action::Flag, layer, evidence }
    }
}

impl Judgement {
    /// Says that this program could not repair the body any further, and why: what follows was passed on as it came.
    pub fn repair_stopped(&mut self, reading: &Reading, reason: &str) {
        let evidence = format!("{reason}; the rest passed as it came");
        self.add(reading, Draft::flag(Class::RepairStopped, Layer::Client, evidence), None, None, None);
    }

    /// Adds a finding about `frame` (and `delta`), or counts it in the last of its class and action when there are too many:
    /// what was kept never speaks for what was taken out.
    pub(super) fn add(
        &mut self,
        reading: &Reading,
        draft: Draft,
        key: Option<ChannelKey>,
        frame: Option<FrameId>,
        delta: Option<DeltaId>,
    ) -> FindingId {
        let draft = self.as_allowed(draft);
        let id = FindingId(self.findings.len() as u32);
        let tally = self.session.tallies.entry((draft.class, draft.action)).or_insert(Tally { count: 0, last: id });
        if tally.count >= PER_CLASS {
            let last = tally.last;
            self.extend(last, delta);
            return last;
        }
        *tally = Tally { count: tally.count + 1, last: id };
        let bytes = frame.map_or(0..0, |frame| {
            let frame = reading.frame(frame);
            frame.start..frame.end
        });
        let Draft { class, score, certainty, action, layer, evidence } = draft;
        self.session.cause = Some(format!("{}: {evidence}", class.name()));
        self.findings.push(Finding {
            class,
            level: if certainty == Certainty::Ambiguous { Level::Note } else { class.info().level },
            score,
            certainty,
            action,
            repaired: matches!(action, Action::Suppress | Action::Reorder),
            layer,
            evidence,
            hint: class.info().hint,
            lost: class.info().family == Family::Damage && class != Class::UnknownFrame,
            readings: Vec::new(),
            key,
            attempt: self.session.attempt,
            moment: self.moment(),
            first_delta: delta,
            first_frame: frame.map(|frame| frame.0),
            bytes,
            deltas: delta.map(|delta| (delta.0, delta.0)).into_iter().collect(),
            count: 1,
            span: None,
        });
        id
    }

    /// The draft with the action that the profile has for it: only what the profile would change is changed.
    fn as_allowed(&self, draft: Draft) -> Draft {
        let changes = matches!(draft.action, Action::Suppress | Action::Reorder);
        // The earlier systems cut without asking for proof; observing stops them too.
        if !changes || self.profile.strategy != Strategy::Evidence && self.profile.preset != Preset::Observe {
            return draft;
        }
        Draft { action: self.profile.action(draft.class, draft.certainty), ..draft }
    }

    /// Counts one more instance in finding `id`.
    pub(super) fn extend(&mut self, id: FindingId, delta: Option<DeltaId>) {
        let finding = &mut self.findings[id.0 as usize];
        finding.count += 1;
        if let Some(delta) = delta {
            match finding.deltas.last_mut() {
                Some(last) if delta.0 <= last.1 => {}
                Some(last) if last.1 + 1 == delta.0 => last.1 = delta.0,
                _ => finding.deltas.push((delta.0, delta.0)),
            }
        }
        if self.session.cause.is_none() {
            self.session.cause = Some(format!("{} goes on", finding.class.name()));
        }
    }

    /// Notes that `deltas`, ascending, may be of `class` and may be text of the answer: both readings, and nothing is done.
    /// `evidence` is given the first one's frame.
    pub(super) fn find_doubt(&mut self, reading: &Reading, class: Class, deltas: &[DeltaId], evidence: impl FnOnce(u32) -> String) {
        let Some((first, rest)) = deltas.split_first() else { return };
        let row = reading.delta(*first);
        let (score, certainty, action, layer) = (500, Certainty::Ambiguous, Action::Keep, Layer::Unknown);
        let draft = Draft { class, score, certainty, action, layer, evidence: evidence(row.frame.0) };
        let finding = self.add(reading, draft, Some(row.key), Some(row.frame), Some(*first));
        rest.iter().for_each(|delta| self.extend(finding, Some(*delta)));
        let said = deltas.iter().flat_map(|delta| reading.delta(*delta).text.chars()).take(SHOWN).collect();
        self.findings[finding.0 as usize].readings = vec![said, String::new()];
    }

    /// The finding of `class` that is open in channel `key`, if there is one.
    pub(super) fn open_finding(&self, key: ChannelKey, class: Class) -> Option<FindingId> {
        let channel = self.channels.get(key)?;
        channel.open.iter().copied().find(|id| self.finding(*id).class == class)
    }
}
