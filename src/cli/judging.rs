//! What the commands that judge have in common: the flags that choose a profile.

use std::{ffi::OsStr, path::PathBuf};

use clap::builder::{PossibleValue, TypedValueParser};

use crate::{
    cli::{Failure, send::follow::note},
    config::{Config, ProfileName, StrategyName, parse_param},
    core::{
        dialect::{self, DIALECTS, DialectInfo},
        input::{Input, Start, What},
        params::Param,
        profile::{PROFILES, Profile},
    },
    session::{
        Source,
        format::Header,
        habits::{self, Habits},
    },
};

/// Flags that say how a session is judged.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct JudgingArgs {
    /// Strategy: evidence, v1, v2, v2-states, growth or none
    #[arg(long, value_name = "NAME", help_heading = "Judging")]
    pub strategy: Option<StrategyName>,
    /// Profile: observe, safe, eager, or a RON file (name, base, strategy, params)
    #[arg(long, value_name = "NAME|FILE", value_parser = ProfileParser, help_heading = "Judging", hide_possible_values = true)]
    pub profile: Option<ProfileName>,
    /// Set a parameter, such as stall.gap_ms=3000; may be repeated
    #[arg(long = "param", value_name = "ID=VALUE", value_parser = parse_param, help_heading = "Judging")]
    pub params: Vec<(Param, u64)>,
    /// Use what endpoints were proved to do in earlier sessions, as kept in this file; live sessions with an address add to it
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    pub habits: Option<PathBuf>,
    /// Read the frames in this dialect instead of telling it from the content
    #[arg(long, value_name = "ID", value_parser = parse_dialect, help_heading = "Judging")]
    pub dialect: Option<&'static str>,
}

/// Takes a profile's name or file; completion offers the names.
#[derive(Debug, Clone, Copy)]
struct ProfileParser;

impl TypedValueParser for ProfileParser {
    type Value = ProfileName;

    fn parse_ref(&self, command: &clap::Command, arg: Option<&clap::Arg>, value: &OsStr) -> Result<ProfileName, clap::Error> {
        str::parse::<ProfileName>.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(PROFILES.iter().map(|info| PossibleValue::new(info.name).help(info.about))))
    }
}

fn parse_dialect(id: &str) -> Result<&'static str, String> {
    let ids = || DIALECTS.iter().map(|info: &DialectInfo| info.id).collect::<Vec<_>>().join(", ");
    dialect::by_id(id).map(|info| info.id).ok_or_else(|| format!("there is no dialect `{id}`\nhint: the dialects are {}", ids()))
}

/// The flags with the configuration under them.
#[derive(Debug)]
pub struct Judging {
    config: Config,
    args: JudgingArgs,
    /// Those of the file that was named, if it can be used.
    habits: Option<Habits>,
}

impl Judging {
    /// Reads configuration and profile file.
    ///
    /// # Errors
    /// When either cannot be used.
    pub fn load(args: &JudgingArgs) -> Result<Judging, Failure> {
        let mut config = Config::load().map_err(Failure::usage)?;
        if let Some(name) = &args.profile {
            config.profile = name.load().map_err(Failure::usage)?;
        }
        // Without them everything is judged as on the first day, so a file that cannot be used is only told.
        let habits = args.habits.as_deref().map(Habits::load).transpose().unwrap_or_else(|error| {
            note(&error.to_string());
            None
        });
        Ok(Judging { config, args: args.clone(), habits })
    }

    /// The configuration under the flags.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The profile for a stored session: as [`Judging::profile`], with what the file of habits knows of its endpoint.
    pub fn profile_of(&self, source: &Source) -> Profile {
        self.knowing(self.profile(source.header()), source.start())
    }

    /// `profile` with what the file of habits knows of the endpoint of a session that begins with `start`, if a file was named.
    pub fn knowing(&self, profile: Profile, start: Option<&Start>) -> Profile {
        match (&self.habits, start) {
            (Some(habits), Some(start)) => Profile { habits: habits.of(start), ..profile },
            _ => profile,
        }
    }

    /// The profile for a session: a recording's own, unless one was named; the flags over it.
    pub fn profile(&self, header: Option<&Header>) -> Profile {
        let recorded = header.filter(|_| self.args.profile.is_none()).map(Header::profile);
        let mut profile = recorded.unwrap_or_else(|| self.config.profile.clone());
        if let Some(StrategyName(strategy)) = self.args.strategy {
            profile.strategy = strategy;
        }
        for (param, value) in &self.args.params {
            profile.params.set(*param, *value);
        }
        profile
    }

    /// The file of habits that a live session uses and adds to, if one does: the one that was named, or the usual one where the
    /// configuration asks for it. One that cannot be used is told.
    pub fn live_habits(&self) -> Option<PathBuf> {
        if let Some(named) = &self.args.habits {
            return self.habits.is_some().then(|| named.clone());
        }
        let usual = self.config.habits.then(habits::default_path)?;
        Habits::load(&usual).map(|_| usual).map_err(|error| note(&error.to_string())).ok()
    }

    /// `input` as it is to be folded: a Start takes the dialect from the flags.
    pub fn adjust(&self, mut input: Input) -> Input {
        if let (What::Start(start), Some(dialect)) = (&mut input.what, self.args.dialect) {
            start.dialect = Some(dialect.to_owned());
        }
        input
    }
}
