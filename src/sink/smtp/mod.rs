//! Mails over SMTP.
//!
//! | file | content |
//! |---|---|
//! | `settings` | server, login, sender and receivers |
//! | `mail` | a mail from its request |
//! | `client` | sends one mail |
//! | `verdict` | the verdict of the server's answer |
//!
//! | what happened | verdict |
//! |---|---|
//! | 250 to the content | executed |
//! | the login is refused (530, 534, 535, 538); 4xx | busy |
//! | another 5xx | refused |
//! | no connection, no `STARTTLS`, no login that both sides know | not sent |
//! | time-out, anything else | unknown |
//!
//! Each mail has a connection of its own: lettre's pool keeps connections that are dead. An attempt as a whole has a time-out:
//! lettre's own only covers the connection. A repetition has the same `Message-ID`, by which most mailboxes show it once.

mod client;
mod mail;
mod settings;
mod verdict;

pub use settings::{Encryption, Error, Settings};

use std::collections::BTreeMap;
use std::sync::Arc;

use client::Client;

use super::attempts::{Attempts, Calls, Naming};
use crate::model::{Completion, Execution, Sink, Target, Verdict};
use crate::processor::call::Request;

/// The [`Sink`] of one mail server, sender and list of receivers.
#[derive(Debug)]
pub struct Smtp {
    client: Arc<Client>,
    attempts: Arc<Attempts>,
}

impl Smtp {
    /// A sink whose calls are counted and timed. Nothing is connected yet.
    pub fn new(settings: &Settings, calls: Calls) -> Result<Self, Error> {
        let naming = Naming { name: &settings.name, operation: "mail", reason: verdict::reason };
        let attempts = Attempts::new(naming, settings.limits, calls);
        Ok(Self { client: Arc::new(Client::new(settings)?), attempts })
    }

    /// Checks settings as [`Smtp::new`] does.
    pub fn check(settings: &Settings) -> Result<(), Error> {
        Client::new(settings).map(drop)
    }
}

impl Sink for Smtp {
    fn execute(&self, execution: Execution, done: Completion) {
        let client = Arc::clone(&self.client);
        let send = |request| async move {
            match request {
                Request::Mail(mail) => client.send(&mail).await,
                Request::Webhook(_) | Request::Http(_) => {
                    (Verdict::NotSent("a mail server takes no webhooks".to_owned()), None)
                }
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
