//! The targets of a task's acts, and the acts that wait for capacity at them.
//!
//! A task with one target takes no input while the sink has no capacity for it, so its backlog stays in the inbox. A task with
//! several targets would stop the calls of all for one that is full: it goes on, and stores the acts of the full target as
//! *queued*. A later transaction releases them in order; the validity of an act counts from its release.

use std::collections::{BTreeMap, VecDeque};

use crate::model::Target;
use crate::processor::AnyProcessor;
use crate::runtime::decisions::{Decisions, QueuedAct};

/// The most queued acts of a task that still takes input.
const QUEUED_MAX: usize = 10_000;

/// The targets of a task's acts, declared by its processor or met so far, each with its queue.
///
/// The queues are an index of what the entries say. A later step may have settled or replaced an act, so whoever releases it looks at
/// its entry.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Queues {
    by_target: BTreeMap<Target, VecDeque<QueuedAct>>,
    /// True if acts queue also if there is one target.
    always: bool,
}

impl Queues {
    /// The queues of a processor's declared targets.
    pub(in crate::runtime) fn of(processor: &dyn AnyProcessor) -> Self {
        let by_target = processor.targets().into_iter().map(|target| (target, VecDeque::new())).collect();
        Self { by_target, always: processor.queues_acts() }
    }

    /// Notes a target.
    pub(super) fn add(&mut self, to: &Target) {
        if !self.by_target.contains_key(to) {
            self.by_target.insert(to.clone(), VecDeque::new());
        }
    }

    /// The targets.
    pub(in crate::runtime) fn targets(&self) -> impl Iterator<Item = &Target> {
        self.by_target.keys()
    }

    /// True if acts may queue: the processor says so, there are several targets, or acts have queued before.
    pub(in crate::runtime) fn are_used(&self) -> bool {
        self.always || self.by_target.len() > 1 || self.len() > 0
    }

    /// True if an act for this target has to wait: others wait, or there are several targets and the sink has
    /// no capacity for this one.
    pub(super) fn must_wait(&self, to: &Target, decisions: &Decisions) -> bool {
        let Some(queue) = self.by_target.get(to) else { return false };
        !queue.is_empty() || self.are_used() && !decisions.has_capacity(to)
    }

    /// The targets with queued acts.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Target> {
        self.by_target.iter().filter(|(_, queue)| !queue.is_empty()).map(|(target, _)| target)
    }

    /// The number of inputs that a task with several targets takes until it has too many queued acts.
    pub(in crate::runtime) fn free(&self) -> usize {
        QUEUED_MAX.saturating_sub(self.len())
    }

    /// The number of queued acts.
    pub(in crate::runtime) fn len(&self) -> usize {
        self.by_target.values().map(VecDeque::len).sum()
    }

    /// The number of queued acts by target.
    pub(in crate::runtime) fn lengths(&self) -> impl Iterator<Item = (&Target, usize)> {
        self.by_target.iter().map(|(target, queue)| (target, queue.len()))
    }

    /// Adds an act at the end.
    pub(in crate::runtime) fn push(&mut self, to: &Target, act: QueuedAct) {
        self.by_target.entry(to.clone()).or_default().push_back(act);
    }

    /// Takes the first act.
    pub(in crate::runtime) fn pop(&mut self, to: &Target) -> Option<QueuedAct> {
        self.by_target.get_mut(to)?.pop_front()
    }

    /// Takes back the act that was added last.
    pub(in crate::runtime) fn take_back(&mut self, to: &Target) {
        if let Some(queue) = self.by_target.get_mut(to) {
            queue.pop_back();
        }
    }

    /// Puts an act back to the start.
    pub(in crate::runtime) fn put_back(&mut self, to: &Target, act: QueuedAct) {
        self.by_target.entry(to.clone()).or_default().push_front(act);
    }

    /// Empties all queues; the targets stay known.
    pub(in crate::runtime) fn clear(&mut self) {
        self.by_target.values_mut().for_each(VecDeque::clear);
    }
}
