//! The topics of an application: missing ones are created, unsuitable ones refused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::definitions;
use super::error::{Error, Result};
use super::settings::Settings;
use super::topic_kind::{Kind, new_topic};
use super::topology_plan::TopologyPlan;
use crate::broker::{Admin, NewTopic, TopicDescription};
use crate::model::{ErrorClass, Topic};
use crate::topology::{OutputKind, Topology};

/// The least `max.message.bytes` of the application's own topics: Kafka's default is a little more.
const RECORD_BYTES_MIN: usize = 1_000_000;
/// The settings of a created topic that matter most, first with and then without those that a policy refuses more often.
const ESSENTIAL: [&[&str]; 2] = [&["cleanup.policy", "retention.ms"], &["cleanup.policy"]];

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
        .map(|((topic, kind), _)| new_topic(topic, *kind, settings, plan.partitions_of(topic)))
        .collect();
    for NewTopic { topic, partitions, .. } in &missing {
        if wanted.get(topic) == Some(&Kind::Source) {
            tracing::warn!(%topic, partitions, "the source topic does not exist: creating it; is its name right?");
        }
    }
    if !missing.is_empty() {
        let partitions_of = missing.iter().map(|topic| (topic.topic.as_str(), topic.partitions));
        tracing::info!(topics_with_partitions = ?partitions_of.collect::<BTreeMap<_, _>>(), "creating topics");
        create(admin, &missing, timeout)?;
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
    let mut existing = Vec::new();
    for ((topic, kind), found) in wanted.iter().zip(found) {
        let Some(found) = found else {
            let (detail, remedy) = ("it was created but does not appear", "see the broker's log");
            return Err(refuse(topic, detail, remedy));
        };
        partitions.insert(topic.clone(), found.partitions);
        existing.push((topic, *kind, found));
    }
    let hidden: Vec<_> = existing.iter().filter(|(.., found)| found.config.is_empty()).collect();
    if let Some((topic, ..)) = hidden.iter().find(|(_, kind, _)| kind.is_own()) {
        let detail = "the principal of this client lacks the right DESCRIBE_CONFIGS on it";
        return Err(refuse(topic, detail, "allow it with kafka-acls; docs/operations.md has the list"));
    }
    if !hidden.is_empty() {
        let topics = hidden.iter().map(|(topic, ..)| topic.as_str()).collect::<Vec<_>>().join(", ");
        tracing::info!(topics, "without the right DESCRIBE_CONFIGS the settings of these topics are not checked");
    }
    existing.iter().try_for_each(|(topic, kind, found)| check(topic, *kind, found))?;
    limit_records(&mut plan, &existing, settings.topics.record_bytes_max)?;
    for node in &mut plan.nodes {
        node.partitions = agree(&node.inbox, &node.changelog, &partitions)?;
    }
    tell_fewer_source_partitions(&plan, &partitions);
    Ok(Arc::new(plan))
}

/// Logs that a node has more tasks than its sources have partitions. Its tasks share the work all the same.
fn tell_fewer_source_partitions(plan: &TopologyPlan, partitions: &BTreeMap<Topic, i32>) {
    for (index, topics) in plan.nodes.iter().enumerate() {
        let sources = plan.topology.sources.iter().filter(|source| source.node == index);
        let most = sources.filter_map(|source| partitions.get(&source.topic)).max().copied().unwrap_or_default();
        if most < topics.partitions {
            tracing::warn!(
                inbox = %topics.inbox,
                tasks = topics.partitions,
                source_partitions = most,
                "the sources have fewer partitions than there are tasks (`partitions`): so many threads read them at most, \
                 while all tasks share the rest of the work; add partitions to the sources if reading is the bottleneck"
            );
        }
    }
}

/// Creates topics. Where a policy of the cluster refuses a setting, a topic is created without those that are not essential.
fn create(admin: &mut dyn Admin, topics: &[NewTopic], timeout: Duration) -> Result<()> {
    match admin.create(topics, timeout) {
        Err(error) if error.class() == ErrorClass::Fatal => {}
        result => return Ok(result?),
    }
    for topic in topics {
        let refused = match admin.create(std::slice::from_ref(topic), timeout) {
            Ok(()) => continue,
            Err(error) if error.class() == ErrorClass::Fatal => error,
            Err(error) => return Err(error.into()),
        };
        let reduced = |essential: &&[&str]| {
            let config = topic.config.clone().into_iter().filter(|(name, _)| essential.contains(&name.as_str()));
            let reduced = NewTopic { config: config.collect(), ..topic.clone() };
            admin.create(std::slice::from_ref(&reduced), timeout).is_ok().then_some(reduced)
        };
        let Some(created) = ESSENTIAL.iter().find_map(reduced) else { return Err(refused.into()) };
        let left_out: Vec<_> = topic.config.keys().filter(|name| !created.config.contains_key(*name)).collect();
        tracing::warn!(topic = %topic.topic, ?left_out, error = %refused, "the cluster refuses settings of a topic: created with \
            its defaults instead");
    }
    Ok(())
}

/// Follows the record limits of existing topics: what does not fit is a dead letter. Refuses limits that are too small for dead
/// letters and alerts.
fn limit_records(plan: &mut TopologyPlan, existing: &[(&Topic, Kind, TopicDescription)], largest: usize) -> Result<()> {
    let limits = existing.iter().filter(|(_, kind, _)| *kind != Kind::Source);
    let limits = limits.map(|(topic, kind, found)| (*topic, *kind, record_max(found).unwrap_or(largest)));
    let smaller: Vec<_> = limits.filter(|(topic, _, limit)| plan.limit_records(topic, *limit)).collect();
    let named = |own: bool| {
        let of = |(topic, kind, limit): &(&Topic, Kind, usize)| {
            (!own || kind.is_own() && *limit < RECORD_BYTES_MIN).then(|| format!("{topic} {limit}"))
        };
        smaller.iter().filter_map(of).collect::<Vec<_>>().join(", ")
    };
    if let Some((topic, ..)) = smaller.iter().find(|(_, kind, limit)| kind.is_own() && *limit < RECORD_BYTES_MIN) {
        let detail = format!("max.message.bytes must be at least {RECORD_BYTES_MIN}, and is less for {}", named(true));
        return Err(refuse(topic, &detail, &alter(topic, &format!("max.message.bytes={largest}"))));
    }
    if !smaller.is_empty() {
        tracing::warn!(
            max_message_bytes = named(false),
            max_record_bytes = largest,
            "topics allow smaller records than max_record_bytes: larger ones are not written, their inputs become dead letters"
        );
    }
    Ok(())
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
    if plan.topology.nodes.iter().any(|node| node.history) {
        wanted.insert(plan.history.clone(), Kind::History);
    }
    if definitions::are_in(&plan.topology) {
        wanted.insert(plan.definitions.clone(), Kind::Definitions);
    }
    wanted.insert(plan.audit.clone(), Kind::Audit);
    wanted.insert(plan.instances.clone(), Kind::Instances);
    wanted
}

fn check(topic: &Topic, kind: Kind, found: &TopicDescription) -> Result<()> {
    let config = |name: &str| found.config.get(name).map_or("", String::as_str);
    let policy = config("cleanup.policy");
    match kind {
        Kind::Inbox if policy.contains("compact") => {
            let detail = "it is compacted: events with the same key would replace each other";
            return Err(refuse(topic, detail, &alter(topic, "cleanup.policy=delete")));
        }
        Kind::History | Kind::Audit if policy.contains("compact") => {
            let detail = "it is compacted: of each entry the last record only would stay";
            return Err(refuse(topic, detail, &alter(topic, "cleanup.policy=delete")));
        }
        Kind::Changelog | Kind::Instances | Kind::Definitions if policy != "compact" => {
            let detail = format!("its cleanup.policy is `{policy}`: its records would be deleted");
            return Err(refuse(topic, &detail, &alter(topic, "cleanup.policy=compact")));
        }
        Kind::Source
        | Kind::PublicOutput
        | Kind::OwnOutput
        | Kind::DeadLetters
        | Kind::History
        | Kind::Audit
        | Kind::Inbox
        | Kind::Changelog
        | Kind::Instances
        | Kind::Definitions => {}
    }
    let replicas = config("min.insync.replicas");
    if kind != Kind::Source && found.replication > 2 && replicas == "1" {
        tracing::warn!(%topic, "min.insync.replicas is 1: a committed record can be lost with one broker; 2 is safe");
    }
    Ok(())
}

/// The largest record of a topic, in bytes, if it is known.
fn record_max(found: &TopicDescription) -> Option<usize> {
    found.config.get("max.message.bytes")?.parse().ok()
}

/// The command that changes a topic's configuration.
fn alter(topic: &Topic, setting: &str) -> String {
    format!("run `kafka-configs --alter --entity-type topics --entity-name {topic} --add-config {setting}`")
}

fn refuse(topic: &Topic, detail: &str, remedy: &str) -> Error {
    Error::Topic { topic: topic.clone(), detail: detail.to_owned(), remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker;

    /// A cluster with a policy for topic settings.
    struct Policy {
        refused: &'static [&'static str],
        created: Vec<NewTopic>,
    }

    impl Admin for Policy {
        fn create(&mut self, topics: &[NewTopic], _: Duration) -> broker::Result<()> {
            for topic in topics {
                if topic.config.keys().any(|name| self.refused.contains(&name.as_str())) {
                    return Err(broker::Error::Fatal {
                        operation: "creating topics",
                        detail: "PolicyViolation".into(),
                    });
                }
                if !self.created.iter().any(|created| created.topic == topic.topic) {
                    self.created.push(topic.clone());
                }
            }
            Ok(())
        }

        fn describe(&mut self, _: &[Topic], _: Duration) -> broker::Result<Vec<Option<TopicDescription>>> {
            unreachable!()
        }

        fn topic_id(&mut self, _: &Topic, _: Duration) -> broker::Result<Option<uuid::Uuid>> {
            unreachable!()
        }

        fn delete(&mut self, _: &[Topic], _: Duration) -> broker::Result<()> {
            unreachable!()
        }

        fn add_partitions(&mut self, _: &Topic, _: i32, _: Duration) -> broker::Result<()> {
            unreachable!()
        }

        fn delete_records(&mut self, _: &[(crate::model::TopicPartition, i64)], _: Duration) -> broker::Result<()> {
            unreachable!()
        }

        fn watermarks(&mut self, _: &crate::model::TopicPartition, _: Duration) -> broker::Result<(i64, i64)> {
            unreachable!()
        }

        fn ends(&mut self, _: &[crate::model::TopicPartition], _: Duration) -> broker::Result<Vec<i64>> {
            unreachable!()
        }

        fn members(&mut self, _: &str, _: Duration) -> broker::Result<Vec<String>> {
            unreachable!()
        }

        fn set_offsets(
            &mut self,
            _: &str,
            _: &[(crate::model::TopicPartition, i64)],
            _: Duration,
        ) -> broker::Result<()> {
            unreachable!()
        }

        fn committed(
            &mut self,
            _: &str,
            _: &[crate::model::TopicPartition],
            _: Duration,
        ) -> broker::Result<Vec<Option<i64>>> {
            unreachable!()
        }

        fn offsets_at(
            &mut self,
            _: &[crate::model::TopicPartition],
            _: crate::model::Timestamp,
            _: Duration,
        ) -> broker::Result<Vec<Option<i64>>> {
            unreachable!()
        }
    }

    /// The settings of the topics that are created under a policy.
    fn created(refused: &'static [&'static str]) -> Result<Vec<String>> {
        let mut admin = Policy { refused, created: Vec::new() };
        let settings = Settings::new("app", "a");
        let topics: Vec<_> = [("app-inbox", Kind::Inbox), ("app-instances", Kind::Instances)]
            .map(|(name, kind)| new_topic(&Topic::new(name), kind, &settings, None))
            .into();
        create(&mut admin, &topics, Duration::ZERO)?;
        let settings = |topic: &NewTopic| topic.config.keys().cloned().collect::<Vec<_>>().join(" ");
        Ok(admin.created.iter().map(settings).collect())
    }

    #[test]
    fn a_topic_is_created_without_settings_that_a_policy_refuses() {
        let all = "cleanup.policy max.message.bytes message.timestamp.type retention.ms";
        assert_eq!(created(&["segment.ms"]).unwrap(), [all, "cleanup.policy"]);
        assert_eq!(created(&["max.message.bytes"]).unwrap(), ["cleanup.policy retention.ms", "cleanup.policy"]);
        assert_eq!(created(&["retention.ms", "segment.ms"]).unwrap(), ["cleanup.policy", "cleanup.policy"]);
        let error = created(&["cleanup.policy"]).unwrap_err().to_string();
        assert!(error.contains("PolicyViolation"), "{error}");
    }
}
