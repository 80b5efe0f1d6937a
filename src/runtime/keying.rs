//! The stateless step in front of an inbox: where a source record goes.

use super::envelope;
use super::error::Result;
use super::plan::{NodeTopics, Plan};
use super::settings::{RECORD_MAX, RECORD_OVERHEAD};
use crate::codec::partitioner;
use crate::model::{OutRecord, Record, Reject, RejectReason};

/// What becomes of a source record: one decision, of which "hand it over to a task of this thread" is to be another
/// outcome.
#[derive(Debug)]
pub(super) enum Destination {
    /// It is written to the inbox of its key.
    Inbox(OutRecord),
    /// It is not accepted.
    DeadLetter(Reject),
}

/// Decides where a record of the topology's source number `source` goes; `partitions` are those of each node's inbox.
pub(super) fn decide(plan: &Plan, partitions: &[i32], source: usize, record: &Record) -> Result<Destination> {
    let Some(source) = plan.topology.sources.get(source) else {
        return Ok(Destination::DeadLetter(Reject::new(RejectReason::MissingField, "the topology has no such source")));
    };
    super::task::node(plan, source.node)?;
    let (Some(NodeTopics { inbox, .. }), Some(&partitions)) =
        (plan.nodes.get(source.node), partitions.get(source.node))
    else {
        return Ok(Destination::DeadLetter(Reject::new(RejectReason::MissingField, "the source's node has no inbox")));
    };
    let keyed = match source.keying.key(record) {
        Ok(keyed) => keyed,
        Err(reject) => return Ok(Destination::DeadLetter(reject)),
    };
    if keyed.key.as_bytes().first().is_none_or(|first| *first == 0) {
        let detail = "a key is at least one byte and does not begin with a zero byte, which is kept for sheaf itself";
        return Ok(Destination::DeadLetter(Reject::new(RejectReason::BadId, detail)));
    }
    let partition = partitioner(keyed.key.as_bytes(), partitions);
    let out = envelope::wrap(record, keyed, inbox, partition);
    let size = out.size() + RECORD_OVERHEAD;
    if size > RECORD_MAX {
        let detail = format!("the record has {size} bytes; an inbox record holds {RECORD_MAX}");
        return Ok(Destination::DeadLetter(Reject::new(RejectReason::TooLarge, detail)));
    }
    Ok(Destination::Inbox(out))
}
