//! The broker port in memory: an in-process cluster with Kafka's semantics, for the demo, the simulator and tests.
//!
//! ```text
//!  MemoryBroker ──▶ consumer ─┐            ┌─▶ catalog ─▶ log       topics, partitions, last stable offset, compaction
//!  (one process,    producer ─┼▶ client ─▶ cluster ─▶ transaction   producers, open transactions, time-outs
//!   shared cluster) reader   ─┤   │        ├─▶ group               members, generations, rebalances
//!                   admin    ─┘   └ fault  └─▶ offset              committed, and about to be
//! ```
//!
//! | file | content |
//! |---|---|
//! | `client` | the lock, injected faults, process crashes, wake-ups |
//! | `cluster` | requests that change several parts of the state |
//! | `log`, `catalog` | one partition; all topics |
//! | `transaction`, `offset` | the transaction coordinator; a group's offsets |
//! | `group` | the group coordinator, its members and its assignor |
//! | `consumer`, `producer`, `plain`, `reader`, `admin` | the parts of the port; `plain` is the producer without transactions |
//! | `fault`, `inspect` | fault injection, and inspection by an oracle |
//! | `settings` | the settings |
//!
//! # The contract
//!
//! Real Kafka is the reference, and `tests/it/conformance.rs` runs the same tests on both. There are no threads:
//! time-outs and expiries are handled with each call (or by [`MemoryBroker::tick`]), on the given clock, so one thread
//! and one seed give the same run. No call waits, unless [`Settings::blocking`] is set.
//!
//! A [`MemoryBroker`] belongs to one *process*; [`MemoryBroker::process`] connects another process to the same cluster.
//! After [`MemoryBroker::crash`] the clients of that process are dead: a transaction stays open until its time-out or
//! its successor, a member stays in its group until its session times out.

mod admin;
mod catalog;
mod client;
mod cluster;
mod consumer;
mod fault;
mod group;
mod inspect;
mod log;
mod offset;
mod plain;
mod producer;
mod reader;
mod settings;
#[cfg(test)]
mod tests;
mod transaction;

pub use fault::{Call, Chance, Fault, FaultKind, Hook, Operation};
pub use settings::{Protocol, Settings};

use std::sync::Arc;
use std::time::Duration;

use self::admin::MemoryAdmin;
use self::client::Client;
use self::cluster::Cluster;
use self::consumer::MemoryConsumer;
use self::plain::PlainProducer;
use self::producer::MemoryProducer;
use self::reader::MemoryReader;
use super::{Admin, Broker, Consumer, ConsumerSpec, Isolation, Producer, ProducerSpec, Reader, Result};
use crate::model::{Clock, Topic, TopicPartition};

/// The connection of a process to a cluster in memory; clones are of the same process.
#[derive(Clone, Debug)]
pub struct MemoryBroker {
    client: Client,
}

impl MemoryBroker {
    /// A new cluster without topics, with the connection of a first process named `main`.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        Self { client: Client::new(Cluster::new(settings, clock), "main") }
    }

    /// The connection of another process to the same cluster. A process that restarts is a new one, also with the same
    /// name.
    #[must_use]
    pub fn process(&self, name: &str) -> Self {
        Self { client: self.client.process(name) }
    }

    /// Crashes this process: all later calls of its clients fail, and dropping them has no effect.
    pub fn crash(&self) {
        self.client.crash();
    }

    /// True if this process has crashed, by [`Self::crash`] or by a fault.
    pub fn is_crashed(&self) -> bool {
        self.client.is_crashed()
    }

    /// Handles expiry; every call of a client does so, too.
    pub fn tick(&self) {
        self.client.inspect(Cluster::expire);
    }

    /// Injects a fault into coming calls.
    pub fn inject(&self, fault: Fault) {
        self.client.inspect(|cluster| cluster.faults.inject(fault));
    }

    /// Injects random faults, instead of earlier ones.
    pub fn inject_by_chance(&self, seed: u64, chances: Vec<Chance>) {
        self.client.inspect(|cluster| cluster.faults.by_chance(seed, chances));
    }

    /// Sets the hook for each call. It runs under the cluster's lock and must not call the cluster.
    pub fn set_hook(&self, hook: Option<Hook>) {
        self.client.inspect(|cluster| cluster.faults.set_hook(hook));
    }

    /// Makes the whole cluster unreachable, or reachable again.
    pub fn set_reachable(&self, reachable: bool) {
        self.client.inspect(|cluster| cluster.faults.set_reachable(reachable));
    }

    /// Sets the time from the append of a record until it can be fetched.
    pub fn set_fetch_delay(&self, delay: Duration) {
        self.client.inspect(|cluster| cluster.fetch_delay = delay);
    }

    /// Removes all faults and the hook, and makes the cluster reachable.
    pub fn heal(&self) {
        self.client.inspect(|cluster| {
            cluster.faults.clear();
            cluster.fetch_delay = Duration::ZERO;
        });
    }

    /// Deletes the committed offsets of a group, as Kafka does after it was empty for `offsets.retention.minutes`.
    pub fn expire_offsets(&self, group: &str) {
        self.client.inspect(|cluster| cluster.offsets_mut(group).expire());
    }

    /// Sets committed offsets of a group, as `kafka-consumer-groups --reset-offsets` does.
    pub fn reset_offsets(&self, group: &str, offsets: &[(TopicPartition, i64)]) {
        self.client.inspect(|cluster| cluster.offsets_mut(group).commit(offsets));
    }

    /// Compacts a topic below the last stable offset, whatever its policy. `purge` also drops tombstones and markers,
    /// as after `delete.retention.ms`.
    pub fn compact(&self, topic: &Topic, purge: bool) {
        self.client.inspect(|cluster| cluster.catalog.compact(topic, purge));
    }
}

impl Broker for MemoryBroker {
    fn consumer(&self, spec: &ConsumerSpec) -> Result<Box<dyn Consumer>> {
        Ok(Box::new(MemoryConsumer::new(self.client.clone(), spec)))
    }

    fn producer(&self, spec: &ProducerSpec) -> Result<Box<dyn Producer>> {
        Ok(match &spec.transactional_id {
            Some(id) => Box::new(MemoryProducer::new(self.client.clone(), id, &spec.tracked)),
            None => Box::new(PlainProducer::new(self.client.clone(), &spec.tracked)),
        })
    }

    fn reader(&self, isolation: Isolation) -> Result<Box<dyn Reader>> {
        Ok(Box::new(MemoryReader::new(self.client.clone(), isolation)))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(Box::new(MemoryAdmin(self.client.clone())))
    }
}
