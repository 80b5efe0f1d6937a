//! Compares the golden files of a directory with the current outputs.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::error::{Error, Result};
use super::run::{Case, run};

/// The environment variable that has the files written.
const UPDATE: &str = "SHEAF_UPDATE_GOLDEN";
/// The context lines around each difference.
const CONTEXT_LINES: usize = 3;

/// Runs each file `*.txt` of a directory and compares its outputs, for a test. A relative path is relative to the package.
///
/// # Panics
///
/// With all differences if outputs have changed, unless `SHEAF_UPDATE_GOLDEN` is 1: then they are written to the files. With the
/// file and the line if a file cannot be run.
pub fn check<C: Case>(directory: impl AsRef<Path>) {
    let changed = changed::<C>(directory.as_ref()).unwrap_or_else(|error| panic!("{error}"));
    if is_update() {
        return changed.iter().for_each(|file| file.write().unwrap_or_else(|error| panic!("{error}")));
    }
    let differences: Vec<String> = changed.iter().map(Changed::difference).collect();
    assert!(
        differences.is_empty(),
        "- is the file, + is the current output ({UPDATE}=1 writes it to the file)\n\n{}",
        differences.join("\n")
    );
}

/// A file whose outputs have changed.
#[derive(Debug)]
pub(super) struct Changed {
    path: PathBuf,
    before: String,
    after: String,
}

/// The files of a directory whose outputs have changed.
pub(super) fn changed<C: Case>(directory: &Path) -> Result<Vec<Changed>> {
    let mut changed = Vec::new();
    for path in files(directory)? {
        let before = std::fs::read_to_string(&path).map_err(|error| io_error(&path, error))?;
        let after = run::<C>(&before).map_err(|error| Error::File { path: path.clone(), error: Box::new(error) })?;
        if before != after {
            changed.push(Changed { path, before, after });
        }
    }
    Ok(changed)
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let listed = std::fs::read_dir(directory).and_then(|items| items.map(|item| Ok(item?.path())).collect());
    let mut files: Vec<PathBuf> = listed.map_err(|error| io_error(directory, error))?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    if files.is_empty() { Err(Error::NoFiles { path: directory.to_owned() }) } else { Ok(files) }
}

fn io_error(path: &Path, error: std::io::Error) -> Error {
    Error::Io { path: path.to_owned(), error }
}

#[expect(clippy::disallowed_methods, reason = "the variable has the test write the files")]
fn is_update() -> bool {
    std::env::var_os(UPDATE).is_some_and(|value| value == "1")
}

impl Changed {
    pub(super) fn write(&self) -> Result<()> {
        std::fs::write(&self.path, &self.after).map_err(|error| io_error(&self.path, error))
    }

    /// The path, and a unified diff of the file and the current output.
    pub(super) fn difference(&self) -> String {
        let lines = TextDiff::from_lines(&self.before, &self.after);
        format!("{}\n{}", self.path.display(), lines.unified_diff().context_radius(CONTEXT_LINES))
    }
}
