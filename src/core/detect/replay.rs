//! cumulative_replay and final_aggregate: one delta repeats all text so far.
//!
//! Equality with the whole text decides, never likeness with the last delta. How much text and how many distinct deltas make
//! equality a proof is a matter of base rates: of 82,291 recorded deltas none of 16 characters or more equalled all text
//! before it by chance. In a frame that also finishes the choice two distinct deltas suffice.

use crate::core::{
    class::Class,
    detect::{
        facts::{Facts, Hypothesis, Match, Proposal},
        plain::{is_one_line, says_little},
    },
    params::{Param, Params},
};

/// So many distinct deltas before it, and so many characters fewer are enough: none of 82,291 recorded deltas with text equalled all of
/// the text before it.
const SEVERAL: u32 = 3;
/// See [`SEVERAL`].
const FEWER: u64 = 8;

/// Needs no state of its own. While text is held, all so far is not known, so nothing can equal it.
#[derive(Debug, Default)]
pub struct Replay {
    /// Deltas are known to be snapshots: one that equals the one before is none.
    pub snapshots: bool,
}

impl Hypothesis for Replay {
    fn observe(&mut self, facts: &Facts<'_>, params: &Params) -> Proposal {
        let class = if facts.finishes { Class::FinalAggregate } else { Class::CumulativeReplay };
        if self.snapshots || !facts.held.is_empty() {
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
        let several = facts.distinct >= SEVERAL && chars + FEWER >= needed;
        let enough_text = chars >= needed || several || facts.finishes && whole && chars >= 4;
        let tells = || !says_little(facts.accepted) && (facts.finishes || !is_one_line(facts.accepted));
        if !enough_text || u64::from(facts.distinct) < distinct || !tells() {
            let score = (chars * 1000 / needed.max(1)).min(999) as u16;
            return Proposal { score, ..Proposal::pass(class) };
        }
        let evidence = if facts.finishes {
            format!("frame {} finishes, and repeats all {chars} characters that came in {} deltas", facts.frame.0, facts.count)
        } else {
            format!("frame {} repeats all {} deltas so far ({chars} characters)", facts.frame.0, facts.count)
        };
        Proposal::proved(class, vec![(facts.delta, 0..facts.accepted.len() as u32)], evidence)
    }
}
