//! Secrets and templates from AWS. A build without the feature `aws` has no AWS client.

use std::sync::{Arc, OnceLock};

use tokio::runtime::{Handle, Runtime};

use crate::aws::{self, S3, SecretsManager};
use crate::blob::{self, Fetched, Revision};
use crate::secret::{self, Secret, SecretRef, Source};

/// The source of `${aws-sm:..}`, whose calls run on `handle`.
pub(super) fn secrets(handle: &Handle) -> Arc<dyn Source> {
    Arc::new(Aws { handle: handle.clone(), client: OnceLock::new() })
}

/// A bucket with the runtime of its calls.
#[derive(Debug)]
pub(super) struct Bucket {
    objects: S3,
    /// The calls end with it.
    _runtime: Runtime,
}

impl Bucket {
    /// Sends no request yet. Do not call it, nor the source's methods, on a thread of a tokio runtime.
    pub(super) fn open(name: &str) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let objects = S3::new(&aws::load(runtime.handle()), name, runtime.handle().clone());
        Ok(Self { objects, _runtime: runtime })
    }
}

impl blob::Source for Bucket {
    fn fetch(&self, name: &str, known: Option<&Revision>) -> blob::Result<Fetched> {
        self.objects.fetch(name, known)
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
