//! What all parts of an instance share.

use std::fmt;
use std::sync::Arc;

use super::fault_point::FaultObserver;
use super::incarnation::Incarnation;
use super::memory_budget::MemoryBudget;
use super::settings::Settings;
use super::status::Status;
use super::topology_plan::TopologyPlan;
use crate::broker::Broker;
use crate::metric::Metrics;
use crate::model::{Clock, Sink};
use crate::store::Stores;

/// What all parts of an instance share; made by [`Application::prepare`](super::Application::prepare).
#[derive(Clone)]
pub struct Context {
    /// The topology, with its topics.
    pub plan: Arc<TopologyPlan>,
    /// Names, limits, time-outs.
    pub settings: Arc<Settings>,
    /// The cluster.
    pub broker: Arc<dyn Broker>,
    /// The tasks' state.
    pub stores: Arc<dyn Stores>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Executes acts.
    pub sink: Arc<dyn Sink>,
    /// The memory for decoded entries.
    pub memory_budget: MemoryBudget,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// What health checks and other threads may know about this instance.
    pub status: Arc<Status>,
    /// This start of the instance.
    pub incarnation: Incarnation,
    /// Called at each fault point.
    pub fault_observer: Arc<dyn FaultObserver>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("settings", &self.settings).finish_non_exhaustive()
    }
}
