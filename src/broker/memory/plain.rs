//! The producer without transactions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::client::Client;
use super::fault::Operation;
use crate::broker::{Error, GroupMetadata, Producer, Result};
use crate::model::{OutRecord, Topic, TopicPartition};

/// A producer without transactions of a cluster in memory; its records are visible at once.
#[derive(Debug)]
pub(super) struct PlainProducer {
    client: Client,
    tracked: BTreeSet<Topic>,
    ends: BTreeMap<TopicPartition, i64>,
    /// The first failed delivery of this batch: the record may have been written all the same.
    failed: Option<Error>,
}

impl PlainProducer {
    pub(super) fn new(client: Client, tracked: &[Topic]) -> Self {
        Self { client, tracked: tracked.iter().cloned().collect(), ends: BTreeMap::new(), failed: None }
    }
}

impl Producer for PlainProducer {
    fn init(&mut self, _timeout: Duration) -> Result<()> {
        self.client.call(Operation::Init, |_| Ok(()))
    }

    fn begin(&mut self) -> Result<()> {
        self.ends.clear();
        self.failed = None;
        Ok(())
    }

    fn produce(&mut self, record: &OutRecord) -> Result<()> {
        match self.client.call(Operation::Produce, |cluster| cluster.append(None, record)) {
            Ok((partition, offset)) if self.tracked.contains(&partition.topic) => {
                self.ends.insert(partition, offset + 1);
            }
            Ok(_) => {}
            // Returned later, like a delivery report, of which the Kafka adapter makes this error.
            Err(Error::TimedOut { detail, .. }) => {
                let detail = format!("a record for {} was not delivered: {detail}", record.topic);
                self.failed.get_or_insert(Error::Abortable { detail });
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn drain(&mut self, _timeout: Duration) -> Result<BTreeMap<TopicPartition, i64>> {
        self.client.call(Operation::Drain, |_| Ok(()))?;
        self.failed.clone().map_or_else(|| Ok(self.ends.clone()), Err)
    }

    fn send_offsets(&mut self, _: &[(TopicPartition, i64)], _: &GroupMetadata, _: Duration) -> Result<()> {
        Err(Error::Fatal { operation: "send_offsets", detail: "this producer has no transactions".to_owned() })
    }

    fn commit(&mut self, _timeout: Duration) -> Result<()> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn abort(&mut self, _timeout: Duration) -> Result<()> {
        self.failed = None;
        Ok(())
    }
}
