//! What a person does by a command.

use super::super::graph::{Kind, StepId};
use super::super::progress::{Answer, Ending, Status};
use super::{Actions, Engine, Ignored};

impl<A: Actions> Engine<'_, A> {
    /// Asks anew for a step that has begun and is not over: at once, with all its tries.
    pub fn again(&mut self, id: StepId) -> Result<(), Ignored> {
        if self.progress.ending.is_some() {
            return Err(Ignored::Ended);
        }
        if self.graph.step(id).kind != Kind::Request {
            return Err(Ignored::NotAsked);
        }
        match self.progress.status(id) {
            Status::Active | Status::Resting | Status::Held(_) => {
                self.reset(id);
                self.settle();
                Ok(())
            }
            Status::Waiting => Err(Ignored::NotBegun),
            Status::Failing(_) | Status::Failed(_) => Err(Ignored::TooLate),
            Status::Undoing | Status::Done | Status::Skipped | Status::Undone => Err(Ignored::Repeated),
        }
    }

    /// Has a step begin again with all in it, although it is over or the flow has ended; with `downstream` all that comes after it
    /// too. The stages around it are open again.
    pub fn rerun(&mut self, id: StepId, downstream: bool) -> Result<(), Ignored> {
        if self.progress.status(id) == Status::Waiting {
            return Err(Ignored::NotBegun);
        }
        let graph = self.graph;
        self.progress.ending = None;
        let owners: Vec<StepId> = graph.owners(id).collect();
        if downstream {
            for outer in owners.iter().chain([&id]) {
                for later in graph.dependents(*outer) {
                    self.reset(later);
                }
            }
        }
        self.reset(id);
        for outer in owners {
            if self.progress.status(outer) == Status::Done {
                self.set(outer, Status::Active);
            }
        }
        self.settle();
        Ok(())
    }

    /// Skips a step that is not over, with all in it.
    pub fn skip(&mut self, id: StepId) -> Result<(), Ignored> {
        self.refuse_over(id)?;
        self.skip_all(id);
        self.settle();
        Ok(())
    }

    /// Ends the flow as it is.
    pub fn cancel(&mut self) -> Result<(), Ignored> {
        if self.progress.ending.is_some() {
            return Err(Ignored::Ended);
        }
        self.progress.ending = Some(Ending::Cancelled);
        Ok(())
    }

    /// The answer of a person for a step that has begun.
    pub fn answer_of_person(&mut self, id: StepId, answer: Answer) -> Result<(), Ignored> {
        if self.progress.status(id) == Status::Waiting && self.progress.ending.is_none() {
            return Err(Ignored::NotBegun);
        }
        self.answer(id, None, answer)
    }

    fn refuse_over(&self, id: StepId) -> Result<(), Ignored> {
        match self.progress.status(id) {
            _ if self.progress.ending.is_some() => Err(Ignored::Ended),
            Status::Done | Status::Failed(_) | Status::Skipped | Status::Undone | Status::Undoing => {
                Err(Ignored::Repeated)
            }
            Status::Waiting | Status::Active | Status::Resting | Status::Held(_) | Status::Failing(_) => Ok(()),
        }
    }
}
