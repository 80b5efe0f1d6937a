//! What a person does by a command.

use super::super::graph::{Kind, Owner, ScopeId, StepId};
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
    /// too. The stages around it are open again; a handler or an undo around it must have run.
    pub fn rerun(&mut self, id: StepId, downstream: bool) -> Result<(), Ignored> {
        if self.progress.status(id) == Status::Waiting {
            return Err(Ignored::NotBegun);
        }
        let graph = self.graph;
        let owners: Vec<StepId> = graph.owners(id).collect();
        let scopes: Vec<ScopeId> = [id].iter().chain(&owners).map(|step| graph.step(*step).scope).collect();
        for scope in &scopes {
            self.refuse_closed(*scope)?;
        }
        if self.progress.ending.take().is_some() {
            self.take_up();
        }
        if downstream {
            for outer in owners.iter().chain([&id]) {
                for later in graph.dependents(*outer) {
                    self.reset(later);
                }
            }
        }
        self.reset(id);
        for scope in scopes {
            self.reopen(scope);
        }
        self.settle();
        Ok(())
    }

    /// What has waited when the flow ended: its time begins anew, and what was lost is asked for again, as the same try.
    fn take_up(&mut self) {
        for (id, step) in self.graph.steps() {
            let now = self.now;
            let is_lost = self.actions.is_lost_at_end(id);
            let progress = self.progress.of_mut(id);
            if !matches!(progress.status, Status::Active | Status::Resting) {
                continue;
            }
            progress.late_at = progress.late_at.and(step.within).map(|within| now.saturating_add(within));
            if progress.status == Status::Active && is_lost {
                progress.status = Status::Resting;
                progress.tries = progress.tries.saturating_sub(1);
                progress.due = Some(now);
            }
        }
    }

    /// Refuses a scope that a person cannot open: a handler or an undo that has not run, a stage that is undone now.
    fn refuse_closed(&self, scope: ScopeId) -> Result<(), Ignored> {
        let is_one = |owner: StepId, wanted: &[Status]| wanted.contains(&self.progress.status(owner));
        match self.graph.scope(scope).owner {
            Owner::Step(owner) if is_one(owner, &[Status::Undoing]) => Err(Ignored::TooLate),
            Owner::Handler(owner, of) if !is_one(owner, &[Status::Failing(of), Status::Failed(of)]) => {
                Err(Ignored::NotBegun)
            }
            Owner::Undo(owner) if !is_one(owner, &[Status::Undoing, Status::Undone]) => Err(Ignored::NotBegun),
            Owner::Flow | Owner::Step(_) | Owner::Handler(..) | Owner::Undo(_) => Ok(()),
        }
    }

    /// Opens a scope whose step is over.
    fn reopen(&mut self, scope: ScopeId) {
        let (owner, open) = match self.graph.scope(scope).owner {
            Owner::Flow => return,
            Owner::Step(owner) => (owner, Status::Active),
            Owner::Handler(owner, trouble) => (owner, Status::Failing(trouble)),
            Owner::Undo(owner) => (owner, Status::Undoing),
        };
        if self.progress.status(owner).is_over() {
            self.set(owner, open);
        }
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

    /// The answer of a person for a step that has begun; also for one that rests or is held, so that a handler runs.
    pub fn answer_of_person(&mut self, id: StepId, answer: Answer) -> Result<(), Ignored> {
        let is_open = self.progress.ending.is_none();
        match (self.progress.status(id), &self.graph.step(id).kind) {
            (Status::Waiting, _) if is_open => return Err(Ignored::NotBegun),
            // It could not begin, and has nothing that answers.
            (Status::Held(_), Kind::Once | Kind::Sleep(_)) if is_open && answer == Answer::Done => self.done(id),
            (Status::Resting | Status::Held(_), Kind::Request) if is_open && !matches!(answer, Answer::Failed(_)) => {
                self.apply(id, answer);
            }
            _ => return self.answer(id, None, answer),
        }
        self.settle();
        Ok(())
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
