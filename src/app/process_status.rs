//! Health and metrics of the applications of a process, for the HTTP server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::InstanceStatus;
use crate::admin::{self, Health};
use crate::metric::{self, InstanceState, Metrics};
use crate::model::Clock as _;
use crate::runtime::SystemClock;

/// The states of an instance from the one that is told first when applications differ.
const BY_URGENCY: [InstanceState; 6] = [
    InstanceState::Error,
    InstanceState::Draining,
    InstanceState::Restoring,
    InstanceState::Joining,
    InstanceState::Created,
    InstanceState::Running,
];

/// The health and the metrics of all applications of a process.
#[derive(Clone, Debug)]
pub struct ProcessStatus {
    /// The instance of each application, by application id.
    pub instances: BTreeMap<String, InstanceStatus>,
    /// The metrics in which sinks and log are counted.
    pub metrics: Arc<Metrics>,
}

impl admin::Status for ProcessStatus {
    /// Alive and ready if all applications are.
    fn health(&self) -> Health {
        let mut applications: BTreeMap<String, Health> =
            self.instances.iter().map(|(id, instance)| (id.clone(), instance.health())).collect();
        if applications.len() == 1
            && let Some((_, only)) = applications.pop_first()
        {
            return only;
        }
        let states = BY_URGENCY.map(InstanceState::as_str).into_iter();
        let state = states.into_iter().find(|state| applications.values().any(|health| health.state == *state));
        Health {
            alive: applications.values().all(|health| health.alive),
            ready: applications.values().all(|health| health.ready),
            state: state.unwrap_or_default().to_owned(),
            details: applications.iter().map(|(id, health)| (id.clone(), health.state.clone())).collect(),
            applications,
        }
    }

    fn metrics(&self) -> Result<String, metric::Error> {
        let instances: Vec<Arc<Metrics>> = self.instances.values().map(|instance| instance.metrics.clone()).collect();
        self.metrics.clock(SystemClock.now());
        metric::encode(&self.metrics, &instances)
    }

    fn answered(&self, route: &str, method: &'static str, status: u16, took: Duration) {
        self.metrics.http.request(route, method, status, took);
    }
}
