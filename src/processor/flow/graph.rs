//! The graph of a flow: its steps, what each of them needs, and the scopes that contain them.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The number of a step in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepId(pub u16);

/// The number of a scope in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub u16);

/// The most steps of a flow. They and their statuses are one entry.
pub const STEPS_MAX: usize = 1_000;

/// The steps of a flow and their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    steps: Vec<Step>,
    scopes: Vec<Scope>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The name, unique in its scope.
    pub name: Arc<str>,
    /// The scope that contains it.
    pub scope: ScopeId,
    /// The steps of its scope that are over before it begins.
    pub needs: Vec<StepId>,
    /// What it does.
    pub kind: Kind,
    /// True if a condition decides whether it is skipped.
    pub has_condition: bool,
    /// How often it is tried.
    pub retry: Retry,
    /// The time for its answer, with all tries.
    pub within: Option<Duration>,
    /// The time after which people are reminded of it, once.
    pub remind_after: Option<Duration>,
    /// What runs in trouble.
    pub handlers: Vec<(Trouble, ScopeId)>,
    /// What takes it back.
    pub undo: Option<ScopeId>,
}

/// Steps that begin together, as far as they do not need each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// When it is open.
    pub owner: Owner,
    /// Its steps, in the order of the definition.
    pub steps: Vec<StepId>,
}

/// When a scope is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// From the start of the flow to its end.
    Flow,
    /// While this step is active: a stage.
    Step(StepId),
    /// While this step's trouble is handled.
    Handler(StepId, Trouble),
    /// While this step is undone.
    Undo(StepId),
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is done when it has begun: a record is sent.
    Once,
    /// It waits for an answer: of a task, a call, a service, a person.
    Request,
    /// It waits for this time.
    Sleep(Duration),
    /// The steps of this scope are done: a stage.
    Scope(ScopeId),
    /// All steps that are done and can be undone are undone, the latest first.
    Undo,
    /// The step whose trouble is handled begins again.
    Rerun(StepId),
    /// The flow has failed, for this reason.
    Fail(Arc<str>),
}

/// What a handler is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Trouble {
    /// The answer is a refusal, which is not tried again.
    Refused,
    /// The last try has failed.
    Exhausted,
    /// There was no answer in time.
    Late,
    /// Any of them without a handler of its own but [`Late`](Self::Late), and a step that could not begin.
    Failed,
}

/// How often a step is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The tries in all, at least 1.
    pub tries: u32,
    /// The time between two of them.
    pub delay: Duration,
}

impl Retry {
    /// One try.
    pub const ONCE: Self = Self { tries: 1, delay: Duration::ZERO };
}

impl Trouble {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Refused, Self::Exhausted, Self::Late, Self::Failed];

    /// The word of definitions and statuses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Exhausted => "exhausted",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

impl Step {
    /// A step without needs, conditions, retries and handlers.
    pub fn new(name: impl Into<Arc<str>>, scope: ScopeId, kind: Kind) -> Self {
        Self {
            name: name.into(),
            scope,
            needs: Vec::new(),
            kind,
            has_condition: false,
            retry: Retry::ONCE,
            within: None,
            remind_after: None,
            handlers: Vec::new(),
            undo: None,
        }
    }

    /// The handler of a trouble, and the word by which it was declared.
    pub fn handler(&self, trouble: Trouble) -> Option<(Trouble, ScopeId)> {
        let of = |wanted: Trouble| self.handlers.iter().find(|(trouble, _)| *trouble == wanted).copied();
        match trouble {
            Trouble::Late => of(Trouble::Late),
            Trouble::Refused | Trouble::Exhausted | Trouble::Failed => of(trouble).or_else(|| of(Trouble::Failed)),
        }
    }

    /// The scopes that belong to it.
    pub fn scopes(&self) -> impl Iterator<Item = ScopeId> + '_ {
        let inner = if let Kind::Scope(scope) = self.kind { Some(scope) } else { None };
        inner.into_iter().chain(self.handlers.iter().map(|(_, scope)| *scope)).chain(self.undo)
    }
}

impl Default for Graph {
    fn default() -> Self {
        Self { steps: Vec::new(), scopes: vec![Scope { owner: Owner::Flow, steps: Vec::new() }] }
    }
}

impl Graph {
    /// The scope of the flow itself.
    pub const ROOT: ScopeId = ScopeId(0);

    /// Adds an empty scope.
    pub fn add_scope(&mut self, owner: Owner) -> ScopeId {
        self.scopes.push(Scope { owner, steps: Vec::new() });
        ScopeId(number(self.scopes.len() - 1))
    }

    /// Adds a step to its scope.
    pub fn add_step(&mut self, step: Step) -> StepId {
        let id = self.next_step();
        self.scope_mut(step.scope).steps.push(id);
        self.steps.push(step);
        id
    }

    /// The id that the next added step will have.
    pub fn next_step(&self) -> StepId {
        StepId(number(self.steps.len()))
    }

    /// The number of steps.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// True without steps.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// A step. The id is one of this graph.
    #[expect(clippy::indexing_slicing, reason = "only a graph makes ids, and it loses no step")]
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[usize::from(id.0)]
    }

    /// A step, to be completed.
    #[expect(clippy::indexing_slicing, reason = "only a graph makes ids, and it loses no step")]
    pub fn step_mut(&mut self, id: StepId) -> &mut Step {
        &mut self.steps[usize::from(id.0)]
    }

    /// A scope. The id is one of this graph.
    #[expect(clippy::indexing_slicing, reason = "only a graph makes ids, and it loses no scope")]
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[usize::from(id.0)]
    }

    #[expect(clippy::indexing_slicing, reason = "only a graph makes ids, and it loses no scope")]
    fn scope_mut(&mut self, id: ScopeId) -> &mut Scope {
        &mut self.scopes[usize::from(id.0)]
    }

    /// All steps, with their ids.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = (StepId, &Step)> {
        self.steps.iter().enumerate().map(|(index, step)| (StepId(number(index)), step))
    }

    /// A step by the names of its stage and itself; without a stage any step of this name, outer scopes first.
    pub fn find(&self, stage: Option<&str>, name: &str) -> Option<StepId> {
        let is_in = |step: &Step| match (stage, self.owner_of(step)) {
            (None, _) => true,
            (Some(stage), Some(owner)) => &*self.step(owner).name == stage,
            (Some(_), None) => false,
        };
        let named = self.steps().filter(|(_, step)| &*step.name == name && is_in(step));
        named.map(|(id, _)| id).min_by_key(|id| self.owners(*id).count())
    }

    /// The stage of a step; `None` for one of the flow itself, of a handler or of an undo.
    pub fn stage_of(&self, id: StepId) -> Option<&Step> {
        match self.scope(self.step(id).scope).owner {
            Owner::Step(owner) => Some(self.step(owner)),
            Owner::Flow | Owner::Handler(..) | Owner::Undo(_) => None,
        }
    }

    /// The step whose scope contains this one: its stage, or the step that it handles or undoes.
    fn owner_of(&self, step: &Step) -> Option<StepId> {
        match self.scope(step.scope).owner {
            Owner::Flow => None,
            Owner::Step(owner) | Owner::Handler(owner, _) | Owner::Undo(owner) => Some(owner),
        }
    }

    /// The steps around this one, the nearest first.
    pub fn owners(&self, id: StepId) -> impl Iterator<Item = StepId> + '_ {
        std::iter::successors(self.owner_of(self.step(id)), |owner| self.owner_of(self.step(*owner)))
    }

    /// The steps in a step: of its stage, its handlers and its undo, with theirs.
    pub fn inside(&self, id: StepId) -> Vec<StepId> {
        let mut found: Vec<StepId> = Vec::new();
        let mut scopes: Vec<ScopeId> = self.step(id).scopes().collect();
        while let Some(scope) = scopes.pop() {
            for inner in &self.scope(scope).steps {
                found.push(*inner);
                scopes.extend(self.step(*inner).scopes());
            }
        }
        found
    }

    /// The steps of its scope that need this one, directly or through others, in the order of the definition.
    pub fn dependents(&self, id: StepId) -> Vec<StepId> {
        let mut found = vec![id];
        for candidate in &self.scope(self.step(id).scope).steps {
            if !found.contains(candidate) && self.step(*candidate).needs.iter().any(|need| found.contains(need)) {
                found.push(*candidate);
            }
        }
        found.split_off(1)
    }
}

/// An index as a number; definitions of more than [`STEPS_MAX`] steps are refused.
fn number(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
