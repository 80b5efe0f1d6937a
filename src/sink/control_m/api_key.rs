//! The API key of the requests, which may be replaced while they run.

use std::sync::{PoisonError, RwLock};

use reqwest::header::HeaderValue;

use super::settings::Error;
use crate::secret::Secret;

/// The current key, as the value of a header.
#[derive(Debug)]
pub(super) struct ApiKey(RwLock<HeaderValue>);

impl ApiKey {
    pub(super) fn new(key: &Secret) -> Result<Self, Error> {
        Ok(Self(RwLock::new(header(key)?)))
    }

    /// The key for a request that starts now.
    pub(super) fn get(&self) -> HeaderValue {
        // A poisoned lock is usable: the value is replaced as a whole.
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the key for later requests; false if it is the same.
    pub(super) fn set(&self, key: &Secret) -> Result<bool, Error> {
        let header = header(key)?;
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = *current != header;
        *current = header;
        Ok(is_new)
    }
}

fn header(key: &Secret) -> Result<HeaderValue, Error> {
    let mut header = HeaderValue::from_str(key.expose()).ok().ok_or(Error::ApiKey)?;
    header.set_sensitive(true);
    Ok(header)
}
