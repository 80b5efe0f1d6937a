//! One act, from its slot to its verdict.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::client::{Client, Exchange};
use super::permit::Expired;
use super::request::Call;
use super::settings::{Error, Settings};
use super::verdict;
use crate::metric::Metrics;
use crate::model::{Clock, Verdict};
use crate::processor::delivery::control_m::CONTROL_M;

/// Executes acts, a limited number at once.
#[derive(Debug)]
pub(super) struct Caller {
    client: Client,
    clock: Arc<dyn Clock>,
    slots: Semaphore,
    in_flight_max: usize,
    unauthorized_retry: Duration,
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
            unauthorized_retry: settings.unauthorized_retry,
            metrics: None,
            in_flight: watch::Sender::new(0),
        })
    }

    /// Sets the metrics of calls.
    pub(super) fn measured(mut self, metrics: Arc<Metrics>) -> Self {
        metrics.sink.in_flight(CONTROL_M, 0);
        self.metrics = Some(metrics);
        self
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// Counts an act before its tokio task runs, so that [`Caller::capacity`] is up to date.
    pub(super) fn enter(&self) -> Ticket {
        let ticket = Ticket { in_flight: self.in_flight.clone(), metrics: self.metrics.clone() };
        ticket.change(|count| count.saturating_add(1));
        ticket
    }

    /// The number of further acts that it accepts; none while it drains. As many acts may wait as run, so that a free
    /// slot is used at once; more would only age while they wait.
    pub(super) fn capacity(&self) -> usize {
        if self.slots.is_closed() {
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

    /// Executes the call of `request`, unless `expires_at` (on the clock's uptime) has passed before it is sent.
    pub(super) async fn execute(&self, request: &str, expires_at: Duration) -> Verdict {
        let call = match Call::decode(request) {
            Ok(call) => call,
            Err(reason) => return Verdict::NotSent(reason),
        };
        let Ok(_slot) = self.slots.acquire().await else {
            return Verdict::NotSent("sheaf is stopping".to_owned());
        };
        let looked_for = match &call {
            Call::Submit { .. } => None,
            Call::LookUp { folder, .. } => Some(folder.clone()),
        };
        // The wait for a slot may have been long. The last check is in the body (`permit`).
        if self.clock.uptime() >= expires_at {
            return Verdict::NotSent(Expired.to_string());
        }
        let begun = self.clock.uptime();
        let exchange = self.client.send(call, expires_at).await;
        self.measure(looked_for.is_some(), &exchange, self.clock.uptime().saturating_sub(begun));
        match (exchange, looked_for) {
            (Exchange::NotSent(reason), _) => Verdict::NotSent(reason),
            (Exchange::Lost(reason), _) => Verdict::Unknown(reason),
            (Exchange::Answered(reply), None) => verdict::of_submit(&reply, self.unauthorized_retry),
            (Exchange::Answered(reply), Some(folder)) => verdict::of_look_up(&reply, &folder, self.unauthorized_retry),
        }
    }

    fn measure(&self, looked_up: bool, exchange: &Exchange, took: Duration) {
        let Some(metrics) = &self.metrics else { return };
        let status = match exchange {
            Exchange::Answered(reply) => Some(reply.status),
            Exchange::NotSent(_) | Exchange::Lost(_) => None,
        };
        metrics.sink.request(CONTROL_M, if looked_up { "look_up" } else { "submit" }, status, took);
    }
}
