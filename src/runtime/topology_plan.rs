//! A topology under one application's names, with what was found out about its topics: what stream threads look things up in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::{Error, Result};
use super::settings::{RECORD_MAX, Settings};
use crate::model::{TaskId, Topic, TopicPartition};
use crate::topology::{Node, Topology, internal_topic};

/// A topology under one application's names.
#[derive(Debug)]
pub struct TopologyPlan {
    /// What runs.
    pub topology: Topology,
    /// The inbox and changelog of each of the topology's nodes, in their order.
    pub nodes: Vec<NodeTopics>,
    /// Where alerts go.
    pub alerts: Topic,
    /// Where inputs go that are not accepted.
    pub dead_letters: Topic,
    /// Where instances say that they live.
    pub instances: Topic,
    /// The largest records of the topics that take smaller ones than [`RECORD_MAX`], in bytes.
    pub(super) record_limits: BTreeMap<Topic, usize>,
    roles: BTreeMap<Topic, Role>,
}

/// The topics of a node.
#[derive(Clone, Debug)]
pub struct NodeTopics {
    /// Its input.
    pub inbox: Topic,
    /// Its state's log.
    pub changelog: Topic,
    /// The partition count of both; 0 until [`prepare`](super::prepare) has seen them.
    pub partitions: i32,
}

/// What an input topic is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// One of [`Topology::sources`].
    Source(usize),
    /// The inbox of one of [`Topology::nodes`].
    Inbox(usize),
}

impl TopologyPlan {
    /// The names of everything; nothing is known of the topics yet.
    pub fn new(topology: Topology, settings: &Settings) -> Self {
        let own = |rest: &str| internal_topic(&settings.application, rest);
        let nodes: Vec<_> = topology
            .nodes
            .iter()
            .map(|node| NodeTopics {
                inbox: own(&format!("{}-inbox", node.name)),
                changelog: own(&format!("{}-changelog", node.name)),
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
            instances: own("instances"),
            record_limits: BTreeMap::new(),
        }
    }

    /// The largest record that a topic takes from sheaf, in bytes.
    pub fn record_max(&self, topic: &Topic) -> usize {
        self.record_limits.get(topic).copied().unwrap_or(RECORD_MAX)
    }

    /// Every task of the application.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> {
        self.topology.nodes.iter().zip(&self.nodes).flat_map(|(node, topics)| {
            (0..topics.partitions).map(|partition| TaskId { processor: Arc::clone(&node.name), partition })
        })
    }

    /// Every topic that is read through the group.
    pub fn subscription(&self) -> Vec<Topic> {
        self.roles.keys().cloned().collect()
    }

    /// What a topic is for; `None` for one that this application does not read.
    pub fn role(&self, topic: &Topic) -> Option<Role> {
        self.roles.get(topic).copied()
    }

    /// The task that an inbox partition makes; `None` for partitions of sources.
    pub fn task(&self, partition: &TopicPartition) -> Option<TaskId> {
        match self.role(&partition.topic)? {
            Role::Source(_) => None,
            Role::Inbox(node) => {
                let processor = self.topology.nodes.get(node)?.name.clone();
                Some(TaskId { processor, partition: partition.partition })
            }
        }
    }

    /// A node of the topology by its number.
    pub(super) fn node(&self, at: usize) -> Result<&Node> {
        let none = || Error::Thread { thread: "stream".to_owned(), detail: format!("the topology has no node {at}") };
        self.topology.nodes.get(at).ok_or_else(none)
    }

    /// The changelog of a task; `None` when the topology has no such processor.
    pub fn changelog(&self, task: &TaskId) -> Option<TopicPartition> {
        let at = self.topology.nodes.iter().position(|node| node.name == task.processor)?;
        Some(TopicPartition::new(&self.nodes.get(at)?.changelog, task.partition))
    }

    /// The changelogs of all nodes.
    pub fn changelogs(&self) -> Vec<Topic> {
        self.nodes.iter().map(|node| node.changelog.clone()).collect()
    }
}
