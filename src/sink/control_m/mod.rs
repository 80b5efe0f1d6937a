//! Control-M's Automation API: submits a folder, or looks up if it was submitted.
//!
//! ```text
//! act ─▶ decode ─▶ slot ─▶ expiry ─▶ send ─▶ answer ─▶ verdict ─▶ outcome
//!        request   call    call      client  reply     verdict
//! ```
//!
//! | file | content |
//! |---|---|
//! | `authorization` | the key or the session, which may be replaced |
//! | `settings` | address, key, time-outs and limits |
//! | `request` | a [`Request`](crate::processor::delivery::control_m::Request) as HTTP |
//! | `client` | sends one HTTP request, at most once, and returns how far it got |
//! | `call` | one act from its slot to its verdict |
//! | `verdict` | the verdict of an HTTP response; the table below |
//! | `event` | the answer to an event that is added |
//! | `job_list` | a list of jobs, and whether it is complete |
//! | `look_up` | evaluates the rows of a look-up |
//! | `message` | the message in an error body |
//! | `refusal` | refusals of everybody, with their remedies |
//! | `check` | a check of address, certificate and credential |
//! | `report` | log lines about failed calls |
//! | `exchange`, `http`, `tls` | how far a request got; the HTTP client; the certificates of `ca_bundle` |
//! | `health` | `GET /config/servers` |
//! | `runs` | questions about the runs of folders, and reruns |
//!
//! # The table
//!
//! Submitting is not idempotent, so each verdict depends on whether it may have been executed.
//!
//! | what happened | verdict | why |
//! |---|---|---|
//! | not a request, not a JSON object, expired, shutting down | not sent | nothing was written |
//! | no DNS, connection refused, TLS failed, connect time-out | everybody, or not sent | no connection, so nothing was written |
//! | reset, end of file or time-out after that | unknown | it may have arrived |
//! | 200 with a `runId` | accepted | |
//! | 200 without a `runId`, or unreadable | unknown | it was probably executed |
//! | 400, 413, 422; 403, 404 with an error list that names the definition | refused | it was read and will not be taken |
//! | 401, 407, other 403 and 404 | everybody, or else refused (error list) or busy | it was not executed |
//! | 429, 503 with an error list of Control-M's own | busy | it was not executed and may be later |
//! | 500, 502, 503, 504, everything else | unknown | a proxy may answer for a server that executed it |
//! | look-up: 200 or 206 with a row of that folder | found | |
//! | look-up: 200 without one | absent | |
//! | event: 200, or an error list of one that exists already | added | |
//! | event: 500 with another error list | busy | |
//! | look-up: 206 without one, or unreadable | unknown | "absent" would submit again |
//!
//! # Everybody is refused
//!
//! What is no answer to one definition may meet everybody: an expired key, a gateway without its server, a wrong address. A *check*
//! tells: a submit without a definition, which can submit nothing, is refused for that where submits are taken. If the check is
//! refused as the call was, the sink is *suspended*: it has no capacity, so no further acts are decided, and those that wait get
//! a verdict that counts for nothing. It probes with one check at a time, at an interval from [`pause`](crate::sink::BreakerLimits) to
//! `pause_max`, and goes on when one is well. A refused credential is read from its source again before each
//! probe. If the check is well, the refusal was about the call. Failures in a row (429, 5xx, lost answers) suspend it too, until
//! a check is well.
//!
//! # At most once
//!
//! Four mechanisms could send a request twice, and `client` switches each off: redirects, reqwest's own retries, the
//! pool's retry of a request on an idle connection that was just closed, and HTTP/2's retry of refused streams.
//!
//! The expiry is checked after the wait for a slot, and again when the connection is established and the HTTP client
//! requests the body (`sink/http/permit`). Only the contents of the client's buffer at a stop of the process can be sent later;
//! and an exchange ends at the latest [`Settings::request_timeout`] after its start, on the clock that includes stops.
//! So nothing is executed later than `expires_at + request_timeout`, for which a new owner waits before it looks up.

mod authorization;
mod call;
mod check;
mod client;
mod event;
mod exchange;
mod health;
mod http;
mod job_list;
mod look_up;
mod message;
mod refusal;
mod report;
mod request;
mod runs;
mod settings;
#[cfg(feature = "tls")]
mod tls;
mod verdict;

pub use health::Server;
pub use runs::Runs;
pub use settings::{Annotation, Credential, CredentialSource, Error, Settings};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use call::Caller;

use crate::metric::Metrics;
use crate::model::{Clock, Completion, Execution, Outcome, Sink, Target};
use crate::processor::delivery::control_m::{CONTROL_M, Mode};
use crate::sink::http::within;

/// The [`Sink`] of Control-M.
#[derive(Debug)]
pub struct ControlM {
    caller: Arc<Caller>,
    handle: Handle,
}

impl ControlM {
    /// A sink that runs on `handle`. No request is sent yet; [`ControlM::health`] checks the server.
    pub fn new(settings: &Settings, handle: Handle, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Ok(Self { caller: Arc::new(Caller::new(settings, clock, None)?), handle })
    }

    /// A sink whose calls are counted and timed.
    pub fn measured(
        settings: &Settings,
        handle: Handle,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Error> {
        Ok(Self { caller: Arc::new(Caller::new(settings, clock, Some(metrics))?), handle })
    }

    /// The sink of questions about the runs of what this one submits, with the same client.
    pub fn runs(&self) -> Runs {
        Runs::new(Arc::clone(&self.caller), self.handle.clone())
    }

    /// Requests the list of Control-M servers: checks that the API responds and accepts the key.
    pub async fn health(&self) -> Result<Vec<Server>, Error> {
        health::ask(self.caller.client()).await
    }

    /// Checks address, certificate and credential in the background, by a submit of this mode, and logs the result in one line
    /// with the remedy. While everybody is refused the sink is suspended.
    pub fn check_at_start(&self, mode: Mode) {
        let caller = Arc::clone(&self.caller);
        self.handle.spawn(async move { caller.check_at_start(mode).await });
    }

    /// Replaces the credential for requests that start from now on; false if it is the same.
    pub fn set_credential(&self, credential: &Credential) -> Result<bool, Error> {
        self.caller.client().authorization.set(credential)
    }

    /// Ends the session of a login, when no further calls will be made.
    pub async fn log_out(&self) {
        self.caller.client().log_out().await;
    }

    /// Stops accepting acts and waits for those in flight, for at most `timeout`; returns the number of those left.
    /// Acts that wait for a slot, and later ones, are not sent. Those left when the process ends are resolved as
    /// [`Verdict::Inherited`](crate::model::Verdict::Inherited).
    pub async fn drain(&self, timeout: Duration) -> usize {
        self.caller.limiter().drain(timeout).await
    }
}

impl Sink for ControlM {
    fn execute(&self, execution: Execution, done: Completion) {
        let Execution { task, key, act, expires_at, trace } = execution;
        let caller = Arc::clone(&self.caller);
        let ticket = caller.limiter().enter();
        self.handle.spawn(async move {
            let (slot, attempt) = (act.slot, act.attempt);
            let verdict = within(trace, caller.execute((&key, &ticket), &act.request, expires_at)).await;
            tracing::debug!(sheaf.task = %task, sheaf.bundle = %key, attempt, ?verdict, "act ended");
            // Before the outcome is reported, so that its receiver finds the slot free.
            drop(ticket);
            done(Outcome { slot, attempt, verdict });
        });
    }

    fn capacity(&self, _to: &Target) -> usize {
        self.caller.limiter().capacity()
    }

    fn suspensions(&self) -> BTreeMap<Target, String> {
        let obstacle = self.caller.limiter().obstacle();
        obstacle.map(|text| (Target::new(CONTROL_M), text)).into_iter().collect()
    }
}
