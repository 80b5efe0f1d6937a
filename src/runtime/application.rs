//! An application put together in Rust: a topology, a cluster, a place for its state, and everything else by default.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::clock::SystemClock;
use super::error::{Error, Result};
use super::fault_point::NoObserver;
use super::incarnation::Incarnation;
use super::instance::Instance;
use super::memory_budget::MemoryBudget;
use super::settings::Settings;
use super::status::Status;
use super::thread::Context;
use super::topics::prepare;
use super::topology_plan::TopologyPlan;
use crate::broker::Broker;
use crate::metric::{Build, Metrics};
use crate::model::{Act, Clock, Completion, Key, Outcome, Sink, TaskId, Verdict};
use crate::store::Stores;
use crate::topology::Topology;

/// How long an orderly stop waits for what is under way, unless it is told otherwise.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// One instance of an application, before it is started.
///
/// `sheaf run` starts the same [`Instance`] with the same parts; what it has besides is a configuration, an HTTP server and
/// signals.
pub struct Application {
    topology: Topology,
    settings: Settings,
    broker: Arc<dyn Broker>,
    stores: Arc<dyn Stores>,
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
    metrics: Option<Arc<Metrics>>,
    status: Arc<Status>,
    shutdown: Duration,
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Application {
    /// An instance of `topology` on a cluster, with its state in `stores`. All instances of one application have the same
    /// topology and `settings.application`, each its own `settings.instance` and stores.
    pub fn new(
        topology: Topology,
        settings: Settings,
        broker: impl Broker + 'static,
        stores: impl Stores + 'static,
    ) -> Self {
        Self {
            topology,
            settings,
            broker: Arc::new(broker),
            stores: Arc::new(stores),
            sink: Arc::new(NoSink),
            clock: Arc::new(SystemClock),
            metrics: None,
            status: Arc::new(Status::default()),
            shutdown: SHUTDOWN,
        }
    }

    /// Who executes the acts of its processors; without one every act comes back as [`Verdict::NotSent`].
    #[must_use]
    pub fn with_sink(mut self, sink: Arc<dyn Sink>) -> Self {
        self.sink = sink;
        self
    }

    /// Counts here, to be shown by somebody; without it nobody can see what is counted. See [`Metrics::of`].
    #[must_use]
    pub fn with_metrics(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// How long an orderly stop waits for what is under way.
    #[must_use]
    pub fn with_shutdown(mut self, shutdown: Duration) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// What the instance does, for health checks; it stays when the instance is started.
    pub fn status(&self) -> Arc<Status> {
        self.status.clone()
    }

    /// Creates the topics that are missing, refuses those that do not fit, and starts all threads. An error whose class is
    /// [`Retry`](crate::model::ErrorClass::Retry) says that the cluster cannot be reached yet.
    pub fn start(self) -> Result<Instance> {
        let plan = TopologyPlan::new(self.topology, &self.settings);
        let inbox_partitions = prepare(&mut *self.broker.admin()?, &plan, &self.settings)?;
        let metrics = match self.metrics {
            Some(metrics) => metrics,
            None => Metrics::of(&self.settings.application, &Build::default(), &plan.topology)
                .map(Arc::new)
                .map_err(|error| Error::Metrics(error.to_string()))?,
        };
        let context = Context {
            plan,
            room: MemoryBudget::new(self.settings.cache_bytes),
            settings: Arc::new(self.settings),
            broker: self.broker,
            stores: self.stores,
            clock: self.clock,
            sink: self.sink,
            metrics,
            status: self.status,
            incarnation: Incarnation::of_this_process(),
            inbox_partitions,
            fault_observer: Arc::new(NoObserver),
        };
        Instance::start(&context, self.shutdown)
    }
}

/// The sink of an application whose processors decide no acts.
#[derive(Clone, Copy, Debug)]
pub struct NoSink;

impl Sink for NoSink {
    fn execute(&self, _task: &TaskId, _key: &Key, act: Act, _expires_at: Duration, done: Completion) {
        let verdict = Verdict::NotSent("no sink is set up".to_owned());
        done(Outcome { slot: act.slot, attempt: act.attempt, verdict });
    }

    fn capacity(&self) -> usize {
        1
    }
}
