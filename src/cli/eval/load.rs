//! From a name on the command line to labelled streams: cases of a file, recordings with labels beside them, folders of both.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    cli::judging::Judging,
    eval::{Labelled, noted},
    session::{
        self,
        import::{Kind, cases},
        notes,
    },
};

/// Takes a stream, or why there is none: the place, the reason and a hint.
pub type Take<'a> = &'a mut dyn FnMut(Result<Labelled, String>) -> io::Result<()>;

/// Gives every labelled stream of `path` to `take`, as it is read.
///
/// # Errors
/// Those of `take`.
pub fn each(path: &Path, judging: &Judging, take: Take<'_>) -> io::Result<()> {
    let name = path.to_string_lossy();
    if path.is_dir() {
        return match in_folder(path) {
            Ok(paths) if paths.is_empty() => take(Err(format!(
                "{name}: there are neither cases nor labelled recordings in it\nhint: in the interface `a` labels a delta and `A` a stream"
            ))),
            Ok(paths) => paths.iter().try_for_each(|path| file(path, judging, take)),
            Err(error) => take(Err(format!("cannot list {name}: {error}\nhint: check the name and its permissions"))),
        };
    }
    file(path, judging, take)
}

/// The files right in a folder that hold labels or have some beside them, by name.
fn in_folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && (notes::path_of(&path).exists() || path.extension().is_some_and(|extension| extension == "jsonl")) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn file(path: &Path, judging: &Judging, take: Take<'_>) -> io::Result<()> {
    if notes::path_of(path).exists() {
        return sessions(path, judging, take);
    }
    let name = path.to_string_lossy();
    match fs::read(path) {
        Ok(bytes) if Kind::of(&bytes) == Some(Kind::Cases) || is_lines(path) => lines(&name, &bytes, take),
        Ok(_) => sessions(path, judging, take),
        // `x.har#3` is a part of a file.
        Err(error) if error.kind() == io::ErrorKind::NotFound && name.contains('#') => sessions(path, judging, take),
        Err(error) => {
            take(Err(format!("cannot read {name}: {error}\nhint: name a file of labelled cases, or a labelled recording")))
        }
    }
}

fn is_lines(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["jsonl", "ndjson", "json"].iter().any(|known| extension == *known))
}

fn lines(name: &str, bytes: &[u8], take: Take<'_>) -> io::Result<()> {
    let mut any = false;
    for (line, case) in cases::cases(bytes) {
        any = true;
        take(case.map(Labelled::from).map_err(|error| {
            let error = error.to_string();
            let reason = error.split_once(": ").map_or(error.as_str(), |(_, reason)| reason);
            format!("{name}:{line}: {reason}")
        }))?;
    }
    if any { Ok(()) } else { take(Err(format!("{name}: there is no case in it\nhint: a case is one JSON object a line"))) }
}

fn sessions(path: &Path, judging: &Judging, take: Take<'_>) -> io::Result<()> {
    let name = path.to_string_lossy();
    let parts = match session::open_all(path) {
        Ok(parts) => parts,
        Err(error) => return take(Err(error.to_string())),
    };
    for part in parts {
        let id = part.name(&name);
        let labelled = notes::read(Path::new(&id)).map_err(|error| error.to_string()).and_then(|(notes, _)| {
            let source = part.source.map_err(|error| error.to_string())?;
            let inputs = source.map(|input| judging.adjust(input)).collect();
            noted::labelled(id.clone(), inputs, &notes).ok_or_else(|| {
                let beside = notes::path_of(Path::new(&id));
                format!(
                    "{id}: no label says what the whole stream is ({})\nhint: in the interface `A` labels a stream, `a` the deltas that are redundant",
                    beside.display()
                )
            })
        });
        take(labelled)?;
    }
    Ok(())
}
