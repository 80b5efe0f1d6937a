//! Tasks, the processors that they run, their stores, and restores.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec, Result};

use super::registry::{Maker, forget, gauge_value};
use super::{Metrics, TaskKind, TaskState};
use crate::model::{RejectReason, TaskId};

/// A restore takes moments after a clean stop, and minutes from an empty directory.
const SECONDS: [f64; 10] = [0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0];

#[derive(Debug)]
pub(super) struct Task {
    tasks: IntGaugeVec,
    records: IntCounterVec,
    direct: IntCounterVec,
    read: IntCounterVec,
    dropped: IntCounterVec,
    entries: IntGaugeVec,
    /// A store's tasks are on several threads, and its gauge is their sum.
    entries_of: Mutex<BTreeMap<TaskId, i64>>,
    restore_remaining: IntGaugeVec,
    restored: IntCounterVec,
    rebuilt: IntCounterVec,
    restore_duration: HistogramVec,
    standby_lag: IntGaugeVec,
    standby_applied: IntCounterVec,
}

impl Task {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let (store, place) = (["store"], ["store", "partition"]);
        let dropped = "Records that a processor does not step over, by reason; they are dead letters.";
        let direct = "Records stepped over without their inbox.";
        let read = "Open entries that a step had to read: for want of room (state_cache_mib), or the first time here.";
        let remaining = "Records of the changelog that are still to be read.";
        let lag = "Records of the changelog that a standby does not have yet.";
        let task = Self {
            tasks: maker.gauges("tasks", "Tasks owned here, by kind and state.", &["kind", "state"])?,
            records: maker.counters("processor_records_total", "Records stepped over.", &["processor"])?,
            direct: maker.counters("processor_direct_records_total", direct, &["processor"])?,
            read: maker.counters("processor_entries_read_total", read, &["processor"])?,
            dropped: maker.counters("processor_dropped_records_total", dropped, &["processor", "reason"])?,
            entries: maker.gauges("store_entries", "Entries, about.", &store)?,
            entries_of: Mutex::new(BTreeMap::new()),
            restore_remaining: maker.gauges("store_restore_remaining_records", remaining, &place)?,
            restored: maker.counters("store_restored_records_total", "Records restored.", &store)?,
            rebuilt: maker.counters("store_rebuilds_total", "Stores made again from their changelog.", &store)?,
            standby_lag: maker.gauges("standby_lag_records", lag, &place)?,
            standby_applied: maker.counters(
                "standby_applied_records_total",
                "Records that standbys applied.",
                &store,
            )?,
            restore_duration: maker.histograms("store_restore_duration_seconds", "One restore.", &store, &SECONDS)?,
        };
        for kind in TaskKind::ALL {
            for state in TaskState::ALL {
                task.tasks.with_label_values(&[kind.as_str(), state.as_str()]).set(0);
            }
        }
        Ok(task)
    }

    fn entries_of(&self) -> MutexGuard<'_, BTreeMap<TaskId, i64>> {
        // A thread that panicked while it held the lock left numbers, which are as good as any.
        self.entries_of.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sum_entries(&self, entries: &BTreeMap<TaskId, i64>, task: &TaskId) {
        let same = entries.iter().filter(|(other, _)| other.processor == task.processor);
        self.entries.with_label_values(&[&*task.processor]).set(same.map(|(_, entries)| entries).sum());
    }
}

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
