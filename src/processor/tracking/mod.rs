//! The tracking processor: follows the run of each delivered bundle at its target until it has ended.
//!
//! It reads the outcome records of a delivery, asks the target at intervals, and writes a record about each end: ended well, ended
//! with a failed job, or gone from the target. It changes nothing at the target but by an operator's command, so an answer that is
//! lost is asked for again; the delivery's proof that nothing is submitted twice is not touched.
//!
//! | file | content |
//! |---|---|
//! | `settings` | intervals and limits |
//! | `outcome` | the keying step of outcome records |
//! | `protocol` | the messages between the processor and the target's sink |
//! | `state` | the state and its encoding |
//! | `follow` | the transitions of a run |
//! | `report` | records and alerts |
//! | `count`, `status` | metrics and alerts; statuses for lists |
//!
//! # The table
//!
//! | state | submitted again | timer | answer | command `rerun` |
//! |---|---|---|---|---|
//! | none | Followed | nothing | nothing | rejected |
//! | Followed | Followed, anew | asks | see below | of a failed run: asks for it, once until its fate is seen, until then nothing; else rejected |
//! | Ended | Followed, anew | deleted | nothing | rejected |
//!
//! | answer | becomes |
//! |---|---|
//! | active: it waits or is executing | Followed; an alert `run_waiting` if it has waited for [`Settings::waiting_max`], and `run_late` if its SLA service is late, once each |
//! | failed: a job has not ended OK | Followed, because it may be rerun; an alert `run_failed` and a record, once for each failure until all are mended |
//! | ended | Ended, with a record |
//! | absent | Followed within [`Settings::visible_within`] of the submit; else Ended, with a record, and an alert `run_gone` unless it had failed |
//! | none, or the target refuses everybody | Followed; asked again |
//!
//! Runs are asked about on a common grid of times, so that the sink can answer for many of them with one request.

mod count;
mod follow;
mod outcome;
mod protocol;
mod report;
mod settings;
mod state;
mod status;

pub use outcome::OutcomeKeying;
pub use protocol::{Answer, FailedJob, Request, Times};
pub use report::RUNS;
pub use settings::Settings;
pub use state::{Ended, Failure, Run, TOLD_MAX, Tracking};

use std::borrow::Cow;

use super::{Command, CommandSpec, Effect, Event, Family, Input, Processor, Transition};
use crate::model::{ActSlot, Key, Listing, Moment, Outcome, Reject, Status, Timer, TimerKind, Timestamp};

/// The command that runs again what has failed.
pub const RERUN: &str = "rerun";

/// The commands of a run.
pub const COMMANDS: &[CommandSpec] = &[CommandSpec {
    name: RERUN,
    help: "runs the failed job of a submitted bundle again",
    arguments: &[],
    statuses: &["failed"],
    is_dangerous: true,
}];

/// The only timer of an entry: the next question while it is followed, the deletion after its end.
const TIMER: TimerKind = TimerKind::Delay(0);
/// The slot of questions.
const ASK: ActSlot = ActSlot(0);
/// The slot of reruns.
const AGAIN: ActSlot = ActSlot(1);

/// Follows runs. See the [module](self) for the states.
#[derive(Clone, Debug)]
pub struct Follower {
    settings: Settings,
}

impl Follower {
    /// A processor with these settings.
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

impl Processor for Follower {
    type State = Tracking;

    const KEEPS_TRACE: bool = true;

    /// Between two questions, which are many seconds apart, it need not be in memory.
    fn is_at_rest(_: &Tracking) -> bool {
        true
    }

    fn listing(&self, state: &Tracking) -> Listing {
        status::listing(state)
    }

    fn status_name(&self, status: Status) -> Cow<'static, str> {
        Cow::Borrowed(status::name(status))
    }

    fn open_since(&self, status: Status, at: Timestamp) -> Option<Timestamp> {
        status::is_open(status).then_some(at)
    }

    fn refuses_replay(&self) -> Option<&'static str> {
        Some("it asks for the runs of submissions, which are known")
    }

    fn metrics(&self) -> Vec<Family> {
        count::families()
    }

    fn commands(&self) -> &'static [CommandSpec] {
        COMMANDS
    }

    fn alerts(&self) -> &'static [&'static str] {
        &report::ALERTS
    }

    fn step(
        &self,
        key: &Key,
        state: Option<Tracking>,
        input: Input,
        at: Moment,
    ) -> Result<Transition<Tracking>, Reject> {
        let now = at.wall;
        match input {
            Input::Record(event) => self.on_submitted(state.as_ref(), &event, now),
            Input::Timer(Timer { kind: TIMER, .. }) => Ok(self.on_timer(state)),
            Input::Timer(Timer { kind: TimerKind::Delay(_) | TimerKind::Deadline(_), .. }) => Ok(unchanged(state)),
            Input::Outcome(outcome) => Ok(self.on_outcome(key, state, outcome, now)),
            Input::Command(command) => self.on_command(key, state, &command),
        }
    }
}

impl Follower {
    /// A bundle was submitted, for the first time or again: its run is followed from now on.
    fn on_submitted(
        &self,
        state: Option<&Tracking>,
        event: &Event,
        now: Timestamp,
    ) -> Result<Transition<Tracking>, Reject> {
        let outcome::Submitted { folder, run_id, at } = outcome::read(&event.record)?;
        let (call, records) = match state {
            None => (0, 0),
            Some(Tracking::Followed(run)) => (run.call, run.records),
            Some(Tracking::Ended(ended)) => (ended.call, ended.records),
        };
        // Answers about the former run are ignored, as those of earlier calls.
        let run = Run { call: call.saturating_add(1), records, ..Run::new(folder, run_id, at) };
        let due = self.settings.next_question(&run, now);
        Ok(Transition::to(Tracking::Followed(run))
            .with(Effect::Settle(ASK))
            .with(Effect::Settle(AGAIN))
            .with(ask_at(due)))
    }

    fn on_timer(&self, state: Option<Tracking>) -> Transition<Tracking> {
        match state {
            None | Some(Tracking::Ended(_)) => Transition::forget(),
            Some(Tracking::Followed(run)) => self.ask(run),
        }
    }

    fn on_outcome(&self, key: &Key, state: Option<Tracking>, outcome: Outcome, now: Timestamp) -> Transition<Tracking> {
        match state {
            Some(Tracking::Followed(run)) if outcome.attempt == run.call && outcome.slot == ASK => {
                self.on_answer(key, run, outcome.verdict, now)
            }
            Some(Tracking::Followed(run)) if outcome.attempt == run.call && outcome.slot == AGAIN => {
                self.on_rerun(key, run, outcome.verdict, now)
            }
            state @ (None | Some(Tracking::Followed(_) | Tracking::Ended(_))) => unchanged(state),
        }
    }

    fn on_command(
        &self,
        key: &Key,
        state: Option<Tracking>,
        command: &Command,
    ) -> Result<Transition<Tracking>, Reject> {
        let refused = |why: &str| Err(command.refusal(("the run of bundle", key), why));
        match state {
            _ if command.name != RERUN => refused("the tracking processor knows the command rerun"),
            None => refused("no such run is followed: check the id; one that has ended is forgotten after 7 days"),
            Some(Tracking::Ended(_)) => refused("it has ended; rerun its jobs in Control-M"),
            Some(Tracking::Followed(run)) if run.failed_job.is_none() => refused("none of its jobs has failed"),
            // What becomes of the first one is seen first.
            Some(Tracking::Followed(run)) if run.is_rerun => Ok(Transition::to(Tracking::Followed(run))),
            Some(Tracking::Followed(run)) => Ok(self.rerun(run)),
        }
    }
}

fn ask_at(due: Timestamp) -> Effect {
    Effect::Schedule(Timer { kind: TIMER, due })
}

const fn unchanged(state: Option<Tracking>) -> Transition<Tracking> {
    Transition { state, effects: Vec::new() }
}
