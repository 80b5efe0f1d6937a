//! The topics of an application: missing ones are created, unsuitable ones refused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::error::{Error, Result};
use super::settings::{RECORD_MAX, Settings};
use super::topology_plan::TopologyPlan;
use crate::broker::{Admin, NewTopic, TopicDescription};
use crate::model::Topic;
use crate::topology::{OutputKind, Topology};

/// `delete.retention.ms` of changelogs: for that long a lagging reader sees every tombstone.
pub(super) const DELETE_RETENTION: Duration = Duration::from_hours(24);
/// `segment.ms` of the instances topic, which every start reads from its beginning.
const INSTANCES_SEGMENT: Duration = Duration::from_mins(10);
/// The retention of dead letters.
const DEAD_LETTER_RETENTION: Duration = Duration::from_hours(30 * 24);

/// The kind of a topic, which determines its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An input of the application, owned by others; created only for convenience.
    Source,
    /// An output that others may own.
    PublicOutput,
    /// An output of the application's own, or the alerts.
    OwnOutput,
    Inbox,
    Changelog,
    DeadLetters,
    Instances,
}

impl Kind {
    /// True for topics whose configuration the application relies on.
    const fn is_own(self) -> bool {
        !matches!(self, Self::Source | Self::PublicOutput)
    }
}

/// Creates missing topics, checks existing ones, and returns the plan with their properties.
pub fn prepare(
    admin: &mut dyn Admin,
    topology: &Topology,
    settings: &Settings,
    timeout: Duration,
) -> Result<Arc<TopologyPlan>> {
    let mut plan = TopologyPlan::new(topology.clone(), settings);
    let wanted = wanted(&plan);
    let names: Vec<Topic> = wanted.keys().cloned().collect();
    let found = admin.describe(&names, timeout)?;
    let missing: Vec<NewTopic> = wanted
        .iter()
        .zip(&found)
        .filter(|(_, found)| found.is_none())
        .map(|((topic, kind), _)| new_topic(topic, *kind, settings))
        .collect();
    if !missing.is_empty() {
        let partitions_of = missing.iter().map(|topic| (topic.topic.as_str(), topic.partitions));
        tracing::info!(topics_with_partitions = ?partitions_of.collect::<BTreeMap<_, _>>(), "creating topics");
        admin.create(&missing, timeout)?;
    }
    let mut found = found;
    for _ in 0..20 {
        if found.iter().all(Option::is_some) {
            break;
        }
        // A topic that was just created is not known to all brokers at once.
        found = admin.describe(&names, timeout)?;
    }
    let mut partitions = BTreeMap::new();
    for ((topic, kind), found) in wanted.iter().zip(found) {
        let Some(found) = found else {
            let (detail, remedy) = ("it was created but does not appear", "see the broker's log");
            return Err(refuse(topic, detail, remedy));
        };
        check(topic, *kind, &found)?;
        let limit = record_max(&found);
        if *kind == Kind::PublicOutput && limit < RECORD_MAX {
            let remedy = alter(topic, &format!("max.message.bytes={RECORD_MAX}"));
            tracing::warn!(%topic, max_message_bytes = limit, "larger records are not written: their inputs become dead \
                letters. To allow them {remedy}");
            plan.record_limits.insert(topic.clone(), limit);
        }
        partitions.insert(topic.clone(), found.partitions);
    }
    for node in &mut plan.nodes {
        node.partitions = agree(&node.inbox, &node.changelog, &partitions)?;
    }
    Ok(Arc::new(plan))
}

/// The error for an inbox with another partition count than its changelog.
pub(super) fn inbox_changed(inbox: &Topic, changelog: i32, inbox_partitions: i32) -> Error {
    let detail = format!("it has {inbox_partitions} partitions or more, its changelog has {changelog}");
    let remedy = "keys would move away from their state. Partitions cannot be taken back: stop all instances, let the \
                  inbox run empty, delete it (sheaf creates it anew), or start under a new application_id";
    refuse(inbox, &detail, remedy)
}

fn agree(inbox: &Topic, changelog: &Topic, partitions: &BTreeMap<Topic, i32>) -> Result<i32> {
    let count = |topic| partitions.get(topic).copied().unwrap_or(0);
    let (inbox_count, changelog_count) = (count(inbox), count(changelog));
    if inbox_count == changelog_count {
        Ok(inbox_count)
    } else {
        Err(inbox_changed(inbox, changelog_count, inbox_count))
    }
}

fn wanted(plan: &TopologyPlan) -> BTreeMap<Topic, Kind> {
    let sources = plan.topology.sources.iter().map(|source| (source.topic.clone(), Kind::Source));
    let mut wanted: BTreeMap<Topic, Kind> = sources.collect();
    // A topic that is an output of both kinds is the application's own.
    for (kind, output_kind) in [(Kind::PublicOutput, OutputKind::Public), (Kind::OwnOutput, OutputKind::Own)] {
        let outputs = plan.topology.nodes.iter().flat_map(|node| &node.outputs);
        wanted.extend(outputs.filter(|it| it.kind == output_kind).map(|output| (output.topic.clone(), kind)));
    }
    for node in &plan.nodes {
        wanted.insert(node.inbox.clone(), Kind::Inbox);
        wanted.insert(node.changelog.clone(), Kind::Changelog);
    }
    wanted.insert(plan.alerts.clone(), Kind::OwnOutput);
    wanted.insert(plan.dead_letters.clone(), Kind::DeadLetters);
    wanted.insert(plan.instances.clone(), Kind::Instances);
    wanted
}

fn new_topic(topic: &Topic, kind: Kind, settings: &Settings) -> NewTopic {
    let millis = |duration: Duration| duration.as_millis().to_string();
    let mut config: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |name: &str, value: String| drop(config.insert(name.to_owned(), value));
    if kind != Kind::Source {
        set("max.message.bytes", RECORD_MAX.to_string());
        if settings.topics.replication.is_some_and(|factor| factor >= 3) {
            set("min.insync.replicas", "2".to_owned());
        }
    }
    if kind.is_own() {
        // With the create time, an event of last week would expire before it is read.
        set("message.timestamp.type", "LogAppendTime".to_owned());
    }
    match kind {
        Kind::Source | Kind::PublicOutput | Kind::OwnOutput => {}
        Kind::Inbox => {
            set("cleanup.policy", "delete".to_owned());
            set("retention.ms", "-1".to_owned());
        }
        Kind::Changelog => {
            set("cleanup.policy", "compact".to_owned());
            set("delete.retention.ms", millis(DELETE_RETENTION));
        }
        Kind::DeadLetters => set("retention.ms", millis(DEAD_LETTER_RETENTION)),
        Kind::Instances => {
            set("cleanup.policy", "compact".to_owned());
            // Each instance writes every few seconds, and only closed segments are compacted.
            set("segment.ms", millis(INSTANCES_SEGMENT));
        }
    }
    let partitions = if kind == Kind::Instances { 1 } else { settings.topics.partitions };
    NewTopic { topic: topic.clone(), partitions, replication: settings.topics.replication, config }
}

fn check(topic: &Topic, kind: Kind, found: &TopicDescription) -> Result<()> {
    let config = |name: &str| found.config.get(name).map_or("", String::as_str);
    let policy = config("cleanup.policy");
    match kind {
        Kind::Inbox if policy.contains("compact") => {
            let detail = "it is compacted: events with the same key would replace each other";
            return Err(refuse(topic, detail, &alter(topic, "cleanup.policy=delete")));
        }
        Kind::Changelog | Kind::Instances if policy != "compact" => {
            let detail = format!("its cleanup.policy is `{policy}`: its records would be deleted");
            return Err(refuse(topic, &detail, &alter(topic, "cleanup.policy=compact")));
        }
        Kind::Source
        | Kind::PublicOutput
        | Kind::OwnOutput
        | Kind::DeadLetters
        | Kind::Inbox
        | Kind::Changelog
        | Kind::Instances => {}
    }
    let limit = record_max(found);
    if kind.is_own() && limit < RECORD_MAX {
        let detail = format!("its max.message.bytes is {limit}, sheaf writes records of up to {RECORD_MAX} bytes");
        return Err(refuse(topic, &detail, &alter(topic, &format!("max.message.bytes={RECORD_MAX}"))));
    }
    let replicas = config("min.insync.replicas");
    if kind != Kind::Source && found.replication > 2 && replicas == "1" {
        tracing::warn!(%topic, "min.insync.replicas is 1: a committed record can be lost with one broker; 2 is safe");
    }
    Ok(())
}

/// The largest record of a topic, in bytes; the default is the largest that sheaf writes.
fn record_max(found: &TopicDescription) -> usize {
    found.config.get("max.message.bytes").and_then(|limit| limit.parse().ok()).unwrap_or(RECORD_MAX)
}

/// The command that changes a topic's configuration.
fn alter(topic: &Topic, setting: &str) -> String {
    format!("run `kafka-configs --alter --entity-type topics --entity-name {topic} --add-config {setting}`")
}

fn refuse(topic: &Topic, detail: &str, remedy: &str) -> Error {
    Error::Topic { topic: topic.clone(), detail: detail.to_owned(), remedy: remedy.to_owned() }
}
