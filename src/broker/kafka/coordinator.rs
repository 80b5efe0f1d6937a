//! Why a cluster has no coordinator for transactions or groups.
//!
//! A broker answers "the coordinator is not available" for as long as it cannot create or write the topic behind it. The client
//! tries again and says nothing, so the topics are looked at.

use rdkafka::error::{IsError, RDKafkaErrorCode as Code};
use rdkafka::metadata::Metadata;

/// The topic behind a kind of coordinator.
pub(super) struct CoordinatorTopic {
    /// Its name.
    pub(super) name: &'static str,
    /// What does not work without it.
    without: &'static str,
    /// The broker's setting for its replication factor.
    replication: &'static str,
    /// The broker's setting for the replicas in sync that a write needs.
    in_sync: &'static str,
}

/// All of them.
pub(super) const TOPICS: [CoordinatorTopic; 2] = [
    CoordinatorTopic {
        name: "__transaction_state",
        without: "transactions",
        replication: "transaction.state.log.replication.factor",
        in_sync: "transaction.state.log.min.isr",
    },
    CoordinatorTopic {
        name: "__consumer_offsets",
        without: "consumer groups",
        replication: "offsets.topic.replication.factor",
        in_sync: "min.insync.replicas",
    },
];

impl CoordinatorTopic {
    /// The problem that the topic's metadata shows; a write needs `in_sync_min` replicas in sync.
    pub(super) fn problem(&self, metadata: &Metadata, in_sync_min: usize) -> Option<String> {
        let Self { name, without, replication, in_sync } = self;
        let brokers = metadata.brokers().len();
        let found = metadata.topics().iter().find(|topic| topic.name() == *name)?;
        match found.error().filter(IsError::is_error).map(Code::from) {
            None if found.partitions().is_empty() => {}
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => {}
            None => {
                let replicas = |isr: usize| isr < in_sync_min;
                let short = found.partitions().iter().find(|partition| replicas(partition.isr().len()))?;
                let (number, isr) = (short.id(), short.isr().len());
                return Some(format!(
                    "{without} do not work: {name}-{number} has {isr} replicas in sync, and a write needs {in_sync_min}. Start the \
                     other brokers, or set {in_sync} to at most {isr}"
                ));
            }
            // It may not be seen, or is not known yet.
            Some(_) => return None,
        }
        Some(format!(
            "{without} do not work: the cluster has no topic {name}, which needs as many brokers as it has replicas, and there are \
             {brokers}. Set {replication} and {in_sync} of the brokers to at most {brokers}, or start the other brokers"
        ))
    }
}
