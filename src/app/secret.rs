//! The secrets of a configuration's references.

use tokio::runtime::Handle;

use super::error::{Error, Result};
use crate::config::Reference;
use crate::secret::{self, Secret, SecretRef, Source as _, Sources};

/// Resolves references to secrets.
#[derive(Debug)]
pub struct Secrets(Sources);

impl Secrets {
    /// Reads the environment, files, and AWS Secrets Manager, whose calls run on `handle`.
    pub fn new(handle: &Handle) -> Self {
        #[cfg(feature = "aws")]
        return Self(Sources::new().with_aws(super::aws::secrets(handle)));
        #[cfg(not(feature = "aws"))]
        {
            let _: &Handle = handle; // for calls to AWS only
            Self(Sources::new())
        }
    }

    /// The secret of a reference, or the literal text; `setting` is named in errors. Blocks: do not call it on a thread of a tokio
    /// runtime.
    pub fn resolve(&self, setting: &str, reference: &Reference) -> Result<Secret> {
        let failed = |error: secret::Error| Error::Secret { setting: setting.to_owned(), error };
        match SecretRef::parse(reference.as_str()).map_err(failed)? {
            None => Ok(Secret::new(reference.as_str().to_owned())),
            Some(named) => self.0.fetch(&named).map_err(failed),
        }
    }
}

impl Secrets {
    /// The secret of a reference that no setting names.
    pub(super) fn fetch(&self, reference: &SecretRef) -> secret::Result<Secret> {
        self.0.fetch(reference)
    }
}
