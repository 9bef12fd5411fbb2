//! cumulative_replay and final_aggregate: one delta repeats all text so far.
//!
//! Equality with the whole text decides, never likeness with the last delta. How much text and how many distinct deltas make
//! equality a proof is a matter of base rates: of 82,291 recorded deltas none of 16 characters or more equalled all text
//! before it by chance. In a frame that also finishes the choice two distinct deltas suffice.

use crate::core::{
    class::{Certainty, Class, Layer},
    detect::facts::{Facts, Match, Proposal, Verdict},
    params::{Param, Params},
};

/// Looks at one delta; needs no state of its own. While text is held, all so far is not known, so nothing can equal it.
pub fn observe(facts: &Facts<'_>, params: &Params) -> Proposal {
    let class = if facts.finishes { Class::FinalAggregate } else { Class::CumulativeReplay };
    if !facts.held.is_empty() {
        return Proposal::pass(class);
    }
    let whole = match facts.against_accepted {
        Match::Equals => true,
        // The closing frame may hold a tail that no delta brought.
        Match::Extends if facts.finishes => false,
        _ => return Proposal::pass(class),
    };
    let chars = facts.accepted.chars().count() as u64;
    let needed = params.get(Param::ReplayMinChars);
    let distinct = if facts.finishes && whole { 2 } else { params.get(Param::ReplayMinDeltas) };
    let score = (chars * 1000 / needed.max(1)).min(1000) as u16;
    let enough_text = chars >= needed || facts.finishes && whole && chars >= 4;
    if !enough_text || u64::from(facts.distinct) < distinct {
        return Proposal {
            score: score.min(999),
            evidence: format!("delta {} equals all {chars} characters so far, too little to prove a replay", facts.delta.0),
            ..Proposal::pass(class)
        };
    }
    Proposal {
        class,
        score: 1000,
        verdict: Verdict::Proved(vec![(facts.delta, 0..facts.accepted.len() as u32)]),
        certainty: Certainty::Proved,
        layer: Layer::Server,
        evidence: if facts.finishes {
            format!("the finish frame repeats all {chars} characters that came in {} deltas", facts.count)
        } else {
            format!("delta {} repeats all {} deltas so far ({chars} characters)", facts.delta.0, facts.count)
        },
    }
}
