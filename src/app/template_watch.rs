//! Takes changed templates over, and keeps the former ones of those that cannot be used. Errors are logged here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::TopologyFile;
use super::template::{self, TemplateError, TemplateReader};
use crate::blob;
use crate::model::ErrorClass;
use crate::template::Template;

/// The templates that are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Templates {
    /// Those in local files that have changed: a poll.
    Local,
    /// Those in S3 that have changed, too: a rarer poll.
    Changed,
    /// All, and a refused one is logged again: an operator's request.
    All,
}

/// The topology files of the running applications, by path.
pub(super) type Files = BTreeMap<PathBuf, TopologyFile>;

/// What is known of templates, so that a poll tells it once.
#[derive(Debug, Default)]
pub(super) struct TemplateWatch {
    reader: TemplateReader,
    /// The templates that cannot be used, by topology file and path, with the reason.
    refused: BTreeMap<(PathBuf, PathBuf), String>,
    /// The templates that could not be read the last time.
    unreachable: BTreeSet<PathBuf>,
}

impl TemplateWatch {
    /// Reads with this reader.
    pub(super) fn new(reader: TemplateReader) -> Self {
        Self { reader, ..Self::default() }
    }

    /// Reads templates again, each once, and hands them to the files that use them. Returns the names of those that have changed.
    pub(super) fn look(&mut self, files: &Files, which: Templates) -> Vec<String> {
        if which == Templates::All {
            self.refused.clear();
            self.unreachable.clear();
            self.reader.forget();
        }
        let mut changed = BTreeSet::new();
        let paths: BTreeSet<&Path> = files.values().flat_map(TopologyFile::templates).map(|(path, _)| path).collect();
        for path in paths.into_iter().filter(|path| which != Templates::Local || !template::is_remote(path)) {
            match self.reader.read(path) {
                Ok(None) => self.reach(path),
                Ok(Some(read)) => {
                    self.reach(path);
                    for (topology, file, current) in users(files, path) {
                        match take_over((path, file), &read, current) {
                            Ok(is_new) => {
                                self.refused.remove(&(topology.to_owned(), path.to_owned()));
                                changed.extend(is_new.then(|| current.name().to_owned()));
                            }
                            Err(error) => self.refuse((topology, path), current, &error.to_string()),
                        }
                    }
                }
                Err(TemplateError::Blob(error)) if error.class() == ErrorClass::Retry => self.miss(path, &error),
                Err(error) => {
                    for (topology, _, current) in users(files, path) {
                        self.refuse((topology, path), current, &error.to_string());
                    }
                }
            }
        }
        changed.into_iter().collect()
    }

    /// The number of templates that could not be used or read the last time.
    pub(super) fn failed(&self) -> usize {
        let refused = self.refused.keys().map(|(_, path)| path.as_path());
        refused.chain(self.unreachable.iter().map(PathBuf::as_path)).collect::<BTreeSet<_>>().len()
    }

    /// Logs a template that is refused, once for each reason.
    fn refuse(&mut self, (topology, path): (&Path, &Path), current: &Template, reason: &str) {
        let former = self.refused.insert((topology.to_owned(), path.to_owned()), reason.to_owned());
        if former.as_deref() != Some(reason) {
            tracing::error!(
                template = %path.display(), revision = current.revision(), error = reason,
                "the template is refused and the former revision stays in use: mend it, and check it with `sheaf validate`"
            );
        }
    }

    /// Logs a template that can be read again.
    fn reach(&mut self, path: &Path) {
        if self.unreachable.remove(path) {
            tracing::info!(template = %path.display(), "the template can be read again");
        }
    }

    /// Logs a template that cannot be read at present, once; the error may say something else each time.
    fn miss(&mut self, path: &Path, error: &blob::Error) {
        if self.unreachable.insert(path.to_owned()) {
            tracing::warn!(
                template = %path.display(), %error,
                "the template cannot be read, and the last revision that was read stays in use"
            );
        }
    }
}

/// The topology files that use the template at a path, and what they have of it.
fn users<'a>(files: &'a Files, path: &'a Path) -> impl Iterator<Item = (&'a Path, &'a TopologyFile, &'a Template)> {
    files.iter().flat_map(move |(topology, file)| {
        let used = file.templates().filter(move |(other, _)| *other == path);
        used.map(move |(_, current)| (topology.as_path(), file, current))
    })
}

/// Checks a template that was read, and replaces the current one; false if it is the same.
fn take_over(
    (path, file): (&Path, &TopologyFile),
    read: &Template,
    current: &Template,
) -> Result<bool, super::error::Error> {
    let former = current.revision();
    if read.revision() == former {
        return Ok(false);
    }
    let warnings = file.check_template(path, read)?.len();
    if warnings > 0 {
        tracing::info!(
            template = read.name(),
            warnings,
            "some bundles may fail with the template: `sheaf validate` tells which"
        );
    }
    let is_new = current.replace(read);
    let (template, revision) = (current.name(), current.revision());
    tracing::info!(template, revision, former, "template changed: new submissions use it");
    Ok(is_new)
}
