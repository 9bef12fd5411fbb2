//! Notes beside a recording: which deltas, and which streams, a person called stutter or fine.
//!
//! They live in `NAME.notes.ron` beside `NAME.session`; the recording itself is never rewritten. A label is anchored to what came
//! in (attempt, first byte of its frame, channel, choice, block) and never to delta numbers, so it survives another program version
//! and every re-judgement.
//!
//! ```ron
//! StutterscopeNotes(
//!     format: 1,
//!     stream: stutter("cumulative_replay"),
//!     labels: [
//!         Label(attempt: 0, byte: 7180, channel: text, choice: 0, block: 0, label: stutter("cumulative_replay"), text: "To tie a bow"),
//!         Label(attempt: 0, byte: 8812, channel: text, choice: 0, block: 0, label: fine, text: "very"),
//!     ],
//! )
//! ```

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use ron::{extensions::Extensions, ser::PrettyConfig};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::core::{
    class::{CLASSES, Class},
    reading::Channel,
};

mod anchors;
mod expected;

pub use anchors::{Anchors, resolve};
pub use expected::{Expected, Side};

/// The version that is written; only this one is read.
pub const FORMAT: u32 = 1;

/// What a person said of a delta or a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Nothing is wrong with it.
    Fine,
    /// It is a fault of this class.
    Stutter(#[serde(deserialize_with = "class")] Class),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Label::Fine => f.write_str("fine"),
            Label::Stutter(class) => f.write_str(class.name()),
        }
    }
}

fn class<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Class, D::Error> {
    let name = String::deserialize(deserializer)?;
    Class::from_name(&name).ok_or_else(|| {
        let nearest = CLASSES.iter().map(|info| info.name).max_by(|a, b| {
            let ratio = |other: &str| similar::TextDiff::from_chars(name.as_str(), other).ratio();
            ratio(a).total_cmp(&ratio(b))
        });
        D::Error::custom(format!("there is no class `{name}`; did you mean {}?", nearest.unwrap_or_default()))
    })
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Channel", rename_all = "snake_case")]
enum ChannelName {
    Text,
    Reasoning,
    ToolArguments,
    Refusal,
}

/// Where a delta lies in what came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Anchor {
    /// The attempt, counted from 0.
    pub attempt: u32,
    /// The first byte of its frame, in that attempt's body, content-encoding undone.
    pub byte: u32,
    /// Its channel.
    pub channel: Channel,
    /// Its choice.
    pub choice: u16,
    /// Its block.
    pub block: u16,
    /// Which of its frame's deltas of that channel, choice and block; 0 where there is one.
    pub nth: u16,
}

/// A labelled delta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Label", deny_unknown_fields)]
pub struct DeltaLabel {
    attempt: u32,
    byte: u32,
    #[serde(with = "ChannelName")]
    channel: Channel,
    #[serde(default)]
    choice: u16,
    #[serde(default)]
    block: u16,
    #[serde(default, skip_serializing_if = "is_zero")]
    nth: u16,
    /// What it is.
    pub label: Label,
    /// Which bytes of its text are redundant; without this, what the class's rule says (see [`Expected`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redundant: Option<(u32, u32)>,
    /// The beginning of its text, for people who read the file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

fn is_zero(number: &u16) -> bool {
    *number == 0
}

impl DeltaLabel {
    /// A label of the delta at `anchor`, whose text begins with `text`.
    pub fn new(anchor: Anchor, label: Label, text: &str) -> DeltaLabel {
        const SHOWN: usize = 40;
        let Anchor { attempt, byte, channel, choice, block, nth } = anchor;
        let text = text.chars().take(SHOWN).collect();
        DeltaLabel { attempt, byte, channel, choice, block, nth, label, redundant: None, text }
    }

    /// Where the delta lies.
    pub fn anchor(&self) -> Anchor {
        let DeltaLabel { attempt, byte, channel, choice, block, nth, .. } = *self;
        Anchor { attempt, byte, channel, choice, block, nth }
    }
}

/// Everything that was noted about a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "StutterscopeNotes", deny_unknown_fields)]
pub struct Notes {
    /// Version of the file, [`FORMAT`].
    pub format: u32,
    /// What the whole stream is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Label>,
    /// Labelled deltas, in order of their anchors.
    #[serde(default)]
    pub labels: Vec<DeltaLabel>,
}

impl Default for Notes {
    fn default() -> Notes {
        Notes { format: FORMAT, stream: None, labels: Vec::new() }
    }
}

impl Notes {
    /// True if nothing is noted.
    pub fn is_empty(&self) -> bool {
        self.stream.is_none() && self.labels.is_empty()
    }

    /// Puts a label in the place of the one that its delta has.
    pub fn set(&mut self, label: DeltaLabel) {
        self.remove(label.anchor());
        let place = self.labels.partition_point(|other| other.anchor() < label.anchor());
        self.labels.insert(place, label);
    }

    /// Takes away the label of the delta at `anchor`; true if it had one.
    pub fn remove(&mut self, anchor: Anchor) -> bool {
        let before = self.labels.len();
        self.labels.retain(|label| label.anchor() != anchor);
        self.labels.len() < before
    }

    /// The text of the file.
    ///
    /// # Errors
    /// When a value has no RON form; none of these types is such.
    pub fn to_ron(&self) -> ron::Result<String> {
        let pretty = PrettyConfig::new().struct_names(true).depth_limit(2).escape_strings(true);
        let mut text = options().to_string_pretty(self, pretty)?;
        text.push('\n');
        Ok(text)
    }

    /// The notes in `text`, which `path` holds.
    ///
    /// # Errors
    /// When it is no such file, with line and column.
    pub fn parse(text: &str, path: &Path) -> Result<Notes, NotesError> {
        #[derive(Deserialize)]
        #[serde(rename = "StutterscopeNotes")]
        struct Version {
            format: u32,
        }

        // A later version may have fields that this one does not know, and says so first.
        if let Ok(Version { format }) = options().from_str(text)
            && format != FORMAT
        {
            return Err(NotesError::Version { path: path.to_path_buf(), format });
        }
        let mut notes: Notes = options().from_str(text).map_err(|error| NotesError::Syntax {
            path: path.to_path_buf(),
            line: error.span.start.line,
            column: error.span.start.col,
            reason: error.code.to_string(),
        })?;
        notes.labels.sort_by_key(DeltaLabel::anchor);
        Ok(notes)
    }
}

fn options() -> ron::Options {
    ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES)
}

/// Notes that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum NotesError {
    /// The system does not give or take the file.
    #[error("cannot {what} the notes {path}: {source}\nhint: check the folder's permissions")]
    Io {
        /// Read or write.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is a link, or no file at all.
    #[error("{path} is not a plain file\nhint: notes are neither read nor written through links; move it away")]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// It was written by another version.
    #[error(
        "{path} has notes of version {format}, this program reads version {FORMAT}\nhint: open it with the program that wrote it"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        format: u32,
    },
    /// It cannot be understood.
    #[error("{path}:{line}:{column}: {reason}\nhint: mend the line, or delete the file to begin anew")]
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
    /// Somebody else changed it.
    #[error("{path} was changed by another program\nhint: open the recording anew; nothing was written")]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// Where the notes of `recording` are: `run.notes.ron` for `run.session` and `run.session.zst`, `x.sse.notes.ron` for a capture.
pub fn path_of(recording: &Path) -> PathBuf {
    let name = recording.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".session").or_else(|| name.strip_suffix(".session.zst")).unwrap_or(&name);
    recording.with_file_name(format!("{stem}.notes.ron"))
}

/// The notes of `recording`, and the text of their file; empty if there is none.
///
/// # Errors
/// When the file is there and cannot be read or understood.
pub fn read(recording: &Path) -> Result<(Notes, String), NotesError> {
    let path = path_of(recording);
    let text = text_of(&path)?;
    let notes = if text.is_empty() { Notes::default() } else { Notes::parse(&text, &path)? };
    Ok((notes, text))
}

fn text_of(path: &Path) -> Result<String, NotesError> {
    let failed = |source| NotesError::Io { what: "read", path: path.to_path_buf(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(failed(error)),
        Ok(metadata) if !metadata.is_file() => return Err(NotesError::NotAFile { path: path.to_path_buf() }),
        Ok(_) => {}
    }
    // Whoever puts a link there meanwhile gains nothing.
    let flags = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Writes the notes of `recording`, all or nothing, mode 0600, and returns the text of the file. `before` is the text that was read:
/// what another program wrote meanwhile is not lost. Without notes there is no file.
///
/// # Errors
/// When the file cannot be written, is a link, or was changed by another program.
pub fn write(recording: &Path, notes: &Notes, before: &str) -> Result<String, NotesError> {
    let path = path_of(recording);
    if text_of(&path)? != before {
        return Err(NotesError::Changed { path });
    }
    let failed = |source| NotesError::Io { what: "write", path: path.clone(), source };
    if notes.is_empty() {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(String::new()),
        };
    }
    let text = notes.to_ron().map_err(|error| failed(io::Error::other(error)))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file is private from its first byte on, and takes the name only when it is whole.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
