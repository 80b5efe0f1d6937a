//! An application assembled in Rust: a topology, a cluster, stores, and defaults for everything else.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::clock::SystemClock;
use super::context::Context;
use super::definitions::DefinitionsTopic;
use super::error::{Error, Result};
use super::fault_point::{FaultObserver, NoObserver};
use super::former_topic;
use super::generation;
use super::incarnation::Incarnation;
use super::instance::Instance;
use super::memory_budget::MemoryBudget;
use super::query::Queries;
use super::settings::Settings;
use super::status::Status;
use super::topics;
use super::topology_plan::DEFINITIONS;
use crate::broker::{Admin, Broker};
use crate::metric::{Build, Metrics};
use crate::model::{Clock, Completion, Execution, Outcome, Sink, Spans, Target, Verdict};
use crate::store::Stores;
use crate::topology::{Topology, internal_topic};

/// The default shutdown time-out.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// An instance of an application before its start.
///
/// `sheaf run` starts it from its configuration and adds an HTTP server and signals; the simulator prepares it and
/// drives its parts itself.
pub struct Application {
    topology: Topology,
    settings: Settings,
    broker: Arc<dyn Broker>,
    stores: Arc<dyn Stores>,
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
    telemetry: Telemetry,
    memory_budget: MemoryBudget,
    published: Published,
    incarnation: Incarnation,
    fault_observer: Arc<dyn FaultObserver>,
    shutdown: Duration,
}

/// What is measured and told to other systems.
#[derive(Debug, Default)]
struct Telemetry {
    metrics: Option<Arc<Metrics>>,
    spans: Option<Arc<dyn Spans>>,
}

/// What other threads see of the instance.
#[derive(Debug, Default)]
struct Published {
    status: Arc<Status>,
    queries: Arc<OnceLock<Queries>>,
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Application {
    /// An instance of `topology` on a cluster, with its state in `stores`. All instances of an application have the
    /// same topology and `settings.application`; `settings.instance` and the stores are each instance's own.
    pub fn new(
        topology: Topology,
        settings: Settings,
        broker: impl Broker + 'static,
        stores: impl Stores + 'static,
    ) -> Self {
        Self {
            topology,
            memory_budget: MemoryBudget::new(settings.cache_bytes),
            settings,
            broker: Arc::new(broker),
            stores: Arc::new(stores),
            sink: Arc::new(NoSink),
            clock: Arc::new(SystemClock),
            telemetry: Telemetry::default(),
            published: Published::default(),
            incarnation: Incarnation::of_this_process(),
            fault_observer: Arc::new(NoObserver),
            shutdown: SHUTDOWN,
        }
    }

    /// Sets the sink for the acts of its processors. Default: every act gets [`Verdict::NotSent`].
    #[must_use]
    pub fn with_sink(mut self, sink: Arc<dyn Sink>) -> Self {
        self.sink = sink;
        self
    }

    /// Sets the metrics. Default: metrics that are not exported. See [`Metrics::of`].
    #[must_use]
    pub fn with_metrics(mut self, metrics: Arc<Metrics>) -> Self {
        self.telemetry.metrics = Some(metrics);
        self
    }

    /// Sets what takes the spans. Default: none are exported.
    #[must_use]
    pub fn with_spans(mut self, spans: Option<Arc<dyn Spans>>) -> Self {
        self.telemetry.spans = spans;
        self
    }

    /// Sets the memory budget for decoded entries, which the applications of a process share. Default: one of its own, of
    /// [`Settings::cache_bytes`].
    #[must_use]
    pub fn with_memory_budget(mut self, memory_budget: MemoryBudget) -> Self {
        self.memory_budget = memory_budget;
        self
    }

    /// Sets the shutdown time-out. Default: 10 s.
    #[must_use]
    pub fn with_shutdown(mut self, shutdown: Duration) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// Sets the clock of steps and time-outs. Default: the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the incarnation. Default: a random id with the host and process id.
    #[must_use]
    pub fn with_incarnation(mut self, incarnation: Incarnation) -> Self {
        self.incarnation = incarnation;
        self
    }

    /// Sets the observer of fault points.
    #[must_use]
    pub fn with_fault_observer(mut self, fault_observer: Arc<dyn FaultObserver>) -> Self {
        self.fault_observer = fault_observer;
        self
    }

    /// Sets the status for health checks. Default: one that is available as [`status`](Self::status).
    #[must_use]
    pub fn with_status(mut self, status: Arc<Status>) -> Self {
        self.published.status = status;
        self
    }

    /// Sets where the queries are put once the topics are known, by [`prepare`](Self::prepare). Default: nowhere.
    #[must_use]
    pub fn with_queries(mut self, queries: Arc<OnceLock<Queries>>) -> Self {
        self.published.queries = queries;
        self
    }

    /// An admin client for [`prepare`](Self::prepare).
    pub fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(self.broker.admin()?)
    }

    /// The status for health checks, also after the start.
    pub fn status(&self) -> Arc<Status> {
        self.published.status.clone()
    }

    /// Creates missing topics, refuses incompatible ones, and starts all threads. An error of class
    /// [`Retry`](crate::model::ErrorClass::Retry): the cluster is not reachable yet.
    pub fn start(self) -> Result<Instance> {
        let context = self.prepare(&mut *self.admin()?, self.settings.limits.broker_timeout)?;
        Instance::start(&context, self.shutdown)
    }

    /// The first half of [`start`](Self::start): the topics and the shared context. Can be repeated after an error.
    pub fn prepare(&self, admin: &mut dyn Admin, timeout: Duration) -> Result<Context> {
        let mut topology = self.topology.clone();
        let application = &self.settings.application;
        let generations = generation::read((&*self.broker, &mut *admin), application, timeout)?;
        generation::set(&mut topology, &generations, application)?;
        let definitions = internal_topic(&self.settings.application, DEFINITIONS);
        let definitions = DefinitionsTopic::new(&definitions, &self.broker, timeout);
        let missing = definitions.learn(admin, &mut topology)?;
        let plan = topics::prepare(admin, &topology, &self.settings, timeout)?;
        missing.add()?;
        former_topic::refuse_undelivered((&*self.broker, admin), &self.settings.application, &plan, timeout)?;
        let metrics = match &self.telemetry.metrics {
            Some(metrics) => metrics.clone(),
            None => Metrics::of(&self.settings.application, &Build::default(), &plan.topology)
                .map(Arc::new)
                .map_err(|error| Error::Metrics(error.to_string()))?,
        };
        let context = Context {
            plan,
            memory_budget: self.memory_budget.clone(),
            settings: Arc::new(self.settings.clone()),
            broker: self.broker.clone(),
            stores: self.stores.clone(),
            clock: self.clock.clone(),
            sink: self.sink.clone(),
            metrics,
            spans: self.telemetry.spans.clone(),
            status: self.published.status.clone(),
            incarnation: self.incarnation.clone(),
            fault_observer: self.fault_observer.clone(),
        };
        self.published.queries.get_or_init(|| Queries::new(&context));
        Ok(context)
    }
}

/// The sink of an application without acts.
#[derive(Clone, Copy, Debug)]
pub struct NoSink;

impl Sink for NoSink {
    fn execute(&self, execution: Execution, done: Completion) {
        let Execution { act, .. } = execution;
        let verdict = Verdict::NotSent("no sink is configured".to_owned());
        done(Outcome { slot: act.slot, attempt: act.attempt, verdict });
    }

    fn capacity(&self, _to: &Target) -> usize {
        1
    }
}
