//! The parts of a picture: what is drawn, and where.

use crate::processor::flow::{Graph, Kind, Owner, ScopeId, StepId, Trouble};

/// What is drawn as a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Element {
    /// The start of a scope.
    Begin(ScopeId),
    /// The gateway behind the start, if several steps begin together.
    Split(ScopeId),
    /// The gateway before the end, if several steps are last.
    Gather(ScopeId),
    /// The end of a scope.
    Finish(ScopeId),
    /// The frame around a handler or what takes a step back.
    Lane(ScopeId),
    /// The gateway before a step that needs several others.
    Join(StepId),
    /// The gateway that decides whether a step is skipped.
    When(StepId),
    /// The step.
    Step(StepId),
    /// Where the ways go on together that lead past a step: when it is skipped, and behind its handlers.
    Merge(StepId),
    /// The gateway behind a step that several others need.
    Fork(StepId),
    /// The mark of a handler at its step.
    Trouble(StepId, Trouble),
    /// The mark of what takes a step back.
    Undo(StepId),
}

/// A point, in pixels from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub x: i32,
    pub y: i32,
}

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rect {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

/// A line from one shape to another.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub from: Element,
    pub to: Element,
    pub kind: FlowKind,
    /// Its corners, with both ends.
    pub path: Vec<Point>,
}

/// What a line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlowKind {
    /// One comes after the other.
    Next,
    /// The condition is true.
    Then,
    /// The condition is false.
    Skip,
    /// The step begins again.
    Again,
    /// This takes the step back.
    Undo,
}

impl Point {
    pub(super) const fn new(x: i32, y: i32) -> Self {
        Self { x, y }
    }
}

impl Rect {
    /// A rectangle of this size around a point.
    pub(super) const fn around(center: Point, width: i32, height: i32) -> Self {
        Self { x: center.x - width / 2, y: center.y - height / 2, width, height }
    }

    pub(super) const fn right(&self) -> i32 {
        self.x + self.width
    }

    pub(super) const fn bottom(&self) -> i32 {
        self.y + self.height
    }

    pub(super) const fn center(&self) -> Point {
        Point::new(self.x + self.width / 2, self.y + self.height / 2)
    }
}

/// True if a step says the end of the way that leads to it.
pub(super) const fn is_ending(kind: &Kind) -> bool {
    matches!(kind, Kind::Fail(_) | Kind::Rerun(_))
}

/// True if a way leads on from a step: of a step that ends the flow only that past it.
pub(super) fn has_exit(graph: &Graph, id: StepId) -> bool {
    let step = graph.step(id);
    !is_ending(&step.kind)
        || step.has_condition
        || step
            .handlers
            .iter()
            .any(|(_, scope)| !exits(graph, *scope).is_empty() || graph.scope(*scope).steps.is_empty())
}

/// The steps behind which a scope ends.
pub(super) fn exits(graph: &Graph, scope: ScopeId) -> Vec<StepId> {
    let steps = &graph.scope(scope).steps;
    let is_needed = |id: StepId| steps.iter().any(|other| graph.step(*other).needs.contains(&id));
    steps.iter().copied().filter(|id| !is_needed(*id) && has_exit(graph, *id)).collect()
}

/// True if the flow goes on behind a handler: it neither fails nor begins a step again.
pub(super) fn goes_on(graph: &Graph, handler: ScopeId) -> bool {
    graph.scope(handler).steps.is_empty() || !exits(graph, handler).is_empty()
}

/// The only step of an undo scope, if it needs no frame.
pub(super) fn alone(graph: &Graph, undo: ScopeId) -> Option<StepId> {
    let [only] = graph.scope(undo).steps.as_slice() else { return None };
    let step = graph.step(*only);
    let is_task = matches!(step.kind, Kind::Once | Kind::Request);
    (is_task && !step.has_condition && step.handlers.is_empty() && step.undo.is_none()).then_some(*only)
}

/// The scope whose elements stand in this one: of a stage, a handler, or an undo with several steps.
pub(super) fn frame(graph: &Graph, element: Element) -> Option<ScopeId> {
    match element {
        Element::Lane(scope) => Some(scope),
        Element::Step(step) => match graph.step(step).kind {
            Kind::Scope(scope) => Some(scope),
            Kind::Once | Kind::Request | Kind::Sleep(_) | Kind::Undo | Kind::Rerun(_) | Kind::Fail(_) => None,
        },
        Element::Begin(_)
        | Element::Split(_)
        | Element::Gather(_)
        | Element::Finish(_)
        | Element::Join(_)
        | Element::When(_)
        | Element::Merge(_)
        | Element::Fork(_)
        | Element::Trouble(_, _)
        | Element::Undo(_) => None,
    }
}

/// The scope whose frame contains an element: that of the flow, of a stage, or of an undo with several steps.
pub(super) fn level(graph: &Graph, element: Element) -> ScopeId {
    match element {
        Element::Begin(scope) | Element::Split(scope) | Element::Gather(scope) | Element::Finish(scope) => {
            level_of(graph, scope)
        }
        Element::Lane(scope) => match graph.scope(scope).owner {
            Owner::Flow => scope,
            Owner::Step(step) | Owner::Handler(step, _) | Owner::Undo(step) => level(graph, Element::Step(step)),
        },
        Element::Join(step)
        | Element::When(step)
        | Element::Step(step)
        | Element::Merge(step)
        | Element::Fork(step)
        | Element::Trouble(step, _)
        | Element::Undo(step) => level_of(graph, graph.step(step).scope),
    }
}

fn level_of(graph: &Graph, scope: ScopeId) -> ScopeId {
    match graph.scope(scope).owner {
        Owner::Handler(step, _) => level_of(graph, graph.step(step).scope),
        Owner::Undo(step) if alone(graph, scope).is_some() => level_of(graph, graph.step(step).scope),
        Owner::Flow | Owner::Step(_) | Owner::Undo(_) => scope,
    }
}

/// A length as a coordinate.
pub(super) fn pixels(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
