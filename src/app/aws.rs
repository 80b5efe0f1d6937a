//! Secrets and templates from AWS. A build without the feature `aws` has no AWS client.

use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;

use crate::aws::{self, S3, SecretsManager};
use crate::blob::{self, Fetched, Source as _};
use crate::secret::{self, Secret, SecretRef, Source};

/// The source of `${aws-sm:..}`, whose calls run on `handle`.
pub(super) fn secrets(handle: &Handle) -> Arc<dyn Source> {
    Arc::new(Aws { handle: handle.clone(), client: OnceLock::new() })
}

/// The object under a key of a bucket. Blocks on `handle`.
pub(super) fn object(handle: &Handle, bucket: &str, key: &str) -> blob::Result<Fetched> {
    S3::new(&aws::load(handle), bucket, handle.clone()).fetch(key, None)
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
