//! Records read, lag, and the group.

use std::time::Duration;

use prometheus::{Histogram, IntCounterVec, IntGaugeVec, Result};

use super::label::Rebalance;
use super::registry::{Maker, forget, gauge_value};
use crate::model::{Topic, TopicPartition};

/// A rebalance takes a second, and a member that is missed a session more.
const SECONDS: [f64; 9] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0];

/// The metrics of records read, lag, and the group.
#[derive(Debug)]
pub struct Consumer {
    records: IntCounterVec,
    bytes: IntCounterVec,
    passed: IntCounterVec,
    lag: IntGaugeVec,
    committed: IntGaugeVec,
    end: IntGaugeVec,
    waiting: IntGaugeVec,
    standing_still: IntGaugeVec,
    missing: IntGaugeVec,
    rebalance_duration: Histogram,
    assigned: IntGaugeVec,
    rebalances: IntCounterVec,
    fetch_errors: IntCounterVec,
}

impl Consumer {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let partition = ["topic", "partition"];
        let standing =
            "For how long a source's next records have been behind an open transaction; none if they are not.";
        let missing =
            "1 for a topic that the application reads or keeps its state in, and that does not exist; none for others.";
        let waiting = "For how long the next record of an owned partition waits to be processed, as far as this instance has seen it, to \
                       ten seconds; 0 if none waits.";
        let rebalance = "The time from the loss of partitions to the next assignment.";
        let lag = "End offset minus committed offset of an owned partition.";
        let consumer = Self {
            records: maker.counters("consumer_records_total", "Records read.", &["topic"])?,
            bytes: maker.counters("consumer_bytes_total", "Bytes of keys, values and headers read.", &["topic"])?,
            passed: maker.counters(
                "consumer_passed_records_total",
                "Source records that belong to no entry of this application.",
                &["topic"],
            )?,
            lag: maker.gauges("consumer_lag_records", lag, &partition)?,
            committed: maker.gauges("consumer_committed_offset", "The last committed offset.", &partition)?,
            end: maker.gauges("consumer_end_offset", "The last known end offset (high watermark).", &partition)?,
            standing_still: maker.gauges("consumer_standing_still_seconds", standing, &partition)?,
            missing: maker.gauges("consumer_missing_topics", missing, &["topic"])?,
            waiting: maker.gauges("consumer_lag_seconds", waiting, &partition)?,
            rebalance_duration: maker.histogram("consumer_rebalance_duration_seconds", rebalance, &SECONDS)?,
            assigned: maker.gauges("consumer_assigned_partitions", "Owned partitions.", &["topic"])?,
            rebalances: maker.counters("consumer_rebalances_total", "Changes of the assignment.", &["kind"])?,
            fetch_errors: maker.counters("consumer_fetch_errors_total", "Failed fetches.", &["topic"])?,
        };
        for kind in Rebalance::ALL {
            consumer.rebalances.with_label_values(&[kind.as_str()]).reset();
        }
        Ok(consumer)
    }

    /// Declares a topic that this process reads, before the first record, so that its counters start at 0.
    pub fn source(&self, topic: &Topic) {
        self.records.with_label_values(&[topic.as_str()]).inc_by(0);
        self.bytes.with_label_values(&[topic.as_str()]).inc_by(0);
        self.assigned.with_label_values(&[topic.as_str()]).add(0);
        self.passed.with_label_values(&[topic.as_str()]).inc_by(0);
        self.fetch_errors.with_label_values(&[topic.as_str()]).inc_by(0);
    }

    /// Counts source records that belong to no entry of this application.
    pub fn passed(&self, topic: &Topic, records: u64) {
        self.passed.with_label_values(&[topic.as_str()]).inc_by(records);
    }

    /// The source records of a topic that belong to no entry of this application.
    pub fn passed_of(&self, topic: &Topic) -> u64 {
        self.passed.with_label_values(&[topic.as_str()]).get()
    }

    /// Counts records read.
    pub fn consumed(&self, topic: &Topic, records: u64, bytes: u64) {
        self.records.with_label_values(&[topic.as_str()]).inc_by(records);
        self.bytes.with_label_values(&[topic.as_str()]).inc_by(bytes);
    }

    /// Counts a failed fetch of a partition.
    pub fn fetch_failed(&self, partition: &TopicPartition) {
        self.fetch_errors.with_label_values(&[partition.topic.as_str()]).inc();
    }

    /// Sets the committed offset and the end offset of an owned partition.
    pub fn position(&self, partition: &TopicPartition, committed: i64, end: i64) {
        let number = partition.partition.to_string();
        let place = [partition.topic.as_str(), &number];
        self.committed.with_label_values(&place).set(committed);
        self.end.with_label_values(&place).set(end);
        self.lag.with_label_values(&place).set(end.saturating_sub(committed).max(0));
    }

    /// Sets for how long the next record of an owned partition waits to be processed.
    pub fn waiting(&self, partition: &TopicPartition, lasted: Duration) {
        let number = partition.partition.to_string();
        self.waiting.with_label_values(&[partition.topic.as_str(), &number]).set(gauge_value(lasted.as_secs()));
    }

    /// Counts the time from the loss of partitions to an assignment.
    pub fn rebalance_took(&self, lasted: Duration) {
        self.rebalance_duration.observe(lasted.as_secs_f64());
    }

    /// Sets for how long a partition stands still; `None` if it does not.
    pub fn standing_still(&self, partition: &TopicPartition, lasted: Option<Duration>) {
        let number = partition.partition.to_string();
        let place = [partition.topic.as_str(), &number];
        match lasted {
            Some(lasted) => self.standing_still.with_label_values(&place).set(gauge_value(lasted.as_secs())),
            None => forget(&self.standing_still, &place),
        }
    }

    /// Notes whether a topic of the application is missing.
    pub fn missing_topic(&self, topic: &Topic, is_missing: bool) {
        if is_missing {
            self.missing.with_label_values(&[topic.as_str()]).set(1);
        } else {
            forget(&self.missing, &[topic.as_str()]);
        }
    }

    /// Adds an owned partition.
    pub fn partition_assigned(&self, partition: &TopicPartition) {
        self.assigned.with_label_values(&[partition.topic.as_str()]).inc();
    }

    /// Removes the series of a partition that is not owned any more.
    pub fn partition_revoked(&self, partition: &TopicPartition) {
        self.assigned.with_label_values(&[partition.topic.as_str()]).dec();
        let number = partition.partition.to_string();
        let place = [partition.topic.as_str(), &number];
        for gauges in [&self.lag, &self.committed, &self.end, &self.waiting, &self.standing_still] {
            forget(gauges, &place);
        }
    }

    /// Counts a change of the assignment.
    pub fn rebalanced(&self, kind: Rebalance) {
        self.rebalances.with_label_values(&[kind.as_str()]).inc();
    }
}
