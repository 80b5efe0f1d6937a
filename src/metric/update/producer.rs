//! What was written, and how transactions ended.

use std::time::Duration;

use crate::metric::{Metrics, TransactionResult};
use crate::model::Topic;

impl Metrics {
    /// A topic that this process writes; to be named before the first record, so that its counter begins at 0.
    pub fn target(&self, topic: &Topic) {
        self.producer.records.with_label_values(&[topic.as_str()]).inc_by(0);
    }

    /// Records were acknowledged.
    pub fn produced(&self, topic: &Topic, records: u64) {
        self.producer.records.with_label_values(&[topic.as_str()]).inc_by(records);
    }

    /// A transaction has ended.
    pub fn transaction(&self, result: TransactionResult, took: Duration) {
        self.producer.transactions.with_label_values(&[result.as_str()]).inc();
        self.producer.transaction_duration.observe(took.as_secs_f64());
    }
}
