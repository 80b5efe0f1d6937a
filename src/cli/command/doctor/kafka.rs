//! The cluster: whether it is reached, its topics, the rights of this client, and the clocks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::finding::Finding;
use crate::app::{self, ApplicationSpec, Assembly, Secrets};
use crate::broker::{Admin, Broker, Error, Isolation, ProducerSpec, Start};
use crate::config::{Config, ProcessingGuarantee};
use crate::model::{Clock as _, Topic, TopicPartition};
use crate::runtime::{SystemClock, generation};
use crate::topology::{Topology, internal_topic};

/// The time-out of one call.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The time by which a record may be newer than this machine's clock.
const CLOCKS_MAX: Duration = Duration::from_mins(1);

pub(super) fn check(
    config: &Config,
    assembled: &[(ApplicationSpec, Assembly)],
    secrets: &Secrets,
    findings: &mut Vec<Finding>,
) {
    let mut cluster = match app::broker(config, secrets, None).map_err(|error| error.to_string()).and_then(|broker| {
        let admin = broker.admin().map_err(|error| error.to_string())?;
        Ok(Cluster { broker, admin })
    }) {
        Ok(cluster) => cluster,
        Err(detail) => return findings.push(Finding::fail("kafka", detail, "correct the section `kafka`")),
    };
    if !cluster.is_reached(config, findings) {
        return;
    }
    for (spec, Assembly { topology, .. }) in assembled {
        let existing = cluster.sources(spec.id(), topology, findings);
        cluster.own_topics(spec.id(), topology, findings);
        cluster.rights(&spec.config, &existing, findings);
        cluster.clocks(&existing, findings);
    }
    // A new cluster makes the topics of coordinators when they are first needed: by the checks of rights.
    if !assembled.is_empty() {
        cluster.coordinators(findings);
    }
}

struct Cluster {
    broker: Arc<dyn Broker>,
    admin: Box<dyn Admin>,
}

impl Cluster {
    #[expect(clippy::disallowed_methods, reason = "the time of the answer is shown to a person, and decides nothing")]
    fn is_reached(&mut self, config: &Config, findings: &mut Vec<Finding>) -> bool {
        let (servers, began) = (&config.kafka.bootstrap_servers, Instant::now());
        let topic = internal_topic(&config.application_id, "instances");
        match self.admin.describe(&[topic], TIMEOUT) {
            Ok(_) => {
                let millis = began.elapsed().as_millis();
                findings.push(Finding::ok("kafka", format!("{servers} answers within {millis} ms")));
                true
            }
            Err(error) => {
                let remedy = "check kafka.bootstrap_servers, the firewall, advertised.listeners of the brokers, and the login in \
                              kafka.properties; topics, rights and clocks are not checked";
                findings.push(Finding::fail("kafka", format!("{servers}: {error}"), remedy));
                false
            }
        }
    }

    fn coordinators(&mut self, findings: &mut Vec<Finding>) {
        match self.admin.coordinator_problem(TIMEOUT) {
            Ok(None) => findings.push(Finding::ok("coordinators", "groups and transactions have theirs")),
            Ok(Some(problem)) => {
                findings.push(Finding::fail("coordinators", problem, "change this setting of the brokers"));
            }
            Err(error) => findings.push(Finding::warning("coordinators", error.to_string(), "try again")),
        }
    }

    /// The partitions of the sources that exist.
    fn sources(&mut self, application: &str, topology: &Topology, findings: &mut Vec<Finding>) -> Vec<TopicPartition> {
        let mut existing = Vec::new();
        // Its own topics are made at the start.
        let own = format!("{application}-");
        let foreign = topology.sources.iter().filter(|source| !source.topic.as_str().starts_with(&own));
        for source in foreign {
            match self.admin.partitions(&source.topic, TIMEOUT) {
                Ok(partitions) if partitions.is_empty() => {
                    let detail = format!("the source {} does not exist", source.topic);
                    let remedy = "create it, or correct its name in the topology; an instance waits for it";
                    findings.push(Finding::warning("topics", detail, remedy));
                }
                Ok(partitions) => {
                    findings.push(Finding::ok(
                        "topics",
                        format!("the source {} has {} partitions", source.topic, partitions.len()),
                    ));
                    existing.extend(partitions);
                }
                Err(error) => {
                    let remedy = "give this client the right DESCRIBE on it";
                    findings.push(Finding::fail("topics", format!("the source {}: {error}", source.topic), remedy));
                }
            }
        }
        existing
    }

    /// The inboxes and changelogs of the generations in force; `None`, with a finding, if these are not known.
    fn state_topics(
        &mut self,
        application: &str,
        topology: &Topology,
        findings: &mut Vec<Finding>,
    ) -> Option<Vec<Topic>> {
        let generations = match generation::read((&*self.broker, &mut *self.admin), application, TIMEOUT) {
            Ok(generations) => generations,
            Err(error) => {
                let remedy = format!("give this client the right READ on topics that begin with {application}-");
                findings.push(Finding::fail("topics", error.to_string(), &remedy));
                return None;
            }
        };
        let mut topology = topology.clone();
        if let Err(error) = generation::set(&mut topology, &generations, application) {
            findings.push(Finding::fail("replay", error.to_string(), "finish it, or undo it"));
            return None;
        }
        Some(topology.nodes.iter().flat_map(|node| [node.inbox(application), node.changelog(application)]).collect())
    }

    fn own_topics(&mut self, application: &str, topology: &Topology, findings: &mut Vec<Finding>) {
        let Some(topics) = self.state_topics(application, topology, findings) else { return };
        match self.admin.describe(&topics, TIMEOUT) {
            Ok(found) => {
                let missing = found.iter().filter(|found| found.is_none()).count();
                let detail = match missing {
                    0 => format!("all {} inboxes and changelogs of {application} exist", topics.len()),
                    missing if missing == topics.len() => {
                        format!("those of {application} are created at its first start")
                    }
                    missing => {
                        format!("{missing} of {} inboxes and changelogs of {application} are missing", topics.len())
                    }
                };
                findings.push(if missing == 0 || missing == topics.len() {
                    Finding::ok("topics", detail)
                } else {
                    Finding::warning(
                        "topics",
                        detail,
                        "a new processor's are created at the start; a lost changelog: `sheaf state republish`",
                    )
                });
            }
            Err(error) => {
                let remedy = format!("give this client the right DESCRIBE on topics that begin with {application}-");
                findings.push(Finding::fail("topics", error.to_string(), &remedy));
            }
        }
    }

    /// Reads, uses the group, and begins no transaction but is ready for one.
    fn rights(&mut self, config: &Config, sources: &[TopicPartition], findings: &mut Vec<Finding>) {
        let application = &config.application_id;
        let mut missing = Vec::new();
        if let Err(error) = self.admin.committed(application, sources, TIMEOUT) {
            missing.push((
                format!("the group {application}: {error}"),
                format!("READ and DESCRIBE on the group {application}"),
            ));
        }
        if let Err((partition, error)) = self.read(sources) {
            missing.push((format!("reading {partition}: {error}"), format!("READ on the topic {}", partition.topic)));
        }
        if config.processing_guarantee == ProcessingGuarantee::ExactlyOnce {
            let id = format!("{application}-doctor/{}", config.instance_id);
            let begun =
                self.broker.producer(&ProducerSpec::transactional(&id)).and_then(|mut producer| producer.init(TIMEOUT));
            if let Err(error) = begun {
                let right = format!("WRITE and DESCRIBE on transactional ids that begin with {application}-");
                missing.push((format!("transactions: {error}"), right));
            }
        }
        if missing.is_empty() {
            findings.push(Finding::ok(
                "rights",
                format!("{application} may read its sources, use its group and begin transactions"),
            ));
        }
        for (detail, right) in missing {
            findings.push(Finding::fail(
                "rights",
                detail,
                &format!("if this is no outage, give this client the right {right}"),
            ));
        }
    }

    /// Reads from the end of a partition of each topic.
    fn read(&mut self, sources: &[TopicPartition]) -> Result<(), (TopicPartition, Error)> {
        for partition in sources.iter().filter(|partition| partition.partition == 0) {
            let failed = |error| (partition.clone(), error);
            let (_, end) = self.admin.watermarks(partition, TIMEOUT).map_err(failed)?;
            let mut reader = self.broker.reader(Isolation::ReadCommitted).map_err(failed)?;
            reader.assign(&[(partition.clone(), Start::At(end))]).map_err(failed)?;
            reader.poll(1, &mut Vec::new(), Duration::from_millis(500)).map_err(failed)?;
        }
        Ok(())
    }

    /// A record that is newer than now tells that two clocks differ.
    fn clocks(&mut self, sources: &[TopicPartition], findings: &mut Vec<Finding>) {
        let at = SystemClock.now().saturating_add(CLOCKS_MAX);
        match self.admin.offsets_at(sources, at, TIMEOUT) {
            Ok(offsets) => {
                let ahead = sources.iter().zip(offsets).find(|(_, offset)| offset.is_some());
                findings.push(match ahead {
                    None => Finding::ok("clocks", format!("no record of a source is newer than {}", SystemClock.now())),
                    Some((partition, offset)) => Finding::warning(
                        "clocks",
                        format!("{partition} has a record from the future, at offset {}", offset.unwrap_or_default()),
                        "compare the clock of this machine with that of the producer, and let NTP set both",
                    ),
                });
            }
            Err(error) => findings.push(Finding::warning("clocks", error.to_string(), "try again")),
        }
    }
}
