//! A profile in a file of its own, for `--profile FILE`: what `tune` writes and people edit.
//!
//! ```ron
//! (
//!     name: "mine",
//!     base: "safe",
//!     strategy: "evidence",
//!     params: { "cumulative.min_chars": 24 },
//! )
//! ```
//!
//! Everything may be left out: `base` is `safe` then, and what is not said is as the base has it.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, de::Error};

use super::{ConfigError, StrategyName, Thresholds, apply_profile, parse};
use crate::core::{
    params::Strategy,
    profile::{PROFILES, Preset, Profile},
};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ProfileFile {
    name: Option<String>,
    base: PresetName,
    strategy: Option<StrategyName>,
    params: Thresholds,
}

/// A ready profile by its public name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct PresetName(Preset);

impl<'de> Deserialize<'de> for PresetName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PresetName, D::Error> {
        let name = String::deserialize(deserializer)?;
        Preset::from_name(&name).map(PresetName).ok_or_else(|| Error::custom(no_profile(&name)))
    }
}

/// A profile as it is named on the command line and in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileName {
    /// One of PROFILES.
    Ready(Preset),
    /// The one in this file.
    File(PathBuf),
}

impl FromStr for ProfileName {
    type Err = String;

    /// What looks like a file is one; anything else must be a name, so that a misspelt name is told as such.
    fn from_str(name: &str) -> Result<ProfileName, String> {
        if let Some(preset) = Preset::from_name(name) {
            return Ok(ProfileName::Ready(preset));
        }
        let path = Path::new(name);
        let is_file = path.extension().is_some() || path.components().count() > 1 || path.exists();
        if is_file { Ok(ProfileName::File(path.to_path_buf())) } else { Err(no_profile(name)) }
    }
}

impl<'de> Deserialize<'de> for ProfileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ProfileName, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(Error::custom)
    }
}

fn no_profile(name: &str) -> String {
    let names: Vec<_> = PROFILES.iter().map(|info| info.name).collect();
    format!("there is no profile `{name}`\nhint: the profiles are {}, or a RON file", names.join(", "))
}

impl ProfileName {
    /// The profile of this name; a file's name is that of the file unless it says another.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn load(&self) -> Result<Profile, ConfigError> {
        match self {
            ProfileName::Ready(preset) => Ok(Profile::of(*preset)),
            ProfileName::File(path) => read(path),
        }
    }
}

/// Reads the profile in the file at `path`.
///
/// # Errors
/// When it cannot be read or understood; errors name file, line and column.
pub fn read(path: &Path) -> Result<Profile, ConfigError> {
    let unreadable = |source| ConfigError::Profile { path: path.to_path_buf(), source };
    let file: ProfileFile = parse(&fs::read_to_string(path).map_err(unreadable)?, path)?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut profile = Profile { name: file.name.or(stem).unwrap_or_default(), ..Profile::of(file.base.0) };
    apply_profile(&mut profile, file.strategy, &file.params);
    Ok(profile)
}

/// The profile as the text of a file: what differs from its base, a parameter a line.
pub fn to_ron(profile: &Profile) -> String {
    let base = Profile::of(profile.preset);
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "(\n    name: {:?},\n    base: {:?},", profile.name, profile.preset.info().name);
    if profile.strategy != Strategy::default() {
        let _ = writeln!(text, "    strategy: {:?},", profile.strategy.name());
    }
    let changed: Vec<_> = profile.params.iter().filter(|(info, value)| base.params.get(info.param) != *value).collect();
    if !changed.is_empty() {
        text.push_str("    params: {\n");
        for (info, value) in changed {
            let _ = writeln!(text, "        {:?}: {value},", info.id);
        }
        text.push_str("    },\n");
    }
    text.push_str(")\n");
    text
}

/// Writes the profile to `path`, all of it or nothing: a file that is there is replaced only by a whole one.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, profile: &Profile) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, to_ron(profile).as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
