//! Webhooks: requests with a JSON object to one URL, or below it, with a key by which the receiver recognizes a repetition.
//!
//! | file | content |
//! |---|---|
//! | `settings` | address, time-out and limits |
//! | `client` | sends one request |
//! | `verdict` | the verdict of a response |
//!
//! What follows is the verdict of a message to people. Deliveries judge the response themselves: to them it is told as it is.
//!
//! | what happened | verdict |
//! |---|---|
//! | expired, no connection, DNS or TLS failed | not sent |
//! | reset, end of file or time-out after that | unknown |
//! | 2xx | executed |
//! | 408, 425, 429, 503 with `Retry-After` | busy, for as long as the receiver says |
//! | other 4xx; 3xx, as redirects are not followed | refused |
//! | other 5xx | unknown: it may have been executed |
//!
//! The URL, the headers and the added member may be secrets: they are in no request of an act, no log line and no error.

mod client;
mod settings;
mod verdict;

pub use settings::{Error, Settings};

use std::collections::BTreeMap;
use std::sync::Arc;

use client::Client;

use super::attempts::{Attempts, Calls, Naming};
use crate::model::{Completion, Execution, Sink, Target, Verdict};
use crate::processor::call::Request;

/// The [`Sink`] of one webhook.
#[derive(Debug)]
pub struct Webhook {
    client: Arc<Client>,
    attempts: Arc<Attempts>,
}

impl Webhook {
    /// A sink whose calls are counted and timed. No request is sent yet.
    pub fn new(settings: &Settings, calls: Calls) -> Result<Self, Error> {
        let naming = Naming { name: &settings.name, operation: "webhook", reason: verdict::reason };
        let attempts = Attempts::new(naming, settings.limits, calls);
        let client = Client::new(settings, Arc::clone(attempts.clock()))?;
        Ok(Self { client: Arc::new(client), attempts })
    }

    /// Checks settings as [`Webhook::new`] does.
    pub fn check(settings: &Settings) -> Result<(), Error> {
        client::check(settings)
    }
}

impl Sink for Webhook {
    fn execute(&self, execution: Execution, done: Completion) {
        let (client, expires_at) = (Arc::clone(&self.client), execution.expires_at);
        let send = move |request| async move {
            match request {
                Request::Webhook(request) => client.send(&request).await,
                Request::Http(request) => client.send_http(request, expires_at).await,
                Request::Mail(_) => (Verdict::NotSent("a webhook sends no mail".to_owned()), None),
            }
        };
        self.attempts.run(execution, send, done);
    }

    fn capacity(&self, _to: &Target) -> usize {
        self.attempts.capacity()
    }

    fn suspensions(&self) -> BTreeMap<Target, String> {
        self.attempts.obstacles()
    }
}
