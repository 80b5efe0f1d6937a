//! Records written, and transactions.

use std::time::Duration;

use prometheus::{Histogram, IntCounterVec, Result};

use super::label::TransactionResult;
use super::registry::Maker;
use crate::model::Topic;

/// A commit on loopback takes milliseconds; the last bucket is the transaction's time-out.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0];

/// The metrics of records written, and of transactions.
#[derive(Debug)]
pub struct Producer {
    records: IntCounterVec,
    transactions: IntCounterVec,
    transaction_duration: Histogram,
}

impl Producer {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let duration = "The duration of a transaction.";
        let producer = Self {
            records: maker.counters("producer_records_total", "Records acknowledged.", &["topic"])?,
            transactions: maker.counters("producer_transactions_total", "Transactions, by result.", &["result"])?,
            transaction_duration: maker.histogram("producer_transaction_duration_seconds", duration, &SECONDS)?,
        };
        for result in TransactionResult::ALL {
            producer.transactions.with_label_values(&[result.as_str()]).reset();
        }
        Ok(producer)
    }

    /// Declares a topic that this process writes, before the first record, so that its counter starts at 0.
    pub fn target(&self, topic: &Topic) {
        self.records.with_label_values(&[topic.as_str()]).inc_by(0);
    }

    /// Counts acknowledged records.
    pub fn produced(&self, topic: &Topic, records: u64) {
        self.records.with_label_values(&[topic.as_str()]).inc_by(records);
    }

    /// Counts a transaction by result, with its duration.
    pub fn transaction(&self, result: TransactionResult, took: Duration) {
        self.transactions.with_label_values(&[result.as_str()]).inc();
        self.transaction_duration.observe(took.as_secs_f64());
    }
}
