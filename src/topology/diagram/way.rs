//! The way that a flow has taken through its definition.

use serde_json::Value;

use super::element::{Element, Flow, FlowKind};
use crate::processor::flow::{Graph, Kind, Owner, ScopeId, StepId};

/// The way that a flow has taken: what has become of each step.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// In the order of the definition.
    steps: Vec<Passed>,
    is_completed: bool,
}

/// What has become of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Passed {
    pub(super) mark: Mark,
    /// How often it has begun.
    pub(super) attempt: u64,
    /// How often a handler has made it begin again.
    reruns: u64,
    /// What is shown of it, in words.
    pub(super) words: String,
}

/// What a picture tells of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    /// The way has not come to it.
    #[default]
    Ahead,
    /// The flow is there.
    Here,
    /// It is held, until a person acts.
    Held,
    /// It is done.
    Done,
    /// It was in trouble, and its handler runs or has ended.
    Failed,
    /// It was skipped.
    Skipped,
    /// It was done, and is taken back.
    Undone,
}

impl Mark {
    /// The class of its shapes.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::Here => "here",
            Self::Held => "held",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Undone => "undone",
        }
    }

    /// The sign on its corner; empty for none.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Ahead | Self::Skipped => "",
            Self::Here => "▶",
            Self::Held => "!",
            Self::Done => "✓",
            Self::Failed => "✗",
            Self::Undone => "↶",
        }
    }

    /// That of the status of a step, by its word.
    fn of(status: &str) -> Self {
        match status {
            "active" | "resting" => Self::Here,
            "held" => Self::Held,
            "done" => Self::Done,
            "failing" | "failed" => Self::Failed,
            "skipped" => Self::Skipped,
            "undoing" | "undone" => Self::Undone,
            _ => Self::Ahead,
        }
    }

    /// True if the way goes on behind the step itself, and not behind a handler.
    const fn is_left(self) -> bool {
        matches!(self, Self::Done | Self::Skipped | Self::Undone)
    }
}

impl Way {
    /// Reads it from what the processor shows of a flow: `steps` in the order of its definition, and `ending`.
    pub fn of(shown: &Value) -> Self {
        let steps = shown.get("steps").and_then(Value::as_array).into_iter().flatten().map(Passed::of).collect();
        let is_completed = shown.pointer("/ending/ending").is_some_and(|word| word == "completed");
        Self { steps, is_completed }
    }

    /// A step that the way has come to in a former round of the step around it is as one that is done.
    pub(super) fn mark(&self, graph: &Graph, id: StepId) -> Mark {
        match self.get(id) {
            Some(passed) if passed.mark != Mark::Ahead => passed.mark,
            Some(passed) if self.is_of_former_round(graph, id, passed) => Mark::Done,
            Some(_) | None => Mark::Ahead,
        }
    }

    pub(super) fn get(&self, id: StepId) -> Option<&Passed> {
        self.steps.get(usize::from(id.0))
    }

    fn is_of_former_round(&self, graph: &Graph, id: StepId, passed: &Passed) -> bool {
        if !graph.owners(id).any(|owner| self.get(owner).is_some_and(|passed| passed.reruns > 0)) {
            return false;
        }
        let step = graph.step(id);
        if matches!(step.kind, Kind::Once | Kind::Request) {
            return passed.attempt > 0;
        }
        // The others count no attempts: the way has come to them if it has come to all that they need, or to something else beside them.
        let is_passed = |id: &StepId| self.mark(graph, *id) != Mark::Ahead;
        let has_attempts = |id: &StepId| self.get(*id).is_some_and(|passed| passed.attempt > 0);
        if step.needs.is_empty() {
            let scope = graph.scope(step.scope);
            let is_only = match scope.owner {
                Owner::Handler(owner, _) => {
                    graph.step(owner).handlers.len() == 1 && self.get(owner).is_some_and(|passed| passed.reruns > 0)
                }
                Owner::Flow | Owner::Step(_) | Owner::Undo(_) => false,
            };
            is_only || scope.steps.iter().any(has_attempts)
        } else {
            step.needs.iter().all(is_passed)
        }
    }

    /// True if the way went along a line.
    pub(super) fn takes(&self, graph: &Graph, flow: &Flow) -> bool {
        if let (FlowKind::Again, Element::Step(target)) = (flow.kind, flow.to) {
            return self.get(target).is_some_and(|passed| passed.reruns > 0) && self.enters(graph, flow.from);
        }
        let is_inside = [flow.from, flow.to].into_iter().all(|end| self.is_open_around(graph, end));
        is_inside && self.leaves(graph, flow.from) && self.enters(graph, flow.to)
    }

    /// True unless an element is in what was skipped as a whole.
    fn is_open_around(&self, graph: &Graph, element: Element) -> bool {
        let (Element::Step(id) | Element::Join(id) | Element::When(id) | Element::Merge(id) | Element::Fork(id)) =
            element
        else {
            return true;
        };
        self.is_open(graph, graph.step(id).scope)
    }

    fn leaves(&self, graph: &Graph, from: Element) -> bool {
        match from {
            Element::Begin(scope) | Element::Split(scope) | Element::Lane(scope) => self.is_open(graph, scope),
            Element::Gather(scope) | Element::Finish(scope) => self.is_closed(graph, scope),
            Element::Step(id) => self.mark(graph, id).is_left(),
            Element::Join(id) | Element::When(id) => self.mark(graph, id) != Mark::Ahead,
            Element::Merge(id) | Element::Fork(id) => self.is_over(graph, id),
            Element::Trouble(id, trouble) => {
                let handler = graph.step(id).handlers.iter().find(|(own, _)| *own == trouble);
                handler.is_some_and(|(_, scope)| self.is_open(graph, *scope))
            }
            Element::Undo(id) => self.mark(graph, id) == Mark::Undone,
        }
    }

    fn enters(&self, graph: &Graph, to: Element) -> bool {
        if let Element::Step(id) = to { self.mark(graph, id) != Mark::Ahead } else { self.leaves(graph, to) }
    }

    /// True if steps that need this one may begin.
    fn is_over(&self, graph: &Graph, id: StepId) -> bool {
        let mark = self.mark(graph, id);
        mark.is_left()
            || (mark == Mark::Failed && graph.step(id).handlers.iter().any(|(_, scope)| self.is_closed(graph, *scope)))
    }

    /// True if the way has come to a scope.
    pub(super) fn is_open(&self, graph: &Graph, scope: ScopeId) -> bool {
        let has_begun = |scope: ScopeId| {
            graph.scope(scope).steps.iter().any(|id| !matches!(self.mark(graph, *id), Mark::Ahead | Mark::Skipped))
        };
        match graph.scope(scope).owner {
            Owner::Flow => true,
            Owner::Step(step) => !matches!(self.mark(graph, step), Mark::Ahead | Mark::Skipped),
            Owner::Undo(step) => self.mark(graph, step) == Mark::Undone,
            Owner::Handler(step, _) if graph.scope(scope).steps.is_empty() => {
                // Nothing in it tells; it is the one that has handled the trouble if no other has.
                let others = graph.step(step).handlers.iter().any(|(_, other)| has_begun(*other));
                self.mark(graph, step) == Mark::Failed && !others
            }
            Owner::Handler(..) => has_begun(scope),
        }
    }

    /// True if the way has led out of a scope.
    fn is_closed(&self, graph: &Graph, scope: ScopeId) -> bool {
        let is_flow = graph.scope(scope).owner == Owner::Flow;
        let are_over = graph.scope(scope).steps.iter().all(|id| self.is_over(graph, *id));
        self.is_open(graph, scope) && are_over && (self.is_completed || !is_flow)
    }
}

impl Passed {
    fn of(step: &Value) -> Self {
        let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| step.get(name).and_then(Value::as_u64).unwrap_or_default();
        let status = text("status");
        let (mark, attempt) = (Mark::of(status), number("attempt"));
        let tries = if attempt > 1 { format!(", begun {attempt} times") } else { String::new() };
        let since = if mark == Mark::Ahead { String::new() } else { format!(" since {}", text("since")) };
        let reason = Some(text("reason")).filter(|reason| !reason.is_empty()).map(|reason| format!("\n{reason}"));
        let words = format!("{status}{since}{tries}{}", reason.unwrap_or_default());
        Self { mark, attempt, reruns: number("reruns"), words }
    }
}
