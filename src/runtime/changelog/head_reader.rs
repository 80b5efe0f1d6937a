//! The first records of changelogs, read apart from everything else: a task that has nothing to restore must not wait
//! behind what another one has.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::broker::{Broker, Purpose, Reader, Result, Start};
use crate::model::{Record, TopicPartition};

/// How many records one look takes at most.
const RECORDS_MAX: usize = 1_000;

/// Looks at the first records of changelogs.
#[derive(Default)]
pub(super) struct HeadReader {
    reader: Option<Box<dyn Reader>>,
    /// What it reads and has shown no record of, and from where.
    at: BTreeMap<TopicPartition, i64>,
}

/// What a partition shows.
pub(super) struct First {
    pub(super) partition: TopicPartition,
    /// Its first record, when it has arrived.
    pub(super) record: Option<Record>,
    /// How far the reader has come.
    pub(super) position: Option<i64>,
}

impl HeadReader {
    /// Looks at these partitions from these offsets on; waits for the first record for at most `timeout`.
    pub(super) fn look(
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
        let seen = wanted.keys().map(|partition| First {
            partition: partition.clone(),
            record: first.remove(partition),
            position: reader.position(partition),
        });
        Ok(seen.collect())
    }

    /// Begins anew with the next look.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}
