//! Tasks, processors and restores.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec, Result};

use super::label::{RecordEnd, TaskKind, TaskState};
use super::registry::{Maker, forget, gauge_value};
use crate::model::{RejectReason, Target, TaskId, Timestamp};

/// A restore takes moments after a clean stop, and minutes from an empty directory.
const SECONDS: [f64; 10] = [0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0];

/// The verdicts on commands.
const ACCEPTED: &str = "accepted";
const REJECTED: &str = "rejected";

/// The metrics of tasks, processors and restores.
#[derive(Debug)]
pub struct Task {
    tasks: IntGaugeVec,
    records: IntCounterVec,
    direct: IntCounterVec,
    read: IntCounterVec,
    dropped: IntCounterVec,
    ended: IntCounterVec,
    commands: IntCounterVec,
    entries: IntGaugeVec,
    open: IntGaugeVec,
    oldest: IntGaugeVec,
    hold: IntGaugeVec,
    queued: IntGaugeVec,
    next_deadline: IntGaugeVec,
    expected: IntGaugeVec,
    late_timers: HistogramVec,
    by_status: IntGaugeVec,
    /// The statuses of entries that a processor has had.
    statuses: Mutex<BTreeSet<(String, String)>>,
    watermark: IntGaugeVec,
    generation: IntGaugeVec,
    /// The entries by task: a store's gauge is the sum of its tasks, which are on several threads.
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
        let dropped = "Records that a processor rejects, by reason; they are dead letters.";
        let ended = "Source records that a processor has read and that are not on their way to it, by where they end: in a step, in \
                     the dead letters, or passed over.";
        let commands = "Commands of operators, accepted or rejected.";
        let direct = "Records processed without their inbox.";
        let read = "Open entries that a step had to read: evicted from the cache (state_cache_mib), or read for the first time.";
        let remaining = "Changelog records that remain to be restored.";
        let open = "Entries that have not ended: incomplete bundles, deliveries under way.";
        let oldest = "The age of the oldest open entry, to the minute; 0 without one. A bundle's begin is its first event, a \
                      delivery's its first intent to submit.";
        let hold = "For how long deadlines that are due wait for records that are not processed; 0 if none waits.";
        let queued =
            "Acts that wait for capacity at their target, in a task whose other targets have some; some seconds ago.";
        let next_deadline = "The time of the next deadline; 0 without one.";
        let expected = "The tasks of the application. If the running `sheaf_tasks` of all instances are fewer, the rest has no \
                        owner, or is being restored.";
        let late = "How much later than due a timer has fired. A deadline also waits for the watermark and its grace.";
        let by_status = "Entries of the running tasks by status, some seconds ago; for flows also `at`, `held` and `human`: those with a step \
                         that waits, is held, or is a person's.";
        let generation = "The generation of the processor's state; each replay begins another one.";
        let watermark = "The watermark that deadlines have asked for last: what lay in the sources then is processed. It is asked for when \
                         a deadline is due; 0 before.";
        let lag = "Changelog records that a standby has not applied yet.";
        let task = Self {
            tasks: maker.gauges("tasks", "Owned tasks, by kind and state.", &["kind", "state"])?,
            records: maker.counters("processor_records_total", "Records processed.", &["processor"])?,
            direct: maker.counters("processor_direct_records_total", direct, &["processor"])?,
            read: maker.counters("processor_entries_read_total", read, &["processor"])?,
            dropped: maker.counters("processor_dropped_records_total", dropped, &["processor", "reason"])?,
            ended: maker.counters("processor_source_records_total", ended, &["processor", "end"])?,
            commands: maker.counters("processor_commands_total", commands, &["processor", "verdict"])?,
            entries: maker.gauges("store_entries", "Entries of the running tasks, some seconds ago.", &store)?,
            open: maker.gauges("processor_open_entries", open, &["processor"])?,
            hold: maker.gauges("processor_deadline_hold_seconds", hold, &["processor"])?,
            queued: maker.gauges("processor_queued_acts", queued, &["processor", "partition", "target"])?,
            oldest: maker.gauges("processor_oldest_open_entry_age_seconds", oldest, &["processor"])?,
            next_deadline: maker.gauges("processor_next_deadline_timestamp_seconds", next_deadline, &["processor"])?,
            expected: maker.gauges("application_tasks", expected, &[])?,
            late_timers: maker.histograms("processor_timer_lateness_seconds", late, &["processor"], &SECONDS)?,
            by_status: maker.gauges("processor_entries", by_status, &["processor", "status"])?,
            statuses: Mutex::default(),
            generation: maker.gauges("processor_generation", generation, &["processor"])?,
            watermark: maker.gauges("processor_watermark_timestamp_seconds", watermark, &["processor"])?,
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

    /// Declares a processor of this process at the start, so that its counters start at 0.
    pub fn processor(&self, name: &str) {
        self.records.with_label_values(&[name]).inc_by(0);
        for verdict in [ACCEPTED, REJECTED] {
            self.commands.with_label_values(&[name, verdict]).inc_by(0);
        }
        self.direct.with_label_values(&[name]).inc_by(0);
        self.read.with_label_values(&[name]).inc_by(0);
        self.restored.with_label_values(&[name]).inc_by(0);
        self.rebuilt.with_label_values(&[name]).inc_by(0);
        self.standby_applied.with_label_values(&[name]).inc_by(0);
        for gauges in [
            &self.entries,
            &self.open,
            &self.oldest,
            &self.hold,
            &self.next_deadline,
            &self.watermark,
            &self.generation,
        ] {
            gauges.with_label_values(&[name]).add(0);
        }
        for histograms in [&self.late_timers, &self.restore_duration] {
            let _ = histograms.with_label_values(&[name]);
        }
        for end in RecordEnd::ALL {
            self.ended(name, end, 0);
        }
        for reason in RejectReason::ALL {
            self.dropped.with_label_values(&[name, reason.as_str()]).inc_by(0);
        }
    }

    /// Sets the number of tasks of this kind and state.
    pub fn tasks(&self, kind: TaskKind, state: TaskState, number: u64) {
        self.tasks.with_label_values(&[kind.as_str(), state.as_str()]).set(gauge_value(number));
    }

    /// Removes the series of a task that is not owned any more.
    pub fn task_closed(&self, task: &TaskId) {
        let mut entries = self.lock_entries();
        entries.remove(task);
        self.sum_entries(&entries, task);
        forget(&self.restore_remaining, &[&*task.processor, &task.partition.to_string()]);
    }

    /// Counts processed records.
    pub fn processed(&self, processor: &str, records: u64) {
        self.records.with_label_values(&[processor]).inc_by(records);
    }

    /// Counts source records of a processor by where they end.
    pub fn ended(&self, processor: &str, end: RecordEnd, records: u64) {
        self.ended.with_label_values(&[processor, end.as_str()]).inc_by(records);
    }

    /// The source records of a processor that have ended so.
    pub fn ended_of(&self, processor: &str, end: RecordEnd) -> u64 {
        self.ended.with_label_values(&[processor, end.as_str()]).get()
    }

    /// Counts commands of a processor.
    pub fn commands(&self, processor: &str, is_accepted: bool, commands: u64) {
        let verdict = if is_accepted { ACCEPTED } else { REJECTED };
        self.commands.with_label_values(&[processor, verdict]).inc_by(commands);
    }

    /// Counts entries that were read from their store and decoded.
    pub fn entries_read(&self, processor: &str, entries: u64) {
        self.read.with_label_values(&[processor]).inc_by(entries);
    }

    /// Counts source records that were processed without their inbox.
    pub fn handed_over(&self, processor: &str, records: u64) {
        self.direct.with_label_values(&[processor]).inc_by(records);
    }

    /// Counts a rejected record.
    pub fn dropped(&self, processor: &str, reason: RejectReason) {
        self.dropped.with_label_values(&[processor, reason.as_str()]).inc();
    }

    /// Sets the number of a processor's open entries, the age of the oldest, and the next deadline.
    pub fn open_entries(&self, processor: &str, number: u64, oldest: Duration, next_deadline: Option<Timestamp>) {
        let deadline_s = next_deadline.map_or(0, |due| due.as_millis() / 1_000);
        self.open.with_label_values(&[processor]).set(gauge_value(number));
        self.oldest.with_label_values(&[processor]).set(gauge_value(oldest.as_secs()));
        self.next_deadline.with_label_values(&[processor]).set(deadline_s);
    }

    /// Sets for how long deadlines of a processor that are due wait for records that are not processed.
    pub fn deadline_hold(&self, processor: &str, lasted: Duration) {
        self.hold.with_label_values(&[processor]).set(gauge_value(lasted.as_secs()));
    }

    /// Sets the number of acts of a task that wait for capacity at a target.
    pub fn queued_acts(&self, task: &TaskId, target: &Target, number: u64) {
        let place = [&*task.processor, &task.partition.to_string(), target.as_str()];
        self.queued.with_label_values(&place).set(gauge_value(number));
    }

    /// Removes the series of a target of a task that is not owned any more.
    pub fn forget_queued_acts(&self, task: &TaskId, target: &Target) {
        forget(&self.queued, &[&*task.processor, &task.partition.to_string(), target.as_str()]);
    }

    /// Sets the number of tasks of the application.
    pub fn expected(&self, number: u64) {
        self.expected.with_label_values::<&str>(&[]).set(gauge_value(number));
    }

    /// Counts a fired timer by how much later than due it was.
    pub fn timer_fired(&self, processor: &str, late: Duration) {
        self.late_timers.with_label_values(&[processor]).observe(late.as_secs_f64());
    }

    /// Sets the numbers of a processor's entries by status; one that is not named has none any more.
    pub fn entries(&self, processor: &str, by_status: &BTreeMap<String, u64>) {
        let mut known = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(by_status.keys().map(|status| (processor.to_owned(), status.clone())));
        for (_, status) in known.iter().filter(|(of, _)| of == processor) {
            let number = by_status.get(status).copied().unwrap_or_default();
            self.by_status.with_label_values(&[processor, status]).set(gauge_value(number));
        }
    }

    /// Sets the generation of a processor's state.
    pub fn generation(&self, processor: &str, number: u32) {
        self.generation.with_label_values(&[processor]).set(i64::from(number));
    }

    /// Sets the watermark of a processor, once it is known.
    pub fn watermark(&self, processor: &str, at: Timestamp) {
        self.watermark.with_label_values(&[processor]).set(at.as_millis() / 1_000);
    }

    /// Sets the number of entries of a running task.
    pub fn store_entries(&self, task: &TaskId, number: u64) {
        let mut entries = self.lock_entries();
        entries.insert(task.clone(), gauge_value(number));
        self.sum_entries(&entries, task);
    }

    /// Counts restored records, and sets the number of remaining ones.
    pub fn restored(&self, task: &TaskId, records: u64, remaining: u64) {
        let place = [&*task.processor, &task.partition.to_string()];
        self.restored.with_label_values(&[&*task.processor]).inc_by(records);
        self.restore_remaining.with_label_values(&place).set(gauge_value(remaining));
    }

    /// Ends a restore: no records remain.
    pub fn restore_ended(&self, task: &TaskId, took: Duration) {
        self.restored(task, 0, 0);
        self.restore_duration.with_label_values(&[&*task.processor]).observe(took.as_secs_f64());
    }

    /// Counts records applied by a standby.
    pub fn standby_applied(&self, task: &TaskId, records: u64) {
        self.standby_applied.with_label_values(&[&*task.processor]).inc_by(records);
    }

    /// Sets the lag of a standby in records.
    pub fn standby_lag(&self, task: &TaskId, records: u64) {
        let place = [&*task.processor, &task.partition.to_string()];
        self.standby_lag.with_label_values(&place).set(gauge_value(records));
    }

    /// Removes the series of a closed standby.
    pub fn standby_closed(&self, task: &TaskId) {
        forget(&self.standby_lag, &[&*task.processor, &task.partition.to_string()]);
    }

    /// Counts a store that is rebuilt from its changelog.
    pub fn store_rebuilt(&self, task: &TaskId) {
        self.rebuilt.with_label_values(&[&*task.processor]).inc();
    }

    fn lock_entries(&self) -> MutexGuard<'_, BTreeMap<TaskId, i64>> {
        // A poisoned lock is usable: the numbers are always valid.
        self.entries_of.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sum_entries(&self, entries: &BTreeMap<TaskId, i64>, task: &TaskId) {
        let same = entries.iter().filter(|(other, _)| other.processor == task.processor);
        self.entries.with_label_values(&[&*task.processor]).set(same.map(|(_, entries)| entries).sum());
    }
}
