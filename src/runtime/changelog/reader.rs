//! A reader of changelogs that are replayed, and what it reads.
//!
//! There are three of them, for short restores, long ones, and standbys: records arrive in one queue per reader, and who has
//! a little to restore must not wait behind who has much.

use std::collections::BTreeMap;
use std::time::Duration;

use super::limit::POLL;
use crate::broker::{Broker, Purpose, Reader, Result, Start};
use crate::model::{Record, TopicPartition};

/// A reader, and whether it reads what it should.
pub(super) struct ChangelogReader {
    purpose: Purpose,
    reader: Option<Box<dyn Reader>>,
    /// True when the reader does not read all that is to be replayed. What it reads besides is passed over.
    stale: bool,
}

impl ChangelogReader {
    pub(super) fn new(purpose: Purpose) -> Self {
        Self { purpose, reader: None, stale: false }
    }

    /// What is to be replayed has changed.
    pub(super) fn change(&mut self) {
        self.stale = true;
    }

    /// Nothing is to be replayed.
    pub(super) fn close(&mut self) {
        self.reader = None;
    }

    /// Reads up to `max` records of these partitions, which are at these offsets. Waits for the first one when `waits`.
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

    /// How far the reader has come in a partition.
    pub(super) fn position(&mut self, partition: &TopicPartition) -> Option<i64> {
        // A position of an earlier assignment says nothing.
        self.reader.as_mut().filter(|_| !self.stale)?.position(partition)
    }
}
