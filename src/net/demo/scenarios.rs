//! Every scenario of the demo provider, by what goes wrong in it.

mod damage;
mod model;
mod plain;
mod redelivery;
mod stutter;
mod timing;
mod trouble;

use super::script::Scenario;

/// The scenario that is played when none is named: a stutter within the first three seconds.
pub const OPENER: &str = "tour";

/// The tables of all scenarios, in the order in which they are listed.
pub const SCENARIOS: &[&[Scenario]] = &[
    plain::SCENARIOS,
    stutter::SCENARIOS,
    redelivery::SCENARIOS,
    model::SCENARIOS,
    timing::SCENARIOS,
    damage::SCENARIOS,
    trouble::SCENARIOS,
];

/// All scenarios, in the order in which they are listed.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    SCENARIOS.iter().copied().flatten()
}

/// The scenario called `name`, with or without `demo/` before it.
pub fn by_name(name: &str) -> Option<&'static Scenario> {
    let name = name.strip_prefix("demo/").unwrap_or(name);
    all().find(|scenario| scenario.name == name)
}

/// The model name of scenario `name`, which may be one already.
pub fn model(name: &str) -> String {
    if name.starts_with("demo/") { name.to_owned() } else { format!("demo/{name}") }
}

/// The position of scenario `name` in [`all`].
pub fn position(name: &str) -> Option<usize> {
    all().position(|scenario| scenario.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::demo::script::{Play, beats};

    #[test]
    fn names_are_unique_and_every_scenario_says_something() {
        for (index, scenario) in all().enumerate() {
            assert_eq!(position(scenario.name), Some(index), "{} is there twice", scenario.name);
            assert_eq!(by_name(&format!("demo/{}", scenario.name)).map(|found| found.name), Some(scenario.name));
            assert!(!scenario.plays.is_empty(), "{}", scenario.name);
            for play in scenario.plays {
                if let Play::Stream { steps, .. } = play {
                    assert!(!beats(steps).is_empty(), "{}", scenario.name);
                }
            }
        }
        assert!(by_name(OPENER).is_some());
    }
}
