//! One act, from its slot to its verdict.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::{Mutex, Semaphore, watch};

use super::check::{self, Checked};
use super::client::Client;
use super::event;
use super::exchange::Exchange;
use super::refusal::{self, Refusal};
use super::report::Report;
use super::request::{self, Call};
use super::settings::{Error, Settings};
use super::suspension::{Gate, Suspension, next_interval};
use super::verdict;
use crate::metric::Metrics;
use crate::model::{Clock, Key, Verdict};
use crate::processor::delivery::control_m::{CONTROL_M, Mode};
use crate::sink::http::permit::Expired;

/// Executes acts, a limited number at once.
#[derive(Debug)]
pub(super) struct Caller {
    client: Client,
    clock: Arc<dyn Clock>,
    slots: Semaphore,
    in_flight_max: usize,
    /// The zone of the server's times, if it is known.
    time_zone: Option<TimeZone>,
    /// The first and the longest interval between probes.
    probe_intervals: (Duration, Duration),
    gate: Gate,
    /// Held by the one check that is made.
    checking: Mutex<()>,
    /// The mode of the submits of checks, once it is known.
    checked_mode: OnceLock<Mode>,
    report: Report,
    metrics: Option<Arc<Metrics>>,
    /// The number of accepted acts without a verdict.
    in_flight: watch::Sender<usize>,
}

/// Counts an act as in flight until it is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    in_flight: watch::Sender<usize>,
    metrics: Option<Arc<Metrics>>,
}

impl Ticket {
    fn change(&self, change: impl FnOnce(usize) -> usize) {
        self.in_flight.send_modify(|count| *count = change(*count));
        if let Some(metrics) = &self.metrics {
            metrics.sink.in_flight(CONTROL_M, u64::try_from(*self.in_flight.borrow()).unwrap_or(u64::MAX));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.change(|count| count.saturating_sub(1));
    }
}

impl Caller {
    pub(super) fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let (found, most) = (settings.in_flight_max, Semaphore::MAX_PERMITS);
        if found == 0 || found > most {
            return Err(Error::InFlight { found, most });
        }
        Ok(Self {
            client: Client::new(settings, Arc::clone(&clock))?,
            clock,
            slots: Semaphore::new(found),
            in_flight_max: found,
            time_zone: settings.time_zone.clone(),
            probe_intervals: (settings.probe_interval, settings.probe_interval_max),
            gate: Gate::default(),
            checking: Mutex::new(()),
            checked_mode: OnceLock::new(),
            report: Report::default(),
            metrics: None,
            in_flight: watch::Sender::new(0),
        })
    }

    /// Sets the metrics of calls.
    pub(super) fn with_metrics(mut self, metrics: Arc<Metrics>) -> Self {
        metrics.sink.in_flight(CONTROL_M, 0);
        self.gate.measured(Arc::clone(&metrics));
        self.metrics = Some(metrics);
        self
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

    /// Counts an act before its tokio task runs, so that [`Caller::capacity`] is up to date.
    pub(super) fn enter(&self) -> Ticket {
        let ticket = Ticket { in_flight: self.in_flight.clone(), metrics: self.metrics.clone() };
        ticket.change(|count| count.saturating_add(1));
        ticket
    }

    /// The number of further acts that it accepts; none while it drains or is suspended. As many acts may wait as run, so that a free
    /// slot is used at once; more would only age while they wait.
    pub(super) fn capacity(&self) -> usize {
        if self.slots.is_closed() || self.gate.suspension().is_some() {
            0
        } else {
            self.in_flight_max.saturating_mul(2).saturating_sub(*self.in_flight.borrow())
        }
    }

    /// See [`ControlM::drain`](super::ControlM::drain).
    pub(super) async fn drain(&self, timeout: Duration) -> usize {
        self.slots.close();
        let mut in_flight = self.in_flight.subscribe();
        // A time-out is not an error: the caller gets the number of acts that are left.
        drop(tokio::time::timeout(timeout, in_flight.wait_for(|count| *count == 0)).await);
        *self.in_flight.borrow()
    }

    /// The suspension, if the sink is suspended.
    pub(super) fn suspension(&self) -> Option<Suspension> {
        self.gate.suspension()
    }

    /// Executes the call of `request` for `key`, unless `expires_at` (on the clock's uptime) has passed before it is sent.
    pub(super) async fn execute(self: &Arc<Self>, key: &Key, request: &str, expires_at: Duration) -> Verdict {
        let call = match Call::decode(request) {
            Ok(call) => call,
            Err(reason) => return Verdict::NotSent(reason),
        };
        let Ok(_slot) = self.slots.acquire().await else {
            return Verdict::NotSent("sheaf is stopping".to_owned());
        };
        if let Some(suspension) = self.gate.suspension() {
            return verdict::suspended(suspension.refusal.detail);
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
            return verdict::suspended(suspension.refusal.detail);
        }
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
        if self.gate.suspension().is_none() && !self.gate.was_well_since(begun) {
            tracing::debug!(detail = %refusal.detail, "a call was refused; checking if everybody is");
            self.check().await;
        }
        self.gate.suspension()
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
            Checked::Well => self.gate.resume(self.clock.uptime(), self.clock.now()),
            Checked::Refused(refusal) => {
                let is_new = self.gate.suspension().is_none();
                self.gate.suspend(refusal.clone(), self.clock.now());
                if is_new {
                    tokio::spawn(probe(Arc::clone(self)));
                }
            }
            Checked::Unclear(_) => {}
        }
        checked
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
            Verdict::Answered(_) | Verdict::Inherited => return,
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
fn probe(caller: Arc<Caller>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let (mut interval, max) = caller.probe_intervals;
        while caller.gate.suspension().is_some() && !caller.slots.is_closed() {
            tokio::time::sleep(interval).await;
            interval = next_interval(interval, max);
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
