//! What the pages share.

use std::sync::Arc;

use axum::http::HeaderMap;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::api::Api;
use super::samples::Samples;
use super::session::Session;
use super::view::Views;

/// The most pages that are told of changes at a time; another one shows what it showed when it was opened.
const PAGES_MAX: usize = 32;

/// What the pages share.
#[derive(Clone, Debug)]
pub(super) struct Console {
    pub(super) api: Api,
    pub(super) views: Arc<Views>,
    pub(super) samples: Arc<Samples>,
    /// The places for pages that are told of changes.
    pub(super) pages: Arc<Semaphore>,
    /// True if connections are encrypted.
    is_encrypted: bool,
}

impl Console {
    /// `open` is the API without authentication, for the numbers of the overview. Call it in a tokio runtime.
    pub(super) fn new(api: Api, open: Api, is_encrypted: bool) -> Self {
        let pages = Arc::new(Semaphore::new(PAGES_MAX));
        Self { api, views: Arc::new(Views::new()), samples: Samples::start(open), pages, is_encrypted }
    }

    /// The visitor with these headers.
    pub(super) fn session(&self, headers: &HeaderMap) -> Session {
        Session::of(headers, self.is_encrypted)
    }

    /// The id of a command, the same for every time that a form is sent.
    pub(super) fn command_id() -> String {
        let mut bytes = [0; 16];
        // Without chance from the operating system the API gives the command an id.
        match getrandom::fill(&mut bytes) {
            Ok(()) => uuid::Builder::from_random_bytes(bytes).into_uuid().to_string(),
            Err(_) => Uuid::nil().to_string(),
        }
    }
}
