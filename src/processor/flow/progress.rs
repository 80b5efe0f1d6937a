//! The progress of a flow: the status of each step, answers that came early, and the end.

use serde::{Deserialize, Serialize};

use super::graph::{Graph, StepId, Trouble};
use crate::model::Timestamp;

/// The status of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It has not begun.
    Waiting,
    /// It has begun, and its answer, its time or its stage is awaited.
    Active,
    /// It has failed and is tried again later.
    Resting,
    /// The handler of this trouble runs.
    Failing(Trouble),
    /// It is in trouble that nothing handles: a person must act.
    Held(Trouble),
    /// What takes it back runs.
    Undoing,
    /// It is done.
    Done,
    /// It was in trouble, and its handler has ended.
    Failed(Trouble),
    /// Its condition was false, or a person has skipped it.
    Skipped,
    /// It was done, and was taken back.
    Undone,
}

impl Status {
    /// True if steps that need it may begin.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed(_) | Self::Skipped | Self::Undone)
    }

    /// The word in lists and pictures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Resting => "resting",
            Self::Failing(_) => "failing",
            Self::Held(_) => "held",
            Self::Undoing => "undoing",
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Skipped => "skipped",
            Self::Undone => "undone",
        }
    }
}

/// The progress of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepProgress {
    /// The status.
    pub status: Status,
    /// The number of times that it has begun; 0 before.
    pub attempt: u32,
    /// The tries since it has begun anew.
    pub tries: u32,
    /// The attempt that was the first of these tries; 0 before.
    pub first: u32,
    /// The number of times that a handler has made it begin again.
    pub reruns: u32,
    /// Its place in the order in which steps were done; 0 before.
    pub order: u32,
    /// The wall-clock time at which it goes on by itself.
    pub due: Option<Timestamp>,
    /// The wall-clock time of the reminder.
    pub remind_at: Option<Timestamp>,
    /// The event time at which it is late.
    pub late_at: Option<Timestamp>,
    /// The time of the last change.
    pub changed_at: Timestamp,
    /// Why it is not done; empty if nothing says.
    pub reason: String,
}

/// The end of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// All steps are over.
    Completed,
    /// A step says that it has failed, for this reason.
    Failed(String),
    /// A person has ended it.
    Cancelled,
}

/// An answer of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done.
    Done,
    /// It has failed, and may be tried again.
    Failed(String),
    /// It is refused, and is not tried again.
    Refused(String),
}

/// The progress of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    steps: Vec<StepProgress>,
    /// Answers of steps that have not begun; one for a step.
    pub(super) early: Vec<(StepId, Answer)>,
    /// The number of steps that were done, for their order.
    pub(super) done: u32,
    /// The end; `None` before.
    pub ending: Option<Ending>,
}

impl Progress {
    /// A flow of which no step has begun.
    pub fn new(graph: &Graph, at: Timestamp) -> Self {
        let step = StepProgress {
            status: Status::Waiting,
            attempt: 0,
            tries: 0,
            first: 0,
            reruns: 0,
            order: 0,
            due: None,
            remind_at: None,
            late_at: None,
            changed_at: at,
            reason: String::new(),
        };
        Self { steps: vec![step; graph.len()], early: Vec::new(), done: 0, ending: None }
    }

    /// Goes on with the numbers of attempts of a former run, so that no id is sent twice, and answers to it are known. With other steps
    /// all go on from the highest number.
    pub(super) fn continue_attempts(&mut self, former: &Self, has_same_steps: bool) {
        let highest = former.steps.iter().map(|step| step.attempt).max().unwrap_or_default();
        let own = former.steps.iter().map(|step| if has_same_steps { step.attempt } else { highest });
        for (step, attempt) in self.steps.iter_mut().zip(own.chain(std::iter::repeat(highest))) {
            step.attempt = attempt;
        }
    }

    /// True if it has as many steps as the graph.
    pub fn is_of(&self, graph: &Graph) -> bool {
        self.steps.len() == graph.len()
    }

    /// The progress of a step of the graph that it was made for.
    #[expect(clippy::indexing_slicing, reason = "it is made with a place for each step of its graph")]
    pub fn of(&self, id: StepId) -> &StepProgress {
        &self.steps[usize::from(id.0)]
    }

    #[expect(clippy::indexing_slicing, reason = "it is made with a place for each step of its graph")]
    pub(super) fn of_mut(&mut self, id: StepId) -> &mut StepProgress {
        &mut self.steps[usize::from(id.0)]
    }

    /// The status of a step.
    pub fn status(&self, id: StepId) -> Status {
        self.of(id).status
    }

    /// All steps.
    pub fn steps(&self) -> &[StepProgress] {
        &self.steps
    }

    /// True if this answer of a step that has not begun is kept.
    pub fn has_early_answer(&self, id: StepId, answer: &Answer) -> bool {
        self.early.iter().any(|(step, kept)| *step == id && kept == answer)
    }

    /// True if an answer of a step that has not begun is kept.
    pub fn has_early(&self, id: StepId) -> bool {
        self.early.iter().any(|(step, _)| *step == id)
    }
}
