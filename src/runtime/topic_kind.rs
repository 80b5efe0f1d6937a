//! The kinds of topics, and the configuration with which each is created.

use std::collections::BTreeMap;
use std::time::Duration;

use super::settings::Settings;
use crate::broker::NewTopic;
use crate::model::Topic;

/// `delete.retention.ms` of changelogs: for that long a lagging reader sees every tombstone.
pub(super) const DELETE_RETENTION: Duration = Duration::from_hours(24);
/// `segment.ms` of the instances topic, which every start reads from its beginning.
const INSTANCES_SEGMENT: Duration = Duration::from_mins(10);
/// The retention of dead letters and of the history.
const RETENTION: Duration = Duration::from_hours(30 * 24);
/// The retention of the audits of commands, which are few.
const AUDIT_RETENTION: Duration = Duration::from_hours(365 * 24);

/// The kind of a topic, which determines its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An input of the application, owned by others; created only for convenience.
    Source,
    /// An output that others may own.
    PublicOutput,
    /// An output of the application's own, or the alerts.
    OwnOutput,
    Inbox,
    Changelog,
    DeadLetters,
    History,
    Audit,
    Instances,
    Definitions,
}

impl Kind {
    /// True for topics whose configuration the application relies on.
    pub(super) const fn is_own(self) -> bool {
        !matches!(self, Self::Source | Self::PublicOutput)
    }
}

/// A missing topic with its configuration, and with a number of partitions if that is not the usual one.
pub(super) fn new_topic(topic: &Topic, kind: Kind, settings: &Settings, partitions: Option<i32>) -> NewTopic {
    let millis = |duration: Duration| duration.as_millis().to_string();
    let mut config: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |name: &str, value: String| drop(config.insert(name.to_owned(), value));
    if kind != Kind::Source {
        set("max.message.bytes", settings.topics.record_bytes_max.to_string());
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
        Kind::DeadLetters => set("retention.ms", millis(RETENTION)),
        Kind::History => {
            set("cleanup.policy", "delete".to_owned());
            set("retention.ms", millis(RETENTION));
        }
        Kind::Audit => {
            set("cleanup.policy", "delete".to_owned());
            set("retention.ms", millis(AUDIT_RETENTION));
        }
        Kind::Definitions => set("cleanup.policy", "compact".to_owned()),
        Kind::Instances => {
            set("cleanup.policy", "compact".to_owned());
            // Each instance writes every few seconds, and only closed segments are compacted.
            set("segment.ms", millis(INSTANCES_SEGMENT));
        }
    }
    // They have few records, and their readers want them in order.
    let usual =
        if matches!(kind, Kind::Instances | Kind::Definitions | Kind::Audit) { 1 } else { settings.topics.partitions };
    let partitions = partitions.unwrap_or(usual);
    NewTopic { topic: topic.clone(), partitions, replication: settings.topics.replication, config }
}
