//! The stateless step in front of an inbox: where a source record goes.

use std::sync::Arc;

use super::envelope;
use super::error::Result;
use super::settings::{RECORD_MAX, RECORD_OVERHEAD};
use super::topology_plan::{NodeTopics, TopologyPlan};
use crate::codec::partitioner;
use crate::model::{Key, OutRecord, Record, Reject, RejectReason, TaskId};
use crate::processor::{Event, Keyed};

/// What becomes of a source record.
#[derive(Debug)]
pub(super) enum Destination {
    /// A task of this thread steps on it, in the same transaction.
    Task(TaskId, Key, Event),
    /// It is written to the inbox of its key.
    Inbox(OutRecord),
    /// It is for no entry of this application.
    Nowhere,
    /// It is not accepted.
    DeadLetter(Reject),
}

/// Decides where a record of the topology's source number `source` goes; `takes` says whether a task would step on it now.
///
/// A record that is handed over skips its inbox, and with it one of two transactions. What guards the task against a
/// second owner is the same as ever: the transaction commits the offset of every partition that is owned, of the task's
/// inbox too, moved or not; whoever takes the inbox over waits for that offset to be stable, and only then reads the
/// changelog's end.
pub(super) fn decide(
    plan: &TopologyPlan,
    source: usize,
    record: &Record,
    takes: impl FnOnce(&TaskId) -> bool,
) -> Result<Destination> {
    let Some(source) = plan.topology.sources.get(source) else {
        return Ok(Destination::DeadLetter(Reject::new(RejectReason::MissingField, "the topology has no such source")));
    };
    let node = plan.node(source.node)?;
    let Some(NodeTopics { inbox, partitions, .. }) = plan.nodes.get(source.node) else {
        return Ok(Destination::DeadLetter(Reject::new(RejectReason::MissingField, "the source's node has no inbox")));
    };
    let keyed = match source.keying.key(record) {
        Ok(Keyed::To(keyed)) => keyed,
        Ok(Keyed::Pass) => return Ok(Destination::Nowhere),
        Err(reject) => return Ok(Destination::DeadLetter(reject)),
    };
    if keyed.key.as_bytes().first().is_none_or(|first| *first == 0) {
        let detail = "a key is at least one byte and does not begin with a zero byte, which is kept for sheaf itself";
        return Ok(Destination::DeadLetter(Reject::new(RejectReason::BadId, detail)));
    }
    let partition = partitioner(keyed.key.as_bytes(), *partitions);
    if node.processor.is_order_free() {
        let task = TaskId { processor: Arc::clone(&node.name), partition };
        if takes(&task) {
            let (key, event) = keyed.into_event(record.clone());
            return Ok(Destination::Task(task, key, event));
        }
    }
    let out = envelope::wrap(record, keyed, inbox, partition);
    let size = out.size() + RECORD_OVERHEAD;
    if size > RECORD_MAX {
        let detail = format!("the record has {size} bytes; an inbox record holds {RECORD_MAX}");
        return Ok(Destination::DeadLetter(Reject::new(RejectReason::TooLarge, detail)));
    }
    Ok(Destination::Inbox(out))
}
