//! Updates of records read, lag, and the group.

use crate::metric::{Metrics, Rebalance, registry};
use crate::model::{Topic, TopicPartition};

impl Metrics {
    /// Declares a topic that this process reads, before the first record, so that its counters start at 0.
    pub fn source(&self, topic: &Topic) {
        self.consumer.records.with_label_values(&[topic.as_str()]).inc_by(0);
        self.consumer.bytes.with_label_values(&[topic.as_str()]).inc_by(0);
        self.consumer.assigned.with_label_values(&[topic.as_str()]).add(0);
        self.consumer.passed.with_label_values(&[topic.as_str()]).inc_by(0);
        self.consumer.fetch_errors.with_label_values(&[topic.as_str()]).inc_by(0);
    }

    /// Counts source records that belong to no entry of this application.
    pub fn passed(&self, topic: &Topic, records: u64) {
        self.consumer.passed.with_label_values(&[topic.as_str()]).inc_by(records);
    }

    /// Counts records read.
    pub fn consumed(&self, topic: &Topic, records: u64, bytes: u64) {
        self.consumer.records.with_label_values(&[topic.as_str()]).inc_by(records);
        self.consumer.bytes.with_label_values(&[topic.as_str()]).inc_by(bytes);
    }

    /// Counts a failed fetch of a partition.
    pub fn fetch_failed(&self, partition: &TopicPartition) {
        self.consumer.fetch_errors.with_label_values(&[partition.topic.as_str()]).inc();
    }

    /// Sets the committed offset and the end offset of an owned partition.
    pub fn position(&self, partition: &TopicPartition, committed: i64, end: i64) {
        let number = partition.partition.to_string();
        let place = [partition.topic.as_str(), &number];
        self.consumer.committed.with_label_values(&place).set(committed);
        self.consumer.end.with_label_values(&place).set(end);
        self.consumer.lag.with_label_values(&place).set(end.saturating_sub(committed).max(0));
    }

    /// Adds an owned partition.
    pub fn partition_assigned(&self, partition: &TopicPartition) {
        self.consumer.assigned.with_label_values(&[partition.topic.as_str()]).inc();
    }

    /// Removes the series of a partition that is not owned any more.
    pub fn partition_revoked(&self, partition: &TopicPartition) {
        self.consumer.assigned.with_label_values(&[partition.topic.as_str()]).dec();
        let number = partition.partition.to_string();
        let place = [partition.topic.as_str(), &number];
        for gauges in [&self.consumer.lag, &self.consumer.committed, &self.consumer.end] {
            registry::forget(gauges, &place);
        }
    }

    /// Counts a change of the assignment.
    pub fn rebalanced(&self, kind: Rebalance) {
        self.consumer.rebalances.with_label_values(&[kind.as_str()]).inc();
    }
}
