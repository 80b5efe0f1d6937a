//! What tasks, the processors that they run, their stores and restores did.

use std::time::Duration;

use crate::metric::registry::{forget, gauge_value};
use crate::metric::{Metrics, TaskKind, TaskState};
use crate::model::{RejectReason, TaskId};

impl Metrics {
    /// A processor that this process runs; to be named at the start, so that its counters begin at 0.
    pub fn processor(&self, name: &str) {
        self.task.records.with_label_values(&[name]).inc_by(0);
        self.task.direct.with_label_values(&[name]).inc_by(0);
        self.task.read.with_label_values(&[name]).inc_by(0);
        self.task.restored.with_label_values(&[name]).inc_by(0);
        self.task.rebuilt.with_label_values(&[name]).inc_by(0);
        self.task.standby_applied.with_label_values(&[name]).inc_by(0);
        self.task.entries.with_label_values(&[name]).add(0);
        for reason in RejectReason::ALL {
            self.task.dropped.with_label_values(&[name, reason.as_str()]).inc_by(0);
        }
    }

    /// How many tasks of this kind are in this state.
    pub fn tasks(&self, kind: TaskKind, state: TaskState, number: u64) {
        self.task.tasks.with_label_values(&[kind.as_str(), state.as_str()]).set(gauge_value(number));
    }

    /// A task is not here any more: what it had goes away.
    pub fn task_closed(&self, task: &TaskId) {
        let mut entries = self.task.entries_of();
        entries.remove(task);
        self.task.sum_entries(&entries, task);
        forget(&self.task.restore_remaining, &[&*task.processor, &task.partition.to_string()]);
    }

    /// Records were stepped over.
    pub fn processed(&self, processor: &str, records: u64) {
        self.task.records.with_label_values(&[processor]).inc_by(records);
    }

    /// Entries were read from their store and decoded.
    pub fn entries_read(&self, processor: &str, entries: u64) {
        self.task.read.with_label_values(&[processor]).inc_by(entries);
    }

    /// Records of sources were stepped over without their inbox.
    pub fn handed_over(&self, processor: &str, records: u64) {
        self.task.direct.with_label_values(&[processor]).inc_by(records);
    }

    /// A record was not stepped over.
    pub fn dropped(&self, processor: &str, reason: RejectReason) {
        self.task.dropped.with_label_values(&[processor, reason.as_str()]).inc();
    }

    /// About how many entries a task's store has.
    pub fn store_entries(&self, task: &TaskId, number: u64) {
        let mut entries = self.task.entries_of();
        entries.insert(task.clone(), gauge_value(number));
        self.task.sum_entries(&entries, task);
    }

    /// A restore has taken in some records, and this many are left.
    pub fn restored(&self, task: &TaskId, records: u64, remaining: u64) {
        let place = [&*task.processor, &task.partition.to_string()];
        self.task.restored.with_label_values(&[&*task.processor]).inc_by(records);
        self.task.restore_remaining.with_label_values(&place).set(gauge_value(remaining));
    }

    /// A restore has ended: nothing remains.
    pub fn restore_ended(&self, task: &TaskId, took: Duration) {
        self.restored(task, 0, 0);
        self.task.restore_duration.with_label_values(&[&*task.processor]).observe(took.as_secs_f64());
    }

    /// A standby has applied records.
    pub fn standby_applied(&self, task: &TaskId, records: u64) {
        self.task.standby_applied.with_label_values(&[&*task.processor]).inc_by(records);
    }

    /// A standby has so many records not yet.
    pub fn standby_lag(&self, task: &TaskId, records: u64) {
        let place = [&*task.processor, &task.partition.to_string()];
        self.task.standby_lag.with_label_values(&place).set(gauge_value(records));
    }

    /// A standby has ended: its series goes away.
    pub fn standby_closed(&self, task: &TaskId) {
        forget(&self.task.standby_lag, &[&*task.processor, &task.partition.to_string()]);
    }

    /// A store was thrown away and is made again from its changelog.
    pub fn store_rebuilt(&self, task: &TaskId) {
        self.task.rebuilt.with_label_values(&[&*task.processor]).inc();
    }
}
