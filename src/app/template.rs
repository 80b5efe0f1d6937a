//! Templates from files and from S3.

use std::path::Path;

use super::feature::NotBuilt;
use crate::blob::{self, Fetched, Source as _};
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

/// True for a template in S3.
pub(super) fn is_remote(path: &Path) -> bool {
    path.to_string_lossy().starts_with("s3://")
}

/// Reads and compiles a template: `s3://BUCKET/KEY`, or a path.
pub(super) fn read(path: &Path) -> Result<Template, TemplateError> {
    let name = path.display().to_string();
    let fetched = match name.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
        None => {
            // Any path is allowed, so the source is the directory of the template.
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let file = path.file_name().map(|file| file.to_string_lossy()).unwrap_or_default();
            blob::Files::new(directory).fetch(&file, None)?
        }
        Some((bucket, key)) => object(bucket, key)?,
    };
    let Fetched::Current(blob) = fetched else { return Err(TemplateError::NotRead) };
    match text::decode(&blob.bytes) {
        Ok(source) => Ok(Template::compile(&name, source)?),
        Err(error) => Err(TemplateError::Text { name, error }),
    }
}

/// An object of S3.
#[cfg(feature = "aws")]
fn object(bucket: &str, key: &str) -> Result<Fetched, TemplateError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    Ok(super::aws::object(runtime.handle(), bucket, key)?)
}

/// [`NotBuilt`].
#[cfg(not(feature = "aws"))]
fn object(_bucket: &str, _key: &str) -> Result<Fetched, TemplateError> {
    Err(NotBuilt { part: "AWS client", feature: "aws" }.into())
}
