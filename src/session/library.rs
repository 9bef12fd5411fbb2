//! The library: the folder in which every run is recorded.

use std::{
    fs, io,
    io::BufReader,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    core::{params::Profile, time::Micros},
    session::{
        format::Header,
        reader::Reader,
        source,
        writer::{RecordError, Recorder},
    },
};

/// Where recordings are kept unless `STUTTERSCOPE_DATA_DIR` says otherwise: `sessions` in the user's data directory.
pub fn folder() -> PathBuf {
    let data = std::env::var_os("STUTTERSCOPE_DATA_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = data.or_else(|| Some(directories::ProjectDirs::from("", "", "stutterscope")?.data_dir().to_path_buf()));
    // Without a home directory there is still somewhere to write.
    data.unwrap_or_else(|| std::env::temp_dir().join("stutterscope")).join("sessions")
}

/// Begins a recording in [`folder`], named after the time and `label` (`demo/cumulative` becomes `demo-cumulative`).
///
/// # Errors
/// When the folder or the file cannot be created.
pub fn autosave(header: &Header, label: &str) -> Result<Recorder, RecordError> {
    autosave_in(&folder(), header, label)
}

/// As [`autosave`], in any folder.
///
/// # Errors
/// As [`autosave`].
pub fn autosave_in(folder: &Path, header: &Header, label: &str) -> Result<Recorder, RecordError> {
    make_private(folder).map_err(|source| RecordError::Create { path: folder.to_path_buf(), source })?;
    let stem = format!("{}-{}", file_time(&header.start.wall), slug(label));
    let mut number = 1;
    loop {
        // Two programs may begin in the same second; whoever creates a name first has it.
        let path = folder.join(format!("{stem}-{number}.session"));
        match Recorder::create(&path, header) {
            Err(RecordError::Create { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists && number < 10_000 => {
                number += 1
            }
            result => return result,
        }
    }
}

fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// `2026-11-21T03:47:00.123Z` as `2026-11-21T03-47-00`: sorts by time and is a file name everywhere.
fn file_time(wall: &str) -> String {
    let second = wall.get(..19).filter(|second| second.is_ascii()).unwrap_or("undated");
    second.replace(':', "-")
}

/// Letters, digits, dots and single dashes; at most 48 of them.
fn slug(label: &str) -> String {
    let mut slug = String::new();
    for char in label.chars() {
        if char.is_ascii_alphanumeric() || char == '.' && !slug.is_empty() {
            slug.push(char.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(48);
    let slug = slug.trim_end_matches(['-', '.']);
    if slug.is_empty() { "session".into() } else { slug.into() }
}

/// One recording of the library.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The file.
    pub path: PathBuf,
    /// Its name without `.session`.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was last written.
    pub modified: SystemTime,
    /// The header, or why there is none.
    pub header: Result<Box<Header>, String>,
}

impl Entry {
    /// The profile in force when it was recorded.
    pub fn profile(&self) -> Option<Profile> {
        self.header.as_ref().ok().map(|header| header.profile())
    }

    /// How long the session took; this reads the whole file.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn duration(&self) -> Result<Micros, source::LoadError> {
        Ok(source::open(&self.path)?.last().map_or(Micros::ZERO, |input| input.at))
    }
}

/// The recordings of [`folder`], newest first. A folder that does not exist is empty.
///
/// # Errors
/// When the folder cannot be listed.
pub fn list() -> io::Result<Vec<Entry>> {
    list_in(&folder())
}

/// As [`list`], of any folder. Only the first line of each file is read.
///
/// # Errors
/// As [`list`].
pub fn list_in(folder: &Path) -> io::Result<Vec<Entry>> {
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut entries = Vec::new();
    for file in files {
        let path = file?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Some(name) = name.strip_suffix(".session").or_else(|| name.strip_suffix(".session.zst")) else { continue };
        let name = name.to_owned();
        // A file may be removed while its folder is listed.
        let Ok(metadata) = path.metadata() else { continue };
        if metadata.is_file() {
            let modified = metadata.modified()?;
            entries.push(Entry { header: header_of(&path), name, bytes: metadata.len(), modified, path });
        }
    }
    let when = |entry: &Entry| entry.header.as_ref().map(|header| header.start.wall.clone()).unwrap_or_default();
    entries.sort_by(|a, b| (when(b), b.modified, &b.name).cmp(&(when(a), a.modified, &a.name)));
    Ok(entries)
}

fn header_of(path: &Path) -> Result<Box<Header>, String> {
    if path.extension().is_some_and(|extension| extension == "zst") {
        let source = source::open(path).map_err(|error| error.to_string())?;
        return source.header().cloned().map(Box::new).ok_or_else(|| "it has no header".into());
    }
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let reader = Reader::new(BufReader::new(file)).map_err(|error| error.to_string())?;
    Ok(Box::new(reader.header().clone()))
}

/// The newest recording of [`folder`] that opens.
///
/// # Errors
/// When the folder cannot be listed.
pub fn latest() -> io::Result<Option<Entry>> {
    Ok(list()?.into_iter().find(|entry| entry.header.is_ok()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::{core::input::Origin, session::import};

    fn header(wall: &str) -> Header {
        Header::new(import::start(Origin::Sent, true, wall.into()), &Profile::default())
    }

    #[test]
    fn names_are_file_names() {
        for (label, expected) in [
            ("demo/cumulative", "demo-cumulative"),
            ("../../etc/passwd", "etc-passwd"),
            ("", "session"),
            ("…", "session"),
            ("GPT-4.1 / mini", "gpt-4.1-mini"),
            ("a.session/..", "a.session"),
        ] {
            assert_eq!(slug(label), expected, "{label}");
        }
        assert_eq!(slug(&"x".repeat(400)).len(), 48);
        assert_eq!(file_time("2026-11-21T03:47:00.5Z"), "2026-11-21T03-47-00");
        assert_eq!(file_time(""), "undated");
    }

    #[test]
    fn recordings_are_listed_newest_first_and_never_share_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("deep/sessions");
        assert_eq!(list_in(&folder).unwrap().len(), 0);
        for wall in ["2026-11-21T03:47:00Z", "2026-11-21T03:47:00Z", "2026-11-22T00:00:00Z"] {
            autosave_in(&folder, &header(wall), "demo/clean").unwrap();
        }
        fs::write(folder.join("broken.session"), "nothing").unwrap();
        fs::write(folder.join("a.notes.ron"), "()").unwrap();
        let entries = list_in(&folder).unwrap();
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(
            names,
            ["2026-11-22T00-00-00-demo-clean-1", "2026-11-21T03-47-00-demo-clean-2", "2026-11-21T03-47-00-demo-clean-1", "broken"]
        );
        assert!(entries[3].header.as_ref().is_err_and(|error| error.contains("no recording")));
        assert_eq!(entries[0].duration().unwrap(), Micros::ZERO);
    }
}
