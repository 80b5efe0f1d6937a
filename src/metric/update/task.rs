//! Updates of tasks, processors, stores and restores.

use std::time::Duration;

use crate::metric::registry::{forget, gauge_value};
use crate::metric::{Metrics, TaskKind, TaskState};
use crate::model::{RejectReason, TaskId};

impl Metrics {
    /// Declares a processor of this process at the start, so that its counters start at 0.
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

    /// Sets the number of tasks of this kind and state.
    pub fn tasks(&self, kind: TaskKind, state: TaskState, number: u64) {
        self.task.tasks.with_label_values(&[kind.as_str(), state.as_str()]).set(gauge_value(number));
    }

    /// Removes the series of a task that is not owned any more.
    pub fn task_closed(&self, task: &TaskId) {
        let mut entries = self.task.entries_of();
        entries.remove(task);
        self.task.sum_entries(&entries, task);
        forget(&self.task.restore_remaining, &[&*task.processor, &task.partition.to_string()]);
    }

    /// Counts processed records.
    pub fn processed(&self, processor: &str, records: u64) {
        self.task.records.with_label_values(&[processor]).inc_by(records);
    }

    /// Counts entries that were read from their store and decoded.
    pub fn entries_read(&self, processor: &str, entries: u64) {
        self.task.read.with_label_values(&[processor]).inc_by(entries);
    }

    /// Counts source records that were processed without their inbox.
    pub fn handed_over(&self, processor: &str, records: u64) {
        self.task.direct.with_label_values(&[processor]).inc_by(records);
    }

    /// Counts a rejected record.
    pub fn dropped(&self, processor: &str, reason: RejectReason) {
        self.task.dropped.with_label_values(&[processor, reason.as_str()]).inc();
    }

    /// Sets the approximate number of entries in a task's store.
    pub fn store_entries(&self, task: &TaskId, number: u64) {
        let mut entries = self.task.entries_of();
        entries.insert(task.clone(), gauge_value(number));
        self.task.sum_entries(&entries, task);
    }

    /// Counts restored records, and sets the number of remaining ones.
    pub fn restored(&self, task: &TaskId, records: u64, remaining: u64) {
        let place = [&*task.processor, &task.partition.to_string()];
        self.task.restored.with_label_values(&[&*task.processor]).inc_by(records);
        self.task.restore_remaining.with_label_values(&place).set(gauge_value(remaining));
    }

    /// Ends a restore: no records remain.
    pub fn restore_ended(&self, task: &TaskId, took: Duration) {
        self.restored(task, 0, 0);
        self.task.restore_duration.with_label_values(&[&*task.processor]).observe(took.as_secs_f64());
    }

    /// Counts records applied by a standby.
    pub fn standby_applied(&self, task: &TaskId, records: u64) {
        self.task.standby_applied.with_label_values(&[&*task.processor]).inc_by(records);
    }

    /// Sets the lag of a standby in records.
    pub fn standby_lag(&self, task: &TaskId, records: u64) {
        let place = [&*task.processor, &task.partition.to_string()];
        self.task.standby_lag.with_label_values(&place).set(gauge_value(records));
    }

    /// Removes the series of a closed standby.
    pub fn standby_closed(&self, task: &TaskId) {
        forget(&self.task.standby_lag, &[&*task.processor, &task.partition.to_string()]);
    }

    /// Counts a store that is rebuilt from its changelog.
    pub fn store_rebuilt(&self, task: &TaskId) {
        self.task.rebuilt.with_label_values(&[&*task.processor]).inc();
    }
}
