//! Templates from files and from S3.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::feature::NotBuilt;
use crate::blob::{self, Blob, Fetched, Revision, Source};
use crate::codec::text;
use crate::template::{self, Template};

/// An error of reading or compiling a template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It cannot be read.
    #[error(transparent)]
    Blob(#[from] blob::Error),
    /// Its source reports it as unchanged, although it was never read: a bug.
    #[error("the template's source reports it as unchanged, but it was never read")]
    NotRead,
    /// It is not UTF-8.
    #[error("{name}: {error}")]
    Text {
        /// The template's name.
        name: String,
        /// The error.
        error: text::Error,
    },
    /// It cannot be compiled.
    #[error(transparent)]
    Template(#[from] template::Error),
    /// The tokio runtime of calls to AWS cannot be started.
    #[error(transparent)]
    Runtime(#[from] std::io::Error),
    /// It is on S3, and the build has no AWS client.
    #[error(transparent)]
    NotBuilt(#[from] NotBuilt),
}

/// Opens a bucket by its name.
type Open = dyn Fn(&str) -> Result<Box<dyn Source>, TemplateError> + Send;

/// Reads templates, and knows what it has read: an unchanged one is neither transferred nor compiled again.
pub struct TemplateReader {
    open: Box<Open>,
    buckets: BTreeMap<String, Box<dyn Source>>,
    known: BTreeMap<PathBuf, Revision>,
}

impl TemplateReader {
    /// A reader of files, and of buckets that `open` opens.
    pub fn new(open: impl Fn(&str) -> Result<Box<dyn Source>, TemplateError> + Send + 'static) -> Self {
        Self { open: Box::new(open), buckets: BTreeMap::new(), known: BTreeMap::new() }
    }

    /// Reads and compiles a template: `s3://BUCKET/KEY`, or a path. `None` if it is what was read before.
    pub(super) fn read(&mut self, path: &Path) -> Result<Option<Template>, TemplateError> {
        let name = path.display().to_string();
        let known = self.known.get(path);
        let fetched = match name.strip_prefix(S3).and_then(|rest| rest.split_once('/')) {
            None => {
                // Any path is allowed, so the source is the directory of the template.
                let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let file = path.file_name().map(|file| file.to_string_lossy()).unwrap_or_default();
                blob::Files::new(directory).fetch(&file, known)?
            }
            Some((bucket, key)) => {
                if !self.buckets.contains_key(bucket) {
                    self.buckets.insert(bucket.to_owned(), (self.open)(bucket)?);
                }
                let source = self.buckets.get(bucket).ok_or(TemplateError::NotRead)?;
                source.fetch(key, known)?
            }
        };
        let Fetched::Current(Blob { bytes, revision }) = fetched else { return Ok(None) };
        self.known.insert(path.to_owned(), revision);
        match text::decode(&bytes) {
            Ok(source) => Ok(Some(Template::compile(&name, source)?)),
            Err(error) => Err(TemplateError::Text { name, error }),
        }
    }

    /// Reads a template anew also if it is unchanged.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }
}

impl Default for TemplateReader {
    /// A reader of files and of Amazon's buckets.
    fn default() -> Self {
        Self::new(open)
    }
}

impl fmt::Debug for TemplateReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateReader")
            .field("buckets", &self.buckets)
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

/// The beginning of the address of a template in S3.
pub(super) const S3: &str = "s3://";

/// True for a template in S3.
pub(super) fn is_remote(path: &Path) -> bool {
    path.to_string_lossy().starts_with(S3)
}

/// Reads and compiles a template for the first time.
pub(super) fn read(path: &Path) -> Result<Template, TemplateError> {
    TemplateReader::default().read(path)?.ok_or(TemplateError::NotRead)
}

/// A bucket of S3.
#[cfg(feature = "aws")]
fn open(bucket: &str) -> Result<Box<dyn Source>, TemplateError> {
    Ok(Box::new(super::aws::Bucket::open(bucket)?))
}

/// [`NotBuilt`].
#[cfg(not(feature = "aws"))]
fn open(_bucket: &str) -> Result<Box<dyn Source>, TemplateError> {
    Err(NotBuilt { part: "AWS client", feature: "aws" }.into())
}
