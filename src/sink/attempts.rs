//! The attempts of a sink that makes one request for each act: a limited number at once, counted and timed.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use crate::metric::Metrics;
use crate::model::{Act, Clock, Completion, Outcome, TaskId, Verdict};
use crate::processor::call::Request;

/// The end of an attempt: the verdict, and the code of the answer if there was one.
pub(super) type Ended = (Verdict, Option<u16>);

/// What attempts of all sinks need.
#[derive(Clone, Debug)]
pub struct Calls {
    /// The tokio runtime that executes them.
    pub handle: Handle,
    /// The clock of time-outs and expiries.
    pub clock: Arc<dyn Clock>,
    /// The metrics of requests.
    pub metrics: Arc<Metrics>,
}

/// The attempts of a sink.
#[derive(Debug)]
pub(super) struct Attempts {
    /// The name of the sink, and of its operation in metrics.
    names: (String, &'static str),
    calls: Calls,
    slots: Semaphore,
    in_flight_max: usize,
    /// The number of accepted acts without an outcome.
    in_flight: watch::Sender<usize>,
}

impl Attempts {
    /// No attempts; at most `in_flight_max` at once, at least 1.
    pub(super) fn new(name: &str, operation: &'static str, in_flight_max: usize, calls: Calls) -> Arc<Self> {
        let in_flight_max = in_flight_max.clamp(1, Semaphore::MAX_PERMITS);
        calls.metrics.sink.in_flight(name, 0);
        let (slots, in_flight) = (Semaphore::new(in_flight_max), watch::Sender::new(0));
        Arc::new(Self { names: (name.to_owned(), operation), calls, slots, in_flight_max, in_flight })
    }

    /// The clock of the attempts.
    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.calls.clock
    }

    /// The number of further acts: as many may wait as run, so that a free slot is used at once.
    pub(super) fn capacity(&self) -> usize {
        self.in_flight_max.saturating_mul(2).saturating_sub(*self.in_flight.borrow())
    }

    /// Executes an act when a slot is free, and reports its outcome. `send` makes the request, unless that is none, or
    /// `expires_at` has passed.
    pub(super) fn run<F: Future<Output = Ended> + Send>(
        self: &Arc<Self>,
        (task, act): (&TaskId, Act),
        expires_at: Duration,
        send: impl FnOnce(Request) -> F + Send + 'static,
        done: Completion,
    ) {
        let (task, attempts) = (task.clone(), Arc::clone(self));
        // Before the tokio task runs, so that the capacity is up to date.
        self.change(|count| count.saturating_add(1));
        self.calls.handle.spawn(async move {
            let Act { slot, attempt, request, .. } = act;
            let verdict = attempts.attempt(&request, expires_at, send).await;
            tracing::debug!(sheaf.task = %task, target = attempts.names.0, attempt, ?verdict, "attempt ended");
            // Before the outcome is reported, so that its receiver finds the slot free.
            attempts.change(|count| count.saturating_sub(1));
            done(Outcome { slot, attempt, verdict });
        });
    }

    async fn attempt<F: Future<Output = Ended>>(
        &self,
        request: &str,
        expires_at: Duration,
        send: impl FnOnce(Request) -> F,
    ) -> Verdict {
        let request = match Request::decode(request) {
            Ok(request) => request,
            Err(reason) => return Verdict::NotSent(reason),
        };
        let Ok(_slot) = self.slots.acquire().await else {
            return Verdict::NotSent("sheaf is stopping".to_owned());
        };
        let begun = self.calls.clock.uptime();
        if begun >= expires_at {
            return Verdict::NotSent("the attempt has expired".to_owned());
        }
        let (verdict, code) = send(request).await;
        let took = self.calls.clock.uptime().saturating_sub(begun);
        self.calls.metrics.sink.request(&self.names.0, self.names.1, code, took);
        verdict
    }

    fn change(&self, change: impl FnOnce(usize) -> usize) {
        self.in_flight.send_modify(|count| *count = change(*count));
        let number = u64::try_from(*self.in_flight.borrow()).unwrap_or(u64::MAX);
        self.calls.metrics.sink.in_flight(&self.names.0, number);
    }
}
