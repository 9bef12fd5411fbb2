//! Parameters and strategies as users write them: checked where they are read, so that errors know the place.

use std::str::FromStr;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

use super::{Param, Strategy, fmt};
use crate::core::params::{PARAMS, STRATEGIES};

/// Values of some parameters, each within its range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Thresholds(pub Vec<(Param, u64)>);

/// A strategy by its public name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrategyName(pub Strategy);

impl FromStr for StrategyName {
    type Err = String;

    fn from_str(name: &str) -> Result<StrategyName, String> {
        let names = || STRATEGIES.iter().map(|row| row.1).collect::<Vec<_>>().join(", ");
        let unknown = || format!("there is no strategy `{name}`\nhint: the strategies are {}", names());
        Strategy::from_name(name).map(StrategyName).ok_or_else(unknown)
    }
}

impl<'de> Deserialize<'de> for StrategyName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StrategyName, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(Error::custom)
    }
}

/// Parses `id=value` (`stall.gap_ms=3000`).
///
/// # Errors
/// When there is no such parameter, or it cannot have that value; the message says which and what would do.
pub fn parse_param(text: &str) -> Result<(Param, u64), String> {
    let form = || format!("`{text}` is not of the form ID=VALUE\nhint: for example stall.gap_ms=3000");
    let (id, value) = text.split_once('=').ok_or_else(form)?;
    let param = known(id.trim())?;
    let value = value.trim().parse().map_err(|_| format!("`{}` is no whole number\nhint: {}", value.trim(), range(param)))?;
    checked(param, value).map(|value| (param, value))
}

fn known(id: &str) -> Result<Param, String> {
    Param::from_id(id).ok_or_else(|| {
        let distance = |other: &str| similar::TextDiff::from_chars(id, other).ratio();
        let nearest = PARAMS.iter().map(|info| info.id).max_by(|a, b| distance(a).total_cmp(&distance(b)));
        format!("there is no parameter `{id}`\nhint: did you mean {}?", nearest.unwrap_or_default())
    })
}

fn range(param: Param) -> String {
    let info = param.info();
    format!("{} goes from {} to {}{}", info.id, info.range.0, info.range.1, info.unit.suffix())
}

fn checked(param: Param, value: u64) -> Result<u64, String> {
    let (low, high) = param.info().range;
    if (low..=high).contains(&value) { Ok(value) } else { Err(format!("{value} is out of range\nhint: {}", range(param))) }
}

impl<'de> Deserialize<'de> for Thresholds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Thresholds, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Thresholds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of parameters, like {\"stall.gap_ms\": 3000}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Thresholds, A::Error> {
                let mut thresholds = Vec::new();
                while let Some(id) = map.next_key::<String>()? {
                    let param = known(&id).map_err(Error::custom)?;
                    let value = checked(param, map.next_value()?).map_err(Error::custom)?;
                    thresholds.push((param, value));
                }
                Ok(Thresholds(thresholds))
            }
        }

        deserializer.deserialize_map(Map)
    }
}
