//! The shared context of an instance's threads.

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
use crate::model::{Clock, Sink, Spans};
use crate::store::Stores;

/// The shared context of an instance's threads; made by [`Application::prepare`](super::Application::prepare).
#[derive(Clone)]
pub struct Context {
    /// The topology with its topics.
    pub plan: Arc<TopologyPlan>,
    /// Names, limits and time-outs.
    pub settings: Arc<Settings>,
    /// The cluster.
    pub broker: Arc<dyn Broker>,
    /// The stores of the tasks.
    pub stores: Arc<dyn Stores>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The sink of all acts.
    pub sink: Arc<dyn Sink>,
    /// The memory budget for decoded entries.
    pub memory_budget: MemoryBudget,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Takes the spans; `None`: none are exported.
    pub spans: Option<Arc<dyn Spans>>,
    /// The status for health checks, shared by the threads.
    pub status: Arc<Status>,
    /// The incarnation: this start of the instance.
    pub incarnation: Incarnation,
    /// The observer of fault points.
    pub fault_observer: Arc<dyn FaultObserver>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("settings", &self.settings).finish_non_exhaustive()
    }
}
