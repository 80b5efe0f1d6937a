//! Time: retries, sleeps and reminders go by the wall clock, late answers by the watermark.

use super::super::graph::{Kind, StepId, Trouble};
use super::super::mutation::Mutation;
use super::super::progress::{Progress, Status};
use super::{Actions, Engine, Happened};
use crate::model::Timestamp;

/// The times at which a flow goes on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// By the wall clock.
    pub delay: Option<Timestamp>,
    /// By the watermark.
    pub deadline: Option<Timestamp>,
}

impl Next {
    /// The earliest times of all steps; none after the end.
    pub fn of(progress: &Progress) -> Self {
        if progress.ending.is_some() {
            return Self { delay: None, deadline: None };
        }
        let steps = progress.steps();
        Self {
            delay: steps.iter().flat_map(|step| [step.due, step.remind_at]).flatten().min(),
            deadline: steps.iter().filter_map(|step| step.late_at).min(),
        }
    }
}

impl<A: Actions> Engine<'_, A> {
    /// What is due by the wall clock: retries, the ends of sleeps, reminders.
    pub fn on_delay(&mut self) {
        let now = self.now;
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        for id in self.ids_unless_ended() {
            if is_due(self.progress.of(id).remind_at) {
                self.progress.of_mut(id).remind_at = None;
                self.actions.tell(id, Happened::Reminded);
            }
            if is_due(self.progress.of(id).due) {
                match (self.progress.status(id), &self.graph.step(id).kind) {
                    (Status::Resting, _) => {
                        self.begin(id);
                    }
                    (Status::Active, Kind::Sleep(_)) => self.done(id),
                    _ => self.progress.of_mut(id).due = None,
                }
            }
        }
        self.settle();
    }

    /// What is late at this event time.
    pub fn on_deadline(&mut self, passed: Timestamp) {
        for id in self.ids_unless_ended() {
            if self.progress.of(id).late_at.is_some_and(|at| at <= passed) {
                let within = self.graph.step(id).within.map(|it| format!(" within {}", Words(it)));
                let reason = format!("there was no answer{}", within.unwrap_or_default());
                self.trouble(id, Trouble::Late, reason);
            }
        }
        self.settle();
    }

    fn ids_unless_ended(&self) -> Vec<StepId> {
        let is_ended = self.progress.ending.is_some() && !self.actions.breaks(Mutation::EndedFlowReacts);
        if is_ended { Vec::new() } else { self.graph.steps().map(|(id, _)| id).collect() }
    }
}

/// A duration for people: whole days, hours or minutes, else seconds.
struct Words(std::time::Duration);

impl std::fmt::Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            1.. if seconds.is_multiple_of(86_400) => write!(f, "{} d", seconds / 86_400),
            1.. if seconds.is_multiple_of(3_600) => write!(f, "{} h", seconds / 3_600),
            1.. if seconds.is_multiple_of(60) => write!(f, "{} min", seconds / 60),
            _ => write!(f, "{} s", self.0.as_secs_f64()),
        }
    }
}
