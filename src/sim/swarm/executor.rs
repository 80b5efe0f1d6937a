//! A Control-M as seen through its sink: it takes its time, loses requests and answers, and shows a folder late.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::coverage::{Coverage, Trouble};
use super::plan::Odds;
use crate::model::{Act, Completion, Key, Outcome, Sink, Target, TaskId, Verdict};
use crate::processor::delivery::control_m::{Answer, Request};

/// How long after a submit a look-up does not find its folder.
pub(super) const LAG: Duration = Duration::from_secs(30);
/// How long a call is waited for.
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);
/// How many acts one process has under way.
const ROOM: usize = 6;

/// The other side, and every process's way to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Executor(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    calls: Vec<Call>,
    folders: BTreeMap<String, Folder>,
    /// Who asked last for a submit of each folder.
    submitters: BTreeMap<String, (String, u64)>,
    /// The start that is running under each name.
    starts: BTreeMap<String, u64>,
    stuck: bool,
    met: Coverage,
    told: Vec<String>,
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
    act: Act,
    expires_at: Duration,
    /// Dropped with its process.
    done: Option<Completion>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not written yet.
    Waiting,
    /// On its way since then.
    Sent(Duration),
    /// What becomes of it is lost; the caller gives up then.
    Lost(Duration),
    Over,
}

/// What calls get on under.
pub(super) struct Moment<'a> {
    /// What may go wrong; `None` when nothing does.
    pub(super) odds: Option<&'a Odds>,
    /// The monotonic time.
    pub(super) now: Duration,
    /// Which processes stand still.
    pub(super) asleep: &'a dyn Fn(&str) -> bool,
}

/// The sink of one start of an instance.
#[derive(Debug)]
struct Counter {
    executor: Executor,
    owner: (String, u64),
}

impl Executor {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sink of a new start.
    pub(super) fn sink(&self, name: &str) -> Arc<dyn Sink> {
        self.end(name);
        let mut inner = self.inner();
        let start = inner.starts.entry(name.to_owned()).or_default();
        *start += 1;
        let owner = (name.to_owned(), *start);
        Arc::new(Counter { executor: self.clone(), owner })
    }

    /// The process is gone: what it had not written is gone too, and nobody waits for the rest.
    pub(super) fn end(&self, name: &str) {
        let mut inner = self.inner();
        inner.calls.retain(|call| call.owner.0 != name || call.state != State::Waiting);
        for call in inner.calls.iter_mut().filter(|call| call.owner.0 == name) {
            call.done = None;
        }
    }

    pub(super) fn set_stuck(&self, stuck: bool) {
        self.inner().stuck = stuck;
    }

    /// How many calls are not over.
    pub(super) fn open(&self) -> usize {
        self.inner().calls.len()
    }

    /// How many runs each folder has.
    pub(super) fn folders(&self) -> BTreeMap<String, usize> {
        self.inner().folders.iter().map(|(name, folder)| (name.clone(), folder.runs)).collect()
    }

    /// What has been met and told since the last time.
    pub(super) fn news(&self) -> (Coverage, Vec<String>) {
        let mut inner = self.inner();
        (std::mem::take(&mut inner.met), std::mem::take(&mut inner.told))
    }

    /// Some of the calls get on. Those of a process that stands still are not written, and its answers lie about.
    pub(super) fn turn(&self, rng: &mut fastrand::Rng, moment: &Moment<'_>) {
        let mut answers = Vec::new();
        {
            let mut inner = self.inner();
            if inner.stuck {
                return;
            }
            let mut calls = std::mem::take(&mut inner.calls);
            for call in &mut calls {
                if moment.odds.is_none() || rng.bool() {
                    answers.extend(inner.advance(call, rng, moment));
                }
            }
            calls.retain(|call| call.state != State::Over);
            inner.calls.append(&mut calls);
        }
        // Without the lock: an answer may lead to the next call at once.
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
        moment: &Moment<'_>,
    ) -> Option<(Completion, Outcome)> {
        let Moment { odds, now, asleep } = *moment;
        match call.state {
            State::Waiting if asleep(&call.owner.0) => None,
            State::Waiting if now > call.expires_at => {
                self.met.count(Trouble::Expired);
                call.end(Verdict::NotSent("it has expired".to_owned()))
            }
            State::Waiting => {
                call.state = State::Sent(now);
                None
            }
            State::Sent(since) => {
                let lost = odds.is_some_and(|odds| rng.u32(0..1_000) < odds.submit_lost);
                if lost || now > since.saturating_add(TIMEOUT) {
                    self.met.count(Trouble::SubmitLost);
                    call.state = State::Lost(since.saturating_add(TIMEOUT));
                    return None;
                }
                if odds.is_some_and(|odds| rng.u32(0..1_000) < odds.busy) {
                    self.met.count(Trouble::Busy);
                    let message = "try again later".to_owned();
                    return call.answer(&Answer::Busy { status: 503, message, retry_after_ms: None });
                }
                let answer = self.execute(&call.act.request, now);
                if odds.is_some_and(|odds| rng.u32(0..1_000) < odds.answer_lost) {
                    self.met.count(Trouble::SubmitAnswerLost);
                    self.told.push(format!("control-m executes {} and its answer is lost", call.act.request));
                    call.state = State::Lost(since.saturating_add(TIMEOUT));
                    return None;
                }
                call.answer(&answer)
            }
            State::Lost(until) if now >= until => call.end(Verdict::Unknown("no answer".to_owned())),
            State::Lost(_) | State::Over => None,
        }
    }

    fn execute(&mut self, request: &str, now: Duration) -> Answer {
        match serde_json::from_str(request) {
            Ok(Request::Submit { folder, .. }) => {
                let visible_at = now.saturating_add(LAG);
                let found = self.folders.entry(folder.clone()).or_default();
                *found = Folder { runs: found.runs + 1, visible_at };
                self.told.push(format!("control-m runs {folder}"));
                Answer::Accepted { run_id: format!("run-{folder}") }
            }
            Ok(Request::LookUp { folder, .. }) => match self.folders.get(&folder) {
                Some(found) if found.visible_at <= now => Answer::Found { job_id: format!("job-{folder}") },
                _ => Answer::Absent,
            },
            Err(error) => Answer::Refused { status: 400, message: error.to_string() },
        }
    }
}

impl Call {
    fn answer(&mut self, answer: &Answer) -> Option<(Completion, Outcome)> {
        self.end(Verdict::Answered(serde_json::to_string(answer).unwrap_or_default()))
    }

    fn end(&mut self, verdict: Verdict) -> Option<(Completion, Outcome)> {
        self.state = State::Over;
        let outcome = Outcome { slot: self.act.slot, attempt: self.act.attempt, verdict };
        self.done.take().map(|done| (done, outcome))
    }
}

impl Sink for Counter {
    fn execute(&self, _task: &TaskId, _key: &Key, act: Act, expires_at: Duration, done: Completion) {
        let owner = self.owner.clone();
        let mut inner = self.executor.inner();
        match serde_json::from_str(&act.request) {
            Ok(Request::Submit { folder, .. }) => drop(inner.submitters.insert(folder, owner.clone())),
            Ok(Request::LookUp { folder, .. }) if inner.submitters.get(&folder) != Some(&owner) => {
                inner.met.count(Trouble::Inherited);
            }
            Ok(Request::LookUp { .. }) | Err(_) => {}
        }
        inner.calls.push(Call { owner, act, expires_at, done: Some(done), state: State::Waiting });
    }

    fn capacity(&self, _to: &Target) -> usize {
        ROOM.saturating_sub(self.executor.inner().calls.iter().filter(|call| call.owner == self.owner).count())
    }
}
