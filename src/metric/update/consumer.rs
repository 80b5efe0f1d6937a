//! What was read, how far behind, and what happened to the group.

use crate::metric::{Metrics, Rebalance, registry};
use crate::model::{Topic, TopicPartition};

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
