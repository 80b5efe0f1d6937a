//! Settling: steps begin and end until nothing is left to do.

use super::super::graph::{Graph, Kind, Owner, ScopeId, StepId, Trouble};
use super::super::mutation::Mutation;
use super::super::progress::{Ending, Status};
use super::{Actions, Begun, Engine, Happened, RERUNS_MAX};

impl<A: Actions> Engine<'_, A> {
    /// Applies the rules until nothing is left to do.
    pub(super) fn settle(&mut self) {
        while self.progress.ending.is_none() {
            if self.is_scope_over(Graph::ROOT) {
                self.progress.ending = Some(Ending::Completed);
            } else if !self.pass() {
                break;
            }
        }
    }

    /// Looks at each step once; false if none has changed.
    fn pass(&mut self) -> bool {
        let mut has_changed = false;
        for id in self.graph.steps().map(|(id, _)| id) {
            has_changed |= self.advance(id);
            if self.progress.ending.is_some() {
                return true;
            }
        }
        has_changed
    }

    /// Moves a step on, if it can; false if it cannot.
    fn advance(&mut self, id: StepId) -> bool {
        let graph = self.graph;
        let step = graph.step(id);
        match (self.progress.status(id), &step.kind) {
            (Status::Waiting, _) if self.is_ready(id) => self.enter(id),
            (Status::Active, Kind::Scope(scope)) if self.is_scope_over(*scope) => self.done(id),
            (Status::Active, Kind::Undo) => return self.undo_next(id),
            (Status::Failing(trouble), _) if step.handler(trouble).is_none_or(|(_, it)| self.is_scope_over(it)) => {
                self.set(id, Status::Failed(trouble));
            }
            (Status::Undoing, _) if step.undo.is_none_or(|scope| self.is_scope_over(scope)) => {
                self.set(id, Status::Undone);
            }
            _ => return false,
        }
        true
    }

    fn is_ready(&self, id: StepId) -> bool {
        let step = self.graph.step(id);
        self.is_open(step.scope) && step.needs.iter().all(|need| self.progress.status(*need).is_over())
    }

    /// True while the steps of a scope may begin.
    pub(super) fn is_open(&self, scope: ScopeId) -> bool {
        match self.graph.scope(scope).owner {
            Owner::Flow => true,
            Owner::Step(owner) => self.progress.status(owner) == Status::Active,
            Owner::Handler(owner, trouble) => self.progress.status(owner) == Status::Failing(trouble),
            Owner::Undo(owner) => self.progress.status(owner) == Status::Undoing,
        }
    }

    fn is_scope_over(&self, scope: ScopeId) -> bool {
        self.graph.scope(scope).steps.iter().all(|id| self.progress.status(*id).is_over())
    }

    /// A step whose turn it is.
    fn enter(&mut self, id: StepId) {
        let graph = self.graph;
        let step = graph.step(id);
        if step.has_condition {
            match self.actions.holds(id) {
                Ok(true) => {}
                Ok(false) => return self.skip_all(id),
                Err(why) => return self.trouble(id, Trouble::Failed, why),
            }
        }
        match &step.kind {
            Kind::Once => {
                if self.begin(id) {
                    self.done(id);
                }
            }
            Kind::Request => {
                let progress = self.progress.of_mut(id);
                progress.late_at = step.within.map(|within| self.now.saturating_add(within));
                progress.remind_at = step.remind_after.map(|after| self.now.saturating_add(after));
                match self.take_early(id) {
                    Some(answer) if self.actions.breaks(Mutation::EarlyAnswerBegins) => {
                        self.begin(id);
                        self.apply(id, answer);
                    }
                    Some(answer) => {
                        self.count_attempt(id);
                        self.set(id, Status::Active);
                        self.apply(id, answer);
                    }
                    None => {
                        self.begin(id);
                    }
                }
            }
            Kind::Sleep(time) => {
                self.set(id, Status::Active);
                self.progress.of_mut(id).due = Some(self.now.saturating_add(*time));
            }
            Kind::Scope(_) | Kind::Undo => self.set(id, Status::Active),
            Kind::Rerun(target) => self.rerun_in_handler(id, *target),
            Kind::Fail(reason) => {
                self.done(id);
                self.progress.ending = Some(Ending::Failed(reason.to_string()));
            }
        }
    }

    /// Asks for what a step does; false if it cannot begin.
    pub(super) fn begin(&mut self, id: StepId) -> bool {
        let begun = self.count_attempt(id);
        self.progress.of_mut(id).due = None;
        self.set(id, Status::Active);
        match self.actions.begin(id, begun) {
            Ok(()) => true,
            Err(why) => {
                self.trouble(id, Trouble::Failed, why);
                false
            }
        }
    }

    /// The numbers of the attempt that begins now; an early answer is one too.
    fn count_attempt(&mut self, id: StepId) -> Begun {
        let is_counted = !self.actions.breaks(Mutation::TryNotCounted);
        let progress = self.progress.of_mut(id);
        progress.attempt = progress.attempt.saturating_add(1);
        progress.tries = progress.tries.saturating_add(u32::from(is_counted));
        if progress.first == 0 {
            progress.first = progress.attempt;
        }
        Begun { attempt: progress.attempt, first: progress.first }
    }

    pub(super) fn set(&mut self, id: StepId, status: Status) {
        let progress = self.progress.of_mut(id);
        progress.status = status;
        progress.changed_at = self.now;
        if status.is_over() || matches!(status, Status::Held(_) | Status::Failing(_)) {
            (progress.due, progress.remind_at, progress.late_at) = (None, None, None);
        }
    }

    pub(super) fn done(&mut self, id: StepId) {
        self.progress.done = self.progress.done.saturating_add(1);
        self.progress.of_mut(id).order = self.progress.done;
        self.progress.of_mut(id).reason.clear();
        self.set(id, Status::Done);
    }

    /// Skips a step and all in it. What is over stays as it is, so that what was done can be undone.
    pub(super) fn skip_all(&mut self, id: StepId) {
        let inside = self.graph.inside(id);
        self.set(id, Status::Skipped);
        for inner in &inside {
            if !self.progress.status(*inner).is_over() {
                self.set(*inner, Status::Skipped);
            }
        }
        self.progress.early.retain(|(step, _)| *step != id && !inside.contains(step));
    }

    /// A step that is not done: its handler runs, or it is held.
    pub(super) fn trouble(&mut self, id: StepId, trouble: Trouble, reason: String) {
        let graph = self.graph;
        self.progress.of_mut(id).reason = reason;
        if let Some((declared, scope)) = graph.step(id).handler(trouble) {
            self.prepare(scope);
            self.set(id, Status::Failing(declared));
        } else {
            self.set(id, Status::Held(trouble));
            self.actions.tell(id, Happened::Held);
        }
    }

    /// Undoes the step that was done last, of those that can be undone; without one the `undo` is done.
    fn undo_next(&mut self, id: StepId) -> bool {
        let graph = self.graph;
        // One by which a step is undone does not wait for that step.
        let around: Vec<StepId> = graph.owners(id).collect();
        let is_undoing = |step: StepId| self.progress.status(step) == Status::Undoing && !around.contains(&step);
        if graph.steps().any(|(step, _)| is_undoing(step)) {
            return false;
        }
        let is_done = |(step, _): &(StepId, _)| self.progress.status(*step) == Status::Done;
        let done = graph.steps().filter(|(_, step)| step.undo.is_some()).filter(is_done);
        let order = |(step, _): &(StepId, _)| self.progress.of(*step).order;
        let next =
            if self.actions.breaks(Mutation::UndoInOrder) { done.min_by_key(order) } else { done.max_by_key(order) };
        match next {
            Some((step, of)) => {
                // What was said of it before it was asked for is not of this undo.
                for inner in of.undo.iter().flat_map(|scope| &graph.scope(*scope).steps) {
                    self.reset(*inner);
                }
                self.set(step, Status::Undoing);
            }
            None => self.done(id),
        }
        true
    }

    /// Sets the steps of a handler that has run before back. In one that has not, answers may have come early.
    fn prepare(&mut self, scope: ScopeId) {
        let graph = self.graph;
        for id in &graph.scope(scope).steps {
            if self.progress.status(*id) != Status::Waiting {
                self.reset(*id);
            }
        }
    }

    fn rerun_in_handler(&mut self, id: StepId, target: StepId) {
        if self.progress.of(target).reruns >= RERUNS_MAX {
            let name = &self.graph.step(target).name;
            let why = format!("`{name}` has begun again {RERUNS_MAX} times");
            return self.trouble(id, Trouble::Failed, why);
        }
        self.progress.of_mut(target).reruns += 1;
        self.reset(target);
    }

    /// Sets a step and all in it back to the time before it began. The numbers of attempts go on, so that answers of former ones
    /// are known.
    pub(super) fn reset(&mut self, id: StepId) {
        for step in self.graph.inside(id).into_iter().chain([id]) {
            let progress = self.progress.of_mut(step);
            (progress.tries, progress.first, progress.order) = (0, 0, 0);
            (progress.due, progress.remind_at, progress.late_at) = (None, None, None);
            progress.reason.clear();
            self.set(step, Status::Waiting);
            self.progress.early.retain(|(early, _)| *early != step);
            self.actions.tell(step, Happened::Reset);
        }
    }
}
