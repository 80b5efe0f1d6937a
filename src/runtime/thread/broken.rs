//! Duties that are broken on purpose (see [`Mutation`]); each of these does nothing unless one is.

use std::collections::BTreeMap;

use super::acts::Acts;
use super::input::{Input, Inputs};
use super::tasks::Tasks;
use crate::model::{Outcome, TopicPartition, Verdict};
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::mutation::Mutation;
use crate::runtime::settings::Settings;
use crate::runtime::task::{Changes, Committed};
use crate::runtime::transaction::Transaction;

/// What a broken commit writes to the changelog.
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

/// What a broken commit sends of the offsets.
pub(super) fn offsets(settings: &Settings, inputs: &Inputs, all: &mut Vec<(TopicPartition, i64)>) {
    if settings.breaks(Mutation::IdleOffsetsSkipped) {
        // All but those that were never committed: without these a next start would be refused at once.
        let moved = |input: &Input| input.position > input.committed || input.position == 0;
        all.retain(|(partition, _)| inputs.get(partition).is_some_and(moved));
    }
    if settings.breaks(Mutation::OffsetsSkipped) {
        all.clear();
    }
}

/// What a broken thread makes of a fetch that failed: it goes on behind the record that was to come.
pub(super) fn passed_over(settings: &Settings, input: &mut Input) {
    if settings.breaks(Mutation::FailedFetchPassed) {
        input.position += 1;
    }
}

/// By how much a broken store is ahead of its changelog: past the next transaction's first record.
pub(super) fn ahead(settings: &Settings) -> i64 {
    if settings.breaks(Mutation::PositionAhead) { 2 } else { 0 }
}

/// What a broken owner makes of an act that it finds.
pub(super) fn inherited(settings: &Settings, outcome: Outcome) -> Outcome {
    if settings.breaks(Mutation::LookUpSkipped) {
        return Outcome { verdict: Verdict::NotSent("broken on purpose".to_owned()), ..outcome };
    }
    outcome
}

/// Before its commit a broken transaction hands its acts over.
pub(super) fn act_too_early(acts: &mut Acts, txn: &mut Transaction, context: &Context) {
    if context.settings.breaks(Mutation::ActBeforeCommit) {
        for decision in std::mem::take(&mut txn.acts) {
            acts.hand_over(decision, &*context.sink);
            context.fault_observer.reached(FaultPoint::HandedOver);
        }
    }
}

/// Before its commit a broken transaction writes to the stores.
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
