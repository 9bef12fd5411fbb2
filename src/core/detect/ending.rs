//! What a stream says of its ends, and of its tool calls, more than once or not at all.
//!
//! Of 231 recorded clean streams 7 finish tool calls twice (gateways add a second frame for the usage) and many repeat id and name
//! of a call in each of its frames; nothing is lost by either, so they are notes.

use std::collections::{BTreeMap, BTreeSet};

/// More calls than this are not compared with each other.
const MOST_CALLS: usize = 4_096;

/// The ends and calls of one attempt, or of one turn in it.
#[derive(Debug, Default)]
pub struct Ends {
    /// Why each choice finished, in the provider's word.
    reasons: BTreeMap<u16, String>,
    /// Id and name of each call, by choice and block.
    calls: BTreeMap<(u16, u16), (String, String)>,
    /// Where each call id was announced first.
    places: BTreeMap<String, (u16, u16)>,
    /// Blocks that were stopped.
    stopped: BTreeSet<u16>,
    /// How many deltas each choice brought, the latest run apart.
    spoke: BTreeMap<u16, u32>,
    speaking: Option<(u16, u32)>,
}

/// What is said again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// A choice finishes with another reason than before.
    Finish {
        /// The reason before.
        before: String,
    },
    /// Tool calls are finished once more.
    Calls,
    /// A call's id and name come again.
    Call,
    /// One call id stands for two calls.
    Id {
        /// Choice and block of the first.
        first: (u16, u16),
    },
}

impl Ends {
    /// A choice brought text.
    #[inline]
    pub fn speaks(&mut self, choice: u16) {
        match &mut self.speaking {
            Some((speaking, count)) if *speaking == choice => *count += 1,
            speaking => {
                if let Some((before, count)) = speaking.replace((choice, 1)) {
                    *self.spoke.entry(before).or_default() += count;
                }
            }
        }
    }

    /// A choice finished.
    pub fn finish(&mut self, choice: u16, reason: &str) -> Option<Again> {
        let before = self.reasons.insert(choice, reason.to_owned())?;
        if !before.eq_ignore_ascii_case(reason) {
            return Some(Again::Finish { before });
        }
        matches!(reason, "tool_calls" | "function_call" | "tool_use").then_some(Again::Calls)
    }

    /// A tool call was announced.
    pub fn call(&mut self, place: (u16, u16), id: &str, name: &str) -> Option<Again> {
        if self.calls.len() >= MOST_CALLS {
            return None;
        }
        let known = self.calls.entry(place).or_default();
        let again = if id.is_empty() { known.1 == name } else { known.0 == id };
        if again {
            return Some(Again::Call);
        }
        for (part, said) in [(&mut known.0, id), (&mut known.1, name)] {
            if !said.is_empty() {
                said.clone_into(part);
            }
        }
        if id.is_empty() {
            return None;
        }
        let first = *self.places.entry(id.to_owned()).or_insert(place);
        (first != place).then_some(Again::Id { first })
    }

    /// The name of a call, or its number where it has none.
    pub fn name_of(&self, place: (u16, u16)) -> String {
        match self.calls.get(&place).map(|(_, name)| name.as_str()) {
            None | Some("") => format!("tool call {}", place.1),
            Some(name) => format!("tool call {} ({name})", place.1),
        }
    }

    /// A block was stopped; true if it had been before.
    pub fn stop(&mut self, block: u16) -> bool {
        !self.stopped.insert(block)
    }

    /// The choices that brought text and did not finish, if another one did. A server that counts its tokens where the choice
    /// belongs gives each choice one delta, and those are none.
    pub fn unfinished(&self) -> Vec<u16> {
        if self.reasons.is_empty() {
            return Vec::new();
        }
        let run = |choice: u16| self.speaking.filter(|(speaking, _)| *speaking == choice).map_or(0, |(_, count)| count);
        let ran_last = self.speaking.filter(|(choice, _)| !self.spoke.contains_key(choice));
        let all = self.spoke.iter().map(|(choice, count)| (*choice, count + run(*choice))).chain(ran_last);
        all.filter(|(choice, count)| *count > 1 && !self.reasons.contains_key(choice)).map(|(choice, _)| choice).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_is_told() {
        let mut ends = Ends::default();
        assert_eq!(ends.call((0, 0), "a", "look"), None);
        assert_eq!(ends.call((0, 0), "a", "look"), Some(Again::Call));
        assert_eq!(ends.call((0, 1), "a", "look"), Some(Again::Id { first: (0, 0) }));
        assert_eq!((ends.call((0, 2), "", "look"), ends.call((0, 2), "b", "")), (None, None), "in two parts");
        assert_eq!(ends.call((0, 2), "", "look"), Some(Again::Call));
        assert_eq!(ends.name_of((0, 2)), "tool call 2 (look)");
        assert_eq!((ends.finish(0, "tool_calls"), ends.finish(0, "tool_calls")), (None, Some(Again::Calls)));
        assert_eq!(ends.finish(0, "stop"), Some(Again::Finish { before: "tool_calls".into() }));
        assert_eq!((ends.finish(1, "stop"), ends.finish(1, "stop")), (None, None), "as some servers do in every frame");
        assert_eq!((ends.stop(3), ends.stop(3)), (false, true));
        [0, 1, 2, 5, 2].into_iter().for_each(|choice| ends.speaks(choice));
        assert_eq!(ends.unfinished(), [2]);
        assert_eq!(Ends::default().unfinished(), [0_u16; 0]);
    }
}
