//! An application, and the resources that all applications of a process share.

use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;

use super::broker::Client;
use super::command::{BROKER_TIMEOUT, Commands};
use super::error::Result;
use super::{
    ApplicationSpec, Calls, InstanceStatus, Secrets, TopologyFile, metric, metrics, otlp, settings, shared_topic, sink,
};
use crate::config::Config;
use crate::metric::Metrics;
use crate::model::{Clock, Spans};
use crate::processor::delivery::control_m::Mode;
use crate::runtime::{Application, AuditLog, MemoryBudget, Queries, Status, SystemClock};
use crate::sink::Sinks;
use crate::sink::control_m::ControlM;
use crate::store::Stores;
use crate::topology::Topology;
use crate::topology::spec::Delivery;

/// The resources that all applications of a process share.
#[derive(Debug)]
pub struct Resources {
    /// The client of the cluster; it does not connect yet.
    client: Client,
    /// The memory for decoded entries.
    memory_budget: MemoryBudget,
    /// The sinks, by target.
    pub sinks: Sinks,
    /// Takes the spans, if they are exported.
    spans: Option<Arc<dyn Spans>>,
    /// The source of the secrets.
    pub(super) secrets: Arc<Secrets>,
    /// The sink of Control-M.
    pub(super) control_m: Option<Arc<ControlM>>,
}

impl Resources {
    /// Connects to nothing yet. The calls of sinks run on `handle` and are counted in `metrics`.
    pub fn new(config: &Config, handle: &Handle, metrics: &Arc<Metrics>) -> Result<Self> {
        let secrets = Arc::new(Secrets::new(handle));
        let client = Client::new(config, &secrets)?;
        let memory_budget = MemoryBudget::new(config.state_cache_mib << 20);
        let calls = Calls { handle: handle.clone(), clock: Arc::new(SystemClock), metrics: metrics.clone() };
        let control_m = sink::control_m::sink(config, &secrets, &calls)?;
        let sinks = sink::by_target(control_m.clone(), (config, &secrets, &calls))?;
        let spans = otlp::spans(config, &secrets, &calls)?;
        Ok(Self { client, memory_budget, sinks, spans, secrets, control_m })
    }

    /// The sender of commands to an application.
    pub(super) fn commands(&self, spec: &ApplicationSpec) -> Commands {
        Commands::new(spec.id(), self.client.of_application(&spec.config))
    }

    /// The audit topic of an application.
    pub(super) fn audit(&self, spec: &ApplicationSpec) -> AuditLog {
        AuditLog::new(spec.id(), self.client.of_application(&spec.config), BROKER_TIMEOUT)
    }

    /// Ends what is open at the services, when no further calls will be made.
    pub async fn close(&self) {
        let spans = self.spans.clone();
        // Meanwhile, because a collector that does not answer must not keep Control-M from its log-out.
        let exported = tokio::task::spawn_blocking(move || spans.into_iter().for_each(|spans| spans.close()));
        if let Some(control_m) = &self.control_m {
            control_m.log_out().await;
        }
        // It fails only when it has panicked, which has been printed then.
        drop(exported.await);
    }

    /// Checks the services of these deliveries in the background; see the sinks.
    pub fn check<'a>(&self, deliveries: impl Iterator<Item = &'a Delivery>) {
        let modes: Vec<Mode> = deliveries.filter_map(|it| Some(it.kind.control_m()?.mode)).collect();
        // Of several modes that which not every version of Control-M has.
        let newest = modes.iter().find(|mode| **mode == Mode::OnDemand).or(modes.first());
        if let (Some(control_m), Some(mode)) = (&self.control_m, newest) {
            control_m.check_at_start(*mode);
        }
    }
}

/// The parts of one application.
#[derive(Debug)]
pub struct Assembly {
    /// Its topology.
    pub topology: Topology,
    /// Its metrics.
    pub metrics: Arc<Metrics>,
    /// The states of its threads and tasks.
    pub status: Arc<Status>,
    /// Its queries, once its topics are known.
    pub queries: Arc<OnceLock<Queries>>,
}

impl Assembly {
    /// Assembles the topology of a file; the metrics are at 0, and the instance is not started.
    pub fn new(config: &Config, file: &TopologyFile) -> Result<Self> {
        let topology = file.assemble(config)?;
        let metrics = metrics(&config.application_id, &topology)?;
        Ok(Self { topology, metrics, status: Arc::new(Status::default()), queries: Arc::default() })
    }

    /// Assembles the topologies of all applications of a process, which must not use each other's topics.
    pub fn all(specs: &[ApplicationSpec]) -> Result<Vec<Self>> {
        let assemblies: Vec<Self> =
            specs.iter().map(|spec| Self::new(&spec.config, &spec.file)).collect::<Result<_>>()?;
        let topologies = assemblies.iter().map(|assembly| &assembly.topology);
        shared_topic::refuse(specs.iter().map(|spec| &spec.config).zip(topologies))?;
        Ok(assemblies)
    }

    /// The metrics in which the sinks and the log of the process are counted: those of the only application, or with several of them
    /// metrics under the configuration's own `application_id`.
    pub fn process_metrics(config: &Config, assemblies: &[Self]) -> Result<Arc<Metrics>> {
        match assemblies {
            [only] => Ok(Arc::clone(&only.metrics)),
            _ => metric::of_process(config),
        }
    }

    /// Its status and metrics, and the sinks' state, for the HTTP server.
    pub fn health(&self, sinks: &Sinks) -> InstanceStatus {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        InstanceStatus {
            status: self.status.clone(),
            queries: self.queries.clone(),
            metrics: self.metrics.clone(),
            clock,
            sinks: sinks.clone(),
        }
    }

    /// The application, before it is started. `http` is the address of the instance's HTTP server, empty if it has none.
    pub fn application(
        self,
        config: &Config,
        resources: &Resources,
        stores: impl Stores + 'static,
        http: String,
    ) -> Application {
        let broker = resources.client.of_application(config);
        Application::new(self.topology, settings(config, http), broker, stores)
            .with_memory_budget(resources.memory_budget.clone())
            .with_sink(Arc::new(resources.sinks.clone()))
            .with_metrics(self.metrics)
            .with_spans(resources.spans.clone())
            .with_status(self.status)
            .with_queries(self.queries)
            .with_shutdown(config.shutdown_timeout)
    }
}
