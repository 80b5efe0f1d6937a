//! The topology of an application with the names and properties of its topics, for look-ups by stream threads.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::{Error, Result};
use super::settings::{RECORD_OVERHEAD, Settings};
use crate::model::{TaskId, Topic, TopicPartition};
use crate::topology::{Node, Topology, internal_topic};

/// The name of the definitions topic, after the application id.
pub(super) const DEFINITIONS: &str = "definitions";

/// The topology of an application with the names and properties of its topics.
#[derive(Debug)]
pub struct TopologyPlan {
    /// The topology.
    pub topology: Topology,
    /// The topics of the topology's nodes, in their order.
    pub nodes: Vec<NodeTopics>,
    /// The topic of alerts.
    pub alerts: Topic,
    /// The topic of dead letters.
    pub dead_letters: Topic,
    /// The topic of the history, if a node keeps one.
    pub history: Topic,
    /// The topic of the audits of commands.
    pub audit: Topic,
    /// The topic of the registry of instances.
    pub instances: Topic,
    /// The topic of the texts that states refer to, if there are any.
    pub definitions: Topic,
    /// The largest record, in bytes.
    record_max: usize,
    /// The record limits in bytes of topics that allow less.
    record_limits: BTreeMap<Topic, usize>,
    /// The largest record of all changelogs, in bytes.
    entry_max: usize,
    roles: BTreeMap<Topic, Role>,
}

/// The topics of a node.
#[derive(Clone, Debug)]
pub struct NodeTopics {
    /// The inbox.
    pub inbox: Topic,
    /// The changelog.
    pub changelog: Topic,
    /// The partition count of both; 0 before [`prepare`](super::prepare).
    pub partitions: i32,
}

/// The role of an input topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// One of [`Topology::sources`].
    Source(usize),
    /// The inbox of one of [`Topology::nodes`].
    Inbox(usize),
}

impl TopologyPlan {
    /// The plan without properties of topics.
    pub fn new(topology: Topology, settings: &Settings) -> Self {
        let own = |rest: &str| internal_topic(&settings.application, rest);
        let nodes: Vec<_> = topology
            .nodes
            .iter()
            .map(|node| NodeTopics {
                inbox: node.inbox(&settings.application),
                changelog: node.changelog(&settings.application),
                partitions: 0,
            })
            .collect();
        let sources = topology.sources.iter().enumerate().map(|(at, source)| (source.topic.clone(), Role::Source(at)));
        let inboxes = nodes.iter().enumerate().map(|(at, node)| (node.inbox.clone(), Role::Inbox(at)));
        let roles = sources.chain(inboxes).collect();
        Self {
            topology,
            nodes,
            roles,
            alerts: own("alerts"),
            dead_letters: own("dead-letters"),
            history: own("history"),
            audit: own("audit"),
            instances: own("instances"),
            definitions: own(DEFINITIONS),
            record_max: settings.topics.record_bytes_max,
            record_limits: BTreeMap::new(),
            entry_max: settings.topics.record_bytes_max,
        }
    }

    /// The most bytes of a batch that every topic takes; `None` if all of them take the largest record.
    pub(super) fn batch_bytes_max(&self) -> Option<usize> {
        self.record_limits.values().min().map(|limit| limit.saturating_sub(RECORD_OVERHEAD).max(1))
    }

    /// The number of partitions with which a topic is created, if that is not the configured one.
    pub(super) fn partitions_of(&self, topic: &Topic) -> Option<i32> {
        let is_of = |topics: &&NodeTopics| topics.inbox == *topic || topics.changelog == *topic;
        let at = self.nodes.iter().position(|topics| is_of(&topics))?;
        self.topology.nodes.get(at)?.processor.partitions()
    }

    /// The largest record for a topic, in bytes.
    pub fn record_max(&self, topic: &Topic) -> usize {
        self.record_limits.get(topic).copied().unwrap_or(self.record_max)
    }

    /// The largest record of a changelog, in bytes.
    pub(super) fn entry_max(&self) -> usize {
        self.entry_max
    }

    /// Notes the record limit of a topic; false if it takes the largest record.
    pub(super) fn limit_records(&mut self, topic: &Topic, limit: usize) -> bool {
        if limit >= self.record_max {
            return false;
        }
        if self.nodes.iter().any(|node| node.changelog == *topic) {
            self.entry_max = self.entry_max.min(limit);
        }
        self.record_limits.insert(topic.clone(), limit);
        true
    }

    /// All tasks of the application.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> {
        self.topology.nodes.iter().zip(&self.nodes).flat_map(|(node, topics)| {
            (0..topics.partitions).map(|partition| TaskId { processor: Arc::clone(&node.name), partition })
        })
    }

    /// All topics of the group's subscription.
    pub fn subscription(&self) -> Vec<Topic> {
        self.roles.keys().cloned().collect()
    }

    /// The role of a topic; `None` if the application does not read it.
    pub fn role(&self, topic: &Topic) -> Option<Role> {
        self.roles.get(topic).copied()
    }

    /// The task of an inbox partition; `None` for a partition of a source.
    pub fn task(&self, partition: &TopicPartition) -> Option<TaskId> {
        match self.role(&partition.topic)? {
            Role::Source(_) => None,
            Role::Inbox(node) => {
                let processor = self.topology.nodes.get(node)?.name.clone();
                Some(TaskId { processor, partition: partition.partition })
            }
        }
    }

    /// The node with this index.
    pub(super) fn node(&self, at: usize) -> Result<&Node> {
        let none = || Error::Thread { thread: "stream".to_owned(), detail: format!("the topology has no node {at}") };
        self.topology.nodes.get(at).ok_or_else(none)
    }

    /// The name of the processor that reads this source.
    pub(super) fn reader(&self, source: usize) -> Option<&Arc<str>> {
        let node = self.topology.sources.get(source)?.node;
        self.topology.nodes.get(node).map(|node| &node.name)
    }

    /// True if this application writes the topic.
    pub(super) fn writes(&self, topic: &Topic) -> bool {
        let mut outputs = self.topology.nodes.iter().flat_map(|node| &node.outputs);
        [&self.alerts, &self.dead_letters].contains(&topic) || outputs.any(|output| output.topic == *topic)
    }

    /// The changelog of a task; `None` if the topology has no such processor.
    pub fn changelog(&self, task: &TaskId) -> Option<TopicPartition> {
        let at = self.topology.nodes.iter().position(|node| node.name == task.processor)?;
        Some(TopicPartition::new(&self.nodes.get(at)?.changelog, task.partition))
    }

    /// The name of a task's store, of the generation of its node.
    pub fn store(&self, task: &TaskId) -> String {
        let node = self.topology.nodes.iter().find(|node| node.name == task.processor);
        node.map_or_else(|| task.to_string(), |node| node.store(task.partition))
    }

    /// The changelogs of all nodes.
    pub fn changelogs(&self) -> Vec<Topic> {
        self.nodes.iter().map(|node| node.changelog.clone()).collect()
    }
}
