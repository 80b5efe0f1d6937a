//! Questions about the runs of folders, gathered into few requests; and reruns of failed jobs.
//!
//! | file | content |
//! |---|---|
//! | `gather` | the questions that wait for the next request |
//! | `ask` | one request for many folders, and what else an answer needs |
//! | `rows` | the answer about one folder, from its rows |
//! | `service` | the SLA services |
//! | `time` | Control-M's three forms of a time |
//!
//! Runs are asked about at common times. The questions of a moment become one `GET /run/jobs/status` for all folders whose names
//! begin alike. A folder that an incomplete list does not have is asked for by itself, so *absent* is certain.

mod ask;
mod gather;
mod rows;
mod service;
mod time;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::call::Caller;
use super::exchange::Exchange;
use super::message;
use crate::model::{Completion, Execution, Outcome, Sink, Target, Verdict};
use crate::processor::tracking::{Answer, Request};
use crate::sink::http::within;
use gather::{Done, Gathering, Question};

/// The most calls that are accepted at once: questions are answered by the hundreds.
const CALLS_MAX: usize = 5_000;
/// The time for which questions are gathered.
const GATHER: Duration = Duration::from_millis(300);

/// The sink of questions about runs.
#[derive(Debug)]
pub struct Runs {
    caller: Arc<Caller>,
    handle: Handle,
    gathering: Arc<Gathering>,
}

impl Runs {
    pub(super) fn new(caller: Arc<Caller>, handle: Handle) -> Self {
        Self { caller, handle, gathering: Arc::default() }
    }
}

impl Sink for Runs {
    fn execute(&self, execution: Execution, done: Completion) {
        let Execution { act, expires_at, trace, .. } = execution;
        let (slot, attempt) = (act.slot, act.attempt);
        let done = move |verdict| done(Outcome { slot, attempt, verdict });
        let caller = Arc::clone(&self.caller);
        match serde_json::from_str(&act.request) {
            Ok(Request::Ask { folder, server, told }) => {
                if self.gathering.add(Question { folder, server, told }, Box::new(done)) {
                    self.handle.spawn(answer_all(caller, Arc::clone(&self.gathering)));
                }
            }
            Ok(Request::Rerun { job_id }) => {
                let ticket = self.gathering.enter();
                self.handle.spawn(async move {
                    let verdict = within(trace, rerun(&caller, &job_id, expires_at)).await;
                    drop(ticket);
                    done(verdict);
                });
            }
            Err(error) => {
                done(Verdict::NotSent(format!("this version of sheaf cannot decode the act's request: {error}")));
            }
        }
    }

    fn capacity(&self, _to: &Target) -> usize {
        CALLS_MAX.saturating_sub(self.gathering.in_flight())
    }
}

/// Answers questions until none is left.
async fn answer_all(caller: Arc<Caller>, gathering: Arc<Gathering>) {
    loop {
        tokio::time::sleep(GATHER).await;
        let Some(by_server) = gathering.take() else { return };
        for (server, questions) in by_server {
            let (questions, dones): (Vec<Question>, Vec<Done>) = questions.into_iter().unzip();
            let mut verdicts = ask::ask(&caller, &server, &questions).await.into_iter();
            for done in dones {
                let none = || Verdict::NotSent("there is no answer about this folder".to_owned());
                gathering.leave();
                done(verdicts.next().unwrap_or_else(none));
            }
        }
    }
}

async fn rerun(caller: &Caller, job_id: &str, expires_at: Duration) -> Verdict {
    if caller.uptime() >= expires_at {
        return Verdict::NotSent("the rerun has expired".to_owned());
    }
    match caller.measured("rerun", caller.client().rerun(job_id)).await {
        Exchange::NotSent(failure) => Verdict::NotSent(failure.detail),
        Exchange::NoSession(reply) => Verdict::NotSent(format!("the login was answered with {}", reply.status)),
        Exchange::Lost(detail) => Verdict::Unknown(detail),
        Exchange::Answered(reply) => {
            let words = reply.body.as_deref().map(message::of).unwrap_or_default();
            match reply.status {
                200 => Answer::Rerun.verdict(),
                status @ (400 | 403 | 404) => Answer::Refused { message: format!("HTTP {status}: {words}") }.verdict(),
                status => Verdict::Unknown(format!("HTTP status {status}: {words}")),
            }
        }
    }
}
