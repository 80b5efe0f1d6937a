//! The acts of a transaction: decided, or released from the queue of their target.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Act, ActSlot, Key, Sink, Target, TaskId, TraceContext};

/// A decided act, to be handed to the sink after the commit.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    /// The task.
    pub task: TaskId,
    /// The epoch of the task.
    pub epoch: u64,
    /// The entry.
    pub key: Key,
    /// The act.
    pub act: Act,
    /// The trace that it belongs to.
    pub trace: Option<TraceContext>,
    /// The time of the decision, or of the release of a queued act, on [`Clock::uptime`](crate::model::Clock::uptime).
    pub decided_at: Duration,
}

/// A queued act, named by its entry and its slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QueuedAct {
    /// The entry.
    pub key: Key,
    /// The slot within the entry.
    pub slot: ActSlot,
}

/// The acts of a transaction, to be handed to the sink after its commit.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    /// In the order of deciding.
    decided: Vec<Decision>,
    /// Their number by target.
    by_target: BTreeMap<Target, usize>,
    /// The free capacity of the sink at the start of the turn, for the targets of tasks that queue acts.
    free: BTreeMap<Target, usize>,
    /// The acts taken from queues, to be put back after an abort; in the order of taking.
    released: Vec<(TaskId, Target, QueuedAct)>,
    /// The queues that acts were added to, in order.
    queued: Vec<(TaskId, Target)>,
}

impl Decisions {
    /// Adds a decided act.
    pub(super) fn add(&mut self, decision: Decision) {
        *self.by_target.entry(decision.act.to.clone()).or_default() += 1;
        self.decided.push(decision);
    }

    /// The number of acts for a target.
    pub(super) fn count(&self, to: &Target) -> usize {
        self.by_target.get(to).copied().unwrap_or_default()
    }

    /// True if the decided acts leave the sink no capacity for their target.
    pub(super) fn fill(&self, sink: &dyn Sink) -> bool {
        self.by_target.iter().any(|(to, count)| sink.capacity(to) <= *count)
    }

    /// Notes the free capacity of a target.
    pub(super) fn note_capacity(&mut self, to: &Target, sink: &dyn Sink) {
        self.free.insert(to.clone(), sink.capacity(to));
    }

    /// True if the sink has capacity for one more act of this target. Unknown targets have.
    pub(super) fn has_capacity(&self, to: &Target) -> bool {
        self.free.get(to).is_none_or(|free| self.count(to) < *free)
    }

    /// Notes an act that was taken from a queue.
    pub(super) fn released(&mut self, task: &TaskId, to: &Target, act: QueuedAct) {
        self.released.push((task.clone(), to.clone(), act));
    }

    /// Notes an act that was added to a queue.
    pub(super) fn queued(&mut self, task: &TaskId, to: &Target) {
        self.queued.push((task.clone(), to.clone()));
    }

    /// The queues that acts were added to, the last one first.
    pub(super) fn take_queued(&mut self) -> impl Iterator<Item = (TaskId, Target)> + use<> {
        std::mem::take(&mut self.queued).into_iter().rev()
    }

    /// Takes the decided acts.
    pub(super) fn take(&mut self) -> Vec<Decision> {
        self.by_target.clear();
        std::mem::take(&mut self.decided)
    }

    /// The acts to be put back into their queues after an abort, the last one first.
    pub(super) fn into_released(self) -> impl Iterator<Item = (TaskId, Target, QueuedAct)> {
        self.released.into_iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Completion, Execution};

    /// A sink with room for two more acts of one target, and for any number of others.
    #[derive(Debug)]
    struct Two(Target);

    impl Sink for Two {
        fn execute(&self, _: Execution, _: Completion) {}

        fn capacity(&self, to: &Target) -> usize {
            if *to == self.0 { 2 } else { usize::MAX }
        }
    }

    #[test]
    fn acts_fill_a_sink_when_one_target_has_no_room_for_another() {
        let (narrow, wide) = (Target::new("narrow"), Target::new("wide"));
        let (sink, mut decisions) = (Two(narrow.clone()), Decisions::default());
        let mut filled = Vec::new();
        for (attempt, to) in (1..).zip([&wide, &narrow, &wide, &narrow]) {
            let (valid_for, request) = (Duration::from_secs(30), String::new());
            let act = Act { slot: ActSlot(0), attempt, to: to.clone(), valid_for, request };
            let task = TaskId { processor: "delivery".into(), partition: 0 };
            decisions.add(Decision {
                task,
                epoch: 1,
                key: Key::new("k"),
                act,
                trace: None,
                decided_at: Duration::ZERO,
            });
            filled.push(decisions.fill(&sink));
        }
        assert_eq!(filled, [false, false, false, true]);
        decisions.take();
        assert!(!decisions.fill(&sink), "a transaction without acts waits for its gap");
    }
}
