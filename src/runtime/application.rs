//! An application put together in Rust: a topology, a cluster, a place for its state, and everything else by default.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::clock::SystemClock;
use super::context::Context;
use super::error::{Error, Result};
use super::fault_point::{FaultObserver, NoObserver};
use super::incarnation::Incarnation;
use super::instance::Instance;
use super::memory_budget::MemoryBudget;
use super::settings::Settings;
use super::status::Status;
use super::topics;
use crate::broker::{Admin, Broker};
use crate::metric::{Build, Metrics};
use crate::model::{Act, Clock, Completion, Key, Outcome, Sink, Target, TaskId, Verdict};
use crate::store::Stores;
use crate::topology::Topology;

/// How long an orderly stop waits for what is under way, unless it is told otherwise.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// One instance of an application, before it is started.
///
/// `sheaf run` starts it with what its configuration says, and has an HTTP server and signals besides; the simulator prepares it
/// and turns its parts by hand.
pub struct Application {
    topology: Topology,
    settings: Settings,
    broker: Arc<dyn Broker>,
    stores: Arc<dyn Stores>,
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
    metrics: Option<Arc<Metrics>>,
    status: Arc<Status>,
    incarnation: Incarnation,
    fault_observer: Arc<dyn FaultObserver>,
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
            incarnation: Incarnation::of_this_process(),
            fault_observer: Arc::new(NoObserver),
            shutdown: SHUTDOWN,
        }
    }

    /// What executes the acts of its processors; without it every act comes back as [`Verdict::NotSent`].
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

    /// The clock of steps and time-outs; without it the machine's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What this start is told apart by; without it a random id, and the names of this machine and process.
    #[must_use]
    pub fn with_incarnation(mut self, incarnation: Incarnation) -> Self {
        self.incarnation = incarnation;
        self
    }

    /// Is called at each fault point.
    #[must_use]
    pub fn with_fault_observer(mut self, fault_observer: Arc<dyn FaultObserver>) -> Self {
        self.fault_observer = fault_observer;
        self
    }

    /// Where it says what it does, for health checks; without it only [`status`](Self::status) tells.
    #[must_use]
    pub fn with_status(mut self, status: Arc<Status>) -> Self {
        self.status = status;
        self
    }

    /// A client to [`prepare`](Self::prepare) it with.
    pub fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(self.broker.admin()?)
    }

    /// What the instance does, for health checks; it stays when the instance is started.
    pub fn status(&self) -> Arc<Status> {
        self.status.clone()
    }

    /// Creates the topics that are missing, refuses those that do not fit, and starts all threads. An error whose class is
    /// [`Retry`](crate::model::ErrorClass::Retry) says that the cluster cannot be reached yet.
    pub fn start(self) -> Result<Instance> {
        let context = self.prepare(&mut *self.admin()?, self.settings.broker_timeout)?;
        Instance::start(&context, self.shutdown)
    }

    /// The first half of [`start`](Self::start): the topics, and all that the threads share. May be repeated after an error.
    pub fn prepare(&self, admin: &mut dyn Admin, timeout: Duration) -> Result<Context> {
        let plan = topics::prepare(admin, &self.topology, &self.settings, timeout)?;
        let metrics = match &self.metrics {
            Some(metrics) => metrics.clone(),
            None => Metrics::of(&self.settings.application, &Build::default(), &plan.topology)
                .map(Arc::new)
                .map_err(|error| Error::Metrics(error.to_string()))?,
        };
        Ok(Context {
            plan,
            memory_budget: MemoryBudget::new(self.settings.cache_bytes),
            settings: Arc::new(self.settings.clone()),
            broker: self.broker.clone(),
            stores: self.stores.clone(),
            clock: self.clock.clone(),
            sink: self.sink.clone(),
            metrics,
            status: self.status.clone(),
            incarnation: self.incarnation.clone(),
            fault_observer: self.fault_observer.clone(),
        })
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

    fn capacity(&self, _to: &Target) -> usize {
        1
    }
}
