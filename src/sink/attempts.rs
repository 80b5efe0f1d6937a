//! The attempts of a sink that makes one request for each act: limited, counted and timed.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::http::permit::Expired;
use super::http::within;
use super::limiter::{Failure, Kind, Limiter, Limits, Ticket};
use crate::metric::Metrics;
use crate::model::{Act, Clock, Completion, Execution, Outcome, Target, Verdict};
use crate::processor::call::{Answer, Request, Response};

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

/// The name of a sink, and what its operation and its codes are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Naming<'a> {
    /// The name of the sink.
    pub(super) name: &'a str,
    /// The operation in metrics.
    pub(super) operation: &'static str,
    /// The reason for which a code may meet everybody, one of [`REASONS`]; `None` if it is about the request.
    pub(super) reason: fn(u16) -> Option<&'static str>,
}

/// The answers of these kinds, in a row, suspend a sink.
const REASONS: [&str; 6] = ["unauthorized", "forbidden", "not_found", "connect", "busy", "failing"];

/// The attempts of a sink.
#[derive(Debug)]
pub(super) struct Attempts {
    name: String,
    operation: &'static str,
    reason: fn(u16) -> Option<&'static str>,
    calls: Calls,
    limiter: Arc<Limiter>,
}

impl Attempts {
    /// No attempts yet.
    pub(super) fn new(Naming { name, operation, reason }: Naming<'_>, limits: Limits, calls: Calls) -> Arc<Self> {
        let kind = Kind { reasons: &REASONS, has_check: false };
        let mut limiter = Limiter::new(name, limits, kind, Arc::clone(&calls.clock));
        limiter.measured(Arc::clone(&calls.metrics));
        Arc::new(Self { name: name.to_owned(), operation, reason, calls, limiter: Arc::new(limiter) })
    }

    /// The clock of the attempts.
    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        self.limiter.clock()
    }

    /// The number of further acts.
    pub(super) fn capacity(&self) -> usize {
        self.limiter.capacity()
    }

    /// The target with the reason for which it takes nothing now; empty if it does.
    pub(super) fn obstacles(&self) -> BTreeMap<Target, String> {
        self.limiter.obstacle().map(|why| (Target::new(&self.name), why)).into_iter().collect()
    }

    /// Executes an act when a slot is free, and reports its outcome. `send` makes the request, unless that is none, or it has
    /// expired.
    pub(super) fn run<F: Future<Output = Ended> + Send>(
        self: &Arc<Self>,
        execution: Execution,
        send: impl FnOnce(Request) -> F + Send + 'static,
        done: Completion,
    ) {
        let (attempts, ticket) = (Arc::clone(self), self.limiter.enter());
        let Execution { task, act, expires_at, trace, .. } = execution;
        self.calls.handle.spawn(async move {
            let Act { slot, attempt, request, .. } = act;
            let verdict = within(trace, attempts.attempt((&request, &ticket), expires_at, send)).await;
            tracing::debug!(sheaf.task = %task, target = attempts.name, attempt, ?verdict, "attempt ended");
            // Before the outcome is reported, so that its receiver finds the slot free.
            drop(ticket);
            done(Outcome { slot, attempt, verdict });
        });
    }

    async fn attempt<F: Future<Output = Ended>>(
        &self,
        (request, ticket): (&str, &Ticket),
        expires_at: Duration,
        send: impl FnOnce(Request) -> F,
    ) -> Verdict {
        let request = match Request::decode(request) {
            Ok(request) => request,
            Err(reason) => return Verdict::NotSent(reason),
        };
        let Some(_slot) = self.limiter.slot().await else {
            return Verdict::NotSent("sheaf is stopping".to_owned());
        };
        let begun = self.calls.clock.uptime();
        if begun >= expires_at {
            return Verdict::NotSent(Expired.to_string());
        }
        if let Some(detail) = ticket.refusal() {
            return Verdict::Suspended(detail);
        }
        let (verdict, code) = send(request).await;
        let took = self.calls.clock.uptime().saturating_sub(begun);
        self.calls.metrics.sink.request(&self.name, self.operation, code, took);
        self.note(&verdict, code);
        verdict
    }

    /// Counts a success or a failure of the target.
    fn note(&self, verdict: &Verdict, code: Option<u16>) {
        let reason = match (code, verdict) {
            (Some(code), _) => (self.reason)(code),
            (None, Verdict::Unknown(_)) => Some("failing"),
            (None, Verdict::NotSent(detail)) if *detail != Expired.to_string() => Some("connect"),
            (None, Verdict::NotSent(_) | Verdict::Answered(_) | Verdict::Suspended(_) | Verdict::Inherited) => {
                return self.limiter.breaker().ended_early();
            }
        };
        let (breaker, at) = (self.limiter.breaker(), self.limiter.at());
        let Some(reason) = reason else { return breaker.succeeded(at) };
        let (what, retry_after) = told(verdict);
        let detail = format!("{what}: {}", remedy(reason));
        breaker.failed(Failure { reason, detail, retry_after }, at);
    }
}

/// What a verdict tells, and the wait that it asks for.
fn told(verdict: &Verdict) -> (String, Option<Duration>) {
    let json = match verdict {
        Verdict::Answered(json) => json,
        Verdict::NotSent(detail) | Verdict::Unknown(detail) | Verdict::Suspended(detail) => {
            return (detail.clone(), None);
        }
        Verdict::Inherited => return (String::new(), None),
    };
    if let Ok(response) = serde_json::from_str::<Response>(json) {
        return (response.to_string(), response.retry_after_ms.map(Duration::from_millis));
    }
    match serde_json::from_str(json) {
        Ok(Answer::Busy { detail, retry_after_ms }) => (detail, retry_after_ms.map(Duration::from_millis)),
        Ok(Answer::Executed { detail } | Answer::Refused { detail }) => (detail, None),
        Err(_) => (json.clone(), None),
    }
}

/// What to do about a reason.
fn remedy(reason: &str) -> &'static str {
    match reason {
        "unauthorized" | "forbidden" => "check the credential in the section `sinks`, and its rights",
        "not_found" => "check the address in the section `sinks`, and the path of the topology",
        "connect" => "check the address in the section `sinks`, that the target runs, and the firewall",
        "busy" => "the target asks for patience: a `rate` in the section `sinks` limits the calls",
        _ => "look at the target",
    }
}
