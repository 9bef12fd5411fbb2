//! What `check` was asked to judge.

use std::{
    fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use crate::{cli::Failure, session::source};

/// Something to be judged.
pub enum Target {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// What cannot even be tried, and why.
    Unusable(PathBuf, String),
}

impl Target {
    /// The name it is reported under.
    pub fn name(&self) -> String {
        match self {
            Target::File(path) | Target::Unusable(path, _) => path.to_string_lossy().into_owned(),
            Target::Stdin => "-".into(),
        }
    }
}

/// What the arguments name: folders in sorted order, recursively; the rest as given; standard input if there is nothing.
///
/// # Errors
/// When nothing is named and standard input is a terminal.
pub fn targets(paths: &[PathBuf]) -> Result<Vec<Target>, Failure> {
    let mut targets = Vec::new();
    if paths.is_empty() && io::stdin().is_terminal() {
        return Err(Failure::usage(
            "there is nothing to check\nhint: name a recording, a capture or a folder, or pipe a stream in",
        ));
    }
    if paths.is_empty() {
        targets.push(Target::Stdin);
    }
    for path in paths {
        if path.as_os_str() == "-" {
            targets.push(Target::Stdin);
        } else if path.is_dir() {
            let mut files = Vec::new();
            match walk(path, &mut files) {
                Ok(()) if files.is_empty() => {
                    let error =
                        "the folder has no recording or capture in it\nhint: .session, .sse, .ndjson, .jsonl and .json are read";
                    targets.push(Target::Unusable(path.clone(), error.into()));
                }
                Ok(()) => targets.extend(files.into_iter().map(Target::File)),
                Err(error) => targets.push(Target::Unusable(path.clone(), format!("cannot list the folder: {error}"))),
            }
        } else {
            targets.push(Target::File(path.clone()));
        }
    }
    Ok(targets)
}

const EXTENSIONS: [&str; 6] = [".session", ".session.zst", ".sse", ".ndjson", ".jsonl", ".json"];

/// True for names that recordings and captures have. What lies beside a capture and tells of it is no capture itself.
fn is_session(name: &str) -> bool {
    EXTENSIONS.iter().any(|extension| name.ends_with(extension)) && !name.ends_with(source::READS)
}

/// Collects the files below `folder` that look like sessions. Links to folders are not followed: they may lead in circles.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else if is_session(&name.to_string_lossy()) {
            files.push(entry.path());
        }
    }
    Ok(())
}
