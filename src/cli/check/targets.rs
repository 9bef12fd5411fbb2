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
            let before = targets.len();
            walk(path, &mut targets);
            if targets.len() == before {
                let error = format!(
                    "there is no recording or capture in {}\nhint: .session, .session.zst, .sse, .ndjson, .jsonl and .json are read",
                    path.display()
                );
                targets.push(Target::Unusable(path.clone(), error));
            }
        } else {
            targets.push(Target::File(path.clone()));
        }
    }
    Ok(targets)
}

const EXTENSIONS: [&str; 7] = [".session", ".session.zst", ".sse", ".ndjson", ".jsonl", ".json", ".har"];

/// Extensions of files that may hold exchanges, and more often hold something else.
const PERHAPS: [&str; 4] = [".yaml", ".yml", ".trace", ".txt"];

/// True for files that look like recordings and captures: by their name, or by their content where the name says little. What lies
/// beside a capture and tells of it is no capture itself.
fn is_session(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = |extensions: &[&str]| extensions.iter().any(|extension| name.ends_with(extension));
    ends(&EXTENSIONS) && !name.ends_with(source::READS) || ends(&PERHAPS) && source::holds_exchanges(path)
}

/// Collects the files below `folder` that look like sessions, and the folders that cannot be listed. Links to folders are not
/// followed: they may lead in circles.
fn walk(folder: &Path, targets: &mut Vec<Target>) {
    let entries = match entries(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let error = format!("cannot list {}: {error}\nhint: check its permissions", folder.display());
            return targets.push(Target::Unusable(folder.to_path_buf(), error));
        }
    };
    for (is_folder, path) in entries {
        if is_folder {
            walk(&path, targets);
        } else if is_session(&path) {
            targets.push(Target::File(path));
        }
    }
}

/// What lies in `folder`, in order of the names; true for folders.
fn entries(folder: &Path) -> io::Result<Vec<(bool, PathBuf)>> {
    let entries = fs::read_dir(folder)?.map(|entry| {
        let entry = entry?;
        Ok((entry.file_type()?.is_dir(), entry.path()))
    });
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(entries)
}
