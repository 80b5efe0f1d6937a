//! The limits of the calls to one target: a number in flight, a rate, and a circuit breaker. One mechanism for all sinks.
//!
//! | file | content |
//! |---|---|
//! | `bucket` | the token bucket |
//! | `breaker` | the circuit breaker: whether the target is suspended |
//!
//! Nothing waits in a sink for long: what a target does not take now is not decided ([`Limiter::capacity`]), and stays in Kafka or in
//! its entry. So no act expires while it waits for a token.

mod breaker;
mod bucket;

pub use breaker::BreakerLimits;
pub use bucket::Rate;

pub(super) use breaker::{At, Breaker, Failure, Suspension, next_pause};

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::metric::Metrics;
use crate::model::Clock;
use bucket::Bucket;

/// The limits of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most calls at once, from 1.
    pub in_flight_max: usize,
    /// The rate; `None`: none.
    pub rate: Option<Rate>,
    /// The circuit breaker.
    pub breaker: BreakerLimits,
}

impl Limits {
    /// This number of calls at once, no rate, and the usual breaker.
    pub fn new(in_flight_max: usize) -> Self {
        Self { in_flight_max, rate: None, breaker: BreakerLimits::default() }
    }
}

/// What is known of a target beside its limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// The reasons of suspensions.
    pub(super) reasons: &'static [&'static str],
    /// True if it is probed by a check, and not by the next call.
    pub(super) has_check: bool,
}

/// The limits of the calls to a target, and the calls in flight.
#[derive(Debug)]
pub(super) struct Limiter {
    target: String,
    clock: Arc<dyn Clock>,
    slots: Semaphore,
    in_flight_max: usize,
    /// The number of accepted acts without an outcome.
    in_flight: watch::Sender<usize>,
    bucket: Option<Bucket>,
    breaker: Breaker,
    metrics: Option<Arc<Metrics>>,
}

/// Counts an act as in flight until it is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    limiter: Arc<Limiter>,
    has_token: bool,
}

impl Ticket {
    /// Why the call of this act must not be made now, although the act was accepted. `None` for a call that may be made, also as the
    /// probe of a suspended target: the caller reports its end to the breaker.
    pub(super) fn refusal(&self) -> Option<String> {
        if !self.has_token {
            return Some(RATE.to_owned());
        }
        let Limiter { breaker, clock, .. } = &*self.limiter;
        if breaker.admits(clock.uptime()) { None } else { breaker.suspension().map(|it| it.detail) }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.limiter.change(|count| count.saturating_sub(1));
    }
}

/// The reason of an act without a token.
const RATE: &str = "limited by its rate";

impl Limiter {
    /// No calls yet.
    pub(super) fn new(target: &str, limits: Limits, kind: Kind, clock: Arc<dyn Clock>) -> Self {
        let in_flight_max = limits.in_flight_max.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            target: target.to_owned(),
            clock,
            slots: Semaphore::new(in_flight_max),
            in_flight_max,
            in_flight: watch::Sender::new(0),
            bucket: limits.rate.map(Bucket::new),
            breaker: Breaker::new(target, limits.breaker, kind.reasons, kind.has_check),
            metrics: None,
        }
    }

    /// Sets the metrics of the target.
    pub(super) fn measured(&mut self, metrics: Arc<Metrics>) {
        metrics.sink.in_flight(&self.target, 0);
        metrics.sink.rate_limited(&self.target, false);
        self.breaker.measured(Arc::clone(&metrics));
        self.metrics = Some(metrics);
    }

    pub(super) const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(super) const fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// The present time, by both clocks.
    pub(super) fn at(&self) -> At {
        At { uptime: self.clock.uptime(), now: self.clock.now() }
    }

    /// Counts an act and takes a token, before the tokio task of the act runs, so that the capacity is up to date.
    pub(super) fn enter(self: &Arc<Self>) -> Ticket {
        let has_token = self.bucket.as_ref().is_none_or(|bucket| bucket.take(self.clock.uptime()));
        self.change(|count| count.saturating_add(1));
        Ticket { limiter: Arc::clone(self), has_token }
    }

    /// The number of further acts that it accepts; none while it drains or is suspended. As many acts may wait as run, so that a
    /// free slot is used at once; more would only age while they wait.
    pub(super) fn capacity(&self) -> usize {
        let (uptime, in_flight) = (self.clock.uptime(), *self.in_flight.borrow());
        let places = match self.breaker.calls_max(uptime) {
            _ if self.slots.is_closed() => 0,
            usize::MAX => self.in_flight_max.saturating_mul(2),
            probes => probes,
        };
        let places = places.saturating_sub(in_flight);
        let Some(bucket) = &self.bucket else { return places };
        let tokens = bucket.tokens(uptime);
        if let Some(metrics) = &self.metrics {
            metrics.sink.rate_limited(&self.target, tokens == 0);
        }
        places.min(tokens)
    }

    /// A slot of a call; `None` when sheaf is stopping.
    pub(super) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.acquire().await.ok()
    }

    /// True when no further calls start.
    pub(super) fn is_closed(&self) -> bool {
        self.slots.is_closed()
    }

    /// Stops accepting acts and waits for those in flight, for at most `timeout`; returns the number of those left.
    pub(super) async fn drain(&self, timeout: Duration) -> usize {
        self.slots.close();
        let mut in_flight = self.in_flight.subscribe();
        // A time-out is not an error: the caller gets the number of acts that are left.
        drop(tokio::time::timeout(timeout, in_flight.wait_for(|count| *count == 0)).await);
        *self.in_flight.borrow()
    }

    /// Why the target takes nothing now; `None` if it does.
    pub(super) fn obstacle(&self) -> Option<String> {
        if let Some(it) = self.breaker.suspension() {
            return Some(format!("suspended since {}: {}", it.since, it.detail));
        }
        let is_empty = self.bucket.as_ref().is_some_and(|bucket| bucket.tokens(self.clock.uptime()) == 0);
        is_empty.then(|| RATE.to_owned())
    }

    fn change(&self, change: impl FnOnce(usize) -> usize) {
        self.in_flight.send_modify(|count| *count = change(*count));
        if let Some(metrics) = &self.metrics {
            metrics.sink.in_flight(&self.target, u64::try_from(*self.in_flight.borrow()).unwrap_or(u64::MAX));
        }
    }
}
