//! Configuration: defaults < file (RON) < environment < flags.
//!
//! The file is `config.ron` in the user's configuration directory, or what `STUTTERSCOPE_CONFIG` names (empty for none):
//!
//! ```ron
//! (
//!     provider: "mine",
//!     providers: { "mine": (base_url: "http://10.0.0.2:8000/v1", key_env: "MINE_KEY", model: "qwen3", fallbacks: ["openrouter"]) },
//!     profile: "safe",
//!     params: { "stall.gap_ms": 3000 },
//!     timeouts: (idle_ms: 20000),
//!     max_attempts: 3,
//!     habits: true,
//!     desk: (breaker: (trip_at: 5, open_ms: 10000), retry: (base_ms: 200), requests_per_minute: 60, stutter_is_slow: true),
//!     glyphs: ascii,
//! )
//! ```

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    core::{
        desk::{Desk, DeskConfig, Timeouts},
        params::{Param, Profile, Strategy},
        time::Micros,
    },
    net::providers::{self, Provider, ProviderEntry},
};

mod desk;
pub mod profile;
mod thresholds;

pub use profile::ProfileName;
pub use thresholds::{StrategyName, Thresholds, parse_param};

/// Which characters the screen is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Glyphs {
    /// Box drawing, blocks and symbols.
    #[default]
    Unicode,
    /// ASCII alone.
    Ascii,
}

/// The file, every part of it optional.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ConfigFile {
    provider: Option<String>,
    model: Option<String>,
    providers: BTreeMap<String, ProviderEntry>,
    profile: Option<ProfileName>,
    strategy: Option<StrategyName>,
    params: Thresholds,
    timeouts: TimeoutsFile,
    max_attempts: Option<u32>,
    habits: Option<bool>,
    desk: desk::DeskFile,
    glyphs: Option<Glyphs>,
    theme: Option<String>,
}

/// Milliseconds; zero switches one off.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TimeoutsFile {
    connect_ms: Option<u64>,
    first_byte_ms: Option<u64>,
    idle_ms: Option<u64>,
    total_ms: Option<u64>,
}

/// Everything that is configured, resolved.
#[derive(Debug, Clone)]
pub struct Config {
    /// Provider to ask when none is named, as the file or environment says.
    pub provider: Option<String>,
    /// Model to ask for when none is named.
    pub model: Option<String>,
    /// Changes to the table of providers, and further ones.
    pub providers: BTreeMap<String, ProviderEntry>,
    /// What sessions are judged with.
    pub profile: Profile,
    /// How long each phase of an exchange may take.
    pub timeouts: Timeouts,
    /// Whether live sessions use and keep what their endpoints were proved to do; off unless asked for.
    pub habits: bool,
    /// Most attempts of a session.
    pub max_attempts: u32,
    /// How breaker, rate limit and retries behave; its attempts are [`max_attempts`](Config::max_attempts).
    pub desk: DeskConfig,
    /// Which characters the screen is drawn with.
    pub glyphs: Glyphs,
    /// Name of the colour theme, if one is chosen.
    pub theme: Option<String>,
    /// The file that was read, if there is one.
    pub path: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            provider: None,
            model: None,
            providers: BTreeMap::new(),
            profile: Profile::default(),
            timeouts: Timeouts::default(),
            habits: false,
            max_attempts: 2,
            desk: DeskConfig::default(),
            glyphs: Glyphs::default(),
            theme: None,
            path: None,
        }
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}\nhint: correct the name, or unset STUTTERSCOPE_CONFIG")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A profile's file cannot be read.
    #[error("cannot read the profile {path}: {source}\nhint: name a RON file, or one of the ready profiles")]
    Profile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file cannot be understood.
    #[error(
        "{path}:{line}:{column}: {reason}\nhint: the file is RON, like (provider: \"demo\", params: {{\"stall.gap_ms\": 3000}})"
    )]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// An environment variable or flag has a value that it cannot have.
    #[error("{name}: {reason}")]
    Value {
        /// The variable or flag.
        name: String,
        /// What is wrong, with a hint.
        reason: String,
    },
}

impl Config {
    /// The configuration of this user: file and environment over the defaults.
    ///
    /// # Errors
    /// When the file cannot be read or understood, or a variable has a value that it cannot have.
    pub fn load() -> Result<Config, ConfigError> {
        let named = std::env::var_os("STUTTERSCOPE_CONFIG");
        let mut config = Config::default();
        let path = match &named {
            Some(path) if path.is_empty() => None,
            Some(path) => Some(PathBuf::from(path)),
            None => default_path(),
        };
        if let Some(path) = path {
            match std::fs::read_to_string(&path) {
                Ok(text) => config.apply_file(&text, &path)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => {}
                Err(source) => return Err(ConfigError::Io { path, source }),
            }
        }
        config.apply_environment(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))?;
        Ok(config)
    }

    fn apply_file(&mut self, text: &str, path: &Path) -> Result<(), ConfigError> {
        let file: ConfigFile = parse(text, path)?;
        self.provider = file.provider.or(self.provider.take());
        self.model = file.model.or(self.model.take());
        self.providers.extend(file.providers);
        if let Some(name) = file.profile {
            self.profile = beside(path, name).load()?;
        }
        if file.strategy.is_some() || !file.params.0.is_empty() {
            self.profile.name = "config".into();
        }
        apply_profile(&mut self.profile, file.strategy, &file.params);
        let TimeoutsFile { connect_ms, first_byte_ms, idle_ms, total_ms } = file.timeouts;
        let timeouts = &mut self.timeouts;
        let places = [&mut timeouts.connect, &mut timeouts.first_byte, &mut timeouts.idle, &mut timeouts.total];
        for (place, ms) in places.into_iter().zip([connect_ms, first_byte_ms, idle_ms, total_ms]) {
            if let Some(ms) = ms {
                *place = (ms > 0).then(|| Micros::from_millis(ms));
            }
        }
        self.max_attempts = file.max_attempts.unwrap_or(self.max_attempts).max(1);
        self.habits = file.habits.unwrap_or(self.habits);
        file.desk.apply(&mut self.desk);
        self.glyphs = file.glyphs.unwrap_or(self.glyphs);
        self.theme = file.theme.or(self.theme.take());
        self.path = Some(path.to_path_buf());
        Ok(())
    }

    fn apply_environment(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        let bad = |name: &str, reason: String| ConfigError::Value { name: name.into(), reason };
        self.provider = variable("STUTTERSCOPE_PROVIDER").or(self.provider.take());
        self.model = variable("STUTTERSCOPE_MODEL").or(self.model.take());
        self.theme = variable("STUTTERSCOPE_THEME").or(self.theme.take());
        if let Some(name) = variable("STUTTERSCOPE_PROFILE") {
            let name: ProfileName = name.parse().map_err(|reason| bad("STUTTERSCOPE_PROFILE", reason))?;
            self.profile = name.load()?;
        }
        if let Some(name) = variable("STUTTERSCOPE_STRATEGY") {
            let strategy: StrategyName = name.parse().map_err(|reason| bad("STUTTERSCOPE_STRATEGY", reason))?;
            self.profile.strategy = strategy.0;
        }
        if let Some(glyphs) = variable("STUTTERSCOPE_GLYPHS") {
            self.glyphs = match glyphs.as_str() {
                "unicode" => Glyphs::Unicode,
                "ascii" => Glyphs::Ascii,
                _ => return Err(bad("STUTTERSCOPE_GLYPHS", format!("there is no set `{glyphs}`\nhint: say unicode or ascii"))),
            };
        }
        Ok(())
    }

    /// A Desk that has seen nothing and behaves as configured. Every session of a process shares one.
    pub fn desk(&self) -> Desk {
        let mut config = self.desk.clone();
        config.retry.max_attempts = self.max_attempts;
        Desk::new(config)
    }

    /// Every provider: the table's rows with the configuration's changes, then the configuration's own.
    pub fn all_providers(&self) -> Vec<Provider> {
        providers::all(&self.providers)
    }
}

/// A file that the configuration at `path` names is sought from there.
fn beside(path: &Path, name: ProfileName) -> ProfileName {
    match name {
        ProfileName::File(file) => ProfileName::File(path.parent().map_or(file.clone(), |folder| folder.join(&file))),
        ready => ready,
    }
}

fn apply_profile(profile: &mut Profile, strategy: Option<StrategyName>, thresholds: &Thresholds) {
    if let Some(StrategyName(strategy)) = strategy {
        profile.strategy = strategy;
    }
    for (param, value) in &thresholds.0 {
        profile.params.set(*param, *value);
    }
}

/// Where the file is when nothing else is said.
pub fn default_path() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "stutterscope")?.config_dir().join("config.ron"))
}

fn parse<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, ConfigError> {
    use ron::extensions::Extensions;
    let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME | Extensions::UNWRAP_NEWTYPES);
    options.from_str(text).map_err(|error| ConfigError::Syntax {
        path: path.to_path_buf(),
        line: error.span.start.line,
        column: error.span.start.col,
        reason: error.code.to_string(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
