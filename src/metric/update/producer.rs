//! Updates of records written, and of transactions.

use std::time::Duration;

use crate::metric::{Metrics, TransactionResult};
use crate::model::Topic;

impl Metrics {
    /// Declares a topic that this process writes, before the first record, so that its counter starts at 0.
    pub fn target(&self, topic: &Topic) {
        self.producer.records.with_label_values(&[topic.as_str()]).inc_by(0);
    }

    /// Counts acknowledged records.
    pub fn produced(&self, topic: &Topic, records: u64) {
        self.producer.records.with_label_values(&[topic.as_str()]).inc_by(records);
    }

    /// Counts a transaction by result, with its duration.
    pub fn transaction(&self, result: TransactionResult, took: Duration) {
        self.producer.transactions.with_label_values(&[result.as_str()]).inc();
        self.producer.transaction_duration.observe(took.as_secs_f64());
    }
}
