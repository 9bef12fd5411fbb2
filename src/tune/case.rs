//! Labelled cases as examples, measured as `eval` measures them.

use super::{Outcome, Side, held};
use crate::{
    core::{class::Class, judgement::Judgement, params::Strategy, profile::Profile, reading::Reading},
    eval::{Score, is_retraction},
    report::Report,
    session::import::cases::{Kind, Label},
};

/// What a labelled case says of its stream, and what that is when it passes whole.
pub struct Case {
    /// What the stream is.
    pub side: Side,
    label: Label,
    plain: Report,
    retraction: bool,
}

impl Case {
    /// The case of this reading.
    ///
    /// # Errors
    /// When its class is none.
    pub fn new(reading: &Reading, label: Label) -> Result<Case, String> {
        let class = || {
            Class::from_name(&label.class)
                .ok_or_else(|| format!("there is no class `{}`\nhint: `stutterscope eval` lists the classes", label.class))
        };
        let side = match label.kind {
            Kind::Positive => Side::Positive(class()?),
            Kind::Negative => Side::Negative,
            Kind::Ambiguous => Side::Partial,
        };
        let mut whole = Judgement::new(Profile { strategy: Strategy::None, ..Profile::default() });
        whole.catch_up(reading);
        let plain = Report::of(reading, &whole, "");
        let retraction = is_retraction(reading, &label);
        Ok(Case { side, label, plain, retraction })
    }

    /// What a judgement of its reading amounts to.
    pub(super) fn judged(&self, reading: &Reading, judgement: &Judgement) -> Outcome {
        let report = Report::of(reading, judgement, "");
        let score = Score::of(&self.label, (reading, judgement), &report, &self.plain, self.retraction);
        Outcome {
            side: self.side,
            harmed: score.harmed,
            alarmed: score.alarmed,
            repairable: score.repairable,
            repaired: score.repaired(),
            flagged: score.flagged,
            held: held(reading, judgement),
        }
    }
}
