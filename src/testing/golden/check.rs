//! The golden files of a directory.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::error::{Error, Result};
use super::play::{Case, play};

/// The variable that has the files written.
const UPDATE: &str = "SHEAF_UPDATE_GOLDEN";
/// The lines around each difference.
const CONTEXT_LINES: usize = 3;

/// Plays each file `*.txt` of a directory, for a test: a relative path is relative to the package.
///
/// # Panics
///
/// With all differences when the output of a file is another one than stands in it, unless `SHEAF_UPDATE_GOLDEN` is 1: then it
/// is written into the file. With the file and the line when a file cannot be played.
pub fn check<C: Case>(directory: impl AsRef<Path>) {
    let changed = changed::<C>(directory.as_ref()).unwrap_or_else(|error| panic!("{error}"));
    if is_update() {
        return changed.iter().for_each(|file| file.write().unwrap_or_else(|error| panic!("{error}")));
    }
    let differences: Vec<String> = changed.iter().map(Changed::difference).collect();
    assert!(
        differences.is_empty(),
        "- is what the file says, + is what came out ({UPDATE}=1 accepts it)\n\n{}",
        differences.join("\n")
    );
}

/// A file whose output is another one than stands in it.
#[derive(Debug)]
pub(super) struct Changed {
    path: PathBuf,
    before: String,
    after: String,
}

/// The files of a directory whose output is another one.
pub(super) fn changed<C: Case>(directory: &Path) -> Result<Vec<Changed>> {
    let mut changed = Vec::new();
    for path in files(directory)? {
        let before = std::fs::read_to_string(&path).map_err(|error| unusable(&path, error))?;
        let after = play::<C>(&before).map_err(|error| Error::File { path: path.clone(), error: Box::new(error) })?;
        if before != after {
            changed.push(Changed { path, before, after });
        }
    }
    Ok(changed)
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let listed = std::fs::read_dir(directory).and_then(|items| items.map(|item| Ok(item?.path())).collect());
    let mut files: Vec<PathBuf> = listed.map_err(|error| unusable(directory, error))?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    if files.is_empty() { Err(Error::NoFiles { path: directory.to_owned() }) } else { Ok(files) }
}

fn unusable(path: &Path, error: std::io::Error) -> Error {
    Error::Unusable { path: path.to_owned(), error }
}

#[expect(clippy::disallowed_methods, reason = "the variable is how a person asks for the files to be written")]
fn is_update() -> bool {
    std::env::var_os(UPDATE).is_some_and(|value| value == "1")
}

impl Changed {
    pub(super) fn write(&self) -> Result<()> {
        std::fs::write(&self.path, &self.after).map_err(|error| unusable(&self.path, error))
    }

    /// The file's name, and its lines of before and of now as a unified diff.
    pub(super) fn difference(&self) -> String {
        let lines = TextDiff::from_lines(&self.before, &self.after);
        format!("{}\n{}", self.path.display(), lines.unified_diff().context_radius(CONTEXT_LINES))
    }
}
