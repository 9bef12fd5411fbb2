//! What is still undecided when a hold ends: the profile, or what the endpoint did before, may act on what is only likely.

use crate::core::{
    class::{Action, Certainty, Class},
    detect::facts::Redundant,
    judgement::{Finding, Judgement},
    reading::Reading,
};

/// Fewest characters that must be repeated for a repetition to be likely by itself: of 2,411 recorded streams two had a delta that began
/// with all the text before it where that was so long, and none whose second delta was the first one again.
const LIKELY_CHARS: usize = 4;

impl Judgement {
    /// In how many earlier sessions the endpoint was proved to do what `finding` acts on, if it acts for that reason alone.
    pub fn habit_behind(&self, finding: &Finding) -> Option<u32> {
        let unproved = finding.certainty == Certainty::Likely && finding.action == Action::Suppress;
        self.profile.habit(finding.class).filter(|_| unproved)
    }

    /// Why `redundant` is taken out though no proof came: this endpoint was proved to do so before, or the profile acts on
    /// what is likely. `None` if it stays.
    pub(super) fn reason_to_act(&self, reading: &Reading, class: Class, redundant: &Redundant) -> Option<String> {
        let (first, range) = redundant.first()?;
        let text = &reading.delta(*first).text[range.start as usize..range.end as usize];
        let chars = text.chars().count();
        let habit = self.profile.habit(class);
        if habit.is_none() && chars < LIKELY_CHARS || self.profile.action(class, Certainty::Likely) != Action::Suppress {
            return None;
        }
        Some(match habit {
            Some(1) => "this endpoint did so in 1 earlier session".to_owned(),
            Some(sessions) => format!("this endpoint did so in {sessions} earlier sessions"),
            None => format!("{chars} characters are hardly repeated by chance"),
        })
    }
}
