//! An application, and the resources that all applications of a process share.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::error::Result;
use super::{Calls, InstanceStatus, Secrets, TopologyFile, broker, metrics, settings, sink};
use crate::broker::Broker;
use crate::config::Config;
use crate::metric::Metrics;
use crate::model::Clock;
use crate::runtime::{Application, Status, SystemClock};
use crate::sink::Sinks;
use crate::sink::control_m::ControlM;
use crate::store::Stores;
use crate::topology::Topology;
use crate::topology::spec::Delivery;

/// The resources that all applications of a process share.
#[derive(Debug)]
pub struct Resources {
    /// The client of the cluster; it does not connect yet.
    pub broker: Arc<dyn Broker>,
    /// The sinks, by target.
    pub sinks: Sinks,
    /// The source of the secrets.
    pub(super) secrets: Arc<Secrets>,
    /// The sink of Control-M.
    pub(super) control_m: Option<Arc<ControlM>>,
}

impl Resources {
    /// Connects to nothing yet. The calls of sinks run on `handle` and are counted in `metrics`.
    pub fn new(config: &Config, handle: &Handle, metrics: &Arc<Metrics>) -> Result<Self> {
        let secrets = Arc::new(Secrets::new(handle));
        let broker = broker(config, &secrets, None)?;
        let calls = Calls { handle: handle.clone(), clock: Arc::new(SystemClock), metrics: metrics.clone() };
        let control_m = sink::control_m::sink(config, &secrets, &calls)?;
        let sinks = sink::by_target(control_m.clone(), (config, &secrets, &calls))?;
        Ok(Self { broker, sinks, secrets, control_m })
    }

    /// Checks the services of these deliveries in the background; see the sinks.
    pub fn check<'a>(&self, mut deliveries: impl Iterator<Item = &'a Delivery>) {
        if let Some(control_m) = &self.control_m
            && deliveries.any(|delivery| delivery.kind.control_m().is_some())
        {
            control_m.check_at_start();
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
}

impl Assembly {
    /// Assembles the topology of a file; the metrics are at 0, and the instance is not started.
    pub fn new(config: &Config, file: &TopologyFile) -> Result<Self> {
        let topology = file.assemble(config)?;
        let metrics = metrics(&config.application_id, &topology)?;
        Ok(Self { topology, metrics, status: Arc::new(Status::default()) })
    }

    /// Its status and metrics, and the sinks' state, for the HTTP server.
    pub fn health(&self, sinks: &Sinks) -> InstanceStatus {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        InstanceStatus { status: self.status.clone(), metrics: self.metrics.clone(), clock, sinks: sinks.clone() }
    }

    /// The application, before it is started. `http` is the address of the instance's HTTP server, empty if it has none.
    pub fn application(
        self,
        config: &Config,
        resources: &Resources,
        stores: impl Stores + 'static,
        http: String,
    ) -> Application {
        Application::new(self.topology, settings(config, http), resources.broker.clone(), stores)
            .with_sink(Arc::new(resources.sinks.clone()))
            .with_metrics(self.metrics)
            .with_status(self.status)
            .with_shutdown(config.shutdown_timeout)
    }
}
