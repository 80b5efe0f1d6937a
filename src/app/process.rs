//! The applications of a process, as the HTTP API shows them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::{ApplicationSpec, Assembly, InstanceStatus, ProcessStatus, Resources};
use crate::admin::api::Port;
use crate::admin::api::answer::{
    Application, Instance, Output, OutputOwner, Processor, Setting, Source, Task, TaskRole, Thread, Topology,
};
use crate::admin::{self, Health};
use crate::config::Shown;
use crate::metric::{self, Metrics};
use crate::model::TaskId;
use crate::topology::{self, OutputKind, internal_topic};

/// The applications of a process.
#[derive(Debug)]
pub struct Process {
    status: ProcessStatus,
    /// The topology of each application, by its id.
    topologies: BTreeMap<String, topology::Topology>,
    instance_id: String,
    /// The address of the HTTP server, once it is known.
    address: OnceLock<String>,
    settings: Vec<Setting>,
}

impl Process {
    /// The applications with their assemblies; sinks and log are counted in `metrics`.
    pub fn new(
        specs: &[ApplicationSpec],
        assemblies: &[Assembly],
        resources: &Resources,
        metrics: Arc<Metrics>,
    ) -> Self {
        let all = || specs.iter().zip(assemblies).map(|(spec, assembly)| (spec.id().to_owned(), assembly));
        let instances = all().map(|(id, assembly)| (id, assembly.health(&resources.sinks))).collect();
        Self {
            status: ProcessStatus { instances, metrics },
            topologies: all().map(|(id, assembly)| (id, assembly.topology.clone())).collect(),
            instance_id: specs.first().map(|spec| spec.config.instance_id.to_string()).unwrap_or_default(),
            address: OnceLock::new(),
            settings: Vec::new(),
        }
    }

    /// The same, which shows these settings.
    #[must_use]
    pub fn with_settings(mut self, settings: Vec<Shown>) -> Self {
        let setting = |Shown { path, value, origin }| Setting { path, value, origin };
        self.settings = settings.into_iter().map(setting).collect();
        self
    }

    /// Sets the address of the HTTP server.
    pub fn serves_at(&self, address: String) {
        self.address.get_or_init(|| address);
    }

    fn instance(&self, application: &str) -> Option<&InstanceStatus> {
        self.status.instances.get(application)
    }
}

impl admin::Status for Process {
    fn health(&self) -> Health {
        self.status.health()
    }

    fn metrics(&self) -> Result<String, metric::Error> {
        self.status.metrics()
    }
}

impl Port for Process {
    fn applications(&self) -> Vec<Application> {
        let of = |(id, topology): (&String, &topology::Topology)| {
            let status = &self.instance(id)?.status;
            Some(Application {
                id: id.clone(),
                topology: topology.name.clone(),
                state: status.state().instance_state().as_str().to_owned(),
                ready: status.is_ready(),
                processors: topology.nodes.iter().map(|node| node.name.to_string()).collect(),
            })
        };
        self.topologies.iter().filter_map(of).collect()
    }

    fn topology(&self, application: &str) -> Option<Topology> {
        self.topologies.get(application).map(|topology| shown(topology, application))
    }

    fn instances(&self, application: &str) -> Vec<Instance> {
        let of = |instance: &InstanceStatus| {
            let (health, status) = (instance.health(), &instance.status);
            let thread = |(number, state): (usize, crate::runtime::ThreadState)| Thread {
                name: format!("stream-{number}"),
                state: state.instance_state().as_str().to_owned(),
            };
            Instance {
                application: application.to_owned(),
                id: self.instance_id.clone(),
                address: self.address.get().cloned().unwrap_or_default(),
                state: health.state,
                alive: health.alive,
                ready: health.ready,
                threads: status.threads().into_iter().map(thread).collect(),
                tasks: count(status.owned().len()),
                standby_tasks: status.standby_tasks().values().sum(),
                disk_free_bytes: status.disk_free(),
                details: health.details,
            }
        };
        self.instance(application).map(of).into_iter().collect()
    }

    fn tasks(&self, application: &str) -> Vec<Task> {
        let Some(InstanceStatus { status, .. }) = self.instance(application) else { return Vec::new() };
        let entries = status.task_entries();
        let task = |id: &TaskId, role, state: Option<&str>| {
            let entries = entries.get(id).filter(|_| role == TaskRole::Active);
            Task {
                application: application.to_owned(),
                name: id.to_string(),
                processor: id.processor.to_string(),
                partition: id.partition,
                instance: self.instance_id.clone(),
                role,
                state: state.map(str::to_owned),
                entries: entries.map(|entries| entries.entries),
                open: entries.map(|entries| entries.open),
                oldest_open: entries.and_then(|entries| entries.oldest).map(Into::into),
                next_deadline: entries.and_then(|entries| entries.next_deadline).map(Into::into),
            }
        };
        let owned = status.owned_states();
        let standbys = status.standbys();
        let active = owned.iter().map(|(id, state)| task(id, TaskRole::Active, Some(state.as_str())));
        // One that has just become active is not a standby any more.
        let standbys = standbys.iter().filter(|id| !owned.contains_key(id)).map(|id| task(id, TaskRole::Standby, None));
        active.chain(standbys).collect()
    }

    fn settings(&self) -> Vec<Setting> {
        self.settings.clone()
    }
}

fn shown(topology: &topology::Topology, application: &str) -> Topology {
    let own = |rest: &str| internal_topic(application, rest).as_str().to_owned();
    let source = |source: &topology::Source| Source {
        topic: source.topic.as_str().to_owned(),
        processor: topology.nodes.get(source.node).map(|node| node.name.to_string()).unwrap_or_default(),
        start: source.start.map(|start| start.to_string()),
    };
    let output = |output: &topology::Output| Output {
        name: output.name.to_string(),
        topic: output.topic.as_str().to_owned(),
        owner: match output.kind {
            OutputKind::Own => OutputOwner::Application,
            OutputKind::Public => OutputOwner::Public,
        },
    };
    let processor = |node: &topology::Node| Processor {
        name: node.name.to_string(),
        inbox: own(&format!("{}-inbox", node.name)),
        changelog: own(&format!("{}-changelog", node.name)),
        outputs: node.outputs.iter().map(output).collect(),
        alerts: node.processor.alerts().iter().map(|kind| (*kind).to_owned()).collect(),
        targets: node.processor.targets().iter().map(ToString::to_string).collect(),
        history: node.history.then(|| own("history")),
    };
    Topology {
        application: application.to_owned(),
        name: topology.name.clone(),
        sources: topology.sources.iter().map(source).collect(),
        processors: topology.nodes.iter().map(processor).collect(),
        alerts: own("alerts"),
        dead_letters: own("dead-letters"),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
