//! The credential of the requests, which may be replaced while they run, and the session of a login.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::sync::{Mutex, MutexGuard};

use super::settings::{Credential, CredentialSource, Error};
use crate::secret::Secret;

/// The age from which a session is renewed: its lifetime is documented nowhere, and others assume half an hour.
pub(super) const SESSION_AGE_MAX: Duration = Duration::from_mins(25);

/// The current credential and session.
#[derive(Debug)]
pub(super) struct Authorization {
    held: RwLock<Held>,
    source: Option<Arc<dyn CredentialSource>>,
    session: Mutex<Option<Session>>,
}

/// A credential as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// The value of `x-api-key`.
    ApiKey(HeaderValue),
    /// The user and the password of a login.
    Login(Secret, Secret),
}

/// An open session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// The value of `Authorization`.
    pub(super) header: HeaderValue,
    /// The time of its renewal, on the uptime clock.
    pub(super) renew_at: Duration,
}

impl Authorization {
    pub(super) fn new(credential: &Credential, source: Option<Arc<dyn CredentialSource>>) -> Result<Self, Error> {
        Ok(Self { held: RwLock::new(held(credential)?), source, session: Mutex::new(None) })
    }

    /// The credential for a request that starts now.
    pub(super) fn held(&self) -> Held {
        // A poisoned lock is usable: the value is replaced as a whole.
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The session; one login at a time, as it is locked meanwhile.
    pub(super) async fn session(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().await
    }

    /// Ends a session that the server does not accept any more. A newer one stays.
    pub(super) async fn expire(&self, header: &HeaderValue) {
        let mut session = self.session.lock().await;
        if session.as_ref().is_some_and(|open| open.header == *header) {
            *session = None;
        }
    }

    /// Replaces the credential for later requests; false if it is the same.
    pub(super) fn set(&self, credential: &Credential) -> Result<bool, Error> {
        let new = held(credential)?;
        let mut current = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = *current != new;
        *current = new;
        drop(current);
        if is_new && let Ok(mut session) = self.session.try_lock() {
            *session = None;
        }
        Ok(is_new)
    }

    /// Reads the credential from its source again; true if it has changed, or why it cannot be read.
    pub(super) async fn read_again(&self) -> Result<bool, String> {
        let Some(source) = self.source.clone() else { return Ok(false) };
        // A source may wait for AWS.
        let read = tokio::task::spawn_blocking(move || source.read()).await;
        let credential = read.map_err(|error| error.to_string())??;
        self.set(&credential).map_err(|error| error.to_string())
    }
}

fn held(credential: &Credential) -> Result<Held, Error> {
    match credential {
        Credential::ApiKey(key) => header(key.expose()).map(Held::ApiKey),
        Credential::Login { username, password } => Ok(Held::Login(username.clone(), password.clone())),
    }
}

/// A header's value that is not printed.
pub(super) fn header(text: &str) -> Result<HeaderValue, Error> {
    let mut header = HeaderValue::from_str(text).ok().ok_or(Error::ApiKey)?;
    header.set_sensitive(true);
    Ok(header)
}
