//! Control-M as its sink shows it: slow, with lost requests, lost answers and a visibility lag.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::coverage::{Coverage, CoveragePoint};
use super::plan::Probabilities;
use crate::model::{Act, Completion, Execution, Key, Outcome, Sink, Target, Verdict};
use crate::processor::call::{self, Response};
use crate::processor::delivery::control_m::{Answer, Request};

/// The time after a submit in which a look-up does not find its folder.
pub(super) const VISIBILITY_LAG: Duration = Duration::from_secs(30);
/// The time-out of a call.
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);
/// The most acts in flight of one process.
const ACTS_MAX: usize = 6;

/// Control-M, shared by the sinks of all processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Executor(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    calls: Vec<Call>,
    folders: BTreeMap<String, Folder>,
    /// The process that last submitted each folder.
    submitters: BTreeMap<String, (String, u64)>,
    /// The number of starts of each instance; a process is its name and the number of its start.
    starts: BTreeMap<String, u64>,
    /// True while no call makes progress.
    stalled: bool,
    coverage: Coverage,
    log: Vec<String>,
    /// The requests to the card service: the flow, and the key by which a repetition is recognized.
    requests: BTreeSet<(String, String)>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("calls", &self.calls.len()).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Folder {
    runs: usize,
    visible_at: Duration,
}

struct Call {
    owner: (String, u64),
    key: Key,
    act: Act,
    expires_at: Duration,
    /// `None` when the process has ended.
    done: Option<Completion>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not sent yet.
    Waiting,
    /// Sent at that time.
    Sent(Duration),
    /// The request or its answer is lost; the call times out at that time.
    Lost(Duration),
    Done,
}

/// The conditions under which calls make progress.
pub(super) struct Conditions<'a> {
    /// The probabilities of faults; `None`: no faults.
    pub(super) probabilities: Option<&'a Probabilities>,
    /// The monotonic clock.
    pub(super) now: Duration,
    /// True for the name of a paused instance.
    pub(super) paused: &'a dyn Fn(&str) -> bool,
}

/// The sink of one process.
#[derive(Debug)]
struct ExecutorSink {
    executor: Executor,
    owner: (String, u64),
}

impl Executor {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sink of a new process of an instance.
    pub(super) fn sink(&self, name: &str) -> Arc<dyn Sink> {
        self.remove_process(name);
        let mut inner = self.inner();
        let start = inner.starts.entry(name.to_owned()).or_default();
        *start += 1;
        let owner = (name.to_owned(), *start);
        Arc::new(ExecutorSink { executor: self.clone(), owner })
    }

    /// Removes a process: calls that were not sent are dropped, the others complete without it.
    pub(super) fn remove_process(&self, name: &str) {
        let mut inner = self.inner();
        inner.calls.retain(|call| call.owner.0 != name || call.state != State::Waiting);
        for call in inner.calls.iter_mut().filter(|call| call.owner.0 == name) {
            call.done = None;
        }
    }

    pub(super) fn set_stalled(&self, stalled: bool) {
        self.inner().stalled = stalled;
    }

    /// The number of calls that are not done.
    pub(super) fn calls_in_flight(&self) -> usize {
        self.inner().calls.len()
    }

    /// The number of runs of each folder.
    pub(super) fn folders(&self) -> BTreeMap<String, usize> {
        self.inner().folders.iter().map(|(name, folder)| (name.clone(), folder.runs)).collect()
    }

    /// The requests that the card service has executed: flow and key.
    pub(super) fn requests(&self) -> BTreeSet<(String, String)> {
        self.inner().requests.clone()
    }

    /// The coverage and the log lines since the last call.
    pub(super) fn take_log(&self) -> (Coverage, Vec<String>) {
        let mut inner = self.inner();
        (std::mem::take(&mut inner.coverage), std::mem::take(&mut inner.log))
    }

    /// Advances some of the calls. A paused process sends nothing; answers to it are queued.
    pub(super) fn turn(&self, rng: &mut fastrand::Rng, conditions: &Conditions<'_>) {
        let mut answers = Vec::new();
        {
            let mut inner = self.inner();
            if inner.stalled {
                return;
            }
            let mut calls = std::mem::take(&mut inner.calls);
            for call in &mut calls {
                if conditions.probabilities.is_none() || rng.bool() {
                    answers.extend(inner.advance(call, rng, conditions));
                }
            }
            calls.retain(|call| call.state != State::Done);
            inner.calls.append(&mut calls);
        }
        // Without the lock: an answer may start the next call at once.
        for (done, outcome) in answers {
            done(outcome);
        }
    }
}

impl Inner {
    fn advance(
        &mut self,
        call: &mut Call,
        rng: &mut fastrand::Rng,
        conditions: &Conditions<'_>,
    ) -> Option<(Completion, Outcome)> {
        let Conditions { probabilities, now, paused } = *conditions;
        match call.state {
            State::Waiting if paused(&call.owner.0) => None,
            State::Waiting if now > call.expires_at => {
                self.coverage.count(CoveragePoint::Expired);
                call.end(Verdict::NotSent("it has expired".to_owned()))
            }
            State::Waiting => {
                call.state = State::Sent(now);
                None
            }
            State::Sent(since) => {
                let lost = probabilities.is_some_and(|probabilities| rng.u32(0..1_000) < probabilities.submit_lost);
                if lost || now > since.saturating_add(TIMEOUT) {
                    self.coverage.count(CoveragePoint::SubmitLost);
                    call.state = State::Lost(since.saturating_add(TIMEOUT));
                    return None;
                }
                if probabilities.is_some_and(|probabilities| rng.u32(0..1_000) < probabilities.busy) {
                    self.coverage.count(CoveragePoint::Busy);
                    let message = "try again later".to_owned();
                    return match call::Request::decode(&call.act.request) {
                        Ok(_) => call.answer(&response(503)),
                        Err(_) => call.answer(&Answer::Busy { status: 503, message, retry_after_ms: None }),
                    };
                }
                let answer = match call::Request::decode(&call.act.request) {
                    Ok(request) => serde_json::to_string(&self.charge(&call.key, request)),
                    Err(_) => serde_json::to_string(&self.execute(&call.act.request, now)),
                };
                if probabilities.is_some_and(|probabilities| rng.u32(0..1_000) < probabilities.answer_lost) {
                    self.coverage.count(CoveragePoint::SubmitAnswerLost);
                    self.log.push(format!("control-m executes {} and its answer is lost", call.act.request));
                    call.state = State::Lost(since.saturating_add(TIMEOUT));
                    return None;
                }
                call.end(Verdict::Answered(answer.unwrap_or_default()))
            }
            State::Lost(until) if now >= until => call.end(Verdict::Unknown("no answer".to_owned())),
            State::Lost(_) | State::Done => None,
        }
    }

    /// The card service executes a request, or refuses some flows.
    fn charge(&mut self, key: &Key, request: call::Request) -> Response {
        let key = key.text().into_owned();
        let is_refused = key.ends_with(['4', '9']);
        if let call::Request::Http(request) = request {
            self.log.push(format!("the card is charged for {key} by {}", request.key));
            self.requests.insert((key, request.key));
        }
        response(if is_refused { 422 } else { 200 })
    }

    fn execute(&mut self, request: &str, now: Duration) -> Answer {
        match serde_json::from_str(request) {
            Ok(Request::Submit { folder, .. } | Request::Run { folder, .. } | Request::Order { name: folder, .. }) => {
                let visible_at = now.saturating_add(VISIBILITY_LAG);
                let found = self.folders.entry(folder.clone()).or_default();
                *found = Folder { runs: found.runs + 1, visible_at };
                self.log.push(format!("control-m runs {folder}"));
                Answer::Accepted { run_id: format!("run-{folder}") }
            }
            Ok(Request::LookUp { folder, .. }) => match self.folders.get(&folder) {
                Some(found) if found.visible_at <= now => Answer::Found { job_id: format!("job-{folder}") },
                _ => Answer::Absent,
            },
            Ok(Request::AddEvent { .. }) => Answer::Added,
            Err(error) => Answer::Refused { status: 400, message: error.to_string() },
        }
    }
}

impl Call {
    fn answer(&mut self, answer: &impl Serialize) -> Option<(Completion, Outcome)> {
        self.end(Verdict::Answered(serde_json::to_string(answer).unwrap_or_default()))
    }

    fn end(&mut self, verdict: Verdict) -> Option<(Completion, Outcome)> {
        self.state = State::Done;
        let outcome = Outcome { slot: self.act.slot, attempt: self.act.attempt, verdict };
        self.done.take().map(|done| (done, outcome))
    }
}

fn response(status: u16) -> Response {
    Response { status, retry_after_ms: None, body: Some("{}".to_owned()) }
}

impl Sink for ExecutorSink {
    fn execute(&self, execution: Execution, done: Completion) {
        let Execution { key, act, expires_at, .. } = execution;
        let owner = self.owner.clone();
        let mut inner = self.executor.inner();
        match serde_json::from_str(&act.request) {
            Ok(Request::Submit { folder, .. } | Request::Run { folder, .. } | Request::Order { name: folder, .. }) => {
                drop(inner.submitters.insert(folder, owner.clone()));
            }
            Ok(Request::LookUp { folder, .. }) if inner.submitters.get(&folder) != Some(&owner) => {
                inner.coverage.count(CoveragePoint::Inherited);
            }
            Ok(Request::LookUp { .. } | Request::AddEvent { .. }) | Err(_) => {}
        }
        inner.calls.push(Call { owner, key, act, expires_at, done: Some(done), state: State::Waiting });
    }

    fn capacity(&self, _to: &Target) -> usize {
        ACTS_MAX.saturating_sub(self.executor.inner().calls.iter().filter(|call| call.owner == self.owner).count())
    }
}
