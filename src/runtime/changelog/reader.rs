//! Reads the changelogs of replays.
//!
//! An instance has three: for short restores, long ones, and standbys. Records arrive in one queue per reader, and a
//! replay with little to read must not wait behind one with much.

use std::collections::BTreeMap;
use std::time::Duration;

use super::limit::POLL;
use crate::broker::{Broker, Purpose, Reader, Result, Start};
use crate::model::{Record, TopicPartition};

/// A reader with its assignment.
pub(super) struct ChangelogReader {
    purpose: Purpose,
    reader: Option<Box<dyn Reader>>,
    /// True if the assignment has to be renewed before the next read.
    stale: bool,
}

impl ChangelogReader {
    pub(super) fn new(purpose: Purpose) -> Self {
        Self { purpose, reader: None, stale: false }
    }

    /// Notes that the set of replays has changed.
    pub(super) fn change(&mut self) {
        self.stale = true;
    }

    /// Closes the reader.
    pub(super) fn close(&mut self) {
        self.reader = None;
    }

    /// Reads up to `max` records of these partitions at these offsets; with `waits` it waits for the first record.
    pub(super) fn read(
        &mut self,
        broker: &dyn Broker,
        at: &[(TopicPartition, Start)],
        max: usize,
        waits: bool,
    ) -> Result<BTreeMap<TopicPartition, Vec<Record>>> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none @ None => {
                self.stale = true;
                none.insert(broker.reader_to(self.purpose)?)
            }
        };
        if self.stale {
            reader.assign(at)?;
            self.stale = false;
        }
        let mut records = Vec::new();
        reader.poll(max, &mut records, if waits { POLL } else { Duration::ZERO })?;
        let mut by_partition: BTreeMap<TopicPartition, Vec<Record>> = BTreeMap::new();
        for record in records {
            match by_partition.get_mut(&record.source) {
                Some(others) => others.push(record),
                None => drop(by_partition.insert(record.source.clone(), vec![record])),
            }
        }
        Ok(by_partition)
    }

    /// The reader's position in a partition.
    pub(super) fn position(&mut self, partition: &TopicPartition) -> Option<i64> {
        // The position of an earlier assignment does not count.
        self.reader.as_mut().filter(|_| !self.stale)?.position(partition)
    }
}
