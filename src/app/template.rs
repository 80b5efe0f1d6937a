//! A template, from a file or from S3.

use std::path::Path;
use std::str::Utf8Error;

use crate::aws::{self, S3};
use crate::blob::{self, Fetched, Source as _};
use crate::template::{self, Template};

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It cannot be read.
    #[error(transparent)]
    Blob(#[from] blob::Error),
    /// Its source says that it has not changed, although it was not read before.
    #[error("the template was not read")]
    NotRead,
    /// It is no text.
    #[error(transparent)]
    Text(#[from] Utf8Error),
    /// It has a mistake.
    #[error(transparent)]
    Template(#[from] template::Error),
    /// The runtime of calls to AWS cannot be started.
    #[error(transparent)]
    Runtime(#[from] std::io::Error),
}

/// Reads and compiles a template: `s3://BUCKET/KEY`, or a path.
pub(super) fn read(path: &Path) -> Result<Template, TemplateError> {
    let named = path.display().to_string();
    let fetched = match named.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
        None => {
            // The operator may name any path, so the template's own directory is the source.
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            blob::Files::new(directory).fetch(&name, None)?
        }
        Some((bucket, key)) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            S3::new(&aws::load(runtime.handle()), bucket, runtime.handle().clone()).fetch(key, None)?
        }
    };
    let Fetched::Current(blob) = fetched else { return Err(TemplateError::NotRead) };
    Ok(Template::compile(&named, std::str::from_utf8(&blob.bytes)?)?)
}
