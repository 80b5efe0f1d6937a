//! The reader without a group, and the cursor of readers and consumers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::client::Client;
use super::cluster::Cluster;
use super::fault::Operation;
use crate::broker::{Isolation, Reader, Result, Start};
use crate::model::{Record, TopicPartition};

/// The position of a client in one partition.
#[derive(Debug)]
pub(super) struct Cursor {
    next: i64,
    /// True after the first fetch: before it Kafka's client does not know its position.
    fetched: bool,
}

impl Cursor {
    pub(super) fn new(cluster: &Cluster, partition: &TopicPartition, start: Start, isolation: Isolation) -> Self {
        Self { next: cluster.resolve(partition, start, isolation), fetched: false }
    }

    pub(super) fn position(&self) -> Option<i64> {
        self.fetched.then_some(self.next)
    }

    pub(super) fn fetch(
        &mut self,
        cluster: &Cluster,
        partition: &TopicPartition,
        what: (Isolation, usize),
        out: &mut Vec<Record>,
    ) -> Result<()> {
        self.next = cluster.read(partition, self.next, what, out)?;
        self.fetched = true;
        Ok(())
    }
}

/// A reader of a cluster in memory.
#[derive(Debug)]
pub(super) struct MemoryReader {
    client: Client,
    isolation: Isolation,
    cursors: BTreeMap<TopicPartition, Cursor>,
}

impl MemoryReader {
    pub(super) const fn new(client: Client, isolation: Isolation) -> Self {
        Self { client, isolation, cursors: BTreeMap::new() }
    }

    /// Fetches records; returns the number of writes by then.
    fn fetch(&mut self, max: usize, out: &mut Vec<Record>) -> Result<u64> {
        let Self { client, isolation, cursors } = self;
        let full = out.len() + max;
        client.call(Operation::Fetch, |cluster| {
            for (partition, cursor) in cursors {
                cursor.fetch(cluster, partition, (*isolation, full.saturating_sub(out.len())), out)?;
            }
            Ok(cluster.writes)
        })
    }
}

impl Reader for MemoryReader {
    fn assign(&mut self, partitions: &[(TopicPartition, Start)]) -> Result<()> {
        let isolation = self.isolation;
        self.cursors = self.client.call(Operation::Fetch, |cluster| {
            let cursor = |(partition, start): &(TopicPartition, Start)| {
                (partition.clone(), Cursor::new(cluster, partition, *start, isolation))
            };
            Ok(partitions.iter().map(cursor).collect())
        })?;
        Ok(())
    }

    fn poll(&mut self, max: usize, out: &mut Vec<Record>, timeout: Duration) -> Result<()> {
        let before = out.len();
        let seen = self.fetch(max, out)?;
        if out.len() == before {
            self.client.wait(seen, timeout);
            self.fetch(max, out)?;
        }
        Ok(())
    }

    fn position(&mut self, partition: &TopicPartition) -> Option<i64> {
        self.cursors.get(partition).and_then(Cursor::position)
    }
}
