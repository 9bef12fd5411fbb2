//! Judging by one of the earlier systems' whole strategies: its decisions, in our terms.
//!
//! What a strategy takes out because it calls it stutter is a finding of class cumulative_full that is likely and not
//! proved; what it loses by accident is under_emission.

use crate::core::{
    class::{Action, Certainty, Class, Layer},
    detect::strategies::{Decision, Loss},
    judgement::{Judgement, findings::Draft},
    reading::{DeltaId, FrameId, Reading},
};

impl Judgement {
    /// Gives one frame to the strategy.
    pub(super) fn judge_by_strategy(&mut self, reading: &Reading, frame: FrameId) {
        let Some(mut runner) = self.runner.take() else { return };
        let mut decisions = Vec::new();
        runner.step(reading, frame, self.walk.at, &mut decisions);
        self.condition.cut &= reading.deltas_of(frame).is_empty();
        for decision in decisions {
            self.apply(reading, decision);
        }
        self.session.strategy_hold = runner.held();
        self.runner = Some(runner);
    }

    /// Ends the strategy's stream.
    pub(super) fn end_strategy(&mut self, reading: &Reading) {
        let Some(mut runner) = self.runner.take() else { return };
        let mut decisions = Vec::new();
        runner.end(&mut decisions);
        for decision in decisions {
            self.apply(reading, decision);
        }
        self.session.strategy_hold = None;
        self.runner = Some(runner);
    }

    fn apply(&mut self, reading: &Reading, decision: Decision) {
        match decision {
            Decision::Pass(frame) => {
                self.session.strategy_hold = self.session.strategy_hold.filter(|held| *held != frame);
                if let Some(held) = self.session.strategy_hold.filter(|held| *held < frame) {
                    self.output.overtaking.push((frame, held));
                }
                if !self.session.flowed && !reading.deltas_of(frame).is_empty() {
                    self.session.flowed = true;
                    self.session.first_delta_frame = frame.0;
                }
                self.condition.unhealed = false;
            }
            Decision::Hold(frame) => self.session.strategy_hold = Some(frame),
            Decision::Drop(frame, loss) => {
                self.session.strategy_hold = self.session.strategy_hold.filter(|held| *held != frame);
                let mut deltas = reading.deltas_of(frame).map(DeltaId).peekable();
                if deltas.peek().is_none() {
                    self.lose(reading, frame, None, loss);
                }
                for delta in deltas {
                    let finding = self.lose(reading, frame, Some(delta), loss);
                    self.cut(delta, 0..reading.delta(delta).text.len() as u32, finding);
                }
            }
            Decision::Trim(delta, range, loss) => {
                let finding = self.lose(reading, reading.delta(delta).frame, Some(delta), loss);
                self.cut(delta, range, finding);
            }
            Decision::Void => {}
        }
    }

    fn lose(&mut self, reading: &Reading, frame: FrameId, delta: Option<DeltaId>, loss: Loss) -> super::FindingId {
        let meant = matches!(loss, Loss::Replaced | Loss::Outscored(_) | Loss::Grown | Loss::Rewound | Loss::Repeated);
        let draft = Draft {
            class: if meant { Class::CumulativeFull } else { Class::UnderEmission },
            score: if let Loss::Outscored(score) = loss { score } else { 1000 },
            certainty: Certainty::Likely,
            action: Action::Suppress,
            layer: if meant { Layer::Unknown } else { Layer::Client },
            evidence: format!("{} took frame {} out: {}", self.profile.strategy.name(), frame.0, loss.sentence()),
        };
        let key = delta.map(|delta| reading.delta(delta).key);
        let id = self.add(reading, draft, key, Some(frame), delta);
        self.findings[id.0 as usize].repaired = false;
        id
    }
}
