//! The keying step: the destination of a source record.

use std::sync::Arc;

use super::envelope;
use super::error::Result;
use super::settings::RECORD_OVERHEAD;
use super::topology_plan::{NodeTopics, Role, TopologyPlan};
use crate::codec::partitioner;
use crate::model::{Key, OutRecord, Record, Reject, RejectReason, Replay, TaskId};
use crate::processor::{Event, Keyed};

/// The source that a record is for, and the record: a record that was sent again stands for one of another source.
pub(super) fn original(plan: &TopologyPlan, source: usize, record: &Record) -> Option<(usize, Record)> {
    let original = plan.topology.sources.get(source)?.keying.original(record)?;
    match plan.role(&original.source.topic) {
        Some(Role::Source(other)) => Some((other, original)),
        // The keying step of this source rejects it.
        Some(Role::Inbox(_)) | None => Some((source, original)),
    }
}

/// The destination of a source record.
#[derive(Debug)]
pub(super) enum Destination {
    /// A task of this thread, which processes it in the same transaction.
    Task(TaskId, Key, Event),
    /// The inbox partition of its key.
    Inbox(OutRecord),
    /// Discarded: it belongs to no entry of this application.
    Pass,
    /// Discarded: it belongs to the application with this id.
    Foreign(String),
    /// The dead letters, with the reason.
    DeadLetter(Reject),
}

/// The destination of a record of source number `source`, which may be one that is processed again; `takes` tells if a task can
/// process it now.
///
/// A record that goes to a task directly skips its inbox, and with it one of two transactions. The task is guarded
/// against a second owner as always: the transaction commits the offsets of all owned partitions, also unchanged ones
/// and that of the task's inbox; a new owner of the inbox waits until that offset is stable before it reads the end of
/// the changelog.
pub(super) fn decide(
    plan: &TopologyPlan,
    (source, replay): (usize, Option<&Arc<Replay>>),
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
        Ok(Keyed::Pass) => return Ok(Destination::Pass),
        Ok(Keyed::Foreign(application)) => return Ok(Destination::Foreign(application)),
        Err(reject) => return Ok(Destination::DeadLetter(reject)),
    };
    if keyed.key.as_bytes().first().is_none_or(|first| *first == 0) {
        let detail = "a key has at least one byte and does not begin with a zero byte, which is reserved for sheaf";
        return Ok(Destination::DeadLetter(Reject::new(RejectReason::BadId, detail)));
    }
    let partition = partitioner(keyed.key.as_bytes(), *partitions);
    if node.processor.is_order_free() {
        let task = TaskId { processor: Arc::clone(&node.name), partition };
        if takes(&task) {
            let (key, event) = keyed.into_event(record.clone());
            return Ok(Destination::Task(task, key, Event { replay: replay.cloned(), ..event }));
        }
    }
    let out = envelope::wrap(record, keyed, (inbox, partition), replay.map(|it| &**it));
    let size = out.size() + RECORD_OVERHEAD;
    let limit = plan.record_max(inbox);
    if size > limit {
        let detail = format!("the record has {size} bytes; an inbox record holds {limit}");
        return Ok(Destination::DeadLetter(Reject::new(RejectReason::TooLarge, detail)));
    }
    Ok(Destination::Inbox(out))
}
