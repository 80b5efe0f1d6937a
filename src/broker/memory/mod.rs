//! The broker port in memory: an in-process cluster with Kafka's semantics, for the demo, the simulator and tests.
//!
//! ```text
//!  MemoryBroker ──▶ consumer ─┐            ┌─▶ catalog ─▶ log       topics, partitions, last stable offset, compaction
//!  (one process,    producer ─┼▶ client ─▶ cluster ─▶ transaction   who writes, what is open, time-outs
//!   shared cluster) reader   ─┤   │        ├─▶ group               members, generations, rebalances
//!                   admin    ─┘   └ fault  └─▶ offset              committed, and about to be
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `client` | the lock; where faults strike, processes crash and wakers are called |
//! | `cluster` | what one request changes in several places |
//! | `log`, `catalog` | one partition; all topics |
//! | `transaction`, `offset` | the transaction coordinator; a group's offsets |
//! | `group` | the group coordinator, its members and its assignor |
//! | `consumer`, `producer`, `plain`, `reader`, `admin` | the parts of the port; `plain` is the producer without transactions |
//! | `fault`, `inspect` | what a simulator does to the cluster, and what its oracle sees |
//! | `settings` | what a cluster is set to |
//!
//! # The contract
//!
//! Real Kafka is the truth, and `tests/it/conformance.rs` asks both the same questions. Nothing happens by itself:
//! time-outs and expiries are looked at when somebody calls (or by [`MemoryBroker::tick`]), on the clock that was handed
//! in, so one thread and one seed give the same story every time. Nobody waits, unless [`Settings::blocking`] is set.
//!
//! A [`MemoryBroker`] belongs to one *process*; [`MemoryBroker::process`] gives another process a connection to the same
//! cluster. After [`MemoryBroker::crash`] the clients of that process are dead: nothing is left in order, a transaction
//! stays open until its time-out or its successor, a member stays in its group until its session ends.

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

/// A process's connection to a cluster in memory; clones are of the same process.
#[derive(Clone, Debug)]
pub struct MemoryBroker {
    client: Client,
}

impl MemoryBroker {
    /// A new cluster without topics, and the connection of a first process, which is called `main`.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        Self { client: Client::new(Cluster::new(settings, clock), "main") }
    }

    /// The connection of another process to the same cluster. A process that starts again is a new one, whatever its
    /// name.
    #[must_use]
    pub fn process(&self, name: &str) -> Self {
        Self { client: self.client.process(name) }
    }

    /// Makes this process vanish: every later call of its clients fails, and dropping them does nothing.
    pub fn crash(&self) {
        self.client.crash();
    }

    /// Whether this process has vanished, by [`Self::crash`] or by a fault.
    pub fn is_crashed(&self) -> bool {
        self.client.is_crashed()
    }

    /// Does what is due by the clock; every call of a client does so too.
    pub fn tick(&self) {
        self.client.look(Cluster::expire);
    }

    /// Makes coming calls fail.
    pub fn inject(&self, fault: Fault) {
        self.client.look(|cluster| cluster.faults.inject(fault));
    }

    /// Makes calls fail by chance, in place of earlier chances.
    pub fn inject_by_chance(&self, seed: u64, chances: Vec<Chance>) {
        self.client.look(|cluster| cluster.faults.by_chance(seed, chances));
    }

    /// Lets a function judge each call. It runs under the cluster's lock and must not call the cluster.
    pub fn set_hook(&self, hook: Option<Hook>) {
        self.client.look(|cluster| cluster.faults.set_hook(hook));
    }

    /// Makes the whole cluster unreachable, or reachable again.
    pub fn set_reachable(&self, reachable: bool) {
        self.client.look(|cluster| cluster.faults.set_reachable(reachable));
    }

    /// Records can be fetched only this long after they were written.
    pub fn set_fetch_delay(&self, delay: Duration) {
        self.client.look(|cluster| cluster.fetch_delay = delay);
    }

    /// Takes every fault, chance and hook back, and makes the cluster reachable.
    pub fn heal(&self) {
        self.client.look(|cluster| {
            cluster.faults.clear();
            cluster.fetch_delay = Duration::ZERO;
        });
    }

    /// Forgets the committed offsets of a group, as Kafka does when it has been empty for `offsets.retention.minutes`.
    pub fn expire_offsets(&self, group: &str) {
        self.client.look(|cluster| cluster.offsets_mut(group).expire());
    }

    /// Sets committed offsets of a group, as `kafka-consumer-groups --reset-offsets` does.
    pub fn reset_offsets(&self, group: &str, offsets: &[(TopicPartition, i64)]) {
        self.client.look(|cluster| cluster.offsets_mut(group).commit(offsets));
    }

    /// Compacts a topic now, whatever its policy, below the last stable offset. `purge` also drops tombstones and
    /// markers, as Kafka does after `delete.retention.ms`.
    pub fn compact(&self, topic: &Topic, purge: bool) {
        self.client.look(|cluster| cluster.catalog.compact(topic, purge));
    }
}

impl Broker for MemoryBroker {
    fn consumer(&self, spec: &ConsumerSpec) -> Result<Box<dyn Consumer>> {
        Ok(Box::new(MemoryConsumer::new(self.client.clone(), spec)))
    }

    fn producer(&self, spec: &ProducerSpec) -> Result<Box<dyn Producer>> {
        Ok(Box::new(MemoryProducer::new(self.client.clone(), spec)))
    }

    fn plain_producer(&self, tracked: &[Topic]) -> Result<Box<dyn Producer>> {
        Ok(Box::new(PlainProducer::new(self.client.clone(), tracked)))
    }

    fn reader(&self, isolation: Isolation) -> Result<Box<dyn Reader>> {
        Ok(Box::new(MemoryReader::new(self.client.clone(), isolation)))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(Box::new(MemoryAdmin(self.client.clone())))
    }
}
