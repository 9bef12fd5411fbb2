//! The recording format, version 1, as both its writer and its reader see it.
//!
//! ```text
//! Stutterscope(format: 1, program: "0.1.0", …)        header: one RON value on the first line
//! (at: 1893, what: Head(status: 200, headers: […]))   any input but a read: one RON value, absolute time in microseconds
//! +1203 306                                           a read: microseconds since the record before, length in bytes,
//! <306 bytes as they came>                            then the bytes and a newline
//! ```

use std::{collections::BTreeMap, io::Write};

use ron::{Options, extensions::Extensions, ser::PrettyConfig};
use serde::{Deserialize, Serialize};

use crate::core::{
    class::Class,
    input::{Input, Start, What},
    params::{Param, Params, Strategy},
    profile::{Preset, Profile},
    time::Micros,
};

/// The version that is written; only this one is read.
pub const FORMAT: u32 = 1;

/// What every recording begins with.
pub const MAGIC: &str = "Stutterscope(";

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Stutterscope")]
pub struct Header {
    /// Version of the format, [`FORMAT`].
    pub format: u32,
    /// Version of the program that recorded.
    pub program: String,
    /// Name of the profile that was in force.
    pub profile: String,
    /// The ready profile it is based on, as in PROFILES; left out for `safe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Its strategy, as in STRATEGIES.
    pub strategy: String,
    /// Its parameters: id to value, every one.
    pub params: BTreeMap<String, u64>,
    /// What the endpoint was proved to do in earlier sessions, as far as it was used: class to number of sessions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub habits: BTreeMap<String, u32>,
    /// When, what and whom was asked.
    pub start: Start,
}

impl Header {
    /// The header of a session that begins with `start` and is judged with `profile`.
    pub fn new(start: Start, profile: &Profile) -> Header {
        Header {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").into(),
            profile: profile.name.clone(),
            base: (profile.preset != Preset::default()).then(|| profile.preset.info().name.to_owned()),
            strategy: profile.strategy.name().into(),
            params: profile.params.iter().map(|(info, value)| (info.id.to_owned(), value)).collect(),
            habits: profile.habits.iter().map(|(class, sessions)| (class.name().to_owned(), *sessions)).collect(),
            start,
        }
    }

    /// The profile that was in force. Parameters and strategies this version does not know are left at their defaults.
    pub fn profile(&self) -> Profile {
        let mut params = Params::default();
        for (id, value) in &self.params {
            if let Some(param) = Param::from_id(id) {
                params.set(param, *value);
            }
        }
        let mut habits: Vec<_> =
            self.habits.iter().filter_map(|(class, sessions)| Some((Class::from_name(class)?, *sessions))).collect();
        habits.sort_unstable();
        Profile {
            name: self.profile.clone(),
            preset: self.base.as_deref().and_then(Preset::from_name).unwrap_or_default(),
            strategy: Strategy::from_name(&self.strategy).unwrap_or_default(),
            params,
            habits,
        }
    }

    /// The header as one line, newline included.
    ///
    /// # Errors
    /// When a value has no RON form; none of the header's types is such.
    pub fn to_line(&self) -> ron::Result<String> {
        let line = |escape| options().to_string_pretty(self, one_line().struct_names(true).escape_strings(escape));
        // Raw strings keep a JSON body readable, but they would carry its line breaks into the line.
        let raw = line(false)?;
        Ok(if raw.contains(char::is_control) { line(true)? } else { raw } + "\n")
    }
}

/// How RON is written and read: `Head(status:200)` instead of `Head((status:200))`.
pub fn options() -> Options {
    Options::default().with_default_extension(Extensions::UNWRAP_VARIANT_NEWTYPES)
}

/// Everything on one line, strings escaped.
fn one_line() -> PrettyConfig {
    PrettyConfig::new().depth_limit(0)
}

/// Appends the record of `input` to `out`; `last` is the stamp of the record before.
///
/// # Errors
/// When a value has no RON form; none of the inputs' types is such.
pub fn write_record(out: &mut Vec<u8>, last: Micros, input: &Input) -> ron::Result<()> {
    match &input.what {
        What::Bytes(bytes) => {
            // Writing to a Vec cannot fail.
            let _ = writeln!(out, "+{} {}", input.at.since(last).0, bytes.len());
            out.extend_from_slice(bytes);
        }
        _ => out.extend_from_slice(options().to_string_pretty(input, one_line())?.as_bytes()),
    }
    out.push(b'\n');
    Ok(())
}
