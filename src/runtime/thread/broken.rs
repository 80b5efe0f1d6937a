//! Mutations of the duties (see [`Mutation`]); without a mutation these functions have no effect.

use std::collections::BTreeMap;

use super::acts::Acts;
use super::input::{Input, Inputs};
use super::tasks::Tasks;
use crate::model::{Outcome, Record, TopicPartition, Verdict};
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::mutation::Mutation;
use crate::runtime::settings::Settings;
use crate::runtime::task::{Changes, Committed};
use crate::runtime::transaction::Transaction;

/// The mutated changelog records of a commit.
pub(super) fn changes(settings: &Settings, mut changes: Changes) -> Changes {
    if settings.breaks(Mutation::TombstonesSkipped) {
        changes.entries.retain(|(_, bytes)| bytes.is_some());
        changes.removed_parts.clear();
    }
    if settings.breaks(Mutation::PartsSkipped) {
        changes.new_parts.clear();
        changes.removed_parts.clear();
    }
    changes
}

/// True if an inbox record is processed twice.
pub(super) fn repeats(settings: &Settings, record: &Record) -> bool {
    settings.breaks(Mutation::CommandAppliedTwice) && record.headers.text("sheaf-kind") == Some("command")
}

/// The mutated offsets of a commit.
pub(super) fn offsets(settings: &Settings, inputs: &Inputs, all: &mut Vec<(TopicPartition, i64)>) {
    if settings.breaks(Mutation::IdleOffsetsSkipped) {
        // All but those that were never committed: without these the next start would be refused.
        let moved = |input: &Input| input.position > input.committed || input.position == 0;
        all.retain(|(partition, _)| inputs.get(partition).is_some_and(moved));
    }
    if settings.breaks(Mutation::OffsetsSkipped) {
        all.clear();
    }
}

/// Mutation of a failed fetch: moves the position past the next record.
pub(super) fn passed_over(settings: &Settings, input: &mut Input) {
    if settings.breaks(Mutation::FailedFetchPassed) {
        input.position += 1;
    }
}

/// The number of offsets by which a mutated store is ahead of its changelog: past the first record of the next
/// transaction.
pub(super) fn ahead(settings: &Settings) -> i64 {
    if settings.breaks(Mutation::PositionAhead) { 2 } else { 0 }
}

/// The mutated outcome of an inherited act.
pub(super) fn inherited(settings: &Settings, outcome: Outcome) -> Outcome {
    if settings.breaks(Mutation::LookUpSkipped) {
        return Outcome { verdict: Verdict::NotSent("broken on purpose".to_owned()), ..outcome };
    }
    outcome
}

/// Mutation: hands acts to the sink before the commit.
pub(super) fn act_too_early(acts: &mut Acts, txn: &mut Transaction, context: &Context) {
    if context.settings.breaks(Mutation::ActBeforeCommit) {
        for decision in txn.acts.take() {
            acts.hand_over(decision, &*context.sink);
            context.fault_observer.reached(FaultPoint::HandedOver);
        }
    }
}

/// Mutation: writes to the stores before the commit.
pub(super) fn store_too_early(
    tasks: &mut Tasks,
    txn: &Transaction,
    written: &BTreeMap<TopicPartition, i64>,
    settings: &Settings,
) -> Result<()> {
    if settings.breaks(Mutation::StoreBeforeCommit) {
        for task in tasks.iter_mut() {
            let changelog_next = written.get(&task.changelog).copied();
            task.apply(Committed { changelog_next, inbox_next: 0, now: txn.now, uptime: txn.uptime })?;
        }
    }
    Ok(())
}
