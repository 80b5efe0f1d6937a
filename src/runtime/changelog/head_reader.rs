//! Reads the first records of changelogs, with a reader of its own, so that a task with nothing to restore does not
//! wait behind others.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::broker::{Broker, Purpose, Reader, Result, Start};
use crate::model::{Record, TopicPartition};

/// The most records of one read.
const RECORDS_MAX: usize = 1_000;

/// Reads the first records of changelogs.
#[derive(Default)]
pub(super) struct HeadReader {
    reader: Option<Box<dyn Reader>>,
    /// The partitions without a first record so far, with their start offsets.
    at: BTreeMap<TopicPartition, i64>,
}

/// The state of a partition.
pub(super) struct First {
    pub(super) partition: TopicPartition,
    /// Its first record, if it has arrived.
    pub(super) record: Option<Record>,
    /// The reader's position.
    pub(super) position: Option<i64>,
}

impl HeadReader {
    /// Reads the first records of these partitions at these offsets; waits for at most `timeout`.
    pub(super) fn read_first(
        &mut self,
        broker: &dyn Broker,
        wanted: &BTreeMap<TopicPartition, i64>,
        timeout: Duration,
    ) -> Result<Vec<First>> {
        if wanted.is_empty() {
            *self = Self::default();
            return Ok(Vec::new());
        }
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none @ None => {
                self.at.clear();
                none.insert(broker.reader_to(Purpose::Peek)?)
            }
        };
        self.at.retain(|partition, _| wanted.contains_key(partition));
        if *wanted != self.at {
            let starts: Vec<_> =
                wanted.iter().map(|(partition, offset)| (partition.clone(), Start::At(*offset))).collect();
            reader.assign(&starts)?;
            self.at.clone_from(wanted);
        }
        let mut records = Vec::new();
        reader.poll(RECORDS_MAX, &mut records, timeout)?;
        let mut first: BTreeMap<TopicPartition, Record> = BTreeMap::new();
        for record in records {
            self.at.remove(&record.source);
            first.entry(record.source.clone()).or_insert(record);
        }
        let first_records = wanted.keys().map(|partition| First {
            partition: partition.clone(),
            record: first.remove(partition),
            position: reader.position(partition),
        });
        Ok(first_records.collect())
    }

    /// Closes the reader; the next read assigns all partitions again.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}
