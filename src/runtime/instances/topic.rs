//! Reads and writes the instances topic.

use bytes::Bytes;
use serde::Serialize;

use crate::broker::{Admin, Isolation, Reader};
use crate::model::{Key, OutRecord, Record, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::topology_plan::TopologyPlan;
use crate::runtime::whole_topic;

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
    whole_topic::read((admin, &mut *reader), &partition, timeout, &mut each)?;
    Ok(reader)
}
