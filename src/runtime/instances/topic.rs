//! Reads and writes the instances topic.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::broker::{self, Admin, Isolation, Reader, Start};
use crate::model::{Key, OutRecord, Record, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::topology_plan::TopologyPlan;

/// The time-out of one poll.
const POLL: Duration = Duration::from_millis(100);
/// The most records of one poll.
const RECORDS_MAX: usize = 1_000;

/// The topic has one partition, so its records are totally ordered.
pub(super) fn partition(plan: &TopologyPlan) -> TopicPartition {
    TopicPartition::new(&plan.instances, 0)
}

/// A record of the instances topic.
pub(super) fn record(plan: &TopologyPlan, key: &str, value: &impl Serialize) -> OutRecord {
    // The values are structs of texts and numbers, which always serialize.
    let value = Bytes::from(serde_json::to_vec(value).unwrap_or_default());
    OutRecord::logged(&partition(plan), Key::new(key), Some(value))
}

/// Reads all committed records up to the current end.
pub(super) fn read(context: &Context, each: impl FnMut(Record)) -> Result<()> {
    let reader = context.broker.reader(Isolation::ReadCommitted)?;
    read_by(context, (&mut *context.broker.admin()?, reader), each).map(drop)
}

/// Reads all records up to the current end with these clients; returns the reader, because closing a client takes a while.
pub(super) fn read_by(
    context: &Context,
    (admin, mut reader): (&mut dyn Admin, Box<dyn Reader>),
    mut each: impl FnMut(Record),
) -> Result<Box<dyn Reader>> {
    let timeout = context.settings.limits.broker_timeout;
    let partition = partition(&context.plan);
    let (_, end) = admin.watermarks(&partition, timeout)?;
    reader.assign(&[(partition.clone(), Start::Beginning)])?;
    // Polls are counted, because a manual clock does not advance here.
    let mut polls_left = timeout.as_millis() / POLL.as_millis();
    let mut records: Vec<Record> = Vec::new();
    while end > 0 && reader.position(&partition).is_none_or(|position| position < end) {
        reader.poll(RECORDS_MAX, &mut records, POLL)?;
        if records.is_empty() {
            polls_left = polls_left.saturating_sub(1);
        }
        records.drain(..).for_each(&mut each);
        if polls_left == 0 {
            // A missing record may be the answer.
            let detail = format!("{partition} ends with a transaction that is still open");
            return Err(broker::Error::TimedOut { operation: "reading the instances topic", detail }.into());
        }
    }
    Ok(reader)
}
