//! Control-M over its Automation API: submits a folder, or looks up whether it was submitted.
//!
//! ```text
//! act ─▶ decode ─▶ slot ─▶ expiry ─▶ send ─▶ answer ─▶ verdict ─▶ outcome
//!        request   call    call      client  reply     verdict
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `settings` | where the server is and what limits hold |
//! | `request` | a [`Request`](crate::processor::delivery::control_m::Request) as HTTP |
//! | `permit` | the body of a submit, which is given out only while it may be sent |
//! | `client` | sends one HTTP request, at most once, and says how far it got |
//! | `call` | one act from its slot to its verdict |
//! | `verdict` | what an HTTP answer means; the table below |
//! | `look_up` | what the rows of a look-up mean |
//! | `message` | the words of an error body |
//! | `retry_after` | `Retry-After`, in seconds or as a date |
//! | `health` | `GET /config/servers` |
//!
//! # The table
//!
//! Submitting is not idempotent, so the one question of every row is whether it may have been executed.
//!
//! | what happened | verdict | why |
//! |---|---|---|
//! | not a request, not a JSON object, expired, shutting down | not sent | nothing was written |
//! | no DNS, connection refused, TLS failed, connect time-out | not sent | no connection, so nothing was written |
//! | reset, end of file or time-out after that | unknown | it may have arrived |
//! | 200 with a `runId` | accepted | |
//! | 200 that cannot be read | unknown | something was executed by something |
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
//! Four things could send a request a second time, and each is switched off in `client`: redirects, reqwest's own
//! retries, the pool's retry of a request on an idle connection that was just closed, and HTTP/2's retry of refused
//! streams.
//!
//! The expiry is checked after the wait for a slot, and once more when the connection stands and the HTTP client asks
//! for the body to write it (`permit`). What can still be sent late is what was in the client's buffer at the moment of
//! a stop; and an exchange is given up at the latest [`Settings::request_timeout`] after it was begun, on the clock that
//! runs on. So nothing is executed later than `expires_at + request_timeout`, which is what a new owner waits for before
//! it looks up.

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

/// A [`Sink`] that executes acts at Control-M.
#[derive(Debug)]
pub struct ControlM {
    caller: Arc<Caller>,
    handle: Handle,
}

impl ControlM {
    /// A sink that runs on `handle`. Nothing is sent yet; [`ControlM::health`] asks whether the server is there.
    pub fn new(settings: &Settings, handle: Handle, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Ok(Self { caller: Arc::new(Caller::new(settings, clock)?), handle })
    }

    /// The same, with its calls counted and timed.
    pub fn measured(
        settings: &Settings,
        handle: Handle,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Error> {
        Ok(Self { caller: Arc::new(Caller::new(settings, clock)?.measured(metrics)), handle })
    }

    /// Asks the server for its Control-M servers: whether it answers, takes the key, and knows the named ones.
    pub async fn health(&self) -> Result<Vec<Server>, Error> {
        health::ask(self.caller.client()).await
    }

    /// Takes no more acts and waits for those under way, for at most `timeout`; gives how many are still under way.
    /// Those that wait for a slot, and later ones, are not sent. Those still under way when the process ends are found
    /// again as [`Verdict::Inherited`](crate::model::Verdict::Inherited).
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
            // Before the outcome is reported, so that whoever waits for it finds the slot free.
            drop(ticket);
            done(Outcome { slot, attempt, verdict });
        });
    }

    fn capacity(&self, _to: &Target) -> usize {
        self.caller.capacity()
    }
}
