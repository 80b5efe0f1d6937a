//! What is read, how far behind, and what happens to the group.

use prometheus::{IntCounterVec, IntGaugeVec, Result};

use super::registry::Maker;
use super::{Metrics, Rebalance, registry};
use crate::model::{Topic, TopicPartition};

#[derive(Debug)]
pub(super) struct Consumer {
    records: IntCounterVec,
    bytes: IntCounterVec,
    passed: IntCounterVec,
    lag: IntGaugeVec,
    committed: IntGaugeVec,
    end: IntGaugeVec,
    assigned: IntGaugeVec,
    rebalances: IntCounterVec,
    fetch_errors: IntCounterVec,
}

impl Consumer {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let place = ["topic", "partition"];
        let lag = "End offset minus committed offset of a partition that is owned here.";
        let consumer = Self {
            records: maker.counters("consumer_records_total", "Records read.", &["topic"])?,
            bytes: maker.counters("consumer_bytes_total", "Bytes of keys, values and headers read.", &["topic"])?,
            passed: maker.counters(
                "consumer_passed_records_total",
                "Records of sources that are for no entry of this application.",
                &["topic"],
            )?,
            lag: maker.gauges("consumer_lag_records", lag, &place)?,
            committed: maker.gauges("consumer_committed_offset", "The last committed offset.", &place)?,
            end: maker.gauges("consumer_end_offset", "The end offset (high watermark) seen last.", &place)?,
            assigned: maker.gauges("consumer_assigned_partitions", "Partitions owned here.", &["topic"])?,
            rebalances: maker.counters("consumer_rebalances_total", "Changes of the assignment.", &["kind"])?,
            fetch_errors: maker.counters(
                "consumer_fetch_errors_total",
                "Fetches that the broker refused.",
                &["topic"],
            )?,
        };
        for kind in Rebalance::ALL {
            consumer.rebalances.with_label_values(&[kind.as_str()]).reset();
        }
        Ok(consumer)
    }
}

impl Metrics {
    /// A topic that this process reads; to be named before the first record, so that its counters begin at 0.
    pub fn source(&self, topic: &Topic) {
        self.consumer.records.with_label_values(&[topic.as_str()]).inc_by(0);
        self.consumer.bytes.with_label_values(&[topic.as_str()]).inc_by(0);
        self.consumer.assigned.with_label_values(&[topic.as_str()]).add(0);
        self.consumer.passed.with_label_values(&[topic.as_str()]).inc_by(0);
        self.consumer.fetch_errors.with_label_values(&[topic.as_str()]).inc_by(0);
    }

    /// Records of a source were for no entry of this application.
    pub fn passed(&self, topic: &Topic, records: u64) {
        self.consumer.passed.with_label_values(&[topic.as_str()]).inc_by(records);
    }

    /// Records were read.
    pub fn consumed(&self, topic: &Topic, records: u64, bytes: u64) {
        self.consumer.records.with_label_values(&[topic.as_str()]).inc_by(records);
        self.consumer.bytes.with_label_values(&[topic.as_str()]).inc_by(bytes);
    }

    /// A fetch of a partition was answered with an error.
    pub fn fetch_failed(&self, partition: &TopicPartition) {
        self.consumer.fetch_errors.with_label_values(&[partition.topic.as_str()]).inc();
    }

    /// Where a partition that is owned here stands: what is committed, and where it ends.
    pub fn position(&self, partition: &TopicPartition, committed: i64, end: i64) {
        let number = partition.partition.to_string();
        let place = [partition.topic.as_str(), &number];
        self.consumer.committed.with_label_values(&place).set(committed);
        self.consumer.end.with_label_values(&place).set(end);
        self.consumer.lag.with_label_values(&place).set(end.saturating_sub(committed).max(0));
    }

    /// A partition is owned here from now on.
    pub fn partition_assigned(&self, partition: &TopicPartition) {
        self.consumer.assigned.with_label_values(&[partition.topic.as_str()]).inc();
    }

    /// A partition is not owned here any more: its series go away.
    pub fn partition_revoked(&self, partition: &TopicPartition) {
        self.consumer.assigned.with_label_values(&[partition.topic.as_str()]).dec();
        let number = partition.partition.to_string();
        let place = [partition.topic.as_str(), &number];
        for gauges in [&self.consumer.lag, &self.consumer.committed, &self.consumer.end] {
            registry::forget(gauges, &place);
        }
    }

    /// The assignment has changed.
    pub fn rebalanced(&self, kind: Rebalance) {
        self.consumer.rebalances.with_label_values(&[kind.as_str()]).inc();
    }
}
