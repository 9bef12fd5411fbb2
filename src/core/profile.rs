//! Profiles: what is done about a finding of a class, by how sure it is, and the thresholds that go with it.

use serde::{Deserialize, Serialize};

use crate::core::{
    class::{Action, Certainty, Class, Family},
    params::{Param, Params, Strategy},
};

/// A ready profile, which another one may be based on; indexes [`PROFILES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Nothing is ever changed, and nothing waits.
    Observe,
    /// Only what is proved is repaired.
    #[default]
    Safe,
    /// What is likely is repaired too.
    Eager,
}

/// A row of [`PROFILES`].
#[derive(Debug)]
pub struct ProfileInfo {
    /// The preset.
    pub preset: Preset,
    /// Its public name.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// What is done with redundant text that is proved.
    pub proved: Action,
    /// What is done with redundant text that is only likely.
    pub likely: Action,
    /// Parameters that differ from their defaults.
    pub params: &'static [(Param, u64)],
}

/// Every ready profile. The numbers of `eager` rest on 82,291 recorded deltas: of those, three in two of 2,411 streams began with all
/// the text before them where that was four characters or more.
pub const PROFILES: &[ProfileInfo] = &[
    ProfileInfo {
        preset: Preset::Observe,
        name: "observe",
        about: "nothing is ever changed or held; everything is reported",
        proved: Action::Flag,
        likely: Action::Flag,
        params: &[],
    },
    ProfileInfo {
        preset: Preset::Safe,
        name: "safe",
        about: "only what is proved is repaired",
        proved: Action::Suppress,
        likely: Action::Keep,
        params: &[],
    },
    ProfileInfo {
        preset: Preset::Eager,
        name: "eager",
        about: "what is likely is repaired too: shorter proofs, longer holds",
        proved: Action::Suppress,
        likely: Action::Suppress,
        params: &[
            (Param::HoldTime, 3_000),
            (Param::HoldChars, 16_384),
            (Param::HoldDeltas, 256),
            (Param::CumulativeMinChars, 8),
            (Param::ReplayMinChars, 8),
            (Param::StampMinFrames, 2),
            // Twice as many as prove a loop.
            (Param::LoopStop, 200),
        ],
    },
];

impl Preset {
    /// The preset's row.
    pub fn info(self) -> &'static ProfileInfo {
        &PROFILES[self as usize]
    }

    /// The preset of public name `name`.
    pub fn from_name(name: &str) -> Option<Preset> {
        PROFILES.iter().find(|info| info.name == name).map(|info| info.preset)
    }

    /// The one after it, and after the last the first.
    pub fn next(self) -> Preset {
        PROFILES[(self as usize + 1) % PROFILES.len()].preset
    }
}

/// What a judgement is made with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Profile {
    /// Shown name: the preset's, unless something was changed.
    pub name: String,
    /// The ready profile that it is based on; it says what is done.
    pub preset: Preset,
    /// Which judge.
    pub strategy: Strategy,
    /// Every threshold.
    pub params: Params,
    /// What the endpoint was proved to do in earlier sessions, and in how many of them; ascending by class, mostly empty.
    pub habits: Vec<(Class, u32)>,
}

impl Default for Profile {
    fn default() -> Profile {
        Profile::of(Preset::default())
    }
}

impl Profile {
    /// A ready profile as it is.
    pub fn of(preset: Preset) -> Profile {
        let info = preset.info();
        let mut params = Params::default();
        for (param, value) in info.params {
            params.set(*param, *value);
        }
        Profile { name: info.name.into(), preset, strategy: Strategy::default(), params, habits: Vec::new() }
    }

    /// True if nothing differs from the preset but the name, and what is known of the endpoint.
    pub fn is_ready(&self) -> bool {
        let ready = Profile::of(self.preset);
        ready.strategy == self.strategy && ready.params == self.params
    }

    /// What is done with text that a finding of `class` calls redundant or misplaced. Model, timing and damage are flagged, never
    /// rewritten, except the two classes whose text is not of the answer.
    pub fn action(&self, class: Class, certainty: Certainty) -> Action {
        let repairable = matches!(class.info().family, Family::Framing | Family::Redelivery)
            || matches!(class, Class::WhitespaceFlood | Class::CrossStreamLeak);
        if !repairable {
            return Action::Flag;
        }
        let info = self.preset.info();
        let action = match certainty {
            Certainty::Proved => info.proved,
            // An endpoint that was proved to do so before needs no proof again, but whoever only looks on still does.
            Certainty::Likely if self.habit(class).is_some() => info.proved,
            Certainty::Likely => info.likely,
            Certainty::Ambiguous => Action::Keep,
        };
        if action == Action::Suppress && class == Class::OutOfOrder { Action::Reorder } else { action }
    }

    /// In how many earlier sessions the endpoint was proved to do this.
    pub fn habit(&self, class: Class) -> Option<u32> {
        self.habits.iter().find(|(known, _)| *known == class).map(|(_, sessions)| *sessions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_indexed_by_their_preset() {
        for (index, info) in PROFILES.iter().enumerate() {
            assert_eq!(info.preset as usize, index);
            assert_eq!(Preset::from_name(info.name), Some(info.preset));
            assert!(Profile::of(info.preset).is_ready());
            assert_eq!(info.preset.next() as usize, (index + 1) % PROFILES.len());
        }
    }
}
