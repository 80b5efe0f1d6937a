//! The families of tasks, processors, stores and restores.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec, Result};

use super::label::{TaskKind, TaskState};
use super::registry::Maker;
use crate::model::TaskId;

/// A restore takes moments after a clean stop, and minutes from an empty directory.
const SECONDS: [f64; 10] = [0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0];

#[derive(Debug)]
pub(super) struct Task {
    pub(super) tasks: IntGaugeVec,
    pub(super) records: IntCounterVec,
    pub(super) direct: IntCounterVec,
    pub(super) read: IntCounterVec,
    pub(super) dropped: IntCounterVec,
    pub(super) entries: IntGaugeVec,
    /// The entries by task: a store's gauge is the sum of its tasks, which are on several threads.
    entries_of: Mutex<BTreeMap<TaskId, i64>>,
    pub(super) restore_remaining: IntGaugeVec,
    pub(super) restored: IntCounterVec,
    pub(super) rebuilt: IntCounterVec,
    pub(super) restore_duration: HistogramVec,
    pub(super) standby_lag: IntGaugeVec,
    pub(super) standby_applied: IntCounterVec,
}

impl Task {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let (store, place) = (["store"], ["store", "partition"]);
        let dropped = "Records that a processor rejects, by reason; they are dead letters.";
        let direct = "Records processed without their inbox.";
        let read = "Open entries that a step had to read: evicted from the cache (state_cache_mib), or read for the first time.";
        let remaining = "Changelog records that remain to be restored.";
        let lag = "Changelog records that a standby has not applied yet.";
        let task = Self {
            tasks: maker.gauges("tasks", "Owned tasks, by kind and state.", &["kind", "state"])?,
            records: maker.counters("processor_records_total", "Records processed.", &["processor"])?,
            direct: maker.counters("processor_direct_records_total", direct, &["processor"])?,
            read: maker.counters("processor_entries_read_total", read, &["processor"])?,
            dropped: maker.counters("processor_dropped_records_total", dropped, &["processor", "reason"])?,
            entries: maker.gauges("store_entries", "Entries, about.", &store)?,
            entries_of: Mutex::new(BTreeMap::new()),
            restore_remaining: maker.gauges("store_restore_remaining_records", remaining, &place)?,
            restored: maker.counters("store_restored_records_total", "Records restored.", &store)?,
            rebuilt: maker.counters("store_rebuilds_total", "Stores rebuilt from their changelog.", &store)?,
            standby_lag: maker.gauges("standby_lag_records", lag, &place)?,
            standby_applied: maker.counters(
                "standby_applied_records_total",
                "Changelog records applied by standbys.",
                &store,
            )?,
            restore_duration: maker.histograms(
                "store_restore_duration_seconds",
                "The duration of a restore.",
                &store,
                &SECONDS,
            )?,
        };
        for kind in TaskKind::ALL {
            for state in TaskState::ALL {
                task.tasks.with_label_values(&[kind.as_str(), state.as_str()]).set(0);
            }
        }
        Ok(task)
    }

    pub(super) fn entries_of(&self) -> MutexGuard<'_, BTreeMap<TaskId, i64>> {
        // A poisoned lock is usable: the numbers are always valid.
        self.entries_of.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sum_entries(&self, entries: &BTreeMap<TaskId, i64>, task: &TaskId) {
        let same = entries.iter().filter(|(other, _)| other.processor == task.processor);
        self.entries.with_label_values(&[&*task.processor]).set(same.map(|(_, entries)| entries).sum());
    }
}
