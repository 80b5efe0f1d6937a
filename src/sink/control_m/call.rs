//! One act, from its slot to its verdict.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::{Mutex, Semaphore};

use super::check::{self, Checked};
use super::client::Client;
use super::event;
use super::exchange::{Exchange, Reply};
use super::refusal::{self, Refusal};
use super::report::Report;
use super::request::{self, Call};
use super::settings::{Error, Settings};
use super::verdict;
use crate::metric::Metrics;
use crate::model::{Clock, Key, Verdict};
use crate::processor::delivery::control_m::{CONTROL_M, Mode};
use crate::sink::http::permit::Expired;
use crate::sink::limiter::{Failure, Kind, Limiter, Suspension, Ticket, next_pause};

/// The reason of failures in a row.
const FAILING: &str = "failing";
/// All reasons of suspensions.
const REASONS: [&str; 8] = ["unauthorized", "forbidden", "not_found", "dns", "connect", "tls", "proxy", FAILING];

/// Executes acts, a limited number at once.
#[derive(Debug)]
pub(super) struct Caller {
    client: Client,
    clock: Arc<dyn Clock>,
    limiter: Arc<Limiter>,
    /// The zone of the server's times, if it is known.
    time_zone: Option<TimeZone>,
    /// The first and the longest interval between probes.
    probe_intervals: (Duration, Duration),
    /// Held by the one check that is made.
    checking: Mutex<()>,
    /// The mode of the submits of checks, once it is known.
    checked_mode: OnceLock<Mode>,
    report: Report,
    metrics: Option<Arc<Metrics>>,
}

impl Caller {
    /// Its calls are counted and timed if there are metrics.
    pub(super) fn new(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        metrics: Option<Arc<Metrics>>,
    ) -> Result<Self, Error> {
        let (found, most) = (settings.limits.in_flight_max, Semaphore::MAX_PERMITS);
        if found == 0 || found > most {
            return Err(Error::InFlight { found, most });
        }
        let kind = Kind { reasons: &REASONS, has_check: true };
        let mut limiter = Limiter::new(CONTROL_M, settings.limits, kind, Arc::clone(&clock));
        if let Some(metrics) = &metrics {
            limiter.measured(Arc::clone(metrics));
        }
        Ok(Self {
            client: Client::new(settings, Arc::clone(&clock))?,
            clock,
            limiter: Arc::new(limiter),
            time_zone: settings.time_zone.clone(),
            probe_intervals: (settings.limits.breaker.pause, settings.limits.breaker.pause_max),
            checking: Mutex::new(()),
            checked_mode: OnceLock::new(),
            report: Report::default(),
            metrics,
        })
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    pub(super) const fn time_zone(&self) -> Option<&TimeZone> {
        self.time_zone.as_ref()
    }

    pub(super) fn uptime(&self) -> Duration {
        self.clock.uptime()
    }

    /// Makes a request, which is timed under the name of an operation.
    pub(super) async fn measured(&self, operation: &'static str, request: impl Future<Output = Exchange>) -> Exchange {
        let begun = self.clock.uptime();
        let exchange = request.await;
        self.measure(operation, status_of(&exchange), self.clock.uptime().saturating_sub(begun));
        exchange
    }

    /// The limits of the calls.
    pub(super) const fn limiter(&self) -> &Arc<Limiter> {
        &self.limiter
    }

    /// Executes the call of `request` for `key`, unless `expires_at` (on the clock's uptime) has passed before it is sent.
    pub(super) async fn execute(
        self: &Arc<Self>,
        (key, ticket): (&Key, &Ticket),
        request: &str,
        expires_at: Duration,
    ) -> Verdict {
        let call = match Call::decode(request) {
            Ok(call) => call,
            Err(reason) => return Verdict::NotSent(reason),
        };
        let Some(_slot) = self.limiter.slot().await else {
            return Verdict::NotSent("sheaf is stopping".to_owned());
        };
        if let Some(detail) = ticket.refusal() {
            return Verdict::Suspended(detail);
        }
        let (path, folder, operation) = match &call {
            Call::Submit { mode, folder, .. } => (request::path(*mode), folder.clone(), "submit"),
            Call::LookUp { folder, .. } => ("/run/jobs/status", folder.clone(), "look_up"),
            Call::AddEvent { event, .. } => ("/run/event", event.clone(), "add_event"),
        };
        let server = call.server_of_event().to_owned();
        // The wait for a slot may have been long. The last check is in the body (`permit`).
        if self.clock.uptime() >= expires_at {
            return Verdict::NotSent(Expired.to_string());
        }
        let begun = self.clock.uptime();
        let exchange = self.measured(operation, self.client.send(call, expires_at)).await;
        let url = self.client.url(path);
        if let Some(refusal) = refused(&exchange, &url, &folder)
            && let Some(suspension) = self.confirm(refusal, begun).await
        {
            return Verdict::Suspended(suspension.detail);
        }
        self.count(&exchange, &url);
        let verdict = match exchange {
            Exchange::NotSent(failure) => Verdict::NotSent(failure.detail),
            Exchange::NoSession(reply) => Verdict::NotSent(format!("the login was answered with {}", reply.status)),
            Exchange::Lost(reason) => Verdict::Unknown(reason),
            Exchange::Answered(reply) if operation == "submit" => verdict::of_submit(&reply, &url),
            Exchange::Answered(reply) if operation == "add_event" => {
                event::verdict(&self.client, &reply, (&folder, &server), &url).await
            }
            Exchange::Answered(reply) => verdict::of_look_up(&reply, &folder, &url),
        };
        self.note(key, &verdict);
        verdict
    }

    /// Checks whether everybody is refused, as one call was that began at this uptime: then the sink is suspended. A check that
    /// was good since then, or says nothing, leaves the refusal to the call.
    async fn confirm(self: &Arc<Self>, refusal: Refusal, begun: Duration) -> Option<Suspension> {
        let _one_at_a_time = self.checking.lock().await;
        if self.limiter.breaker().suspension().is_none() && !self.limiter.breaker().was_well_since(begun) {
            tracing::debug!(detail = %refusal.detail, "a call was refused; checking if everybody is");
            self.check().await;
        }
        self.limiter.breaker().suspension()
    }

    /// Checks at the start of an instance, before there is a call, that submits of this mode are taken.
    pub(super) async fn check_at_start(self: &Arc<Self>, mode: Mode) {
        self.checked_mode.get_or_init(|| mode);
        let _one_at_a_time = self.checking.lock().await;
        match self.check().await {
            Checked::Well => {
                tracing::info!(address = %self.client.url(""), "Control-M answers and accepts the credential");
            }
            Checked::Refused(_) => {} // It is logged by the suspension.
            Checked::Unclear(detail) => {
                tracing::warn!(%detail, "Control-M could not be checked; submits are tried nevertheless");
            }
        }
    }

    /// Makes one check. A credential that is refused is read again, and the new one is checked. Suspends the sink or resumes it.
    async fn check(self: &Arc<Self>) -> Checked {
        let mut checked = self.measured_check().await;
        if let Checked::Refused(refusal) = &checked
            && refusal.reason.is_of_credential()
        {
            match self.client.authorization.read_again().await {
                Ok(true) => {
                    tracing::info!("the credential of Control-M has changed at its source: trying the new one");
                    checked = self.measured_check().await;
                }
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the credential of Control-M cannot be read again"),
            }
        }
        match &checked {
            Checked::Well => self.limiter.breaker().resume(self.limiter.at()),
            Checked::Refused(refusal) => {
                let is_new = self.limiter.breaker().suspension().is_none();
                let Refusal { reason, detail } = refusal.clone();
                let failure = Failure { reason: reason.label(), detail, retry_after: None };
                self.limiter.breaker().suspend(&failure, self.clock.now());
                if is_new {
                    tokio::spawn(probe(Arc::clone(self), self.probe_intervals.0));
                }
            }
            Checked::Unclear(_) => {}
        }
        checked
    }

    /// Counts a success or a failure of the server, which may meet everybody. Failures in a row suspend the sink until a check is
    /// well.
    fn count(self: &Arc<Self>, exchange: &Exchange, url: &str) {
        let (what, retry_after) = match exchange {
            Exchange::Lost(detail) => (detail.clone(), None),
            Exchange::Answered(Reply { status, retry_after, .. }) if *status == 429 || *status >= 500 => {
                (format!("HTTP {status}"), *retry_after)
            }
            Exchange::Answered(_) => return self.limiter.breaker().succeeded(self.limiter.at()),
            // A check tells of those.
            Exchange::NotSent(_) | Exchange::NoSession(_) => return,
        };
        let detail = format!("Control-M's address {url} fails ({what}): look at Control-M and what is between");
        let failure = Failure { reason: FAILING, detail, retry_after };
        if let Some(pause) = self.limiter.breaker().failed(failure, self.limiter.at()) {
            tokio::spawn(probe(Arc::clone(self), pause));
        }
    }

    async fn measured_check(&self) -> Checked {
        let begun = self.clock.uptime();
        let (checked, status) = check::make(&self.client, self.checked_mode.get().copied().unwrap_or_default()).await;
        self.measure("check", status, self.clock.uptime().saturating_sub(begun));
        checked
    }

    /// Logs a call that failed. Refusals are final, so the step's alert tells them.
    fn note(&self, key: &Key, verdict: &Verdict) {
        let (kind, detail) = match verdict {
            Verdict::Answered(answer) if verdict::is_busy(answer) => ("busy", answer),
            Verdict::Answered(_) | Verdict::Suspended(_) | Verdict::Inherited => return,
            Verdict::NotSent(detail) => ("not_sent", detail),
            Verdict::Unknown(detail) => ("lost_answer", detail),
        };
        self.report.failed(kind, key, detail, self.clock.uptime());
    }

    fn measure(&self, operation: &'static str, status: Option<u16>, took: Duration) {
        let Some(metrics) = &self.metrics else { return };
        metrics.sink.request(CONTROL_M, operation, status, took);
    }
}

/// Probes a suspended sink with one call at a time, at growing intervals, until it is well or drains.
///
/// Returns a boxed future, because a check of the probe could suspend the sink, which starts a probe.
fn probe(caller: Arc<Caller>, first: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let (mut interval, max) = (first, caller.probe_intervals.1);
        while caller.limiter.breaker().suspension().is_some() && !caller.limiter.is_closed() {
            tokio::time::sleep(interval).await;
            interval = next_pause(interval, max);
            let _one_at_a_time = caller.checking.lock().await;
            caller.check().await;
        }
    })
}

/// The refusal of everybody, if this is how a call ended that is about this folder.
fn refused(exchange: &Exchange, url: &str, folder: &str) -> Option<Refusal> {
    match exchange {
        Exchange::NotSent(failure) => refusal::of_failure(failure, url),
        Exchange::Answered(reply) if reply.body.as_deref().is_ok_and(|it| refusal::names_definition(it, folder)) => {
            None
        }
        Exchange::NoSession(reply) | Exchange::Answered(reply) => refusal::of_reply(reply, url),
        Exchange::Lost(_) => None,
    }
}

fn status_of(exchange: &Exchange) -> Option<u16> {
    match exchange {
        Exchange::Answered(reply) => Some(reply.status),
        Exchange::NotSent(_) | Exchange::Lost(_) | Exchange::NoSession(_) => None,
    }
}
