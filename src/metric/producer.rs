//! What is written, and how transactions end.

use std::time::Duration;

use prometheus::{Histogram, IntCounterVec, Result};

use super::registry::Maker;
use super::{Metrics, TransactionResult};
use crate::model::Topic;

/// A commit on loopback takes milliseconds; the last bucket is the transaction's time-out.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0];

#[derive(Debug)]
pub(super) struct Producer {
    records: IntCounterVec,
    transactions: IntCounterVec,
    transaction_duration: Histogram,
}

impl Producer {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let duration = "From a transaction's beginning to its end.";
        let producer = Self {
            records: maker.counters("producer_records_total", "Records acknowledged.", &["topic"])?,
            transactions: maker.counters("producer_transactions_total", "Transactions, by their end.", &["result"])?,
            transaction_duration: maker.histogram("producer_transaction_duration_seconds", duration, &SECONDS)?,
        };
        for result in TransactionResult::ALL {
            producer.transactions.with_label_values(&[result.as_str()]).reset();
        }
        Ok(producer)
    }
}

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
