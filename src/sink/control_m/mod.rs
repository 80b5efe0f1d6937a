//! Control-M's Automation API: submits a folder, or looks up if it was submitted.
//!
//! ```text
//! act ─▶ decode ─▶ slot ─▶ expiry ─▶ send ─▶ answer ─▶ verdict ─▶ outcome
//!        request   call    call      client  reply     verdict
//! ```
//!
//! | file | content |
//! |---|---|
//! | `api_key` | the key, which may be replaced |
//! | `settings` | address, key, time-outs and limits |
//! | `request` | a [`Request`](crate::processor::delivery::control_m::Request) as HTTP |
//! | `permit` | the body of a submit, which is held back after its expiry |
//! | `client` | sends one HTTP request, at most once, and returns how far it got |
//! | `call` | one act from its slot to its verdict |
//! | `verdict` | the verdict of an HTTP response; the table below |
//! | `look_up` | evaluates the rows of a look-up |
//! | `message` | the message in an error body |
//! | `retry_after` | `Retry-After`, in seconds or as a date |
//! | `health` | `GET /config/servers` |
//!
//! # The table
//!
//! Submitting is not idempotent, so each verdict depends on whether it may have been executed.
//!
//! | what happened | verdict | why |
//! |---|---|---|
//! | not a request, not a JSON object, expired, shutting down | not sent | nothing was written |
//! | no DNS, connection refused, TLS failed, connect time-out | not sent | no connection, so nothing was written |
//! | reset, end of file or time-out after that | unknown | it may have arrived |
//! | 200 with a `runId` | accepted | |
//! | 200 without a `runId`, or unreadable | unknown | it was probably executed |
//! | 400, 403, 404, 413, 422 | refused | it was read and will not be taken |
//! | 401, 429, 503 with an error list of Control-M's own | busy | it was not executed and may be later |
//! | 500, 502, 503, 504, everything else | unknown | a proxy may answer for a server that executed it |
//! | look-up: 200 or 206 with a row of that folder | found | |
//! | look-up: 200 without one | absent | |
//! | look-up: 206 without one, or unreadable | unknown | "absent" would submit again |
//!
//! 401 is busy and not refused: while a key is being rotated every submit meets it, and refusing would send every
//! bundle of that hour to the dead letters. It comes back after [`Settings::unauthorized_retry`].
//!
//! # At most once
//!
//! Four mechanisms could send a request twice, and `client` switches each off: redirects, reqwest's own retries, the
//! pool's retry of a request on an idle connection that was just closed, and HTTP/2's retry of refused streams.
//!
//! The expiry is checked after the wait for a slot, and again when the connection is established and the HTTP client
//! requests the body (`permit`). Only the contents of the client's buffer at a stop of the process can be sent later;
//! and an exchange ends at the latest [`Settings::request_timeout`] after its start, on the clock that includes stops.
//! So nothing is executed later than `expires_at + request_timeout`, for which a new owner waits before it looks up.

mod api_key;
mod call;
mod client;
mod health;
mod look_up;
mod message;
mod permit;
mod request;
mod retry_after;
mod settings;
mod verdict;

pub use health::Server;
pub use settings::{Error, Settings};

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use call::Caller;

use crate::metric::Metrics;
use crate::model::{Act, Clock, Completion, Key, Outcome, Sink, Target, TaskId};
use crate::secret::Secret;

/// The [`Sink`] of Control-M.
#[derive(Debug)]
pub struct ControlM {
    caller: Arc<Caller>,
    handle: Handle,
}

impl ControlM {
    /// A sink that runs on `handle`. No request is sent yet; [`ControlM::health`] checks the server.
    pub fn new(settings: &Settings, handle: Handle, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Ok(Self { caller: Arc::new(Caller::new(settings, clock)?), handle })
    }

    /// A sink whose calls are counted and timed.
    pub fn measured(
        settings: &Settings,
        handle: Handle,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Error> {
        Ok(Self { caller: Arc::new(Caller::new(settings, clock)?.measured(metrics)), handle })
    }

    /// Requests the list of Control-M servers: checks that the API responds and accepts the key.
    pub async fn health(&self) -> Result<Vec<Server>, Error> {
        health::ask(self.caller.client()).await
    }

    /// Replaces the API key for requests that start from now on; false if it is the same.
    pub fn set_api_key(&self, key: &Secret) -> Result<bool, Error> {
        self.caller.client().api_key.set(key)
    }

    /// Stops accepting acts and waits for those in flight, for at most `timeout`; returns the number of those left.
    /// Acts that wait for a slot, and later ones, are not sent. Those left when the process ends are resolved as
    /// [`Verdict::Inherited`](crate::model::Verdict::Inherited).
    pub async fn drain(&self, timeout: Duration) -> usize {
        self.caller.drain(timeout).await
    }
}

impl Sink for ControlM {
    fn execute(&self, task: &TaskId, key: &Key, act: Act, expires_at: Duration, done: Completion) {
        let (task, key, caller) = (task.clone(), key.clone(), Arc::clone(&self.caller));
        let ticket = caller.enter();
        self.handle.spawn(async move {
            let (slot, attempt) = (act.slot, act.attempt);
            let verdict = caller.execute(&act.request, expires_at).await;
            tracing::debug!(sheaf.task = %task, sheaf.bundle = %key, attempt, ?verdict, "act ended");
            // Before the outcome is reported, so that its receiver finds the slot free.
            drop(ticket);
            done(Outcome { slot, attempt, verdict });
        });
    }

    fn capacity(&self, _to: &Target) -> usize {
        self.caller.capacity()
    }
}
