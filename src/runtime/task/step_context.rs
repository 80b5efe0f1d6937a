//! The context of a step.

use crate::model::{Key, Moment, Reject, Statuses, Target, TaskId};
use crate::runtime::history::{self, EffectNames, StepInput};
use crate::runtime::topology_plan::TopologyPlan;
use crate::topology::Node;

/// The context of a step.
#[derive(Clone, Copy)]
pub(super) struct StepContext<'a> {
    pub plan: &'a TopologyPlan,
    pub node: &'a Node,
    pub task: &'a TaskId,
    pub key: &'a Key,
    pub at: Moment,
    /// True if spans are exported.
    pub has_spans: bool,
    /// True if an act for this target has to wait for capacity.
    pub waits: &'a dyn Fn(&Target) -> bool,
}

impl<'a> StepContext<'a> {
    /// The step for the history.
    pub(super) const fn of_history(
        self,
        input: StepInput,
        before: Statuses,
        result: Result<(Statuses, EffectNames), &'a Reject>,
    ) -> history::Step<'a> {
        let Self { node, task, key, at, .. } = self;
        history::Step { node, task, key, at: at.wall, input, before, result }
    }
}
