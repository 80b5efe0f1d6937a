//! The applications of a process, as the HTTP API shows them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::command::{BROKER_TIMEOUT, Commands};
use super::{ApplicationSpec, Assembly, InstanceStatus, ProcessStatus, Resources};
use crate::admin::api::Port;
use crate::admin::api::answer::{
    Application, Instance, Output, OutputOwner, Processor, Setting, Source, Task, TaskRole, Thread, Topology,
};
use crate::admin::{self, Health};
use crate::broker::{self, Broker};
use crate::config::Shown;
use crate::metric::{self, Metrics, TaskState};
use crate::model::{InstanceId, Key, TaskId};
use crate::processor::flow::Definitions;
use crate::processor::{Command, CommandSpec};
use crate::runtime::{Audit, AuditFilter, AuditLog, AuditPage, CommandError, Peer, Queries};
use crate::topology::{self, OutputKind, internal_topic};

/// The applications of a process.
#[derive(Debug)]
pub struct Process {
    status: ProcessStatus,
    /// The topology of each application, by its id.
    topologies: BTreeMap<String, topology::Topology>,
    /// The definitions of the flows of each application, by its id.
    definitions: BTreeMap<String, Definitions>,
    /// The senders of commands of each application, by its id.
    commands: BTreeMap<String, Commands>,
    /// The audit topic of each application, by its id.
    audits: BTreeMap<String, AuditLog>,
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
            definitions: specs.iter().map(|spec| (spec.id().to_owned(), spec.file.definitions().clone())).collect(),
            commands: specs.iter().map(|spec| (spec.id().to_owned(), resources.commands(spec))).collect(),
            audits: specs.iter().map(|spec| (spec.id().to_owned(), resources.audit(spec))).collect(),
            instance_id: specs.first().map(|spec| spec.config.instance_id.to_string()).unwrap_or_default(),
            address: OnceLock::new(),
            settings: Vec::new(),
        }
    }

    /// One application in memory, by its id and the name of its instance, as in `sheaf demo`.
    pub fn of_one(
        (application, instance_id): (&str, &str),
        topology: &topology::Topology,
        instance: InstanceStatus,
        broker: Arc<dyn Broker>,
    ) -> Self {
        let id = || application.to_owned();
        let metrics = instance.metrics.clone();
        Self {
            status: ProcessStatus { instances: [(id(), instance)].into(), metrics },
            topologies: [(id(), topology.clone())].into(),
            definitions: [(id(), Definitions::default())].into(),
            commands: [(id(), Commands::new(application, broker.clone()))].into(),
            audits: [(id(), AuditLog::new(application, broker, BROKER_TIMEOUT))].into(),
            instance_id: instance_id.to_owned(),
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

    fn answered(&self, route: &str, method: &'static str, status: u16, took: Duration) {
        self.status.answered(route, method, status, took);
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
        let prepared = self.instance(application).and_then(|instance| instance.queries.get());
        let topology = prepared.map(Queries::topology).or_else(|| self.topologies.get(application));
        topology.map(|topology| shown(topology, application))
    }

    fn instances(&self, application: &str) -> Vec<Instance> {
        let asked = |instance: &InstanceStatus| {
            let (health, status) = (instance.health(), &instance.status);
            let thread = |(number, state): (usize, crate::runtime::ThreadState)| Thread {
                name: format!("stream-{number}"),
                state: state.instance_state().as_str().to_owned(),
            };
            Instance {
                application: application.to_owned(),
                id: self.instance_id.clone(),
                asked: true,
                address: self.address.get().cloned(),
                state: Some(health.state),
                alive: Some(health.alive),
                ready: Some(health.ready),
                threads: status.threads().into_iter().map(thread).collect(),
                tasks: count(status.owned().len()),
                standby_tasks: Some(status.standby_tasks().values().sum()),
                disk_free_bytes: status.disk_free(),
                details: health.details,
            }
        };
        let Some(instance) = self.instance(application) else { return Vec::new() };
        let peers = instance.status.peers();
        std::iter::once(asked(instance))
            .chain(peers.iter().map(|(id, peer)| registered(application, id, peer)))
            .collect()
    }

    fn tasks(&self, application: &str) -> Vec<Task> {
        let Some(InstanceStatus { status, .. }) = self.instance(application) else { return Vec::new() };
        let entries = status.task_entries();
        let task = |id: &TaskId, instance: &str, (role, state): (TaskRole, Option<&str>)| {
            let entries = entries.get(id).filter(|_| state.is_some());
            Task {
                application: application.to_owned(),
                name: id.to_string(),
                processor: id.processor.to_string(),
                partition: id.partition,
                instance: instance.to_owned(),
                role,
                state: state.map(str::to_owned),
                entries: entries.map(|entries| entries.entries),
                open: entries.map(|entries| entries.open),
                oldest_open: entries.and_then(|entries| entries.oldest).map(Into::into),
                next_deadline: entries.and_then(|entries| entries.next_deadline).map(Into::into),
            }
        };
        let (owned, standbys, peers) = (status.owned_states(), status.standbys(), status.peers());
        let own = &self.instance_id;
        let active = owned.iter().map(|(id, state)| task(id, own, (TaskRole::Active, Some(state.as_str()))));
        // One that has just become active is not a standby any more.
        let standbys = standbys.iter().filter(|id| !owned.contains_key(id));
        let standbys = standbys.map(|id| task(id, own, (TaskRole::Standby, None)));
        let of_others = tasks_of(&peers, &owned).map(|(instance, id)| task(id, instance, (TaskRole::Active, None)));
        active.chain(standbys).chain(of_others).collect()
    }

    fn queries(&self, application: &str) -> Option<Arc<OnceLock<Queries>>> {
        self.instance(application).map(|instance| instance.queries.clone())
    }

    fn commands(&self, application: &str, processor: &str) -> &'static [CommandSpec] {
        let mut nodes = self.topologies.get(application).into_iter().flat_map(|topology| &topology.nodes);
        nodes.find(|node| *node.name == *processor).map_or(&[], |node| node.processor.commands())
    }

    fn definitions(&self, application: &str) -> Option<Definitions> {
        self.definitions.get(application).cloned()
    }

    fn execute(
        &self,
        application: &str,
        processor: &str,
        (key, command): (&Key, &Command),
    ) -> Result<Audit, CommandError> {
        let audit = internal_topic(application, "audit");
        let no_topic = || CommandError::NoTopic { topic: audit, application: application.to_owned() };
        self.commands.get(application).ok_or_else(no_topic)?.execute(processor, key, command)
    }

    fn audit(
        &self,
        application: &str,
        filter: &AuditFilter,
        (before, limit): (Option<i64>, usize),
    ) -> broker::Result<Option<AuditPage>> {
        let has_topics = self.instance(application).is_some_and(|instance| instance.queries.get().is_some());
        let log = self.audits.get(application).filter(|_| has_topics);
        log.map(|log| log.page(filter, before, limit)).transpose()
    }

    fn settings(&self) -> Vec<Setting> {
        self.settings.clone()
    }
}

/// Another instance, by what it has registered.
fn registered(application: &str, id: &InstanceId, peer: &Peer) -> Instance {
    Instance {
        application: application.to_owned(),
        id: id.to_string(),
        asked: false,
        address: peer.http.clone(),
        state: None,
        alive: None,
        ready: None,
        threads: Vec::new(),
        tasks: count(peer.owned.len()),
        standby_tasks: None,
        disk_free_bytes: None,
        details: BTreeMap::new(),
    }
}

/// The tasks of other instances. One that was handed over is with its new owner, which may be the one that is asked, already.
fn tasks_of<'a>(
    peers: &'a BTreeMap<InstanceId, Peer>,
    own: &'a BTreeMap<TaskId, TaskState>,
) -> impl Iterator<Item = (&'a str, &'a TaskId)> {
    peers.iter().flat_map(move |(instance, peer)| {
        let others = peer.owned.iter().filter(move |id| !own.contains_key(id));
        others.map(|id| (instance.as_str(), id))
    })
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
        inbox: node.inbox(application).as_str().to_owned(),
        changelog: node.changelog(application).as_str().to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_instances_are_listed_with_what_they_have_registered() {
        let [mine, theirs]: [TaskId; 2] = ["bundle-0", "bundle-1"].map(|name| name.parse().unwrap());
        let peer = Peer { http: None, owned: [mine.clone(), theirs.clone()].into() };
        let shown = registered("ctm", &InstanceId::new("b"), &peer);
        assert_eq!((shown.id.as_str(), shown.asked, shown.tasks, shown.state), ("b", false, 2, None));
        let (peers, own) = ([(InstanceId::new("b"), peer)].into(), [(mine, TaskState::Restoring)].into());
        let tasks: Vec<_> = tasks_of(&peers, &own).collect();
        assert_eq!(tasks, [("b", &theirs)], "bundle-0 was handed over, and b has not written since");
    }
}
