//! The families of records written, and of transactions.

use prometheus::{Histogram, IntCounterVec, Result};

use super::label::TransactionResult;
use super::registry::Maker;

/// A commit on loopback takes milliseconds; the last bucket is the transaction's time-out.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0];

#[derive(Debug)]
pub(super) struct Producer {
    pub(super) records: IntCounterVec,
    pub(super) transactions: IntCounterVec,
    pub(super) transaction_duration: Histogram,
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
}
