//! The secrets of a configuration's references.

use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;

use super::error::{Error, Result};
use crate::aws::{self, SecretsManager};
use crate::config::Reference;
use crate::secret::{self, Secret, SecretRef, Source, Sources};

/// Resolves references to secrets.
#[derive(Debug)]
pub struct Secrets(Sources);

impl Secrets {
    /// Reads the environment, files, and AWS Secrets Manager, whose calls run on `handle`.
    pub fn new(handle: &Handle) -> Self {
        let aws = Aws { handle: handle.clone(), client: OnceLock::new() };
        Self(Sources::new().with_aws(Arc::new(aws)))
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

/// Secrets Manager. Its client loads credentials when it is created, so it is created for the first secret.
#[derive(Debug)]
struct Aws {
    handle: Handle,
    client: OnceLock<SecretsManager>,
}

impl Source for Aws {
    fn fetch(&self, reference: &SecretRef) -> secret::Result<Secret> {
        let client = || SecretsManager::new(&aws::load(&self.handle), self.handle.clone());
        self.client.get_or_init(client).fetch(reference)
    }
}
