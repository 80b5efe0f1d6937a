//! The rules by which a flow goes on. Pure: what a step does is up to [`Actions`].
//!
//! | rule | |
//! |---|---|
//! | 1 | A step begins when its scope is open and each step that it needs is over: done, skipped, undone, or failed with its handler at its end. A skipped step does not skip the next one. |
//! | 2 | A step whose condition is false is skipped. |
//! | 3 | With a skipped step all in it are skipped. |
//! | 4 | A stage opens when its step begins, and is done when all in it are over; an empty one at once. |
//! | 5 | An answer of a step that has not begun is kept, and counts when it would begin: then it does not begin. |
//! | 6 | Trouble runs its handler; without one the step is held, and people are told. |
//! | 7 | `undo` runs what takes back each step that is done, the latest first, and waits for it. |
//! | 8 | `rerun` makes a step begin again with what is in it, at most [`RERUNS_MAX`] times. |
//! | 9 | A second answer changes nothing. |
//! | 10 | After the end nothing changes but by an operator. |
//!
//! Every input ends with settling: rules 1 to 8 are applied until nothing is left to do. That ends, because a status only moves
//! on, but by rule 8, which is limited.
//!
//! | file | content |
//! |---|---|
//! | this file | [`Engine`], and what it asks of the processor |
//! | `settle` | rules 1 to 4, 7 and 8 |
//! | `answer` | rules 5, 6, 9 and 10 |
//! | `operate` | what a person does by a command |
//! | `due` | time: retries, sleeps, reminders, late answers |

mod answer;
mod due;
mod operate;
mod settle;
#[cfg(test)]
mod tests;

pub use due::Next;

use std::time::Duration;

use super::graph::{Graph, StepId, Trouble};
use super::mutation::Mutation;
use super::progress::{Answer, Progress, Status};
use crate::model::Timestamp;

/// The most times that a handler makes one step begin again.
pub const RERUNS_MAX: u32 = 100;

/// What the engine asks of the processor.
pub trait Actions {
    /// The condition of a step. The error tells why it cannot be judged.
    fn holds(&mut self, step: StepId) -> Result<bool, String>;

    /// Begins a step that sends or asks for something. The error tells why it cannot.
    fn begin(&mut self, step: StepId, begun: Begun) -> Result<(), String>;

    /// True if what a step has asked for is lost when the flow ends: a call, whose outcome counts no more.
    fn is_lost_at_end(&self, _step: StepId) -> bool {
        false
    }

    /// Tells what has become of a step.
    fn tell(&mut self, step: StepId, happened: Happened);
    /// True if the flow breaks a rule, for tests of the simulator.
    fn breaks(&self, _mutation: Mutation) -> bool {
        false
    }
}

/// The numbers of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The number of the attempt that was the first of its tries.
    pub first: u32,
}

/// What has become of a step, for people and for the processor's own state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It is in trouble that nothing handles.
    Held,
    /// It still waits, after the time for a reminder.
    Reminded,
    /// It begins again: its former result does not count.
    Reset,
}

/// Why an answer or a command changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// The step has its answer.
    Repeated,
    /// It is the answer of a former attempt.
    Stale,
    /// It came after the time for it, or after the trouble that is handled.
    TooLate,
    /// The flow has ended.
    Ended,
    /// The step asks for nothing.
    NotAsked,
    /// The step has not begun.
    NotBegun,
}

/// A flow that goes on.
#[derive(Debug)]
pub struct Engine<'a, A> {
    graph: &'a Graph,
    progress: &'a mut Progress,
    now: Timestamp,
    actions: &'a mut A,
}

impl<'a, A: Actions> Engine<'a, A> {
    /// The engine of one input, at this wall-clock time.
    pub fn new(graph: &'a Graph, progress: &'a mut Progress, now: Timestamp, actions: &'a mut A) -> Self {
        Self { graph, progress, now, actions }
    }

    /// Begins the flow.
    pub fn start(&mut self) {
        self.settle();
    }

    /// An answer; of a given attempt, if it says so.
    pub fn answer(&mut self, step: StepId, attempt: Option<u32>, answer: Answer) -> Result<(), Ignored> {
        self.take(step, attempt, answer)?;
        self.settle();
        Ok(())
    }

    /// The attempt did not count: it is made again after a time.
    pub fn postpone(&mut self, step: StepId, attempt: u32, (wait, reason): (Duration, String)) -> Result<(), Ignored> {
        self.refuse_other(step, attempt)?;
        self.set(step, Status::Resting);
        let progress = self.progress.of_mut(step);
        progress.tries = progress.tries.saturating_sub(1);
        progress.due = Some(self.now.saturating_add(wait));
        progress.reason = reason;
        self.settle();
        Ok(())
    }

    /// The attempt may have been executed and is not repeated: a person must look.
    pub fn doubt(&mut self, step: StepId, attempt: u32, reason: String) -> Result<(), Ignored> {
        self.refuse_other(step, attempt)?;
        self.trouble(step, Trouble::Failed, reason);
        self.settle();
        Ok(())
    }

    /// Refuses an outcome of an attempt that is not awaited.
    fn refuse_other(&self, step: StepId, attempt: u32) -> Result<(), Ignored> {
        let progress = self.progress.of(step);
        match self.progress.ending {
            Some(_) => Err(Ignored::Ended),
            None if progress.attempt != attempt || progress.status != Status::Active => Err(Ignored::Stale),
            None => Ok(()),
        }
    }
}
