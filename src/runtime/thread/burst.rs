//! The records and offsets of one commit, gathered before any of them is produced.

use std::time::Duration;

use super::broken;
use super::input::Inputs;
use super::tasks::Tasks;
use crate::broker::Producer;
use crate::config::ProcessingGuarantee;
use crate::model::{OutRecord, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::genesis;
use crate::runtime::instances::{self, SourceOffset};
use crate::runtime::task::{Changes, Task};
use crate::runtime::transaction::Transaction;

/// The records and offsets of one commit.
pub(super) struct Burst<'a> {
    /// Changelog records by kind, in the order of writing: without a transaction, a crash between two kinds leaves
    /// parts without an entry, and never an entry without its parts.
    changes: [Vec<OutRecord>; 4],
    /// Outputs, alerts and dead letters.
    outputs: &'a [OutRecord],
    /// The first committed offsets of source partitions, for the instances topic.
    first_commits: Vec<OutRecord>,
    /// The group's new offsets.
    pub(super) offsets: Vec<(TopicPartition, i64)>,
}

impl<'a> Burst<'a> {
    /// The records of a transaction and of the tasks' changes.
    pub(super) fn of(txn: &'a Transaction, tasks: &Tasks, inputs: &Inputs, context: &Context) -> Self {
        let settings = &context.settings;
        let mut changes: [Vec<OutRecord>; 4] = Default::default();
        for task in tasks.iter() {
            if let Some(changed) = task.changes() {
                add(&mut changes, task, broken::changes(settings, changed), context);
            }
        }
        let [genesis, ..] = &changes;
        let begins = !genesis.is_empty();
        let mut offsets = inputs.offsets();
        offsets.retain(|(partition, _)| !tasks.iter().any(|task| !task.offset_known && task.inbox == *partition));
        broken::offsets(settings, inputs, &mut offsets);
        Self { changes, outputs: &txn.outputs, first_commits: first_commits(inputs, begins, context), offsets }
    }

    /// Produces all records. In a transaction their order does not matter, and nothing is waited for.
    ///
    /// Without a transaction the order is the guarantee: outputs are written before the state that implies them, so
    /// each kind of records is acknowledged, within `timeout`, before the next is produced; any record may be the last.
    pub(super) fn produce(
        &self,
        producer: &mut dyn Producer,
        guarantee: ProcessingGuarantee,
        timeout: Duration,
    ) -> Result<()> {
        let changes = self.changes.iter().map(Vec::as_slice);
        match guarantee {
            ProcessingGuarantee::ExactlyOnce => {
                let mut all = changes.chain([self.outputs, &self.first_commits]);
                all.try_for_each(|records| produce(producer, records))
            }
            ProcessingGuarantee::AtLeastOnce => {
                for records in std::iter::once(self.outputs).chain(changes).filter(|records| !records.is_empty()) {
                    produce(producer, records)?;
                    producer.drain(timeout)?;
                }
                Ok(())
            }
        }
    }
}

fn produce(producer: &mut dyn Producer, records: &[OutRecord]) -> Result<()> {
    Ok(records.iter().try_for_each(|record| producer.produce(record))?)
}

fn add(kinds: &mut [Vec<OutRecord>; 4], task: &Task, changes: Changes, context: &Context) {
    let Changes { genesis, new_parts, entries, removed_parts } = changes;
    let [first, parts, entries_of, last] = kinds;
    let record = |(key, value)| OutRecord::logged(&task.changelog, key, value);
    let genesis = genesis.map(|id| genesis::record(&task.id, id, &context.incarnation.id));
    first.extend(genesis.map(|(key, value)| record((key, Some(value)))));
    parts.extend(new_parts.into_iter().map(record));
    entries_of.extend(entries.into_iter().map(record));
    last.extend(removed_parts.into_iter().map(record));
}

/// `begins` is true if the changelog of a task begins with this commit.
fn first_commits(inputs: &Inputs, begins: bool, context: &Context) -> Vec<OutRecord> {
    let first = inputs.iter().filter_map(|(partition, input)| Some((partition, input, input.first_commit?)));
    first
        .map(|(partition, input, first)| {
            SourceOffset { offset: input.position, ..first }.record(&context.plan, partition)
        })
        .chain(begins.then(|| instances::begun(&context.plan)))
        .collect()
}
