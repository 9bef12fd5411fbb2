//! The hypotheses about one channel's text, in one list: the judge, the end of a channel and a hold that runs out all read it.

use crate::core::{
    class::Class,
    detect::{
        Detector,
        cumulative::Cumulative,
        double::Double,
        facts::{Facts, Held, Hypothesis, Outcome, Proposal, Verdict},
        holdback::Holdback,
        pairing::Pairing,
        replay::Replay,
        tool_args::ToolArgs,
    },
    params::Params,
    reading::{Channel, DeltaId},
    time::Micros,
};

/// How many there are.
const COUNT: usize = 6;

/// The state of every hypothesis about one channel.
#[derive(Debug, Default)]
pub struct Hypotheses {
    holdback: Holdback,
    double: Double,
    tool_args: ToolArgs,
    pairing: Pairing,
    replay: Replay,
    cumulative: Cumulative,
}

impl Hypotheses {
    /// All of them with the detector that shows their score, strongest evidence first: what the frame says, another serializer's
    /// key order, JSON, strict pairing, equality with the whole text, growth.
    fn rows(&mut self) -> [(Detector, &mut dyn Hypothesis); COUNT] {
        [
            (Detector::Typed, &mut self.holdback),
            (Detector::Double, &mut self.double),
            (Detector::ToolArgs, &mut self.tool_args),
            (Detector::Pairing, &mut self.pairing),
            (Detector::Replay, &mut self.replay),
            (Detector::Cumulative, &mut self.cumulative),
        ]
    }

    /// True once the deltas are known to be snapshots.
    #[inline]
    pub fn are_snapshots(&self) -> bool {
        self.cumulative.is_proved()
    }

    /// True if none of them has anything to say of a delta that neither equals the one before nor equals, extends or begins the
    /// text so far.
    #[inline]
    pub fn idle(&self) -> bool {
        self.cumulative.is_additive() && self.pairing.idle() && self.tool_args.idle() && !self.double.is_opened()
    }

    /// Such a delta came at `at` while all were idle; `count` deltas came before it.
    #[inline]
    pub fn unrelated(&mut self, delta: DeltaId, at: Micros, count: u32) {
        self.double.unrelated(count);
        self.pairing.unrelated(delta, at, count);
    }

    /// Asks all of them about a delta: the strongest that says something, and every detector's score in thousandths.
    pub fn observe(&mut self, facts: &Facts<'_>, params: &Params) -> (Option<Proposal>, [(Detector, u16); COUNT]) {
        // In a stream of snapshots one that equals the one before is no replay.
        self.replay.snapshots = self.cumulative.is_proved();
        let mut best = (0, Proposal::pass(Class::CumulativeFull));
        let mut scores = [(Detector::Cumulative, 0); COUNT];
        // Text that repeats proves nothing of arguments: only JSON does.
        let call = facts.key.channel == Channel::ToolArguments;
        for (place, (detector, hypothesis)) in self.rows().into_iter().enumerate() {
            scores[place] = (detector, 0);
            if call && matches!(detector, Detector::Double | Detector::Replay | Detector::Cumulative) {
                continue;
            }
            let proposal = hypothesis.observe(facts, params);
            scores[place].1 = proposal.score;
            if proposal.strength() > best.1.strength() {
                best = (place, proposal);
            }
        }
        let (place, best) = best;
        if best.strength() == 2 {
            let held = Held { reading: facts.reading, key: facts.key, accepted: facts.accepted, deltas: facts.held };
            for (_, (_, hypothesis)) in self.rows().into_iter().enumerate().filter(|(other, _)| *other != place) {
                hypothesis.resolve(&held, Outcome::Decided);
            }
        }
        (Some(best).filter(|best| best.verdict != Verdict::Pass), scores)
    }

    /// Asks all of them about what is held, which is not to be held any longer: the strongest that says something, with its
    /// place in the list. Unless `ended`, nothing is proved by it.
    pub fn weigh(&mut self, held: &Held<'_>, params: &Params, ended: bool) -> Option<(usize, Proposal)> {
        let mut best = (0, Proposal::pass(Class::CumulativeFull));
        for (place, (_, hypothesis)) in self.rows().into_iter().enumerate() {
            let mut proposal = hypothesis.weigh(held, params);
            if let (false, Verdict::Proved(redundant)) = (ended, &mut proposal.verdict) {
                let redundant = std::mem::take(redundant);
                proposal = Proposal::undecided(proposal.class, redundant, proposal.evidence);
            }
            if proposal.strength() > best.1.strength() {
                best = (place, proposal);
            }
        }
        Some(best).filter(|(_, best)| best.verdict != Verdict::Pass)
    }

    /// Tells all of them what became of what was held; `proved` is the place in the list of the one that was proved, if one was.
    pub fn resolve(&mut self, held: &Held<'_>, outcome: Outcome, proved: Option<usize>) {
        for (place, (_, hypothesis)) in self.rows().into_iter().enumerate() {
            hypothesis.resolve(held, if proved == Some(place) { Outcome::Proved } else { outcome });
        }
    }
}
