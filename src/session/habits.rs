//! Habits: what an endpoint was proved to do in earlier sessions, in a file that its user can read, change and delete.
//!
//! ```ron
//! (
//!     format: 1,
//!     endpoints: {
//!         "http://10.0.0.2:8000/v1/chat/completions openai-chat qwen3": {
//!             "cumulative_full": (sessions: 3, last: "2026-11-21T09:00:00.000Z"),
//!         },
//!     },
//! )
//! ```
//!
//! A habit only ever decides what would stay in doubt, and says so. Each finished session without the fault takes one away, so an
//! endpoint that was mended is soon believed again. A file that is not of this form is left as it is.

use std::{
    collections::BTreeMap,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use ron::ser::PrettyConfig;
use serde::{Deserialize, Serialize};

use crate::{
    core::{
        class::{Action, Certainty, Class, Family, Level},
        input::{Start, What},
        judgement::Judgement,
        machine::EndReason,
        params::Strategy,
        reading::Reading,
    },
    session::library,
};

const FORMAT: u32 = 1;
/// The most endpoints that are remembered; beyond, those go that showed nothing for the longest time.
const MOST_ENDPOINTS: usize = 256;
/// The largest file that is read, in bytes.
const MOST_BYTES: u64 = 1 << 20;
/// Sessions beyond this many make a habit no stronger.
const MOST_SESSIONS: u32 = 99;
/// A session with fewer deltas shows nothing of how its endpoint frames.
const FEWEST_DELTAS: u32 = 3;

/// What is remembered of every endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habits {
    /// Version of the format.
    format: u32,
    /// By endpoint, then by class.
    endpoints: BTreeMap<String, BTreeMap<String, Habit>>,
}

/// One fault that an endpoint was proved to make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Habit {
    /// In how many sessions, less those that finished without it.
    sessions: u32,
    /// When it was proved last.
    last: String,
}

impl Default for Habits {
    fn default() -> Habits {
        Habits { format: FORMAT, endpoints: BTreeMap::new() }
    }
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HabitsError {
    /// It cannot be read or written.
    #[error("cannot use the habits in {path}: {source}\nhint: check its permissions; without it nothing is known of endpoints")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is damaged, or something else.
    #[error("{path}:{line}:{column}: this is no file of habits: {reason}\nhint: it is left as it is; move it away to begin anew")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
}

/// Where habits are kept unless another file is named: beside the folder of recordings.
pub fn default_path() -> PathBuf {
    library::folder().with_file_name("habits.ron")
}

/// The endpoint that a session talks to: its address without what may be secret, its dialect and its model.
pub fn endpoint(start: &Start) -> String {
    let url = start.url.rsplit(' ').next().unwrap_or_default();
    let url = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let address = match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
            let scheme = scheme.to_ascii_lowercase();
            let port = if scheme == "http" { ":80" } else { ":443" };
            format!("{scheme}://{}{path}", host.strip_suffix(port).unwrap_or(&host))
        }
        None => url.to_owned(),
    };
    format!("{address} {} {}", start.dialect.as_deref().unwrap_or("unknown"), start.model.trim())
}

impl Habits {
    /// Reads the file at `path`; where there is none, nothing is known.
    ///
    /// # Errors
    /// When it cannot be read, or is no file of habits.
    pub fn load(path: &Path) -> Result<Habits, HabitsError> {
        let failed = |source| HabitsError::Io { path: path.to_path_buf(), source };
        let foreign = |line, column, reason| HabitsError::Foreign { path: path.to_path_buf(), line, column, reason };
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Habits::default()),
            Err(error) => return Err(failed(error)),
            Ok(metadata) if metadata.len() > MOST_BYTES => {
                return Err(foreign(1, 1, format!("it is larger than {MOST_BYTES} bytes")));
            }
            Ok(_) => {}
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        let habits: Habits =
            ron::from_str(&text).map_err(|error| foreign(error.span.start.line, error.span.start.col, error.code.to_string()))?;
        if habits.format != FORMAT {
            return Err(foreign(1, 1, format!("its format is {}, and this program knows {FORMAT}", habits.format)));
        }
        Ok(habits)
    }

    /// What the endpoint of a session that begins with `start` was proved to do, and in how many sessions; ascending by class. Classes
    /// that this version does not know are left out.
    pub fn of(&self, start: &Start) -> Vec<(Class, u32)> {
        let known = self.endpoints.get(&endpoint(start)).into_iter().flatten();
        let mut known: Vec<_> = known.filter_map(|(name, habit)| Some((Class::from_name(name)?, habit.sessions))).collect();
        known.sort_unstable();
        known
    }

    /// Takes in what a finished session showed of its endpoint; true if that changes anything.
    pub fn learn(&mut self, lesson: &Lesson) -> bool {
        let before = self.endpoints.clone();
        let own = self.endpoints.entry(lesson.endpoint.clone()).or_default();
        for (name, habit) in own.iter_mut() {
            if !lesson.proved.iter().any(|class| class.name() == name) {
                habit.sessions = habit.sessions.saturating_sub(1);
            }
        }
        for class in &lesson.proved {
            let habit = own.entry(class.name().to_owned()).or_default();
            habit.sessions = (habit.sessions + 1).min(MOST_SESSIONS);
            habit.last.clone_from(&lesson.wall);
        }
        own.retain(|_, habit| habit.sessions > 0);
        self.endpoints.retain(|_, habits| !habits.is_empty());
        self.forget();
        self.endpoints != before
    }

    /// Keeps the file small.
    fn forget(&mut self) {
        while self.endpoints.len() > MOST_ENDPOINTS {
            let last = |habits: &BTreeMap<String, Habit>| habits.values().map(|habit| habit.last.clone()).max();
            let Some(oldest) = self.endpoints.iter().min_by_key(|(_, habits)| last(habits)).map(|(name, _)| name.clone()) else {
                return;
            };
            self.endpoints.remove(&oldest);
        }
    }

    /// Writes the file, all of it or nothing, for its owner alone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), HabitsError> {
        let failed = |source| HabitsError::Io { path: path.to_path_buf(), source };
        let text = ron::ser::to_string_pretty(self, PrettyConfig::default()).map_err(|error| failed(io::Error::other(error)))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(path).map(drop).map_err(|error| failed(error.error))
    }
}

/// What a finished session showed of its endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    endpoint: String,
    /// When the session began.
    wall: String,
    /// What was proved, ascending.
    proved: Vec<Class>,
}

impl Lesson {
    /// What there is to learn of a session; `None` if it was cut short, had no endpoint or several, or says nothing of how its endpoint
    /// frames.
    pub fn of(reading: &Reading, judgement: &Judgement) -> Option<Lesson> {
        let start = reading.start().filter(|start| !start.url.is_empty())?;
        // Another endpoint's faults are not this one's.
        let endpoints = reading.marks().iter().filter_map(|mark| match &mark.what {
            What::Attempt(attempt) => Some((&attempt.endpoint, &attempt.model)),
            _ => None,
        });
        let mut endpoints: Vec<_> = endpoints.collect();
        endpoints.dedup();
        let tells = judgement.ended == Some(EndReason::Finished)
            && judgement.profile.strategy == Strategy::Evidence
            && endpoints.len() <= 1
            && reading.delta_count() >= FEWEST_DELTAS;
        tells.then(|| Lesson { endpoint: endpoint(start), wall: start.wall.clone(), proved: proved(judgement) })
    }

    /// Takes this into the file at `path`, which is read again: another program may have written it meanwhile.
    ///
    /// # Errors
    /// As [`Habits::load`] and [`Habits::save`].
    pub fn keep(&self, path: &Path) -> Result<(), HabitsError> {
        // Of two sessions that end at once none must write over what the other one learned.
        static KEEPING: Mutex<()> = Mutex::new(());
        let _keeping = KEEPING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut habits = Habits::load(path)?;
        if habits.learn(self) { habits.save(path) } else { Ok(()) }
    }
}

/// Takes what a finished session showed into the file at `path`.
///
/// # Errors
/// As [`Lesson::keep`].
pub fn learn(path: &Path, reading: &Reading, judgement: &Judgement) -> Result<(), HabitsError> {
    Lesson::of(reading, judgement).map_or(Ok(()), |lesson| lesson.keep(path))
}

/// The classes of which `judgement` has proof that can become a habit: faults of framing and delivery that cost something. What a habit
/// itself decided is no proof.
fn proved(judgement: &Judgement) -> Vec<Class> {
    let proved = judgement.findings.iter().filter(|finding| {
        let family = finding.class.info().family;
        finding.certainty == Certainty::Proved
            && finding.level == Level::Error
            && finding.action != Action::Keep
            && matches!(family, Family::Framing | Family::Redelivery)
    });
    let mut classes: Vec<Class> = proved.map(|finding| finding.class).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}
